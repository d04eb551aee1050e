// SPDX-License-Identifier: GPL-2.0-or-later
/* See external.h. */
#include "checkpoint/external.h"

#include <errno.h>

static const char *text(const struct plan *p, uint64_t offset)
{
	return p->pool + offset;
}

/* What an operation mounts from outside. */
static bool read_op(const struct plan *p, const struct plan_op *op, struct external *ret)
{
	const struct plan_arg_mount_tree *tree = (const void *)op->slot;
	const struct plan_arg_mask *mask = (const void *)op->slot;

	if (op->code == PLAN_CODE_mount_tree)
		*ret = (struct external){ EXTERNAL_TREE, text(p, tree->path), tree->tree,
					  tree->flags };
	else if (op->code == PLAN_CODE_mask)
		*ret = (struct external){ .kind = EXTERNAL_MASK, .path = text(p, mask->path) };
	else
		return false;
	return true;
}

int external_list(const struct plan *p, struct arena *a, struct externals *ret)
{
	struct external one;
	size_t count = 0;

	for (size_t i = 0; i < p->op_count; i++)
		count += read_op(p, &p->ops[i], &one);
	*ret = (struct externals){ 0 };
	ret->items.items = arena_array(a, count ? count : 1, sizeof(one));
	if (!ret->items.items)
		return -ENOMEM;
	for (size_t i = 0; i < p->op_count; i++)
		if (read_op(p, &p->ops[i], &one))
			ret->items.items[ret->items.count++] = one;
	return 0;
}

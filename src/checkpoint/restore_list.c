// SPDX-License-Identifier: GPL-2.0-or-later
/* What stands on the stage, as a list for CRIU (restore_stage.h). */
#include "checkpoint/restore_stage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/external.h"
#include "util/cleanup.h"

static int add(struct restore_stage *s, const char *name, const char *source)
{
	if (!name || !source)
		return -ENOMEM;
	s->mounts.items[s->mounts.count++] =
		(struct restore_mount){ .name = name, .source = source };
	return 0;
}

/* The operation that @mountpoint on the stage was attached for, and what is behind its name. -1: none. */
static int find_op(const char *mountpoint, const char **ret_rest)
{
	size_t len = strlen(RESTORE_STAGE);
	char *end;
	long op;

	if (strncmp(mountpoint, RESTORE_STAGE, len) != 0 || mountpoint[len] != '/')
		return -1;
	op = strtol(mountpoint + len + 1, &end, 10);
	if (end == mountpoint + len + 1 || (*end && *end != '/'))
		return -1; /* the root and the masks */
	*ret_rest = end;
	return (int)op;
}

static const char *destination(const struct plan *p, size_t op)
{
	const struct plan_arg_mount_tree *tree = (const void *)p->ops[op].slot;
	const struct plan_arg_mount_fs *fs = (const void *)p->ops[op].slot;

	return p->pool + (p->ops[op].code == PLAN_CODE_mount_tree ? tree->path : fs->path);
}

static int list_trees(struct container *c, struct restore_stage *s, const struct mount_table *t)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->count; i++) {
		const char *rest;
		int op = find_op(t->items[i].mountpoint, &rest);

		if (op >= 0 && (size_t)op < c->plan->op_count)
			r = add(s,
				arena_printf(&c->arena, "%s%s", destination(c->plan, (size_t)op),
					     rest),
				t->items[i].mountpoint);
	}
	return r;
}

static int list_masks(struct container *c, struct restore_stage *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->plan->op_count; i++) {
		const struct plan_arg_mask *mask = (const void *)c->plan->ops[i].slot;
		const char *path = c->plan->pool + mask->path;

		if (c->plan->ops[i].code != PLAN_CODE_mask)
			continue;
		r = add(s, path,
			restore_points_is_dir(c->plan, i, path, s->root)
				? RESTORE_STAGE "/" RESTORE_MASKS "/dir"
				: RESTORE_STAGE "/" RESTORE_MASKS "/file");
	}
	return r;
}

int restore_stage_list(struct container *c, struct restore_stage *s, pid_t pid, struct err *e)
{
	int r = external_read(pid, &c->arena, &s->given, e);

	if (r < 0)
		return r;
	s->mounts.count = 0;
	s->mounts.items = arena_array(&c->arena, s->given.count + c->plan->op_count + 1,
				      sizeof(*s->mounts.items));
	r = s->mounts.items ? list_trees(c, s, &s->given) : -ENOMEM;
	if (r == 0)
		r = list_masks(c, s);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "list the mounts of criu") : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trees of the host that are attached in the container: who copies them. Pure.
 * A caller without privileges may copy mounts only in a mount namespace of its own, which is init's.
 */
#include "rootfs/emit.h"

void rootfs_emit_copy(uint64_t reg, const struct plan_source *src, const char *path, struct plan *p)
{
	PLAN_ADD(p, src->origin, tree_copy, .tree = reg, .path = plan_str(p, path),
		 .flags = (src->recursive ? PLAN_COPY_RECURSIVE : 0) |
			  (src->nofollow ? PLAN_COPY_NOFOLLOW : 0));
	if (!src->recursive) { /* one mount: one step */
		PLAN_ADD(p, src->origin, tree_attr, .tree = reg, .set = src->set | src->rset,
			 .clear = src->clear | src->rclear, .prop = src->prop);
		return;
	}
	if (src->rset || src->rclear || src->prop)
		PLAN_ADD(p, src->origin, tree_attr, .tree = reg, .set = src->rset,
			 .clear = src->rclear, .prop = src->prop, .recursive = true);
	if (src->set || src->clear)
		PLAN_ADD(p, src->origin, tree_attr, .tree = reg, .set = src->set,
			 .clear = src->clear);
}

uint64_t rootfs_emit_source(const struct rootfs_layout *l, const struct plan_source *src,
			    struct plan *p)
{
	uint64_t reg = plan_source(p, src);
	const char *path = src->path;

	if (!p->late_copies)
		return reg;
	if (path[0] != '/')
		path = arena_printf(&p->arena, "%s/%s", l->bundle, path);
	if (!path)
		p->failed = true;
	else
		rootfs_emit_copy(reg, src, path, p);
	return reg;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens to the tree once it stands: pivot_root, read-only, masks, propagation. Pure. */
#include "rootfs/emit.h"

#include <sys/mount.h>

/* Room for a directory and a file, and nothing else. */
static uint64_t mask_options(const struct rootfs_layout *l, struct plan *p)
{
	const char *items[] = { "size=4k", "nr_inodes=3", "mode=0555", l->context };
	oci_strings list = { .items = items, .count = l->context ? 4 : 3 };

	return plan_list(p, &list);
}

static void emit_masks(const struct oci_spec *spec, const struct rootfs_layout *l, struct plan *p)
{
	const oci_strings *masked = &spec->linux_.masked_paths;
	uint64_t dir, file, tmpfs;

	if (!masked->count)
		return;
	dir = plan_reg(p, "empty directory");
	file = plan_reg(p, "empty file");
	tmpfs = plan_reg(p, "mask tmpfs");
	PLAN_ADD(p, "/linux/maskedPaths", mask_source, .root = l->root, .tmpfs = tmpfs, .dir = dir,
		 .file = file, .options = mask_options(l, p));
	for (size_t i = 0; i < masked->count; i++)
		PLAN_ADD(p, plan_origin(p, "/linux/maskedPaths/%zu", i), mask, .root = l->root,
			 .path = plan_str(p, masked->items[i]), .dir = dir, .file = file);
	PLAN_ADD(p, "/linux/maskedPaths", mask_end, .tmpfs = tmpfs);
}

void rootfs_emit_pivot(const struct rootfs_layout *l, struct plan *p)
{
	if (l->no_pivot)
		PLAN_ADD(p, "/root/path", chroot, .root = l->root);
	else
		PLAN_ADD(p, "/root/path", pivot, .root = l->root);
}

int rootfs_emit_finish(const struct oci_spec *spec, struct rootfs_layout *l, struct plan *p,
		       struct err *e)
{
	const oci_strings *readonly = &spec->linux_.readonly_paths;
	uint64_t prop = rootfs_base_propagation(spec);

	(void)e;
	if (l->late_pivot)
		rootfs_emit_pivot(l, p);
	if (spec->linux_.masked_paths.count || readonly->count || spec->root.readonly ||
	    l->readonly_count)
		PLAN_ADD(p, NULL, section, .title = plan_str(p, "Masks and read-only paths"));
	for (size_t i = 0; i < l->readonly_count; i++)
		PLAN_ADD(p, "/mounts", readonly, .mount = l->readonly[i]);
	for (size_t i = 0; i < readonly->count; i++)
		PLAN_ADD(p, plan_origin(p, "/linux/readonlyPaths/%zu", i), readonly_path,
			 .root = l->root, .path = plan_str(p, readonly->items[i]));
	emit_masks(spec, l, p);
	if (spec->root.readonly)
		PLAN_ADD(p, "/root/readonly", root_readonly, .root = l->root);
	if (prop == MS_SHARED || prop == MS_UNBINDABLE)
		PLAN_ADD(p, "/linux/rootfsPropagation", root_prop, .root = l->root, .prop = prop);
	return 0;
}

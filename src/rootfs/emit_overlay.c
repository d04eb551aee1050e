// SPDX-License-Identifier: GPL-2.0-or-later
/* The root filesystem as an overlay: who mounts it. Pure. */
#include "rootfs/emit.h"

#include <errno.h>

static void emit_late(const struct rootfs_overlay *o, uint64_t reg, struct plan *p)
{
	size_t files = o->count + (o->writable ? 1 : 0);
	oci_strings lowers = { .items = (const char **)(uintptr_t)o->lowers, .count = o->count };

	PLAN_ADD(p, NULL, overlay, .root = reg, .lowers = plan_list(p, &lowers),
		 .writable = plan_str(p, o->writable ? o->writable : "tmpfs"),
		 .size = plan_str(p, o->size), .options = plan_str(p, o->options),
		 .files = plan_blob(p, o->files ? (const void *)o->files : "",
				    o->files ? 2 * sizeof(*o->files) * files : 0));
}

uint64_t rootfs_emit_overlay(const struct rootfs_overlay *o, struct plan *p)
{
	struct plan_source src = {
		.kind = PLAN_SOURCE_OVERLAY,
		.label = "overlay",
		.fd = -EBADF,
	};
	uint64_t reg;

	if (!o->late)
		return plan_source(p, &src);
	reg = plan_reg(p, "overlay");
	emit_late(o, reg, p);
	return reg;
}

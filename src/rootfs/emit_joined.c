// SPDX-License-Identifier: GPL-2.0-or-later
/* A mount namespace that is joined by path: nothing in it is changed. Pure. */
#include "rootfs/emit.h"

#include <errno.h>

#include "util/kernel.h"

int rootfs_emit_joined(const struct oci_spec *spec, struct rootfs_layout *l, struct plan *p,
		       struct err *e)
{
	const struct oci_linux *linux_ = &spec->linux_;
	const struct {
		const char *pointer;
		bool asked;
	} changes[] = {
		{ "/mounts", spec->mounts.count },
		{ "/linux/devices", linux_->devices.count },
		{ "/linux/maskedPaths", linux_->masked_paths.count },
		{ "/linux/readonlyPaths", linux_->readonly_paths.count },
		{ "/linux/rootfsPropagation", linux_->rootfs_propagation },
		{ "/linux/mountLabel", linux_->mount_label && *linux_->mount_label },
		{ "/root/readonly", spec->root.readonly },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(changes); i++) {
		if (!changes[i].asked)
			continue;
		err_set(e, ERR_CONFIG, 0,
			"the mount namespace is joined by path: %s would change it for others",
			changes[i].pointer + 1);
		err_origin(e, "config.json %s", changes[i].pointer);
		err_hint(e, "leave it out: the namespace has a root filesystem and mounts already");
		r = err_keep(e, -EINVAL);
	}
	if (r < 0)
		return r;
	plan_warn(p, "/root/path",
		  "not used: the mount namespace that is joined has a root filesystem of its own");
	l->root = plan_reg(p, "the namespace's root");
	PLAN_ADD(p, "/linux/namespaces", root_open, .root = l->root);
	return 0;
}

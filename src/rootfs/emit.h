/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of this room. */
#ifndef CTR_ROOTFS_EMIT_H
#define CTR_ROOTFS_EMIT_H

#include "rootfs/rootfs.h"

/* MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE: linux.rootfsPropagation, or slave. */
uint64_t rootfs_base_propagation(const struct oci_spec *spec);

/* pivot_root, or what stands for it. */
void rootfs_emit_pivot(const struct rootfs_layout *l, struct plan *p);

/*
 * A register for @src. Where only init may copy mounts (plan.h, late_copies) its copying comes here, and
 * so before the operation that attaches it.
 */
uint64_t rootfs_emit_source(const struct rootfs_layout *l, const struct plan_source *src,
			    struct plan *p);

/* A register for the overlay that is the root, mounted by then: by ctr, or by an operation that is added. */
uint64_t rootfs_emit_overlay(const struct rootfs_overlay *o, struct plan *p);

/* The default devices and links of a fresh /dev, and linux.devices. */
int rootfs_emit_devices(const struct oci_spec *spec, struct rootfs_layout *l, struct plan *p,
			struct err *e);

#endif

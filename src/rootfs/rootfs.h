/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container's file tree: config.json's root, mounts, devices, masks -> operations of the plan.
 * What the plan names on the host (trees to copy) is opened by container/sources.c.
 */
#ifndef CTR_ROOTFS_ROOTFS_H
#define CTR_ROOTFS_ROOTFS_H

#include "oci/spec.h"
#include "plan/plan.h"
#include "util/err.h"

/* The root filesystem is an overlay (rootfs/overlay.h). */
struct rootfs_overlay {
	const char *const *lowers; /* absolute paths, the uppermost first */
	size_t count;
	const char *writable;  /* the directory that holds upper and work; NULL: a tmpfs */
	const char *size;      /* of that tmpfs, or NULL */
	bool late;	       /* ctr cannot mount it: init does */
	const char *options;   /* late: all but lowerdir; NULL in a plan that nobody runs */
	const uint64_t *files; /* late: device and inode of each directory, or NULL as above */
};

/* What the operations have in common while one container's tree is laid out. */
struct rootfs_layout {
	const char *cgroup_mount; /* in: where the host has its cgroup v2 tree, or NULL */
	const char *cgroup_path;  /* in: the container's cgroup below that, or NULL */
	const char *bundle;	  /* in: absolute, what relative sources are below */
	bool bind_devices;	  /* in: mknod is not possible: the host's nodes are bound */
	bool host_sysfs;	  /* in: a new sysfs is not possible: the host's is bound */
	bool late_pivot;	  /* in: hooks run between the mounts and pivot_root */
	bool no_pivot;		  /* in: chroot into the moved root instead */
	const struct rootfs_overlay *overlay; /* in: NULL: the root is the directory itself */
	const char *mount_label; /* in: SELinux label of new filesystems, NULL or empty: none */
	const char *context;	 /* out: the same as a mount option */
	uint64_t root;		 /* out: register of the root mount */
	uint64_t dev;		 /* out: register of a fresh /dev, or PLAN_REG_NONE */
	uint64_t readonly[64];	 /* mounts that turn read-only at the end */
	size_t readonly_count;
};

/*
 * Root, mounts and devices, and pivot_root unless @l->late_pivot. Pure. -EINVAL with the JSON pointer
 * for what cannot be honoured, -ENOMEM is left to plan_encode.
 */
int rootfs_emit_mounts(const struct oci_spec *spec, struct rootfs_layout *l, struct plan *p,
		       struct err *e);

/*
 * Let init copy the tree at @path (absolute, in the host's view) into the register @reg, which holds an
 * O_PATH descriptor of it, and change the copy as @src says. Pure.
 */
void rootfs_emit_copy(uint64_t reg, const struct plan_source *src, const char *path,
		      struct plan *p);

/*
 * A mount namespace that is joined has a root and mounts of its own, which others see: the process gets
 * them as they are, and what the config wants to change in them is refused. Pure.
 */
int rootfs_emit_joined(const struct oci_spec *spec, struct rootfs_layout *l, struct plan *p,
		       struct err *e);

/* The rest, after the hooks: late pivot_root, read-only mounts and paths, masks, propagation. Pure. */
int rootfs_emit_finish(const struct oci_spec *spec, struct rootfs_layout *l, struct plan *p,
		       struct err *e);

#endif

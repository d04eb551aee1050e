// SPDX-License-Identifier: GPL-2.0-or-later
/* Operations on the root itself: attaching it, masks, pivot_root. */
#include "init/init.h"

#include <sys/mount.h>
#include <sys/stat.h>

int op_propagation(struct init *in, const struct plan_arg_propagation *a)
{
	(void)in;
	return kernel_root_propagation(a->prop);
}

int op_root_open(struct init *in, const struct plan_arg_root_open *a)
{
	int fd = init_open_root();

	if (fd < 0)
		return fd;
	init_reg_set(in, a->root, fd);
	return 0;
}

/* The detached tree is stacked on the host's "/": pivot_root needs it attached, not visible. */
int op_root_attach(struct init *in, const struct plan_arg_root_attach *a)
{
	return kernel_move_mount_to_root(init_reg(in, a->root));
}

int op_pivot(struct init *in, const struct plan_arg_pivot *a)
{
	int r;

	if (fchdir(init_reg(in, a->root)) < 0)
		return -errno;
	/* with both arguments the same, the old root ends up on top of the new one: pivot_root(2) */
	r = kernel_pivot_root(".", ".");
	if (r < 0)
		return r;
	if (umount2(".", MNT_DETACH) < 0)
		return -errno;
	return chdir("/") < 0 ? -errno : 0;
}

/* For a root that pivot_root refuses (initramfs): the tree moves onto "/" itself. */
int op_chroot(struct init *in, const struct plan_arg_chroot *a)
{
	if (fchdir(init_reg(in, a->root)) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

/*
 * Masks never come from the container: one small read-only tmpfs of ours with an empty directory and
 * an empty file. It sits on top of the container's root while masks are made, because kernels before
 * 6.15 copy attached mounts only; lookups through the root register do not see it.
 */
static int mask_fill(struct init *in, int mnt, const struct plan_arg_mask_source *a)
{
	int fd;

	if (mkdirat(mnt, "dir", 0555) < 0)
		return -errno;
	fd = openat(mnt, "dir", O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	init_reg_set(in, a->dir, fd);
	fd = openat(mnt, "file", O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return -errno;
	init_reg_set(in, a->file, fd);
	return kernel_mount_change(mnt, 0, MOUNT_ATTR_RDONLY, 0, 0);
}

static int mask_mount(struct init *in, int fs, const struct plan_arg_mask_source *a)
{
	int r = mount_options(in, fs, a->options);

	if (r == 0)
		r = kernel_fsconfig(fs, KERNEL_FSCONFIG_CREATE, NULL, NULL, 0);
	return r < 0 ? r
		     : kernel_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

int op_mask_source(struct init *in, const struct plan_arg_mask_source *a)
{
	int fs = kernel_fsopen("tmpfs"), mnt, r;

	if (fs < 0)
		return fs;
	mnt = mask_mount(in, fs, a);
	init_drop(in, fs);
	if (mnt < 0)
		return mnt;
	init_reg_set(in, a->tmpfs, mnt);
	r = kernel_move_mount(mnt, init_reg(in, a->root));
	return r < 0 ? r : mask_fill(in, mnt, a);
}

int op_mask(struct init *in, const struct plan_arg_mask *a)
{
	int target = resolve_path(init_reg(in, a->root), init_str(in, a->path), O_PATH);
	struct stat st;
	int tree, r;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0; /* a mask over nothing is no mask (checklist 1.5); anything else is an error */
	if (target < 0)
		return init_fail(in, PLAN_STAGE_TARGET, NULL, target);
	r = fstat(target, &st) < 0 ? -errno : 0;
	if (r == 0) {
		tree = kernel_open_tree(init_reg(in, S_ISDIR(st.st_mode) ? a->dir : a->file), "",
					AT_EMPTY_PATH | OPEN_TREE_CLONE);
		r = tree < 0 ? tree : kernel_move_mount(tree, target);
		if (tree >= 0)
			init_drop(in, tree);
	}
	init_drop(in, target);
	return r < 0 ? r : 0;
}

int op_mask_end(struct init *in, const struct plan_arg_mask_end *a)
{
	int r = 0;

	/* step onto the mount itself, so that no path lookup decides what is unmounted */
	if (fchdir(init_reg(in, a->tmpfs)) < 0 || umount2(".", MNT_DETACH) < 0)
		r = -errno;
	if (r == 0 && chdir("/") < 0)
		r = -errno;
	init_reg_close(in, a->tmpfs);
	return r;
}

int op_root_readonly(struct init *in, const struct plan_arg_root_readonly *a)
{
	return kernel_mount_change(init_reg(in, a->root), 0, MOUNT_ATTR_RDONLY, 0, 0);
}

int op_root_prop(struct init *in, const struct plan_arg_root_prop *a)
{
	return kernel_mount_change(init_reg(in, a->root), a->prop & MS_REC ? AT_RECURSIVE : 0, 0, 0,
				   a->prop & ~(uint64_t)MS_REC);
}

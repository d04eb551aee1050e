// SPDX-License-Identifier: GPL-2.0-or-later
/* Operations that mount: new mount API only, attributes before a mount becomes visible (R4). */
#include "init/init.h"

#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

int mount_target(struct init *in, uint64_t root, const char *path, uint64_t flags)
{
	bool file = flags & PLAN_MOUNT_FILE, made = false;
	int dir = init_reg(in, root);
	struct statfs fs;
	int fd;

	if (flags & PLAN_MOUNT_NOFOLLOW) {
		fd = resolve_leaf(dir, path);
		if (fd == -ENOENT)
			fd = resolve_create(dir, path, file, 0755, &made);
	} else if (flags & PLAN_MOUNT_REAL_DIR) {
		fd = resolve_real(dir, path, O_PATH | O_DIRECTORY);
		if (fd == -ELOOP)
			return init_fail(in, PLAN_STAGE_SYMLINK, NULL, fd);
		if (fd == -ENOENT)
			fd = resolve_create(dir, path, false, 0755, &made);
	} else {
		fd = resolve_create(dir, path, file, 0755, &made);
	}
	if (fd < 0)
		return init_fail(in, PLAN_STAGE_TARGET, NULL, fd);
	/* nothing new can be made in a procfs */
	if (!made && !(flags & PLAN_MOUNT_IN_PROC) &&
	    (fstatfs(fd, &fs) < 0 || fs.f_type == PROC_SUPER_MAGIC)) {
		init_drop(in, fd);
		return init_fail(in, PLAN_STAGE_MISMATCH, "a proc filesystem", -EPERM);
	}
	return fd;
}

/* "key=value" or "key" */
static int set_option(int fs, const char *option)
{
	const char *eq = strchr(option, '=');
	char key[256];

	if (!eq)
		return kernel_fsconfig(fs, KERNEL_FSCONFIG_SET_FLAG, option, NULL, 0);
	if ((size_t)(eq - option) >= sizeof(key))
		return -EINVAL;
	memcpy(key, option, (size_t)(eq - option));
	key[eq - option] = '\0';
	return kernel_fsconfig(fs, KERNEL_FSCONFIG_SET_STRING, key, eq + 1, 0);
}

/* The filesystem may have said what it does not like: "e tmpfs: Bad value for 'size'". */
static int fs_fail(struct init *in, int fs, enum plan_stage stage, const char *text, int r)
{
	char said[sizeof(in->text)];
	ssize_t n = read(fs, said, sizeof(said) - 1);

	if (n <= 2)
		return init_fail(in, stage, text, r);
	said[n] = '\0';
	said[strcspn(said, "\n")] = '\0';
	return init_fail(in, stage, said + 2, r);
}

int mount_options(struct init *in, int fs, uint64_t blob)
{
	size_t len;
	const char *list = init_blob(in, blob, &len);

	for (const char *s = list; s < list + len; s += strlen(s) + 1) {
		int r = set_option(fs, s);

		if (r < 0)
			return fs_fail(in, fs, PLAN_STAGE_OPTION, s, r);
	}
	return 0;
}

static int mode_from_target(int fs, int target)
{
	char mode[8] = "0000000";
	struct stat st;

	if (fstat(target, &st) < 0)
		return -errno;
	for (int i = 6, m = st.st_mode & 07777; m; i--, m /= 8)
		mode[i] = (char)('0' + m % 8);
	return kernel_fsconfig(fs, KERNEL_FSCONFIG_SET_STRING, "mode", mode, 0);
}

static int fs_create(struct init *in, int fs, int target, const struct plan_arg_mount_fs *a)
{
	int r = mount_options(in, fs, a->options), mnt;

	if (r == 0 && a->flags & PLAN_MOUNT_MODE_FROM_TARGET)
		r = mode_from_target(fs, target);
	if (r < 0)
		return r;
	r = kernel_fsconfig(fs, KERNEL_FSCONFIG_CREATE, NULL, NULL, 0);
	if (r < 0)
		return fs_fail(in, fs, PLAN_STAGE_CREATE, NULL, r);
	mnt = kernel_fsmount(fs, (unsigned)a->attr);
	if (mnt < 0)
		return init_fail(in, PLAN_STAGE_CREATE, NULL, mnt);
	if (a->flags & PLAN_MOUNT_COPY_UP) {
		r = copyup(target, mnt);
		if (r < 0) {
			init_drop(in, mnt);
			return init_fail(in, PLAN_STAGE_COPY, NULL, r);
		}
	}
	r = kernel_move_mount(mnt, target);
	if (r < 0) {
		init_drop(in, mnt);
		return init_fail(in, PLAN_STAGE_ATTACH, NULL, r);
	}
	init_reg_set(in, a->keep, mnt);
	return 0;
}

int op_mount_fs(struct init *in, const struct plan_arg_mount_fs *a)
{
	int target = mount_target(in, a->root, init_str(in, a->path), a->flags);
	int fs, r;

	if (target < 0)
		return target;
	fs = kernel_fsopen(init_str(in, a->type));
	r = fs < 0 ? init_fail(in, PLAN_STAGE_FSOPEN, NULL, fs) : fs_create(in, fs, target, a);
	if (fs >= 0)
		init_drop(in, fs);
	init_drop(in, target);
	return r;
}

/* move_mount says EINVAL for much; that of a directory and a file has always been ENOTDIR (mount(2)). */
static int attach_error(bool tree_is_dir, int target, int r)
{
	struct stat st;

	if (r == -EINVAL && fstat(target, &st) == 0 && !!S_ISDIR(st.st_mode) != tree_is_dir)
		return -ENOTDIR;
	return r;
}

/* The source is a symlink: the same link is made at the path; one that is there already may stay. */
static int copy_link(struct init *in, int tree, const struct plan_arg_mount_tree *a)
{
	char text[4096];
	const char *leaf;
	int parent = resolve_parent(init_reg(in, a->root), init_str(in, a->path), &leaf), r;
	ssize_t n = readlinkat(tree, "", text, sizeof(text) - 1);

	if (parent < 0)
		return init_fail(in, PLAN_STAGE_TARGET, NULL, parent);
	r = n < 0 ? -errno : 0;
	if (r == 0) {
		text[n] = '\0';
		r = symlinkat(text, parent, leaf) < 0 && errno != EEXIST ? -errno : 0;
	}
	(void)close(parent);
	init_reg_close(in, a->tree);
	return r;
}

int op_mount_tree(struct init *in, const struct plan_arg_mount_tree *a)
{
	int tree = init_reg(in, a->tree), target, r;
	uint64_t flags = a->flags;
	struct stat st;

	/* whatever is no directory needs a file to sit on */
	if (fstat(tree, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode) && flags & PLAN_MOUNT_COPY_LINK)
		return copy_link(in, tree, a);
	if (!S_ISDIR(st.st_mode))
		flags |= PLAN_MOUNT_FILE;
	target = mount_target(in, a->root, init_str(in, a->path), flags);
	if (target < 0)
		return target;
	r = kernel_move_mount(tree, target);
	if (r < 0)
		r = attach_error(S_ISDIR(st.st_mode), target, r);
	init_drop(in, target);
	if (r < 0)
		return init_fail(in, PLAN_STAGE_ATTACH, NULL, r);
	if (!(a->flags & PLAN_MOUNT_KEEP))
		init_reg_close(in, a->tree);
	return 0;
}

int op_remount(struct init *in, const struct plan_arg_remount *a)
{
	int target = resolve_path(init_reg(in, a->root), init_str(in, a->path), O_PATH);
	int fs, r = 0;

	if (target < 0)
		return init_fail(in, PLAN_STAGE_TARGET, NULL, target);
	if (PLAN_BLOB_LEN(a->options)) {
		fs = kernel_fspick(target);
		r = fs < 0 ? fs : mount_options(in, fs, a->options);
		if (r == 0)
			r = kernel_fsconfig(fs, KERNEL_FSCONFIG_RECONFIGURE, NULL, NULL, 0);
		if (fs >= 0)
			init_drop(in, fs);
	}
	if (r == 0) {
		r = kernel_mount_change(target, 0, a->set, a->clear, 0);
		if (r < 0)
			r = r == -EPERM ? fail_locked(in, target, r)
					: init_fail(in, PLAN_STAGE_ATTR, NULL, r);
	}
	init_drop(in, target);
	return r;
}

int op_mount_prop(struct init *in, const struct plan_arg_mount_prop *a)
{
	int target = resolve_path(init_reg(in, a->root), init_str(in, a->path), O_PATH);
	int r;

	if (target < 0)
		return init_fail(in, PLAN_STAGE_TARGET, NULL, target);
	r = kernel_mount_change(target, a->recursive ? AT_RECURSIVE : 0, 0, 0, a->prop);
	init_drop(in, target);
	return r;
}

int op_readonly(struct init *in, const struct plan_arg_readonly *a)
{
	int r = kernel_mount_change(init_reg(in, a->mount), 0, MOUNT_ATTR_RDONLY, 0, 0);

	init_reg_close(in, a->mount);
	return r;
}

int op_readonly_path(struct init *in, const struct plan_arg_readonly_path *a)
{
	int target = resolve_path(init_reg(in, a->root), init_str(in, a->path), O_PATH);
	int tree, r;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0; /* nothing there to protect (checklist 1.5) */
	if (target < 0)
		return init_fail(in, PLAN_STAGE_TARGET, NULL, target);
	tree = kernel_open_tree(target, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);
	r = tree;
	if (r >= 0)
		r = kernel_mount_change(tree, AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0, 0);
	if (r >= 0)
		r = kernel_move_mount(tree, target);
	if (tree >= 0)
		init_drop(in, tree);
	init_drop(in, target);
	return r < 0 ? r : 0;
}

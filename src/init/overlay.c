// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The root as an overlay, where only we can mount it: in a user namespace that is not the host's. The host's
 * tree is still our root; ctr has looked at each directory before.
 */
#include "init/init.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "util/overlayfs.h"

/* Device and inode of the directories, as the plan has them. */
struct files {
	const char *data;
	size_t count;
};

/* A copy of the mount of @path, which must be the file at @index. */
static int copy_dir(const char *path, const struct files *files, size_t index)
{
	uint64_t want[2];
	struct stat st;
	int tree, r;

	if (index >= files->count)
		return -EINVAL;
	memcpy(want, files->data + index * sizeof(want), sizeof(want));
	tree = kernel_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE);
	if (tree < 0)
		return tree;
	r = fstat(tree, &st) < 0 ? -errno : 0;
	if (r == 0 && (st.st_dev != want[0] || st.st_ino != want[1]))
		r = -ESTALE;
	if (r == 0)
		return tree;
	(void)close(tree);
	return r;
}

/* tmpfs has user.* attributes since Linux 6.6; without them no directory can hide one of a lower layer. */
static int check_scratch(struct init *in, int scratch)
{
	int fd = openat(scratch, OVERLAYFS_UPPER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 || fsetxattr(fd, "user.overlay.ctr", "y", 1, 0) < 0 ? -errno : 0;

	if (r == 0)
		(void)fremovexattr(fd, "user.overlay.ctr"); /* it means nothing to anybody */
	if (fd >= 0)
		(void)close(fd);
	return r < 0 ? init_fail(in, PLAN_STAGE_MISMATCH, "a tmpfs without user attributes", r) : 0;
}

/* The directory that is written to; the files hold one more than there are lowers when it is on disk. */
static int open_writable(struct init *in, const struct plan_arg_overlay *a,
			 const struct files *files, size_t lowers, int like)
{
	int fd, r;

	if (files->count > lowers) {
		fd = copy_dir(init_str(in, a->writable), files, lowers);
		return fd < 0 ? init_fail(in, PLAN_STAGE_LAYER, init_str(in, a->writable), fd) : fd;
	}
	fd = overlayfs_scratch(init_str(in, a->size), like);
	if (fd < 0)
		return init_fail(in, PLAN_STAGE_CREATE, NULL, fd);
	r = check_scratch(in, fd);
	if (r < 0)
		(void)close(fd);
	return r < 0 ? r : fd;
}

static int merge(struct init *in, const struct plan_arg_overlay *a, const struct files *files,
		 int *trees, size_t count)
{
	struct overlayfs_job job = { .lowers = trees,
				     .count = count,
				     .options = init_str(in, a->options) };
	int mnt, r;

	job.writable = open_writable(in, a, files, count, trees[0]);
	if (job.writable < 0)
		return job.writable;
	mnt = overlayfs_mount(&job);
	(void)close(job.writable);
	if (mnt < 0)
		return init_fail(in, PLAN_STAGE_MERGE, NULL, mnt);
	init_reg_set(in, a->root, mnt);
	r = overlayfs_leave();
	return r;
}

int op_overlay(struct init *in, const struct plan_arg_overlay *a)
{
	size_t len, size, count = 0;
	const char *lowers = init_blob(in, a->lowers, &len);
	struct files files = { .data = init_blob(in, a->files, &size) };
	int trees[OVERLAYFS_MAX_LAYERS], r = 0;

	files.count = size / (2 * sizeof(uint64_t));
	for (const char *s = lowers; r == 0 && s < lowers + len; s += strlen(s) + 1) {
		r = count < OVERLAYFS_MAX_LAYERS ? copy_dir(s, &files, count) : -E2BIG;
		if (r < 0)
			return init_fail(in, PLAN_STAGE_LAYER, s, r);
		trees[count++] = r;
		r = 0;
	}
	r = count ? merge(in, a, &files, trees, count) : -EINVAL;
	for (size_t i = 0; i < count; i++)
		(void)close(trees[i]);
	return r;
}

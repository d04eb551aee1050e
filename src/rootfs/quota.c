// SPDX-License-Identifier: GPL-2.0-or-later
/* See quota.h. */
#include "rootfs/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/fs.h>
#include <linux/magic.h>

#include "util/cleanup.h"
#include "util/kernel.h"

#ifndef PRJQUOTA
#define PRJQUOTA 2
#endif
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

enum {
	BLOCK = 1024, /* QIF_DQBLKSIZE: what dqb_bhardlimit counts */
	TRIES = 64,
};

static int call(int dir, int command, uint32_t project, struct dqblk *q)
{
	return KERNEL_CALL(SYS_quotactl_fd, dir, QCMD(command, PRJQUOTA), project, q);
}

static int refuse(int dir, int r, struct err *e)
{
	struct statfs fs;
	uint32_t type = fstatfs(dir, &fs) == 0 ? (uint32_t)fs.f_type : 0;

	if (r == -EPERM) {
		err_set(e, ERR_USAGE, EPERM,
			"--size is a project quota, which only root of the host sets");
		err_hint(e, "use --ephemeral, which limits the size of a tmpfs");
		return r;
	}
	err_set(e, ERR_UNSUPPORTED, 0,
		"--size is a project quota, and the filesystem of the data root (%s) has none",
		type == EXT4_SUPER_MAGIC  ? "ext4"
		: type == XFS_SUPER_MAGIC ? "XFS"
					  : "neither ext4 nor XFS");
	if (type == EXT4_SUPER_MAGIC)
		err_hint(e, "unmount it, tune2fs -O project -Q prjquota DEVICE, and mount it with "
			    "prjquota");
	else if (type == XFS_SUPER_MAGIC)
		err_hint(e, "mount it with prjquota");
	else
		err_hint(e, "use --data-root on ext4 or XFS mounted with prjquota, or --ephemeral");
	return -EOPNOTSUPP;
}

/* Its inode tells a directory from all others of the filesystem; somebody else may use the number, though. */
static int choose_project(int dir, uint32_t *ret)
{
	struct stat st;
	int r = fstat(dir, &st) < 0 ? -errno : -EEXIST;

	*ret = (uint32_t)st.st_ino & INT32_MAX;
	for (int i = 0; r == -EEXIST && i < TRIES; i++, (*ret)++) {
		struct dqblk q = { 0 };

		r = *ret ? call(dir, Q_GETQUOTA, *ret, &q) : -EEXIST;
		if (r == -ENOENT) /* XFS: nobody has used it yet */
			return 0;
		if (r == 0 &&
		    (q.dqb_bhardlimit || q.dqb_bsoftlimit || q.dqb_curspace || q.dqb_curinodes))
			r = -EEXIST;
		if (r == 0)
			return 0;
	}
	return r;
}

static int join_project(int dir, uint32_t project)
{
	cleanup_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fsxattr attr;

	if (fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &attr) < 0)
		return -errno;
	attr.fsx_projid = project;
	attr.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	return ioctl(fd, FS_IOC_FSSETXATTR, &attr) < 0 ? -errno : 0;
}

static int current_project(int dir, uint32_t *ret)
{
	cleanup_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fsxattr attr;

	if (fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &attr) < 0)
		return -errno;
	*ret = attr.fsx_xflags & FS_XFLAG_PROJINHERIT ? attr.fsx_projid : 0;
	return 0;
}

static int is_unlimited(struct err *e)
{
	err_set(e, ERR_STATE, 0, "the container's layers were made without a limit");
	err_hint(e, "leave out --size, or remove them with: ctr delete ID");
	return -EINVAL;
}

/*
 * New directories inherit it, all containers would share the limit, and in a project of its own no layer could be moved
 * to the others: rename(2) gives EXDEV into a directory that hands another project down.
 */
static int is_inherited(uint32_t project, struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, 0,
		"--size is a project quota, and the data root is in project %" PRIu32
		" already, as a whole",
		project);
	err_hint(e, "use another --data-root, or take this one out of the project: chattr -P");
	return -EOPNOTSUPP;
}

int quota_limit(const int *dirs, size_t count, bool fresh, uint64_t bytes, struct err *e)
{
	cleanup_fd int top = openat(dirs[0], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dqblk limit = { .dqb_bhardlimit = (bytes + BLOCK - 1) / BLOCK,
			       .dqb_valid = QIF_BLIMITS };
	uint32_t project = 0;
	int r = top < 0 ? -errno : current_project(top, &project);

	if (r == 0 && !project && !fresh)
		return is_unlimited(e);
	if (r == 0 && project && fresh)
		return is_inherited(project, e);
	if (r == 0 && !project)
		r = choose_project(top, &project);
	if (r == 0)
		r = call(top, Q_SETQUOTA, project, &limit);
	for (size_t i = 0; r == 0 && fresh && i < count; i++)
		r = join_project(dirs[i], project);
	if (r == -ESRCH || r == -ENOSYS || r == -ENOTTY || r == -EOPNOTSUPP || r == -EPERM ||
	    r == -ENOTBLK || r == -ENODEV)
		return refuse(top, r, e);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "limit the size of the layers") : 0;
}

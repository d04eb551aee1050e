// SPDX-License-Identifier: GPL-2.0-or-later
/* See overlayfs.h. */
#include "util/overlayfs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/kernel.h"

enum {
	NAME_SIZE = 8,
	DATA_SIZE = 4096, /* mount(2): one page */
};

#define MERGED "m" /* where the overlay is mounted */

static int tmpfs_make(const char *size)
{
	int fs = kernel_fsopen("tmpfs"), mnt, r = 0;

	if (fs < 0)
		return fs;
	if (*size)
		r = kernel_fsconfig(fs, KERNEL_FSCONFIG_SET_STRING, "size", size, 0);
	if (r == 0)
		r = kernel_fsconfig(fs, KERNEL_FSCONFIG_SET_STRING, "mode", "0700", 0);
	if (r == 0)
		r = kernel_fsconfig(fs, KERNEL_FSCONFIG_CREATE, NULL, NULL, 0);
	mnt = r < 0 ? r : kernel_fsmount(fs, 0);
	(void)close(fs);
	return mnt;
}

/* The number of a layer as its name; returns the length. */
static size_t layer_name(size_t n, char *buf)
{
	char digits[NAME_SIZE];
	size_t len = 0;

	do {
		digits[len++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	for (size_t i = 0; i < len; i++)
		buf[i] = digits[len - 1 - i];
	buf[len] = '\0';
	return len;
}

static int attach(int tree, int stage, const char *name)
{
	if (mkdirat(stage, name, 0700) < 0)
		return -errno;
	return KERNEL_CALL(SYS_move_mount, tree, "", stage, name, MOVE_MOUNT_F_EMPTY_PATH);
}

/* Attaches all; the option string is put into @data. */
static int attach_all(struct overlayfs_job *job, int stage, char data[DATA_SIZE])
{
	static const char key[] = "lowerdir=";
	size_t len = sizeof(key) - 1, rest = strlen(job->options);
	char name[NAME_SIZE];
	int r = 0;

	memcpy(data, key, len);
	job->failed = "attach the layers";
	for (size_t i = 0; r == 0 && i < job->count; i++) {
		size_t n = layer_name(i, name);

		/* a colon, the comma that follows all names, the NUL */
		if (i >= OVERLAYFS_MAX_LAYERS || len + n + rest + 3 > DATA_SIZE)
			return -ENAMETOOLONG;
		if (i)
			data[len++] = ':';
		memcpy(data + len, name, n);
		len += n;
		r = attach(job->lowers[i], stage, name);
	}
	if (r == 0 && job->writable >= 0)
		r = attach(job->writable, stage, OVERLAYFS_WRITABLE);
	data[len++] = ',';
	memcpy(data + len, job->options, rest + 1);
	return r;
}

static int merge(struct overlayfs_job *job, int stage)
{
	char data[DATA_SIZE];
	struct statfs fs;
	int mnt, r = attach_all(job, stage, data);

	if (r < 0)
		return r;
	job->failed = "merge the layers";
	if (mkdirat(stage, MERGED, 0700) < 0 || fchdir(stage) < 0)
		return -errno;
	if (mount("overlay", MERGED, "overlay", 0, data) < 0) /* lint-ok: see the header */
		return -errno;
	mnt = kernel_open_tree(stage, MERGED, OPEN_TREE_CLONE);
	if (mnt < 0 || job->writable < 0)
		return mnt;
	/* when it cannot work in the work directory, it says so in its log, and is read-only */
	job->failed = "write to the layers: the overlay is read-only";
	if (fstatfs(mnt, &fs) == 0 && !(fs.f_flags & ST_RDONLY))
		return mnt;
	(void)close(mnt);
	return -EROFS;
}

int overlayfs_mount(struct overlayfs_job *job)
{
	int top = -1, stage, r;

	job->failed = "prepare a place for the layers";
	stage = tmpfs_make("");
	if (stage < 0)
		return stage;
	top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = top < 0 ? -errno : kernel_move_mount(stage, top);
	if (r == 0)
		r = merge(job, stage);
	if (top >= 0)
		(void)close(top);
	(void)close(stage);
	return r;
}

int overlayfs_leave(void)
{
	/* we stand in it, so that no path lookup decides what is unmounted */
	if (umount2(".", MNT_DETACH) < 0)
		return -errno;
	return chdir("/") < 0 ? -errno : 0;
}

/* Who is not known in our user namespace cannot own anything on a filesystem of it. */
static int give(int dir, const char *name, const struct stat *st)
{
	return fchownat(dir, name, st->st_uid, st->st_gid, 0) < 0 && errno != EINVAL ? -errno : 0;
}

static int fill_scratch(int mnt, int like)
{
	struct stat st;
	int r;

	if (fstat(like, &st) < 0 || mkdirat(mnt, OVERLAYFS_UPPER, 0700) < 0 ||
	    mkdirat(mnt, OVERLAYFS_WORK, 0700) < 0)
		return -errno;
	/* owner first: a change of owner clears the set-id bits */
	r = give(mnt, OVERLAYFS_UPPER, &st);
	if (r == 0 && fchmodat(mnt, OVERLAYFS_UPPER, st.st_mode & 07777, 0) < 0)
		r = -errno;
	return r;
}

int overlayfs_scratch(const char *size, int like)
{
	int mnt = tmpfs_make(size), r;

	if (mnt < 0)
		return mnt;
	r = fill_scratch(mnt, like);
	if (r == 0)
		return mnt;
	(void)close(mnt);
	return r;
}

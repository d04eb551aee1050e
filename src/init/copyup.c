// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tmpcopyup: what the image has at the mount point is copied into the fresh tmpfs before that hides
 * it: owners, modes, times, extended attributes, links and nodes. The image is hostile: every step is
 * by descriptor and follows nothing, depth is bounded, and the tmpfs' size bounds the rest.
 */
#include "init/init.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum {
	MAX_DEPTH = 64,
	NAME_LIST = 4096,
	VALUE_SIZE = 4096,
	COPY_SIZE = 16384
};

struct entry64 { /* struct linux_dirent64: getdents64(2) */
	uint64_t ino;
	int64_t off;
	unsigned short len;
	unsigned char type;
	char name[];
};

static int copy_dir(int from, int to, unsigned depth);

/* Attributes that the tmpfs does not take (or that only the host may set) are left out. */
static void copy_xattrs(int from, int to)
{
	char names[NAME_LIST], value[VALUE_SIZE];
	ssize_t len = flistxattr(from, names, sizeof(names));

	for (const char *n = names; len > 0 && n < names + len; n += strlen(n) + 1) {
		ssize_t size = fgetxattr(from, n, value, sizeof(value));

		if (size >= 0 && strncmp(n, "trusted.", 8) != 0)
			(void)fsetxattr(to, n, value, (size_t)size, 0);
	}
}

static int copy_bytes(int from, int to)
{
	char buf[COPY_SIZE];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0) {
		for (ssize_t done = 0; done < n;) {
			ssize_t w = write(to, buf + done, (size_t)(n - done));

			if (w < 0)
				return -errno;
			done += w;
		}
	}
	return n < 0 ? -errno : 0;
}

/* Owner first: a change of owner clears the set-id bits. */
static int copy_stat(int to, const struct stat *st)
{
	struct timespec times[] = { st->st_atim, st->st_mtim };

	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0 ||
	    futimens(to, times) < 0)
		return -errno;
	return 0;
}

/* What can be opened: a directory or a regular file, whose content @copy brings over. */
static int copy_opened(int from_dir, int to_dir, const char *name, const struct stat *st,
		       unsigned depth)
{
	bool dir = S_ISDIR(st->st_mode);
	struct stat now;
	int flags = O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int from = openat(from_dir, name, O_RDONLY | flags | (dir ? O_DIRECTORY : 0)), to, r;

	if (from < 0)
		return -errno;
	/* between the look and the open somebody may have put another file there */
	if (fstat(from, &now) < 0 || now.st_ino != st->st_ino || now.st_dev != st->st_dev) {
		(void)close(from);
		return -EBUSY;
	}
	if (dir)
		to = mkdirat(to_dir, name, 0700) < 0
			     ? -1
			     : openat(to_dir, name, O_RDONLY | O_DIRECTORY | flags);
	else
		to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
	r = to < 0 ? -errno : dir ? copy_dir(from, to, depth + 1) : copy_bytes(from, to);
	if (r == 0) {
		copy_xattrs(from, to);
		r = copy_stat(to, st);
	}
	(void)close(from);
	if (to >= 0)
		(void)close(to);
	return r;
}

/* What has no content to open: symlinks and nodes. */
static int copy_node(int from_dir, int to_dir, const char *name, const struct stat *st)
{
	struct timespec times[] = { st->st_atim, st->st_mtim };
	char target[4096];
	ssize_t n;

	if (S_ISLNK(st->st_mode)) {
		n = readlinkat(from_dir, name, target, sizeof(target) - 1);
		if (n < 0)
			return -errno;
		target[n] = '\0';
		if (symlinkat(target, to_dir, name) < 0)
			return -errno;
	} else if (mknodat(to_dir, name, st->st_mode, st->st_rdev) < 0) {
		return -errno;
	}
	if (fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_entry(int from, int to, const char *name, unsigned depth)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode))
		return copy_opened(from, to, name, &st, depth);
	return copy_node(from, to, name, &st);
}

static int copy_dir(int from, int to, unsigned depth)
{
	_Alignas(struct entry64) char buf[2048];
	int n, r = 0;

	if (depth > MAX_DEPTH)
		return -ELOOP;
	while (r == 0 && (n = KERNEL_CALL(SYS_getdents64, from, buf, sizeof(buf))) > 0) {
		for (int at = 0; r == 0 && at < n;) {
			const struct entry64 *e = (const struct entry64 *)(const void *)(buf + at);

			r = copy_entry(from, to, e->name, depth);
			at += e->len;
		}
	}
	return r < 0 ? r : n < 0 ? n : 0;
}

int copyup(int target, int mnt)
{
	int from = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	struct stat st;

	if (from < 0)
		return -errno;
	r = copy_dir(from, mnt, 0);
	if (r == 0 && fstat(from, &st) == 0) {
		copy_xattrs(from, mnt);
		r = fchownat(mnt, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
	}
	(void)close(from);
	return r;
}

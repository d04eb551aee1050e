// SPDX-License-Identifier: GPL-2.0-or-later
/* See made_bundle.h. */
#include "container/made_bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

#define MARK ".ctr-made"

/* Where it is made, beside @path: it has a mark before it has its name. */
static int parts(const char *path, const char *owner, char parent[PATH_MAX],
		 char name[NAME_MAX + 1], char fresh[NAME_MAX + 1])
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path || !slash[1] || (size_t)(slash - path) >= PATH_MAX ||
	    strlen(slash + 1) > NAME_MAX ||
	    snprintf(fresh, NAME_MAX + 1, ".new-%s", owner) > NAME_MAX)
		return -EINVAL;
	(void)snprintf(parent, PATH_MAX, "%.*s", (int)(slash - path), path);
	(void)snprintf(name, NAME_MAX + 1, "%s", slash + 1);
	return 0;
}

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int read_mark(int dir, char ret[MADE_BUNDLE_OWNER])
{
	cleanup_fd int fd =
		openat(dir, MARK, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	n = read(fd, ret, MADE_BUNDLE_OWNER - 1);
	if (n <= 0)
		return -ENOENT;
	ret[n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

int made_bundle_owner(const char *path, char ret[MADE_BUNDLE_OWNER])
{
	cleanup_fd int dir = open_dir(AT_FDCWD, path);
	struct stat st;

	if (dir < 0)
		return dir;
	if (fstat(dir, &st) < 0 || (st.st_uid != geteuid() && st.st_uid != 0) ||
	    st.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	return read_mark(dir, ret);
}

static int write_mark(int dir, const char *owner)
{
	char text[MADE_BUNDLE_OWNER + 1];
	int n = snprintf(text, sizeof(text), "%s\n", owner);

	return io_replace_file_durable(dir, MARK, 0600, text, (size_t)n);
}

static int make_fresh(int parent, const char *fresh, const char *owner)
{
	cleanup_fd int dir = -EBADF;

	if (mkdirat(parent, fresh, 0700) < 0)
		return -errno;
	dir = open_dir(parent, fresh);
	return dir < 0 ? dir : write_mark(dir, owner);
}

static int take_over(const char *path, const char *owner)
{
	char before[MADE_BUNDLE_OWNER];
	cleanup_fd int dir = -EBADF;
	int r = made_bundle_owner(path, before);

	if (r < 0)
		return r == -ENOENT ? -EEXIST : r;
	dir = open_dir(AT_FDCWD, path);
	return dir < 0 ? dir : write_mark(dir, owner);
}

static int make(const char *path, const char *owner)
{
	char parent[PATH_MAX], name[NAME_MAX + 1], fresh[NAME_MAX + 1];
	cleanup_fd int at = -EBADF;
	int r = parts(path, owner, parent, name, fresh);

	if (r == 0 && mkdir(parent, 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0)
		r = at = open_dir(AT_FDCWD, parent);
	if (r < 0)
		return r;
	r = make_fresh(at, fresh, owner);
	if (r == 0)
		r = kernel_renameat2(at, fresh, at, name, KERNEL_RENAME_NOREPLACE);
	if (r < 0)
		(void)tree_remove(at, fresh); /* the first error counts */
	return r == -EEXIST ? take_over(path, owner) : r;
}

int made_bundle_make(const char *path, const char *owner, struct err *e)
{
	int r = make(path, owner);

	if (r == 0)
		return 0;
	err_set(e, ERR_SYSTEM, -r, "make the bundle '%s'", path);
	if (r == -EEXIST)
		err_hint(e, "it is there, and ctr did not make it: move it away, or choose another "
			    "--bundle-root");
	return r;
}

void made_bundle_remove(const char *path, const char *owner)
{
	char parent[PATH_MAX], name[NAME_MAX + 1], fresh[NAME_MAX + 1], found[MADE_BUNDLE_OWNER];
	cleanup_fd int at = -EBADF;

	if (parts(path, owner, parent, name, fresh) < 0)
		return;
	at = open_dir(AT_FDCWD, parent);
	if (at < 0)
		return;
	(void)tree_remove(at, fresh);
	/* a bundle without a container does no harm */
	if (made_bundle_owner(path, found) == 0 && strcmp(found, owner) == 0)
		(void)tree_remove(at, name);
}

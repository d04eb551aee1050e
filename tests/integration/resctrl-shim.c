// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For LD_PRELOAD: ctr takes the directory at /sys/fs/resctrl for resctrl, and new directories in it get
 * the files that the kernel would make. Only for resctrl.bats.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static const char place[] = "/sys/fs/resctrl";

static int is_in(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return 0;
	path[n] = '\0';
	return strncmp(path, place, sizeof(place) - 1) == 0;
}

int fstatfs(int fd, struct statfs *ret)
{
	int r = (int)syscall(SYS_fstatfs, fd, ret);

	if (r == 0 && is_in(fd))
		ret->f_type = RDTGROUP_SUPER_MAGIC;
	return r;
}

static void put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(name);
	if (fd >= 0)
		(void)close(fd);
}

int mkdirat(int dir, const char *name, mode_t mode)
{
	int r = (int)syscall(SYS_mkdirat, dir, name, mode), fd;

	if (r < 0 || !is_in(dir))
		return r;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(fd, "tasks", "");
	if (faccessat(dir, "schemata", F_OK, 0) == 0) {
		put(fd, "schemata", "");
		(void)syscall(SYS_mkdirat, fd, "mon_groups", 0755);
	}
	(void)close(fd);
	return 0;
}

int unlinkat(int dir, const char *name, int flags)
{
	int fd;

	if (flags & AT_REMOVEDIR && is_in(dir)) {
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)syscall(SYS_unlinkat, fd, "tasks", 0);
		(void)syscall(SYS_unlinkat, fd, "schemata", 0);
		(void)syscall(SYS_unlinkat, fd, "mon_groups", AT_REMOVEDIR);
		(void)close(fd);
	}
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

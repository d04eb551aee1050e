// SPDX-License-Identifier: GPL-2.0-or-later
/* See members.h. */
#include "container/members.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <linux/nsfs.h>

#include "util/cleanup.h"

enum {
	MAX_LEVELS = 32 /* of pid namespaces: MAX_PID_NS_LEVEL of the kernel */
};

static int open_pid_namespace(const char *pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%.16s/ns/pid", pid);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

/* Is the namespace of @pid the one with the inode @wanted, or below it? */
static bool is_below(const char *pid, ino_t wanted)
{
	cleanup_fd int fd = open_pid_namespace(pid);
	struct stat st;

	for (int i = 0; fd >= 0 && i < MAX_LEVELS; i++) {
		int up;

		if (fstat(fd, &st) == 0 && st.st_ino == wanted)
			return true;
		up = ioctl(fd, NS_GET_PARENT); /* EPERM: above it are only our own */
		close_fd(&fd);
		fd = up;
	}
	return false;
}

static int add(struct cgroup_pids *list, size_t *room, pid_t pid)
{
	if (list->count == *room) {
		size_t more = *room ? *room * 2 : 16;
		pid_t *items = reallocarray(list->items, more, sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		*room = more;
	}
	list->items[list->count++] = pid;
	return 0;
}

static void close_directory(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int scan(ino_t wanted, struct cgroup_pids *ret)
{
	cleanup_(close_directory) DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t room = 0;
	int r = proc ? 0 : -errno;

	while (r == 0 && (entry = readdir(proc))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    is_below(entry->d_name, wanted))
			r = add(ret, &room, (pid_t)strtol(entry->d_name, NULL, 10));
	}
	return r;
}

/* The caller has a pidfd of @init. */
static int by_pid_namespace(pid_t init, struct cgroup_pids *ret)
{
	cleanup_fd int fd = -EBADF;
	struct stat theirs, ours;
	size_t room = 0;
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)init);
	fd = open_pid_namespace(pid);
	if (fd < 0 || fstat(fd, &theirs) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (stat("/proc/self/ns/pid", &ours) == 0 && ours.st_ino == theirs.st_ino)
		return add(ret, &room, init);
	return scan(theirs.st_ino, ret);
}

int container_pids_read(const struct container *c, struct cgroup_pids *ret, struct err *e)
{
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	struct cgroup_pids found = { 0 };
	cleanup_fd int pidfd = -EBADF;
	int r;

	if (c->record.cgroup_path) {
		r = container_open_cgroup(c, &cg, e);
		return r < 0 ? r : cgroup_pids_read(&cg, ret, e);
	}
	r = process_open(&c->record.init, &pidfd);
	if (r == 0)
		r = by_pid_namespace(c->record.init.pid, &found);
	if (r == -ESRCH)
		r = 0;
	if (r < 0) {
		free(found.items);
		return err_set(e, ERR_SYSTEM, -r, "list the processes of the container");
	}
	*ret = found;
	return 0;
}

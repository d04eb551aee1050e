// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors that tell by poll(2) that something has happened in a cgroup: event files and pressure
 * triggers. Waits for nothing itself.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

enum {
	EVENTS_SIZE = 1024
};

int cgroup_watch(const struct cgroup *cg, const char *file, int *ret_fd, struct err *e)
{
	int fd = cgroup_file_open(cg->fd, file, O_RDONLY);

	if (fd < 0 && !cgroup_errno_gone(fd))
		return err_set(e, ERR_SYSTEM, -fd, "watch '%s' of cgroup '%s'", file, cg->path);
	*ret_fd = fd < 0 ? -EBADF : fd;
	return 0;
}

uint64_t cgroup_watch_read(int fd, const char *key)
{
	char text[EVENTS_SIZE];
	uint64_t value = 0;
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return 0;
	text[n] = '\0';
	(void)cgroup_text_number(text, key, &value); /* absent: 0 */
	return value;
}

int cgroup_pressure_watch(const struct cgroup *cg, const char *resource, bool full,
			  uint64_t stall_usec, uint64_t window_usec, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = -EBADF;
	char name[32], trigger[96];
	ssize_t n;
	int r;

	(void)snprintf(name, sizeof(name), "%s.pressure", resource);
	(void)snprintf(trigger, sizeof(trigger), "%s %llu %llu", full ? "full" : "some",
		       (unsigned long long)stall_usec, (unsigned long long)window_usec);
	fd = cgroup_file_open(cg->fd, name, O_RDWR | O_NONBLOCK);
	if (fd == -ENOENT || fd == -EOPNOTSUPP) {
		r = err_set(e, ERR_SYSTEM, -fd, "watch '%s' of cgroup '%s'", name, cg->path);
		err_hint(e, "the kernel has no pressure information: boot with psi=1");
		return r;
	}
	/* the terminating NUL is part of the trigger: psi.rst */
	n = fd < 0 ? fd : write(fd, trigger, strlen(trigger) + 1);
	if (n < 0) {
		r = fd < 0 ? fd : -errno;
		r = err_set(e, ERR_SYSTEM, -r, "set the trigger '%s' in '%s' of cgroup '%s'",
			    trigger, name, cg->path);
		if (r == -EINVAL)
			err_hint(e,
				 "windows are 500000 to 10000000 us, without privileges multiples "
				 "of 2000000, and longer than the stall");
		return r;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See watchers.h. */
#include "container/watchers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include "util/cleanup.h"

#define FILE_NAME "watchers"

enum {
	AWAIT_MS = 1000, /* for one that was stopped, or whose reader is slow */
	STEP_MS = 2
};

void watchers_join(const struct container *c, int *ret_fd)
{
	cleanup_fd int fd =
		openat(c->dir, FILE_NAME, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0)
		*ret_fd = take_fd(&fd);
	else
		*ret_fd = -EBADF;
}

void watchers_await(const struct container *c)
{
	cleanup_fd int fd = openat(c->dir, FILE_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i < AWAIT_MS / STEP_MS; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			return;
		(void)poll(NULL, 0, STEP_MS); /* flock(2) has no deadline of its own */
	}
}

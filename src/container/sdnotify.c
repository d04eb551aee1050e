// SPDX-License-Identifier: GPL-2.0-or-later
/* See sdnotify.h. */
#include "container/sdnotify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "container/unixsock.h"
#include "util/cleanup.h"
#include "util/kernel.h"

#define SOCKET_NAME "notify.sock"

enum {
	BARRIER_MS = 30000,
	SEND_S = 2 /* for a manager that does not read what it has got already */
};

int sdnotify_prepare(int dir, bool copy, int *ret_tree, struct err *e)
{
	struct kernel_mount_attr attr = {
		.attr_set = SDNOTIFY_ATTR, .propagation = 1UL << 18, /* MS_PRIVATE */
	};
	cleanup_fd int tree = -EBADF;
	int r = 0;

	if (mkdirat(dir, SDNOTIFY_DIR, 0755) < 0)
		return err_set(e, ERR_SYSTEM, errno, "create the directory for NOTIFY_SOCKET");
	tree = kernel_open_tree(dir, SDNOTIFY_DIR, copy ? OPEN_TREE_CLONE : 0);
	r = tree < 0 || !copy ? tree : kernel_mount_setattr(tree, 0, &attr);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "prepare the directory for NOTIFY_SOCKET");
	*ret_tree = take_fd(&tree);
	return 0;
}

int sdnotify_bind(int dir, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t before;
	int r;

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s/%s", dir,
		       SDNOTIFY_DIR, SOCKET_NAME);
	/* one who waited before us, and did not come to it, has left its name */
	(void)unlink(addr.sun_path);
	before = umask(0111); /* any user of the container may report */
	r = fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	umask(before);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "bind the socket for NOTIFY_SOCKET");
	*ret_fd = take_fd(&fd);
	return 0;
}

/* One line of the datagram is READY=1. */
static bool says_ready(const char *text)
{
	for (const char *p = text; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (strncmp(p, "READY=1", 7) == 0 && (p[7] == '\n' || p[7] == '\0'))
			return true;
	return false;
}

static int connect_manager(struct err *e)
{
	const char *path = getenv("NOTIFY_SOCKET");
	cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = { .tv_sec = SEND_S };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;

	if (!len || len >= sizeof(addr.sun_path) || (path[0] != '/' && path[0] != '@'))
		return err_set(e, ERR_USAGE, EINVAL, "NOTIFY_SOCKET '%s'", path ? path : "");
	memcpy(addr.sun_path, path, len);
	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (path[0] == '@')
		addr.sun_path[0] = '\0'; /* the abstract namespace: unix(7) */
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return err_set(e, ERR_SYSTEM, errno, "reach the service manager at '%s'", path);
	return take_fd(&fd);
}

/*
 * sd_notify_barrier(3): the manager closes what it gets when it has handled all that came before. Nobody
 * has to wait for it: -EBADF when it could not be sent.
 */
static int send_barrier(int manager)
{
	static const char text[] = "BARRIER=1";
	cleanup_fd int ours = -EBADF, theirs = -EBADF;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -EBADF;
	ours = fds[0];
	theirs = fds[1];
	return unixsock_pass(manager, text, sizeof(text) - 1, theirs) < 0 ? -EBADF : take_fd(&ours);
}

int sdnotify_forward(int fd, pid_t pid, int *ret_barrier, struct err *e)
{
	cleanup_fd int manager = -EBADF, barrier = -EBADF;
	char text[4096];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR
			       ? 0
			       : err_set(e, ERR_SYSTEM, errno, "hear from the container's service");
	text[n] = '\0';
	if (!says_ready(text))
		return 0;
	manager = connect_manager(e);
	if (manager < 0)
		return manager;
	n = snprintf(text, sizeof(text), "READY=1\nMAINPID=%d", (int)pid);
	if (send(manager, text, (size_t)n, MSG_NOSIGNAL) < 0)
		return err_set(e, ERR_SYSTEM, errno, "tell the service manager");
	barrier = send_barrier(manager);
	if (ret_barrier)
		*ret_barrier = take_fd(&barrier);
	return 1;
}

/* An old manager without barriers just times out; who has ended or wants to stop has no use for it. */
static void wait_barrier(int barrier, int pidfd, int interrupt)
{
	struct pollfd p[] = {
		{ .fd = barrier, .events = 0 /* POLLHUP */ },
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = interrupt, .events = POLLIN },
	};

	if (barrier >= 0)
		(void)poll(p, ARRAY_SIZE(p), BARRIER_MS);
}

int sdnotify_wait(int fd, int pidfd, int interrupt, pid_t pid, struct err *e)
{
	struct pollfd p[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = interrupt, .events = POLLIN },
	};
	cleanup_fd int barrier = -EBADF;
	int r = 0;

	while (r == 0) {
		if (poll(p, ARRAY_SIZE(p), -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_set(e, ERR_SYSTEM, errno, "wait for the container to be ready");
		}
		if (p[0].revents)
			r = sdnotify_forward(fd, pid, &barrier, e);
		else if (p[1].revents)
			return err_set(e, ERR_STATE, 0,
				       "the container ended before it said that it is ready");
		else
			return err_set(e, ERR_SYSTEM, EINTR, "interrupted");
	}
	wait_barrier(barrier, pidfd, interrupt);
	return r < 0 ? r : 0;
}

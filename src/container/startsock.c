// SPDX-License-Identifier: GPL-2.0-or-later
/* See startsock.h. */
#include "container/startsock.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/cleanup.h"

enum {
	DEADLINE_S = 10
};

/* Through the directory's descriptor: no length limit, and no other directory by the same name. */
static void fill_address(int dir, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/%s", dir,
		       STARTSOCK_NAME);
}

int startsock_listen(int dir, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr;

	fill_address(dir, &addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 1) < 0)
		return err_set(e, ERR_SYSTEM, errno, "create the socket for start");
	*ret_fd = take_fd(&fd);
	return 0;
}

/* A full queue: init is there, and not through with those who asked before. */
static int connect_now(int dir, int fd)
{
	struct sockaddr_un addr;

	fill_address(dir, &addr);
	return fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
}

int startsock_connect(int dir, int *ret_fd, struct err *e)
{
	const struct timeval deadline = { .tv_sec = DEADLINE_S };
	cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int r;

	/* a blocking connect waits no longer than a send would: unix(7), socket(7) */
	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
	r = connect_now(dir, fd);
	if (r < 0)
		return err_set(e, ERR_STATE, -r, "reach the container that waits for start");
	*ret_fd = take_fd(&fd);
	return 0;
}

bool startsock_is_open(int dir)
{
	cleanup_fd int fd = -EBADF;
	int r;

	if (faccessat(dir, STARTSOCK_NAME, F_OK, 0) < 0)
		return false;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	r = connect_now(dir, fd);
	return r == 0 || r == -EAGAIN;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See startsock.h. */
#include "container/startsock.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "util/cleanup.h"

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

int startsock_connect(int dir, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr;

	fill_address(dir, &addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_set(e, ERR_STATE, errno, "reach the container that waits for start");
	*ret_fd = take_fd(&fd);
	return 0;
}

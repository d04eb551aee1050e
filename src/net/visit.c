// SPDX-License-Identifier: GPL-2.0-or-later
/* See visit.h. */
#include "net/visit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>

#include "util/cleanup.h"

int net_socket_in(int ns, int (*make)(void))
{
	cleanup_fd int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	cleanup_fd int fd = -EBADF;

	if (own < 0 || setns(ns, CLONE_NEWNET) < 0)
		return -errno;
	fd = make();
	if (setns(own, CLONE_NEWNET) < 0)
		return -ENOTRECOVERABLE;
	return fd < 0 ? fd : take_fd(&fd);
}

int net_diag_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd < 0 ? -errno : fd;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One message with one descriptor to somebody's AF_UNIX stream socket. */
#ifndef CTR_CONTAINER_UNIXSOCK_H
#define CTR_CONTAINER_UNIXSOCK_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Connect to @path, send @data (at least one byte) with @fd as SCM_RIGHTS, close. Whatever the peer
 * does, this takes ten seconds at most. Paths longer than sun_path are reached through their
 * directory. 0 or -errno.
 */
int unixsock_send_fd(const char *path, const void *data, size_t size, int fd);

/* One sendmsg on a connected socket, with @fd as SCM_RIGHTS: bytes sent, or -errno. */
ssize_t unixsock_pass(int sock, const void *data, size_t size, int fd);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The payload as a service: what it does with sockets that it was given. */
#ifndef CTR_TESTS_PAYLOAD_SOCKET_H
#define CTR_TESTS_PAYLOAD_SOCKET_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "payload.h"

/* notify TEXT: to NOTIFY_SOCKET, as sd_notify(3) does */
static int run_notify(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)argc;
	if (!path || fd < 0)
		return broken("NOTIFY_SOCKET");
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (sendto(fd, argv[0], strlen(argv[0]), 0, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return broken(path);
	(void)close(fd);
	return 0;
}

/* accept FD: one connection, which is told so */
static int run_accept(int argc, char **argv)
{
	int fd = accept(atoi(argv[0]), NULL, NULL);

	(void)argc;
	if (fd < 0 || write(fd, "served\n", 7) != 7)
		return broken("accept");
	return 0;
}

#endif

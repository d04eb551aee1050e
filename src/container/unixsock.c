// SPDX-License-Identifier: GPL-2.0-or-later
/* See unixsock.h. */
#include "container/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/cleanup.h"

enum {
	PEER_DEADLINE_MS = 10000
};

/* sun_path holds 107 bytes: a longer path is reached through its directory. */
static int fill_address(const char *path, struct sockaddr_un *addr, int *ret_dir)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *parent = NULL;

	addr->sun_family = AF_UNIX;
	if (strlen(path) < sizeof(addr->sun_path)) {
		memcpy(addr->sun_path, path, strlen(path) + 1);
		return 0;
	}
	parent = slash ? strndup(path, (size_t)(slash - path + 1)) : NULL;
	if (!parent)
		return -ENAMETOOLONG;
	*ret_dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dir < 0)
		return -errno;
	if ((size_t)snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/%s",
			     *ret_dir, slash + 1) >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	return 0;
}

/* A full backlog answers EAGAIN on a non-blocking unix socket: wait a little, but not for ever. */
static int connect_within(int fd, const struct sockaddr_un *addr, int deadline_ms)
{
	for (int waited = 0;; waited += 10) {
		if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (waited >= deadline_ms)
			return -ETIMEDOUT;
		(void)poll(NULL, 0, 10);
	}
}

ssize_t unixsock_pass(int sock, const void *data, size_t size, int fd)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

/* The first byte carries the descriptor; a peer that does not read gets a deadline, not our patience. */
static int send_message(int sock, const char *data, size_t size, int fd)
{
	struct pollfd p = { .fd = sock, .events = POLLOUT };
	ssize_t n = unixsock_pass(sock, data, size, fd);

	while (n >= 0 && (size_t)n < size) {
		data += n;
		size -= (size_t)n;
		if (poll(&p, 1, PEER_DEADLINE_MS) <= 0)
			return -ETIMEDOUT;
		n = send(sock, data, size, MSG_NOSIGNAL);
		if (n < 0)
			n = -errno;
	}
	return n < 0 ? (int)n : 0;
}

int unixsock_send_fd(const char *path, const void *data, size_t size, int fd)
{
	cleanup_fd int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
		       dir = -EBADF;
	struct sockaddr_un addr = { 0 };
	int r = sock < 0 ? -errno : fill_address(path, &addr, &dir);

	if (r == 0)
		r = connect_within(sock, &addr, PEER_DEADLINE_MS);
	return r < 0 ? r : send_message(sock, data, size, fd);
}

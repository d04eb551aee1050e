// SPDX-License-Identifier: GPL-2.0-or-later
/* What holder can have: sockets. */
#ifndef TESTS_HELPERS_HOLDER_SOCKETS_H
#define TESTS_HELPERS_HOLDER_SOCKETS_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "holder.h"

enum {
	FAMILY_ALG = 38,
	FAMILY_VSOCK = 40,
	PROTOCOL_SCTP = 132,
	PROTOCOL_MPTCP = 262,
	NETLINK_ROUTE_ = 0,
	CORK = 1,
	LEVEL_UDP = 17,
};

static int listener(struct sockaddr_in *ret)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(*ret);
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));

	must(bind(fd, (struct sockaddr *)&sa, sizeof(sa)));
	must(listen(fd, 5));
	must(getsockname(fd, (struct sockaddr *)ret, &size));
	return fd;
}

static int connected(const struct sockaddr_in *sa)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));

	must(connect(fd, (const struct sockaddr *)sa, sizeof(*sa)));
	return fd;
}

static void make_tcp_listen(const char *unused)
{
	struct sockaddr_in sa;

	(void)unused;
	(void)listener(&sa);
}

static void make_tcp(const char *unused)
{
	struct sockaddr_in sa;
	int fd = listener(&sa);

	(void)unused;
	(void)connected(&sa);
	must(accept(fd, NULL, NULL));
}

/* The client is gone: only the queue has the connection. */
static void make_tcp_waiting(const char *unused)
{
	struct sockaddr_in sa;

	(void)unused;
	(void)listener(&sa);
	(void)close(connected(&sa));
}

static void make_udp_corked(const char *unused)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_addr = { htonl(INADDR_LOOPBACK) },
				  .sin_port = htons(9) };
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0)), yes = 1;

	(void)unused;
	must(setsockopt(fd, LEVEL_UDP, CORK, &yes, sizeof(yes)));
	must(connect(fd, (struct sockaddr *)&sa, sizeof(sa)));
	must(send(fd, "half", 4, 0));
}

static void make_udp(const char *unused)
{
	(void)unused;
	must(socket(AF_INET, SOCK_DGRAM, 0));
}

/* An empty one, from itself. */
static void make_udp_unread(const char *unused)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(sa);
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0));

	(void)unused;
	must(bind(fd, (struct sockaddr *)&sa, sizeof(sa)));
	must(getsockname(fd, (struct sockaddr *)&sa, &size));
	must(sendto(fd, "", 0, 0, (struct sockaddr *)&sa, size));
}

static void make_raw(const char *unused)
{
	(void)unused;
	must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static void make_ping(const char *unused)
{
	(void)unused;
	must(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
}

static void make_sctp(const char *unused)
{
	(void)unused;
	must(socket(AF_INET, SOCK_STREAM, PROTOCOL_SCTP));
}

static void make_mptcp(const char *unused)
{
	(void)unused;
	must(socket(AF_INET, SOCK_STREAM, PROTOCOL_MPTCP));
}

static void make_alg(const char *unused)
{
	(void)unused;
	must(socket(FAMILY_ALG, SOCK_SEQPACKET, 0));
}

static void make_vsock(const char *unused)
{
	(void)unused;
	must(socket(FAMILY_VSOCK, SOCK_STREAM, 0));
}

static void make_packet(const char *unused)
{
	(void)unused;
	must(socket(AF_PACKET, SOCK_RAW, 0));
}

static int netlink(unsigned groups)
{
	/* struct sockaddr_nl */
	struct {
		uint16_t family, pad;
		uint32_t pid, groups;
	} sa = { .family = AF_NETLINK, .groups = groups };
	int fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE_));

	must(bind(fd, (struct sockaddr *)&sa, sizeof(sa)));
	return fd;
}

static void make_netlink(const char *unused)
{
	(void)unused;
	(void)netlink(0);
}

/* An answer that is not read: to a request for all links (RTM_GETLINK). */
static void make_netlink_unread(const char *unused)
{
	struct {
		uint32_t length;
		uint16_t type, flags;
		uint32_t sequence, pid;
		uint8_t family[16];
	} request = { .length = sizeof(request), .type = 18, .flags = 0x301 };

	(void)unused;
	must(send(netlink(0), &request, sizeof(request), 0));
}

static void make_unix_pair(const char *unused)
{
	int fds[2];

	(void)unused;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
}

static int unix_socket(int type)
{
	return must(socket(AF_UNIX, type, 0));
}

static struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	return sa;
}

/* Connections that nobody has accepted yet, all in here. */
static int unix_not_accepted(const char *path)
{
	struct sockaddr_un sa = unix_address(path);
	int fd = unix_socket(SOCK_STREAM), client = unix_socket(SOCK_STREAM);

	must(bind(fd, (struct sockaddr *)&sa, sizeof(sa)));
	must(listen(fd, 5));
	must(connect(client, (struct sockaddr *)&sa, sizeof(sa)));
	return client;
}

static void make_unix_waiting(const char *path)
{
	(void)unix_not_accepted(path);
}

static void make_unix_waiting_data(const char *path)
{
	must(send(unix_not_accepted(path), "x", 1, 0));
}

static void make_unix_stream(const char *path)
{
	struct sockaddr_un sa = unix_address(path);

	must(connect(unix_socket(SOCK_STREAM), (struct sockaddr *)&sa, sizeof(sa)));
}

static void make_unix_datagram(const char *path)
{
	struct sockaddr_un sa = unix_address(path);

	must(connect(unix_socket(SOCK_DGRAM), (struct sockaddr *)&sa, sizeof(sa)));
}

static void *accept_all(void *fd)
{
	for (;;)
		(void)accept((int)(intptr_t)fd, NULL, NULL);
	return NULL;
}

/* The outside: connections are taken, and kept. */
static void make_unix_serve(const char *path)
{
	struct sockaddr_un sa = unix_address(path);
	int fd = unix_socket(SOCK_STREAM);
	pthread_t t;

	must(bind(fd, (struct sockaddr *)&sa, sizeof(sa)));
	must(listen(fd, 5));
	(void)pthread_create(&t, NULL, accept_all, (void *)(intptr_t)fd);
}

static void make_unix_serve_datagram(const char *path)
{
	struct sockaddr_un sa = unix_address(path);

	must(bind(unix_socket(SOCK_DGRAM), (struct sockaddr *)&sa, sizeof(sa)));
}

#endif

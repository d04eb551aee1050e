// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workloads: sockets.
 */
#ifndef TESTS_HELPERS_WORKLOAD_SOCKETS_H
#define TESTS_HELPERS_WORKLOAD_SOCKETS_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "workload.h"

/* --- unix --- */

static void socketpair_of(int type)
{
	char there[16];
	int fds[2];

	must(socketpair(AF_UNIX, type, 0, fds));
	must(write(fds[0], "one", 3) + write(fds[0], "three", 5) + write(fds[1], "back", 4));
	dumped();
	if (type == SOCK_STREAM) {
		expect(reads(fds[1], "onethree"));
	} else {
		expect(read(fds[1], there, sizeof(there)) == 3);
		expect(read(fds[1], there, sizeof(there)) == 5);
	}
	expect(reads(fds[0], "back"));
	expect(writes(fds[1], "new") && reads(fds[0], "new"));
}

static void run_socketpair_stream(void)
{
	socketpair_of(SOCK_STREAM);
}

static void run_socketpair_dgram(void)
{
	socketpair_of(SOCK_DGRAM);
}

static void run_socketpair_seqpacket(void)
{
	socketpair_of(SOCK_SEQPACKET);
}

static void run_half_closed(void)
{
	char byte;
	int fds[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	must(write(fds[0], "last", 4));
	must(shutdown(fds[0], SHUT_WR));
	dumped();
	expect(reads(fds[1], "last") && read(fds[1], &byte, 1) == 0);
	expect(writes(fds[1], "on") && reads(fds[0], "on"));
}

/* A descriptor that was sent and that nobody has taken yet. */
static void run_descriptor_in_flight(void)
{
	int fds[2], sent = file_with("sent", "by socket", 0);
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	char byte = 'd';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &sent, sizeof(sent));
	must(sendmsg(fds[0], &msg, 0));
	must(close(sent));
	dumped();
	expect(recvmsg(fds[1], &msg, 0) == 1 && byte == 'd');
	head = CMSG_FIRSTHDR(&msg);
	expect(head != NULL && head->cmsg_type == SCM_RIGHTS);
	memcpy(&sent, CMSG_DATA(head), sizeof(sent));
	expect(lseek(sent, 0, SEEK_SET) == 0 && reads(sent, "by socket"));
}

static struct sockaddr_un unix_address(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", name);
	return at;
}

static int unix_listener(const struct sockaddr_un *at, socklen_t size)
{
	int fd = (int)must(socket(AF_UNIX, SOCK_STREAM, 0));

	must(bind(fd, (const struct sockaddr *)at, size));
	must(listen(fd, 8));
	return fd;
}

/* Both ends of an accepted connection, and the listener goes on. */
static void unix_stream_at(const struct sockaddr_un *at, socklen_t size)
{
	int listener = unix_listener(at, size), client = (int)must(socket(AF_UNIX, SOCK_STREAM, 0));

	must(connect(client, (const struct sockaddr *)at, size));
	int served = (int)must(accept(listener, NULL, NULL));
	must(write(client, "before", 6));
	dumped();
	expect(reads(served, "before") && writes(served, "after") && reads(client, "after"));
	int second = socket(AF_UNIX, SOCK_STREAM, 0);
	expect(connect(second, (const struct sockaddr *)at, size) == 0);
	served = accept(listener, NULL, NULL);
	expect(served >= 0 && writes(second, "new") && reads(served, "new"));
}

static void run_unix_stream(void)
{
	struct sockaddr_un at = unix_address("socket");

	unix_stream_at(&at, sizeof(at));
}

static void run_unix_abstract(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "\0workload" };

	unix_stream_at(&at, offsetof(struct sockaddr_un, sun_path) + 9);
}

static void run_unix_dgram(void)
{
	struct sockaddr_un at = unix_address("dgram");
	int server = (int)must(socket(AF_UNIX, SOCK_DGRAM, 0));
	int client = (int)must(socket(AF_UNIX, SOCK_DGRAM, 0));
	char there[16];

	must(bind(server, (const struct sockaddr *)&at, sizeof(at)));
	must(connect(client, (const struct sockaddr *)&at, sizeof(at)));
	must(send(client, "four", 4, 0) + send(client, "seven77", 7, 0));
	dumped();
	expect(recv(server, there, sizeof(there), MSG_DONTWAIT) == 4);
	expect(recv(server, there, sizeof(there), MSG_DONTWAIT) == 7);
	expect(send(client, "x", 1, 0) == 1 && recv(server, there, sizeof(there), 0) == 1);
}

/* The file of a socket is deleted, the socket is not. */
static void run_unix_deleted(void)
{
	struct sockaddr_un at = unix_address("socket");
	int listener = unix_listener(&at, sizeof(at));
	int client = (int)must(socket(AF_UNIX, SOCK_STREAM, 0));

	must(connect(client, (const struct sockaddr *)&at, sizeof(at)));
	int served = (int)must(accept(listener, NULL, NULL));
	must(unlink("socket"));
	dumped();
	expect(writes(client, "still") && reads(served, "still"));
	expect(access("socket", F_OK) < 0);
}

static void run_unix_not_accepted(void)
{
	struct sockaddr_un at = unix_address("socket");
	int listener = unix_listener(&at, sizeof(at));
	int client = (int)must(socket(AF_UNIX, SOCK_STREAM, 0));

	must(connect(client, (const struct sockaddr *)&at, sizeof(at)));
	must(write(client, "early", 5));
	must(fcntl(listener, F_SETFL, O_NONBLOCK));
	dumped();
	int served = accept(listener, NULL, NULL);
	char there[8];
	expect(served >= 0 && recv(served, there, sizeof(there), MSG_DONTWAIT) == 5);
}

/* --- internet, over the loopback --- */

static struct sockaddr_in6 loopback6(int port)
{
	return (struct sockaddr_in6){ .sin6_family = AF_INET6,
				      .sin6_port = htons((uint16_t)port),
				      .sin6_addr = IN6ADDR_LOOPBACK_INIT };
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int inet_bound(int type, const void *at, socklen_t size)
{
	int one = 1, fd = (int)must(socket(((const struct sockaddr *)at)->sa_family, type, 0));

	must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	must(bind(fd, at, size));
	return fd;
}

static int inet_to(int type, const void *at, socklen_t size)
{
	int fd = (int)must(socket(((const struct sockaddr *)at)->sa_family, type, 0));

	must(connect(fd, at, size));
	return fd;
}

static void tcp_listens(const void *at, socklen_t size)
{
	int value = 0, listener = inet_bound(SOCK_STREAM, at, size);
	socklen_t length = sizeof(value);

	must(listen(listener, 8));
	dumped();
	expect(getsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &value, &length) == 0 && value == 1);
	int client = socket(((const struct sockaddr *)at)->sa_family, SOCK_STREAM, 0);
	expect(connect(client, at, size) == 0);
	int served = accept(listener, NULL, NULL);
	expect(served >= 0 && writes(client, "hello") && reads(served, "hello"));
}

static void run_tcp_listen(void)
{
	struct sockaddr_in at = loopback(5001);

	tcp_listens(&at, sizeof(at));
}

static void run_tcp6_listen(void)
{
	struct sockaddr_in6 at = loopback6(5002);

	tcp_listens(&at, sizeof(at));
}

/* Data that is received but not read, in both directions, options, and the connection goes on. */
static void tcp_talks(const void *at, socklen_t size)
{
	int one = 1, value = 0, listener = inet_bound(SOCK_STREAM, at, size);
	socklen_t length = sizeof(value);

	must(listen(listener, 8));
	int client = inet_to(SOCK_STREAM, at, size),
	    served = (int)must(accept(listener, NULL, NULL));
	must(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
	must(write(client, "request", 7) + write(served, "answer", 6));
	pause_ms(50);
	dumped();
	expect(reads(served, "request") && reads(client, "answer"));
	expect(writes(client, "more") && reads(served, "more"));
	expect(writes(served, "again") && reads(client, "again"));
	expect(getsockopt(client, IPPROTO_TCP, TCP_NODELAY, &value, &length) == 0 && value != 0);
}

static void run_tcp_established(void)
{
	struct sockaddr_in at = loopback(5003);

	tcp_talks(&at, sizeof(at));
}

static void run_tcp6_established(void)
{
	struct sockaddr_in6 at = loopback6(5004);

	tcp_talks(&at, sizeof(at));
}

static void run_tcp_half_closed(void)
{
	struct sockaddr_in at = loopback(5005);
	int listener = inet_bound(SOCK_STREAM, &at, sizeof(at));
	char byte;

	must(listen(listener, 8));
	int client = inet_to(SOCK_STREAM, &at, sizeof(at));
	int served = (int)must(accept(listener, NULL, NULL));
	must(write(client, "last", 4));
	must(shutdown(client, SHUT_WR));
	pause_ms(50);
	dumped();
	expect(reads(served, "last") && read(served, &byte, 1) == 0);
	expect(writes(served, "on") && reads(client, "on"));
}

static void run_tcp_not_accepted(void)
{
	struct sockaddr_in at = loopback(5006);
	int listener = inet_bound(SOCK_STREAM, &at, sizeof(at));

	must(listen(listener, 8));
	int client = inet_to(SOCK_STREAM, &at, sizeof(at));
	must(write(client, "early", 5));
	pause_ms(50);
	dumped();
	int served = accept(listener, NULL, NULL);
	expect(served >= 0 && reads(served, "early"));
}

static void run_udp(void)
{
	struct sockaddr_in at = loopback(5007), from;
	int server = inet_bound(SOCK_DGRAM, &at, sizeof(at));
	int client = inet_to(SOCK_DGRAM, &at, sizeof(at)), on = 1;
	socklen_t size = sizeof(from);

	must(setsockopt(server, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)));
	must(getsockname(client, (struct sockaddr *)&from, &size));
	in_port_t port = from.sin_port;
	dumped();
	char there[16];
	expect(writes(client, "hello"));
	expect(recvfrom(server, there, sizeof(there), 0, (struct sockaddr *)&from, &size) == 5);
	expect(from.sin_port == port);
	expect(sendto(server, "back", 4, 0, (struct sockaddr *)&from, size) == 4);
	expect(reads(client, "back"));
	int value = 0;
	size = sizeof(value);
	expect(getsockopt(server, SOL_SOCKET, SO_BROADCAST, &value, &size) == 0 && value == 1);
}

static void run_udp_unread(void)
{
	struct sockaddr_in at = loopback(5008);
	int server = inet_bound(SOCK_DGRAM, &at, sizeof(at));
	int client = inet_to(SOCK_DGRAM, &at, sizeof(at));
	char there[16];

	must(write(client, "unread", 6));
	pause_ms(50);
	dumped();
	expect(recv(server, there, sizeof(there), MSG_DONTWAIT) == 6);
}

/* Others send as well. */
static bool receives(int fd, ssize_t size)
{
	char there[2048];
	ssize_t n = 0;

	for (int i = 0; i < 1000 && n >= 0 && n != size; i++)
		n = recv(fd, there, sizeof(there), 0);
	return n == size;
}

static void run_raw_socket(void)
{
	struct sockaddr_in to = loopback(0);
	unsigned char echo[8] = { 8, 0, 0xf7, 0xff };
	int fd = (int)must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));

	dumped();
	expect(sendto(fd, echo, 8, 0, (struct sockaddr *)&to, sizeof(to)) == 8);
	expect(receives(fd, 28));
}

static void run_packet_socket(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IP),
				  .sll_ifindex = 1 };
	struct sockaddr_in to = loopback(5009);
	int fd = (int)must(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)));

	must(bind(fd, (struct sockaddr *)&at, sizeof(at)));
	dumped();
	int client = socket(AF_INET, SOCK_DGRAM, 0);
	expect(sendto(client, "p", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1);
	expect(receives(fd, 29));
}

static void run_netlink(void)
{
	struct sockaddr_nl at = { .nl_family = AF_NETLINK };
	struct {
		struct nlmsghdr head;
		struct rtgenmsg body;
	} ask = { { .nlmsg_len = sizeof(ask),
		    .nlmsg_type = RTM_GETLINK,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		  { AF_UNSPEC } };
	char there[8192];
	int fd = (int)must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));

	must(bind(fd, (struct sockaddr *)&at, sizeof(at)));
	dumped();
	expect(send(fd, &ask, sizeof(ask), 0) == sizeof(ask));
	expect(recv(fd, there, sizeof(there), 0) > 100);
}

#define WORKLOADS_SOCKETS                                                                          \
	{ "socketpair-stream", run_socketpair_stream },                                            \
		{ "socketpair-dgram", run_socketpair_dgram },                                      \
		{ "socketpair-seqpacket", run_socketpair_seqpacket },                              \
		{ "half-closed", run_half_closed },                                                \
		{ "descriptor-in-flight", run_descriptor_in_flight },                              \
		{ "unix-stream", run_unix_stream }, { "unix-abstract", run_unix_abstract },        \
		{ "unix-dgram", run_unix_dgram }, { "unix-deleted", run_unix_deleted },            \
		{ "unix-not-accepted", run_unix_not_accepted }, { "tcp-listen", run_tcp_listen },  \
		{ "tcp6-listen", run_tcp6_listen }, { "tcp-established", run_tcp_established },    \
		{ "tcp6-established", run_tcp6_established },                                      \
		{ "tcp-half-closed", run_tcp_half_closed },                                        \
		{ "tcp-not-accepted", run_tcp_not_accepted }, { "udp", run_udp },                  \
		{ "udp-unread", run_udp_unread }, { "raw-socket", run_raw_socket },                \
		{ "packet-socket", run_packet_socket },                                            \
	{                                                                                          \
		"netlink", run_netlink                                                             \
	}

#endif

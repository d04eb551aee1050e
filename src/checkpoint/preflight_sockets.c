// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preflight: sockets. Each is borrowed for a moment (pidfd_getfd(2)) and asked what it is; nothing is read from it,
 * and nothing of it changes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/sockios.h>

#include "checkpoint/preflight_internal.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	ADDRESS_SIZE = INET6_ADDRSTRLEN + 16
};

/* A socket of the container while it is asked. */
struct asked {
	const struct preflight_end *end;
	int fd;
	int family, type, protocol;
};

static int option(int fd, int level, int name)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, level, name, &value, &size) < 0 ? -errno : value;
}

/* ---- addresses, for people ---- */

static const char *address(const struct sockaddr_storage *sa, char buf[ADDRESS_SIZE])
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;
	char text[INET6_ADDRSTRLEN] = "?";

	if (sa->ss_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
		(void)snprintf(buf, ADDRESS_SIZE, "[%s]:%u", text, ntohs(v6->sin6_port));
	} else {
		(void)inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
		(void)snprintf(buf, ADDRESS_SIZE, "%s:%u", text, ntohs(v4->sin_port));
	}
	return buf;
}

static const char *name_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *),
			   char buf[ADDRESS_SIZE])
{
	struct sockaddr_storage sa = { 0 };
	socklen_t size = sizeof(sa);

	if (get(fd, (struct sockaddr *)&sa, &size) < 0)
		(void)snprintf(buf, ADDRESS_SIZE, "?");
	else
		(void)address(&sa, buf);
	return buf;
}

/* ---- what is asked of which ---- */

static void look_at_listener(struct preflight_scan *s, const struct asked *a,
			     const struct tcp_info *info)
{
	char local[ADDRESS_SIZE];

	/* of a listening socket this is the length of the queue of accept(2) */
	if (info->tcpi_unacked > 0)
		preflight_add(s, PREFLIGHT_TCP_IN_FLIGHT, a->end->task, a->end->fd,
			      "tcp %s, %u waiting", name_of(a->fd, getsockname, local),
			      info->tcpi_unacked);
}

static void look_at_ulp(struct preflight_scan *s, const struct asked *a)
{
	char name[32] = "";
	socklen_t size = sizeof(name) - 1;

	if (getsockopt(a->fd, SOL_TCP, TCP_ULP, name, &size) == 0 && *name)
		preflight_add(s, PREFLIGHT_TCP_ULP, a->end->task, a->end->fd, "tcp with %s", name);
}

static void look_at_tcp(struct preflight_scan *s, const struct asked *a)
{
	char local[ADDRESS_SIZE], remote[ADDRESS_SIZE];
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	if (getsockopt(a->fd, SOL_TCP, TCP_INFO, &info, &size) < 0 || info.tcpi_state == TCP_CLOSE)
		return;
	if (info.tcpi_state == TCP_LISTEN) {
		look_at_listener(s, a, &info);
		return;
	}
	preflight_add(s, PREFLIGHT_TCP_CONNECTED, a->end->task, a->end->fd, "tcp %s to %s",
		      name_of(a->fd, getsockname, local), name_of(a->fd, getpeername, remote));
	look_at_ulp(s, a);
}

/* poll(2), which takes nothing: the length of a datagram may be 0. */
static bool is_unread(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}

static void look_at_udp(struct preflight_scan *s, const struct asked *a)
{
	char local[ADDRESS_SIZE];
	int unsent = 0;

	if (is_unread(a->fd))
		preflight_add(s, PREFLIGHT_UDP_UNREAD, a->end->task, a->end->fd, "udp %s",
			      name_of(a->fd, getsockname, local));
	if (option(a->fd, SOL_UDP, UDP_CORK) > 0 && ioctl(a->fd, SIOCOUTQ, &unsent) == 0 &&
	    unsent > 0)
		preflight_add(s, PREFLIGHT_UDP_CORKED, a->end->task, a->end->fd, "udp %s",
			      name_of(a->fd, getsockname, local));
}

static void look_at_inet(struct preflight_scan *s, const struct asked *a)
{
	if (a->type == SOCK_RAW || a->protocol == IPPROTO_UDPLITE)
		return;
	if (a->protocol == IPPROTO_TCP)
		look_at_tcp(s, a);
	else if (a->protocol == IPPROTO_UDP)
		look_at_udp(s, a);
	else
		preflight_add(s, PREFLIGHT_INET_PROTOCOL, a->end->task, a->end->fd,
			      "socket of protocol %d", a->protocol);
}

/* The kernel's own list is asked, because looking at the socket would take from it. */
static void look_at_netlink(struct preflight_scan *s, const struct asked *a)
{
	cleanup_free char *text = preflight_read(a->end->task->dir, "net/netlink");
	struct proc_netlink n;
	char *at = text;

	while (proc_next_netlink(&at, &n))
		if (n.inode == a->end->inode && n.unread > 0)
			preflight_add(s, PREFLIGHT_NETLINK_UNREAD, a->end->task, a->end->fd,
				      "netlink socket of protocol %u, %" PRIu64 " bytes",
				      n.protocol, n.unread);
}

static const struct {
	int family;
	const char *name;
	/* NULL: nothing of it stands in the way, or another file looks at all of them at once */
	void (*look)(struct preflight_scan *s, const struct asked *a);
	bool saved;
} families[] = {
	{ AF_INET, "inet", look_at_inet, true },
	{ AF_INET6, "inet6", look_at_inet, true },
	{ AF_UNIX, "unix", NULL, true },
	{ AF_NETLINK, "netlink", look_at_netlink, true },
	{ AF_PACKET, "packet", NULL, true },
	{ AF_VSOCK, "vsock", NULL, false },
	{ AF_ALG, "alg", NULL, false },
	{ AF_BLUETOOTH, "bluetooth", NULL, false },
	{ AF_CAN, "can", NULL, false },
	{ AF_KEY, "key", NULL, false },
	{ AF_TIPC, "tipc", NULL, false },
	{ AF_RDS, "rds", NULL, false },
	{ 43 /* AF_SMC, not in every C library */, "smc", NULL, false },
	{ 44 /* AF_XDP */, "xdp", NULL, false },
};

static void look_at_family(struct preflight_scan *s, const struct asked *a)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (families[i].family != a->family)
			continue;
		if (!families[i].saved)
			preflight_add(s, PREFLIGHT_SOCKET_FAMILY, a->end->task, a->end->fd,
				      "%s socket", families[i].name);
		else if (families[i].look)
			families[i].look(s, a);
		return;
	}
	preflight_add(s, PREFLIGHT_SOCKET_FAMILY, a->end->task, a->end->fd, "socket of family %d",
		      a->family);
}

/* Is it in a network namespace of the container's tasks? True when that cannot be told. */
static bool is_in_container(const struct preflight_scan *s, int fd)
{
	cleanup_fd int ns = ioctl(fd, SIOCGSKNS);
	struct stat st;

	if (ns < 0 || fstat(ns, &st) < 0)
		return true;
	for (size_t i = 0; i < s->task_count; i++)
		if (s->tasks[i].ns[PREFLIGHT_NS_NET] == st.st_ino)
			return true;
	return false;
}

/* CRIU finds none of the container's by its number, and takes it for one that nobody has bound or connected. */
static void look_at_elsewhere(struct preflight_scan *s, const struct asked *a)
{
	struct tcp_info info = { .tcpi_state = TCP_CLOSE };
	socklen_t size = sizeof(info);
	bool inet = a->family == AF_INET || a->family == AF_INET6, certain = !inet;

	if (inet && a->protocol == IPPROTO_TCP &&
	    getsockopt(a->fd, SOL_TCP, TCP_INFO, &info, &size) == 0)
		certain = info.tcpi_state != TCP_CLOSE;
	preflight_add(s, certain ? PREFLIGHT_SOCKET_ELSEWHERE : PREFLIGHT_SOCKET_MOVED,
		      a->end->task, a->end->fd, "socket:[%" PRIu64 "]", a->end->inode);
}

/* -errno of what the task forbids; -EBADF: it was closed meanwhile. */
static int borrow(const struct preflight_end *end)
{
	cleanup_fd int pidfd = kernel_pidfd_open(end->task->pid);
	cleanup_fd int fd = -EBADF;
	struct stat st;

	if (pidfd < 0)
		return -EBADF;
	fd = KERNEL_CALL(SYS_pidfd_getfd, pidfd, end->fd, 0);
	if (fd < 0)
		return fd == -ESRCH ? -EBADF : fd;
	if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode) || st.st_ino != end->inode)
		return -EBADF;
	return take_fd(&fd);
}

static void look_at_socket(struct preflight_scan *s, const struct preflight_end *end)
{
	cleanup_fd int fd = borrow(end);
	struct asked a = { .end = end, .fd = fd };

	if (fd < 0) {
		if (fd != -EBADF)
			preflight_add(s, PREFLIGHT_SOCKET_UNSEEN, end->task, end->fd,
				      "socket:[%" PRIu64 "]", end->inode);
		return;
	}
	a.family = option(fd, SOL_SOCKET, SO_DOMAIN);
	a.type = option(fd, SOL_SOCKET, SO_TYPE);
	a.protocol = option(fd, SOL_SOCKET, SO_PROTOCOL);
	if (!is_in_container(s, fd)) {
		look_at_elsewhere(s, &a);
		return;
	}
	look_at_family(s, &a);
}

/* Once for each network namespace that is there. */
static int look_at_unix(struct preflight_scan *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < s->task_count; i++) {
		size_t before = 0;

		while (before < i &&
		       s->tasks[before].ns[PREFLIGHT_NS_NET] != s->tasks[i].ns[PREFLIGHT_NS_NET])
			before++;
		if (before == i && s->tasks[i].ns[PREFLIGHT_NS_NET] != 0)
			r = preflight_look_at_unix(s, &s->tasks[i], e);
	}
	return r;
}

int preflight_look_at_sockets(struct preflight_scan *s, struct err *e)
{
	for (size_t i = 0; i < s->sockets.count; i++)
		look_at_socket(s, &s->sockets.items[i]);
	return s->sockets.count > 0 ? look_at_unix(s, e) : 0;
}

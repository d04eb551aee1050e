// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * net/hold.h: connections that are kept waiting, and those that nobody has. In a network namespace of the test's own,
 * with a user namespace around it where the caller is not root.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/hold.h"
#include "net/visit.h"
#include "util/cleanup.h"

enum {
	HELD_MS = 300,	 /* a connection on the loopback takes less than one */
	AGAIN_MS = 60000 /* it is there a second after the hold, or on a busy machine some later */
};

static void own_network(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	cleanup_fd int sock = -EBADF;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		skip();
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(ioctl(sock, SIOCSIFFLAGS, &up), 0);
}

static int own_namespace(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int listener(int family, struct sockaddr_storage *at)
{
	socklen_t size =
		family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_storage){ .ss_family = (sa_family_t)family };
	if (family == AF_INET)
		((struct sockaddr_in *)at)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)at)->sin6_addr = in6addr_loopback;
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &size), 0);
	return fd;
}

static int begin_connection(const struct sockaddr_storage *to)
{
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
		assert_int_equal(errno, EINPROGRESS);
	return fd;
}

static bool is_connected(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int error = -1;
	socklen_t size = sizeof(error);

	if (poll(&p, 1, ms) < 1)
		return false;
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), 0);
	return error == 0;
}

static void held_and_let_go(int family)
{
	struct sockaddr_storage at;
	cleanup_fd int ns = -EBADF, hold = -EBADF, server = -EBADF, before = -EBADF, after = -EBADF,
		       accepted = -EBADF;
	char byte;

	own_network();
	ns = own_namespace();
	server = listener(family, &at);
	before = begin_connection(&at);
	assert_true(is_connected(before, AGAIN_MS));
	hold = net_hold(ns);
	if (hold == -EOPNOTSUPP)
		skip();
	assert_true(hold >= 0);
	after = begin_connection(&at);
	assert_false(is_connected(after, HELD_MS));
	/* the one from before goes on */
	accepted = accept(server, NULL, NULL);
	assert_int_equal(write(before, "x", 1), 1);
	assert_int_equal(read(accepted, &byte, 1), 1);
	close_fd(&hold);
	assert_true(is_connected(after, AGAIN_MS));
}

static void test_hold(void **state)
{
	(void)state;
	held_and_let_go(AF_INET);
}

static void test_hold_ip6(void **state)
{
	(void)state;
	held_and_let_go(AF_INET6);
}

static void test_twice(void **state)
{
	cleanup_fd int ns = -EBADF, one = -EBADF, two = -EBADF;

	(void)state;
	own_network();
	ns = own_namespace();
	one = net_hold(ns);
	if (one == -EOPNOTSUPP)
		skip();
	assert_true(one >= 0);
	two = net_hold(ns);
	assert_true(two < 0);
	close_fd(&one);
	two = net_hold(ns);
	assert_true(two >= 0);
}

static struct net_unsettled count(int diag)
{
	struct net_unsettled u;
	int r = net_unsettled_count(diag, &u);

	if (r == -ENOENT || r == -EOPNOTSUPP) /* no tcp_diag */
		skip();
	assert_int_equal(r, 0);
	return u;
}

static void test_unaccepted(void **state)
{
	struct sockaddr_storage at4, at6;
	cleanup_fd int ns = -EBADF, diag = -EBADF, four = -EBADF, six = -EBADF, a = -EBADF,
		       b = -EBADF, accepted = -EBADF;

	(void)state;
	own_network();
	ns = own_namespace();
	diag = net_socket_in(ns, net_diag_socket);
	assert_true(diag >= 0);
	assert_int_equal(count(diag).listeners, 0);
	four = listener(AF_INET, &at4);
	six = listener(AF_INET6, &at6);
	a = begin_connection(&at4);
	b = begin_connection(&at6);
	assert_true(is_connected(a, AGAIN_MS) && is_connected(b, AGAIN_MS));
	assert_int_equal(count(diag).listeners, 2);
	while (count(diag).opening > 0) /* the last packet of the handshake is on its way */
		(void)usleep(1000);
	assert_int_equal(count(diag).unaccepted, 2);
	accepted = accept(four, NULL, NULL);
	assert_true(accepted >= 0);
	assert_int_equal(count(diag).unaccepted, 1);
}

/* The reader's buffer is full: what the other has written before it closed stays with the kernel. */
static void test_closing(void **state)
{
	static const char much[1 << 16];
	struct sockaddr_storage at;
	cleanup_fd int ns = -EBADF, diag = -EBADF, server = -EBADF, reader = -EBADF,
		       writer = -EBADF;
	char there[4096];

	(void)state;
	own_network();
	ns = own_namespace();
	diag = net_socket_in(ns, net_diag_socket);
	server = listener(AF_INET, &at);
	reader = begin_connection(&at);
	assert_true(is_connected(reader, AGAIN_MS));
	writer = accept4(server, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(writer >= 0);
	while (write(writer, much, sizeof(much)) > 0)
		;
	assert_int_equal(count(diag).closing, 0);
	close_fd(&writer);
	assert_int_equal(count(diag).closing + count(diag).stuck, 1);
	assert_int_equal(fcntl(reader, F_SETFL, 0), 0);
	while (read(reader, there, sizeof(there)) > 0)
		;
	while (count(diag).closing + count(diag).stuck > 0)
		(void)usleep(1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hold),	cmocka_unit_test(test_hold_ip6),
		cmocka_unit_test(test_twice),	cmocka_unit_test(test_unaccepted),
		cmocka_unit_test(test_closing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* net/link.h: dumps that the kernel was interrupted in. The kernel is a socket with answers in it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "net/link.h"

enum {
	INDEX = 7
};

/* One datagram: the address 10.0.0.@last of the link, and the end of the dump. */
static void answer(int fd, uint8_t last, uint16_t flags)
{
	_Alignas(struct nlmsghdr) char buf[512] = { 0 };
	const uint8_t address[] = { 10, 0, 0, last };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf), *end;
	struct ifaddrmsg *ifa;

	h->nlmsg_type = RTM_NEWADDR;
	h->nlmsg_flags = (uint16_t)(NLM_F_MULTI | flags);
	h->nlmsg_seq = 1;
	ifa = mnl_nlmsg_put_extra_header(h, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = 24;
	ifa->ifa_flags = IFA_F_PERMANENT;
	ifa->ifa_scope = RT_SCOPE_UNIVERSE;
	ifa->ifa_index = INDEX;
	mnl_attr_put(h, IFA_LOCAL, sizeof(address), address);
	end = mnl_nlmsg_put_header(buf + h->nlmsg_len);
	end->nlmsg_type = NLMSG_DONE;
	end->nlmsg_flags = (uint16_t)(NLM_F_MULTI | flags);
	end->nlmsg_seq = 1;
	(void)mnl_nlmsg_put_extra_header(end, sizeof(int));
	assert_true(send(fd, buf, h->nlmsg_len + end->nlmsg_len, 0) > 0);
}

static void test_changed_meanwhile(void **state)
{
	struct link_addresses list = { 0 };
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	answer(fds[1], 1, NLM_F_DUMP_INTR);
	answer(fds[1], 2, NLM_F_DUMP_INTR);
	answer(fds[1], 3, 0);
	assert_int_equal(link_addresses_get(fds[0], INDEX, &list), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].local[3], 3);
	/* all answers were read */
	assert_int_equal(recv(fds[0], &list.count, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	free(list.items);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changed_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

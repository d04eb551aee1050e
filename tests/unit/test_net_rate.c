// SPDX-License-Identifier: GPL-2.0-or-later
/* net/rate.h: words, and a token bucket on the loopback of a network namespace of the test's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <sched.h>

#include "net/link.h"
#include "net/rate.h"
#include "util/cleanup.h"

enum {
	LO = 1
};

static void is(const char *text, uint64_t in, uint64_t out, uint64_t in_burst, uint64_t out_burst)
{
	struct net_rate r = { .ingress = 77 };
	struct err e = ERR_INIT;

	assert_int_equal(net_rate_parse(text, &r, &e), 0);
	assert_int_equal(r.ingress, in);
	assert_int_equal(r.egress, out);
	assert_int_equal(r.ingress_burst, in_burst);
	assert_int_equal(r.egress_burst, out_burst);
}

static void test_words(void **state)
{
	(void)state;
	is("10mbit", 10000000, 10000000, 0, 0);
	is("8000bit", 8000, 8000, 0, 0);
	is("1000gbit", 1000000000000, 1000000000000, 0, 0);
	is("in=1gbit", 1000000000, 0, 0, 0);
	is("out=64kbit,in=1gbit,out-burst=2k", 1000000000, 64000, 0, 2048);
	is("in=10mbit,in-burst=1m", 10000000, 0, 1 << 20, 0);
}

static void test_nonsense(void **state)
{
	static const char *const nonsense[] = {
		"",
		"10",
		"mbit",
		"-1mbit",
		"10MBIT",
		"10mbits",
		"7999bit",
		"1001gbit",
		"10mbit,",
		"in=10mbit,in=10mbit",
		"up=1mbit",
		"in=",
		"in-burst=64k",
		"in=1mbit,out-burst=64k",
		"in=1mbit,in-burst=1499",
		"1.5mbit",
		"in=1mbit,in-burst=4g",
		"18446744073709551617bit",
		"in=1mbit in",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		struct net_rate r;
		struct err e = ERR_INIT;

		if (net_rate_parse(nonsense[i], &r, &e) != -EINVAL)
			fail_msg("'%s' was taken", nonsense[i]);
		assert_int_equal(e.kind, ERR_USAGE);
	}
}

static void limited(int sock, uint64_t bits, uint64_t burst, uint64_t expected_burst)
{
	struct net_rate_state s = { 0 };

	assert_int_equal(net_rate_limit(sock, LO, bits, burst), 0);
	assert_int_equal(net_rate_read(sock, LO, &s), 0);
	assert_int_equal(s.bits, bits);
	/* as time, and rounded */
	assert_in_range(s.burst, expected_burst * 99 / 100, expected_burst * 101 / 100);
}

static void test_kernel(void **state)
{
	struct net_rate_state s = { .bits = 1 };
	cleanup_fd int sock = -EBADF;

	(void)state;
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		skip();
	sock = link_socket();
	assert_int_equal(net_rate_read(sock, LO, &s), 0);
	assert_int_equal(s.bits, 0);
	if (net_rate_limit(sock, LO, 10000000, 0) == -ENOENT)
		skip(); /* this kernel has no tbf */
	limited(sock, 10000000, 0, 65536);
	limited(sock, 80000000000, 0, 100000000);
	limited(sock, 8000, 2000, 2000);
	assert_int_equal(net_rate_limit(sock, 4711, 8000, 0), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* util/caller.h: what is asked of the kernel, and the two callers that nobody is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "util/caller.h"

static void test_imagined(void **state)
{
	struct caller root = caller_root(), user = caller_user(1000, 100);

	(void)state;
	assert_true(caller_is_host_root(&root) && caller_is_privileged(&root));
	assert_true(root.maps_ids && root.makes_devices && root.setgroups);
	assert_false(root.needs_no_cgroup);
	assert_false(caller_is_host_root(&user) || caller_is_privileged(&user));
	assert_false(user.maps_ids || user.makes_devices || user.copies_mounts);
	assert_int_equal(user.capabilities, 0);
	assert_int_equal(user.uid, 1000);
	assert_int_equal(user.gid, 100);
	assert_true(user.needs_no_cgroup);
}

static void test_probe(void **state)
{
	struct caller c;
	struct stat st;

	(void)state;
	caller_probe(CALLER_AUTO, &c);
	assert_int_equal(c.uid, geteuid());
	assert_int_equal(c.gid, getegid());
	assert_int_equal(stat("/proc/self/ns/user", &st), 0);
	assert_int_equal(c.initial_userns, st.st_ino == 4026531837U);
	assert_int_equal(c.needs_no_cgroup, !caller_is_host_root(&c));
	if (c.copies_mounts)
		assert_true(c.capabilities >> 21 & 1); /* CAP_SYS_ADMIN */
	if (geteuid() != 0)
		assert_false(caller_is_host_root(&c));
}

static void test_word(void **state)
{
	struct caller c;

	(void)state;
	caller_probe(CALLER_ROOTLESS, &c);
	assert_true(c.needs_no_cgroup);
	caller_probe(CALLER_NOT_ROOTLESS, &c);
	assert_false(c.needs_no_cgroup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_imagined),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

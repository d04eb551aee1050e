// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts as /proc writes them, and some that it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "checkpoint/procfs.h"

static void test_status(void **state)
{
	struct proc_status s;

	(void)state;
	proc_parse_status("Name:\tState:\nState:\tZ "
			  "(zombie)\nTgid:\t77\nPPid:\t5\nTracerPid:\t12\nThreads:\t3\n"
			  "NSpid:\t77\t1\nNSpgid:\t70\t0\nNSsid:\t60\t1\nSeccomp:\t2\n"
			  "x86_Thread_features:\tshstk wrss\n",
			  &s);
	assert_int_equal(s.state, 'Z');
	assert_int_equal(s.tracer, 12);
	assert_int_equal(s.parent, 5);
	assert_int_equal(s.threads, 3);
	assert_int_equal(s.pid_levels, 2);
	assert_int_equal(s.group, 0);
	assert_int_equal(s.session, 1);
	assert_int_equal(s.seccomp, 2);
	assert_true(s.shadow_stack);

	proc_parse_status("", &s);
	assert_int_equal(s.state, '?');
	assert_int_equal(s.tracer, 0);
	/* of another field */
	proc_parse_status("x86_Thread_features:\t\nx86_Thread_features_locked:\tshstk\n", &s);
	assert_false(s.shadow_stack);
}

static void test_fdinfo(void **state)
{
	struct proc_fdinfo i;

	(void)state;
	proc_parse_fdinfo("pos:\t0\nflags:\t0100002\nmnt_id:\t27\nino:\t5\n"
			  "lock:\t1: POSIX  ADVISORY  WRITE 26245 00:26:5 0 EOF\n",
			  &i);
	assert_int_equal(i.flags, 0100002);
	assert_int_equal(i.mount, 27);
	assert_true(i.locked);
	assert_string_equal(i.lock, "POSIX ADVISORY WRITE");

	proc_parse_fdinfo("pos:\t0\nflags:\t02\n", &i);
	assert_int_equal(i.mount, -1);
	assert_false(i.locked);
	assert_false(i.armed);
	assert_false(i.repeats);
	assert_false(i.semaphore);

	proc_parse_fdinfo("flags:\t02\nclockid: 1\nticks: 3\nsettime flags: 00\n"
			  "it_value: (0, 0)\nit_interval: (0, 50000000)\n",
			  &i);
	assert_int_equal(i.ticks, 3);
	assert_false(i.armed);
	assert_true(i.repeats);
	proc_parse_fdinfo("clockid: 1\nticks: 0\nit_value: (7, 0)\nit_interval: (0, 0)\n", &i);
	assert_true(i.armed);
	assert_false(i.repeats);
	proc_parse_fdinfo("eventfd-count:                7\neventfd-id: 1\n"
			  "eventfd-semaphore: 1\n",
			  &i);
	assert_true(i.semaphore);
}

static void check_link(const char *text, enum proc_link_kind kind, uint64_t inode, const char *name,
		       bool deleted)
{
	struct proc_link l;

	proc_parse_link(text, &l);
	assert_int_equal(l.kind, kind);
	assert_int_equal(l.inode, inode);
	assert_string_equal(l.name, name);
	assert_int_equal(l.deleted, deleted);
}

static void test_links(void **state)
{
	struct proc_link l;

	(void)state;
	check_link("socket:[12345]", PROC_LINK_SOCKET, 12345, "socket", false);
	check_link("pipe:[7]", PROC_LINK_PIPE, 7, "pipe", false);
	check_link("pidfd:[1234]", PROC_LINK_ANON, 1234, "pidfd", false);
	check_link("uts:[4026531838]", PROC_LINK_NS, 4026531838, "uts", false);
	check_link("anon_inode:[io_uring]", PROC_LINK_ANON, 0, "io_uring", false);
	check_link("anon_inode:inotify", PROC_LINK_ANON, 0, "inotify", false);
	check_link("anon_inode:[a name that is longer than thirty-two]", PROC_LINK_ANON, 0,
		   "a name that is longer than thir", false);
	check_link("/memfd:x (deleted)", PROC_LINK_MEMFD, 0, "", true);
	check_link("/memfd:x", PROC_LINK_PATH, 0, "", false);
	check_link("/a b (deleted)", PROC_LINK_PATH, 0, "", true);
	check_link("/tmp/socket:[12]", PROC_LINK_PATH, 0, "", false);
	check_link("socket:[12", PROC_LINK_OTHER, 12, "", false);
	check_link("", PROC_LINK_OTHER, 0, "", false);
	proc_parse_link("/x (deleted)", &l);
	assert_int_equal(l.length, 2);
}

static void test_maps(void **state)
{
	char text[] = "00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/a b\n"
		      "not a line\n"
		      "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"
		      "7f0000002000-7f0000003000 rw-s 00000000 00:05 9 /SYSV00000000 (deleted)";
	char *at = text;
	struct proc_map m;

	(void)state;
	assert_true(proc_next_map(&at, &m));
	assert_int_equal(m.start, 0x400000);
	assert_int_equal(m.end, 0x452000);
	assert_string_equal(m.permissions, "r-xp");
	assert_int_equal(m.inode, 173521);
	assert_int_equal(m.minor, 2);
	assert_string_equal(m.path, "/usr/bin/a b");
	assert_true(proc_next_map(&at, &m));
	assert_string_equal(m.path, "");
	assert_true(proc_next_map(&at, &m));
	assert_string_equal(m.path, "/SYSV00000000 (deleted)");
	assert_false(proc_next_map(&at, &m));
	at = NULL;
	assert_false(proc_next_map(&at, &m));
}

static void test_mounts(void **state)
{
	char text[] = "36 35 98:1 /ro\\040ot /mnt\\134\\011 rw,noatime master:1 shared:7 - ext4 "
		      "/dev/x rw\n"
		      "37 35 0:22 / /proc rw - proc proc rw\n"
		      "38 35 0:22 / /short rw\n"
		      "39 35\n";
	char *at = text;
	struct proc_mount m;

	(void)state;
	assert_true(proc_next_mount(&at, &m));
	assert_int_equal(m.id, 36);
	assert_int_equal(m.parent, 35);
	assert_int_equal(m.major, 98);
	assert_int_equal(m.minor, 1);
	assert_string_equal(m.root, "/ro ot");
	assert_string_equal(m.point, "/mnt\\\t");
	assert_string_equal(m.type, "ext4");
	assert_string_equal(m.source, "/dev/x");
	assert_true(proc_next_mount(&at, &m));
	assert_string_equal(m.type, "proc");
	assert_false(proc_next_mount(&at, &m));
}

static void test_netlink(void **state)
{
	char text[] =
		"sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    "
		"Drops    Inode\n"
		"0000000000000000 15  4294963110 00000001 4352     0        0     2        0   "
		"     11447\n";
	char *at = text;
	struct proc_netlink n;

	(void)state;
	assert_true(proc_next_netlink(&at, &n));
	assert_int_equal(n.protocol, 15);
	assert_int_equal(n.unread, 4352);
	assert_int_equal(n.inode, 11447);
	assert_false(proc_next_netlink(&at, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status), cmocka_unit_test(test_fdinfo),
		cmocka_unit_test(test_links),  cmocka_unit_test(test_maps),
		cmocka_unit_test(test_mounts), cmocka_unit_test(test_netlink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

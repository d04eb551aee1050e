// SPDX-License-Identifier: GPL-2.0-or-later
/* checkpoint/dump.h and rounds.h: what is asked of criu, what it counted, when pre-dumps end. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <sched.h>

#include "config.h"

#include "checkpoint/rounds.h"

static void test_rounds(void **state)
{
	struct checkpoint_result done[ROUNDS_MAX] = { { .bytes_written = 100 << 20 } };

	(void)state;
	assert_true(rounds_go_on(done, 0));
	assert_true(rounds_go_on(done, 1)); /* the first writes everything */
	done[1].bytes_written = 80 << 20;
	assert_true(rounds_go_on(done, 2));
	done[2].bytes_written = (64 << 20) + 1;
	assert_false(rounds_go_on(done, 3)); /* by less than a fifth */
	done[2].bytes_written = 1 << 20;
	assert_false(rounds_go_on(done, 3)); /* small */
	done[2].bytes_written = (1 << 20) + 1;
	assert_true(rounds_go_on(done, 3));
	done[0].bytes_written = 4096;
	assert_false(rounds_go_on(done, 1));
	for (size_t i = 0; i < ROUNDS_MAX; i++)
		done[i].bytes_written = UINT64_MAX >> (2 * i);
	assert_true(rounds_go_on(done, ROUNDS_MAX - 1));
	assert_false(rounds_go_on(done, ROUNDS_MAX));
}

static void test_exit_codes(void **state)
{
	(void)state;
	assert_int_equal(checkpoint_exit_code(-ENOPKG), 4);
	assert_int_equal(checkpoint_exit_code(-EREMOTEIO), 5);
	assert_int_equal(checkpoint_exit_code(-EBADMSG), 6);
	assert_int_equal(checkpoint_exit_code(-EINVAL), 1);
}

#ifdef HAVE_CRIU

#include "checkpoint/dump.h"
#include "checkpoint/protobuf.h"

static struct arena arena;

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static const struct dump_facts plain = { .pid = 7, .root = "/r" };

static void ask(const struct checkpoint_request *rq, const struct dump_facts *f, Criu__Options *o)
{
	struct err e = ERR_INIT;

	assert_int_equal(dump_options(rq, f, &arena, o, &e), 0);
}

/* Whatever was asked for: ctr's own are always the same. */
static void test_always(void **state)
{
	struct checkpoint_request rq = { .images = 5, .work = 6 };
	Criu__Options o;

	(void)state;
	rq.flags.cgroups = CHECKPOINT_CGROUPS_STRICT;
	ask(&rq, &plain, &o);
	assert_int_equal(o.images_dir_fd, 5);
	assert_true(o.has_work_dir_fd && o.work_dir_fd == 6);
	assert_true(o.has_pid && o.pid == 7);
	assert_string_equal(o.root, "/r");
	assert_string_equal(o.log_file, "dump.log");
	assert_int_equal(o.log_level, 4);
	assert_true(o.has_notify_scripts && o.notify_scripts);
	assert_true(o.has_orphan_pts_master && o.orphan_pts_master);
	assert_true(o.has_manage_cgroups_mode);
	assert_int_equal(o.manage_cgroups_mode, CRIU__CGROUP_MODE__CGROUPS_IGNORE);
	assert_null(o.config_file);
	assert_null(o.freeze_cgroup);
	assert_null(o.parent_img);
	assert_null(o.ps);
	assert_false(o.track_mem || o.leave_running || o.has_empty_ns || o.has_network_lock);
	assert_int_equal(o.n_external + o.n_ext_mnt, 0);
}

/* Each flag sets its option, and no other one. */
static void test_flags(void **state)
{
	static const struct {
		size_t flag, option;
	} table[] = {
#define ROW(flag, option)                                                                          \
	{ offsetof(struct checkpoint_request, flag), offsetof(Criu__Options, option) }
		ROW(leave_running, leave_running),
		ROW(track_memory, track_mem),
		ROW(pre_dump, track_mem),
		ROW(flags.tcp_established, tcp_established),
		ROW(flags.tcp_close, tcp_close),
		ROW(flags.tcp_skip_in_flight, tcp_skip_in_flight),
		ROW(flags.link_remap, link_remap),
		ROW(flags.ext_unix_sk, ext_unix_sk),
		ROW(flags.shell_job, shell_job),
		ROW(flags.file_locks, file_locks),
		ROW(flags.lazy_pages, lazy_pages),
		ROW(flags.auto_dedup, auto_dedup),
	};
	size_t count = sizeof(table) / sizeof(table[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct checkpoint_request rq = { 0 };
		Criu__Options o;

		*(bool *)((char *)&rq + table[i].flag) = true;
		ask(&rq, &plain, &o);
		for (size_t k = 0; k < count; k++)
			assert_int_equal(*(protobuf_c_boolean *)((char *)&o + table[k].option),
					 table[k].option == table[i].option);
	}
}

static void test_facts(void **state)
{
	struct external_mount mounts[] = { { "/run/x", "/var/x" }, { "/y", "/y" } };
	struct dump_facts f = {
		.pid = 7,
		.freeze_cgroup = "/proc/1/fd/9",
		.mounts = { mounts, 2 },
		.stdio = { "file[18:4]", "pipe:[12]", "tty[8803:18]" },
		.own_network = true,
		.outer_pid = 4026531836,
		.netlock = CHECKPOINT_NETLOCK_NFTABLES,
	};
	struct checkpoint_request rq = { .parent = "../1" };
	Criu__Options o;

	(void)state;
	ask(&rq, &f, &o);
	assert_string_equal(o.freeze_cgroup, "/proc/1/fd/9");
	assert_string_equal(o.parent_img, "../1");
	assert_true(o.track_mem);
	assert_int_equal(o.n_ext_mnt, 2);
	assert_string_equal(o.ext_mnt[0]->key, "/run/x");
	assert_string_equal(o.ext_mnt[0]->val, "/var/x");
	assert_int_equal(o.n_external, 3);
	assert_string_equal(o.external[0], "pid[4026531836]:extRootPidNS");
	assert_string_equal(o.external[1], "file[18:4]");
	assert_string_equal(o.external[2], "tty[8803:18]");
	assert_int_equal(o.empty_ns, CLONE_NEWNET);
	assert_int_equal(o.network_lock, CRIU__NETLOCK_METHOD__NETLOCK_NFTABLES);
	rq.flags.netlock = CHECKPOINT_NETLOCK_IPTABLES;
	f.own_network = false;
	f.outer_net = 17;
	ask(&rq, &f, &o);
	assert_int_equal(o.network_lock, CRIU__NETLOCK_METHOD__NETLOCK_IPTABLES);
	assert_string_equal(o.external[0], "net[17]:extRootNetNS");
	assert_false(o.has_empty_ns);
}

static void test_page_server(void **state)
{
	static const char *const bad[] = { "",	      "a",    ":1",   "a:",   "a:0",
					   "a:65536", "a:1x", "a:-1", "a:1 ", "1.2.3.4" };
	struct checkpoint_request rq = { .page_server = "[2001:db8::1]:9000" };
	struct err e = ERR_INIT;
	const char *address;
	Criu__Options o;
	int port;

	(void)state;
	ask(&rq, &plain, &o);
	assert_string_equal(o.ps->address, "2001:db8::1");
	assert_int_equal(o.ps->port, 9000);
	assert_int_equal(dump_page_server("192.0.2.1:1", &arena, &address, &port, &e), 0);
	assert_string_equal(address, "192.0.2.1");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(dump_page_server(bad[i], &arena, &address, &port, &e), -EINVAL);
	assert_non_null(strstr(e.text, "'1.2.3.4' is not ADDRESS:PORT"));
}

/* criu reads it from there as a file: one address, and nothing else. */
static void test_listen(void **state)
{
	static const char *const bad[] = { "localhost", "1.2.3.4 ", "1.2.3.4\nlog-file /x", "" };
	struct checkpoint_request rq = { .page_server = "[2001:db8::1]:9000" };
	char text[64] = "";
	struct err e = ERR_INIT;
	Criu__Options o;
	int fd = -EBADF, file;

	(void)state;
	rq.flags.lazy_pages = true;
	ask(&rq, &plain, &o);
	assert_int_equal(dump_listen(&arena, &o, &fd, &e), 0);
	file = open(o.config_file, O_RDONLY | O_CLOEXEC);
	assert_true(file >= 0);
	assert_true(read(file, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "address 2001:db8::1\n");
	(void)close(file);
	(void)close(fd);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		o.ps->address = (char *)(uintptr_t)bad[i];
		assert_int_equal(dump_listen(&arena, &o, &fd, &e), -EINVAL);
	}
	assert_non_null(strstr(e.text, "'' is not an IP address"));
}

static void test_stdio(void **state)
{
	(void)state;
	assert_true(dump_stdio_is_outside("file[18:4]"));
	assert_true(dump_stdio_is_outside("tty[8803:18]"));
	assert_false(dump_stdio_is_outside("pipe:[12]"));
	assert_false(dump_stdio_is_outside("/file[18:4]"));
	assert_false(dump_stdio_is_outside(""));
}

/* The file that criu leaves, and any part of it. */
static void test_stats(void **state)
{
	struct checkpoint_result result;
	Criu__Stats stats = CRIU__STATS__INIT;
	Criu__DumpStats dump = CRIU__DUMP_STATS__INIT;
	uint32_t file[64] = { 0x55105940, 0x57093306 };
	struct err e = ERR_INIT;
	size_t size;

	(void)state;
	if (protobuf_load(&e) < 0)
		skip();
	dump.freezing_time = 7114;
	dump.frozen_time = 57909;
	dump.memdump_time = 1;
	dump.memwrite_time = 2;
	dump.pages_scanned = 1130;
	dump.pages_skipped_parent = 3;
	dump.pages_written = UINT64_C(1) << 33;
	stats.dump = &dump;
	size = criu__stats__pack(&stats, (uint8_t *)&file[3]);
	file[2] = (uint32_t)size;
	size += 12;
	assert_int_equal(dump_stats_decode(file, size, 4096, &result), 0);
	assert_int_equal(result.freezing_us, 7114);
	assert_int_equal(result.frozen_us, 57909);
	assert_int_equal(result.memdump_us, 1);
	assert_int_equal(result.memwrite_us, 2);
	assert_int_equal(result.pages_scanned, 1130);
	assert_int_equal(result.pages_skipped_parent, 3);
	assert_true(result.bytes_written == UINT64_C(1) << 45);
	for (size_t n = 0; n < size; n++)
		assert_int_equal(dump_stats_decode(file, n, 4096, &result), -EBADMSG);
	file[1]++;
	assert_int_equal(dump_stats_decode(file, size, 4096, &result), -EBADMSG);
	file[1]--;
	file[0]--;
	assert_int_equal(dump_stats_decode(file, size, 4096, &result), -EBADMSG);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_exit_codes),
#ifdef HAVE_CRIU
		cmocka_unit_test_teardown(test_always, teardown),
		cmocka_unit_test_teardown(test_flags, teardown),
		cmocka_unit_test_teardown(test_facts, teardown),
		cmocka_unit_test_teardown(test_page_server, teardown),
		cmocka_unit_test_teardown(test_listen, teardown),
		cmocka_unit_test(test_stdio),
		cmocka_unit_test(test_stats),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

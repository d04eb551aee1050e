// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Statistics, updates and reading back on a made-up tree of plain files: what controllers say that this
 * host may not have. Needs no privileges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

struct fixture {
	char path[64];
	int root;
	struct cgroup cg;
	struct arena arena;
	struct err e;
	char said[1024];
};

static void put(const struct fixture *f, const char *name, const char *text)
{
	cleanup_fd int fd = openat(f->cg.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void holds(const struct fixture *f, const char *name, const char *want)
{
	char text[256];

	assert_true(cgroup_file_read(f->cg.fd, name, text, sizeof(text)) >= 0);
	if (strcmp(text, want) != 0)
		fail_msg("%s holds '%s', not '%s'", name, text, want);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	cleanup_fd int fd = -EBADF;

	(void)snprintf(f->path, sizeof(f->path), "/tmp/ctr-test-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->root = open(f->path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	assert_int_equal(mkdirat(f->root, "x", 0700), 0);
	fd = openat(f->root, "cgroup.subtree_control", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(dprintf(fd, "cpu memory pids io hugetlb cpuset\n") > 0);
	f->cg = (struct cgroup){ CGROUP_DRIVER_CGROUPFS, "/x", 1,
				 openat(f->root, "x", O_DIRECTORY | O_RDONLY | O_CLOEXEC) };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	cgroup_close(&f->cg);
	(void)close(f->root);
	arena_free(&f->arena);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->path);
	assert_int_equal(system(command), 0); /* NOLINT(*-env33-c) the name is ours */
	free(f);
	return 0;
}

/* ---- statistics ---- */

static void test_stats(void **state)
{
	struct fixture *f = *state;
	struct cgroup_stats s;

	put(f, "cpu.stat",
	    "usage_usec 300\nuser_usec 200\nsystem_usec 100\nnr_periods 7\nnr_throttled 3\n"
	    "throttled_usec 55\n");
	put(f, "cpu.pressure",
	    "some avg10=1.50 avg60=2.00 avg300=0.25 total=99\n"
	    "full avg10=0.00 avg60=0.00 avg300=0.00 total=4\n");
	put(f, "memory.current", "4096\n");
	put(f, "memory.max", "max\n");
	put(f, "memory.peak", "8192\n");
	put(f, "memory.swap.current", "10\n");
	put(f, "memory.swap.max", "20\n");
	put(f, "memory.stat", "anon 1\nfile 2\nkernel 3\n");
	put(f, "memory.events", "low 0\nhigh 5\nmax 6\noom 2\noom_kill 1\noom_group_kill 0\n");
	put(f, "pids.current", "3\n");
	put(f, "pids.max", "10\n");
	put(f, "pids.events", "max 8\n");
	put(f, "io.stat",
	    "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n259:1 \n8:16 rbytes=7 "
	    "wbytes=0 rios=1 wios=0\n");
	put(f, "hugetlb.2MB.current", "2097152\n");
	put(f, "hugetlb.2MB.max", "4194304\n");
	put(f, "hugetlb.2MB.events", "max 9\n");
	put(f, "hugetlb.2MB.rsvd.current", "1\n");
	put(f, "cpuset.cpus.effective", "0-3\n");
	assert_int_equal(cgroup_stats_read(&f->cg, &f->arena, &s, &f->e), 0);
	assert_int_equal(s.cpu.usage_usec, 300);
	assert_int_equal(s.cpu.user_usec, 200);
	assert_int_equal(s.cpu.system_usec, 100);
	assert_int_equal(s.cpu.periods, 7);
	assert_int_equal(s.cpu.throttled_periods, 3);
	assert_int_equal(s.cpu.throttled_usec, 55);
	assert_true(s.cpu.psi.known && s.cpu.psi.some.avg10 == 1.5 &&
		    s.cpu.psi.full.total_usec == 4);
	assert_true(s.memory.known && s.memory.memory.max == UINT64_MAX);
	assert_int_equal(s.memory.memory.current, 4096);
	assert_int_equal(s.memory.memory.peak, 8192);
	assert_int_equal(s.memory.swap.max, 20);
	assert_int_equal(s.memory.oom_kills, 1);
	assert_int_equal(s.memory.high_events, 5);
	assert_int_equal(s.memory.raw.count, 3);
	assert_string_equal(s.memory.raw.items[1].name, "file");
	assert_int_equal(s.memory.raw.items[1].value, 2);
	assert_false(s.memory.psi.known);
	assert_int_equal(s.pids.tasks.max, 10);
	assert_int_equal(s.pids.max_events, 8);
	assert_int_equal(s.io.count, 2);
	assert_int_equal(s.io.items[0].dbytes, 5);
	assert_int_equal(s.io.items[1].minor, 16);
	assert_int_equal(s.hugetlb.count, 1);
	assert_string_equal(s.hugetlb.items[0].size, "2MB");
	assert_int_equal(s.hugetlb.items[0].failures, 9);
	assert_string_equal(s.cpus, "0-3");
	assert_string_equal(s.mems, "");
}

static void test_stats_of_nothing(void **state)
{
	struct fixture *f = *state;
	struct cgroup none = CGROUP_EMPTY;
	struct cgroup_stats s;

	assert_int_equal(cgroup_stats_read(&f->cg, &f->arena, &s, &f->e), 0);
	assert_false(s.memory.known || s.pids.known || s.cpu.psi.known);
	assert_int_equal(s.memory.memory.max, 0);
	assert_int_equal(cgroup_stats_read(&none, &f->arena, &s, &f->e), 0);
	assert_int_equal(s.cpu.usage_usec, 0);
}

static void test_memory_describe(void **state)
{
	struct fixture *f = *state;
	char text[128];

	cgroup_memory_describe(&f->cg, text, sizeof(text));
	assert_string_equal(text, "");
	put(f, "memory.max", "524288\n");
	put(f, "memory.peak", "520192\n");
	cgroup_memory_describe(&f->cg, text, sizeof(text));
	assert_string_equal(text, "limit 524288 bytes, peak 520192 bytes");
	put(f, "memory.max", "max\n");
	cgroup_memory_describe(&f->cg, text, sizeof(text));
	assert_string_equal(text, "peak 520192 bytes");
}

/* ---- reading back ---- */

static void test_matches(void **state)
{
	static const struct {
		const char *file, *wanted, *found;
		bool keyed, matches;
	} cases[] = {
		{ "memory.max", "1000000", "999424", false, true },
		{ "memory.max", "1000000", "995328", false, false },
		{ "memory.max", "999424", "1000000", false, false },
		{ "memory.max", "max", "max", false, true },
		{ "memory.max", "max", "4096", false, false },
		{ "memory.max", "9223372036854775807", "max", false, true },
		{ "memory.high", "50M", "52428800", false, true },
		{ "pids.max", "20", "20", false, true },
		{ "pids.max", "20", "19", false, false },
		{ "cpu.max", "20000 50000", "20000 50000", false, true },
		{ "cpu.max", "20000", "20000 100000", false, true },
		{ "cpu.max", "max 50000", "max 100000", false, false },
		{ "cpu.uclamp.min", "50", "50.00", false, true },
		{ "hugetlb.2MB.max", "5000000", "4194304", false, true },
		{ "hugetlb.2MB.max", "5000000", "2097152", false, false },
		{ "hugetlb.64KB.max", "70000", "65536", false, true },
		{ "cpuset.cpus", "0,1,2", "0-2", false, true },
		{ "cpuset.cpus", "0-3", "0-2", false, false },
		{ "cpuset.mems", "\n", "", false, true },
		{ "cpuset.mems", "\n", "0", false, false },
		{ "io.max", "8:0 rbps=1000", "8:0 rbps=1000 wbps=max riops=max wiops=max", true,
		  true },
		{ "io.max", "8:0 rbps=1000", "8:0 rbps=2000 wbps=1000", true, false },
		{ "io.max", "8:0 rbps=max", "", true, true },
		{ "io.max", "8:0 rbps=1000", "", true, false },
		{ "io.weight", "default 910", "default 910", true, true },
		{ "io.weight", "default 910", "default 100", true, false },
		{ "io.weight", "8:0 2930", "8:0 2930", true, true },
		{ "io.weight", "8:0 2930", "", true, false },
		{ "io.weight", "8:0 default", "", true, true },
		{ "io.bfq.weight", "100", "default 100", true, true },
		{ "io.bfq.weight", "100", "default 200", true, false },
		{ "rdma.max", "mlx5_1 hca_handle=3", "mlx5_1 hca_handle=3 hca_object=max", true,
		  true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cgroup_file f = { .name = cases[i].file, .value = cases[i].wanted };

		if (cgroup_value_matches(&f, cases[i].keyed, cases[i].found) != cases[i].matches)
			fail_msg("%s: '%s' and '%s'", f.name, f.value, cases[i].found);
	}
}

static void note(void *data, const struct cgroup_file *file, const char *found)
{
	struct fixture *f = data;
	size_t len = strlen(f->said);

	(void)snprintf(f->said + len, sizeof(f->said) - len, "%s: %s, not %s; ", file->name, found,
		       file->value);
}

/* A plan of these files, ended by one without a name. */
static struct cgroup_plan plan_of(struct cgroup_file *files)
{
	struct cgroup_plan p = { .path = "/x" };

	p.files.items = files;
	while (files[p.files.count].name)
		p.files.count++;
	return p;
}

static void test_verify(void **state)
{
	struct fixture *f = *state;
	struct cgroup_file files[] = {
		{ .name = "memory.max", .value = "8192" }, /* superseded */
		{ .name = "io.bfq.weight", .value = "100", .need = CGROUP_ALTERNATIVE },
		{ .name = "io.weight", .value = "default 910" },
		{ .name = "io.max", .value = "8:0 rbps=5" },
		{ .name = "memory.max", .value = "4096" },
		{ .name = "pids.max", .value = "7" },
		{ .name = "memory.low", .value = "1" }, /* not there */
		{ 0 },
	};
	struct cgroup_plan plan = plan_of(files);

	put(f, "memory.max", "4096\n");
	put(f, "io.bfq.weight", "default 100\n");
	put(f, "io.weight", "default 100\n");
	put(f, "io.max", "8:16 rbps=5\n8:0 rbps=6 wbps=max riops=max wiops=max\n");
	put(f, "pids.max", "max\n");
	cgroup_verify(&f->cg, NULL, &plan, note, f);
	assert_string_equal(f->said, "io.max: 8:0 rbps=6 wbps=max riops=max wiops=max, not 8:0 "
				     "rbps=5; pids.max: max, not 7; ");
	/* with a plan before only what it did not have */
	f->said[0] = '\0';
	cgroup_verify(&f->cg, &plan, &plan, note, f);
	assert_string_equal(f->said, "");
}

/* ---- updates ---- */

static void test_update_writes_changes(void **state)
{
	struct fixture *f = *state;
	struct cgroup_file old[] = { { .name = "memory.max", .value = "1111", .origin = "/m" },
				     { .name = "pids.max", .value = "5", .origin = "/p" },
				     { .name = "cpu.weight", .value = "50", .origin = "/c" },
				     { 0 } };
	struct cgroup_file new[] = {
		{ .name = "memory.max", .value = "2222", .origin = "/m" },
		{ .name = "pids.max", .value = "5", .origin = "/p" },
		{ .name = "cpu.weight", .value = "50", .origin = "/c", .asked = true },
		{ 0 }
	};
	struct cgroup_plan before = plan_of(old), after = plan_of(new);

	put(f, "memory.max", "3333");
	put(f, "pids.max", "9"); /* somebody has changed it: not our business */
	put(f, "cpu.weight", "99");
	assert_int_equal(cgroup_update(f->root, &f->cg, &before, &after, &f->e), 0);
	holds(f, "memory.max", "2222");
	holds(f, "pids.max", "9");
	holds(f, "cpu.weight", "50");
}

/* What is written back is what the files held, and devices without a line get none. */
static void test_update_rolls_back(void **state)
{
	struct fixture *f = *state;
	struct cgroup_file old[] = { { .name = "memory.max", .value = "1111", .origin = "/m" },
				     { 0 } };
	struct cgroup_file new[] = { { .name = "memory.max", .value = "2222", .origin = "/m" },
				     { .name = "io.max", .value = "8:0 rbps=1", .origin = "/i" },
				     { .name = "no.such", .value = "1", .origin = "/n" },
				     { 0 } };
	struct cgroup_plan before = plan_of(old), after = plan_of(new);
	char text[2048];

	put(f, "memory.max", "3333");
	put(f, "io.max", "");
	assert_int_equal(cgroup_update(f->root, &f->cg, &before, &after, &f->e), -ENOENT);
	err_format(&f->e, text, sizeof(text));
	assert_non_null(strstr(text, "cgroup '/x' has no file 'no.such'"));
	assert_non_null(strstr(text, "config.json /n"));
	holds(f, "memory.max", "3333");
	holds(f, "io.max", "8:0 rbps=max wbps=max riops=max wiops=max");
}

/* Two that are written with an eye on each other go together. */
static void test_update_keeps_pairs(void **state)
{
	struct fixture *f = *state;
	struct cgroup_file old[] = { { .name = "cpu.max.burst",
				       .value = "10",
				       .origin = "/b",
				       .retry_after_next = true },
				     { .name = "cpu.max", .value = "1 1", .origin = "/q" },
				     { 0 } };
	struct cgroup_file new[] = { { .name = "cpu.max.burst",
				       .value = "10",
				       .origin = "/b",
				       .retry_after_next = true },
				     { .name = "cpu.max", .value = "2 2", .origin = "/q" },
				     { 0 } };
	struct cgroup_plan before = plan_of(old), after = plan_of(new);

	put(f, "cpu.max.burst", "99");
	put(f, "cpu.max", "1 1");
	assert_int_equal(cgroup_update(f->root, &f->cg, &before, &after, &f->e), 0);
	holds(f, "cpu.max.burst", "10");
	holds(f, "cpu.max", "2 2");
}

static void test_update_checks_memory(void **state)
{
	struct fixture *f = *state;
	struct cgroup_file new[] = { { .name = "memory.max", .value = "4096", .origin = "/m" },
				     { 0 } };
	struct cgroup_plan before = { .path = "/x" }, after = plan_of(new);

	after.memory_check.set = true;
	after.memory_check.limit = 4096;
	put(f, "memory.current", "8192\n");
	put(f, "memory.max", "max\n");
	assert_int_equal(cgroup_update(f->root, &f->cg, &before, &after, &f->e), -EBUSY);
	assert_non_null(strstr(f->e.text, "unable to set memory limit to 4096"));
	holds(f, "memory.max", "max\n");
}

static void test_update_without_cgroup(void **state)
{
	struct fixture *f = *state;
	struct cgroup none = CGROUP_EMPTY;
	struct cgroup_plan plan = { 0 };

	assert_int_equal(cgroup_update(f->root, &none, &plan, &plan, &f->e), -EOPNOTSUPP);
	assert_non_null(strstr(f->e.text, "a container without a cgroup"));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_stats),
		TEST(test_stats_of_nothing),
		TEST(test_memory_describe),
		TEST(test_matches),
		TEST(test_verify),
		TEST(test_update_writes_changes),
		TEST(test_update_rolls_back),
		TEST(test_update_keeps_pairs),
		TEST(test_update_checks_memory),
		TEST(test_update_without_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

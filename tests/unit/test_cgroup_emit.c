// SPDX-License-Identifier: GPL-2.0-or-later
/* Resources to files: conversions, edge rules, order, refusals. No kernel, no root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/internal.h"

struct fixture {
	struct oci_spec spec;
	struct oci_resources *r;
	struct arena arena;
	struct cgroup_plan plan;
	struct err e;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->r = &f->spec.linux_.resources;
	f->r->set = true;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(&f->arena);
	free(f);
	return 0;
}

static struct opt_i64 i64(int64_t n)
{
	return (struct opt_i64){ true, n };
}

static struct opt_u64 u64(uint64_t n)
{
	return (struct opt_u64){ true, n };
}

static int emit(struct fixture *f)
{
	return cgroup_emit(&f->spec, "web1", &f->arena, &f->plan, &f->e);
}

static const struct cgroup_file *file(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->plan.files.count; i++)
		if (strcmp(f->plan.files.items[i].name, name) == 0)
			return &f->plan.files.items[i];
	return NULL;
}

/* Emits and compares all files as "name=value" words with ! required, ? optional, | alternative. */
static void expect(struct fixture *f, const char *want)
{
	char got[2048] = "";
	size_t n = 0;

	assert_int_equal(emit(f), 0);
	for (size_t i = 0; i < f->plan.files.count; i++) {
		const struct cgroup_file *c = &f->plan.files.items[i];

		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s%c=%s", n ? "; " : "", c->name,
				      "!?|"[c->need], c -> value);
	}
	assert_string_equal(got, want);
}

static void refuse(struct fixture *f, const char *text, const char *origin)
{
	memset(&f->e, 0, sizeof(f->e));
	assert_int_equal(emit(f), -EINVAL);
	assert_int_equal(f->e.kind, strstr(f->e.text, "cgroup v1") ? ERR_UNSUPPORTED : ERR_CONFIG);
	if (!strstr(f->e.text, text))
		fail_msg("'%s' is not in '%s'", text, f->e.text);
	assert_string_equal(f->e.origin, origin);
}

static void test_path(void **state)
{
	static const char *const cases[][2] = {
		{ NULL, "/ctr/web1" },	 { "", "/ctr/web1" },
		{ "/a/b", "/a/b" },	 { "//a/./b//", "/a/b" },
		{ "a", "/ctr/a" },	 { "pod/x", "/ctr/pod/x" },
		{ "./pod", "/ctr/pod" }, { "system.slice:docker:1", "/ctr/system.slice:docker:1" },
		{ "/a/...", "/a/..." },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f->spec.linux_.cgroups_path = cases[i][0];
		assert_int_equal(emit(f), 0);
		assert_string_equal(f->plan.path, cases[i][1]);
		assert_int_equal(f->plan.explicit_path, i > 1);
	}
}

static void test_path_bad(void **state)
{
	static const char *const cases[] = { "/",   "//",      ".",    "./",   "/.",	"..",
					     "/..", "/a/../b", "a/..", "../x", "/a\nb", "/a\x7f" };
	struct fixture *f = *state;
	char component[300], all[5000];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f->spec.linux_.cgroups_path = cases[i];
		refuse(f, "cgroup path", "config.json /linux/cgroupsPath");
	}
	memset(component, 'x', sizeof(component));
	component[0] = '/';
	component[256] = '\0';
	f->spec.linux_.cgroups_path = component;
	assert_int_equal(emit(f), 0);
	component[256] = 'x';
	component[257] = '\0';
	assert_int_equal(emit(f), -ENAMETOOLONG);
	for (size_t i = 0; i < sizeof(all) - 1; i++)
		all[i] = "/a"[i % 2];
	all[sizeof(all) - 1] = '\0';
	f->spec.linux_.cgroups_path = all;
	assert_int_equal(emit(f), -ENAMETOOLONG);
}

static void test_nothing(void **state)
{
	struct fixture *f = *state;

	expect(f, "");
	assert_int_equal(f->plan.controllers.count, 0);
	assert_int_equal(f->plan.devices.insn_count, 0);
	f->r->set = false;
	expect(f, "");
}

static void test_zero_is_unset(void **state)
{
	struct fixture *f = *state;

	f->r->memory.limit = f->r->memory.swap = f->r->memory.reservation = i64(0);
	f->r->memory.kernel = f->r->memory.kernel_tcp = i64(0);
	f->r->memory.swappiness = u64(0);
	f->r->cpu.shares = f->r->cpu.period = f->r->cpu.realtime_period = u64(0);
	f->r->cpu.quota = f->r->cpu.realtime_runtime = i64(0);
	f->r->cpu.cpus = f->r->cpu.mems = "";
	f->r->block_io.weight = f->r->block_io.leaf_weight = u64(0);
	f->r->network.class_id = u64(0);
	expect(f, "");
}

static void test_memory(void **state)
{
	static const struct {
		int64_t limit, swap, reservation;
		const char *want;
	} cases[] = {
		{ 1024, 0, 0, "memory.max!=1024" },
		{ -1, 0, 0, "memory.max?=max; memory.swap.max?=max" },
		{ 1024, 4096, 0, "memory.max!=1024; memory.swap.max!=3072" },
		{ 1024, 1024, 0, "memory.max!=1024; memory.swap.max?=0" },
		{ 1024, -1, 512, "memory.max!=1024; memory.swap.max?=max; memory.low!=512" },
		{ 0, -1, 0, "memory.swap.max?=max" },
		{ 0, 0, -1, "memory.low!=max" },
		{ 1024, 0, 4096, "memory.max!=1024; memory.low!=4096" },
		{ INT64_MAX, INT64_MAX, 0, "memory.max!=9223372036854775807; memory.swap.max?=0" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f->r->memory.limit = i64(cases[i].limit);
		f->r->memory.swap = i64(cases[i].swap);
		f->r->memory.reservation = i64(cases[i].reservation);
		expect(f, cases[i].want);
	}
	f->r->memory.check_before_update = true;
	f->r->memory.limit = i64(4096);
	assert_int_equal(emit(f), 0);
	assert_true(f->plan.memory_check.set);
	assert_int_equal(f->plan.memory_check.limit, 4096);
}

static void test_memory_bad(void **state)
{
	struct fixture *f = *state;

	f->r->memory.limit = i64(-2);
	refuse(f, "memory limit -2", "config.json /linux/resources/memory/limit");
	f->r->memory.limit = i64(2048);
	f->r->memory.swap = i64(1024);
	refuse(f, "must not be less", "config.json /linux/resources/memory/swap");
	f->r->memory.swap = i64(-7);
	refuse(f, "-1", "config.json /linux/resources/memory/swap");
	f->r->memory.swap = i64(4096);
	f->r->memory.limit = i64(0);
	refuse(f, "needs a memory limit", "config.json /linux/resources/memory/swap");
	f->r->memory.limit = i64(-1);
	refuse(f, "needs a memory limit", "config.json /linux/resources/memory/swap");
}

static void test_legacy(void **state)
{
	struct fixture *f = *state;
	struct oci_resources *r = f->r, clean = *r;
	struct oci_net_priority prio = { "eth0", 1 };
	struct oci_weight_device leaf = { 8, 0, { 0 }, { true, 100 } };

#define LEGACY(change, pointer)                                                                    \
	do {                                                                                       \
		*r = clean;                                                                        \
		change;                                                                            \
		refuse(f, "cgroup v1", "config.json /linux/resources/" pointer);                   \
	} while (0)

	LEGACY(r->memory.kernel = i64(1), "memory/kernel");
	LEGACY(r->memory.kernel_tcp = i64(1), "memory/kernelTCP");
	LEGACY(r->memory.swappiness = u64(60), "memory/swappiness");
	LEGACY(r->memory.disable_oom_killer = true, "memory/disableOOMKiller");
	LEGACY(r->memory.use_hierarchy = true, "memory/useHierarchy");
	LEGACY(r->cpu.realtime_runtime = i64(1), "cpu/realtimeRuntime");
	LEGACY(r->cpu.realtime_period = u64(1), "cpu/realtimePeriod");
	LEGACY(r->block_io.leaf_weight = u64(10), "blockIO/leafWeight");
	LEGACY(r->network.class_id = u64(1), "network/classID");
	LEGACY((r->network.priorities.items = &prio, r->network.priorities.count = 1),
	       "network/priorities");
	LEGACY((r->block_io.weight_devices.items = &leaf, r->block_io.weight_devices.count = 1),
	       "blockIO/weightDevice/0");
}

static void test_shares(void **state)
{
	(void)state;
	assert_int_equal(cgroup_convert_shares(1), 1);
	assert_int_equal(cgroup_convert_shares(2), 1);
	assert_int_equal(cgroup_convert_shares(3), 2);
	assert_int_equal(cgroup_convert_shares(512), 59);
	assert_int_equal(cgroup_convert_shares(1024), 100);
	assert_int_equal(cgroup_convert_shares(262144), 10000);
	assert_int_equal(cgroup_convert_shares(UINT64_MAX), 10000);
	/* the whole range against the formula in extended precision */
	for (uint64_t s = 2; s <= 262144; s++) {
		long double l = log2l((long double)s);
		long double w = powl(10.0L, (l * l + 125 * l) / 612 - 7.0L / 34);

		if (cgroup_convert_shares(s) != (uint64_t)ceill(w - 1e-7L))
			fail_msg("shares %llu", (unsigned long long)s);
	}
}

static void test_cpu(void **state)
{
	struct fixture *f = *state;

	f->r->cpu.shares = u64(1024);
	f->r->cpu.quota = i64(50000);
	expect(f, "cpu.weight!=100; cpu.max!=50000 100000");
	f->r->cpu.period = u64(20000);
	f->r->cpu.burst = u64(1000);
	expect(f, "cpu.weight!=100; cpu.max.burst!=1000; cpu.max!=50000 20000");
	assert_true(file(f, "cpu.max.burst")->retry_after_next);
	f->r->cpu.idle = i64(1);
	expect(f, "cpu.idle!=1; cpu.max.burst!=1000; cpu.max!=50000 20000");
	f->r->cpu.idle = i64(0);
	f->r->cpu.quota = i64(-1);
	f->r->cpu.burst = u64(0);
	expect(f, "cpu.idle?=0; cpu.weight!=100; cpu.max.burst?=0; cpu.max?=max 20000");
	f->r->cpu.period = (struct opt_u64){ 0 };
	f->r->cpu.quota = (struct opt_i64){ 0 };
	f->r->cpu.cpus = "0-3,7";
	f->r->cpu.mems = "0";
	expect(f, "cpu.idle?=0; cpu.weight!=100; cpu.max.burst?=0; cpuset.cpus!=0-3,7; "
		  "cpuset.mems!=0");
	assert_false(file(f, "cpu.max.burst")->retry_after_next);
	assert_int_equal(f->plan.controllers.count, 2);
	assert_string_equal(f->plan.controllers.items[0].name, "cpu");
	assert_string_equal(f->plan.controllers.items[0].origin, "/linux/resources/cpu/shares");
	assert_string_equal(f->plan.controllers.items[1].name, "cpuset");
}

static void test_cpu_bad(void **state)
{
	struct fixture *f = *state;

	f->r->cpu.quota = i64(999);
	refuse(f, "cpu quota 999", "config.json /linux/resources/cpu/quota");
	f->r->cpu.quota = i64(1000);
	f->r->cpu.burst = u64(1001);
	refuse(f, "cpu burst 1001", "config.json /linux/resources/cpu/burst");
	f->r->cpu.burst = u64(1000);
	f->r->cpu.period = u64(999);
	refuse(f, "cpu period", "config.json /linux/resources/cpu/period");
	f->r->cpu.period = u64(1000001);
	refuse(f, "cpu period", "config.json /linux/resources/cpu/period");
	f->r->cpu.period = u64(1000000);
	f->r->cpu.idle = i64(2);
	refuse(f, "cpu idle 2", "config.json /linux/resources/cpu/idle");
}

static void test_pids(void **state)
{
	struct fixture *f = *state;

	f->r->pids.limit = i64(100);
	expect(f, "pids.max!=100");
	f->r->pids.limit = i64(0);
	expect(f, "pids.max!=1");
	assert_non_null(file(f, "pids.max")->formula);
	f->r->pids.limit = i64(-1);
	expect(f, "pids.max?=max");
	assert_int_equal(f->plan.controllers.count, 0);
}

static void test_io(void **state)
{
	struct oci_weight_device weights[] = { { 8, 0, { true, 500 }, { 0 } },
					       { 8, 16, { 0 }, { 0 } } };
	struct oci_throttle_device t[] = { { 8, 0, 1000 }, { 8, 16, 0 } };
	struct fixture *f = *state;
	struct oci_block_io *io = &f->r->block_io;

	assert_int_equal(cgroup_convert_io_weight(10), 1);
	assert_int_equal(cgroup_convert_io_weight(1000), 10000);
	assert_int_equal(cgroup_convert_io_weight(500), 4950);
	io->weight = u64(10);
	io->weight_devices.items = weights;
	io->weight_devices.count = 2;
	expect(f, "io.bfq.weight|=10; io.weight!=default 1; io.bfq.weight|=8:0 500; "
		  "io.weight!=8:0 4950");
	assert_string_equal(f->plan.files.items[3].origin,
			    "/linux/resources/blockIO/weightDevice/0");
	memset(io, 0, sizeof(*io));
	io->read_bps.items = io->write_bps.items = io->read_iops.items = io->write_iops.items = t;
	io->read_bps.count = 2;
	io->write_bps.count = io->read_iops.count = io->write_iops.count = 1;
	expect(f, "io.max!=8:0 rbps=1000; io.max?=8:16 rbps=max; io.max!=8:0 wbps=1000; "
		  "io.max!=8:0 riops=1000; io.max!=8:0 wiops=1000");
	assert_string_equal(f->plan.files.items[1].origin,
			    "/linux/resources/blockIO/throttleReadBpsDevice/1");
	io->weight = u64(9);
	refuse(f, "weight 9", "config.json /linux/resources/blockIO/weight");
	io->weight = u64(1001);
	refuse(f, "weight 1001", "config.json /linux/resources/blockIO/weight");
}

static void test_hugetlb(void **state)
{
	static const char *const bad[] = { "../../../x", "2M",	"2 MB", "02MB", "MB",
					   "2MB\n",	 "2TB", "",	"2mb",	"12345678KB" };
	struct oci_hugepage_limit h[] = { { "2MB", 209715200 }, { "1GB", 0 } };
	struct fixture *f = *state;

	f->r->hugepage_limits.items = h;
	f->r->hugepage_limits.count = 2;
	expect(f, "hugetlb.2MB.rsvd.max?=209715200; hugetlb.2MB.max!=209715200; "
		  "hugetlb.1GB.rsvd.max?=0; hugetlb.1GB.max!=0");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		h[1].page_size = bad[i];
		refuse(f, "huge page size", "config.json /linux/resources/hugepageLimits/1");
	}
}

static void test_rdma(void **state)
{
	struct oci_rdma d[] = { { "mlx5_1", { true, 3 }, { true, 10000 } },
				{ "mlx4_0", { 0 }, { true, 7 } },
				{ "rxe3", { true, 1 }, { 0 } } };
	struct fixture *f = *state;

	f->r->rdma.items = d;
	f->r->rdma.count = 3;
	expect(f, "rdma.max!=mlx5_1 hca_handle=3 hca_object=10000; "
		  "rdma.max!=mlx4_0 hca_object=7; rdma.max!=rxe3 hca_handle=1");
	d[2].hca_handles.set = false;
	refuse(f, "neither", "config.json /linux/resources/rdma");
	d[2].device = "a b";
	refuse(f, "bad rdma device", "config.json /linux/resources/rdma");
}

static void test_unified(void **state)
{
	struct oci_pair p[] = { { "memory.high", "1000" },
				{ "io.max", "8:0 rbps=1\n8:16 rbps=2\n" },
				{ "cgroup.max.depth", "3" },
				{ "cpuset.cpus", "" } };
	struct fixture *f = *state;

	f->r->pids.limit = i64(5);
	f->r->unified.items = p;
	f->r->unified.count = 4;
	expect(f, "pids.max!=5; memory.high!=1000; io.max!=8:0 rbps=1; io.max!=8:16 rbps=2; "
		  "cgroup.max.depth!=3; cpuset.cpus!=\n");
	assert_string_equal(file(f, "memory.high")->controller, "memory");
	assert_string_equal(file(f, "memory.high")->origin, "/linux/resources/unified/memory.high");
	assert_null(file(f, "cgroup.max.depth")->controller);
	assert_int_equal(f->plan.controllers.count, 4);
}

static void test_unified_bad(void **state)
{
	static const char *const bad[] = {
		"../x",		"a/b",
		"cgroup.procs", "cgroup.subtree_control",
		"cgroup.kill",	"cgroup.freeze",
		"cgroup.type",	"cgroup.threads",
		"memory.max\n", ".",
		"..",		"",
		"memory",	"memory.",
		".memory",	"memory..max",
		"memory.max ",	"/memory.max",
		"Memory.max",	"memory.m\xc3\xa4x",
		"0.max",
	};
	char long_key[4096];
	struct oci_pair p = { NULL, "1" };
	struct fixture *f = *state;

	f->r->unified.items = &p;
	f->r->unified.count = 1;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		p.key = bad[i];
		refuse(f, "unified key", "config.json /linux/resources/unified");
	}
	memset(long_key, 'a', sizeof(long_key));
	long_key[6] = '.';
	long_key[sizeof(long_key) - 1] = '\0';
	p.key = long_key;
	refuse(f, "unified key", "config.json /linux/resources/unified");
}

static void test_order(void **state)
{
	struct oci_pair p = { "pids.max", "9" };
	struct oci_rdma d = { "m", { true, 3 }, { 0 } };
	struct oci_hugepage_limit h = { "2MB", 1 };
	struct fixture *f = *state;

	f->r->unified.items = &p;
	f->r->rdma.items = &d;
	f->r->hugepage_limits.items = &h;
	f->r->unified.count = f->r->rdma.count = f->r->hugepage_limits.count = 1;
	f->r->block_io.weight = u64(100);
	f->r->cpu.cpus = "0";
	f->r->cpu.shares = u64(2);
	f->r->pids.limit = i64(4);
	f->r->memory.limit = i64(8);
	expect(f, "memory.max!=8; pids.max!=4; cpu.weight!=1; cpuset.cpus!=0; io.bfq.weight|=100; "
		  "io.weight!=default 910; hugetlb.2MB.rsvd.max?=1; hugetlb.2MB.max!=1; "
		  "rdma.max!=m hca_handle=3; pids.max!=9");
}

static void test_many_files(void **state)
{
	struct oci_throttle_device t[500];
	struct fixture *f = *state;

	for (int i = 0; i < 500; i++)
		t[i] = (struct oci_throttle_device){ 8, i, 1 };
	f->r->block_io.read_bps.items = t;
	f->r->block_io.read_bps.count = 500;
	assert_int_equal(emit(f), 0);
	assert_int_equal(f->plan.files.count, 500);
	assert_string_equal(f->plan.files.items[499].value, "8:499 rbps=1");
	assert_int_equal(f->plan.controllers.count, 1);
}

static void test_out_of_memory(void **state)
{
	struct oci_pair p = { "pids.max", "9" };
	struct fixture *f = *state;
	int r = -ENOMEM;

	f->r->unified.items = &p;
	f->r->unified.count = 1;
	f->r->memory.limit = f->r->memory.swap = i64(8);
	f->r->block_io.weight = u64(100);
	for (size_t cap = 16; r == -ENOMEM && cap < 65536; cap += 16) {
		struct arena small = { .cap = cap };

		r = cgroup_emit(&f->spec, "x", &small, &f->plan, &f->e);
		assert_true(r == 0 || r == -ENOMEM);
		arena_free(&small);
	}
	assert_int_equal(r, 0);
}

static void test_skippable(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(emit(f), 0);
	assert_true(cgroup_plan_skippable(&f->plan, -EACCES));
	assert_true(cgroup_plan_skippable(&f->plan, -EROFS));
	assert_false(cgroup_plan_skippable(&f->plan, -EBUSY));
	f->r->pids.limit = i64(-1);
	assert_int_equal(emit(f), 0);
	assert_true(cgroup_plan_skippable(&f->plan, -EPERM));
	f->r->pids.limit = i64(5);
	assert_int_equal(emit(f), 0);
	assert_false(cgroup_plan_skippable(&f->plan, -EPERM));
	f->r->pids.limit.set = false;
	f->spec.linux_.cgroups_path = "/x";
	assert_int_equal(emit(f), 0);
	assert_false(cgroup_plan_skippable(&f->plan, -EPERM));
}

static void test_driver_names(void **state)
{
	enum cgroup_driver d;

	(void)state;
	for (int i = CGROUP_DRIVER_CGROUPFS; i <= CGROUP_DRIVER_NONE; i++) {
		assert_int_equal(cgroup_driver_parse(cgroup_driver_name((enum cgroup_driver)i), &d),
				 0);
		assert_int_equal(d, i);
	}
	assert_int_equal(cgroup_driver_parse("disabled", &d), 0);
	assert_int_equal(d, CGROUP_DRIVER_NONE);
	assert_int_equal(cgroup_driver_parse("", &d), -EINVAL);
}

static void test_text(void **state)
{
	uint64_t n = 7;

	(void)state;
	assert_true(cgroup_text_number("populated 1\nfrozen 0\n", "frozen", &n));
	assert_int_equal(n, 0);
	assert_true(cgroup_text_number("oom 1\noom_kill 12\noom_group_kill 3", "oom_kill", &n));
	assert_int_equal(n, 12);
	assert_false(cgroup_text_number("xfrozen 1\n\n", "frozen", &n));
	assert_false(cgroup_text_number("", "frozen", &n));
	assert_true(cgroup_text_has_word("cpuset cpu io\n", "cpu"));
	assert_true(cgroup_text_has_word("cpuset cpu io\n", "io"));
	assert_false(cgroup_text_has_word("cpuset io\n", "cpu"));
	assert_false(cgroup_text_has_word("", "cpu"));
}

static const struct oci_id_map some_ids[] = { { 0, 100000, 1000 }, { 1000, 300000, 10 } };

static void add_cgroup_mount(struct fixture *f, const char *destination, const char **options,
			     size_t count)
{
	static struct oci_mount m;

	m = (struct oci_mount){ .destination = destination, .type = "cgroup" };
	m.options.items = options;
	m.options.count = count;
	f->spec.mounts.items = &m;
	f->spec.mounts.count = 1;
}

static void test_handover(void **state)
{
	static struct oci_namespace spaces[] = { { .type = OCI_NS_CGROUP },
						 { .type = OCI_NS_USER } };
	const char *options[] = { "nosuid", "ro", "rw" };
	struct fixture *f = *state;

	/* writable by the last word, but without namespaces of its own nothing is handed over */
	add_cgroup_mount(f, "/sys/fs//cgroup/", options, 3);
	assert_int_equal(emit(f), 0);
	assert_false(f->plan.handover.set);
	f->spec.linux_.namespaces.items = spaces;
	f->spec.linux_.namespaces.count = 1;
	assert_int_equal(emit(f), 0);
	assert_true(f->plan.handover.set);
	assert_false(f->plan.handover.owner);
	f->spec.linux_.namespaces.count = 2;
	f->spec.linux_.uid_mappings.items = f->spec.linux_.gid_mappings.items =
		(struct oci_id_map *)(uintptr_t)some_ids;
	f->spec.linux_.uid_mappings.count = f->spec.linux_.gid_mappings.count = 2;
	f->spec.process.user.uid = 1005;
	assert_int_equal(emit(f), 0);
	assert_true(f->plan.handover.owner);
	assert_int_equal(f->plan.handover.uid, 300005);
	assert_int_equal(f->plan.handover.gid, 100000);
	f->spec.process.user.uid = 1010; /* nobody outside */
	assert_int_equal(emit(f), 0);
	assert_false(f->plan.handover.owner);
	/* read-only, or somewhere else */
	add_cgroup_mount(f, "/sys/fs/cgroup", options, 2);
	assert_int_equal(emit(f), 0);
	assert_false(f->plan.handover.set);
	add_cgroup_mount(f, "/mnt", options, 0);
	assert_int_equal(emit(f), 0);
	assert_false(f->plan.handover.set);
	spaces[0].path = "/proc/1/ns/cgroup";
	add_cgroup_mount(f, "/sys/fs/cgroup", options, 0);
	assert_int_equal(emit(f), 0);
	assert_false(f->plan.handover.set);
	spaces[0].path = NULL;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_path),	       T(test_path_bad),  T(test_nothing),
		T(test_zero_is_unset), T(test_memory),	  T(test_memory_bad),
		T(test_legacy),	       T(test_shares),	  T(test_cpu),
		T(test_cpu_bad),       T(test_pids),	  T(test_io),
		T(test_hugetlb),       T(test_rdma),	  T(test_unified),
		T(test_unified_bad),   T(test_order),	  T(test_many_files),
		T(test_out_of_memory), T(test_skippable), T(test_driver_names),
		T(test_text),	       T(test_handover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

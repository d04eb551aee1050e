// SPDX-License-Identifier: GPL-2.0-or-later
/* cgroups/systemd.h, the pure part: names of scopes and slices, limits and annotations as properties. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cgroups/systemd.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- names ---- */

static const struct {
	const char *configured, *unit, *slice, *path;
} units[] = {
	{ "system.slice:docker:4fa6", "docker-4fa6.scope", "system.slice", "/system.slice" },
	{ "kubepods-burstable-pod1.slice:cri-containerd:x", "cri-containerd-x.scope",
	  "kubepods-burstable-pod1.slice",
	  "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice" },
	{ "machine.slice:libpod:x", "libpod-x.scope", "machine.slice", "/machine.slice" },
	{ ":box:x", "box-x.scope", "system.slice", "/system.slice" },
	{ "machine.slice::x", "x.scope", "machine.slice", "/machine.slice" },
	{ "::x", "x.scope", "system.slice", "/system.slice" },
	{ "-.slice:box:x", "box-x.scope", "-.slice", "" },
	{ "box", "box.scope", "system.slice", "/system.slice" },
	{ "", "ctr-web1.scope", "system.slice", "/system.slice" },
	{ NULL, "ctr-web1.scope", "system.slice", "/system.slice" },
};

/* Those that name no slice. */
static void test_user_units(void **state)
{
	static const char *const configured[] = { ":box:x", "box", "", NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(configured); i++) {
		struct cgroup_systemd s = { 0 };
		struct arena a = { 0 };
		struct err e = ERR_INIT;

		assert_int_equal(systemd_emit_unit(configured[i], "web1", true, &a, &s, &e), 0);
		assert_true(s.user);
		assert_string_equal(s.slice, "user.slice");
		assert_string_equal(s.slice_path, "/user.slice");
		arena_free(&a);
	}
}

static void test_units(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(units); i++) {
		struct cgroup_systemd s = { 0 };
		struct arena a = { 0 };
		struct err e = ERR_INIT;

		if (systemd_emit_unit(units[i].configured, "web1", false, &a, &s, &e) != 0)
			fail_msg("%s: %s", units[i].configured, e.text);
		assert_string_equal(s.unit, units[i].unit);
		assert_string_equal(s.slice, units[i].slice);
		assert_string_equal(s.slice_path, units[i].path);
		arena_free(&a);
	}
}

static const struct {
	const char *configured, *text;
} bad_units[] = {
	{ "a:b", "'a:b' is not slice:prefix:name" },
	{ "a.slice:b", "'a.slice:b' is not slice:prefix:name" },
	{ "a.slice:b:", "'a.slice:b:' is not slice:prefix:name" },
	{ "a.slice:b:c:d", "'a.slice:b:c:d' is not slice:prefix:name" },
	{ "a.slice:b:c.slice", "'a.slice:b:c.slice' names a slice, but processes live in scopes" },
	{ "a:b:c", "'a' cannot be the name of a systemd slice" },
	{ ".slice:b:c", "'.slice' cannot be the name of a systemd slice" },
	{ "-a.slice:b:c", "'-a.slice' cannot be the name of a systemd slice" },
	{ "a-.slice:b:c", "'a-.slice' cannot be the name of a systemd slice" },
	{ "a--b.slice:b:c", "'a--b.slice' cannot be the name of a systemd slice" },
	{ "a/b.slice:b:c", "'a/b.slice' cannot be the name of a systemd slice" },
	{ "../a.slice:b:c", "'../a.slice' cannot be the name of a systemd slice" },
	{ "/a/b", "'/a/b.scope' cannot be the name of a systemd unit" },
	{ "a.slice:b:../c", "'b-../c.scope' cannot be the name of a systemd unit" },
	{ "a.slice:b:c d", "'b-c d.scope' cannot be the name of a systemd unit" },
};

static void test_bad_units(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_units); i++) {
		struct cgroup_systemd s = { 0 };
		struct arena a = { 0 };
		struct err e = ERR_INIT;

		assert_int_equal(
			systemd_emit_unit(bad_units[i].configured, "web1", false, &a, &s, &e),
			-EINVAL);
		assert_string_equal(e.text, bad_units[i].text);
		assert_string_equal(e.origin, "config.json /linux/cgroupsPath");
		assert_non_null(strstr(e.hint, "slice:prefix:name"));
		arena_free(&a);
	}
}

static void test_long_unit(void **state)
{
	char name[300];
	struct cgroup_systemd s = { 0 };
	struct arena a = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	memset(name, 'x', sizeof(name));
	name[249] = '\0'; /* and ".scope" */
	assert_int_equal(systemd_emit_unit(name, "web1", false, &a, &s, &e), 0);
	name[249] = 'x';
	name[250] = '\0';
	assert_int_equal(systemd_emit_unit(name, "web1", false, &a, &s, &e), -EINVAL);
	arena_free(&a);
}

/* ---- limits ---- */

/* The list as one text. */
static const char *printed(const struct systemd_properties *list, char *buf, size_t size)
{
	struct strbuf b = { .buf = buf, .size = size };

	buf[0] = '\0';
	for (size_t i = 0; i < list->count; i++) {
		strbuf_addf(&b, "%s%s=", i ? "; " : "", list->items[i].name);
		gvalue_print(&list->items[i].value, &b);
	}
	return buf;
}

static const struct {
	const char *file, *value, *properties;
} limits[] = {
	{ "memory.max", "33554432", "MemoryMax=uint64 33554432" },
	{ "memory.max", "max", "MemoryMax=uint64 18446744073709551615" },
	{ "memory.max", "32M", "" },
	{ "memory.high", "1", "MemoryHigh=uint64 1" },
	{ "memory.low", "2", "MemoryLow=uint64 2" },
	{ "memory.min", "3", "MemoryMin=uint64 3" },
	{ "memory.swap.max", "0", "MemorySwapMax=uint64 0" },
	{ "memory.oom.group", "1", "" },
	{ "pids.max", "7", "TasksMax=uint64 7" },
	{ "cpu.weight", "59", "CPUWeight=uint64 59" },
	{ "cpu.max", "max", "CPUQuotaPerSecUSec=uint64 18446744073709551615" },
	{ "cpu.max", "50000", "CPUQuotaPerSecUSec=uint64 500000" },
	{ "cpu.max", "max 50000",
	  "CPUQuotaPerSecUSec=uint64 18446744073709551615; CPUQuotaPeriodUSec=uint64 50000" },
	{ "cpu.max", "15500 50000",
	  "CPUQuotaPerSecUSec=uint64 310000; CPUQuotaPeriodUSec=uint64 50000" },
	{ "cpu.max", "15501 50000",
	  "CPUQuotaPerSecUSec=uint64 320000; CPUQuotaPeriodUSec=uint64 50000" },
	{ "cpu.max", "1000 1000000",
	  "CPUQuotaPerSecUSec=uint64 10000; CPUQuotaPeriodUSec=uint64 1000000" },
	{ "cpu.max", "0 50000", "" },
	{ "cpu.max", "18446744073709551615 50000", "" },
	{ "cpuset.cpus", "0-2,9", "AllowedCPUs=[byte 7, byte 2]" },
	{ "cpuset.cpus", "nonsense", "" },
	{ "cpuset.mems", "0", "AllowedMemoryNodes=[byte 1]" },
	{ "io.weight", "default 500", "IOWeight=uint64 500" },
	{ "io.weight", "8:0 500", "" },
	{ "io.bfq.weight", "500", "IOWeight=uint64 500" },
};

static void test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct cgroup_file f = { .name = limits[i].file, .value = limits[i].value };
		struct cgroup_plan plan = { .files = { &f, 1 } };
		struct systemd_properties list = { 0 };
		struct arena a = { 0 };
		char text[512];

		assert_int_equal(systemd_limits(&plan, &a, &list), 0);
		assert_string_equal(printed(&list, text, sizeof(text)), limits[i].properties);
		arena_free(&a);
	}
}

/* Later ones are in place of earlier ones; many are kept. */
static void test_property_list(void **state)
{
	static const char *const names[] = { "A", "B", "C", "D", "E", "F", "G", "H", "I", "J",
					     "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T" };
	struct systemd_properties list = { 0 };
	struct arena a = { 0 };

	(void)state;
	for (uint64_t i = 0; i < COUNT(names); i++)
		assert_int_equal(systemd_property_add(&list, &a, names[i], gvalue_u64(i)), 0);
	assert_int_equal(systemd_property_add(&list, &a, "C", gvalue_bool(true)), 0);
	assert_int_equal(list.count, COUNT(names));
	for (uint64_t i = 0; i < COUNT(names); i++) {
		assert_string_equal(list.items[i].name, names[i]);
		if (i != 2)
			assert_int_equal(list.items[i].value.natural, i);
	}
	assert_string_equal(list.items[2].value.type, "b");
	arena_free(&a);
}

/* ---- annotations ---- */

static int emit(const char *key, const char *value, struct arena *a,
		struct systemd_properties *list, struct err *e)
{
	__typeof__(*((struct oci_spec *)0)->annotations.items) pair = { key, value };
	struct oci_spec spec = { 0 };

	spec.annotations.items = &pair;
	spec.annotations.count = 1;
	return systemd_emit_annotations(&spec, a, list, e);
}

static const struct {
	const char *name, *value, *property;
} annotations[] = {
	{ "KillSignal", "15", "KillSignal=15" },
	{ "TimeoutStopUSec", "uint64 10000000", "TimeoutStopUSec=uint64 10000000" },
	{ "DefaultDependencies", "true", "DefaultDependencies=true" },
	{ "After", "['crio.service']", "After=['crio.service']" },
	{ "TimeoutStopSec", "uint64 5", "TimeoutStopUSec=uint64 5000000" },
	{ "TimeoutStopSec", "5", "TimeoutStopUSec=uint64 5000000" },
	{ "TimeoutStopSec", "0.5", "TimeoutStopUSec=uint64 500000" },
	{ "TimeoutStopSec", "uint64 1", "TimeoutStopUSec=uint64 1000000" },
	{ "CPUQuotaPerSecUSec", "uint64 20000", "CPUQuotaPerSecUSec=uint64 20000" },
};

static void test_annotations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(annotations); i++) {
		struct systemd_properties list = { 0 };
		struct arena a = { 0 };
		struct err e = ERR_INIT;
		char key[128], text[256];

		(void)snprintf(key, sizeof(key), "org.systemd.property.%s", annotations[i].name);
		if (emit(key, annotations[i].value, &a, &list, &e) != 0)
			fail_msg("%s: %s", key, e.text);
		assert_string_equal(printed(&list, text, sizeof(text)), annotations[i].property);
		arena_free(&a);
	}
}

static const struct {
	const char *key, *value, *why;
} bad_annotations[] = {
	{ "org.systemd.property.", "true", "this is not the name of a property" },
	{ "org.systemd.property.Ab", "true", "this is not the name of a property" },
	{ "org.systemd.property.A_b_c", "true", "this is not the name of a property" },
	{ "org.systemd.property.CPU0Weight", "true", "this is not the name of a property" },
	{ "org.systemd.property.KillMode", "mixed", "an unknown word" },
	{ "org.systemd.property.KillMode", "", "a number is wanted" },
	{ "org.systemd.property.TimeoutStopSec", "'5s'", "a number of seconds is wanted" },
	{ "org.systemd.property.TimeoutStopSec", "-1", "a number of seconds is wanted" },
	{ "org.systemd.property.TimeoutStopSec", "uint64 18446744073709551615",
	  "a number of seconds is wanted" },
};

static void test_bad_annotations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_annotations); i++) {
		const char *key = bad_annotations[i].key;
		struct systemd_properties list = { 0 };
		struct arena a = { 0 };
		struct err e = ERR_INIT;
		char text[256], origin[256];

		assert_int_equal(emit(key, bad_annotations[i].value, &a, &list, &e), -EINVAL);
		(void)snprintf(text, sizeof(text), "'%s': %s", key, bad_annotations[i].why);
		(void)snprintf(origin, sizeof(origin), "config.json /annotations/%s", key);
		assert_string_equal(e.text, text);
		assert_string_equal(e.origin, origin);
		arena_free(&a);
	}
}

static void test_other_annotations(void **state)
{
	struct systemd_properties list = { 0 };
	struct arena a = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(emit("org.systemd.other", "nonsense", &a, &list, &e), 0);
	assert_int_equal(list.count, 0);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_user_units),
		cmocka_unit_test(test_bad_units),
		cmocka_unit_test(test_long_unit),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_property_list),
		cmocka_unit_test(test_annotations),
		cmocka_unit_test(test_bad_annotations),
		cmocka_unit_test(test_other_annotations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

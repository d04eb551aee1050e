// SPDX-License-Identifier: GPL-2.0-or-later
/* checkpoint/external.h: which mounts CRIU is told to leave out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "checkpoint/external.h"
#include "util/arena.h"

static struct arena arena;

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static const char mountinfo[] = "39 40 0:31 /rootfs / ro,relatime - tmpfs tmpfs rw\n"
				"45 39 0:34 / /proc rw,relatime - proc proc rw\n"
				"46 39 0:35 / /dev rw,nosuid shared:3 master:1 - tmpfs tmpfs rw\n"
				"50 39 0:38 / /sys ro - sysfs sysfs rw\n"
				"51 50 0:32 /ctr/x /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
				"52 39 8:1 /with\\040blank /run/data\\011 rw - ext4 /dev/sda1 rw\n"
				"53 52 8:2 / /run/data\\011/disk rw - ext4 /dev/sda2 rw\n"
				"54 52 0:41 / /run/data\\011/tmp rw - tmpfs none rw\n"
				"55 54 8:3 / /run/data\\011/tmp/in rw - ext4 /dev/sda3 rw\n"
				"59 45 0:39 /file /proc/kcore ro - tmpfs none rw\n"
				"60 45 0:34 /sys /proc/sys ro - proc proc rw\n"
				"61 46 0:5 /null /dev/null rw - devtmpfs udev rw\n"
				"62 39 0:50 / /mnt rw - tmpfs made-by-the-program rw\n";

/* What a path leads to in that container: /var is a symlink to /run. */
static int look(void *data, const char *path)
{
	static const struct {
		const char *path;
		int id;
	} places[] = {
		{ "/proc", 45 },
		{ "/dev", 46 },
		{ "/sys", 50 },
		{ "/sys/fs/cgroup", 51 },
		{ "/var/data\t", 52 },
		{ "/var/data\t/tmp", 54 },
		{ "/proc/kcore", 59 },
		{ "/proc/keys", -2 },
		{ "/dev/null", 61 },
		{ "/dev/zero", 0 },
		{ "/var/data\t/link", 99 },
		{ "/run/notify", -2 },
	};

	(void)data;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(places[i].path, path) == 0)
			return places[i].id;
	return -2;
}

static const char config[] =
	"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/\","
	"\"args\":[\"x\"]},\"mounts\":["
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\"},"
	"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\"},"
	"{\"destination\":\"/var//data\\t/\",\"source\":\"/x\",\"options\":[\"rbind\"]},"
	"{\"destination\":\"/var/data\\t/tmp\",\"type\":\"tmpfs\",\"source\":\"none\"},"
	"{\"destination\":\"/proc\",\"options\":[\"remount\",\"ro\"]}],"
	"\"linux\":{\"maskedPaths\":[\"/proc/kcore\",\"/proc/keys\"],\"namespaces\":["
	"{\"type\":\"mount\"},{\"type\":\"pid\"}%s]}}";

static struct oci_spec *spec_with(const char *namespaces)
{
	struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;
	char text[2048];

	(void)snprintf(text, sizeof(text), config, namespaces);
	assert_int_equal(oci_spec_decode(text, strlen(text), &spec, &e), 0);
	return spec;
}

static void select_mounts(const char *namespaces, struct external_mounts *ret)
{
	struct oci_spec *spec = spec_with(namespaces);
	struct external_places places;
	struct mount_table table;
	struct err e = ERR_INIT;

	assert_int_equal(external_parse(mountinfo, &arena, &table), 0);
	assert_int_equal(table.count, 13);
	assert_int_equal(external_places(spec, &arena, &places, &e), 0);
	assert_int_equal(external_select(&places, &table, look, NULL, &arena, ret, &e), 0);
	oci_spec_free(spec);
}

static const char *key_of(const struct external_mounts *l, const char *mountpoint)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->items[i].mountpoint, mountpoint) == 0)
			return l->items[i].key;
	return "";
}

static void test_which(void **state)
{
	struct external_mounts l;

	(void)state;
	select_mounts("", &l);
	assert_string_equal(key_of(&l, "/sys/fs/cgroup"), "/sys/fs/cgroup");
	assert_string_equal(key_of(&l, "/proc/kcore"), "/proc/kcore");
	assert_string_equal(key_of(&l, "/dev/null"), "/dev/null");
	/* by the name of the config, although it lies elsewhere */
	assert_string_equal(key_of(&l, "/run/data\t"), "/var/data\t");
	assert_string_equal(key_of(&l, "/run/data\t/disk"), "/var/data\t/disk");
	/* a filesystem of the container's own on it is CRIU's, what is on that came with the tree */
	assert_string_equal(key_of(&l, "/run/data\t/tmp"), "");
	assert_string_equal(key_of(&l, "/run/data\t/tmp/in"), "/var/data\t/tmp/in");
	assert_int_equal(l.count, 6);
}

/* The host's sysfs is bound where only its owner could mount one: then it is external with all below. */
static void test_host_sysfs(void **state)
{
	struct external_mounts l;

	(void)state;
	select_mounts(",{\"type\":\"user\"}", &l);
	assert_string_equal(key_of(&l, "/sys"), "/sys");
	assert_int_equal(l.count, 7);
	select_mounts(",{\"type\":\"user\"},{\"type\":\"network\"}", &l);
	assert_string_equal(key_of(&l, "/sys"), "");
	assert_int_equal(l.count, 6);
}

static void test_parse(void **state)
{
	static const char *const bad[] = { "x", "1 2 3:4 / /\n", "1 2 3:4 / / rw\n",
					   "1 2 3:4 / / rw -\n", "\n" };
	struct mount_table t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(external_parse(bad[i], &arena, &t), -EINVAL);
	assert_int_equal(external_parse("", &arena, &t), 0);
	assert_int_equal(t.count, 0);
	assert_int_equal(external_parse("1 2 3:4 /a\\134 /b\\0 rw - c d e", &arena, &t), 0);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.items[0].parent, 2);
	assert_string_equal(t.items[0].root, "/a\\");
	assert_string_equal(t.items[0].mountpoint, "/b\\0");
	assert_string_equal(t.items[0].type, "c");
	assert_string_equal(t.items[0].source, "d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_which, teardown),
		cmocka_unit_test_teardown(test_host_sysfs, teardown),
		cmocka_unit_test_teardown(test_parse, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

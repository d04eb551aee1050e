// SPDX-License-Identifier: GPL-2.0-or-later
/* The pure parts of a restore: descriptors, the gate's look at a task, mount points, what is taken over. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "checkpoint/again.h"
#include "checkpoint/restore_stage.h"
#include "util/cleanup.h"
#include "util/kernel.h"

#ifdef HAVE_CRIU

#include "checkpoint/restore_gate.h"
#include "checkpoint/restore_work.h"

/* ---- descriptors.json ---- */

static int read_stdio(const char *text, struct arena *a, struct restore_fds *ret)
{
	struct err e = ERR_INIT;

	return restore_stdio_parse(text, strlen(text), a, ret, &e);
}

static void test_stdio(void **state)
{
	struct restore_fds l = { 0 };
	struct arena a = { 0 };

	(void)state;
	assert_int_equal(read_stdio("[\"/dev/null\",\"pipe:[12]\",\"file[1c:4]\"]", &a, &l), 0);
	assert_int_equal(l.count, 2);
	assert_string_equal(l.items[0].key, "pipe:[12]");
	assert_int_equal(l.items[0].fd, 1);
	assert_string_equal(l.items[1].key, "file[1c:4]");
	assert_int_equal(l.items[1].fd, 2);
	l.count = 0;
	/* the same pipe twice is one thing to CRIU, and the first descriptor is it */
	assert_int_equal(read_stdio("[\"\",\"pipe:[7]\",\"pipe:[7]\"]", &a, &l), 0);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.items[0].fd, 1);
	arena_free(&a);
}

static void test_stdio_bad(void **state)
{
	static const char *const bad[] = { "", "{}", "[1]", "[\"a\",\"b\",\"c\",\"d\"]", "[\"a\"" };
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct restore_fds l = { 0 };

		assert_int_equal(read_stdio(bad[i], &a, &l), -EBADMSG);
	}
	arena_free(&a);
}

/* ---- all mounts of a namespace ---- */

#define STAGE_INFO                                                                                 \
	"10 1 8:1 / / rw - ext4 /dev/a rw\n"                                                       \
	"11 10 0:40 / /tmp rw,nosuid - tmpfs x rw\n"                                               \
	"12 11 8:1 /images/root /tmp/ctr/root rw - ext4 /dev/a rw\n"                               \
	"13 11 0:41 / /tmp/ctr/masks ro,nosuid,nodev - tmpfs x rw\n"                               \
	"14 11 8:1 /srv/data /tmp/ctr/3 ro,nosuid - ext4 /dev/a rw\n"
#define ROOT_INFO "20 2 8:1 /images/root / rw - ext4 /dev/a rw\n"
#define PROC_INFO "21 20 0:50 / /proc rw,nosuid,nodev,noexec - proc proc rw\n"
#define RUN_INFO  "22 20 0:51 / /run rw,nosuid - tmpfs tmpfs rw\n"
#define DATA_INFO "23 20 8:1 /srv/data /data ro,nosuid - ext4 /dev/a rw\n"
#define ALL_INFO  ROOT_INFO PROC_INFO RUN_INFO DATA_INFO

static int judge_mounts(const char *mountinfo, bool may_mount, struct err *e)
{
	struct image_place places[] = {
		{ .path = "/proc",
		  .real = "/proc",
		  .type = "proc",
		  .flags = MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  .needed = true },
		{ .path = "/var/run",
		  .real = "/run",
		  .type = "tmpfs",
		  .flags = MS_NOSUID,
		  .needed = true },
		{ .path = "/data",
		  .real = "/data",
		  .flags = MS_RDONLY | MS_NOSUID,
		  .outside = true,
		  .whole = true,
		  .needed = true },
		{ .path = "/proc/kcore", .real = "/proc/kcore", .mask = true, .outside = true },
		{ .path = "/proc/sys", .real = "/proc/sys", .flags = MS_RDONLY, .outside = true },
		{ .path = "/dev/null", .real = "/dev/null", .outside = true },
	};
	const struct image_view view = { .places = places, .place_count = ARRAY_SIZE(places) };
	struct mount_table given, all;
	const struct gate_table t = { .view = &view, .given = &given, .may_mount = may_mount };
	struct arena a = { 0 };
	int r;

	assert_int_equal(external_parse(STAGE_INFO, &a, &given), 0);
	assert_int_equal(external_parse(mountinfo, &a, &all), 0);
	*e = (struct err)ERR_INIT;
	r = gate_mount_table(&t, &all, e);
	arena_free(&a);
	return r;
}

static void test_mounts_allowed(void **state)
{
	static const char *const good[] = {
		ALL_INFO,
		ALL_INFO "30 21 0:41 /file /proc/kcore ro,nosuid,nodev - tmpfs x rw\n"
			 "31 21 0:50 /sys /proc/sys ro,nosuid,nodev,noexec - proc proc rw\n",
		/* the filesystem itself is read-only */
		ROOT_INFO PROC_INFO RUN_INFO
		"23 20 8:1 /srv/data /data rw,nosuid - ext4 /dev/a ro\n",
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(judge_mounts(good[i], false, &e), 0);
	/* who may mount has mounted, but not from anywhere */
	assert_int_equal(judge_mounts(ALL_INFO "30 20 0:60 / /opt rw - tmpfs x rw\n"
					       "31 20 8:1 /images/root/etc /mnt rw - ext4 a rw\n",
				      true, &e),
			 0);
}

static void test_mounts_refused(void **state)
{
	static const struct {
		const char *info, *why;
	} bad[] = {
		{ ALL_INFO "30 20 0:60 / /opt rw - tmpfs x rw\n",
		  "'/opt' is a mount, and the config" },
		{ ALL_INFO "30 20 0:60 / /etc rw - proc x rw\n",
		  "'/etc' is a mount, and the config" },
		{ ALL_INFO "30 20 0:60 / /etc rw - sysfs x rw\n",
		  "'/etc' is a mount, and the config" },
		{ ALL_INFO "30 20 0:60 / /etc rw - mqueue x rw\n",
		  "'/etc' is a mount, and the config" },
		{ ALL_INFO "30 20 8:1 /etc /opt rw - ext4 x rw\n", "something that the container" },
		{ ALL_INFO "30 20 8:2 / /data rw - ext4 x rw\n", "something that the container" },
		{ ALL_INFO "30 20 0:60 / / rw - tmpfs x rw\n", "'/' is not the container's root" },
		/* hidden by what is right */
		{ ROOT_INFO
		  "21 20 0:60 / /proc rw,nosuid,nodev,noexec - tmpfs x rw\n"
		  "30 21 0:50 / /proc rw,nosuid,nodev,noexec - proc proc rw\n" RUN_INFO DATA_INFO,
		  "'/proc' is not what the config mounts" },
		{ ROOT_INFO
		  "21 20 0:50 / /proc rw,nodev,noexec - proc proc rw\n" RUN_INFO DATA_INFO,
		  "without 'nosuid'" },
		{ ROOT_INFO
		  "21 20 0:50 / /proc rw,nosuid,noexec - proc proc rw\n" RUN_INFO DATA_INFO,
		  "without 'nodev'" },
		{ ROOT_INFO
		  "21 20 0:50 / /proc rw,nosuid,nodev - proc proc rw\n" RUN_INFO DATA_INFO,
		  "without 'noexec'" },
		{ ROOT_INFO PROC_INFO RUN_INFO "23 20 8:1 /srv/data /data rw,nosuid - ext4 a rw\n",
		  "'/data' is not read-only" },
		{ ROOT_INFO PROC_INFO RUN_INFO "23 20 0:60 / /data ro,nosuid - tmpfs a rw\n",
		  "'/data' is not what" },
		{ ALL_INFO "31 21 0:50 /sys /proc/sys rw,nosuid,nodev,noexec - proc proc rw\n",
		  "'/proc/sys' is not read-only" },
		{ ALL_INFO "31 21 0:60 / /dev/null rw - tmpfs x rw\n", "'/dev/null' is not what" },
		{ ROOT_INFO PROC_INFO DATA_INFO, "'/var/run' is not mounted" },
	};
	static const char *const foreign[] = {
		ALL_INFO "30 20 8:1 /etc /opt rw - ext4 x rw\n",
		ALL_INFO "30 20 8:2 / /data ro,nosuid - ext4 x rw\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[1024];
		struct err e;

		assert_int_equal(judge_mounts(bad[i].info, false, &e), -EBADMSG);
		err_format(&e, text, sizeof(text));
		if (!strstr(text, bad[i].why))
			fail_msg("%zu: %s", i, text);
	}
	/* nor may who can mount have what never was there */
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		struct err e;

		assert_int_equal(judge_mounts(foreign[i], true, &e), -EBADMSG);
		assert_int_equal(judge_mounts(foreign[i], false, &e), -EBADMSG);
	}
}

/* ---- /proc/PID/status ---- */

#define CAPS(inh, prm, eff, bnd, amb)                                                              \
	"CapInh:\t" inh "\nCapPrm:\t" prm "\nCapEff:\t" eff "\nCapBnd:\t" bnd "\nCapAmb:\t" amb "\n"
#define NONE "0000000000000000"

static int gate(const char *text, const struct gate_rules *rules, char *ret_text, size_t size)
{
	char status[1024];
	struct err e = ERR_INIT;
	int r;

	(void)snprintf(status, sizeof(status), "%s", text);
	r = gate_status(status, rules, &e);
	(void)snprintf(ret_text, size, "%s", e.text);
	return r;
}

static void check_gate(const char *text, const struct gate_rules *rules, const char *refused)
{
	char said[1024];
	int r = gate(text, rules, said, sizeof(said));

	assert_int_equal(r, refused ? -EBADMSG : 0);
	if (refused && !strstr(said, refused))
		fail_msg("'%s' says nothing of '%s'", said, refused);
}

static void test_gate(void **state)
{
	struct oci_id_map maps[] = { { .container_id = 0, .host_id = 1000, .size = 10 } };
	const oci_id_maps list = { .items = maps, .count = 1 };
	const struct gate_rules plain = { .bounding = 0x400 }, strict = { .bounding = 0x400,
									  .uid_maps = &list,
									  .gid_maps = &list,
									  .no_new_privs = true,
									  .seccomp = true };
	static const char good[] =
		"Name:\tsh\nState:\tt (tracing stop)\nUid:\t1000\t1001\t1002\t1009\n"
		"Gid:\t1000\t1000\t1000\t1000\n" CAPS(NONE, "0000000000000400", NONE,
						      "0000000000000400",
						      NONE) "NoNewPrivs:\t1\nSeccomp:\t2\n";

	(void)state;
	check_gate(good, &strict, NULL);
	check_gate(good, &plain, NULL);
	check_gate("Uid:\t1000\t1000\t0\t1000\n" CAPS(NONE, NONE, NONE, NONE,
						      NONE) "NoNewPrivs:\t1\nSeccomp:\t2\n",
		   &strict, "user id 0 of the host");
	check_gate("Gid:\t1010\t1000\t1000\t1000\n" CAPS(NONE, NONE, NONE, NONE,
							 NONE) "NoNewPrivs:\t1\nSeccomp:\t2\n",
		   &strict, "group id 1010");
	check_gate(CAPS(NONE, NONE, NONE, NONE, NONE) "NoNewPrivs:\t0\nSeccomp:\t2\n", &strict,
		   "no_new_privs");
	check_gate(CAPS(NONE, NONE, NONE, NONE, NONE) "NoNewPrivs:\t1\nSeccomp:\t0\n", &strict,
		   "seccomp");
	check_gate(CAPS(NONE, NONE, NONE, NONE, NONE) "NoNewPrivs:\t0\nSeccomp:\t0\n", &plain,
		   NULL);
	check_gate("Name:\tx\nState:\tZ (zombie)\n", &strict, NULL);
	/* what does not tell everything is not let through */
	check_gate("Name:\tx\n", &plain, "all of its status");
}

static void test_gate_caps(void **state)
{
	static const char *const sets[] = { "inheritable", "permitted", "effective", "bounding",
					    "ambient" };
	const struct gate_rules rules = { .bounding = 0x400 };

	(void)state;
	for (int bad = 0; bad < 5; bad++) {
		char text[512];

		(void)snprintf(text, sizeof(text),
			       "CapInh:\t%x\nCapPrm:\t%x\nCapEff:\t%x\nCapBnd:\t%x\nCapAmb:\t%x\n"
			       "NoNewPrivs:\t0\nSeccomp:\t0\n",
			       bad == 0 ? 0x401 : 0x400, bad == 1 ? 0x401 : 0x400,
			       bad == 2 ? 0x401 : 0x400, bad == 3 ? 0x401 : 0x400,
			       bad == 4 ? 0x401 : 0x400);
		check_gate(text, &rules, sets[bad]);
	}
}

#endif

/* ---- mount points ---- */

static void add_tree(struct plan *p, const char *path, const char *source)
{
	struct plan_source s = { .kind = PLAN_SOURCE_FD, .label = source };

	s.fd = open(source, O_PATH | O_CLOEXEC);
	assert_true(s.fd >= 0);
	PLAN_ADD(p, NULL, mount_tree, .root = 1, .path = plan_str(p, path),
		 .tree = plan_source(p, &s));
}

static void add_fs(struct plan *p, const char *path, const char *type)
{
	PLAN_ADD(p, NULL, mount_fs, .root = 1, .path = plan_str(p, path),
		 .type = plan_str(p, type));
}

static bool is_there(int root, const char *path, mode_t type)
{
	struct stat st;

	return fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_IFMT) == type;
}

static void test_points(void **state)
{
	char dir[] = "/tmp/ctr-test-XXXXXX", command[64];
	cleanup_(plan_freep) struct plan *p = plan_new();
	cleanup_fd int root = -EBADF;
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(dir));
	root = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	assert_int_equal(mkdirat(root, "root", 0755) | mkdirat(root, "root/run", 0755) |
				 mkdirat(root, "volume", 0755) |
				 symlinkat("/run", root, "root/link"),
			 0);
	(void)snprintf(command, sizeof(command), "%s/volume", dir);
	add_fs(p, "/dev", "tmpfs");
	add_tree(p, "/dev/file", "/etc/hostname"); /* on the tmpfs: not ours */
	add_tree(p, "/mnt/a", command);
	add_tree(p, "/mnt/a/b/c", "/etc");	    /* in the volume */
	add_tree(p, "/etc/hosts", "/etc/hostname"); /* a file */
	add_tree(p, "/link/x", "/etc");		    /* by way of the container's link */
	{
		cleanup_fd int inside = openat(root, "root", O_DIRECTORY | O_RDONLY | O_CLOEXEC);

		assert_int_equal(restore_points_make(p, inside, &e), 0);
		assert_int_equal(restore_points_make(p, inside, &e), 0);
	}
	assert_true(is_there(root, "root/dev", S_IFDIR));
	assert_false(is_there(root, "root/dev/file", S_IFREG));
	assert_true(is_there(root, "root/mnt/a", S_IFDIR));
	assert_false(is_there(root, "root/mnt/a/b", S_IFDIR));
	assert_true(is_there(root, "volume/b/c", S_IFDIR));
	assert_true(is_there(root, "root/etc/hosts", S_IFREG));
	assert_true(is_there(root, "root/run/x", S_IFDIR));
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0); /* NOLINT: of our own making */
}

/* ---- once more ---- */

static struct net_attachment bridge(const char *target, const char *name)
{
	struct net_attachment a = { .kind = NET_BRIDGE, .target = target };

	(void)snprintf(a.name, sizeof(a.name), "%s", name);
	return a;
}

static void test_addresses(void **state)
{
	struct net_attachment was[] = { bridge("a", "eth0"), bridge("b", "eth1") };
	struct net_attachment wants[] = { bridge("b", "eth1"), bridge("c", "eth0"),
					  bridge("a", "eth0") };
	struct net_setup before = { .items = { was, 2 } }, asked = { .items = { wants, 3 } };
	struct net_setup *s;
	struct arena a = { 0 };

	(void)state;
	assert_int_equal(net_addr_parse("10.0.0.5/24", 0, &was[0].ip4), 0);
	assert_int_equal(net_addr_parse("10.1.0.5/24", 0, &was[1].ip4), 0);
	was[1].mac[0] = 2;
	assert_int_equal(net_addr_parse("10.0.0.9/24", 0, &wants[2].ip4), 0);
	wants[2].has_ip4 = true;
	s = again_addresses(&asked, &before, &a);
	assert_non_null(s);
	assert_true(s->items.items[0].has_ip4 && s->items.items[0].has_mac);
	assert_memory_equal(s->items.items[0].ip4.bytes, was[1].ip4.bytes, 4);
	assert_false(s->items.items[1].has_ip4); /* another network */
	assert_memory_equal(s->items.items[2].ip4.bytes, wants[2].ip4.bytes, 4); /* chosen */
	assert_false(wants[0].has_ip4);
	arena_free(&a);
}

static void test_overlay(void **state)
{
	const char *base[] = { "/top", "/middle", "/rootfs" };
	const struct container_overlay was = {
		.used = true, .data = "/data", .size = 5, .base = { base, 3 }
	};
	struct overlay_request rq;
	struct arena a = { 0 };

	(void)state;
	assert_true(again_overlay(&was, &a, &rq));
	assert_true(rq.wanted && !rq.ephemeral && rq.size == 5);
	assert_int_equal(rq.layer_count, 2);
	assert_string_equal(rq.layers[0], "/middle");
	assert_string_equal(rq.layers[1], "/top");
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef HAVE_CRIU
		cmocka_unit_test(test_stdio),	       cmocka_unit_test(test_stdio_bad),
		cmocka_unit_test(test_mounts_allowed), cmocka_unit_test(test_mounts_refused),
		cmocka_unit_test(test_gate),	       cmocka_unit_test(test_gate_caps),
#endif
		cmocka_unit_test(test_points),	       cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_overlay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

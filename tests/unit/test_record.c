// SPDX-License-Identifier: GPL-2.0-or-later
/* container/record.h: what is written can be read, and what is damaged is called damaged. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/record.h"
#include "util/cleanup.h"
#include "util/io.h"

enum {
	TEXT_MAX = 16384
};

struct fixture {
	char path[64], text[TEXT_MAX];
	int dir;
	size_t size;
};

static struct oci_pair pairs[] = {
	{ "org.example.key", "value" },
	{ "", "" },
	{ "quote\"back\\slash", "line\nbreak\ttab\x01" },
	{ "\xc3\xa4", "\xe2\x82\xac" },
};

static const char *layers[] = { "/srv/\"layer\" 1", "/var/lib/bundles/web/rootfs" };

static const struct container_record sample = {
	.id = "web-1",
	.bundle = "/var/lib/bundles/we \"b\" 1",
	.rootfs = "/var/lib/bundles/web/rootfs",
	.created = "2026-01-02T03:04:05.000000006Z",
	.phase = PHASE_CREATED,
	.init = { .pid = 4194304,
		  .start_time = UINT64_MAX,
		  .pidfd_inode = 0x1234567890abcdefULL,
		  .boot_id = "01234567-89ab-cdef-0123-456789abcdef" },
	.cgroup_driver = CGROUP_DRIVER_CGROUPFS,
	.cgroup_path = "/ctr/web-1",
	.cgroup_made = 3,
	.resctrl = { .group = "gold", .monitor = "web-1", .made = RESCTRL_MONITOR },
	.owner = 4294967294U,
	.hooks_started = true,
	.memory_mark = "0123456789abcdef0123456789abcdef",
	.overlay = { .used = true,
		     .data = "/var/lib/ctr",
		     .size = UINT64_MAX,
		     .base = { .items = layers, .count = 2 } },
	.annotations = { .items = pairs, .count = sizeof(pairs) / sizeof(pairs[0]) },
};

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	if (!x)
		return -1;
	(void)snprintf(x->path, sizeof(x->path), "/tmp/ctr-test-record-XXXXXX");
	if (!mkdtemp(x->path))
		return -1;
	x->dir = open(x->path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	*state = x;
	return x->dir < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;
	int r;

	(void)unlinkat(x->dir, "state.json", 0);
	(void)unlinkat(x->dir, "other", 0);
	(void)close(x->dir);
	r = rmdir(x->path); /* nothing else may be left in it */
	free(x);
	return r;
}

static void put(const struct fixture *x, const char *text, size_t size)
{
	cleanup_fd int fd =
		openat(x->dir, "state.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, text, size), 0);
}

static void save(struct fixture *x, const struct container_record *r)
{
	cleanup_fd int fd = -EBADF;
	struct err e = ERR_INIT;
	ssize_t n;

	assert_int_equal(record_save(x->dir, r, &e), 0);
	fd = openat(x->dir, "state.json", O_RDONLY | O_CLOEXEC);
	n = read(fd, x->text, sizeof(x->text) - 1);
	assert_in_range(n, 1, sizeof(x->text) - 2);
	x->size = (size_t)n;
	x->text[n] = '\0';
}

static bool is_zero(const struct container_record *r)
{
	static const struct container_record zero;

	return memcmp(r, &zero, sizeof(zero)) == 0;
}

static void same_overlay(const struct container_overlay *a, const struct container_overlay *b)
{
	assert_int_equal(a->used, b->used);
	assert_int_equal(!a->data, !b->data);
	if (a->data)
		assert_string_equal(a->data, b->data);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->base.count, b->base.count);
	for (size_t i = 0; i < a->base.count; i++)
		assert_string_equal(a->base.items[i], b->base.items[i]);
}

static void same(const struct container_record *a, const struct container_record *b)
{
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->bundle, b->bundle);
	assert_string_equal(a->rootfs, b->rootfs);
	assert_string_equal(a->created, b->created);
	assert_int_equal(a->phase, b->phase);
	assert_int_equal(a->init.pid, b->init.pid);
	assert_true(a->init.start_time == b->init.start_time);
	assert_true(a->init.pidfd_inode == b->init.pidfd_inode);
	assert_string_equal(a->init.boot_id, b->init.boot_id);
	assert_int_equal(a->cgroup_driver, b->cgroup_driver);
	assert_int_equal(!a->cgroup_path, !b->cgroup_path);
	if (a->cgroup_path)
		assert_string_equal(a->cgroup_path, b->cgroup_path);
	assert_int_equal(a->cgroup_made, b->cgroup_made);
	assert_int_equal(!a->resctrl.group, !b->resctrl.group);
	if (a->resctrl.group)
		assert_string_equal(a->resctrl.group, b->resctrl.group);
	assert_int_equal(!a->resctrl.monitor, !b->resctrl.monitor);
	if (a->resctrl.monitor)
		assert_string_equal(a->resctrl.monitor, b->resctrl.monitor);
	assert_int_equal(a->resctrl.made, b->resctrl.made);
	assert_int_equal(a->owner, b->owner);
	assert_int_equal(a->creator.uid, b->creator.uid);
	assert_int_equal(a->creator.gid, b->creator.gid);
	assert_true(a->creator.capabilities == b->creator.capabilities);
	assert_int_equal(a->creator.initial_userns, b->creator.initial_userns);
	assert_int_equal(a->creator.copies_mounts, b->creator.copies_mounts);
	assert_int_equal(a->creator.makes_devices, b->creator.makes_devices);
	assert_int_equal(a->creator.maps_ids, b->creator.maps_ids);
	assert_int_equal(a->creator.setgroups, b->creator.setgroups);
	assert_int_equal(a->creator.needs_no_cgroup, b->creator.needs_no_cgroup);
	assert_int_equal(a->hooks_started, b->hooks_started);
	assert_int_equal(a->pause.pid, b->pause.pid);
	assert_int_equal(a->pause.uid, b->pause.uid);
	if (a->pause.pid) {
		assert_string_equal(a->pause.command, b->pause.command);
		assert_string_equal(a->pause.since, b->pause.since);
	}
	same_overlay(&a->overlay, &b->overlay);
	assert_int_equal(a->annotations.count, b->annotations.count);
	for (size_t i = 0; i < a->annotations.count; i++) {
		assert_string_equal(a->annotations.items[i].key, b->annotations.items[i].key);
		assert_string_equal(a->annotations.items[i].value, b->annotations.items[i].value);
	}
}

static void round_trip(struct fixture *x, const struct container_record *r)
{
	struct container_record is;
	struct arena a = { 0 };
	struct err e = ERR_INIT;

	save(x, r);
	assert_int_equal(record_load(x->dir, &a, &is, &e), 0);
	same(&is, r);
	arena_free(&a);
}

static void test_round_trip(void **state)
{
	struct container_record r = sample;

	round_trip(*state, &sample);
	r.creator = caller_root();
	round_trip(*state, &r);
	r.creator = caller_user(1000, 100);
	r.cgroup_path = NULL;
	r.annotations.count = 0;
	r.overlay.data = NULL;
	r.hooks_started = false;
	r.resctrl = (struct resctrl_place){ .group = "/" };
	r.init = (struct process_identity){ .boot_id = "" };
	r.phase = PHASE_CREATING;
	r.cgroup_driver = CGROUP_DRIVER_SYSTEMD;
	round_trip(*state, &r);
	r.cgroup_driver = CGROUP_DRIVER_SYSTEMD_USER;
	r.pause = (struct container_pause){ 77, 1000, "podman", "2026-05-01T00:00:00.000000000Z" };
	round_trip(*state, &r);
	r.pause = (struct container_pause){ 0 };
	r.phase = PHASE_RUNNING;
	r.cgroup_driver = CGROUP_DRIVER_NONE;
	r.init.pid = 1;
	r.resctrl = (struct resctrl_place){ 0 };
	round_trip(*state, &r); /* replaces the one before */
}

static void test_file(void **state)
{
	struct fixture *x = *state;
	struct stat st;

	save(x, &sample);
	assert_int_equal(fstatat(x->dir, "state.json", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
}

/* -EBADMSG or -ENOENT, and *ret is empty. */
static void damaged(const struct fixture *x, const char *what, int want)
{
	struct container_record r;
	struct arena a = { 0 };
	struct err e = ERR_INIT;
	int rc;

	memset(&r, 0x5a, sizeof(r));
	rc = record_load(x->dir, &a, &r, &e);
	if (rc != want)
		fail_msg("%s: %d", what, rc);
	assert_true(is_zero(&r));
	assert_int_equal(e.kind, ERR_STATE);
	arena_free(&a);
}

static void test_missing(void **state)
{
	damaged(*state, "no file", -ENOENT);
}

/* A torn write, wherever it was torn. */
static void test_truncated(void **state)
{
	struct fixture *x = *state;
	char what[32];

	save(x, &sample);
	for (size_t size = 0; size < x->size; size++) {
		(void)snprintf(what, sizeof(what), "%zu bytes", size);
		put(x, x->text, size);
		damaged(x, what, -EBADMSG);
	}
}

/* Any byte changed to anything like it: never a crash; the result is a record or "damaged". */
static void test_changed_bytes(void **state)
{
	static const char with[] = { '\0', '"',	 '{', '}', '[', ']',   ',',
				     ':',  '\\', '0', '-', ' ', '\xff' };
	struct fixture *x = *state;
	size_t bad = 0;

	save(x, &sample);
	for (size_t i = 0; i < x->size; i++) {
		struct container_record r;
		struct arena a = { 0 };
		struct err e = ERR_INIT;
		char old = x->text[i];
		int rc;

		x->text[i] = with[i % sizeof(with)];
		put(x, x->text, x->size);
		rc = record_load(x->dir, &a, &r, &e);
		if (rc != 0 && rc != -EBADMSG)
			fail_msg("byte %zu: %d", i, rc);
		assert_int_equal(rc != 0, is_zero(&r));
		bad += rc != 0;
		x->text[i] = old;
		arena_free(&a);
	}
	assert_true(bad > x->size / 8);
}

/* Replace @from by @to in the sample's text. */
static void edited(struct fixture *x, const char *from, const char *to)
{
	char text[TEXT_MAX];
	char *at;

	save(x, &sample);
	at = strstr(x->text, from);
	if (!at)
		fail_msg("'%s' is not in %s", from, x->text);
	(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - x->text), x->text, to,
		       at + strlen(from));
	put(x, text, strlen(text));
	damaged(x, to, -EBADMSG);
}

static void test_wrong_values(void **state)
{
	struct fixture *x = *state;

	edited(x, "\"version\":1", "\"version\":2");
	edited(x, "\"version\":1", "\"version\":\"1\"");
	edited(x, "\"version\":1,", "");
	edited(x, "\"id\":\"web-1\"", "\"id\":7");
	edited(x, "\"id\":\"web-1\"", "\"id\":null");
	edited(x, "\"id\":\"web-1\",", "");
	edited(x, "\"bundle\":", "\"bumble\":");
	edited(x, "\"rootfs\":", "\"rootfz\":");
	edited(x, "\"created\":", "\"creates\":");
	edited(x, "\"phase\":\"created\"", "\"phase\":\"paused\"");
	edited(x, "\"phase\":\"created\"", "\"phase\":1");
	edited(x, "\"phase\":\"created\",", "");
	edited(x, "\"init\":", "\"exit\":");
	edited(x, "\"init\":", "\"init\":5,\"x\":");
	edited(x, "\"init\":", "\"init\":[],\"x\":");
	edited(x, "\"bootId\":\"01234567", "\"bootId\":\"0000000000001234567");
	edited(x, "\"bootId\":", "\"boots\":");
	edited(x, "\"cgroup\":", "\"cgroup\":\"x\",\"y\":");
	edited(x, "\"driver\":\"cgroupfs\"", "\"driver\":\"none at all\"");
	edited(x, "\"driver\":", "\"river\":");
	edited(x, "\"base\":[", "\"base\":[1,");
	edited(x, "\"base\":[", "\"base\":[],\"z\":[");
	edited(x, "\"base\":[", "\"z\":[");
	edited(x, "\"annotations\":{", "\"annotations\":[],\"z\":{");
	edited(x, "\"value\"", "7");
	/* a pid that is none: a signal to it would go anywhere */
	edited(x, "\"pid\":4194304", "\"pid\":-1");
	edited(x, "\"pid\":4194304", "\"pid\":4294967297");
	edited(x, "\"pid\":4194304", "\"pid\":18446744073709551615");
	edited(x, "\"pid\":4194304", "\"pid\":\"1\"");
	edited(x, "\"pid\":4194304,", "");
	/* and what the reader of JSON refuses */
	edited(x, "\"id\":", "\"id\":\"a\",\"id\":");
	edited(x, "web-1", "web\\u0000");
}

static void test_other_documents(void **state)
{
	static const char *const texts[] = {
		"", "null", "[]", "{}", "7", "\"x\"", "{\"version\":1}", "[{\"version\":1}]"
	};
	struct fixture *x = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put(x, texts[i], strlen(texts[i]));
		damaged(x, texts[i], -EBADMSG);
	}
}

/* Nothing but a regular file of ours, and not a huge one. */
static void test_not_a_file(void **state)
{
	struct fixture *x = *state;
	int fd;

	save(x, &sample);
	assert_int_equal(renameat(x->dir, "state.json", x->dir, "other"), 0);
	assert_int_equal(symlinkat("other", x->dir, "state.json"), 0);
	damaged(x, "a symlink", -ELOOP);
	assert_int_equal(unlinkat(x->dir, "state.json", 0), 0);
	assert_int_equal(mkdirat(x->dir, "state.json", 0700), 0);
	damaged(x, "a directory", -EISDIR);
	assert_int_equal(unlinkat(x->dir, "state.json", AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(x->dir, "state.json", 0600), 0);
	(void)alarm(20);
	damaged(x, "a fifo", -EINVAL);
	(void)alarm(0);
	assert_int_equal(unlinkat(x->dir, "state.json", 0), 0);
	fd = openat(x->dir, "state.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 5 << 20), 0);
	(void)close(fd);
	damaged(x, "a huge file", -EFBIG);
}

/* A record that cannot be written leaves the old one as it was. */
static void test_save_fails(void **state)
{
	struct fixture *x = *state;
	struct err e = ERR_INIT;
	char before[TEXT_MAX];

	save(x, &sample);
	memcpy(before, x->text, x->size + 1);
	assert_int_equal(mkdirat(x->dir, ".state.json.new", 0700), 0);
	assert_true(record_save(x->dir, &sample, &e) < 0);
	assert_non_null(strstr(e.text, "write the state of container 'web-1'"));
	assert_int_equal(unlinkat(x->dir, ".state.json.new", AT_REMOVEDIR), 0);
	save(x, &sample);
	assert_string_equal(x->text, before);
	/* what a killed writer left behind is replaced */
	(void)close(openat(x->dir, ".state.json.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0400));
	round_trip(x, &sample);
	assert_int_equal(record_save(-EBADF, &sample, &e), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_truncated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_documents, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_save_fails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

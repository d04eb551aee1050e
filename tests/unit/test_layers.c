// SPDX-License-Identifier: GPL-2.0-or-later
/* rootfs/layers.h: making, opening, what is stacked, removing, and what somebody who was killed leaves. */
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

#include "layers_fixture.h"
#include "util/cleanup.h"

static void create(struct layers_fixture *x, const char *id)
{
	struct layers *l = NULL;
	struct err e = ERR_INIT;
	int r = layers_create(x->data, id, &x->bases, &l, &e);

	if (r != 0)
		fail_msg("create: %s", e.text);
	layers_close(l);
}

/* The upper directory of @id, to be closed. */
static int upper_of(struct layers_fixture *x, const char *id)
{
	struct overlay_stack s = OVERLAY_STACK_EMPTY;
	struct layers *l = NULL;
	struct err e = ERR_INIT;
	int fd;

	if (layers_open(x->data, id, &l, &e) != 0 || layers_stack(l, &s, &e) != 0)
		fail_msg("%s", e.text);
	fd = take_fd(&s.upper);
	overlay_stack_close(&s);
	layers_close(l);
	return fd;
}

static void test_first_time(void **state)
{
	struct layers_fixture *x = *state;
	struct overlay_stack s = OVERLAY_STACK_EMPTY;
	struct layers *l = NULL;
	struct err e = ERR_INIT;
	struct stat st;

	assert_int_equal(chmod(x->base, 0711), 0);
	assert_int_equal(layers_create(x->data, "web", &x->bases, &l, &e), 0);
	assert_int_equal(layers_stack(l, &s, &e), 0);
	assert_int_equal(s.count, 1);
	assert_true(holds(s.lowers[0], "f", "base\n"));
	assert_int_equal(fstat(s.upper, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_int_equal(fstat(s.work, &st), 0);
	overlay_stack_close(&s);
	assert_int_equal(layers_snapshot_stack(l, NULL, &s, &e), 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.upper, -EBADF);
	overlay_stack_close(&s);
	layers_close(l);
}

static void test_what_is_written_stays(void **state)
{
	struct layers_fixture *x = *state;
	int fd;

	create(x, "web");
	fd = upper_of(x, "web");
	put(fd, "new", "text");
	(void)close(fd);
	create(x, "web");
	fd = upper_of(x, "web");
	assert_true(holds(fd, "new", "text"));
	(void)close(fd);
}

static void test_other_base(void **state)
{
	struct layers_fixture *x = *state;
	const char *dirs[] = { x->path, x->base };
	const struct layers_base other = { dirs, 2 };
	struct layers *l = NULL;
	struct err e = ERR_INIT;

	create(x, "web");
	assert_int_equal(layers_create(x->data, "web", &other, &l, &e), -EEXIST);
	assert_null(l);
	assert_non_null(strstr(e.text, x->base));
	assert_non_null(strstr(e.text, "not on"));
}

static void test_bad_bases(void **state)
{
	static const char *const dirs[] = { "relative", "/bad\xff", "/nonexistent-directory" };
	struct layers_fixture *x = *state;

	for (size_t i = 0; i < 3; i++) {
		const struct layers_base base = { &dirs[i], 1 };
		struct layers *l = NULL;
		struct err e = ERR_INIT;

		assert_true(layers_create(x->data, "web", &base, &l, &e) < 0);
		assert_non_null(strstr(e.text, "base layer"));
		assert_false(exists(x->data, "web"));
	}
}

static void test_unknown(void **state)
{
	struct layers_fixture *x = *state;
	struct overlay_stack s = OVERLAY_STACK_EMPTY;
	struct layers *l = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(layers_open(x->data, "web", &l, &e), -ENOENT);
	assert_non_null(strstr(e.text, "container 'web' has no layers"));
	assert_int_equal(layers_open(x->data, "../data", &l, &e), -EINVAL);
	assert_int_equal(layers_remove(x->data, "web", &e), 0);
	create(x, "web");
	assert_int_equal(layers_open(x->data, "web", &l, &e), 0);
	assert_int_equal(layers_snapshot_stack(l, "old", &s, &e), -ENOENT);
	assert_non_null(strstr(e.text, "there is no snapshot 'old'"));
	layers_close(l);
}

static void test_remove(void **state)
{
	struct layers_fixture *x = *state;
	struct err e = ERR_INIT;

	create(x, "web");
	create(x, "web2");
	assert_int_equal(layers_remove(x->data, "web", &e), 0);
	assert_false(exists(x->data, "web"));
	assert_true(exists(x->data, "web2"));
	assert_int_equal(entries(x->data, ".layers"), 0);
}

/* Other things of a container may be kept beside its layers. */
static void test_remove_keeps_others(void **state)
{
	struct layers_fixture *x = *state;
	struct err e = ERR_INIT;

	create(x, "web");
	put(x->data, "web/other", "text");
	assert_int_equal(layers_remove(x->data, "web", &e), 0);
	assert_int_equal(entries(x->data, "web"), 1);
}

static void test_deep_tree_is_removed(void **state)
{
	struct layers_fixture *x = *state;
	struct err e = ERR_INIT;
	int fd, next;

	create(x, "web");
	fd = upper_of(x, "web");
	for (int i = 0; i < 2500; i++) {
		assert_int_equal(mkdirat(fd, "deeper", 0700), 0);
		put(fd, "f", "text");
		next = openat(fd, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	if (layers_remove(x->data, "web", &e) != 0)
		fail_msg("%s: %d", e.text, e.errnum);
	assert_false(exists(x->data, "web"));
}

static int count_rest(const char *what, void *context)
{
	(void)what;
	++*(int *)context;
	return 0;
}

static void test_rests_of_the_killed(void **state)
{
	struct layers_fixture *x = *state;
	struct err e = ERR_INIT;
	int n = 0;

	create(x, "web");
	/* killed before the record was there, while a layer was copied, while one was removed */
	assert_int_equal(
		shell("cd %s/data && mkdir -p half/layers/x/fs web/layers/y/fs .layers/z/fs "
		      ".layers/dead-z",
		      x->path),
		0);
	assert_int_equal(layers_gc(x->data, true, count_rest, &n, &e), 0);
	assert_int_equal(n, 4);
	assert_true(exists(x->data, ".layers/z/fs"));
	n = 0;
	assert_int_equal(layers_gc(x->data, false, count_rest, &n, &e), 0);
	assert_int_equal(n, 4);
	assert_false(exists(x->data, "half"));
	assert_int_equal(entries(x->data, "web/layers"), 1);
	assert_int_equal(entries(x->data, ".layers"), 0);
	n = 0;
	assert_int_equal(layers_gc(x->data, false, count_rest, &n, &e), 0);
	assert_int_equal(n, 0);
}

static void test_a_half_made_id_is_taken_over(void **state)
{
	struct layers_fixture *x = *state;

	assert_int_equal(shell("mkdir -p %s/data/web/layers/x/fs", x->path), 0);
	create(x, "web");
	assert_int_equal(entries(x->data, "web/layers"), 1);
}

/* Nobody knows what a damaged record refers to: everything stays. */
static void test_damaged_record(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{\"version\": 1}",
		"{\"version\": 1, \"base\": [], \"snapshots\": [], \"head\": null, \"last\": null, "
		"\"upper\": \"0123456789abcdef0123456789abcdef\", \"next\": 1}",
		"{\"version\": 1, \"base\": [\"/\"], \"snapshots\": [], \"head\": null, \"last\": "
		"null, "
		"\"upper\": \"../0123456789abcdef0123456789abc\", \"next\": 1}",
		"{\"version\": 1, \"base\": [\"/\"], \"snapshots\": [{\"name\": \"a\", \"layer\": "
		"\"0123456789abcdef0123456789abcdef\", \"created\": \"\", \"parent\": "
		"\"0123456789abcdef0123456789abcdef\"}], \"head\": null, \"last\": null, "
		"\"upper\": \"0123456789abcdef0123456789abcdee\", \"next\": 1}",
	};
	struct layers_fixture *x = *state;

	create(x, "web");
	assert_int_equal(
		shell("mkdir -p %s/data/.layers/z/fs %s/data/web/layers/y", x->path, x->path), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct layers *l = NULL;
		struct err e = ERR_INIT;
		int n = 0;

		put(x->data, "web/layers.json", texts[i]);
		assert_int_equal(layers_open(x->data, "web", &l, &e), -EBADMSG);
		assert_non_null(strstr(e.text, "layers of 'web': the record of layers is damaged"));
		assert_int_equal(layers_create(x->data, "web", &x->bases, &l, &e), -EBADMSG);
		assert_int_equal(layers_gc(x->data, false, count_rest, &n, &e), -EBADMSG);
		assert_true(exists(x->data, ".layers/z/fs"));
		assert_true(exists(x->data, "web/layers/y"));
	}
}

static void test_newer_record(void **state)
{
	struct layers_fixture *x = *state;
	struct layers *l = NULL;
	struct err e = ERR_INIT;

	create(x, "web");
	put(x->data, "web/layers.json", "{\"version\": 2}");
	assert_int_equal(layers_open(x->data, "web", &l, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "newer version"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, layers_setup, layers_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first_time),
		TEST(test_what_is_written_stays),
		TEST(test_other_base),
		TEST(test_bad_bases),
		TEST(test_unknown),
		TEST(test_remove),
		TEST(test_remove_keeps_others),
		TEST(test_deep_tree_is_removed),
		TEST(test_rests_of_the_killed),
		TEST(test_a_half_made_id_is_taken_over),
		TEST(test_damaged_record),
		TEST(test_newer_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

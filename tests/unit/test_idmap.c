// SPDX-License-Identifier: GPL-2.0-or-later
/* namespaces/idmap.h: the text that the kernel gets, and by which way. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "namespaces/idmap.h"

static void check_text(struct oci_id_map *items, size_t count, const char *want)
{
	oci_id_maps maps = { .items = items, .count = count };
	struct err e = ERR_INIT;
	char *text = NULL;

	assert_int_equal(idmap_text(&maps, &text, &e), 0);
	assert_string_equal(text, want);
	free(text);
}

static void test_text(void **state)
{
	struct oci_id_map maps[] = {
		{ 0, 100000, 65536 },
		{ 65536, 0, 1 },
		{ 4294967294U, 4294967294U, 1 },
		{ 4294967295U, 4294967295U, 4294967295U },
	};

	(void)state;
	check_text(NULL, 0, "");
	check_text(maps, 1, "0 100000 65536\n");
	check_text(maps, 2, "0 100000 65536\n65536 0 1\n");
	check_text(maps + 2, 1, "4294967294 4294967294 1\n");
	check_text(maps + 3, 1, "4294967295 4294967295 4294967295\n"); /* the longest line */
}

/* user_namespaces(7): the kernel takes 340 lines. All of the longest kind must fit. */
static void test_limit(void **state)
{
	static struct oci_id_map maps[341];
	oci_id_maps list = { .items = maps, .count = 340 };
	struct err e = ERR_INIT;
	char *text = NULL;
	size_t lines = 0;

	(void)state;
	for (size_t i = 0; i < 341; i++)
		maps[i] = (struct oci_id_map){ UINT32_MAX, UINT32_MAX, UINT32_MAX };
	assert_int_equal(idmap_text(&list, &text, &e), 0);
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 340);
	assert_int_equal(strlen(text), 340 * 33);
	assert_int_equal(text[strlen(text) - 1], '\n');
	free(text);
	list.count = 341;
	text = (char *)1;
	assert_int_equal(idmap_text(&list, &text, &e), -E2BIG);
	assert_ptr_equal(text, (char *)1); /* untouched on failure */
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "341"));
}

static void test_equal(void **state)
{
	static struct oci_id_map maps[] = { { 0, 100000, 10 }, { 10, 5, 1 }, { 10, 5, 2 } };
	static struct oci_id_map turned[] = { { 10, 5, 1 }, { 0, 100000, 10 } };
	oci_id_maps a = { .items = maps, .count = 2 }, b = { .items = turned, .count = 2 };
	oci_id_maps none = { .items = NULL, .count = 0 };

	(void)state;
	assert_true(idmap_equal(&a, &a));
	assert_true(idmap_equal(&a, &b));
	assert_true(idmap_equal(&none, &none));
	assert_false(idmap_equal(&a, &none));
	b.count = 1;
	assert_false(idmap_equal(&a, &b));
	b = (oci_id_maps){ .items = maps + 1, .count = 2 };
	assert_false(idmap_equal(&a, &b));
}

/* Our own maps, whatever they are: at least one range, and the same ones again. */
static void test_read(void **state)
{
	struct arena arena = { 0 };
	oci_id_maps uids = { 0 }, gids = { 0 }, again = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(idmap_read(getpid(), &arena, &uids, &gids, &e), 0);
	assert_true(uids.count > 0 && gids.count > 0);
	assert_true(uids.items[0].size > 0);
	assert_int_equal(idmap_read(getpid(), &arena, &again, &gids, &e), 0);
	assert_true(idmap_equal(&uids, &again));
	assert_int_equal(idmap_read(INT32_MAX, &arena, &uids, &gids, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/uid_map"));
	arena_free(&arena);
}

/* user_namespaces(7): one line of one's own id is what anybody may write. */
static void test_way(void **state)
{
	struct oci_id_map own[] = { { 0, 1000, 1 }, { 1, 100000, 65536 } }, other = { 0, 1001, 1 },
			  two = { 0, 1000, 2 };
	const struct caller root = caller_root(), user = caller_user(1000, 100);
	const oci_id_maps one = { .items = own, .count = 1 }, more = { .items = own, .count = 2 },
			  foreign = { .items = &other, .count = 1 },
			  wide = { .items = &two, .count = 1 };

	(void)state;
	assert_int_equal(idmap_way(&one, 0, &root), IDMAP_DIRECT);
	assert_int_equal(idmap_way(&more, 0, &root), IDMAP_DIRECT);
	assert_int_equal(idmap_way(&one, 1000, &user), IDMAP_OWN);
	assert_int_equal(idmap_way(&one, 100, &user), IDMAP_HELPER);
	assert_int_equal(idmap_way(&more, 1000, &user), IDMAP_HELPER);
	assert_int_equal(idmap_way(&foreign, 1000, &user), IDMAP_HELPER);
	assert_int_equal(idmap_way(&wide, 1000, &user), IDMAP_HELPER);
}

static void test_setgroups(void **state)
{
	struct oci_id_map own[] = { { 0, 100, 1 }, { 1, 100000, 65536 } };
	const oci_id_maps one = { .items = own, .count = 1 }, more = { .items = own, .count = 2 };
	struct caller root = caller_root(), user = caller_user(1000, 100);

	(void)state;
	assert_true(idmap_allows_setgroups(&one, &root));
	assert_false(idmap_allows_setgroups(&one, &user));
	assert_true(idmap_allows_setgroups(&more, &user));
	root.setgroups = false; /* denied above means denied below */
	assert_false(idmap_allows_setgroups(&more, &root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),  cmocka_unit_test(test_limit),
		cmocka_unit_test(test_equal), cmocka_unit_test(test_read),
		cmocka_unit_test(test_way),   cmocka_unit_test(test_setgroups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

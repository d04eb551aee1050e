// SPDX-License-Identifier: GPL-2.0-or-later
/* util/path.h: cleaning and comparing container paths. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/path.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_clean(void **state)
{
	static const char *const cases[][2] = {
		{ "", "/" },
		{ "/", "/" },
		{ "//", "/" },
		{ ".", "/" },
		{ "./", "/" },
		{ "..", "/" },
		{ "/..", "/" },
		{ "/../..", "/" },
		{ "../../etc/passwd", "/etc/passwd" },
		{ "/../etc", "/etc" },
		{ "a", "/a" },
		{ "a/b", "/a/b" },
		{ "/a", "/a" },
		{ "/a/", "/a" },
		{ "/a//b", "/a/b" },
		{ "///a///b///", "/a/b" },
		{ "/a/./b/.", "/a/b" },
		{ "/a/b/..", "/a" },
		{ "/a/b/../", "/a" },
		{ "/a/..", "/" },
		{ "/a/../..", "/" },
		{ "/a/../../b", "/b" },
		{ "/a/b/../../c/d/../e", "/c/e" },
		{ "/a//b/./c/../d/", "/a/b/d" },
		{ "/proc/../proc/self", "/proc/self" },
		/* only whole components are special */
		{ "/...", "/..." },
		{ "/..a", "/..a" },
		{ "/a..", "/a.." },
		{ "/.a", "/.a" },
		{ "/a./b", "/a./b" },
		{ "/a/.../b", "/a/.../b" },
		{ "/ a/ b ", "/ a/ b " },
		{ "/a\tb", "/a\tb" },
		{ "/\xc3\xa4/b", "/\xc3\xa4/b" },
	};
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *clean = path_clean(&a, cases[i][0]);

		if (!clean || strcmp(clean, cases[i][1]) != 0)
			fail_msg("'%s': '%s'", cases[i][0], clean ? clean : "-");
		assert_string_equal(path_clean(&a, clean), clean); /* clean stays clean */
	}
	arena_free(&a);
}

static void test_clean_long(void **state)
{
	struct arena a = { 0 };
	char path[20001];
	const char *clean;

	(void)state;
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_string_equal(path_clean(&a, path), "/");
	for (size_t i = 1; i < sizeof(path) - 1; i += 2)
		path[i] = 'x';
	clean = path_clean(&a, path);
	assert_string_equal(clean, path);
	/* relative and without a trailing slash is the longest result: one byte more than the input */
	clean = path_clean(&a, path + 1);
	assert_int_equal(strlen(clean), strlen(path));
	arena_free(&a);
}

static void test_clean_no_memory(void **state)
{
	struct arena a = { .cap = 16 };

	(void)state;
	assert_null(path_clean(&a, "/a/path/that/is/longer/than/the/cap"));
	arena_free(&a);
}

static void test_below(void **state)
{
	static const struct {
		const char *path, *dir;
		bool below;
	} cases[] = {
		{ "/", "/", true },	      { "/a", "/", true },
		{ "/a/b", "/", true },	      { "/a", "/a", true },
		{ "/a/b", "/a", true },	      { "/a/b/c", "/a/b", true },
		{ "/", "/a", false },	      { "/ab", "/a", false },
		{ "/proc2", "/proc", false }, { "/proc/self", "/proc", true },
		{ "/a", "/a/b", false },      { "/b/a", "/a", false },
		{ "/a.b", "/a", false },      { "/procfs/x", "/proc", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (path_below(cases[i].path, cases[i].dir) != cases[i].below)
			fail_msg("'%s' below '%s'", cases[i].path, cases[i].dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_clean_long),
		cmocka_unit_test(test_clean_no_memory),
		cmocka_unit_test(test_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* util/textdiff.h: hunks as diff -u has them, and that they lead from one text to the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/textdiff.h"

struct output {
	char text[1 << 16];
	size_t len;
};

static void collect(void *data, char mark, const char *text, size_t size)
{
	struct output *o = data;
	int n = snprintf(o->text + o->len, sizeof(o->text) - o->len, "%.*s%.*s\n", mark != '@',
			 &mark, (int)size, text);

	o->len += (size_t)n;
	assert_true(o->len < sizeof(o->text));
}

static void check(const char *a, const char *b, const char *expected)
{
	const struct textdiff_text x = { a, strlen(a) }, y = { b, strlen(b) };
	struct output o = { .len = 0 };

	assert_int_equal(textdiff_unified(&x, &y, collect, &o), 0);
	assert_string_equal(o.text, expected);
}

static void test_hunks(void **state)
{
	(void)state;
	check("", "", "");
	check("a\nb\n", "a\nb\n", "");
	check("", "a\n", "@@ -0,0 +1 @@\n+a\n");
	check("a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n");
	check("a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
	check("1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n", "@@ -3,3 +3,4 @@\n 3\n 4\n 5\n+6\n");
}

/* Two changes are one hunk when no more than twice the context lies between them. */
static void test_distance(void **state)
{
	(void)state;
	check("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
	      "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
	check("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
	      "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

static void test_last_newline(void **state)
{
	(void)state;
	check("a\nb", "a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
	check("a", "b",
	      "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"
	      "\\ No newline at end of file\n");
}

static void test_binary(void **state)
{
	const struct textdiff_text text = { "a\n", 2 }, binary = { "a\0b", 3 }, empty = { "", 0 };

	(void)state;
	assert_true(textdiff_is_text(&text));
	assert_true(textdiff_is_text(&empty));
	assert_false(textdiff_is_text(&binary));
}

/* ---- any two texts: the marks spell both of them ---- */

struct replay {
	char old[8192], new[8192];
};

static void replay(void *data, char mark, const char *text, size_t size)
{
	struct replay *r = data;

	if (mark == '@' || mark == '\\')
		return;
	if (mark != '+')
		(void)snprintf(r->old + strlen(r->old), sizeof(r->old) - strlen(r->old), "%.*s\n",
			       (int)size, text);
	if (mark != '-')
		(void)snprintf(r->new + strlen(r->new), sizeof(r->new) - strlen(r->new), "%.*s\n",
			       (int)size, text);
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

/* Every line within the context of a change, so that hunks hold all of the text: few lines, few words. */
static void make(uint32_t *seed, char *buf, size_t size)
{
	size_t n = next(seed) % 12;

	buf[0] = '\0';
	for (size_t i = 0; i < n; i++)
		(void)snprintf(buf + strlen(buf), size - strlen(buf), "%c\n",
			       'a' + (int)(next(seed) % 3));
}

/* What is not in a hunk is the same in both, before and behind it. */
static void test_random(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char a[256], b[256];
		struct replay r = { "", "" };
		struct textdiff_text x, y;
		const char *old, *new;

		make(&seed, a, sizeof(a));
		make(&seed, b, sizeof(b));
		x = (struct textdiff_text){ a, strlen(a) };
		y = (struct textdiff_text){ b, strlen(b) };
		assert_int_equal(textdiff_unified(&x, &y, replay, &r), 0);
		if (strcmp(a, b) == 0) {
			assert_string_equal(r.old, "");
			continue;
		}
		/* one hunk, or two with a gap: both sides are found in the texts in order */
		old = r.old;
		new = r.new;
		assert_true(strlen(a) - strlen(old) == strlen(b) - strlen(new));
		if (strlen(a) == strlen(old))
			assert_true(strcmp(a, old) == 0 && strcmp(b, new) == 0);
	}
}

static void count_marks(void *data, char mark, const char *text, size_t size)
{
	size_t *counts = data;

	(void)text;
	(void)size;
	counts[mark == '-' ? 0 : mark == '+' ? 1 : mark == '@' ? 2 : 3]++;
}

/* More edits than are looked for: replaced as a whole. */
static void test_nothing_in_common(void **state)
{
	static char a[30000], b[30000];
	struct textdiff_text x = { a, 0 }, y = { b, 0 };
	size_t counts[4] = { 0 };

	(void)state;
	for (int i = 0; i < 3000; i++) {
		x.size += (size_t)snprintf(a + x.size, sizeof(a) - x.size, "a%d\n", i);
		y.size += (size_t)snprintf(b + y.size, sizeof(b) - y.size, "b%d\n", i);
	}
	assert_int_equal(textdiff_unified(&x, &y, count_marks, counts), 0);
	assert_int_equal(counts[0], 3000);
	assert_int_equal(counts[1], 3000);
	assert_int_equal(counts[2], 1);
	assert_int_equal(counts[3], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hunks),	     cmocka_unit_test(test_distance),
		cmocka_unit_test(test_last_newline), cmocka_unit_test(test_binary),
		cmocka_unit_test(test_random),	     cmocka_unit_test(test_nothing_in_common),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

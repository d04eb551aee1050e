// SPDX-License-Identifier: GPL-2.0-or-later
/* util/problems.h: what is kept, what is said twice, what pointers are mended, what is too much. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "util/cleanup.h"
#include "util/problems.h"

static int refuse(struct err *e, const char *at, const char *text)
{
	int r = err_set(e, ERR_CONFIG, 0, "%s", text);

	err_origin(e, "config.json%s%s", *at ? " " : "", at);
	return r;
}

static void keep(struct problems *p, const char *at, const char *text)
{
	struct err e = { .problems = p };

	assert_int_equal(err_keep(&e, refuse(&e, at, text)), 0);
	assert_int_equal(e.kind, ERR_NONE);
	assert_string_equal(e.text, "");
	assert_string_equal(e.origin, "");
	assert_ptr_equal(e.problems, p);
}

static const char *pointer(const struct problems *p, size_t i)
{
	return problem_pointer(&p->items[i].err);
}

/* Without a list, or with a result that is no mistake, nothing changes. */
static void test_passes(void **state)
{
	cleanup_(problems_free) struct problems p = PROBLEMS_INIT;
	struct err e = ERR_INIT, with = { .problems = &p };

	(void)state;
	assert_int_equal(err_keep(&e, refuse(&e, "/a", "bad")), -EINVAL);
	assert_string_equal(e.text, "bad");
	assert_int_equal(err_keep(NULL, -EPERM), -EPERM);
	assert_int_equal(err_keep(&with, 0), 0);
	assert_int_equal(err_keep(&with, 7), 7);
	assert_int_equal(err_keep(&with, -ENOMEM), -ENOMEM);
	assert_int_equal(err_keep(&with, -E2BIG), -E2BIG);
	assert_int_equal(p.count, 0);
}

static void test_keeps(void **state)
{
	cleanup_(problems_free) struct problems p = PROBLEMS_INIT;

	(void)state;
	keep(&p, "/a", "one");
	keep(&p, "/a", "two");
	keep(&p, "/a", "one"); /* said already */
	keep(&p, "", "whole");
	assert_int_equal(problems_addf(&p, PROBLEM_WARNING, "/w", "do it", "odd %d", 5), 0);
	assert_int_equal(p.count, 4);
	assert_int_equal(problems_count(&p, PROBLEM_ERROR), 3);
	assert_int_equal(problems_count(&p, PROBLEM_WARNING), 1);
	assert_string_equal(pointer(&p, 0), "/a");
	assert_string_equal(p.items[1].err.text, "two");
	assert_null(p.items[1].err.problems);
	assert_string_equal(pointer(&p, 2), "");
	assert_string_equal(pointer(&p, 3), "/w");
	assert_string_equal(p.items[3].err.text, "odd 5");
	assert_string_equal(p.items[3].err.hint, "do it");
}

/* What one stage said is not said again by the next one, nor about what is around it. */
static void test_stages(void **state)
{
	cleanup_(problems_free) struct problems p = PROBLEMS_INIT;

	(void)state;
	keep(&p, "/a/1/b", "early");
	assert_int_equal(problems_addf(&p, PROBLEM_WARNING, "/w", NULL, "odd"), 0);
	problems_next_stage(&p);
	keep(&p, "/a/1/b", "late");
	keep(&p, "/a/1", "late");
	keep(&p, "/a", "late");
	assert_int_equal(p.count, 2);
	keep(&p, "/a/1/b/c", "inside");
	keep(&p, "/a/10", "next to it");
	keep(&p, "", "the document");
	keep(&p, "/w", "a warning does not count");
	assert_int_equal(p.count, 6);
	/* nor is a warning an error said in other words */
	assert_int_equal(problems_addf(&p, PROBLEM_WARNING, "/a/1", NULL, "odd"), 0);
	assert_int_equal(p.count, 7);
}

static void test_below(void **state)
{
	cleanup_(problems_free) struct problems p = PROBLEMS_INIT;

	(void)state;
	assert_false(problems_below(NULL, "/a"));
	assert_false(problems_below(&p, "/a"));
	keep(&p, "/a/b", "x");
	assert_true(problems_below(&p, "/a"));
	assert_true(problems_below(&p, "/a/b"));
	assert_false(problems_below(&p, "/a/b/c"));
	assert_false(problems_below(&p, "/a/bc"));
	assert_false(problems_below(&p, "/ab"));
}

/* Items 0, 2 and 3 were left out of /m, and 1 out of a list in its item 4. */
static void test_gaps(void **state)
{
	static const char *const cases[][2] = {
		{ "/m/0", "/m/1" },
		{ "/m/1", "/m/4" },
		{ "/m/1/list/0", "/m/4/list/0" },
		{ "/m/1/list/1", "/m/4/list/2" },
		{ "/m/2/list/1/x", "/m/5/list/1/x" },
		{ "/n/0", "/n/0" },
		{ "/m", "/m" },
		{ "/m/x", "/m/x" },
		{ "", "" },
	};
	cleanup_(problems_free) struct problems p = PROBLEMS_INIT;

	(void)state;
	assert_int_equal(problems_gap(&p, "/m", 0), 0);
	assert_int_equal(problems_gap(&p, "/m", 2), 0);
	assert_int_equal(problems_gap(&p, "/m", 3), 0);
	assert_int_equal(problems_gap(&p, "/m/4/list", 1), 0);
	keep(&p, "/m/0", "while it is read, pointers are right");
	assert_string_equal(pointer(&p, 0), "/m/0");
	problems_compacted(&p);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		keep(&p, cases[i][0], "later");
		assert_string_equal(pointer(&p, i + 1), cases[i][1]);
	}
}

static void test_too_many(void **state)
{
	cleanup_(problems_free) struct problems p = PROBLEMS_INIT;
	char at[32];

	(void)state;
	for (int i = 0; i < PROBLEMS_MAX + 5; i++) {
		(void)snprintf(at, sizeof(at), "/x/%d", i);
		keep(&p, at, "bad");
	}
	assert_int_equal(p.count, PROBLEMS_MAX);
	assert_int_equal(p.omitted, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passes), cmocka_unit_test(test_keeps),
		cmocka_unit_test(test_stages), cmocka_unit_test(test_below),
		cmocka_unit_test(test_gaps),   cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests_name("problems", tests, NULL, NULL);
}

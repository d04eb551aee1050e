// SPDX-License-Identifier: GPL-2.0-or-later
/* util/arena.h: alignment, zeroing, caps, overflow. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/arena.h"

static int is_zero(const unsigned char *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (p[i])
			return 0;
	return 1;
}

static void test_alloc(void **state)
{
	struct arena a = { 0 };
	size_t sum = 0;

	(void)state;
	for (size_t size = 0; size < 4000; size += 7) {
		unsigned char *p = arena_alloc(&a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		assert_true(is_zero(p, size));
		memset(p, 0xff, size); /* a neighbour that overlaps would not be zero */
		sum += size;
	}
	assert_true(a.used >= sum);
	arena_free(&a);
	assert_null(a.head);
	assert_int_equal(a.used, 0);
}

static void test_large(void **state)
{
	struct arena a = { 0 };
	char *small = arena_strdup(&a, "before"), *big = arena_alloc(&a, 1 << 20), *after;

	(void)state;
	assert_non_null(big);
	assert_true(is_zero((unsigned char *)big, 1 << 20));
	memset(big, 'x', 1 << 20);
	after = arena_strdup(&a, "after");
	assert_string_equal(small, "before");
	assert_string_equal(after, "after");
	arena_free(&a);
	/* and again */
	assert_string_equal(arena_strdup(&a, "again"), "again");
	arena_free(&a);
	arena_free(&a);
}

static void test_impossible(void **state)
{
	struct arena a = { 0 };

	(void)state;
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 7));
	assert_null(arena_alloc(&a, SIZE_MAX / 2 + 1));
	assert_null(arena_array(&a, SIZE_MAX, 2));
	assert_null(arena_array(&a, SIZE_MAX / 8 + 1, 8));
	assert_null(arena_array(&a, 1ULL << 33, 1ULL << 31));
	assert_null(arena_memdup(&a, "x", SIZE_MAX));
	assert_int_equal(a.used, 0);
	assert_non_null(arena_array(&a, 0, 8));
	assert_non_null(arena_array(&a, 8, 0));
	arena_free(&a);
}

static void test_cap(void **state)
{
	struct arena a = { .cap = 1024 };
	size_t n = 0;

	(void)state;
	assert_null(arena_alloc(&a, 1025));
	assert_null(arena_alloc(&a, 100000));
	while (arena_alloc(&a, 100))
		n++;
	assert_int_equal(n, 9); /* 112 bytes each */
	assert_true(a.used <= a.cap);
	assert_null(arena_strdup(&a, "this one does not fit into what is left of the cap"));
	assert_non_null(arena_alloc(&a, 16));
	assert_null(arena_alloc(&a, 1));
	arena_free(&a);
	assert_non_null(arena_alloc(&a, 1024)); /* the cap holds for what is alive */
	arena_free(&a);
}

static void test_copies(void **state)
{
	struct arena a = { 0 };
	char long_text[5000];

	(void)state;
	assert_string_equal(arena_strdup(&a, ""), "");
	assert_string_equal(arena_strdup(&a, "text"), "text");
	assert_string_equal(arena_memdup(&a, "textmore", 4), "text");
	assert_memory_equal(arena_memdup(&a, "a\0b", 3), "a\0b", 4);
	assert_string_equal(arena_printf(&a, "%s/%d", "x", 5), "x/5");
	assert_string_equal(arena_printf(&a, "%s", ""), "");
	memset(long_text, 'y', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(
		strlen(arena_printf(&a, "%s%s%s%s", long_text, long_text, long_text, long_text)),
		4 * (sizeof(long_text) - 1));
	a.cap = a.used;
	assert_null(arena_printf(&a, "%s", "no room"));
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc),	   cmocka_unit_test(test_large),
		cmocka_unit_test(test_impossible), cmocka_unit_test(test_cap),
		cmocka_unit_test(test_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

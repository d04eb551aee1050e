// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/PID/ksm_stat as kernels write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "container/merging.h"

static void test_sum(void **state)
{
	struct merging_stats s = { 0 };

	(void)state;
	assert_true(merging_parse("ksm_rmap_items 76\nksm_zero_pages 1\nksm_merging_pages 64\n"
				  "ksm_process_profit 257280\nksm_merge_any: yes\n",
				  &s));
	assert_true(merging_parse(
		"ksm_rmap_items 10\nksm_merging_pages 0\nksm_process_profit -640\n", &s));
	assert_true(s.known);
	assert_int_equal(s.pages, 64);
	assert_int_equal(s.profit_bytes, 256640);
}

static void test_strange(void **state)
{
	struct merging_stats s = { 0 };

	(void)state;
	assert_false(merging_parse("", &s));
	assert_false(merging_parse("ksm_rmap_items 76", &s));
	assert_false(merging_parse("ksm_merging_pages_of_others 3\n", &s));
	assert_false(merging_parse("ksm_merging_pages\n", &s));
	assert_false(merging_parse("no ksm_merging_pages 7\n", &s));
	assert_false(s.known);
	assert_true(merging_parse("ksm_merging_pages -7\n", &s));
	assert_int_equal(s.pages, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_strange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* util/num.h: sizes, integers and durations as people write them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/num.h"

typedef int parse_fn(const char *text, int64_t *ret);

struct number_case {
	const char *text;
	int r;
	int64_t value;
};

static void check(parse_fn *parse, const struct number_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t value = -77;
		int r = parse(cases[i].text, &value);

		if (r != cases[i].r || (r == 0 && value != cases[i].value))
			fail_msg("'%s': %d, %lld", cases[i].text, r, (long long)value);
		if (r < 0)
			assert_int_equal(value, -77);
	}
}

#define CHECK(fn, list) check(fn, list, sizeof(list) / sizeof((list)[0]))

static void test_sizes(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "1", 0, 1 },
		{ "-1", 0, -1 },
		{ "12b", 0, 12 },
		{ "12B", 0, 12 },
		{ "1k", 0, 1024 },
		{ "512m", 0, 536870912 },
		{ "512MB", 0, 536870912 },
		{ "1GiB", 0, 1073741824 },
		{ "2t", 0, 2199023255552 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "9007199254740992k", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-2", -EINVAL, 0 },
		{ "k", -EINVAL, 0 },
		{ "1x", -EINVAL, 0 },
		{ "1bb", -EINVAL, 0 },
		{ "1 k", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1.5g", -EINVAL, 0 },
	};

	(void)state;
	CHECK(num_parse_size, cases);
}

static void test_integers(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "-1", 0, -1 },
		{ "262144", 0, 262144 },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "1k", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
	};

	(void)state;
	CHECK(num_parse_i64, cases);
}

static void test_durations(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },		{ "5s", 0, 5000 },	 { "500ms", 0, 500 },
		{ "1m30s", 0, 90000 },	{ "1.5s", 0, 1500 },	 { "2h", 0, 7200000 },
		{ "1500us", 0, 1 },	{ "0s", 0, 0 },		 { "", -EINVAL, 0 },
		{ "5", -EINVAL, 0 },	{ "s", -EINVAL, 0 },	 { "-5s", -EINVAL, 0 },
		{ "5 s", -EINVAL, 0 },	{ "1..5s", -EINVAL, 0 }, { "5d", -EINVAL, 0 },
		{ "1e3s", -EINVAL, 0 }, { "00", -EINVAL, 0 },	 { "9999999999999h", -ERANGE, 0 },
	};

	(void)state;
	CHECK(num_parse_duration, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

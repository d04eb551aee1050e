// SPDX-License-Identifier: GPL-2.0-or-later
/* Dates, compared with what the C library makes of the same seconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "util/timestamp.h"

static void compare(int64_t t)
{
	time_t seconds = (time_t)t;
	struct tm want, is;

	assert_non_null(gmtime_r(&seconds, &want));
	timestamp_split(t, &is);
	assert_int_equal(is.tm_year, want.tm_year);
	assert_int_equal(is.tm_mon, want.tm_mon);
	assert_int_equal(is.tm_mday, want.tm_mday);
	assert_int_equal(is.tm_hour, want.tm_hour);
	assert_int_equal(is.tm_min, want.tm_min);
	assert_int_equal(is.tm_sec, want.tm_sec);
}

static void test_days(void **state)
{
	(void)state;
	/* each day for 500 years, at another time of the day */
	for (int64_t day = 0; day < (int64_t)500 * 366; day++) {
		compare(day * 86400);
		compare(day * 86400 + day * 7919 % 86400);
		compare(day * 86400 + 86399);
	}
}

static void test_text(void **state)
{
	char seconds[TIMESTAMP_SIZE], nanoseconds[TIMESTAMP_SIZE];
	struct tm tm = { .tm_year = 0 };

	(void)state;
	timestamp_seconds(seconds);
	timestamp_nanoseconds(nanoseconds);
	assert_int_equal(strlen(seconds), 20);
	assert_int_equal(strlen(nanoseconds), 30);
	assert_ptr_equal(strptime(seconds, "%Y-%m-%dT%H:%M:%SZ", &tm), seconds + 20);
	assert_int_equal(nanoseconds[19], '.');
	assert_int_equal(nanoseconds[29], 'Z');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* util/strbuf.h: text into a fixed buffer. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/strbuf.h"

static void test_appends(void **state)
{
	char buf[32];
	struct strbuf s = STRBUF_OVER(buf, sizeof(buf));

	(void)state;
	assert_string_equal(buf, ""); /* terminated before anything is added */
	strbuf_adds(&s, "");
	assert_int_equal(s.len, 0);
	strbuf_adds(&s, "one");
	strbuf_addf(&s, " %s %d", "two", 3);
	assert_string_equal(buf, "one two 3");
	assert_int_equal(s.len, 9);
	strbuf_adds(&s, "%s%n"); /* text, not a format */
	assert_string_equal(buf, "one two 3%s%n");
}

/* Every size from one byte up: cut at the end, terminated, nothing behind the buffer is touched. */
static void test_cut(void **state)
{
	const char *text = "0123456789";

	(void)state;
	for (size_t size = 1; size < 24; size++) {
		char buf[32];
		struct strbuf s;

		memset(buf, '#', sizeof(buf));
		s = (struct strbuf)STRBUF_OVER(buf, size);
		for (int i = 0; i < 3; i++)
			strbuf_adds(&s, text);
		assert_int_equal(strlen(buf), size - 1);
		assert_int_equal(s.len, size - 1);
		for (size_t i = 0; i + 1 < size; i++)
			assert_int_equal(buf[i], text[i % 10]);
		for (size_t i = size; i < sizeof(buf); i++)
			assert_int_equal(buf[i], '#');
	}
}

static void test_exact(void **state)
{
	char buf[5];
	struct strbuf s = STRBUF_OVER(buf, sizeof(buf));

	(void)state;
	strbuf_adds(&s, "abcd");
	assert_string_equal(buf, "abcd");
	assert_int_equal(s.len, 4);
	strbuf_adds(&s, "");
	strbuf_adds(&s, "e");
	strbuf_addf(&s, "%d", 1000000);
	assert_string_equal(buf, "abcd");
	assert_int_equal(s.len, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

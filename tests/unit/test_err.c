// SPDX-License-Identifier: GPL-2.0-or-later
/* util/err.h: what callers match on, cutting, keeping the first origin and hint. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/err.h"

static const char *format(const struct err *e)
{
	static char line[2048];

	memset(line, '#', sizeof(line));
	err_format(e, line, sizeof(line));
	return line;
}

static void test_set(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&e, ERR_SYSTEM, ENOENT, "open '%s'", "x"), -ENOENT);
	assert_int_equal(e.kind, ERR_SYSTEM);
	assert_int_equal(e.errnum, ENOENT);
	assert_string_equal(e.text, "open 'x'");
	err_origin(&e, "config.json /%s", "a");
	err_hint(&e, "do %d things", 2);
	assert_string_equal(format(&e),
			    "open 'x': no such file or directory (config.json /a): do 2 things");
	/* a new error starts afresh */
	assert_int_equal(err_set(&e, ERR_CONFIG, 0, "bad"), -EINVAL);
	assert_string_equal(format(&e), "bad");
}

static void test_null(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_SYSTEM, EPERM, "x"), -EPERM);
	assert_int_equal(err_set(NULL, ERR_SYSTEM, 0, "x"), -EINVAL);
	assert_int_equal(err_wrap(NULL, "x"), -EINVAL);
	err_origin(NULL, "x");
	err_hint(NULL, "x");
}

static void test_wrap(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	(void)err_set(&e, ERR_SYSTEM, EACCES, "mount '%s'", "/data");
	assert_int_equal(err_wrap(&e, "create %s", "web1"), -EACCES);
	assert_int_equal(err_wrap(&e, "run"), -EACCES);
	assert_string_equal(format(&e), "run: create web1: mount '/data': permission denied");
	(void)err_set(&e, ERR_USAGE, 0, "odd");
	assert_int_equal(err_wrap(&e, "kill"), -EINVAL);
	assert_string_equal(e.text, "kill: odd");
	assert_int_equal(e.kind, ERR_USAGE);
}

static void test_first_wins(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	(void)err_set(&e, ERR_CONFIG, 0, "t");
	err_origin(&e, "inner");
	err_origin(&e, "outer");
	err_hint(&e, "good advice");
	err_hint(&e, "other advice");
	assert_string_equal(format(&e), "t (inner): good advice");
}

/* strerror in lower case: containerd and cri-o match on these (checklist 3.8). */
static void test_strings(void **state)
{
	static const struct {
		int errnum;
		const char *text;
	} cases[] = {
		{ ENOENT, "no such file or directory" },
		{ EACCES, "permission denied" },
		{ EPERM, "operation not permitted" },
		{ EISDIR, "is a directory" },
		{ ENOTDIR, "not a directory" },
		{ ESRCH, "no such process" },
		{ ENOEXEC, NULL },
		{ EINVAL, "invalid argument" },
	};
	char buf[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = err_string(cases[i].errnum, buf, sizeof(buf));

		assert_true(text[0] >= 'a' && text[0] <= 'z');
		if (cases[i].text)
			assert_string_equal(text, cases[i].text);
	}
#ifdef __GLIBC__
	for (int i = 1; i < 4096; i++) {
		bool known = strncmp(strerror(i), "Unknown error", 13) != 0;

		assert_int_equal(known, err_text(i) != NULL);
		if (known)
			assert_string_equal(err_text(i), strerror(i));
	}
#endif
	assert_null(err_text(0));
	assert_null(err_text(-1));
	assert_string_equal(err_string(123456, buf, sizeof(buf)), "unknown error 123456");
	assert_string_equal(err_string(ENOENT, buf, 1), ""); /* no room is no crash */
	assert_string_equal(err_string(ENOENT, buf, 2), "n");
	assert_string_equal(err_string(ENOENT, buf, 8), "no such");
}

static void test_cut(void **state)
{
	static char big[4000];
	struct err e = ERR_INIT;
	char line[32];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	assert_int_equal(err_set(&e, ERR_SYSTEM, EIO, "%s", big), -EIO);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	err_origin(&e, "%s", big);
	err_hint(&e, "%s", big);
	assert_int_equal(strlen(e.origin), sizeof(e.origin) - 1);
	assert_int_equal(strlen(e.hint), sizeof(e.hint) - 1);
	/* the intent stays, the end of the old text goes */
	assert_int_equal(err_wrap(&e, "intent"), -EIO);
	assert_memory_equal(e.text, "intent: xxxx", 12);
	assert_true(strlen(e.text) < sizeof(e.text));
	assert_int_equal(err_wrap(&e, "%s", big), -EIO);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	for (size_t size = 1; size <= sizeof(line); size++) {
		memset(line, '#', sizeof(line));
		err_format(&e, line, size);
		assert_int_equal(strlen(line), size - 1);
		if (size < sizeof(line))
			assert_int_equal(line[size], '#');
	}
	assert_true(strlen(format(&e)) < 2048);
}

/* A name with control characters must not forge a second line of the log. */
static void test_control(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	(void)err_set(&e, ERR_USAGE, 0, "bad '%s'", "a\nctr: all is well\x1b[2J\x7f\t");
	err_origin(&e, "o\r");
	err_hint(&e, "h\b");
	assert_string_equal(format(&e), "bad 'a?ctr: all is well?[2J?"
					"?' (o?): h?");
	(void)err_set(&e, ERR_USAGE, 0, "%s", "\xc3\xa4\xe2\x82\xac"); /* UTF-8 passes */
	assert_string_equal(format(&e), "\xc3\xa4\xe2\x82\xac");
}

static void test_empty(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_string_equal(format(&e), "");
	e.errnum = ENOENT;
	assert_non_null(strstr(format(&e), "no such file or directory"));
}

static void test_kinds(void **state)
{
	(void)state;
	assert_string_equal(err_kind_name(ERR_NONE), "none");
	assert_string_equal(err_kind_name(ERR_SYSTEM), "system");
	assert_string_equal(err_kind_name(ERR_CONFIG), "config");
	assert_string_equal(err_kind_name(ERR_USAGE), "usage");
	assert_string_equal(err_kind_name(ERR_STATE), "state");
	assert_string_equal(err_kind_name(ERR_PAYLOAD), "payload");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),	cmocka_unit_test(test_null),
		cmocka_unit_test(test_wrap),	cmocka_unit_test(test_first_wins),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_control), cmocka_unit_test(test_empty),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

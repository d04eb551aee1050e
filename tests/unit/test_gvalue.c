// SPDX-License-Identifier: GPL-2.0-or-later
/* cgroups/gvalue.h: what is read, how it is written again, what is refused and with which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cgroups/gvalue.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct {
	const char *text, *type, *printed; /* NULL: as it was read */
} good[] = {
	{ "'text'", "s", NULL },
	{ "\"text\"", "s", "'text'" },
	{ "''", "s", NULL },
	{ "'it\\'s \\\\ \\n'", "s", NULL },
	{ "  'space'\t", "s", "'space'" },
	{ "string 'x'", "s", "'x'" },
	{ "objectpath '/a'", "o", NULL },
	{ "signature 'as'", "g", NULL },
	{ "true", "b", NULL },
	{ "false", "b", NULL },
	{ "boolean true", "b", "true" },
	{ "15", "i", NULL },
	{ "+15", "i", "15" },
	{ "-2147483648", "i", NULL },
	{ "0x10", "i", "16" },
	{ "byte 255", "y", NULL },
	{ "int16 -5", "n", NULL },
	{ "uint16 5", "q", NULL },
	{ "int32 5", "i", "5" },
	{ "uint32 4294967295", "u", NULL },
	{ "int64 -9223372036854775808", "x", NULL },
	{ "uint64 18446744073709551615", "t", NULL },
	{ "@t 5", "t", "uint64 5" },
	{ "1.5", "d", "double 1.5" },
	{ "double 2", "d", NULL },
	{ "['a', 'b']", "as", NULL },
	{ "['crio.service']", "as", NULL },
	{ "[1,2,3]", "ai", "[1, 2, 3]" },
	{ "[uint32 1, 2]", "au", "[uint32 1, uint32 2]" },
	{ "@as []", "as", NULL },
	{ "@au [1]", "au", "[uint32 1]" },
	{ "[['a'], ['b', 'c']]", "aas", NULL },
	{ "('a', uint64 1)", "(st)", NULL },
	{ "(1,)", "(i)", NULL },
	{ "[('/dev/null', uint64 5)]", "a(st)", NULL },
	{ "@a(st) [('x', 5)]", "a(st)", "[('x', uint64 5)]" },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct arena a = { 0 };
		char text[256];
		struct strbuf b = STRBUF_OVER(text, sizeof(text));
		const char *why = NULL, *want = good[i].printed ? good[i].printed : good[i].text;
		struct gvalue v;

		if (gvalue_parse(good[i].text, &a, &v, &why) != 0)
			fail_msg("%s: %s", good[i].text, why);
		gvalue_print(&v, &b);
		if (strcmp(v.type, good[i].type) != 0 || strcmp(text, want) != 0)
			fail_msg("%s: type %s, printed %s", good[i].text, v.type, text);
		/* what is printed means the same */
		if (gvalue_parse(text, &a, &v, &why) != 0 || strcmp(v.type, good[i].type) != 0)
			fail_msg("%s: not read again", text);
		arena_free(&a);
	}
}

static const struct {
	const char *text, *why;
} bad[] = {
	{ "", "a number is wanted" },
	{ "'open", "a text without its closing quote" },
	{ "'a' 'b'", "something follows the value" },
	{ "5 6", "something follows the value" },
	{ "'\\q'", "an unknown escape after '\\'" },
	{ "2147483648", "a number out of the range of its type" },
	{ "-2147483649", "a number out of the range of its type" },
	{ "uint64 -1", "a number out of the range of its type" },
	{ "byte 256", "a number out of the range of its type" },
	{ "uint64 99999999999999999999", "a number that is too large" },
	{ "uint64 'x'", "a text where another type is wanted" },
	{ "string 5", "a number where another type is wanted" },
	{ "uint64 true", "true or false where another type is wanted" },
	{ "uint64 [1]", "an array where another type is wanted" },
	{ "@as 5", "a number where another type is wanted" },
	{ "@zz 5", "an unknown type after '@'" },
	{ "@as", "an unknown type after '@'" },
	{ "@(s ('x')", "an unknown type after '@'" },
	{ "[]", "an empty array needs its type, as in '@as []'" },
	{ "['a' 'b']", "',' or ']' is missing" },
	{ "['a'", "',' or ']' is missing" },
	{ "['a', 5]", "a number where another type is wanted" },
	{ "[uint32 1, uint64 2]", "elements of different types" },
	{ "(1", "',' or ')' is missing" },
	{ "()", "a tuple of another length than its type" },
	{ "@(st) ('x',)", "a tuple of another length than its type" },
	{ "yes", "an unknown word" },
	{ "verylongwordthatisnotype 5", "an unknown word" },
	{ "{'a': 1}", "a number is wanted" },
	{ "[[[[[[[[[[1]]]]]]]]]]", "too many levels" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct arena a = { 0 };
		const char *why = NULL;
		struct gvalue v;
		int r = gvalue_parse(bad[i].text, &a, &v, &why);

		if (r != -EINVAL || strcmp(why, bad[i].why) != 0)
			fail_msg("%s: %d, %s", bad[i].text, r, why);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

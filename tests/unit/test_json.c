// SPDX-License-Identifier: GPL-2.0-or-later
/* json.h and json_out.h: what is refused and where, limits, integers, pointers, and writing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oci/json.h"
#include "oci/json_out.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct json_node *parse(struct arena *a, const char *text)
{
	const struct json_node *root = NULL;
	struct err e = ERR_INIT;

	if (json_parse(a, text, strlen(text), "doc", &root, &e) < 0)
		fail_msg("%s: %s (%s)", text, e.text, e.origin);
	return root;
}

static void refused(const char *text, size_t len, int rc, const char *says, const char *origin)
{
	const struct json_node *root = (const void *)1;
	struct arena a = { .cap = 256 << 20 };
	struct err e = ERR_INIT;
	int r = json_parse(&a, text, len, "doc", &root, &e);

	if (r != rc || !strstr(e.text, says) || strcmp(e.origin, origin) != 0)
		fail_msg("%.60s: got %d '%s' (%s), wanted %d '%s' (%s)", text, r, e.text, e.origin,
			 rc, says, origin);
	assert_ptr_equal(root, (const void *)1); /* outputs are untouched on failure */
	assert_int_equal(e.kind, ERR_CONFIG);
	arena_free(&a);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says, *origin;
	} cases[] = {
		{ "", "the document is empty at line 1, column 1", "doc" },
		{ " \n\t ", "the document is empty", "doc" },
		{ "{", "the text ends too early at line 1, column 2", "doc" },
		{ "{\"a\":[1,\n  2", "the text ends too early at line 2, column 4", "doc /a" },
		{ "\"abc", "the text ends too early", "doc" },
		{ "{]", "invalid JSON", "doc" },
		{ "{} {}", "trailing garbage at line 1, column 4", "doc" },
		{ "{}\n\nx", "invalid JSON: trailing garbage at line 3, column 1", "doc" },
		{ "[1,,2]",
		  "invalid JSON: unallowed token at this point in JSON text at line 1, "
		  "column 4",
		  "doc" },
		{ "[1 \"abc\"]", "at line 1, column 4", "doc" },
		{ "{\"a\" 1}", "invalid JSON", "doc" },
		{ "{'a':1}", "at line 1, column 2", "doc" },
		{ "{\"a\":1,}", "invalid JSON", "doc" },
		{ "[01]", "invalid JSON", "doc" },
		{ "[1.]", "invalid JSON", "doc" },
		{ "[.5]", "invalid JSON", "doc" },
		{ "[+1]", "invalid JSON", "doc" },
		{ "[-]", "invalid JSON", "doc" },
		{ "[NaN]", "invalid JSON", "doc" },
		{ "[tru]", "invalid JSON", "doc" },
		{ "/* hi */ {}", "invalid JSON", "doc" },
		{ "[\"a\nb\"]", "invalid JSON", "doc" },
		{ "[\"\\x\"]", "invalid JSON", "doc" },
		{ "[\"\\u12g4\"]", "invalid JSON", "doc" },
		{ "\xef\xbb\xbf{}", "byte order mark", "doc" },
		{ "{\"a\":1,\n\"b\":2,\n \"a\":3}", "duplicate key 'a' at line 3, column 2",
		  "doc /a" },
		{ "{\"x\":[0,{\"k\":1,\"\\u006b\":2}]}", "duplicate key 'k' at line 1, column 16",
		  "doc /x/1/k" },
		{ "{\"\":1,\"\":2}", "duplicate key ''", "doc /" },
		{ "{\"a/b\":{\"~\":\"\\u0000\"}}", "string with a NUL byte at line 1, column 13",
		  "doc /a~1b/~0" },
		{ "{\"a\\u0000b\":1}", "string with a NUL byte", "doc" },
		{ "[\"\\ud800\"]", "unpaired \\u surrogate", "doc /0" },
		{ "[\"\\ud800\\u0041\"]", "unpaired \\u surrogate", "doc /0" },
		{ "[\"\\udc00\\ud800\"]", "unpaired \\u surrogate", "doc /0" },
		{ "[\"\\ud800\\\\udc00\"]", "unpaired \\u surrogate", "doc /0" },
		{ "[\"\xff\"]", "invalid UTF-8 at line 1, column 3", "doc" },
		{ "[\"\xc0\x80\"]", "invalid UTF-8", "doc" },
		{ "[\"\xe0\x80\x80\"]", "invalid UTF-8", "doc" },
		{ "[\"\xed\xa0\x80\"]", "invalid UTF-8", "doc" },
		{ "[\"\xf4\x90\x80\x80\"]", "invalid UTF-8", "doc" },
		{ "[\"\xf0\x8f\x80\x80\"]", "invalid UTF-8", "doc" },
		{ "[\"\xc3\xa9\xe2\x82\"]", "invalid UTF-8 at line 1, column 4", "doc" },
		{ "[1] \xff", "invalid UTF-8", "doc" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		refused(cases[i].text, strlen(cases[i].text), -EINVAL, cases[i].says,
			cases[i].origin);
	refused("[\0]", 3, -EINVAL, "NUL byte at line 1, column 2", "doc");
	refused("{}\0", 3, -EINVAL, "NUL byte", "doc");
}

static void test_tree(void **state)
{
	static const char text[] = " {\"s\" : \"a\\n\\u00e9\\ud83d\\ude00\\/\", \"o\":{ },"
				   "\"l\":[ -0,1e3,true ,null]}\n";
	struct arena a = { .cap = 0 };
	const struct json_node *root = parse(&a, text), *list = json_member(root, "l"), *n;

	(void)state;
	assert_int_equal(root->type, JSON_OBJECT);
	assert_int_equal(root->count, 3);
	assert_int_equal(root->start, 1);
	assert_int_equal(root->end, sizeof(text) - 2);
	n = json_member(root, "s");
	assert_string_equal(n->text, "a\n\xc3\xa9\xf0\x9f\x98\x80/");
	assert_int_equal(text[n->start], '"');
	assert_int_equal(text[n->end - 1], '"');
	assert_int_equal(text[n->key_start + 1], 's');
	n = json_member(root, "o");
	assert_memory_equal(text + n->start, "{ }", n->end - n->start);
	assert_memory_equal(text + list->start, "[ -0,1e3,true ,null]", list->end - list->start);
	n = list->first;
	assert_string_equal(n->text, "-0");
	assert_int_equal(n->end - n->start, 2);
	assert_null(n->key);
	assert_string_equal(n->next->text, "1e3");
	assert_true(n->next->next->truth);
	assert_int_equal(n->next->next->next->type, JSON_NULL);
	assert_null(json_member(root, "none"));
	assert_null(json_member(list, "l"));
	arena_free(&a);
}

static void test_scalars_at_top(void **state)
{
	struct arena a = { .cap = 0 };
	const struct json_node *n = parse(&a, " 12 ");

	(void)state;
	assert_string_equal(n->text, "12");
	assert_int_equal(n->start, 1);
	n = parse(&a, "7");
	assert_string_equal(n->text, "7");
	n = parse(&a, "\"x\"");
	assert_string_equal(n->text, "x");
	arena_free(&a);
}

static void test_integers(void **state)
{
	static const struct {
		const char *text;
		int i64, u64; /* results */
		int64_t s;
		uint64_t u;
	} cases[] = {
		{ "0", 0, 0, 0, 0 },
		{ "-0", 0, 0, 0, 0 },
		{ "-1", 0, -ERANGE, -1, 0 },
		{ "9223372036854775807", 0, 0, INT64_MAX, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0, 0, UINT64_C(9223372036854775808) },
		{ "-9223372036854775808", 0, -ERANGE, INT64_MIN, 0 },
		{ "-9223372036854775809", -ERANGE, -ERANGE, 0, 0 },
		{ "18446744073709551615", -ERANGE, 0, 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, -ERANGE, 0, 0 },
		{ "99999999999999999999999999999999", -ERANGE, -ERANGE, 0, 0 },
		{ "1e3", -EINVAL, -EINVAL, 0, 0 },
		{ "1.5", -EINVAL, -EINVAL, 0, 0 },
		{ "1.0", -EINVAL, -EINVAL, 0, 0 },
		{ "1E400", -EINVAL, -EINVAL, 0, 0 },
		{ "99999999999999999999999.5", -EINVAL, -EINVAL, 0, 0 },
		{ "\"1\"", -EINVAL, -EINVAL, 0, 0 },
		{ "null", -EINVAL, -EINVAL, 0, 0 },
		{ "true", -EINVAL, -EINVAL, 0, 0 },
	};
	struct arena a = { .cap = 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct json_node *n = parse(&a, cases[i].text);
		int64_t s = 0;
		uint64_t u = 0;

		if (json_to_i64(n, INT64_MIN, INT64_MAX, &s) != cases[i].i64 || s != cases[i].s)
			fail_msg("%s as i64", cases[i].text);
		if (json_to_u64(n, UINT64_MAX, &u) != cases[i].u64 || u != cases[i].u)
			fail_msg("%s as u64", cases[i].text);
	}
	arena_free(&a);
}

static void test_ranges(void **state)
{
	struct arena a = { .cap = 0 };
	const struct json_node *n = parse(&a, "300");
	int64_t s;
	uint64_t u;

	(void)state;
	assert_int_equal(json_to_i64(n, 0, 299, &s), -ERANGE);
	assert_int_equal(json_to_i64(n, 301, 500, &s), -ERANGE);
	assert_int_equal(json_to_i64(n, 300, 300, &s), 0);
	assert_int_equal(json_to_u64(n, 299, &u), -ERANGE);
	assert_int_equal(json_to_u64(n, 300, &u), 0);
	arena_free(&a);
}

static void test_pointers(void **state)
{
	struct arena a = { .cap = 0 };
	const struct json_node *root = parse(&a, "{\"a~/b\":[1,{\"\":[2,3]}]}");
	const struct json_node *deep = root->first->first->next->first->first->next;
	char buf[64];

	(void)state;
	assert_string_equal(json_pointer(root, buf, sizeof(buf)), "");
	assert_string_equal(json_pointer(deep, buf, sizeof(buf)), "/a~0~1b/1//1");
	assert_string_equal(json_pointer(deep, buf, 6), "/a~0~");
	assert_string_equal(json_pointer(deep, buf, 1), "");
	assert_string_equal(json_pointer_escape("~1/", buf, sizeof(buf)), "~01~1");
	assert_string_equal(json_pointer_escape("~1/", buf, 3), "~0");
	arena_free(&a);
}

/* A text of @n times @open, then @n times @close. */
static char *nested(size_t n, char open, char close, size_t *ret_len)
{
	char *text = malloc(2 * n);

	assert_non_null(text);
	memset(text, open, n);
	memset(text + n, close, n);
	*ret_len = 2 * n;
	return text;
}

static void test_depth(void **state)
{
	struct arena a = { .cap = 0 };
	const struct json_node *root;
	struct err e = ERR_INIT;
	size_t len;
	char *text = nested(JSON_DEPTH_MAX, '[', ']', &len);

	(void)state;
	assert_int_equal(json_parse(&a, text, len, "doc", &root, &e), 0);
	arena_free(&a);
	free(text);

	text = nested(JSON_DEPTH_MAX + 1, '[', ']', &len);
	assert_int_equal(json_parse(&a, text, len, "doc", &root, &e), -E2BIG);
	assert_non_null(strstr(e.text, "nested deeper than 64 levels at line 1, column 65"));
	arena_free(&a);
	free(text);

	text = nested(1000000, '[', ']', &len);
	assert_int_equal(json_parse(&a, text, len, "doc", &root, &e), -E2BIG);
	arena_free(&a);
	free(text);
}

static void test_entries(void **state)
{
	size_t n = JSON_ENTRIES_MAX + 1;
	char *text = malloc(2 * n + 1);

	(void)state;
	assert_non_null(text);
	text[0] = '[';
	for (size_t i = 0; i < n; i++)
		memcpy(text + 1 + 2 * i, "0,", 2);
	text[2 * n] = ']';
	refused(text, 2 * n + 1, -E2BIG, "more than 65536 entries at line 1", "doc");
	text[2 * n - 2] = ']';
	{
		struct arena a = { .cap = 0 };
		const struct json_node *root;

		assert_int_equal(json_parse(&a, text, 2 * n - 1, "doc", &root, NULL), 0);
		assert_int_equal(root->count, JSON_ENTRIES_MAX);
		arena_free(&a);
	}
	free(text);
}

static void test_sizes(void **state)
{
	size_t n = JSON_TEXT_MAX + 1;
	char *text = malloc(n);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', n);
	refused(text, n, -E2BIG, "document larger than 16777216 bytes", "doc");
	memset(text, 'x', JSON_STRING_MAX + 3);
	text[0] = text[JSON_STRING_MAX + 2] = '"';
	refused(text, JSON_STRING_MAX + 3, -E2BIG, "string longer than 1048576 bytes", "doc");
	memset(text, '1', JSON_STRING_MAX + 3);
	text[JSON_STRING_MAX + 3] = ' ';
	refused(text, JSON_STRING_MAX + 4, -E2BIG, "number longer than 1048576 bytes", "doc");
	free(text);
}

/* "[[0,..],[0,..],...]": few bytes each, but a node each. */
static void test_memory_cap(void **state)
{
	enum {
		ROW = 60000,
		ROWS = 100
	};
	size_t row = 2 * ROW + 2, n = 0;
	char *text = malloc(row * ROWS + 2);

	(void)state;
	assert_non_null(text);
	text[n++] = '[';
	for (int r = 0; r < ROWS; r++) {
		text[n++] = '[';
		for (int i = 0; i < ROW; i++) {
			text[n++] = '0';
			text[n++] = ',';
		}
		text[n - 1] = ']';
		text[n++] = ',';
	}
	text[n - 1] = ']';
	refused(text, n, -E2BIG, "more memory than the limit of 256 MiB", "doc");
	free(text);
}

static void test_duplicate_among_many(void **state)
{
	enum {
		KEYS = 50000
	};
	char *text = malloc(KEYS * 16 + 16);
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	text[n++] = '{';
	for (int i = 0; i < KEYS; i++)
		n += (size_t)snprintf(text + n, 24, "\"k%d\":%d,", i, i);
	n += (size_t)snprintf(text + n, 24, "\"k77\":0}");
	refused(text, n, -EINVAL, "duplicate key 'k77' at line 1", "doc /k77");
	free(text);
}

static void write_sample(struct json_out *o)
{
	static const char *const words[] = { "p", "q" };

	json_out_object(o);
	json_out_member_string(o, "a/b", "x/\"\xff\x01\xc3\xa9");
	json_out_member_string(o, "none", NULL);
	json_out_member_object(o, "e");
	json_out_end_object(o);
	json_out_member_array(o, "f");
	json_out_end_array(o);
	json_out_member_uint(o, "u", UINT64_MAX);
	json_out_member_int(o, "i", INT64_MIN);
	json_out_member_bool(o, "t", true);
	json_out_member_strings(o, "s", words, COUNT(words));
	json_out_end_object(o);
}

static void test_out_compact(void **state)
{
	struct json_out o;
	char *text = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(json_out_init(&o, false), 0);
	write_sample(&o);
	assert_int_equal(json_out_finish(&o, &text, &len), 0);
	assert_string_equal(text, "{\"a/b\":\"x/\\\"\xef\xbf\xbd\\u0001\xc3\xa9\",\"none\":null,"
				  "\"e\":{},\"f\":[],\"u\":18446744073709551615,"
				  "\"i\":-9223372036854775808,\"t\":true,\"s\":[\"p\",\"q\"]}");
	assert_int_equal(len, strlen(text));
	free(text);
	json_out_free(&o);
}

static void test_out_indented(void **state)
{
	struct json_out o;
	char *text = NULL;

	(void)state;
	assert_int_equal(json_out_init(&o, true), 0);
	json_out_array(&o);
	json_out_int(&o, 1);
	json_out_object(&o);
	json_out_end_object(&o);
	json_out_end_array(&o);
	assert_int_equal(json_out_finish(&o, &text, NULL), 0);
	assert_string_equal(text, "[\n  1,\n  {}\n]\n");
	free(text);
	json_out_free(&o);
}

static void test_out_misuse(void **state)
{
	struct json_out o;
	char *text = NULL;

	(void)state;
	assert_int_equal(json_out_init(&o, false), 0);
	assert_int_equal(json_out_finish(&o, &text, NULL), -EINVAL); /* nothing written */
	json_out_free(&o);
	assert_int_equal(json_out_init(&o, false), 0);
	json_out_object(&o);
	json_out_end_array(&o);
	assert_int_equal(json_out_finish(&o, &text, NULL), -EINVAL);
	json_out_free(&o);
	assert_int_equal(json_out_init(&o, false), 0);
	json_out_object(&o);
	json_out_int(&o, 1); /* not a key */
	json_out_end_object(&o);
	assert_int_equal(json_out_finish(&o, &text, NULL), -EINVAL);
	json_out_free(&o);
	assert_int_equal(json_out_init(&o, false), 0);
	for (int i = 0; i < JSON_OUT_DEPTH_MAX + 1; i++)
		json_out_array(&o);
	assert_int_equal(json_out_finish(&o, &text, NULL), -EINVAL);
	json_out_free(&o);
	assert_null(text);
}

static void test_out_reads_back(void **state)
{
	struct arena a = { .cap = 0 };
	struct json_out o;
	char *text = NULL;
	size_t len;
	const struct json_node *root;

	(void)state;
	assert_int_equal(json_out_init(&o, true), 0);
	write_sample(&o);
	assert_int_equal(json_out_finish(&o, &text, &len), 0);
	root = parse(&a, text);
	assert_string_equal(json_member(root, "a/b")->text, "x/\"\xef\xbf\xbd\x01\xc3\xa9");
	free(text);
	json_out_free(&o);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_scalars_at_top),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_memory_cap),
		cmocka_unit_test(test_duplicate_among_many),
		cmocka_unit_test(test_out_compact),
		cmocka_unit_test(test_out_indented),
		cmocka_unit_test(test_out_misuse),
		cmocka_unit_test(test_out_reads_back),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}

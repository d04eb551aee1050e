// SPDX-License-Identifier: GPL-2.0-or-later
/* container/merge.h: what an update says, laid over a config.json. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "container/merge.h"

/* @resources: of the config, or NULL for a config without linux. */
static void check(const char *resources, const char *update, const char *want)
{
	char config[1024] = "{\"a\":[1, 2]}", expected[1024];
	char *text = NULL;
	struct err e = ERR_INIT;
	size_t len = 0;

	if (resources)
		(void)snprintf(config, sizeof(config),
			       "{\"a\":[1, 2],\"linux\":{\"x\":\"\\u00e4\",\"resources\":%s}}",
			       resources);
	assert_int_equal(merge_linux("resources", config, strlen(config), update, strlen(update),
				     &text, &len, &e),
			 0);
	(void)snprintf(expected, sizeof(expected), "{\"a\":[1, 2],\"linux\":{%s\"resources\":%s}}",
		       resources ? "\"x\":\"\\u00e4\"," : "", want);
	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
	free(text);
}

static void test_fields(void **state)
{
	(void)state;
	check("{}", "{}", "{}");
	check(NULL, "{\"pids\":{\"limit\":3}}", "{\"pids\":{\"limit\":3}}");
	check("{\"pids\":{\"limit\":3},\"cpu\":{\"shares\":2, \"cpus\":\"0\"}}",
	      "{\"cpu\":{\"shares\":1024}}",
	      "{\"pids\":{\"limit\":3},\"cpu\":{\"shares\":1024,\"cpus\":\"0\"}}");
	check("{\"cpu\":{\"shares\":2}}", "{\"cpu\":{\"quota\":-1},\"pids\":{\"limit\":-1}}",
	      "{\"cpu\":{\"shares\":2,\"quota\":-1},\"pids\":{\"limit\":-1}}");
	check("{\"unified\":{\"memory.high\":\"1\"}}", "{\"unified\":{\"memory.low\":\"2\"}}",
	      "{\"unified\":{\"memory.high\":\"1\",\"memory.low\":\"2\"}}");
	check("{\"rdma\":{\"a\":{\"hcaHandles\":1}}}",
	      "{\"rdma\":{\"a\":{\"hcaObjects\":0},\"b\":{"
	      "\"hcaHandles\":4}}}",
	      "{\"rdma\":{\"a\":{\"hcaHandles\":1},\"b\":{\"hcaHandles\":4}}}");
}

/* null, 0, "" and [] leave things as they are, but for the fields in which 0 is a value. */
static void test_silence(void **state)
{
	(void)state;
	check("{\"cpu\":{\"shares\":2,\"cpus\":\"0\",\"idle\":1,\"burst\":5},\"devices\":[{}]}",
	      "{\"cpu\":{\"shares\":0,\"quota\":null,\"cpus\":\"\",\"idle\":0,\"burst\":0},"
	      "\"devices\":[],\"pids\":null,\"memory\":{\"limit\":0}}",
	      "{\"cpu\":{\"shares\":2,\"cpus\":\"0\",\"idle\":0,\"burst\":0},\"devices\":[{}],"
	      "\"memory\":{}}");
}

static void test_memory_without_swap(void **state)
{
	(void)state;
	check("{\"memory\":{\"limit\":5,\"swap\":9}}", "{\"memory\":{\"limit\":-1}}",
	      "{\"memory\":{\"limit\":-1,\"swap\":-1}}");
	check("{\"memory\":{\"limit\":5,\"swap\":9}}", "{\"memory\":{\"limit\":-1,\"swap\":0}}",
	      "{\"memory\":{\"limit\":-1,\"swap\":-1}}");
	check("{\"memory\":{\"limit\":5,\"swap\":9}}", "{\"memory\":{\"limit\":7}}",
	      "{\"memory\":{\"limit\":7,\"swap\":9}}");
}

static void test_lists(void **state)
{
	(void)state;
	check("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1},"
	      "{\"major\":8,\"minor\":16,\"rate\":2}]}}",
	      "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":0},"
	      "{\"major\":9,\"minor\":0,\"rate\":3}]}}",
	      "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":16,\"rate\":2},"
	      "{\"major\":8,\"minor\":0,\"rate\":0},{\"major\":9,\"minor\":0,\"rate\":3}]}}");
	check("{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1}]}",
	      "{\"hugepageLimits\":[{\"pageSize\":\"1GB\",\"limit\":2}]}",
	      "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1},"
	      "{\"pageSize\":\"1GB\",\"limit\":2}]}");
	/* device rules are one program: the new list takes the place of the old one */
	check("{\"devices\":[{\"allow\":true}]}", "{\"devices\":[{\"allow\":false}]}",
	      "{\"devices\":[{\"allow\":false}]}");
}

static void test_names(void **state)
{
	static const char text[] =
		"{\"memory\":{\"limit\":5,\"swap\":0},\"cpu\":{\"idle\":0},"
		"\"blockIO\":{\"weightDevice\":[{}]},\"unified\":{\"memory.high\":\"1\"}}";
	static const struct {
		const char *pointer;
		bool named;
	} cases[] = {
		{ "/linux/resources/memory/limit", true },
		{ "/linux/resources/memory/swap", false },
		{ "/linux/resources/cpu/idle", true },
		{ "/linux/resources/cpu/shares", false },
		{ "/linux/resources/blockIO/weightDevice/7", true },
		{ "/linux/resources/blockIO/throttleReadBpsDevice/0", false },
		{ "/linux/resources/unified/memory.high", true },
		{ "/linux/resources/unified/memory.low", false },
		{ "/process/args", false },
	};
	const struct json_node *root;
	struct arena a = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(json_parse(&a, text, strlen(text), "t", &root, &e), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (merge_names(root, cases[i].pointer) != cases[i].named)
			fail_msg("%s", cases[i].pointer);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_memory_without_swap),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

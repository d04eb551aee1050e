// SPDX-License-Identifier: GPL-2.0-or-later
/* What is made of findings, and that each has its line for operators. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint/preflight.h"
#include "checkpoint/preflight_rules.h"
#include "util/io.h"

static struct preflight_finding finding(enum preflight_what what, pid_t pid, int fd,
					const char *object)
{
	return (struct preflight_finding){ .rule = &preflight_rules[what],
					   .pid = pid,
					   .comm = pid > 0 ? "sh" : "",
					   .fd = fd,
					   .object = object };
}

static void test_describe(void **state)
{
	struct preflight_finding f = finding(PREFLIGHT_DEVICE, 7, 3, "/dev/x");
	char buf[64];

	(void)state;
	preflight_describe(&f, buf, sizeof(buf));
	assert_string_equal(buf, "sh[7] fd 3: /dev/x");
	f.fd = -1;
	preflight_describe(&f, buf, sizeof(buf));
	assert_string_equal(buf, "sh[7]: /dev/x");
	f = finding(PREFLIGHT_MOUNT_TYPE, 0, -1, "/a\nb (fuse)");
	preflight_describe(&f, buf, sizeof(buf));
	assert_string_equal(buf, "/a?b (fuse)");
	preflight_describe(&f, buf, 4);
	assert_string_equal(buf, "/a?");
}

static void test_refuse(void **state)
{
	struct preflight_finding items[] = {
		finding(PREFLIGHT_TCP_CONNECTED, 7, 3, "tcp a to b"),
		finding(PREFLIGHT_TCP_CONNECTED, 7, 4, "tcp b to a"),
		finding(PREFLIGHT_PIDFD, 8, 5, "x"),
		finding(PREFLIGHT_MOUNT_OVERLAY, 0, -1, "not told"),
	};
	struct preflight_report r = { .items = items, .count = 4, .certain = 3 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(preflight_refuse(&r, &e), -EBUSY);
	assert_string_equal(
		e.text, "sh[7] fd 3: tcp a to b: it is a TCP connection, which has another end; "
			"sh[7] fd 4: tcp b to a: it is a TCP connection, which has another end; "
			"sh[8] fd 5: x: this CRIU cannot save a pidfd");
	/* each help once */
	assert_string_equal(e.hint, "--tcp-established, here and at restore; CRIU 4.1 or later");
	r.certain = 0;
	assert_int_equal(preflight_refuse(&r, &e), 0);
}

/* More than a message can hold are counted. */
static void test_refuse_many(void **state)
{
	struct preflight_finding items[100];
	struct preflight_report r = { .items = items, .count = 100, .certain = 100 };
	struct err e = ERR_INIT;
	const char *more;
	size_t told = 0;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		items[i] = finding(PREFLIGHT_DEVICE, 7, (int)i, "/dev/some/device");
	assert_int_equal(preflight_refuse(&r, &e), -EBUSY);
	for (const char *p = e.text; (p = strstr(p, " fd ")); p++)
		told++;
	more = strstr(e.text, "; and ");
	assert_non_null(more);
	assert_int_equal(told + strtoul(more + 6, NULL, 10), 100);
	assert_string_equal(more + strlen(more) - 5, " more");
}

static void test_json(void **state)
{
	struct preflight_finding items[] = { finding(PREFLIGHT_PIDFD, 8, 5, "x"),
					     finding(PREFLIGHT_MOUNT_OVERLAY, 0, -1, "/c") };
	struct preflight_report r = { .items = items, .count = 2, .certain = 1 };
	struct json_out o;
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(json_out_init(&o, false), 0);
	preflight_write(&o, &r);
	assert_int_equal(json_out_finish(&o, &text, &len), 0);
	assert_non_null(
		strstr(text, "{\"blocked\":true,\"findings\":[{\"what\":\"pidfd\",\"certain\":true,"
			     "\"pid\":8,\"comm\":\"sh\",\"fd\":5,\"object\":\"x\",\"why\":"));
	assert_non_null(
		strstr(text, "{\"what\":\"mount-overlay\",\"certain\":false,\"object\":\"/c\","));
	free(text);
	json_out_free(&o);
}

/* Each has a name of its own, says something, and is in the table for operators with its certainty. */
static void test_rules_are_documented(void **state)
{
	const char *top = getenv("CTR_SRCDIR");
	char path[4096], row[128], *text = NULL;
	size_t size;
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/doc/checkpoint.md", top ? top : "..");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(io_read_file(fd, 1 << 20, &text, &size), 0);
	(void)close(fd);
	for (size_t i = 0; i < PREFLIGHT_RULE_COUNT; i++) {
		const struct preflight_rule *rule = &preflight_rules[i];

		assert_non_null(rule->name);
		assert_non_null(rule->why);
		assert_non_null(rule->help);
		(void)snprintf(row, sizeof(row), "\n| `%s` | %s | ", rule->name,
			       rule->certain ? "certain" : "possible");
		if (!strstr(text, row))
			print_error("not in doc/checkpoint.md:%s\n", row);
		assert_non_null(strstr(text, row));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(rule->name, preflight_rules[j].name);
	}
	assert_null(preflight_rules[PREFLIGHT_RULE_COUNT].name);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_refuse_many),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_rules_are_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

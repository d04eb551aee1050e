// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages between two hosts, and what goes into them. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "checkpoint/image_stream.h"
#include "checkpoint/proposal.h"
#include "checkpoint/transport.h"
#include "checkpoint/wire.h"
#include "util/cleanup.h"

static void pair(struct wire **a, struct wire **b)
{
	struct err e = ERR_INIT;
	int s[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	assert_int_equal(wire_new(s[0], s[0], 2000, a, &e), 0);
	assert_int_equal(wire_new(s[1], s[1], 200, b, &e), 0);
}

static void test_header(void **state)
{
	unsigned char h[WIRE_HEADER];
	enum wire_type type;
	struct err e = ERR_INIT;
	size_t size;

	(void)state;
	wire_header_write(WIRE_DATA, WIRE_DATA_MAX, h);
	assert_int_equal(wire_header_read(h, &type, &size, &e), 0);
	assert_int_equal(type, WIRE_DATA);
	assert_int_equal(size, WIRE_DATA_MAX);
	wire_header_write(WIRE_DATA, WIRE_DATA_MAX + 1, h);
	assert_int_equal(wire_header_read(h, &type, &size, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "more than 262144"));
	wire_header_write((enum wire_type)0, 0, h);
	assert_int_equal(wire_header_read(h, &type, &size, &e), -EBADMSG);
	wire_header_write(WIRE_TYPE_END, 0, h);
	assert_int_equal(wire_header_read(h, &type, &size, &e), -EBADMSG);
	wire_header_write(WIRE_ALIVE, 1, h);
	assert_int_equal(wire_header_read(h, &type, &size, &e), -EBADMSG);
}

static void test_decode(void **state)
{
	unsigned char bytes[WIRE_HEADER + 3];
	struct wire_message m;
	struct err e = ERR_INIT;

	(void)state;
	wire_header_write(WIRE_DONE, 3, bytes);
	memcpy(bytes + WIRE_HEADER, "abc", 3);
	for (size_t n = 0; n < sizeof(bytes); n++)
		assert_int_equal(wire_decode(bytes, n, &m, &e), 0);
	assert_int_equal(wire_decode(bytes, sizeof(bytes), &m, &e), (ssize_t)sizeof(bytes));
	assert_int_equal(m.type, WIRE_DONE);
	assert_memory_equal(m.data, "abc", 3);
}

static void test_messages(void **state)
{
	struct wire *a, *b;
	struct wire_message m;
	struct err e = ERR_INIT;

	(void)state;
	pair(&a, &b);
	assert_true(wire_is_quiet(b));
	assert_int_equal(wire_send(a, WIRE_ALIVE, NULL, 0, &e), 0);
	assert_int_equal(wire_send_word(a, WIRE_KEPT, &e), 0);
	assert_false(wire_is_quiet(b));
	assert_int_equal(wire_expect(b, "a", WIRE_KEPT, &m, &e), 0);
	assert_string_equal(m.data, "{}");
	assert_int_equal(wire_sent(a), 2 * WIRE_HEADER + 2);
	assert_int_equal(wire_received(b), 2 * WIRE_HEADER + 2);
	/* another than is due */
	assert_int_equal(wire_send_word(a, WIRE_COMMIT, &e), 0);
	assert_int_equal(wire_expect(b, "a", WIRE_DONE, &m, &e), -EPROTO);
	assert_string_equal(e.text, "a: a message COMMIT where DONE is due");
	/* nothing comes */
	assert_int_equal(wire_receive(b, "a", &m, &e), -ETIMEDOUT);
	wire_free(a);
	assert_int_equal(wire_receive(b, "a", &m, &e), -ECONNRESET);
	assert_int_equal(wire_send_word(b, WIRE_DONE, &e), -ECONNRESET);
	wire_free(b);
}

/* Its text, advice, and that it is heard by who is sending. */
static void test_failure(void **state)
{
	struct wire *a, *b;
	struct wire_message m;
	struct err why = ERR_INIT, e = ERR_INIT;
	pid_t pid;

	(void)state;
	pair(&a, &b);
	err_set(&why, ERR_STATE, ENOSPC, "write it");
	err_hint(&why, "make room");
	pid = fork();
	if (pid == 0) {
		wire_free(a);
		wire_send_failure(b, &why);
		_exit(0);
	}
	wire_free(b);
	assert_int_equal(wire_receive(a, "other", &m, &e), -ECONNABORTED);
	assert_string_equal(e.text, "other: write it: no space left on device");
	assert_string_equal(e.hint, "make room");
	wire_free(a);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_failure_while_sending(void **state)
{
	static char data[WIRE_DATA_MAX];
	struct wire *a, *b;
	struct err why = ERR_INIT, e = ERR_INIT;
	int r = 0;
	pid_t pid;

	(void)state;
	pair(&a, &b);
	err_set(&why, ERR_STATE, 0, "no more");
	pid = fork();
	if (pid == 0) {
		wire_free(a);
		wire_send_failure(b, &why);
		_exit(0);
	}
	wire_free(b);
	for (int i = 0; r == 0 && i < 1000; i++)
		r = wire_send(a, WIRE_DATA, data, sizeof(data), &e);
	assert_int_equal(r, -ECONNABORTED);
	assert_string_equal(e.text, "destination: no more");
	wire_free(a);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_hello(void **state)
{
	struct arena arena = { 0 };
	struct wire *a, *b;
	const char *purpose;
	struct err e = ERR_INIT;
	int status;
	pid_t pid;

	(void)state;
	pair(&a, &b);
	wire_set_timeout(b, 2000);
	pid = fork();
	if (pid == 0) {
		wire_free(b);
		_exit(wire_hello_call(a, "migrate", &e) < 0);
	}
	wire_free(a);
	assert_int_equal(wire_hello_answer(b, &arena, &purpose, &e), 0);
	assert_string_equal(purpose, "migrate");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	wire_free(b);
	arena_free(&arena);
}

static int answer_with(const char *text, struct err *e)
{
	struct arena arena = { 0 };
	const char *purpose;
	struct wire *a, *b;
	int r;

	pair(&a, &b);
	assert_int_equal(wire_send(a, WIRE_HELLO, text, strlen(text), e), 0);
	r = wire_hello_answer(b, &arena, &purpose, e);
	wire_free(a);
	wire_free(b);
	arena_free(&arena);
	return r;
}

#define NONCE "0123456789abcdef0123456789abcdef"

static void test_bad_hello(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(answer_with("{\"protocol\":\"ctr\",\"version\":2,\"purpose\":\"x\","
				     "\"nonce\":\"" NONCE "\"}",
				     &e),
			 -EPROTONOSUPPORT);
	assert_int_equal(answer_with("{\"protocol\":\"other\",\"version\":1,\"purpose\":\"x\","
				     "\"nonce\":\"" NONCE "\"}",
				     &e),
			 -EPROTO);
	assert_int_equal(answer_with("{\"protocol\":\"ctr\",\"version\":1,\"purpose\":\"x\","
				     "\"nonce\":\"short\"}",
				     &e),
			 -EBADMSG);
	assert_int_equal(answer_with("[]", &e), -EBADMSG);
	assert_int_equal(answer_with("{", &e), -EBADMSG);
	/* well said, and then nobody answers to our nonce */
	assert_int_equal(answer_with("{\"protocol\":\"ctr\",\"version\":1,\"purpose\":\"x\","
				     "\"nonce\":\"" NONCE "\"}",
				     &e),
			 -ETIMEDOUT);
}

/* ---- destinations ---- */

static const char *words(const char *dest, const struct transport_options *o, struct arena *a)
{
	static char line[1024];
	struct transport t;
	struct err e = ERR_INIT;

	line[0] = '\0';
	if (transport_parse(dest, o, a, &t, &e) < 0)
		return "refused";
	for (size_t i = 0; i < t.words.count; i++)
		(void)snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s",
			       i ? "|" : "", t.words.items[i]);
	return line;
}

static void test_destinations(void **state)
{
	static const struct {
		const char *dest, *words;
	} cases[] = {
		{ "unix:/run/x", "unix|/run/x" },
		{ "unix:run/x", "refused" },
		{ "exec:/bin/a  b 'c d' \"\" e\"f g\"h", "exec|/bin/a|b|c d||ef gh" },
		{ "exec:/bin/a 'b", "refused" },
		{ "exec:a", "refused" },
		{ "exec:", "refused" },
		{ "ssh://h", "exec|/s|h|--|ctr|receive" },
		{ "ssh://u@h:22/", "exec|/s|-p|22|u@h|--|ctr|receive" },
		{ "ssh://u@[::1]:22", "exec|/s|-p|22|u@::1|--|ctr|receive" },
		{ "ssh://::1", "exec|/s|::1|--|ctr|receive" },
		{ "ssh://h:0", "refused" },
		{ "ssh://h:70000", "refused" },
		{ "ssh://-oProxyCommand=x", "refused" },
		{ "ssh://a b", "refused" },
		{ "ssh://", "refused" },
		{ "http://h", "refused" },
		{ NULL, "refused" },
	};
	const struct transport_options o = { .ssh = "/s" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };

		assert_string_equal(words(cases[i].dest, &o, &a), cases[i].words);
		arena_free(&a);
	}
}

static void test_root_destination(void **state)
{
	const struct transport_options o = { .root = "/r", .data_root = "/d", .criu = "/c" };
	struct arena a = { 0 };

	(void)state;
	assert_string_equal(words(NULL, &o, &a),
			    "exec|/proc/self/exe|--root|/r|--data-root|/d|--criu|/c|receive");
	assert_string_equal(words("unix:/x", &o, &a), "refused");
	arena_free(&a);
}

/* ---- images and hosts ---- */

static void test_image_names(void **state)
{
	static const char *const good[] = { "core-1.img", "pages-12.img", "descriptors.json",
					    "tmpfs-dev-66.tar.gz.img" };
	static const char *const bad[] = { "",	     ".img",	   "../core-1.img", "a/b.img",
					   "parent", "dump.log",   "stats-dump",    "core-1.img\n",
					   "..",     "core 1.img", ".core.img" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(image_stream_name_is_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(image_stream_name_is_valid(bad[i]));
}

static int receive_file(const char *head, const char *data, uint64_t max, struct err *e)
{
	char dir[] = "/tmp/ctr-test-images-XXXXXX", path[64];
	struct wire *a, *b;
	uint64_t bytes = 0;
	int fd, r;

	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	pair(&a, &b);
	assert_int_equal(wire_send(a, WIRE_FILE, head, strlen(head), e), 0);
	assert_int_equal(wire_send(a, WIRE_DATA, data, strlen(data), e), 0);
	assert_int_equal(wire_send(a, WIRE_DATA, NULL, 0, e), 0);
	assert_int_equal(wire_send_word(a, WIRE_ROUND_END, e), 0);
	r = image_stream_receive(b, fd, max, &bytes, e);
	wire_free(a);
	wire_free(b);
	(void)close(fd);
	(void)snprintf(path, sizeof(path), "%s/x.img", dir);
	(void)unlink(path);
	assert_int_equal(rmdir(dir), 0);
	return r < 0 ? r : (int)bytes;
}

static void test_receive_images(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(receive_file("{\"name\":\"x.img\",\"size\":3}", "abc", 100, &e), 3);
	assert_int_equal(receive_file("{\"name\":\"x.img\",\"size\":2}", "abc", 100, &e), -EBADMSG);
	assert_int_equal(receive_file("{\"name\":\"x.img\",\"size\":4}", "abc", 100, &e), -EBADMSG);
	assert_int_equal(receive_file("{\"name\":\"x.img\",\"size\":3}", "abc", 2, &e), -ENOSPC);
	assert_int_equal(receive_file("{\"name\":\"../x\",\"size\":3}", "abc", 100, &e), -EBADMSG);
	assert_int_equal(receive_file("{\"name\":\"x.img\"}", "abc", 100, &e), -EBADMSG);
	assert_int_equal(receive_file("{\"name\":\"x.img\",\"size\":-1}", "abc", 100, &e),
			 -EBADMSG);
}

static void test_cpu(void **state)
{
	char missing[64];

	(void)state;
	assert_int_equal(
		host_cpu_missing("fpu sse avx2", "sse fpu avx2 avx512f", missing, sizeof(missing)),
		0);
	assert_int_equal(
		host_cpu_missing("fpu sse4_1 avx", "fpu sse4_1_x avx2", missing, sizeof(missing)),
		2);
	assert_string_equal(missing, "sse4_1 avx");
	/* what the kernel or a hypervisor says of itself is no instruction */
	assert_int_equal(
		host_cpu_missing("hypervisor constant_tsc pti", "", missing, sizeof(missing)), 0);
	assert_int_equal(host_cpu_missing("", "", missing, sizeof(missing)), 0);
}

static void test_kernels(void **state)
{
	(void)state;
	assert_true(host_kernel_compare("5.14.0", "6.1.0-18-amd64") < 0);
	assert_true(host_kernel_compare("6.10", "6.9.3") > 0);
	assert_int_equal(host_kernel_compare("6.1.0-18", "6.1.99"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_failure_while_sending),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_bad_hello),
		cmocka_unit_test(test_destinations),
		cmocka_unit_test(test_root_destination),
		cmocka_unit_test(test_image_names),
		cmocka_unit_test(test_receive_images),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory that comes after its tasks: requests on the connection, and those of criu lazy-pages in both of their forms. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"

#include "checkpoint/pages.h"
#include "util/cleanup.h"

static int read_back(const struct pages_want *want, size_t size, struct pages_want *ret)
{
	unsigned char bytes[PAGES_WANT_SIZE + 1] = { 0 };
	struct wire_message m = { WIRE_PAGES, (const char *)bytes, size };
	struct err e = ERR_INIT;

	pages_want_write(want, bytes);
	return pages_want_read(&m, ret, &e);
}

static void test_want(void **state)
{
	const struct pages_want good = { 7, 0x7fff12345000, PAGES_WANT_MAX };
	const struct pages_want bad[] = {
		{ 0, 4096, 1 }, { UINT64_C(1) << 32, 4096, 1 },	 { 7, UINT64_MAX - 4095, 1 },
		{ 7, 4096, 0 }, { 7, 4096, PAGES_WANT_MAX + 1 },
	};
	struct pages_want got;

	(void)state;
	assert_int_equal(read_back(&good, PAGES_WANT_SIZE, &got), 0);
	assert_memory_equal(&got, &good, sizeof(got));
	assert_int_equal(read_back(&good, PAGES_WANT_SIZE - 1, &got), -EBADMSG);
	assert_int_equal(read_back(&good, PAGES_WANT_SIZE + 1, &got), -EBADMSG);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(read_back(&bad[i], PAGES_WANT_SIZE, &got), -EBADMSG);
}

#ifdef HAVE_CRIU

#include "checkpoint/pages_daemon.h"

struct narrow {
	uint32_t command, count;
	uint64_t address, pid;
};

struct wide {
	uint32_t command;
	uint64_t count, address, pid;
};

/* A daemon of which we are the other end. */
static int pretend(struct pages_daemon *d)
{
	int s[2];

	*d = (struct pages_daemon)PAGES_DAEMON_EMPTY;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	d->process.sock = s[0];
	return s[1];
}

static void say(int fd, const void *what, size_t size)
{
	assert_int_equal(write(fd, what, size), (ssize_t)size);
}

static void test_narrow(void **state)
{
	const struct narrow get = { 7, 3, 0x1000, 5 }, bye = { .command = 0x1024 };
	unsigned char header[PAGES_DAEMON_RECORD];
	struct pages_want want = { 0 };
	struct err e = ERR_INIT;
	struct pages_daemon d;
	int fd = pretend(&d);

	(void)state;
	assert_int_equal(pages_daemon_hear(&d, &want, &e), PAGES_DAEMON_QUIET);
	say(fd, &get, 10);
	assert_int_equal(pages_daemon_hear(&d, &want, &e), PAGES_DAEMON_QUIET);
	say(fd, (const char *)&get + 10, sizeof(get) - 10);
	say(fd, &bye, sizeof(bye));
	assert_int_equal(pages_daemon_hear(&d, &want, &e), PAGES_DAEMON_WANTS);
	assert_true(want.pid == 5 && want.address == 0x1000 && want.count == 3);
	assert_int_equal(pages_daemon_header(&d, &want, header), sizeof(get));
	assert_int_equal(((const struct narrow *)(void *)header)->command, 4 << 16 | 6);
	assert_memory_equal(header + 4, (const char *)&get + 4, sizeof(get) - 4);
	assert_int_equal(pages_daemon_hear(&d, &want, &e), PAGES_DAEMON_CLOSES);
	assert_int_equal(pages_daemon_answer_close(&d, &e), 0);
	assert_int_equal(pages_daemon_hear(&d, &want, &e), PAGES_DAEMON_QUIET);
	close_fd(&fd);
	close_fd(&d.process.sock);
}

static void test_wide(void **state)
{
	const struct wide get = { .command = 7, .count = 3, .address = 0x1000, .pid = 5 };
	unsigned char header[PAGES_DAEMON_RECORD];
	struct pages_want want = { 0 };
	struct err e = ERR_INIT;
	struct pages_daemon d;
	int fd = pretend(&d);

	(void)state;
	for (int i = 0; i < 2; i++) {
		say(fd, &get, sizeof(get));
		assert_int_equal(pages_daemon_hear(&d, &want, &e), PAGES_DAEMON_WANTS);
		assert_true(want.pid == 5 && want.address == 0x1000 && want.count == 3);
	}
	assert_int_equal(pages_daemon_header(&d, &want, header), sizeof(get));
	assert_memory_equal(header + 8, (const char *)&get + 8, sizeof(get) - 8);
	close_fd(&fd);
	assert_int_equal(pages_daemon_hear(&d, &want, &e), -EREMOTEIO);
	close_fd(&d.process.sock);
}

static void test_nonsense(void **state)
{
	const struct narrow bad[] = { { 8, 1, 0x1000, 5 }, { 7, PAGES_WANT_MAX + 1, 0x1000, 5 } };
	struct pages_want want;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;
		struct pages_daemon d;
		int fd = pretend(&d);

		say(fd, &bad[i], sizeof(bad[i]));
		assert_int_equal(pages_daemon_hear(&d, &want, &e), -EPROTO);
		close_fd(&fd);
		close_fd(&d.process.sock);
	}
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_want),
#ifdef HAVE_CRIU
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_nonsense),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* cgroups/systemd.h, the connection: a manager that does not answer, or is not there. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroups/systemd.h"
#include "config.h"
#include "util/cleanup.h"

#ifdef HAVE_LIBSYSTEMD

enum {
	TIMEOUT_MS = 200,
	PATIENCE_SECONDS = 60
};

struct fixture {
	char dir[64], socket[108];
	int listener;
	pid_t server;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char dir[128];

	assert_non_null(f);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/ctr-unit.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(dir, sizeof(dir), "%s/systemd", f->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	(void)snprintf(f->socket, sizeof(f->socket), "%s/systemd/private", f->dir);
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", f->socket);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(f->listener >= 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(listen(f->listener, 8), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", f->dir, 1), 0);
	assert_int_equal(unsetenv("DBUS_SESSION_BUS_ADDRESS"), 0);
	/* without our deadline sd-bus would wait for a minute and a half */
	(void)alarm(PATIENCE_SECONDS);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char dir[128];

	(void)alarm(0);
	if (f->server > 0) {
		assert_int_equal(kill(f->server, SIGKILL), 0);
		assert_int_equal(waitpid(f->server, NULL, 0), f->server);
	}
	close_fd(&f->listener);
	(void)unlink(f->socket);
	(void)snprintf(dir, sizeof(dir), "%s/systemd", f->dir);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static bool lacks_library(struct systemd_bus **bus, int r)
{
	if (r != -EOPNOTSUPP)
		return false;
	systemd_bus_close(*bus);
	skip();
	return true;
}

/* Nobody accepts, as a manager that was stopped by SIGSTOP. */
static void test_silent(void **state)
{
	struct systemd_bus *bus = NULL;
	struct err e = ERR_INIT;
	int r = systemd_bus_open(SYSTEMD_USER, TIMEOUT_MS, &bus, &e);

	(void)state;
	if (lacks_library(&bus, r))
		return;
	assert_int_equal(r, -ETIMEDOUT);
	assert_string_equal(e.text, "connect to the systemd user manager: the systemd user manager "
				    "did not answer within 200 ms");
	assert_int_equal(e.errnum, 0);
	assert_non_null(strstr(e.hint, "systemctl --user list-jobs"));
}

/* The answer to the client's first lines (D-Bus specification, "Authentication Protocol"); then silence. */
static void serve(int listener)
{
	static const char hello[] =
		"DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n";
	char buf[512];
	int fd;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = accept(listener, NULL, NULL);
	if (fd < 0 || read(fd, buf, sizeof(buf)) <= 0 ||
	    write(fd, hello, sizeof(hello) - 1) != (ssize_t)sizeof(hello) - 1)
		_exit(1);
	for (;;)
		(void)pause();
}

static void test_hangs_later(void **state)
{
	struct fixture *f = *state;
	struct systemd_bus *bus = NULL;
	const struct systemd_properties none = { 0 };
	struct arena a = { 0 };
	struct err e = ERR_INIT;
	const char *path;
	int r;

	f->server = fork();
	assert_true(f->server >= 0);
	if (f->server == 0)
		serve(f->listener);
	r = systemd_bus_open(SYSTEMD_USER, TIMEOUT_MS, &bus, &e);
	if (lacks_library(&bus, r))
		return;
	if (r != 0)
		fail_msg("%s", e.text);
	assert_int_equal(systemd_scope_start(bus, "x.scope", &none, getpid(), &e), -ETIMEDOUT);
	assert_string_equal(e.text, "start the scope 'x.scope': the systemd user manager did not "
				    "answer within 200 ms");
	/* one deadline for all: the next one fails at once */
	assert_int_equal(systemd_manager_cgroup(bus, &a, &path, &e), -ETIMEDOUT);
	assert_int_equal(systemd_scope_stop(bus, "x.scope", true, &e), -ETIMEDOUT);
	arena_free(&a);
	systemd_bus_close(bus);
}

static void test_nobody(void **state)
{
	struct fixture *f = *state;
	struct systemd_bus *bus = NULL;
	struct err e = ERR_INIT;
	int r;

	assert_int_equal(unlink(f->socket), 0);
	r = systemd_bus_open(SYSTEMD_USER, TIMEOUT_MS, &bus, &e);
	if (lacks_library(&bus, r))
		return;
	assert_int_equal(r, -ENOENT);
	assert_string_equal(e.text, "connect to the systemd user manager");
	assert_non_null(strstr(e.hint, "loginctl enable-linger USER"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hangs_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
	};

	return cmocka_run_group_tests_name("systemd_bus", tests, NULL, NULL);
}

#else

static void test_not_built(void **state)
{
	(void)state;
	skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_not_built) };

	return cmocka_run_group_tests_name("systemd_bus", tests, NULL, NULL);
}

#endif

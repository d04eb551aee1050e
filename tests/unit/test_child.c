// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * util/child.h: hooks as they behave and misbehave. Everything runs /bin/sh with built-in commands;
 * a failing deadline would hang, so alarm(2) ends the test program.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/child.h"

enum {
	LONG = 20000,
	SHORT = 200,
	HANG = 60
};

static char *const no_env[] = { NULL };

static long now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

/* Run a line of shell with @job's settings; what child_run returned. */
static int shell_job(struct child_job *job, const char *line, struct child_result *ret)
{
	char *argv[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
			 (char *)(uintptr_t)line, NULL };

	job->path = "/bin/sh";
	job->argv = argv;
	if (!job->envp)
		job->envp = no_env;
	return child_run(job, ret);
}

static int shell(const char *line, int timeout_ms, struct child_result *ret)
{
	struct child_job job = { .exe = -1, .cwd = -1, .timeout_ms = timeout_ms };

	return shell_job(&job, line, ret);
}

static int open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_exit_codes(void **state)
{
	static const struct {
		const char *line;
		int code;
	} cases[] = {
		{ "exit 0", 0 },
		{ ":", 0 },
		{ "exit 1", 1 },
		{ "exit 42", 42 },
		{ "exit 255", 255 },
		{ "kill -9 $$", 128 + SIGKILL },
		{ "kill -TERM $$", 128 + SIGTERM },
		{ "kill -SEGV $$", 128 + SIGSEGV },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct child_result r;

		assert_int_equal(shell(cases[i].line, LONG, &r), 0);
		if (r.exit_code != cases[i].code)
			fail_msg("%s: %d", cases[i].line, r.exit_code);
		assert_false(r.timed_out);
		assert_string_equal(r.tail, "");
	}
}

static void test_output(void **state)
{
	static const char *const cases[][2] = {
		{ "echo out; echo err >&2", "out err" },
		{ "printf 'a\\nb\\n\\n \\t\\n'", "a b" },
		{ "printf 'a\\033[2Jb\\001\\177'", "a?[2Jb??" },
		{ "printf 'a\\0b\\nc\\0'", "a?b c" },
		{ "printf '   x'", "   x" },
		{ "printf ' \\n \\t'", "" },
		{ "printf '\\303\\244'", "\xc3\xa4" },
	};
	struct child_result r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(shell(cases[i][0], LONG, &r), 0);
		assert_string_equal(r.tail, cases[i][1]);
	}
}

/* Only the end is kept, whether it comes at once or in pieces. */
static void test_tail(void **state)
{
	struct child_result r;

	(void)state;
	assert_int_equal(shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; "
			       "echo the end; exit 3",
			       LONG, &r),
			 0);
	assert_int_equal(r.exit_code, 3);
	assert_in_range(strlen(r.tail), CHILD_TAIL - 2, CHILD_TAIL);
	assert_string_equal(r.tail + strlen(r.tail) - 18, "line 19999 the end");
	assert_int_equal(shell("head -c 100000 /dev/zero | tr '\\0' x; echo y", LONG, &r), 0);
	assert_int_equal(r.tail[strlen(r.tail) - 1], 'y');
	assert_int_equal(r.tail[0], 'x');
}

static void test_input(void **state)
{
	struct child_job job = { .exe = -1, .cwd = -1, .timeout_ms = LONG };
	struct child_result r;

	(void)state;
	job.input[0] = (struct iovec){ (char *)(uintptr_t) "{\"pid\":", 7 };
	job.input[1] = (struct iovec){ (char *)(uintptr_t) "", 0 };
	job.input[2] = (struct iovec){ (char *)(uintptr_t) "12", 2 };
	job.input[3] = (struct iovec){ (char *)(uintptr_t) "}", 1 };
	job.input_count = 4;
	assert_int_equal(shell_job(&job, "cat; exit 5", &r), 0);
	assert_string_equal(r.tail, "{\"pid\":12}");
	assert_int_equal(r.exit_code, 5);
	job.input_count = 0; /* none is the end of file, not a wait for the deadline */
	assert_int_equal(shell_job(&job, "cat; echo eof", &r), 0);
	assert_string_equal(r.tail, "eof");
}

/* Far more than a pipe holds: read completely, in part, and not at all. */
static void test_large_input(void **state)
{
	enum {
		SIZE = 1 << 20
	};
	struct child_job job = { .exe = -1, .cwd = -1, .timeout_ms = LONG };
	char *data = malloc(SIZE);
	struct sigaction before, after;
	struct child_result r;
	long start = now_ms();

	(void)state;
	assert_non_null(data);
	memset(data, 'd', SIZE);
	job.input[0] = job.input[1] = (struct iovec){ data, SIZE };
	job.input_count = 2;
	assert_int_equal(sigaction(SIGPIPE, NULL, &before), 0);
	assert_int_equal(shell_job(&job, "wc -c", &r), 0);
	assert_int_equal(strtol(r.tail, NULL, 10), 2 * SIZE);
	assert_int_equal(shell_job(&job, "head -c 5; exit 4", &r), 0);
	assert_string_equal(r.tail, "ddddd");
	assert_int_equal(r.exit_code, 4);
	assert_int_equal(shell_job(&job, "exit 6", &r), 0);
	assert_int_equal(r.exit_code, 6);
	assert_int_equal(shell_job(&job, "exec <&-; exit 7", &r), 0);
	assert_int_equal(r.exit_code, 7);
	assert_true(now_ms() - start < LONG);
	job.timeout_ms = SHORT;
	assert_int_equal(shell_job(&job, "sleep 30", &r), 0); /* neither reads nor ends */
	assert_true(r.timed_out);
	assert_int_equal(sigaction(SIGPIPE, NULL, &after), 0);
	assert_ptr_equal(before.sa_handler, after.sa_handler);
	free(data);
}

static void test_timeout(void **state)
{
	struct child_result r;
	long start = now_ms();

	(void)state;
	assert_int_equal(shell("echo before; sleep 30", SHORT, &r), 0);
	assert_true(r.timed_out);
	assert_int_equal(r.exit_code, 128 + SIGKILL);
	assert_string_equal(r.tail, "before");
	assert_in_range(now_ms() - start, SHORT, LONG);
	assert_int_equal(shell("trap '' TERM INT HUP; while :; do :; done", SHORT, &r), 0);
	assert_true(r.timed_out);
}

/* Output that never ends must not keep ctr from looking at the clock. */
static void test_timeout_flood(void **state)
{
	struct child_result r;
	long start = now_ms();

	(void)state;
	assert_int_equal(shell("exec cat /dev/zero", SHORT, &r), 0);
	assert_true(r.timed_out);
	assert_int_equal(shell("yes & yes & yes & yes", SHORT, &r), 0);
	assert_true(r.timed_out);
	assert_true(now_ms() - start < LONG);
}

/* The whole process group goes at the deadline: children and grandchildren that hold a fifo. */
static void test_timeout_group(void **state)
{
	char dir[] = "/tmp/ctr-test-child-XXXXXX", fifo[64], line[256];
	struct child_result r;
	char c;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	(void)snprintf(line, sizeof(line),
		       "exec 5>%s; echo x >&5; (sleep 30 & sleep 30) & sleep 30", fifo);
	assert_int_equal(shell(line, 2 * SHORT, &r), 0);
	assert_true(r.timed_out);
	assert_int_equal(read(fd, &c, 1), 1);
	assert_int_equal(read(fd, &c, 1), 1);
	/* end of file only when every writer is dead */
	for (int i = 0; i < 200 && read(fd, &c, 1) < 0; i++)
		(void)usleep(10000);
	assert_int_equal(read(fd, &c, 1), 0);
	(void)close(fd);
	(void)unlink(fifo);
	(void)rmdir(dir);
}

/* What a hook leaves behind on purpose may live and keep the pipe. */
static void test_daemon(void **state)
{
	struct child_result r;
	long start = now_ms(), pid;

	(void)state;
	assert_int_equal(shell("sleep 30 & echo $!", LONG, &r), 0);
	assert_true(now_ms() - start < LONG / 2);
	assert_false(r.timed_out);
	assert_int_equal(r.exit_code, 0);
	pid = strtol(r.tail, NULL, 10);
	assert_true(pid > 1);
	assert_int_equal(kill((pid_t)pid, 0), 0);
	assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
	/* and even if it never stops talking */
	start = now_ms();
	assert_int_equal(shell("yes & echo $! >&2; exit 9", LONG, &r), 0);
	assert_true(now_ms() - start < LONG / 2);
	assert_int_equal(r.exit_code, 9); /* the reader is gone now: SIGPIPE ends the other */
}

static void test_exec_fails(void **state)
{
	char *argv[] = { (char *)(uintptr_t) "x", NULL };
	struct child_job job = {
		.exe = -1, .cwd = -1, .timeout_ms = LONG, .argv = argv, .envp = no_env
	};
	char path[] = "/tmp/ctr-test-child-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC), before = open_files();
	struct child_result r;

	(void)state;
	assert_true(fd >= 0);
	job.path = "/nonexistent/program";
	assert_int_equal(child_run(&job, &r), -ENOENT);
	job.path = "/etc/passwd/x";
	assert_int_equal(child_run(&job, &r), -ENOTDIR);
	job.path = "/tmp";
	assert_int_equal(child_run(&job, &r), -EACCES);
	job.path = path; /* not executable */
	assert_int_equal(child_run(&job, &r), -EACCES);
	assert_int_equal(write(fd,
			       "\x7f"
			       "ELF?",
			       5),
			 5);
	assert_int_equal(fchmod(fd, 0700), 0);
	(void)close(fd);
	assert_int_equal(child_run(&job, &r), -ENOEXEC);
	job.cwd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	job.path = "/bin/sh";
	assert_int_equal(child_run(&job, &r), -ENOTDIR);
	(void)close(job.cwd);
	(void)unlink(path);
	assert_int_equal(open_files(), before - 1);
}

static void test_surroundings(void **state)
{
	static const char *const env[] = { "A=1", "B=two words", NULL };
	struct child_job job = { .exe = -1, .timeout_ms = LONG };
	char dir[] = "/tmp/ctr-test-child-XXXXXX";
	struct child_result r;
	int extra;

	(void)state;
	assert_non_null(mkdtemp(dir));
	job.cwd = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	job.envp = (char *const *)(uintptr_t)env;
	assert_int_equal(setenv("CTR_TEST_SECRET", "x", 1), 0);
	assert_int_equal(shell_job(&job, "pwd; echo \"$A-$B-$CTR_TEST_SECRET\"; umask", &r), 0);
	assert_memory_equal(r.tail, dir, strlen(dir));
	assert_non_null(strstr(r.tail, " 1-two words- "));
	assert_non_null(strstr(r.tail, "0022"));
	/* nothing but 0, 1 and 2, even if we forgot O_CLOEXEC; the shell's glob opens one itself */
	extra = open("/dev/null", O_RDONLY);
	assert_int_equal(
		shell_job(&job,
			  "for f in 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$f ] && echo $f; done; "
			  "for f in 0 1 2; do [ -e /proc/$$/fd/$f ] || echo no $f; done; :",
			  &r),
		0);
	assert_string_equal(r.tail, "");
	/* a process group of its own: the terminal's signals are not for it */
	assert_int_equal(
		shell_job(&job, "set -- $(cat /proc/$$/stat); [ $5 = $$ ] && echo own", &r), 0);
	assert_string_equal(r.tail, "own");
	(void)close(extra);
	(void)close(job.cwd);
	(void)rmdir(dir);
}

/* Signal dispositions and the mask of the caller are not inherited. */
static void test_signals(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	struct child_result r;
	sigset_t block, old;

	(void)state;
	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGTERM);
	(void)sigaddset(&block, SIGUSR2);
	assert_int_equal(sigprocmask(SIG_BLOCK, &block, &old), 0);
	assert_int_equal(sigaction(SIGUSR1, &ignore, &before), 0);
	assert_int_equal(shell("kill -TERM $$; sleep 5", LONG, &r), 0);
	assert_int_equal(r.exit_code, 128 + SIGTERM);
	assert_int_equal(shell("kill -USR1 $$; sleep 5", LONG, &r), 0);
	assert_int_equal(r.exit_code, 128 + SIGUSR1);
	assert_int_equal(shell("grep -E 'SigBlk:.*[1-9a-f]|SigIgn:.*[1-9a-f]' /proc/self/status; :",
			       LONG, &r),
			 0);
	assert_string_equal(r.tail, "");
	assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

/* An executable that was opened before (host's view) runs whatever its path says by now. */
static void test_opened_executable(void **state)
{
	char path[] = "/tmp/ctr-test-child-XXXXXX";
	char *argv[] = { (char *)(uintptr_t) "true", NULL };
	struct child_job job = { .cwd = -1, .timeout_ms = LONG, .argv = argv, .envp = no_env };
	int fd = mkostemp(path, O_CLOEXEC);
	struct child_result r;
	const char *script = "#!/bin/sh\necho script; exit 8\n";

	(void)state;
	assert_int_equal(write(fd, script, strlen(script)), strlen(script));
	assert_int_equal(fchmod(fd, 0700), 0);
	(void)close(fd);
	job.path = "/nonexistent";
	job.exe = open("/bin/true", O_PATH | O_CLOEXEC);
	assert_int_equal(child_run(&job, &r), 0);
	assert_int_equal(r.exit_code, 0);
	(void)close(job.exe);
	job.exe = open(path, O_PATH | O_CLOEXEC);
	(void)unlink(path);
	assert_int_equal(child_run(&job, &r),
			 0); /* the interpreter reads it through the descriptor */
	assert_string_equal(r.tail, "script");
	assert_int_equal(r.exit_code, 8);
	(void)close(job.exe);
}

static void test_no_leaks(void **state)
{
	struct child_result r;
	int before = open_files();

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(shell("exit 0", LONG, &r), 0);
	assert_int_equal(shell("sleep 5", 10, &r), 0);
	assert_int_equal(open_files(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_large_input),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_timeout_flood),
		cmocka_unit_test(test_timeout_group),
		cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_exec_fails),
		cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_opened_executable),
		cmocka_unit_test(test_no_leaks),
	};

	(void)alarm(HANG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

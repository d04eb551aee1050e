// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that understands what strangers wrote: what it has lost, and what comes back of it when it breaks. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "checkpoint/images_child.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct job {
	int file, other;	    /* one that is kept, one that is not */
	const struct forbidden *at; /* the call to try */
};

/* ---- what it can still do ---- */

static void read_kept(void *data, struct images_answer *answer)
{
	const struct job *job = data;
	char text[5] = { 0 };
	void *memory = malloc(1 << 20);

	answer->result = -EIO;
	if (memory && read(job->file, text, 4) == 4 && strcmp(text, "data") == 0)
		answer->result = 0;
	free(memory);
}

static int a_file(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void test_reads(void **state)
{
	struct job job = { .file = a_file("data") };
	struct images_answer answer = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(images_confined(read_kept, &job, &job.file, 1, &answer, &e), 0);
	assert_int_equal(answer.result, 0);
	close(job.file);
}

static void read_other(void *data, struct images_answer *answer)
{
	const struct job *job = data;
	char text[4];

	answer->result = read(job->other, text, sizeof(text)) < 0 ? -errno : 0;
}

static void test_other_descriptors_are_closed(void **state)
{
	struct job job = { .file = a_file("data"), .other = a_file("else") };
	struct images_answer answer = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(images_confined(read_other, &job, &job.file, 1, &answer, &e), 0);
	assert_int_equal(answer.result, -EBADF);
	close(job.file);
	close(job.other);
}

/* ---- what it cannot do ---- */

/* Numbers, and not functions: a library may do something else. What is zero here is no danger where it is allowed. */
static const struct forbidden {
	const char *name;
	long number, args[4];
} forbidden[] = {
	{ "openat", SYS_openat, { AT_FDCWD, (long)(uintptr_t) "/etc/passwd", O_RDONLY, 0 } },
	{ "openat2", SYS_openat2, { 0 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, { 0 } },
	{ "socket", SYS_socket, { AF_UNIX, SOCK_STREAM, 0, 0 } },
	{ "connect", SYS_connect, { 0 } },
	{ "sendmsg", SYS_sendmsg, { 0 } },
	{ "write", SYS_write, { 1, (long)(uintptr_t) "", 0, 0 } },
	{ "pwrite64", SYS_pwrite64, { 0 } },
	{ "writev", SYS_writev, { 0 } },
	{ "execve", SYS_execve, { 0 } },
	{ "execveat", SYS_execveat, { 0 } },
	{ "clone", SYS_clone, { SIGCHLD, 0, 0, 0 } },
	{ "clone3", SYS_clone3, { 0 } },
	{ "kill", SYS_kill, { 1, 0, 0, 0 } },
	{ "tgkill", SYS_tgkill, { 1, 1, 0, 0 } },
	{ "ptrace", SYS_ptrace, { 0 } },
	{ "process_vm_readv", SYS_process_vm_readv, { 0 } },
	{ "process_vm_writev", SYS_process_vm_writev, { 0 } },
	{ "pidfd_open", SYS_pidfd_open, { 1, 0, 0, 0 } },
	{ "prctl", SYS_prctl, { 0 } },
	{ "setresuid", SYS_setresuid, { 0, 0, 0, 0 } },
	{ "capset", SYS_capset, { 0 } },
	{ "unshare", SYS_unshare, { 0 } },
	{ "setns", SYS_setns, { 0 } },
	{ "mount", SYS_mount, { 0 } },
	{ "unlinkat", SYS_unlinkat, { 0 } },
	{ "renameat2", SYS_renameat2, { 0 } },
	{ "ioctl", SYS_ioctl, { 0 } },
	{ "fcntl", SYS_fcntl, { 0, F_GETFD, 0, 0 } },
	{ "bpf", SYS_bpf, { 0 } },
	{ "keyctl", SYS_keyctl, { 0 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 0 } },
	{ "userfaultfd", SYS_userfaultfd, { 0 } },
	{ "perf_event_open", SYS_perf_event_open, { 0 } },
};

static void try_it(void *data, struct images_answer *answer)
{
	const struct forbidden *f = ((const struct job *)data)->at;
	long r = syscall(f->number, f->args[0], f->args[1], f->args[2], f->args[3]);

	answer->result = r < 0 ? -errno : 0;
}

static void test_calls_are_refused(void **state)
{
	struct job job = { .file = a_file("data") };

	(void)state;
	for (size_t i = 0; i < COUNT(forbidden); i++) {
		struct images_answer answer = { 0 };
		struct err e = { 0 };

		job.at = &forbidden[i];
		assert_int_equal(images_confined(try_it, &job, &job.file, 1, &answer, &e), 0);
		if (answer.result != -EPERM)
			fail_msg("%s: %d", forbidden[i].name, answer.result);
	}
	close(job.file);
}

/* ---- who it is: somebody else looks, while it waits for a byte ---- */

static int child_of(int pid)
{
	char path[64];
	FILE *f;
	int child = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	for (int next; fscanf(f, "%d", &next) == 1;)
		if (next != getpid())
			child = next;
	(void)fclose(f);
	return child;
}

static bool has_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	return at && at[strlen(line)] == '\n';
}

static size_t status_of(int pid, char *text, size_t size)
{
	char path[64];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, size - 1, f) : 0;
	text[n] = '\0';
	if (f)
		(void)fclose(f);
	return n;
}

/* The lines of its status that are not as they should be, as an exit code: 0 when all are. */
static int look(int parent)
{
	static const char *const lines[] = { "\nSeccomp:\t2",
					     "\nNoNewPrivs:\t1",
					     "\nCapPrm:\t0000000000000000",
					     "\nCapEff:\t0000000000000000",
					     "\nCapInh:\t0000000000000000",
					     "\nCapAmb:\t0000000000000000" };
	static char text[1 << 14];
	int bad = 0;

	/* the filter is the last thing that it gets: with a limit, for a machine that is busy */
	for (int i = 0; i < 100000; i++) {
		int child = child_of(parent);

		if (child && status_of(child, text, sizeof(text)) && has_line(text, lines[0]))
			break;
		(void)usleep(1000);
	}
	for (size_t i = 0; i < COUNT(lines); i++)
		if (!has_line(text, lines[i]))
			bad |= 1 << i;
	if (geteuid() == 0 && (!has_line(text, "\nUid:\t65534\t65534\t65534\t65534") ||
			       !has_line(text, "\nGid:\t65534\t65534\t65534\t65534")))
		bad |= 1 << COUNT(lines);
	return bad;
}

static void wait_for_byte(void *data, struct images_answer *answer)
{
	const struct job *job = data;
	char c;

	answer->result = read(job->file, &c, 1) == 1 ? 0 : -EIO;
}

static void test_who_it_is(void **state)
{
	struct images_answer answer = { 0 };
	struct err e = { 0 };
	struct job job;
	int ends[2], status, parent = getpid();
	pid_t spy;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	job.file = ends[0];
	spy = fork();
	assert_true(spy >= 0);
	if (spy == 0) {
		int bad = look(parent);

		(void)!write(ends[1], "x", 1);
		_exit(bad);
	}
	assert_int_equal(images_confined(wait_for_byte, &job, &job.file, 1, &answer, &e), 0);
	assert_int_equal(answer.result, 0);
	assert_int_equal(waitpid(spy, &status, 0), spy);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(ends[0]);
	close(ends[1]);
}

/* ---- what comes back ---- */

static void die(void *data, struct images_answer *answer)
{
	(void)data;
	answer->done = true; /* a lie */
	__builtin_trap();
}

static void leave(void *data, struct images_answer *answer)
{
	(void)data;
	(void)answer;
	_exit(0);
}

static void test_its_death_is_an_error(void **state)
{
	static void (*const ways[])(void *, struct images_answer *) = { die, leave };

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct images_answer answer = { .result = 77 };
		struct err e = { 0 };

		assert_int_equal(images_confined(ways[i], NULL, NULL, 0, &answer, &e), -EBADMSG);
		assert_non_null(strstr(e.text, "the images cannot be understood"));
		assert_int_equal(answer.result, 77);
	}
}

/* Every byte of its answer is its own: none of it is believed. */
static void lie(void *data, struct images_answer *answer)
{
	(void)data;
	memset(answer, 0x1b, sizeof(*answer));
}

static void test_lies_are_text(void **state)
{
	struct images_answer answer = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(images_confined(lie, NULL, NULL, 0, &answer, &e), 0);
	assert_int_equal(answer.result, -EBADMSG);
	assert_null(answer.err.problems);
	assert_true(answer.err.kind <= ERR_UNSUPPORTED);
	assert_true(strlen(answer.err.text) < sizeof(answer.err.text));
	assert_null(strchr(answer.err.text, 0x1b));
	assert_true(strlen(answer.summary.architecture) < sizeof(answer.summary.architecture));
	assert_null(strchr(answer.summary.architecture, 0x1b));
	for (size_t i = 0; i < IMAGES_TASKS_SHOWN; i++)
		assert_null(strchr(answer.summary.tasks[i].command, 0x1b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_other_descriptors_are_closed),
		cmocka_unit_test(test_calls_are_refused),
		cmocka_unit_test(test_who_it_is),
		cmocka_unit_test(test_its_death_is_an_error),
		cmocka_unit_test(test_lies_are_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

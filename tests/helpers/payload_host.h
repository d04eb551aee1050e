/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Launchers for the host's side of a test: a careless caller, and a murderer with a plan. */
#ifndef CTR_TESTS_PAYLOAD_HOST_H
#define CTR_TESTS_PAYLOAD_HOST_H

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "payload.h"

static int run_program(char **argv)
{
	(void)execvp(argv[0], argv);
	return broken(argv[0]);
}

/* with-fds N DIR PROGRAM...: run it with N fds open on DIR that are not close-on-exec */
static int run_with_fds(int argc, char **argv)
{
	int count = atoi(argv[0]);

	(void)argc;
	for (int i = 0; i < count; i++)
		if (open(argv[1], O_RDONLY | O_DIRECTORY) < 0)
			return broken(argv[1]);
	return run_program(argv + 2);
}

/* ignoring PROGRAM...: run it with all signals ignored and blocked that can be */
static int run_ignoring(int argc, char **argv)
{
	sigset_t all;

	(void)argc;
	for (int sig = 1; sig < 65; sig++)
		if (sig != SIGCHLD)
			(void)signal(sig, SIG_IGN);
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	return run_program(argv);
}

/* closed PROGRAM...: run it without standard streams */
static int run_closed(int argc, char **argv)
{
	(void)argc;
	(void)close(0);
	(void)close(1);
	(void)close(2);
	return run_program(argv);
}

static void report_end(const char *what, int status)
{
	if (WIFSIGNALED(status))
		(void)printf("%s signal %d\n", what, WTERMSIG(status));
	else
		(void)printf("%s exit %d\n", what, WEXITSTATUS(status));
}

/* kill-after MICROSECONDS PROGRAM... */
static int run_kill_after(int argc, char **argv)
{
	long us = atol(argv[0]);
	struct timespec delay = { us / 1000000, us % 1000000 * 1000 };
	pid_t pid = fork();
	int status;

	(void)argc;
	if (pid == 0)
		return run_program(argv + 1);
	(void)nanosleep(&delay, NULL);
	(void)kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) < 0)
		return broken("waitpid");
	report_end("killed", status);
	return 0;
}

static int traced_program(char **argv)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		return broken("ptrace");
	(void)raise(SIGSTOP);
	/* of a build with sanitizers: the one that looks for leaks is a tracer, and a process has one at most */
	(void)setenv("LSAN_OPTIONS", "detect_leaks=0", 1);
	return run_program(argv);
}

/* Go on to the next stop; a signal other than ptrace's own is delivered. */
static int next_stop(pid_t pid, int *status)
{
	int sig = WSTOPSIG(*status);

	if (sig == (SIGTRAP | 0x80) || sig == SIGTRAP || sig == SIGSTOP)
		sig = 0;
	if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)sig) < 0)
		return -1;
	return waitpid(pid, status, 0) == pid ? 0 : -1;
}

/*
 * kill-at N PROGRAM...: SIGKILL when the program enters its Nth system call. Says "end exit 0" when
 * there were fewer, so that a caller can sweep over all of them.
 */
static int run_kill_at(int argc, char **argv)
{
	long at = atol(argv[0]) * 2; /* entry and exit */
	pid_t pid = fork();
	int status;

	(void)argc;
	if (pid == 0)
		return traced_program(argv + 1);
	if (waitpid(pid, &status, 0) != pid ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL,
		   (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) < 0)
		return broken("ptrace");
	for (long n = 0; n < at; n++) {
		if (next_stop(pid, &status) < 0)
			return broken("ptrace");
		if (!WIFSTOPPED(status)) {
			report_end("end", status);
			return 0;
		}
	}
	(void)kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) < 0)
		return broken("waitpid");
	report_end("killed", status);
	return 0;
}

#endif

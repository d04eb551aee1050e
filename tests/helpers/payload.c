// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program inside the containers of the integration tests: static, and with output made for exact
 * comparison. `payload COMMAND [ARGUMENTS] [, COMMAND ...]`: several commands, separated by ",", run
 * one after the other; the exit code is that of the last one. The commands with a dash in their name
 * are launchers for the host's side and take the rest of the line.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "payload.h"
#include "payload_attack.h"
#include "payload_files.h"
#include "payload_host.h"
#include "payload_process.h"
#include "payload_sched.h"
#include "payload_socket.h"
#include "payload_spy.h"
#include "payload_tree.h"

static const struct command commands[] = {
	{ "accept", "FD", 1, run_accept },
	{ "args", "[ARGUMENT...]", 0, run_args },
	{ "caps", "", 0, run_caps },
	{ "churn", "DIRECTORY SEED [COUNT]", 2, run_churn },
	{ "clock", "boottime|monotonic", 1, run_clock },
	{ "cwd", "", 0, run_cwd },
	{ "die", "SIGNAL", 1, run_die },
	{ "env", "", 0, run_env },
	{ "exit", "CODE", 1, run_exit },
	{ "fds", "", 0, run_fds },
	{ "ids", "", 0, run_ids },
	{ "ifflags", "INTERFACE", 1, run_ifflags },
	{ "int80", "NUMBER", 1, run_int80 },
	{ "ioprio", "", 0, run_ioprio },
	{ "keyring", "", 0, run_keyring },
	{ "limits", "[NAME...]", 0, run_limits },
	{ "manifest", "DIRECTORY", 1, run_manifest },
	{ "mempolicy", "", 0, run_mempolicy },
	{ "mkdir", "PATH...", 1, run_mkdir },
	{ "mknod", "PATH MAJOR MINOR", 3, run_mknod },
	{ "mounts", "[MOUNTPOINT...]", 0, run_mounts },
	{ "ns", "[TYPE...]", 0, run_ns },
	{ "notify", "TEXT", 1, run_notify },
	{ "open", "PATH [w]", 1, run_open },
	{ "personality", "", 0, run_personality },
	{ "pids", "", 0, run_pids },
	{ "read", "PATH...", 1, run_read },
	{ "sched", "", 0, run_sched },
	{ "signal", "[COUNT]", 0, run_signal },
	{ "signals", "", 0, run_signals },
	{ "sleep", "[SECONDS]", 0, run_sleep },
	{ "spy", "[SECONDS]", 0, run_spy },
	{ "stat", "PATH...", 1, run_stat },
	{ "syscall", "NAME|NUMBER [ARGUMENT...]", 1, run_syscall },
	{ "thread", "NAME", 1, run_thread },
	{ "tiocsti", "TEXT", 1, run_tiocsti },
	{ "touch", "PATH...", 1, run_touch },
	{ "tty", "", 0, run_tty },
	{ "uname", "", 0, run_uname },
	{ "write", "PATH [TEXT]", 1, run_write },
	{ "closed-run", "PROGRAM...", 1, run_closed },
	{ "ignoring-run", "PROGRAM...", 1, run_ignoring },
	{ "kill-after", "MICROSECONDS PROGRAM...", 2, run_kill_after },
	{ "kill-at", "NUMBER PROGRAM...", 2, run_kill_at },
	{ "with-fds", "NUMBER DIRECTORY PROGRAM...", 3, run_with_fds },
};

static int usage(void)
{
	(void)fprintf(stderr, "usage: payload COMMAND [ARGUMENTS] [, COMMAND ...]\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		(void)fprintf(stderr, "  %s %s\n", commands[i].name, commands[i].args);
	return 99;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Up to the next ",": a launcher's arguments belong to the program that it starts. */
static int count_args(const struct command *c, int argc, char **argv)
{
	int n = 0;

	if (strchr(c->name, '-'))
		return argc;
	while (n < argc && strcmp(argv[n], ",") != 0)
		n++;
	return n;
}

int main(int argc, char **argv)
{
	int r = 0;

	if (argc < 2)
		return usage();
	argc--;
	argv++;
	while (argc > 0) {
		const struct command *c = find(argv[0]);
		int n = c ? count_args(c, argc - 1, argv + 1) : 0;

		if (!c || n < c->min_args)
			return usage();
		r = c->run(n, argv + 1);
		argc -= n + 2;
		argv += n + 2;
	}
	return fflush(stdout) == 0 ? r : 97;
}

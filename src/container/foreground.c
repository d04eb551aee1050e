// SPDX-License-Identifier: GPL-2.0-or-later
/* See foreground.h. */
#include "container/foreground.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "container/sdnotify.h"
#include "container/terminal.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/trace.h"

static const int interrupting[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/* Faults are our own; SIGCHLD is answered by pidfds; job control belongs to the caller's shell. */
static const int not_forwarded[] = { SIGSEGV, SIGBUS,  SIGILL, SIGFPE,	SIGABRT, SIGSYS, SIGTRAP,
				     SIGCHLD, SIGPIPE, SIGURG, SIGTSTP, SIGTTIN, SIGTTOU };

static void forwarded_set(sigset_t *set)
{
	sigfillset(set);
	for (size_t i = 0; i < ARRAY_SIZE(not_forwarded); i++)
		sigdelset(set, not_forwarded[i]);
}

/* An ignored signal stays ignored over execve: one read tells which ones a careless caller left. */
static void reset_ignored(void)
{
	char line[256];
	unsigned long long mask = 0;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "SigIgn: %llx", &mask) == 1)
			break;
	if (f)
		(void)fclose(f);
	for (int sig = 1; sig < 65; sig++)
		if (mask >> (sig - 1) & 1)
			(void)kernel_signal_default(sig); /* it exists: it is in the mask */
}

int foreground_signals(int *ret_fd, struct err *e)
{
	sigset_t all, some;
	int fd;

	reset_ignored();
	/* a reader that went away must not end us half way; children get the default back */
	(void)signal(SIGPIPE, SIG_IGN);
	forwarded_set(&all);
	sigemptyset(&some);
	for (size_t i = 0; i < ARRAY_SIZE(interrupting); i++)
		sigaddset(&some, interrupting[i]);
	if (sigprocmask(SIG_BLOCK, &all, NULL) < 0)
		return err_set(e, ERR_SYSTEM, errno, "block signals");
	fd = signalfd(-1, &some, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "watch for signals");
	*ret_fd = fd;
	return 0;
}

/* SIGTERM asks to stop, and not every program takes it as that: to systemd it says something else. */
static int translate(const struct container *c, int sig)
{
	struct err ignored = ERR_INIT;
	int stop = sig == SIGTERM ? container_stop_signal(c, &ignored) : sig;

	return stop < 0 ? sig : stop;
}

static void forward(const struct container *c, int signal_fd, const struct relay *relay)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH && relay)
			relay_resize(relay);
		else /* ESRCH: it has just ended */
			(void)kernel_pidfd_signal(c->init.pidfd, translate(c, (int)info.ssi_signo));
	}
}

/* Entries of the poll set; the relay's come last. */
enum {
	ON_INIT,
	ON_SIGNAL,
	ON_NOTIFY,
	ON_RELAY
};

/* Readiness is passed on once; a manager that cannot be reached is no reason to end the container. */
static void notify_manager(struct container *c, struct pollfd *p)
{
	struct err ignored = ERR_INIT;

	if (sdnotify_forward(c->notify, c->init.pid, NULL, &ignored) != 0)
		p->fd = -1;
}

static int loop(struct container *c, int signal_fd, struct relay *relay, struct err *e)
{
	struct pollfd p[ON_RELAY + RELAY_POLLFDS] = {
		[ON_INIT] = { .fd = c->init.pidfd, .events = POLLIN },
		[ON_SIGNAL] = { .fd = signal_fd, .events = POLLIN },
		[ON_NOTIFY] = { .fd = c->notify, .events = POLLIN },
	};
	nfds_t n = relay ? ARRAY_SIZE(p) : ON_RELAY;

	for (;;) {
		if (relay)
			relay_prepare(relay, p + ON_RELAY);
		if (poll(p, n, -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_set(e, ERR_SYSTEM, errno, "wait for the container");
		}
		if (relay)
			relay_handle(relay, p + ON_RELAY);
		if (p[ON_SIGNAL].revents)
			forward(c, signal_fd, relay);
		if (p[ON_NOTIFY].revents)
			notify_manager(c, &p[ON_NOTIFY]);
		if (p[ON_INIT].revents)
			return 0;
	}
}

static int reap(const struct container *c, int *ret_status, struct err *e)
{
	siginfo_t info = { 0 };

	if (waitid(P_PIDFD, (id_t)c->init.pidfd, &info, WEXITED) < 0)
		return err_set(e, ERR_SYSTEM, errno, "wait for the container");
	*ret_status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
	return 0;
}

static int relay_loop(struct container *c, int signal_fd, struct err *e)
{
	cleanup_(relay_stop) struct relay relay = { 0 };
	int r = relay_start(&relay, c->console, e);

	if (r == 0)
		r = loop(c, signal_fd, &relay, e);
	if (r == 0)
		relay_drain(&relay);
	return r;
}

int foreground_attend(struct container *c, int signal_fd, int *ret_status, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "the program runs");
	sigset_t all;
	int r;

	forwarded_set(&all);
	if (signalfd(signal_fd, &all, 0) < 0)
		return err_set(e, ERR_SYSTEM, errno, "watch for signals");
	r = c->console >= 0 ? relay_loop(c, signal_fd, e) : loop(c, signal_fd, NULL, e);
	return r < 0 ? r : reap(c, ret_status, e);
}

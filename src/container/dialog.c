// SPDX-License-Identifier: GPL-2.0-or-later
/* See dialog.h. Every wait ends: by a message, by init's death, by the user, or by a deadline. */
#include "container/dialog.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container/hooks.h"
#include "container/network.h"
#include "container/notify.h"
#include "container/steps.h"
#include "container/terminal.h"
#include "namespaces/idmap.h"
#include "namespaces/timens.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/trace.h"

enum {
	BASE_DEADLINE_MS = 120 * 1000
};

/* Hooks that init runs have deadlines of their own, which come on top. `ctr start` has no plan. */
static int deadline_ms(const struct container *c)
{
	int64_t ms = BASE_DEADLINE_MS;

	for (size_t i = 0; c->plan && i < c->plan->op_count; i++) {
		const struct plan_op *op = &c->plan->ops[i];

		if (op->code == PLAN_CODE_hook)
			ms += 1000 * (int64_t)((const struct plan_arg_hook *)(const void *)op->slot)
					     ->timeout;
	}
	if (!c->plan && c->spec)
		ms += hooks_deadline_ms(c->spec, OCI_HOOK_START_CONTAINER);
	return ms < INT32_MAX ? (int)ms : INT32_MAX;
}

/*
 * 1: there is something to read, 0: there never will be. Init's death closes the socket; but between its
 * fork into a pid namespace and the message that tells of it there is a child that has the socket, too.
 */
static int wait_readable(struct container *c, struct err *e)
{
	struct pollfd p[] = {
		{ .fd = c->init.sync, .events = POLLIN },
		{ .fd = c->interrupt, .events = POLLIN },
		{ .fd = c->init.pidfd, .events = POLLIN },
	};
	int n;

	do
		n = poll(p, ARRAY_SIZE(p), deadline_ms(c));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(e, ERR_SYSTEM, errno, "wait for ctr-init");
	if (n == 0)
		return err_set(e, ERR_SYSTEM, ETIMEDOUT, "wait for ctr-init");
	if (p[0].revents)
		return 1;
	if (p[2].revents) /* what it said last may have come since the socket was looked at */
		return poll(p, 1, 0) > 0;
	return err_set(e, ERR_SYSTEM, EINTR, "interrupted");
}

static void take_passed_fd(struct msghdr *msg, int *ret_fd)
{
	struct cmsghdr *h = CMSG_FIRSTHDR(msg);

	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS &&
	    h->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(h), sizeof(int));
}

/* 1: a message, 0: the other end is closed, or nobody is there any more. */
static int receive(struct container *c, struct plan_message *m, int *ret_fd, struct err *e)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = m, .iov_len = sizeof(*m) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t n;
	int r = wait_readable(c, e);

	if (r <= 0)
		return r;
	*ret_fd = -EBADF;
	n = recvmsg(c->init.sync, &msg, MSG_CMSG_CLOEXEC);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return err_set(e, ERR_SYSTEM, errno, "hear from ctr-init");
	take_passed_fd(&msg, ret_fd);
	if (n != (ssize_t)sizeof(*m))
		return err_set(e, ERR_SYSTEM, EPROTO, "hear from ctr-init");
	m->text[sizeof(m->text) - 1] = '\0';
	return 1;
}

/* `ctr start` is not its parent: there may be nobody left to ask. */
static int no_longer_there(struct container *c, struct err *e)
{
	int status;

	if (process_zombie_status(&c->record.init, &status) == 0 && WIFSIGNALED(status))
		err_set(e, ERR_STATE, 0,
			"the container was killed by signal %d before its program was executed",
			WTERMSIG(status));
	else
		err_set(e, ERR_STATE, 0,
			"the container was killed before its program was executed");
	return -ESRCH;
}

/* Why did it vanish without a word? Most likely the kernel killed it for its memory limit. */
static int died(struct container *c, struct err *e)
{
	siginfo_t info = { 0 };
	uint64_t kills = 0;
	char memory[128];

	if (c->init.pidfd < 0)
		return no_longer_there(c, e);
	(void)waitid(P_PIDFD, (id_t)c->init.pidfd, &info, WEXITED | WNOWAIT);
	(void)cgroup_oom_kills_read(&c->cgroup, &kills, NULL);
	if (kills > c->oom_kills_before) {
		cgroup_memory_describe(&c->cgroup, memory, sizeof(memory));
		err_set(e, ERR_CONFIG, ENOMEM,
			"the container was killed by its memory limit before it started (%s)",
			memory);
		err_origin(e, "config.json /linux/resources/memory/limit");
		err_hint(e, "raise the limit");
		return -ENOMEM;
	}
	if (info.si_code == CLD_EXITED)
		return err_set(e, ERR_SYSTEM, 0, "ctr-init ended with status %d and no report",
			       info.si_status);
	return err_set(e, ERR_SYSTEM, 0, "ctr-init was killed by signal %d", info.si_status);
}

int dialog_go(struct container *c, struct err *e)
{
	struct plan_message go = { .type = PLAN_MSG_GO };

	if (send(c->init.sync, &go, sizeof(go), MSG_NOSIGNAL) < 0)
		return errno == EPIPE || errno == ECONNRESET
			       ? died(c, e)
			       : err_set(e, ERR_SYSTEM, errno, "talk to ctr-init");
	return 0;
}

/* The process that joined a pid namespace goes on as its child, which is our child as well. */
static int adopt(struct container *c, pid_t pid, struct err *e)
{
	int pidfd = kernel_pidfd_open(pid);

	if (pidfd < 0)
		return err_set(e, ERR_SYSTEM, -pidfd, "follow ctr-init into the pid namespace");
	(void)waitid(P_PIDFD, (id_t)c->init.pidfd, &(siginfo_t){ 0 },
		     WEXITED); /* it exits at once */
	close_fd(&c->init.pidfd);
	c->init.pidfd = pidfd;
	c->init.pid = pid;
	return dialog_go(c, e);
}

int container_runtime_hooks(struct container *c, struct err *e)
{
	static const enum oci_hook_kind kinds[] = { OCI_HOOK_PRESTART, OCI_HOOK_CREATE_RUNTIME };
	int r;

	/* whatever happens now, poststop hooks have something to balance */
	c->record.hooks_started = true;
	r = process_identify(c->init.pid, c->init.pidfd, &c->record.init, e);
	if (r == 0)
		r = record_save(c->dir, &c->record, e);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds); i++)
		r = hooks_run(c, kinds[i], STATUS_CREATED, c->init.pid, e);
	return r;
}

/* 1: stopped at @want, 0: go on listening. */
static int on_sync(struct container *c, int64_t what, enum plan_sync want, struct err *e)
{
	int r = 0;

	if (what == PLAN_SYNC_IDS)
		r = idmap_write(c->init.pid, &c->plan->uid_maps, &c->plan->gid_maps, &c->caller, e);
	else if (what == PLAN_SYNC_TIME)
		r = timens_write(c->init.pid, &c->spec->linux_, e);
	else if (what == PLAN_SYNC_NETWORK)
		r = network_connect(c, e);
	else if (what == PLAN_SYNC_RUNTIME)
		r = container_runtime_hooks(c, e);
	if (r < 0)
		return r;
	if (what == (int64_t)want)
		return 1;
	return dialog_go(c, e);
}

/* `ctr start` has no plan until something fails: the same config makes the same one again. */
static int report(struct container *c, const struct plan_message *m, struct err *e)
{
	int r = 0;

	if (!c->plan && c->spec) {
		/* any descriptor will do, and any filter: the operation only has to be there */
		c->listener = c->init.sync;
		if (faccessat(c->dir, "notify", F_OK, 0) == 0)
			c->notify_tree = c->init.sync;
		if (c->cgroup_root < 0)
			(void)cgroup_root_open(&c->cgroup_root, NULL); /* one operation needs it */
		if (security_filter_outline(&c->spec->linux_.seccomp, &c->filter) < 0)
			r = err_set(e, ERR_SYSTEM, ENOMEM, "find out what failed");
		if (r == 0)
			r = container_plan(c, e);
		c->listener = c->notify_tree = -EBADF;
	}
	return r < 0 ? r : plan_error(c->plan, m, e);
}

static int on_message(struct container *c, const struct plan_message *m, int *fd,
		      enum plan_sync want, struct err *e)
{
	switch ((enum plan_message_type)m->type) {
	case PLAN_MSG_SYNC: return on_sync(c, m->value, want, e);
	case PLAN_MSG_ERROR: return report(c, m, e);
	case PLAN_MSG_PID: return adopt(c, (pid_t)m->value, e);
	case PLAN_MSG_CONSOLE:
		close_fd(&c->console);
		c->console = take_fd(fd);
		/* before the program looks: later it would have to be told by SIGWINCH */
		if (!c->spec->process.console_size.width)
			terminal_take_size(c->console);
		return 0;
	case PLAN_MSG_NOTIFY: return notify_send(c, *fd, e);
	case PLAN_MSG_NETWORK:
		close_fd(&c->net.inside);
		c->net.inside = take_fd(fd);
		return 0;
	case PLAN_MSG_EXEC: c->announced = true; return 0;
	case PLAN_MSG_GO: break;
	}
	return err_set(e, ERR_SYSTEM, EPROTO, "message %u of ctr-init", m->type);
}

int dialog_until(struct container *c, enum plan_sync want, struct err *e)
{
	TRACE_PHASE(TRACE_INIT, "prepare the container");
	struct plan_message m;
	int r = 0;

	while (r == 0) {
		cleanup_fd int fd = -EBADF;

		r = receive(c, &m, &fd, e);
		if (r < 0)
			return r;
		r = r == 0 ? died(c, e) : on_message(c, &m, &fd, want, e);
	}
	return r < 0 ? r : 0;
}

int dialog_released(struct container *c, struct err *e)
{
	struct plan_message m;
	int r = 0;

	while (r == 0) {
		cleanup_fd int fd = -EBADF;

		r = receive(c, &m, &fd, e);
		if (r <= 0)
			return r;
		r = on_message(c, &m, &fd, PLAN_SYNC_COUNT, e);
	}
	return r;
}

/*
 * The socket closes at execve, and when init dies. It has said that execve comes next, so mostly that is
 * it; but from there to the program's first instruction it can still be killed. Whoever has an
 * executable lives; of who has none any more the name tells whether it was the program.
 */
static bool was_executed(const struct container *c)
{
	struct process_identity own = { .pid = c->init.pid };

	return c->announced && !process_ended_as_init(c->init.pid ? &own : &c->record.init);
}

int dialog_executed(struct container *c, struct err *e)
{
	TRACE_PHASE(TRACE_INIT, "execute the program");
	int r = dialog_released(c, e);

	return r < 0 || was_executed(c) ? r : died(c, e);
}

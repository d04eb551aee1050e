// SPDX-License-Identifier: GPL-2.0-or-later
/* See spawn.h. */
#include "container/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/capability.h>

#include "container/initfd.h"
#include "namespaces/advice.h"
#include "namespaces/idmap.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/trace.h"

/*
 * What the child needs, ready before it exists: it only makes system calls. It has a copy of our memory, although a loan until
 * its exec would be cheaper (CLONE_VM): born into a frozen cgroup it does not come to the exec, and who waits for that
 * (CLONE_VFORK) has neither a deadline nor ears for signals; and who does not wait is ended with it by the OOM killer.
 */
struct child {
	const struct plan *plan;
	int init_fd, plan_fd, sync_fd;
	int ctr_fd; /* the other end of sync_fd */
	unsigned keep_fds;
	bool waits; /* for the word that maps are written and the cgroup is entered */
	char plan_arg[16];
};

static int keep_open(int fd)
{
	return fd >= 0 && fcntl(fd, F_SETFD, 0) < 0 ? -errno : 0;
}

/*
 * In a new user namespace an exec drops all capabilities unless the process is root there. Where the
 * maps have no root, capabilities are made ambient for this one exec; ctr-init sets the final ones.
 */
static int keep_capabilities(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		d[i].inheritable = d[i].permitted;
	if (syscall(SYS_capset, &h, d) < 0)
		return -errno;
	for (int cap = 0; cap < 64; cap++)
		if (d[cap / 32].permitted >> (cap % 32) & 1 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -errno;
	return 0;
}

static int await_word(const struct child *c)
{
	struct plan_message go;

	return recv(c->sync_fd, &go, sizeof(go), 0) == (ssize_t)sizeof(go) ? 0 : -ECONNRESET;
}

/* The maps are written: take ids that exist. */
static int enter_user_namespace(const struct child *c)
{
	uid_t uid = c->plan->base_uid;
	gid_t gid = c->plan->base_gid;

	if (!c->plan->keep_groups && setgroups(0, NULL) < 0)
		return -errno;
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return uid ? keep_capabilities() : 0;
}

static int exec_init(const struct child *c)
{
	char *const argv[] = { (char[]){ "ctr-init" }, (char *)(uintptr_t)c->plan_arg, NULL };
	char *const envp[] = { NULL };
	int r = c->waits ? await_word(c) : 0;

	if (r == 0 && c->plan->clone_flags & CLONE_NEWUSER)
		r = enter_user_namespace(c);
	for (size_t i = 1; r == 0 && i < c->plan->reg_count; i++)
		r = keep_open(c->plan->regs[i].fd);
	if (r == 0)
		r = keep_open(c->plan_fd);
	if (r == 0)
		r = keep_open(c->sync_fd);
	for (unsigned i = 0; r == 0 && i < c->keep_fds; i++)
		r = keep_open((int)(3 + i));
	return r < 0 ? r : kernel_execveat(c->init_fd, "", argv, envp, AT_EMPTY_PATH);
}

static __attribute__((noreturn)) void run_child(const struct child *c)
{
	struct plan_message m = { .type = PLAN_MSG_ERROR, .stage = PLAN_STAGE_START };

	/*
	 * We have a copy of everything that is open, the lock of the container's directory among it: when
	 * ctr is killed we must not stay. Should it be dead already, the wait for its word ends at once,
	 * because no copy of its end of the socket is left.
	 */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)close(c->ctr_fd);
	(void)kernel_signal_default(SIGPIPE); /* we ignore it, the payload must not */
	m.errnum = -exec_init(c);
	(void)send(c->sync_fd, &m, sizeof(m), MSG_NOSIGNAL);
	_exit(255);
}

static int make_plan_fd(const struct plan *p, int sync_fd, int *ret_fd, struct err *e)
{
	cleanup_free void *data = NULL;
	size_t size;
	int r = plan_encode(p, sync_fd, &data, &size, e);

	return r < 0 ? r : initfd_seal("plan", data, size, ret_fd, e);
}

static int clone_error(const struct plan *p, const struct caller *caller, int r, struct err *e)
{
	err_set(e, ERR_SYSTEM, -r, "create the container's process and namespaces");
	if ((r == -EPERM || r == -ENOSPC) && p->clone_flags & CLONE_NEWUSER)
		advice_userns(r, e);
	else if (r == -EPERM && !caller_is_host_root(caller))
		err_hint(e, "an ordinary user needs a user namespace for this: see the config that "
			    "`ctr spec --rootless` writes, or run as root");
	else if (r == -EPERM)
		err_hint(e, "this needs CAP_SYS_ADMIN: run as root");
	else if (r == -ENOSPC && p->clone_flags)
		err_hint(e, "a limit in /proc/sys/user/max_*_namespaces is reached");
	else if (r == -EAGAIN)
		err_hint(e, "a limit on processes is reached (ulimit -u, pids.max)");
	return r;
}

static bool child_waits(const struct plan *p, const struct spawn_place *place)
{
	return p->clone_flags & CLONE_NEWUSER || place->settle;
}

/* What others have to do for it; then it may go on. */
static int settle(const struct plan *p, const struct caller *caller,
		  const struct spawn_place *place, const struct spawned *s, struct err *e)
{
	struct plan_message go = { .type = PLAN_MSG_GO };
	int r = 0;

	if (!child_waits(p, place))
		return 0;
	if (p->clone_flags & CLONE_NEWUSER)
		r = idmap_write(s->pid, &p->uid_maps, &p->gid_maps, caller, e);
	if (r == 0 && place->settle)
		r = place->settle(place->data, s->pid, e);
	if (r == 0 && send(s->sync, &go, sizeof(go), MSG_NOSIGNAL) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "talk to ctr-init");
	return r;
}

int container_spawn(const struct plan *p, const struct caller *caller,
		    const struct spawn_place *place, unsigned keep_fds, struct spawned *ret,
		    struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "start ctr-init");
	cleanup_fd int init_fd = -EBADF, plan_fd = -EBADF, theirs = -EBADF;
	struct kernel_clone_args args = { .flags = p->clone_flags | CLONE_PIDFD,
					  .exit_signal = SIGCHLD };
	struct spawned s = SPAWNED_EMPTY;
	struct child child = { .plan = p, .keep_fds = keep_fds, .waits = child_waits(p, place) };
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, ERR_SYSTEM, errno, "create a socket");
	s.sync = pair[0];
	theirs = pair[1];
	r = initfd_open(&init_fd, e);
	if (r == 0)
		r = make_plan_fd(p, theirs, &plan_fd, e);
	if (r < 0) {
		spawned_kill(&s);
		return r;
	}
	child.init_fd = init_fd;
	child.plan_fd = plan_fd;
	child.sync_fd = theirs;
	child.ctr_fd = s.sync;
	(void)snprintf(child.plan_arg, sizeof(child.plan_arg), "%d", plan_fd);
	args.pidfd = (uint64_t)(uintptr_t)&s.pidfd;
	if (place->cgroup_fd >= 0) {
		args.flags |= KERNEL_CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)place->cgroup_fd;
	}
	r = kernel_clone3(&args);
	if (r == 0)
		run_child(&child);
	if (r < 0) {
		spawned_kill(&s);
		return clone_error(p, caller, r, e);
	}
	s.pid = r;
	r = settle(p, caller, place, &s, e);
	if (r < 0)
		spawned_kill(&s);
	else
		*ret = s;
	return r;
}

void spawned_kill(struct spawned *s)
{
	if (s->pidfd >= 0) {
		(void)kernel_pidfd_signal(s->pidfd, SIGKILL); /* ESRCH: it is dead already */
		(void)waitid(P_PIDFD, (id_t)s->pidfd, &(siginfo_t){ 0 }, WEXITED);
	}
	close_fd(&s->pidfd);
	close_fd(&s->sync);
	s->pid = 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See userns_call.h. */
#include "namespaces/userns_call.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "namespaces/idmap.h"
#include "util/cleanup.h"
#include "util/kernel.h"

/* What comes back, in memory that both have. */
struct answer {
	int result;
	struct err e;
};

static int join(int ns, struct err *e)
{
	return setns(ns, CLONE_NEWUSER) < 0 ? err_set(e, ERR_SYSTEM, errno, "join a user namespace")
					    : 0;
}

static __attribute__((noreturn)) void work(int ns, pid_t parent, struct answer *a,
					   int (*fn)(void *data, struct err *e), void *data)
{
	/* our descriptors are copies, locks among them: we must not outlive who waits for us */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	a->result = join(ns, &a->e);
	if (a->result == 0)
		a->result = fn(data, &a->e);
	_exit(0);
}

static int run(int ns, struct answer *a, int (*fn)(void *data, struct err *e), void *data,
	       struct err *e)
{
	struct kernel_clone_args args = { .exit_signal = SIGCHLD };
	pid_t parent = getpid();
	int status = 0, pid = kernel_clone3(&args);

	if (pid < 0)
		return err_set(e, ERR_SYSTEM, -pid, "create a process");
	if (pid == 0)
		work(ns, parent, a, fn, data);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		return err_set(e, ERR_SYSTEM, EIO, "work in a user namespace");
	if (a->result < 0 && e) {
		a->e.problems = e->problems;
		*e = a->e;
	}
	return a->result;
}

int userns_call(const oci_id_maps *uid, const oci_id_maps *gid, const struct caller *caller,
		int (*fn)(void *data, struct err *e), void *data, struct err *e)
{
	cleanup_fd int ns = -EBADF;
	struct answer *a;
	int r = idmap_userns_open(uid, gid, caller, &ns, e);

	if (r < 0)
		return r;
	a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (a == MAP_FAILED)
		return err_set(e, ERR_SYSTEM, errno, "work in a user namespace");
	r = run(ns, a, fn, data, e);
	(void)munmap(a, sizeof(*a));
	return r;
}

int userns_enter(const oci_id_maps *uid, const oci_id_maps *gid, const struct caller *caller,
		 struct err *e)
{
	cleanup_fd int ns = -EBADF;
	int r = idmap_userns_open(uid, gid, caller, &ns, e);

	return r < 0 ? r : join(ns, e);
}

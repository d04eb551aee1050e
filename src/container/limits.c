// SPDX-License-Identifier: GPL-2.0-or-later
/* See limits.h. */
#include "container/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>

#include "oci/names.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/num.h"

enum {
	SPARE_FDS = 64,
	BORROW_MS = 5000,
	MAX_CPUS = 8192
};

/* A config may have more mounts than the usual soft limit has fds. The payload gets the old limit. */
int limits_raise_nofile(const struct plan *p, struct limits_nofile *ret, struct err *e)
{
	struct rlimit now;

	ret->raised = false;
	if (getrlimit(RLIMIT_NOFILE, &ret->before) < 0)
		return err_set(e, ERR_SYSTEM, errno, "read the limit on open files");
	if (ret->before.rlim_cur >= p->reg_count + SPARE_FDS)
		return 0;
	now = ret->before;
	now.rlim_cur = now.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &now) < 0)
		return err_set(e, ERR_SYSTEM, errno, "raise the limit on open files");
	ret->raised = true;
	return 0;
}

/* The real ids of a process as we see them. */
static int ids_of(pid_t pid, uid_t *ret_uid, gid_t *ret_gid)
{
	char path[64], text[4096];
	const char *uid, *gid;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (io_read_line(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -ESRCH;
	uid = strstr(text, "\nUid:\t");
	gid = strstr(text, "\nGid:\t");
	if (!uid || !gid)
		return -ESRCH;
	*ret_uid = (uid_t)strtoul(uid + 6, NULL, 10);
	*ret_gid = (gid_t)strtoul(gid + 6, NULL, 10);
	return 0;
}

/* In a child; the errno it ends with. */
static int set_as(uid_t uid, gid_t gid, pid_t pid, int resource, const struct rlimit *value)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || setresgid(gid, (gid_t)-1, (gid_t)-1) < 0 ||
	    setresuid(uid, (uid_t)-1, (uid_t)-1) < 0)
		return errno;
	return -kernel_prlimit(pid, resource, value, NULL);
}

/*
 * Root without CAP_SYS_RESOURCE may set the limits of a process only while its own real ids are those
 * of that process (prlimit(2)). A child borrows them: whoever has that uid may send it signals then.
 */
static int borrow_ids(pid_t pid, int resource, const struct rlimit *value)
{
	struct kernel_clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	cleanup_fd int pidfd = -EBADF;
	struct pollfd wait = { .events = POLLIN };
	siginfo_t end = { 0 };
	uid_t uid;
	gid_t gid;
	int r = ids_of(pid, &uid, &gid), child;

	if (r < 0)
		return r;
	args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	child = kernel_clone3(&args);
	if (child == 0)
		_exit(set_as(uid, gid, pid, resource, value));
	if (child < 0)
		return child;
	wait.fd = pidfd;
	if (poll(&wait, 1, BORROW_MS) <= 0)
		(void)kernel_pidfd_signal(pidfd, SIGKILL);
	if (waitid(P_PIDFD, (id_t)pidfd, &end, WEXITED) < 0)
		return -errno;
	return end.si_code == CLD_EXITED ? -end.si_status : -ETIMEDOUT;
}

static int set_value(pid_t pid, int resource, const struct rlimit *value)
{
	int r = kernel_prlimit(pid, resource, value, NULL);

	return r == -EPERM ? borrow_ids(pid, resource, value) : r;
}

static int limit_refused(const struct plan *p, const struct oci_rlimit *l, size_t index, int errnum,
			 struct err *e)
{
	char origin[48];

	(void)snprintf(origin, sizeof(origin), "/process/rlimits/%zu", index);
	err_set(e, ERR_SYSTEM, errnum, "set resource limit %s to %llu:%llu",
		oci_names_of(&oci_rlimit_names, (uint64_t)l->resource), (unsigned long long)l->soft,
		(unsigned long long)l->hard);
	if (p)
		plan_error_origin(p, origin, e);
	else
		err_origin(e, "config.json %s", origin);
	if (errnum == EPERM)
		err_hint(e, "a hard limit can be raised only with CAP_SYS_RESOURCE");
	return -errnum;
}

static int oom_score_refused(const struct plan *p, int64_t score, int errnum, struct err *e)
{
	err_set(e, ERR_SYSTEM, errnum, "set oom_score_adj to %lld", (long long)score);
	plan_error_origin(p, "/process/oomScoreAdj", e);
	return -errnum;
}

static int set_limit(const struct plan *p, pid_t pid, const struct oci_process *process,
		     size_t index, struct err *e)
{
	const struct oci_rlimit *l = &process->rlimits.items[index];
	struct rlimit value = { .rlim_cur = l->soft, .rlim_max = l->hard };
	int r = set_value(pid, l->resource, &value);

	return r < 0 ? limit_refused(p, l, index, -r, e) : 0;
}

/* Read back: the write must have reached this very process (security.md R10). */
static int set_oom_score(const struct plan *p, pid_t pid, int64_t score, struct err *e)
{
	char path[64], value[24], now[24];
	cleanup_fd int fd = -EBADF;
	int n = snprintf(value, sizeof(value), "%lld", (long long)score);

	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	errno = 0;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, value, (size_t)n) == n &&
	    io_read_line(AT_FDCWD, path, now, sizeof(now)) >= 0 && strcmp(now, value) == 0)
		return 0;
	return oom_score_refused(p, score, errno ? errno : EIO, e);
}

int limits_set_cpus(pid_t pid, const char *cpus, struct err *e)
{
	unsigned char mask[MAX_CPUS / 8];
	int r = 0;

	memset(mask, 0xff, sizeof(mask));
	if (cpus)
		r = num_parse_cpus(cpus, mask, sizeof(mask));
	if (r == 0 &&
	    sched_setaffinity(pid, sizeof(mask), (const cpu_set_t *)(const void *)mask) < 0)
		r = -errno;
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "let the process use the CPUs %s",
			       cpus ? cpus : "of its cpuset")
		     : 0;
}

int limits_set(const struct plan *p, const struct oci_process *process, pid_t pid,
	       const struct limits_nofile *nofile, unsigned least_files,
	       const struct caller *caller, struct err *e)
{
	int r = nofile->raised ? set_value(pid, RLIMIT_NOFILE, &nofile->before) : 0;

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "restore the limit on open files");
	for (size_t i = 0; r == 0 && i < process->rlimits.count; i++) {
		const struct oci_rlimit *l = &process->rlimits.items[i];

		if (l->resource != RLIMIT_NOFILE || l->soft >= least_files)
			r = set_limit(p, pid, process, i, e);
	}
	if (r == 0 && process->oom_score_adj.set && caller_is_host_root(caller))
		r = set_oom_score(p, pid, process->oom_score_adj.value, e);
	return r;
}

int limits_set_files(const struct oci_process *process, pid_t pid, struct err *e)
{
	for (size_t i = 0; i < process->rlimits.count; i++) {
		const struct oci_rlimit *l = &process->rlimits.items[i];
		int r = l->resource == RLIMIT_NOFILE ? set_limit(NULL, pid, process, i, e) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* The first line of @path as a number; @fallback when it cannot be read. */
static long long number_of(const char *path, long long fallback)
{
	char text[32];

	return io_read_line(AT_FDCWD, path, text, sizeof(text)) > 0 ? strtoll(text, NULL, 10)
								    : fallback;
}

static bool limit_too_high(const struct oci_rlimit *l, bool privileged)
{
	struct rlimit now;

	if (l->resource == RLIMIT_NOFILE &&
	    l->hard > (unsigned long long)number_of("/proc/sys/fs/nr_open", LLONG_MAX))
		return true; /* for anybody: setrlimit(2) */
	return !privileged && kernel_prlimit(0, l->resource, NULL, &now) == 0 &&
	       l->hard > now.rlim_max;
}

int limits_probe(const struct plan *p, const struct oci_process *process,
		 const struct caller *caller, struct err *e)
{
	const struct opt_i64 *score = &process->oom_score_adj;
	bool privileged = caller->initial_userns && caller->capabilities >> CAP_SYS_RESOURCE & 1;
	int r = 0;

	for (size_t i = 0; r == 0 && i < process->rlimits.count; i++)
		if (limit_too_high(&process->rlimits.items[i], privileged))
			r = err_keep(e, limit_refused(p, &process->rlimits.items[i], i, EPERM, e));
	/* others than root leave out what they cannot set */
	if (r == 0 && score->set && !privileged && caller_is_host_root(caller) &&
	    score->value < number_of("/proc/self/oom_score_adj", LLONG_MIN))
		r = err_keep(e, oom_score_refused(p, score->value, EACCES, e));
	return r;
}

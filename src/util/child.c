// SPDX-License-Identifier: GPL-2.0-or-later
/* See child.h. */
#include "util/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/kernel.h"

enum {
	DRAIN_READS = 256
}; /* of 4 KiB: the largest pipe that an ordinary user can have */

/* The parent's ends, and where feeding the input has got to. */
struct talk {
	int in, out, failed, pidfd;
	size_t part, offset;
	size_t tail_len;
};

static long now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

static void close_if(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* In the child; returns the errno that execve ended with. */
static int become(const struct child_job *job, const int fds[3], int report)
{
	sigset_t none;

	sigemptyset(&none);
	for (int sig = 1; sig < 65; sig++)
		(void)kernel_signal_default(sig); /* EINVAL for SIGKILL and SIGSTOP */
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	umask(022);
	if (setpgid(0, 0) < 0 || (job->cwd >= 0 && fchdir(job->cwd) < 0))
		return errno;
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			return errno;
	if (kernel_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ||
	    fcntl(report, F_SETFD, FD_CLOEXEC) < 0)
		return errno;
	if (job->exe < 0)
		return execve(job->path, job->argv, job->envp), errno;
	(void)kernel_execveat(job->exe, "", job->argv, job->envp, AT_EMPTY_PATH);
	/* a script is read by its interpreter through the fd, which must then survive: execveat(2) */
	if (errno == ENOENT && fcntl(job->exe, F_SETFD, 0) == 0)
		(void)kernel_execveat(job->exe, "", job->argv, job->envp, AT_EMPTY_PATH);
	return errno;
}

static void feed(const struct child_job *job, struct talk *t)
{
	while (t->part < job->input_count) {
		const struct iovec *v = &job->input[t->part];
		ssize_t n =
			write(t->in, (const char *)v->iov_base + t->offset, v->iov_len - t->offset);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			break; /* EPIPE: it does not want to know more, which is its right */
		t->offset += (size_t)n;
		if (t->offset == v->iov_len) {
			t->part++;
			t->offset = 0;
		}
	}
	close_if(&t->in);
}

/* Keep the last CHILD_TAIL bytes. */
static void keep_tail(struct talk *t, char *tail, const char *data, size_t n)
{
	if (n > CHILD_TAIL) {
		data += n - CHILD_TAIL;
		n = CHILD_TAIL;
	}
	if (t->tail_len + n > CHILD_TAIL) {
		size_t drop = t->tail_len + n - CHILD_TAIL;

		memmove(tail, tail + drop, t->tail_len - drop);
		t->tail_len -= drop;
	}
	memcpy(tail + t->tail_len, data, n);
	t->tail_len += n;
}

/* Bounded: one that writes as fast as we read must not keep us from looking at the clock. */
static void drain(struct talk *t, struct child_result *ret)
{
	char buf[4096];
	ssize_t n = 1;

	for (int i = 0; i < DRAIN_READS && n > 0; i++) {
		n = read(t->out, buf, sizeof(buf));
		if (n > 0)
			keep_tail(t, ret->tail, buf, (size_t)n);
	}
	if (n == 0)
		close_if(&t->out);
}

static void clean_tail(struct talk *t, char *tail)
{
	while (t->tail_len && (unsigned char)tail[t->tail_len - 1] <= ' ')
		t->tail_len--;
	tail[t->tail_len] = '\0';
	for (char *p = tail; p < tail + t->tail_len; p++) /* there may be NULs among it */
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = *p == '\n' ? ' ' : '?';
}

/* 1 when it ended, 0 at the deadline, -EINTR when somebody wants to stop. */
static int attend(const struct child_job *job, struct talk *t, struct child_result *ret)
{
	long end = now_ms() + job->timeout_ms;

	for (;;) {
		struct pollfd p[] = {
			{ .fd = t->pidfd, .events = POLLIN },
			{ .fd = t->in, .events = POLLOUT },
			{ .fd = t->out, .events = POLLIN },
			{ .fd = job->interrupt > 0 ? job->interrupt : -1, .events = POLLIN },
		};
		long left = end - now_ms();
		int n = left > 0 ? poll(p, ARRAY_SIZE(p), (int)left) : 0;

		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return 0;
		if (n < 0)
			continue;
		if (p[1].revents)
			feed(job, t);
		if (p[2].revents)
			drain(t, ret);
		if (p[0].revents)
			return 1;
		if (p[3].revents)
			return -EINTR;
	}
}

static int collect(const struct child_job *job, struct talk *t, pid_t pid, struct child_result *ret)
{
	int status, exec_errno = 0, r = attend(job, t, ret);

	if (r <= 0) {
		ret->timed_out = r == 0;
		ret->interrupted = r < 0;
		(void)kill(-pid, SIGKILL); /* the whole group; the pid is ours until waited for */
		(void)kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (t->out >= 0)
		drain(t, ret);
	clean_tail(t, ret->tail);
	ret->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (read(t->failed, &exec_errno, sizeof(exec_errno)) == (ssize_t)sizeof(exec_errno))
		return -exec_errno;
	return 0;
}

static int start(const struct child_job *job, struct talk *t, const int theirs[3], int report)
{
	struct kernel_clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	int pid, failed;

	args.pidfd = (uint64_t)(uintptr_t)&t->pidfd;
	pid = kernel_clone3(&args);
	if (pid)
		return pid;
	failed = become(job, theirs, report);
	(void)!write(report, &failed, sizeof(failed));
	_exit(127);
}

int child_run(const struct child_job *job, struct child_result *ret)
{
	struct talk t = { .in = -1, .out = -1, .failed = -1, .pidfd = -1 };
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, failed[2] = { -1, -1 };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	int pid = -1, r;

	memset(ret, 0, sizeof(*ret));
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC) < 0 ||
	    fcntl(in[1], F_SETFL, O_NONBLOCK) < 0 || fcntl(out[0], F_SETFL, O_NONBLOCK) < 0) {
		r = -errno;
	} else {
		const int streams[] = { in[0], job->out > 0 ? job->out : out[1],
					job->err > 0 ? job->err : out[1] };

		pid = start(job, &t, streams, failed[1]);
		r = pid < 0 ? pid : 0;
	}
	close_if(&in[0]);
	close_if(&out[1]);
	close_if(&failed[1]);
	t.in = in[1];
	t.out = out[0];
	t.failed = failed[0];
	if (r == 0) {
		(void)sigaction(SIGPIPE, &ignore, &before);
		r = collect(job, &t, pid, ret);
		(void)sigaction(SIGPIPE, &before, NULL);
	}
	close_if(&t.in);
	close_if(&t.out);
	close_if(&t.failed);
	close_if(&t.pidfd);
	return r;
}

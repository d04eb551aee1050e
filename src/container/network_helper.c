// SPDX-License-Identifier: GPL-2.0-or-later
/* See network_helper.h. */
#include "container/network_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "net/helper.h"
#include "net/link.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	READY_MS = 30000,
	END_MS = 10000,
	OUTPUT_MAX = 64 * 1024,
	TAIL = 300,
	EXEC_FAILED = 127
};

/* What the child needs, and our ends. Owned. */
struct helper {
	int exe, null, output, netns;
	int go[2], ready[2]; /* pipes: our word to it, its word to us */
	int pidfd;
	pid_t pid;
	char **argv;
	enum net_kind kind;
};

#define HELPER_EMPTY                                                                               \
	{                                                                                          \
		.exe = -EBADF, .null = -EBADF, .output = -EBADF, .netns = -EBADF,                  \
		.go = { -EBADF, -EBADF }, .ready = { -EBADF, -EBADF }, .pidfd = -EBADF             \
	}

static void helper_close(struct helper *h)
{
	close_fd(&h->exe);
	close_fd(&h->null);
	close_fd(&h->output);
	close_fd(&h->netns);
	for (int i = 0; i < 2; i++) {
		close_fd(&h->go[i]);
		close_fd(&h->ready[i]);
	}
	close_fd(&h->pidfd);
}

/* It is written to as long as the container lives: a file of a fixed size, and writing more is an error. */
static int make_output(void)
{
	cleanup_fd int fd = memfd_create("network-helper", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, OUTPUT_MAX) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) < 0)
		return -errno;
	return take_fd(&fd);
}

static int same_namespace(pid_t pid, const char *name, bool *ret)
{
	char path[64];
	struct stat own, theirs;

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	if (stat(path, &own) < 0)
		return -errno;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	if (stat(path, &theirs) < 0)
		return -errno;
	*ret = own.st_dev == theirs.st_dev && own.st_ino == theirs.st_ino;
	return 0;
}

static int prepare(struct container *c, const struct net_attachment *a, struct helper *h,
		   struct err *e)
{
	bool same_userns = false;
	int r;

	h->kind = a->kind;
	h->exe = net_helper_open(a->kind, e);
	if (h->exe < 0)
		return h->exe;
	h->output = make_output();
	h->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	r = h->output < 0 ? h->output : h->null < 0 ? -errno : 0;
	if (r == 0)
		r = h->netns = link_namespace(c->net.inside);
	r = r < 0 ? r : 0;
	if (r == 0 && (pipe2(h->go, O_CLOEXEC) < 0 || pipe2(h->ready, O_CLOEXEC) < 0))
		r = -errno;
	if (r == 0)
		r = same_namespace(c->init.pid, "user", &same_userns);
	if (r == 0) {
		h->argv =
			net_helper_argv(&c->record.network, a, c->init.pid, same_userns, &c->arena);
		r = h->argv ? 0 : -ENOMEM;
	}
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "start %s", net_kind_name(a->kind)) : 0;
}

/* ---- in the child ---- */

/* pasta has its namespace and says that it is ready on the first two: newer ones close those above. */
static int place_streams(const struct helper *h)
{
	bool on_stdout = h->kind == NET_PASTA;
	int ready = fcntl(h->ready[1], F_DUPFD_CLOEXEC, NET_HELPER_FD + 1),
	    exe = fcntl(h->exe, F_DUPFD_CLOEXEC, NET_HELPER_FD + 1);

	if (ready < 0 || exe < 0 || dup2(on_stdout ? h->netns : h->null, 0) < 0 ||
	    dup2(h->output, 2) < 0 || dup2(on_stdout ? ready : 2, 1) < 0 ||
	    dup2(on_stdout ? h->null : ready, NET_HELPER_FD) < 0 ||
	    kernel_close_range(NET_HELPER_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	return exe;
}

/* Nothing of ours goes with it: no terminal, no environment, no directory, no descriptor but these. */
static __attribute__((noreturn)) void run_child(const struct helper *h)
{
	char *const envp[] = { NULL };
	sigset_t none;
	char word;
	int exe;

	/* we have a copy of all that is open: should ctr be dead, no other copy of its end is left */
	(void)close(h->go[1]);
	if (read(h->go[0], &word, 1) != 1)
		_exit(EXEC_FAILED);
	sigemptyset(&none);
	for (int sig = 1; sig < 65; sig++)
		(void)kernel_signal_default(sig); /* EINVAL for SIGKILL and SIGSTOP */
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	(void)umask(077);
	exe = place_streams(h);
	if (exe >= 0 && chdir("/") == 0)
		(void)kernel_execveat(exe, "", h->argv, envp, AT_EMPTY_PATH);
	_exit(EXEC_FAILED);
}

/* ---- in ctr ---- */

static int spawn(struct helper *h, struct err *e)
{
	struct kernel_clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };

	args.pidfd = (uint64_t)(uintptr_t)&h->pidfd;
	h->pid = kernel_clone3(&args);
	if (h->pid == 0)
		run_child(h);
	if (h->pid < 0)
		return err_set(e, ERR_SYSTEM, (int)-h->pid, "start %s", net_kind_name(h->kind));
	close_fd(&h->go[0]);
	close_fd(&h->ready[1]);
	return 0;
}

static int note(struct container *c, struct net_attachment *a, const struct helper *h,
		struct err *e)
{
	struct process_identity id = { 0 };
	int r;

	memcpy(id.boot_id, c->record.init.boot_id, sizeof(id.boot_id));
	r = process_identify(h->pid, h->pidfd, &id, e);
	if (r < 0)
		return r;
	a->helper_pid = (int)id.pid;
	a->helper_start = id.start_time;
	return record_save(c->dir, &c->record, e);
}

/* What it wrote last, on one line. */
static const char *last_words(int output, char *buf, size_t size)
{
	off_t end = lseek(output, 0, SEEK_CUR), from = end - (off_t)size + 1;
	ssize_t n = end > 0 ? pread(output, buf, size - 1, from > 0 ? from : 0) : 0;

	/* the file is longer than what was written */
	if (n > end)
		n = (ssize_t)end;
	while (n > 0 && (unsigned char)buf[n - 1] <= ' ')
		n--;
	buf[n > 0 ? n : 0] = '\0';
	for (char *p = buf; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = *p == '\n' ? ' ' : '?';
	return buf;
}

static int failed(const struct helper *h, struct err *e)
{
	siginfo_t info = { 0 };
	char tail[TAIL];

	(void)waitid(P_PIDFD, (id_t)h->pidfd, &info, WEXITED | WNOWAIT);
	(void)last_words(h->output, tail, sizeof(tail));
	if (!tail[0] && info.si_code == CLD_EXITED && info.si_status == EXEC_FAILED)
		return err_set(e, ERR_SYSTEM, 0, "%s cannot be executed", net_kind_name(h->kind));
	err_set(e, ERR_SYSTEM, 0, "%s made no network: %s", net_kind_name(h->kind),
		tail[0] ? tail : "it ended without a word");
	return -EIO;
}

static int await_ready(const struct container *c, const struct helper *h, struct err *e)
{
	struct pollfd p[] = {
		{ .fd = h->ready[0], .events = POLLIN },
		{ .fd = c->interrupt, .events = POLLIN },
	};
	char word, tail[TAIL];
	int n;

	do
		n = poll(p, ARRAY_SIZE(p), READY_MS);
	while (n < 0 && errno == EINTR);
	if (n > 0 && p[0].revents)
		return read(h->ready[0], &word, 1) == 1 ? 0 : failed(h, e);
	if (n > 0)
		return err_set(e, ERR_SYSTEM, EINTR, "interrupted");
	return err_set(e, ERR_SYSTEM, n < 0 ? errno : ETIMEDOUT, "wait for %s: %s",
		       net_kind_name(h->kind), last_words(h->output, tail, sizeof(tail)));
}

int network_helper_start(struct container *c, struct err *e)
{
	struct net_attachment *a = net_setup_helper(&c->record.network);
	cleanup_(helper_close) struct helper h = HELPER_EMPTY;
	int r;

	if (!a)
		return 0;
	r = prepare(c, a, &h, e);
	if (r == 0)
		r = spawn(&h, e);
	if (r == 0)
		r = note(c, a, &h, e);
	if (r < 0)
		return r;
	if (write(h.go[1], "", 1) != 1)
		return err_set(e, ERR_SYSTEM, errno, "start %s", net_kind_name(a->kind));
	return await_ready(c, &h, e);
}

int network_helper_stop(const struct container_record *r, struct err *e)
{
	const struct net_attachment *a = net_setup_helper(&r->network);
	struct process_identity id = { 0 };
	cleanup_fd int pidfd = -EBADF;
	struct pollfd p = { .events = POLLIN };
	int n;

	if (!a || !a->helper_pid)
		return 0;
	id.pid = a->helper_pid;
	id.start_time = a->helper_start;
	memcpy(id.boot_id, r->init.boot_id, sizeof(id.boot_id));
	n = process_open(&id, &pidfd);
	if (n == 0)
		n = kernel_pidfd_signal(pidfd, SIGKILL);
	if (n < 0)
		return n == -ESRCH ? 0
				   : err_set(e, ERR_SYSTEM, -n, "end %s, process %d",
					     net_kind_name(a->kind), a->helper_pid);
	p.fd = pidfd;
	if (poll(&p, 1, END_MS) == 0)
		return err_set(e, ERR_SYSTEM, ETIMEDOUT, "wait for the end of %s, process %d",
			       net_kind_name(a->kind), a->helper_pid);
	(void)waitid(P_PIDFD, (id_t)pidfd, &(siginfo_t){ 0 },
		     WEXITED | WNOHANG); /* if it is our child */
	return 0;
}

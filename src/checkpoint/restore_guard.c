// SPDX-License-Identifier: GPL-2.0-or-later
/* See restore_work.h. */
#include "config.h"

#ifdef HAVE_CRIU

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoint/restore_work.h"
#include "util/cleanup.h"
#include "util/kernel.h"

struct duty {
	int word;  /* a byte: they may run; its end: they must not */
	int sock;  /* of CRIU, which waits as long as it is open */
	int kill;  /* cgroup.kill, or -EBADF: the cgroup may have others in it */
	int pidfd; /* of init */
	int dir;   /* of the container, without its lock */
};

/* Only what it needs stays open: it must not keep a lock, or the caller's pipes. */
static void keep_only(struct duty *d)
{
	int *fds[] = { &d->word, &d->sock, &d->kill, &d->pidfd, &d->dir };
	enum {
		FIRST = 3
	};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (*fds[i] >= 0)
			*fds[i] = fcntl(*fds[i], F_DUPFD_CLOEXEC, FIRST + (int)ARRAY_SIZE(fds));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		*fds[i] = *fds[i] >= 0 ? dup2(*fds[i], FIRST + (int)i) : -EBADF;
	(void)kernel_close_range(FIRST + ARRAY_SIZE(fds), ~0U, 0);
	for (int fd = 0; fd < FIRST; fd++)
		(void)close(fd);
}

static __attribute__((noreturn)) void watch(struct duty *d)
{
	char word;
	ssize_t n;

	(void)setsid(); /* who kills ctr's process group does not mean us */
	keep_only(d);
	do
		n = read(d->word, &word, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1) {
		(void)openat(d->dir, RESTORE_RELEASED,
			     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	} else {
		if (d->kill >= 0)
			(void)!write(d->kill, "1", 1);
		(void)kernel_pidfd_signal(d->pidfd, SIGKILL);
	}
	_exit(0);
}

int restore_guard_start(const struct container *c, int sock, struct restore_guard *ret,
			struct err *e)
{
	cleanup_fd int kill = -EBADF;
	cleanup_fd int dir = openat(c->dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct duty d = { .sock = sock, .kill = -EBADF, .pidfd = c->init.pidfd, .dir = dir };
	int pair[2];
	pid_t pid;

	if (dir < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the container's directory");
	if (c->cgroup.fd >= 0 && c->record.cgroup_made)
		d.kill = kill = openat(c->cgroup.fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set(e, ERR_SYSTEM, errno, "create a pipe");
	d.word = pair[0];
	pid = fork();
	if (pid == 0) {
		(void)close(pair[1]);
		watch(&d);
	}
	(void)close(pair[0]);
	if (pid < 0) {
		(void)close(pair[1]);
		return err_set(e, ERR_SYSTEM, errno, "start the guard of the restored tasks");
	}
	*ret = (struct restore_guard){ .pid = pid, .word = pair[1] };
	return 0;
}

static void wait_end(struct restore_guard *g)
{
	close_fd(&g->word);
	while (waitpid(g->pid, NULL, 0) < 0)
		if (errno != EINTR)
			break;
	g->pid = 0;
}

void restore_guard_dismiss(struct restore_guard *g)
{
	if (g->pid <= 0)
		return;
	(void)!write(g->word, "1", 1); /* a pipe has room for it */
	wait_end(g);
}

void restore_guard_kill(struct restore_guard *g)
{
	if (g->pid > 0)
		wait_end(g);
}

#endif

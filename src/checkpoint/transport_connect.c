// SPDX-License-Identifier: GPL-2.0-or-later
/* See transport.h: connecting, and being connected to. */
#include "checkpoint/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	BACKLOG = 16,
	END_STEPS = 100, /* of ten milliseconds */
};

/* ---- a program ---- */

/* In the child; returns only when it fails. */
static void become(int sock, char *const argv[])
{
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig <= 64; sig++)
		(void)kernel_signal_default(sig);
	if (dup2(sock, STDIN_FILENO) < 0 || dup2(sock, STDOUT_FILENO) < 0)
		return;
	(void)kernel_close_range(3, ~0U, 0);
	(void)execv(argv[0], argv);
}

static int start_program(const struct transport *t, int *ret_fd, pid_t *ret_pid, struct err *e)
{
	cleanup_free char **argv = calloc(t->words.count, sizeof(*argv));
	cleanup_fd int ours = -EBADF, theirs = -EBADF;
	int pair[2];
	pid_t pid;

	if (!argv || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, ERR_SYSTEM, argv ? errno : ENOMEM, "start '%s'",
			       t->words.items[1]);
	ours = pair[0];
	theirs = pair[1];
	memcpy(argv, t->words.items + 1, (t->words.count - 1) * sizeof(*argv));
	pid = fork();
	if (pid < 0)
		return err_set(e, ERR_SYSTEM, errno, "start '%s'", argv[0]);
	if (pid == 0) {
		become(theirs, argv);
		_exit(127);
	}
	*ret_fd = take_fd(&ours);
	*ret_pid = pid;
	return 0;
}

void transport_end(pid_t pid)
{
	const struct timespec step = { .tv_nsec = 10000000 };

	if (pid <= 0)
		return;
	for (int i = 0; i < END_STEPS; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		(void)nanosleep(&step, NULL);
	}
	(void)kill(pid, SIGKILL); /* our child, and not waited for: it is this one */
	(void)waitpid(pid, NULL, 0);
}

/* ---- a socket ---- */

static int fill_address(const char *path, struct sockaddr_un *ret, struct err *e)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret->sun_path)) {
		err_set(e, ERR_USAGE, ENAMETOOLONG, "socket '%s'", path);
		err_hint(e, "at most %zu bytes fit", sizeof(ret->sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(ret->sun_path, path, strlen(path) + 1);
	return 0;
}

/* We, or root. */
static bool is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static int connect_socket(const char *path, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr;
	int r = fill_address(path, &addr, e);

	if (r < 0)
		return r;
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		r = err_set(e, ERR_SYSTEM, errno, "connect to '%s'", path);
		err_hint(e, "ctr receive --listen unix:%s must run there", path);
		return r;
	}
	if (!is_ours(fd))
		return err_set(e, ERR_STATE, EPERM, "connect to '%s': it is somebody else's", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

int transport_connect(const struct transport *t, int timeout_ms, struct wire **ret, pid_t *ret_pid,
		      struct err *e)
{
	pid_t pid = 0;
	int fd, r;

	if (strcmp(t->words.items[0], "unix") == 0)
		r = connect_socket(t->words.items[1], &fd, e);
	else
		r = start_program(t, &fd, &pid, e);
	if (r == 0)
		r = wire_new(fd, fd, timeout_ms, ret, e);
	if (r < 0) {
		transport_end(pid);
		return r;
	}
	*ret_pid = pid;
	return 0;
}

/* Somebody who was killed leaves the name of his socket. */
static int remove_stale(const char *path, const struct sockaddr_un *addr)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (fd >= 0 && connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
		return -EADDRINUSE;
	return unlink(path) < 0 ? -errno : 0;
}

int transport_listen(const char *path, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr;
	mode_t mask;
	int r = fill_address(path, &addr, e);

	if (r < 0)
		return r;
	r = remove_stale(path, &addr);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "listen on '%s'", path);
	mask = umask(0177);
	r = fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
			    listen(fd, BACKLOG) < 0
		    ? -errno
		    : 0;
	(void)umask(mask);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "listen on '%s'", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

int transport_accept(int listener, int *ret_fd, struct err *e)
{
	for (;;) {
		cleanup_fd int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0)
			return err_set(e, ERR_SYSTEM, errno, "wait for a connection");
		if (!is_ours(fd))
			continue;
		*ret_fd = take_fd(&fd);
		return 0;
	}
}

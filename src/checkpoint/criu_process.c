// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding and executing criu, and its end. See criu.h. */
#include "config.h"

#ifdef HAVE_CRIU

#include "checkpoint/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/kernel.h"

#define PROGRAMS "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum {
	SOCKET_FD = 3,
	END_DEADLINE_MS = 10000,
	OUTPUT_MAX = 1 << 20,
	STREAM_BUFFER = 4 << 20,
	PATH_SIZE = 4096,
	FDS_MAX = 256,
	LINE_SIZE = 512
};

static const char *const directories[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					   "/usr/bin",	      "/sbin",		"/bin" };

/* ---- the program ---- */

static int not_installed(struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, 0, "criu is not installed: checkpoint and restore need it");
	err_hint(e, "install criu 3.15 or newer (Debian: criu), or name the program with --criu");
	return -ENOPKG;
}

static int check_program(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at '%s'", path);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111)) {
		err_set(e, ERR_USAGE, EACCES, "'%s' is no program", path);
		return -EACCES;
	}
	if (st.st_uid == 0 && !(st.st_mode & 022))
		return 0;
	err_set(e, ERR_USAGE, EPERM, "'%s' is not executed: others than root can change it", path);
	err_hint(e, "it must belong to root, and be writable by root alone");
	return -EPERM;
}

static int open_path(const char *path, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = check_program(fd, path, e);
	return r < 0 ? r : take_fd(&fd);
}

static int open_program(const char *program, struct err *e)
{
	const char *name = program ? program : "criu";
	char path[PATH_SIZE];
	int r = -ENOENT;

	if (strchr(name, '/')) {
		r = open_path(name, e);
		if (r < 0 && !e->kind)
			err_set(e, ERR_USAGE, -r, "criu at '%s'", name);
		return r == -ENOENT ? -ENOPKG : r;
	}
	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(directories); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directories[i], name);
		r = open_path(path, e);
	}
	if (r == -ENOENT && program) {
		err_set(e, ERR_USAGE, -r, "criu: '%s' is in none of the system's directories",
			name);
		return -ENOPKG;
	}
	if (r == -ENOENT)
		return not_installed(e);
	if (r < 0 && !e->kind)
		err_set(e, ERR_SYSTEM, -r, "open '%s'", path);
	return r;
}

/* ---- the child ---- */

struct birth {
	const struct criu_start *how;
	int exe, sock, output, report;
};

static int leave_mounts(struct err *e)
{
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? -errno : kernel_mount_change(root, AT_RECURSIVE, 0, 0, MS_SLAVE);

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "keep criu's mounts to itself") : 0;
}

/* All descriptors go up, out of the way, and then down to their numbers, where they survive execve. */
static int place_fds(const struct birth *b)
{
	int fds[SOCKET_FD + 1 + FDS_MAX], base = SOCKET_FD + 1 + (int)b->how->fd_count;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int count = base;

	if (null < 0)
		return -errno;
	fds[0] = null;
	fds[1] = fds[2] = b->output;
	fds[SOCKET_FD] = b->sock;
	for (size_t i = 0; i < b->how->fd_count; i++)
		fds[CRIU_FIRST_FD + i] = b->how->fds[i];
	for (int i = 0; i < count; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, base);
		if (fds[i] < 0)
			return -errno;
	}
	for (int i = 0; i < count; i++)
		if (dup2(fds[i], i) < 0)
			return -errno;
	return 0;
}

/* A script, which some distributions put around it, is read through the descriptor: execveat(2). */
static int execute(int exe, const char *const *how)
{
	static const char *const swrk[] = { "criu", "swrk", "3", "--no-default-config", NULL };
	const char *const *argv = how ? how : swrk;
	static const char *const envp[] = { PROGRAMS, "LC_ALL=C", NULL };
	char *const *args = (char *const *)(uintptr_t)argv, *const *env =
								    (char *const *)(uintptr_t)envp;
	int r = kernel_execveat(exe, "", args, env, AT_EMPTY_PATH);

	if (r == -ENOENT && fcntl(exe, F_SETFD, 0) == 0)
		r = kernel_execveat(exe, "", args, env, AT_EMPTY_PATH);
	return r;
}

static int become(struct birth *b, struct err *e)
{
	int base = SOCKET_FD + 1 + (int)b->how->fd_count, exe, r;
	sigset_t none;

	r = leave_mounts(e);
	if (r == 0 && b->how->prepare)
		r = b->how->prepare(b->how->data, e);
	if (r < 0)
		return r;
	sigemptyset(&none);
	for (int sig = 1; sig < 65; sig++)
		(void)kernel_signal_default(sig); /* EINVAL for SIGKILL and SIGSTOP */
	/* should ctr die, criu must live to let the tasks go on: it may not be killed by a word to us */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	umask(b->how->umask);
	exe = fcntl(b->exe, F_DUPFD_CLOEXEC, base);
	b->report = fcntl(b->report, F_DUPFD_CLOEXEC, base);
	if (exe < 0 || b->report < 0 || setpgid(0, 0) < 0)
		return err_set(e, ERR_SYSTEM, errno, "prepare criu");
	r = kernel_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	if (r == 0)
		r = place_fds(b);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "hand descriptors to criu");
	r = execute(exe, b->how->args);
	return err_set(e, ERR_SYSTEM, -r, "execute criu");
}

static pid_t give_birth(struct birth *b, int *ret_pidfd)
{
	struct kernel_clone_args args = {
		.flags = CLONE_PIDFD | CLONE_NEWNS,
		.exit_signal = SIGCHLD,
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
	};
	struct err e = ERR_INIT;
	pid_t pid;

	if (b->how->cgroup >= 0) {
		args.flags |= KERNEL_CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)b->how->cgroup;
	}
	pid = kernel_clone3(&args);
	if (pid)
		return pid;
	(void)become(b, &e);
	(void)!write(b->report, &e, sizeof(e));
	_exit(127);
}

/* Nothing to read: it has become criu. Otherwise the child's error is ours. */
static int hear_report(int report, struct err *e)
{
	struct err theirs;
	ssize_t n;

	do {
		n = read(report, &theirs, sizeof(theirs));
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n != (ssize_t)sizeof(theirs))
		return err_set(e, ERR_SYSTEM, n < 0 ? errno : EPROTO, "start criu");
	theirs.problems = e ? e->problems : NULL;
	if (e)
		*e = theirs;
	return theirs.errnum ? -theirs.errnum : -EINVAL;
}

/* ---- start and end ---- */

int criu_process_start(const struct criu_start *how, struct criu_process *ret, struct err *e)
{
	cleanup_fd int exe = open_program(how->program, e), output = -EBADF;
	cleanup_(criu_process_end) struct criu_process p = CRIU_PROCESS_EMPTY;
	int socks[2], report[2], type = how->args ? SOCK_STREAM : SOCK_SEQPACKET, r;
	struct birth b = { .how = how, .exe = exe };
	const int room = STREAM_BUFFER;

	if (exe < 0)
		return exe;
	if (how->fd_count > FDS_MAX)
		return err_set(e, ERR_SYSTEM, E2BIG, "hand %zu descriptors to criu", how->fd_count);
	output = memfd_create("criu", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (output < 0 || ftruncate(output, OUTPUT_MAX) < 0 ||
	    fcntl(output, F_ADD_SEALS, F_SEAL_GROW) < 0 ||
	    socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, socks) < 0)
		return err_set(e, ERR_SYSTEM, errno, "start criu");
	p.sock = socks[0];
	b.sock = socks[1];
	/* of a stream it is taken to be a network's, which has room for what is said: it does not wait for some */
	if (how->args)
		(void)setsockopt(b.sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	b.output = output;
	r = pipe2(report, O_CLOEXEC) < 0 ? -errno : 0;
	if (r == 0) {
		b.report = report[1];
		p.pid = give_birth(&b, &p.pidfd);
		(void)close(report[1]);
		if (p.pid < 0)
			err_set(e, ERR_SYSTEM, -p.pid, "start criu");
		r = p.pid < 0 ? p.pid : hear_report(report[0], e);
		(void)close(report[0]);
	} else {
		err_set(e, ERR_SYSTEM, -r, "start criu");
	}
	(void)close(socks[1]); /* ours of it must not keep an EOF away */
	if (r < 0)
		return r;
	p.exe = take_fd(&exe);
	p.output = take_fd(&output);
	*ret = p;
	p = (struct criu_process)CRIU_PROCESS_EMPTY;
	return 0;
}

/* The last line that it wrote to stderr, "" if it was silent. */
static void last_output(const struct criu_process *p, char *buf, size_t size)
{
	off_t end = lseek(p->output, 0, SEEK_CUR);
	char text[1024];
	ssize_t n = 0;
	char *line;

	buf[0] = '\0';
	if (end > 0)
		n = pread(p->output, text, sizeof(text) - 1,
			  end < (off_t)sizeof(text) ? 0 : end - (off_t)sizeof(text) + 1);
	while (n > 0 && (unsigned char)text[n - 1] <= ' ')
		n--;
	if (n <= 0)
		return;
	text[n] = '\0';
	line = strrchr(text, '\n');
	(void)snprintf(buf, size, ": %.*s", LINE_SIZE - 3, line ? line + 1 : text);
}

/* Wait status of the child; it is killed when it does not end in time. */
static int reap(struct criu_process *p)
{
	struct pollfd wait = { .fd = p->pidfd, .events = POLLIN };
	int status = 0, n;

	do {
		n = poll(&wait, 1, END_DEADLINE_MS);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		(void)kernel_pidfd_signal(p->pidfd, SIGKILL);
	while (waitpid(p->pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	p->pid = 0;
	return status;
}

int criu_process_died(struct criu_process *p, struct err *e)
{
	char output[LINE_SIZE];
	int status;

	close_fd(&p->sock);
	status = reap(p);
	last_output(p, output, sizeof(output));
	if (WIFSIGNALED(status))
		err_set(e, ERR_SYSTEM, 0, "criu was killed by signal %d%s", WTERMSIG(status),
			output);
	else
		err_set(e, ERR_SYSTEM, 0, "criu ended with exit code %d and no answer%s",
			WEXITSTATUS(status), output);
	return -EREMOTEIO;
}

void criu_process_end(struct criu_process *p)
{
	close_fd(&p->sock);
	if (p->pid > 0)
		(void)reap(p);
	close_fd(&p->pidfd);
	close_fd(&p->output);
	close_fd(&p->exe);
}

bool criu_finds(const char *program)
{
	char path[PATH_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directories[i], program);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

#endif

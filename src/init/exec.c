// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of init: working directory, program lookup, waiting for start, execve. */
#include "init/init.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

enum {
	PASSWD_LIMIT = 1024 * 1024,
	LINE_SIZE = 1024,
	PATH_SIZE = 4096
};

/* While the root can still be written. What goes wrong here is told by entering the directory. */
int op_workdir_make(struct init *in, const struct plan_arg_workdir_make *a)
{
	int dir = resolve_create(init_reg(in, a->root), init_str(in, a->path), false, 0755, NULL);

	if (dir >= 0)
		(void)close(dir);
	return 0;
}

/*
 * A container's own directory was made before (workdir_make); for exec a missing one is a mistake. The
 * raw system call must then say that we are inside (R14).
 */
int op_workdir(struct init *in, const struct plan_arg_workdir *a)
{
	char where[PATH_SIZE];
	int dir = resolve_own(init_str(in, a->path), O_PATH | O_DIRECTORY), r;

	if (dir < 0)
		return init_fail(in, PLAN_STAGE_TARGET, NULL, dir);
	r = fchdir(dir) < 0 ? -errno : 0;
	init_drop(in, dir);
	if (r < 0)
		return r;
	r = KERNEL_CALL(SYS_getcwd, where, sizeof(where));
	if (r < 0)
		return r;
	if (where[0] != '/')
		return init_fail(in, PLAN_STAGE_OUTSIDE, NULL, -ENOENT);
	return 0;
}

/* ---- HOME from the container's passwd: bounded, never blocking, never deciding anything else ---- */

/* "name:pw:UID:gid:gecos:HOME:shell": HOME into @home when the uid is @uid. */
static bool passwd_line(char *line, uint64_t uid, char *home, size_t size)
{
	char *field[7];
	uint64_t found = 0;
	int n = 0;

	for (char *p = line; n < 7; p++) {
		field[n++] = p;
		p = strchr(p, ':');
		if (!p)
			break;
		*p = '\0';
	}
	if (n < 6 || !*field[2])
		return false;
	for (const char *p = field[2]; *p; p++) {
		if (*p < '0' || *p > '9' || found > UINT32_MAX)
			return false;
		found = found * 10 + (uint64_t)(*p - '0');
	}
	if (found != uid || field[5][0] != '/' || strlen(field[5]) >= size)
		return false;
	memcpy(home, field[5], strlen(field[5]) + 1);
	return true;
}

static bool passwd_scan(int fd, uint64_t uid, char *home, size_t size)
{
	char buf[4096], line[LINE_SIZE];
	size_t len = 0, total = 0;
	bool too_long = false;
	ssize_t n;

	while (total < PASSWD_LIMIT && (n = read(fd, buf, sizeof(buf))) > 0) {
		total += (size_t)n;
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n') {
				too_long |= len == sizeof(line) - 1;
				if (!too_long)
					line[len++] = buf[i];
				continue;
			}
			line[len] = '\0';
			if (!too_long && passwd_line(line, uid, home, size))
				return true;
			len = 0;
			too_long = false;
		}
	}
	line[len] = '\0';
	return !too_long && len && passwd_line(line, uid, home, size);
}

static void find_home(uint64_t uid, char *home, size_t size)
{
	int fd = resolve_own("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	memcpy(home, "/", 2);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !passwd_scan(fd, uid, home, size))
		memcpy(home, "/", 2);
	(void)close(fd);
}

/* HOME= goes into the first entry that says so, else into the spare one at the end. */
static void set_home(char **envp, size_t count, uint64_t uid)
{
	static char home[PATH_SIZE + 8] = "HOME=";

	find_home(uid, home + 5, PATH_SIZE);
	for (size_t i = 0; i < count; i++) {
		if (strncmp(envp[i], "HOME=", 5) == 0) {
			envp[i] = home;
			return;
		}
	}
	envp[count] = home;
}

/* ---- the program ---- */

static int can_execute(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return access(path, X_OK) < 0 ? -errno : 0;
}

/* One directory of PATH; an empty one is the working directory, as execvp(3) has it. */
static int try_dir(struct init *in, const char *dir, size_t len, const char *name)
{
	size_t n = strlen(name);

	if (len + 1 + n + 1 > sizeof(in->program))
		return -ENAMETOOLONG;
	memcpy(in->program, dir, len);
	if (len)
		in->program[len++] = '/';
	memcpy(in->program + len, name, n + 1);
	return can_execute(in->program);
}

static int search_path(struct init *in, const char *path, const char *name)
{
	int found = -ENOENT;

	if (!*path)
		return -ENOENT; /* no PATH is no reason to look in the working directory */
	for (const char *p = path; p; p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL) {
		int r = try_dir(in, p, strcspn(p, ":"), name);

		if (r == 0)
			return 0;
		if (r == -EACCES) /* keep looking, but remember the better reason */
			found = r;
	}
	return found;
}

static const char *env_value(char **envp, const char *name)
{
	size_t len = strlen(name);

	for (; *envp; envp++)
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return *envp + len + 1;
	return "";
}

int op_program(struct init *in, const struct plan_arg_program *a)
{
	size_t len;
	const char *list = init_blob(in, a->args, &len), *name;
	int r = init_vector(list, len, 0, &in->argv);

	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	list = init_blob(in, a->env, &len);
	r = init_vector(list, len, 1, &in->envp);
	if (r < 0)
		return r;
	if (a->flags & PLAN_PROGRAM_HOME)
		set_home(in->envp, (size_t)r, a->uid);
	name = in->argv[0];
	if (strchr(name, '/'))
		r = try_dir(in, "", 0, name);
	else
		r = search_path(in, env_value(in->envp, "PATH"), name);
	return r < 0 ? init_fail(in, PLAN_STAGE_LOOKUP, name, r) : 0;
}

static void die(int sig)
{
	_exit(128 + sig);
}

/*
 * The first process of a pid namespace ignores what it does not handle: while there is no program yet,
 * a signal must end us as it would end one. execve sets handlers back to the default.
 */
static void become_mortal(void)
{
	static const int harmless[] = { SIGCHLD, SIGCONT, SIGSTOP,  SIGTSTP, SIGTTIN,
					SIGTTOU, SIGURG,  SIGWINCH, SIGKILL };
	struct sigaction action = { .sa_handler = die };
	sigset_t deadly;

	sigfillset(&deadly);
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		sigdelset(&deadly, harmless[i]);
	for (int sig = 1; sig <= 64; sig++)
		if (sigismember(&deadly, sig) == 1)
			(void)sigaction(sig, &action,
					NULL); /* the C library keeps some to itself */
	(void)sigprocmask(SIG_UNBLOCK, &deadly, NULL);
}

/* The host may be short of memory or files just now: nobody is told when we die of that here. */
static bool wait_again(int errnum)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };

	if (errnum == EINTR || errnum == ECONNABORTED)
		return true;
	if (errnum != EMFILE && errnum != ENFILE && errnum != ENOMEM && errnum != ENOBUFS)
		return false;
	(void)KERNEL_CALL(SYS_nanosleep, &pause, NULL);
	return true;
}

/*
 * `ctr start` connects to the socket in the state directory, and from then on is who we answer to.
 * Letting go of the old peer first tells `ctr create` that we no longer depend on it. One that goes away
 * before its word (killed, or it only wanted to know whether we wait) leaves us waiting for the next.
 */
int op_wait_start(struct init *in, const struct plan_arg_wait_start *a)
{
	become_mortal();
	init_drop_flush(in);
	(void)close(in->sync);
	for (;;) {
		in->sync = accept4(init_reg(in, a->listener), NULL, NULL, SOCK_CLOEXEC);
		if (in->sync < 0 && !wait_again(errno))
			return -errno;
		if (in->sync < 0)
			continue;
		if (init_wait_go(in) == 0)
			break;
		(void)close(in->sync);
	}
	/* nobody can connect any more: that is how a start that was under way is told from one to come */
	init_reg_close(in, a->listener);
	init_drop_flush(in);
	return 0;
}

/*
 * Before the filter, which may forbid all of this. Really closed, and not only at execve: the path of
 * the program is looked up before that, and could lead through one of them (/proc/self/fd, R13).
 */
int op_close(struct init *in, const struct plan_arg_close *a)
{
	unsigned first = 3 + (unsigned)a->keep_fds, sync = (unsigned)in->sync;
	sigset_t none;
	int r = kernel_close_range(sync, sync, CLOSE_RANGE_CLOEXEC);

	if (r == 0 && first < sync)
		r = kernel_close_range(first, sync - 1, 0);
	if (r == 0)
		r = kernel_close_range(sync + 1, ~0U, 0);
	if (r < 0)
		return r;
	in->dropped_count = 0;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

int op_announce(struct init *in, const struct plan_arg_announce *a)
{
	int r = init_send(in, PLAN_MSG_EXEC, 0, -1);

	(void)a;
	/* its word to go was the last that counts: who is killed after it takes nothing back */
	return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

int op_exec(struct init *in, const struct plan_arg_exec *a)
{
	(void)a;
	(void)execve(in->program, in->argv, in->envp);
	return init_fail(in, PLAN_STAGE_EXEC, in->argv[0], -errno);
}

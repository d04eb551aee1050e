// SPDX-License-Identifier: GPL-2.0-or-later
/* See process.h. */
#include "container/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

enum {
	INIT_FAILED = 255 /* the exit status of init/main.c */
};

#define PIDFS_MAGIC 0x50494446 /* "PIDF", linux/magic.h since 6.9 */

/* What is wanted of /proc/PID/stat: fields 2, 3, 22 and 52 of proc_pid_stat(5). */
struct stat_line {
	char comm[64], state;
	uint64_t start_time;
	int exit_status; /* as from waitpid(2); of a zombie, to those who may trace it */
};

/* The command in parentheses may hold anything, parentheses as well. */
static int read_stat(pid_t pid, struct stat_line *ret)
{
	char path[64], text[1024];
	unsigned long long start;
	const char *p, *name;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = io_read_line(AT_FDCWD, path, text, sizeof(text));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	name = strchr(text, '(');
	p = strrchr(text, ')');
	if (!name || !p ||
	    sscanf(p + 1,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
		   "%*d %llu %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d "
		   "%*d %*u %*u %*u %*u %*d %*u %*u %*u %*u %*u %*u %*u %d",
		   &ret->state, &start, &ret->exit_status) != 3)
		return -ESRCH;
	ret->start_time = start;
	(void)snprintf(ret->comm, sizeof(ret->comm), "%.*s", (int)(p - name - 1), name + 1);
	return 0;
}

static uint64_t pidfd_inode(int pidfd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(pidfd, &fs) < 0 || fs.f_type != PIDFS_MAGIC || fstat(pidfd, &st) < 0)
		return 0;
	return st.st_ino;
}

int process_boot_id(char *buf, size_t size, struct err *e)
{
	static char known[sizeof(((struct process_identity *)0)->boot_id)]; /* as long as we live */
	ssize_t n = known[0] ? 0
			     : io_read_line(AT_FDCWD, "/proc/sys/kernel/random/boot_id", known,
					    sizeof(known));

	if (n < 0)
		return err_set(e, ERR_SYSTEM, (int)-n, "read the boot id");
	(void)snprintf(buf, size, "%s", known);
	return 0;
}

int process_identify(pid_t pid, int pidfd, struct process_identity *ret, struct err *e)
{
	struct stat_line line;
	int r;

	ret->pid = pid;
	ret->pidfd_inode = pidfd_inode(pidfd);
	r = read_stat(pid, &line);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "look at process %d", (int)pid);
	ret->start_time = line.start_time;
	return ret->boot_id[0] ? 0 : process_boot_id(ret->boot_id, sizeof(ret->boot_id), e);
}

/*
 * The inode of a pidfd is never used again in a boot, and says the same to everybody; a start time is that of the
 * reader's time namespace (time_namespaces(7)), and decides only where there is nothing better.
 */
static bool same_process(const struct process_identity *id, const struct stat_line *line, int pidfd)
{
	if (id->pidfd_inode)
		return pidfd_inode(pidfd) == id->pidfd_inode;
	return line->start_time == id->start_time;
}

int process_open(const struct process_identity *id, int *ret_pidfd)
{
	char boot[sizeof(id->boot_id)];
	cleanup_fd int fd = -EBADF;
	struct stat_line line;
	int r;

	if (id->pid <= 0)
		return -ESRCH;
	r = process_boot_id(boot, sizeof(boot), NULL);
	if (r < 0 || strcmp(boot, id->boot_id) != 0)
		return r < 0 ? r : -ESRCH;
	fd = kernel_pidfd_open(id->pid);
	if (fd < 0)
		return fd == -EINVAL ? -ESRCH : fd;
	/* the pidfd pins the process: what is read afterwards is about it, or about nobody */
	r = read_stat(id->pid, &line);
	if (r < 0)
		return kernel_pidfd_signal(fd, 0) == -ESRCH ? -ESRCH : r;
	if (line.state == 'Z' || line.state == 'X' || !same_process(id, &line, fd))
		return -ESRCH;
	*ret_pidfd = take_fd(&fd);
	return 0;
}

/* Others read an exit status of 0. The same permission lets us see where the namespaces lead. */
static bool may_trace(pid_t pid)
{
	char path[64], name[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return readlink(path, name, sizeof(name)) > 0;
}

/* What executing initfd's descriptor leaves as a name: the file's, or before Linux 6.14 its number. */
static bool is_init_name(const char *comm)
{
	if (strncmp(comm, "memfd:", 6) == 0)
		comm += 6;
	return strcmp(comm, "ctr-init") == 0 ||
	       (comm[0] && strspn(comm, "0123456789") == strlen(comm));
}

bool process_ended_as_init(const struct process_identity *id)
{
	char path[64], exe[8];
	struct stat_line line;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)id->pid);
	if (readlink(path, exe, sizeof(exe)) >= 0 || errno != ENOENT)
		return false; /* it has an executable, or it was reaped (ESRCH) */
	if (read_stat(id->pid, &line) < 0 || (id->start_time && line.start_time != id->start_time))
		return false;
	/* it did not exit by itself: ctr-init would have said why */
	return is_init_name(line.comm) &&
	       (WIFSIGNALED(line.exit_status) || WEXITSTATUS(line.exit_status) == INIT_FAILED);
}

int process_zombie_status(const struct process_identity *id, int *ret_status)
{
	struct stat_line line;

	if (!may_trace(id->pid) || read_stat(id->pid, &line) < 0 ||
	    line.start_time != id->start_time || line.state != 'Z')
		return -ESRCH;
	*ret_status = line.exit_status;
	return 0;
}

int process_cgroup(pid_t pid, char *buf, size_t size)
{
	char path[64], text[2 * PATH_MAX], *save = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (io_read_line(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -ESRCH;
	/* "0::/path", which lines of cgroup v1 hierarchies may surround */
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (strncmp(l, "0::/", 4) == 0)
			return snprintf(buf, size, "%s", l + 3) < (int)size ? 0 : -ENAMETOOLONG;
	return -ESRCH;
}

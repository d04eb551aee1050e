/*
 * What the kernel alone takes for the commands beside create. Of a container they know the gate (a fifo by its
 * name) and the cgroup, in which its first process is.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/sched.h>
#include "floor.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

struct target {
	const char *gates, *name;
	char **argv;
	char cgroup[256];
	int cgroup_fd;
};

static size_t read_file(int dir, const char *name, char *buf, size_t size)
{
	int fd = (int)floor_must(openat(dir, name, O_RDONLY | O_CLOEXEC), "open", name);
	ssize_t n = floor_must(read(fd, buf, size - 1), "read", name);

	(void)close(fd);
	buf[n] = '\0';
	return (size_t)n;
}

static int first_process(const struct target *t)
{
	char buf[256];

	(void)read_file(t->cgroup_fd, "cgroup.procs", buf, sizeof(buf));
	return (int)strtol(buf, NULL, 10);
}

static int process(const struct target *t)
{
	return (int)floor_must(syscall(SYS_pidfd_open, first_process(t), 0), "pidfd_open", t->name);
}

/* The gate's other end is closed by execve. */
static int start(const struct target *t)
{
	char gate[256];
	struct pollfd p;

	floor_gate_path(gate, sizeof(gate), t->gates, t->name);
	p.fd = (int)floor_must(open(gate, O_WRONLY | O_NONBLOCK | O_CLOEXEC), "open", gate);
	p.events = 0;
	floor_must(write(p.fd, "x", 1), "write", gate);
	floor_must(poll(&p, 1, -1), "poll", gate);
	return 0;
}

static void exec_child(const struct target *t)
{
	const struct rlimit files = { 1024, 1024 };

	floor_must(setsid(), "setsid", "");
	floor_must(setrlimit(RLIMIT_NOFILE, &files), "setrlimit", "nofile");
	floor_drop_privileges();
	floor_must(syscall(SYS_close_range, 3, ~0U, 0), "close_range", "");
	floor_exec(t->argv);
}

static int exec(const struct target *t)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP,
				   .cgroup = (unsigned int)t->cgroup_fd,
				   .exit_signal = SIGCHLD };
	int status = 0;
	long pid;

	floor_must(setns(process(t), CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
					     CLONE_NEWUTS | CLONE_NEWCGROUP),
		   "setns", t->name);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		exec_child(t);
	floor_must(pid, "clone3", "");
	floor_must(waitpid((pid_t)pid, &status, 0), "wait", "");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A line about one container: its process lives, or is a zombie. */
static void show(const struct target *t)
{
	char path[64], buf[512];
	int pid = first_process(t);
	const char *state;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	(void)read_file(AT_FDCWD, path, buf, sizeof(buf));
	state = strrchr(buf, ')');
	(void)printf("%s %d %c\n", t->name, pid, state && state[1] ? state[2] : '?');
}

static int state(const struct target *t)
{
	struct stat st;
	char gate[256];

	floor_gate_path(gate, sizeof(gate), t->gates, t->name);
	floor_must(stat(gate, &st), "stat", gate);
	show(t);
	return 0;
}

/* A signal that the payload ignores. */
static int send_signal(const struct target *t)
{
	floor_must(syscall(SYS_pidfd_send_signal, process(t), SIGWINCH, NULL, 0), "kill", t->name);
	return 0;
}

static int delete (const struct target *t)
{
	int kill = (int)floor_must(openat(t->cgroup_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC),
				   "open", "cgroup.kill");
	int events = (int)floor_must(openat(t->cgroup_fd, "cgroup.events", O_RDONLY | O_CLOEXEC),
				     "open", "cgroup.events");
	struct pollfd p = { .fd = events, .events = POLLPRI };
	char buf[128], gate[256];
	ssize_t n;

	floor_must(write(kill, "1", 1), "write", "cgroup.kill");
	for (;;) {
		n = floor_must(pread(events, buf, sizeof(buf) - 1, 0), "read", "cgroup.events");
		buf[n] = '\0';
		if (strstr(buf, "populated 0"))
			break;
		floor_must(poll(&p, 1, -1), "poll", "cgroup.events");
	}
	floor_gate_path(gate, sizeof(gate), t->gates, t->name);
	floor_must(unlink(gate), "unlink", gate);
	floor_remove_cgroup(t->cgroup);
	return 0;
}

static void find(struct target *t)
{
	t->cgroup_fd = floor_open_cgroup(t->name, t->cgroup, sizeof(t->cgroup));
	floor_must(t->cgroup_fd, "open", t->cgroup);
}

static int list(const char *gates)
{
	DIR *dir = opendir(gates);
	struct dirent *entry;

	if (!dir)
		floor_die("open", gates);
	while ((entry = readdir(dir))) {
		struct target t = { .gates = gates, .name = entry->d_name };

		if (entry->d_name[0] == '.')
			continue;
		find(&t);
		show(&t);
		(void)close(t.cgroup_fd);
	}
	(void)closedir(dir);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct target *t);
	int words;
} verbs[] = {
	{ "start", start, 4 },	 { "exec", exec, 5 },	     { "state", state, 4 },
	{ "delete", delete, 4 }, { "kill", send_signal, 4 },
};

int floor_verb(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "list") == 0)
		return list(argv[2]);
	for (size_t i = 0; argc > 1 && i < COUNT(verbs); i++) {
		struct target t = { .gates = argv[2] };

		if (strcmp(argv[1], verbs[i].name) != 0 || argc < verbs[i].words)
			continue;
		t.name = argv[3];
		t.argv = argv + 4;
		find(&t);
		return verbs[i].run(&t);
	}
	return -1;
}

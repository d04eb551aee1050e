/*
 * floor: what the kernel alone takes for a container with the default configuration.
 *
 * Does, with nothing but system calls, what every runtime has to do for the config.json that
 * make-bundle writes: namespaces, cgroup, mounts, devices, masked and read-only paths, capabilities,
 * seccomp, execve (floor-child.c). No JSON, no state, no hooks, no checks. Each step is really done; one that fails
 * ends the program with a message and exit status 1.
 * The child closes no file descriptor by itself: one close_range() before execve does.
 *
 * Not an example of how to build a runtime: it trusts its rootfs (paths are resolved as they come).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include "floor.h"

void floor_die(const char *step, const char *object)
{
	char message[256];

	(void)snprintf(message, sizeof(message), "floor: %s %s", step, object);
	perror(message);
	_exit(1);
}

long floor_must(long result, const char *step, const char *object)
{
	if (result < 0)
		floor_die(step, object);
	return result;
}

void floor_exec(char *const *argv)
{
	static char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm",
		NULL
	};

	execve(argv[0], argv, env);
	floor_die("execve", argv[0]);
}

static void read_blob(struct floor *f)
{
	int fd = (int)floor_must(open(f->blob, O_RDONLY | O_CLOEXEC), "open", f->blob);
	struct stat st;
	void *data;

	floor_must(fstat(fd, &st), "fstat", f->blob);
	errno = EINVAL;
	if (st.st_size == 0 || st.st_size % (off_t)sizeof(struct sock_filter) ||
	    st.st_size / (off_t)sizeof(struct sock_filter) > BPF_MAXINSNS)
		floor_die("size of", f->blob);
	data = malloc((size_t)st.st_size);
	if (!data || read(fd, data, (size_t)st.st_size) != st.st_size)
		floor_die("read", f->blob);
	close(fd);
	f->filter.len = (unsigned short)((size_t)st.st_size / sizeof(struct sock_filter));
	f->filter.filter = data;
}

static void set_limit(const struct floor *f, const char *limit)
{
	const char *value = strchr(limit, '=');
	char file[64];
	int fd;

	errno = EINVAL;
	if (!value || (size_t)(value - limit) >= sizeof(file))
		floor_die("limit", limit);
	(void)snprintf(file, sizeof(file), "%.*s", (int)(value - limit), limit);
	fd = openat(f->cgroup_fd, file, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value + 1, strlen(value + 1)) < 0) {
		perror("floor: set limit");
		(void)rmdir(f->cgroup_dir); /* on the way out with an error already */
		_exit(1);
	}
	(void)close(fd);
}

static const char *cgroup_root(void)
{
	const char *root = "/sys/fs/cgroup";
	struct statfs st;

	floor_must(statfs(root, &st), "statfs", root);
	return st.f_type == CGROUP2_SUPER_MAGIC ? root : "/sys/fs/cgroup/unified";
}

int floor_open_cgroup(const char *name, char *path, size_t size)
{
	(void)snprintf(path, size, "%s/%s", cgroup_root(), name);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void make_cgroup(struct floor *f)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "floor-%d", (int)getpid());
	(void)snprintf(f->cgroup_dir, sizeof(f->cgroup_dir), "%s/%s", cgroup_root(),
		       f->name ? f->name : name);
	floor_must(mkdir(f->cgroup_dir, 0755), "mkdir", f->cgroup_dir);
	f->cgroup_fd = open(f->cgroup_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (f->cgroup_fd < 0 || (f->devices && floor_device_rules(f->cgroup_dir) < 0)) {
		perror("floor: set up cgroup");
		(void)rmdir(f->cgroup_dir); /* on the way out with an error already */
		_exit(1);
	}
	for (size_t i = 0; i < f->n_limits; i++)
		set_limit(f, f->limits[i]);
}

void floor_remove_cgroup(const char *path)
{
	for (int tries = 0; rmdir(path) < 0; tries++) {
		if (errno != EBUSY || tries == 10000)
			floor_die("rmdir", path);
		(void)poll(NULL, 0, 1);
	}
}

/* 65536 ids from 100000 on; a child that waits for this is told. */
static void map_ids(const struct floor *f, int pid)
{
	static const char *const files[] = { "uid_map", "gid_map" };

	for (size_t i = 0; i < COUNT(files); i++) {
		char path[64];
		int fd;

		(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		fd = (int)floor_must(open(path, O_WRONLY | O_CLOEXEC), "open", path);
		floor_must(write(fd, "0 100000 65536", 14), "write", path);
		(void)close(fd);
	}
	floor_must(write(f->mapped[1], "x", 1), "write", "mapped");
}

static int spawn(const struct floor *f)
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
		.exit_signal = SIGCHLD,
	};
	long pid;

	if (f->userns)
		args.flags |= CLONE_NEWUSER;
	if (f->cgroup) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)f->cgroup_fd;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		floor_child(f);
	if (pid > 0 && f->userns)
		map_ids(f, (int)pid);
	return (int)pid;
}

static int run(const struct floor *f)
{
	int status = 0, pid = spawn(f), error = errno;

	if (pid > 0)
		floor_must(waitpid(pid, &status, 0), "wait", "");
	if (f->cgroup)
		floor_remove_cgroup(f->cgroup_dir);
	errno = error;
	floor_must(pid, "clone3", "");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void floor_gate_path(char *path, size_t size, const char *gates, const char *name)
{
	(void)snprintf(path, size, "%s/%s", gates, name);
}

/* The child stays at its gate; what is known of it are the gate's and the cgroup's name. */
static int create(struct floor *f)
{
	char gate[256], byte;
	int pid;

	floor_gate_path(gate, sizeof(gate), f->gates, f->name);
	f->gate = gate;
	floor_must(mkfifo(gate, 0600), "mkfifo", gate);
	floor_must(pipe2(f->ready, O_CLOEXEC), "pipe", "");
	pid = spawn(f);
	(void)close(f->ready[1]);
	if (pid > 0 && read(f->ready[0], &byte, 1) == 1)
		return 0;
	if (pid > 0)
		floor_must(waitpid(pid, NULL, 0), "wait", "");
	(void)unlink(gate); /* on the way out with an error already */
	floor_remove_cgroup(f->cgroup_dir);
	return 1;
}

static void usage(void)
{
	(void)fputs(
		"usage: floor [OPTION...] ROOTFS CMD [ARG...]\n"
		"       floor --gates DIR --cgroup NAME [OPTION...] ROOTFS CMD [ARG...]\n"
		"       floor start|state|kill|delete DIR NAME\n"
		"       floor exec DIR NAME CMD [ARG...]\n"
		"       floor list DIR\n"
		"options: --no-cgroup --cgroup NAME --limit FILE=VALUE --devices --seccomp BLOB\n"
		"         --userns --mask PATH --readonly PATH\n",
		stderr);
	_exit(2);
}

static bool set_flag(struct floor *f, const char *option)
{
	if (strcmp(option, "--no-cgroup") == 0)
		f->cgroup = false;
	else if (strcmp(option, "--devices") == 0)
		f->devices = true;
	else if (strcmp(option, "--userns") == 0)
		f->userns = true;
	else
		return false;
	return true;
}

static bool set_value(struct floor *f, const char *option, const char *value)
{
	if (strcmp(option, "--cgroup") == 0)
		f->name = value;
	else if (strcmp(option, "--gates") == 0)
		f->gates = value;
	else if (strcmp(option, "--seccomp") == 0)
		f->blob = value;
	else if (strcmp(option, "--limit") == 0 && f->n_limits < MAX_EXTRA)
		f->limits[f->n_limits++] = value;
	else if (strcmp(option, "--mask") == 0 && f->n_masked < MAX_EXTRA)
		f->masked[f->n_masked++] = value;
	else if (strcmp(option, "--readonly") == 0 && f->n_readonly < MAX_EXTRA)
		f->readonly[f->n_readonly++] = value;
	else
		return false;
	return true;
}

static int parse(struct floor *f, char **argv)
{
	int i = 1;

	for (; argv[i] && strncmp(argv[i], "--", 2) == 0; i++) {
		if (set_flag(f, argv[i]))
			continue;
		if (!argv[i + 1] || !set_value(f, argv[i], argv[i + 1]))
			usage();
		i++;
	}
	return i;
}

int main(int argc, char **argv)
{
	struct floor f = { .cgroup = true, .cgroup_fd = -EBADF };
	int i, status = floor_verb(argc, argv);

	if (status >= 0)
		return status;
	i = parse(&f, argv);
	if (argc - i < 2 || ((f.devices || f.n_limits || f.gates) && !f.cgroup) ||
	    (f.gates && !f.name))
		usage();
	f.rootfs = argv[i];
	f.argv = argv + i + 1;
	if (f.blob)
		read_blob(&f);
	if (f.cgroup)
		make_cgroup(&f);
	if (f.userns)
		floor_must(pipe2(f.mapped, O_CLOEXEC), "pipe", "");
	return f.gates ? create(&f) : run(&f);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that has something which a checkpoint may not be able to save: `holder KIND [ARGUMENT]` makes it, says
 * "ready" and sleeps. Exit code 77: this kernel, or the container, does not let it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holder.h"
#include "holder_sockets.h"

enum {
	NEWTIME = 0x80,
	MIB = 1 << 20,
};

struct kind {
	const char *name;
	void (*make)(const char *argument);
};

static void ready(void)
{
	static const char text[] = "ready\n";

	(void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
	for (;;)
		(void)pause();
}

static void in_child(void (*fn)(void))
{
	int pipe_fds[2];
	char c;

	must(pipe(pipe_fds));
	if (must(fork()) == 0) {
		fn();
		(void)!write(pipe_fds[1], "", 1);
		(void)close(pipe_fds[0]);
		(void)close(pipe_fds[1]);
		for (;;)
			(void)pause();
	}
	(void)close(pipe_fds[1]);
	if (read(pipe_fds[0], &c, 1) != 1)
		exit(EXIT_CANNOT);
	(void)close(pipe_fds[0]);
}

/* ---- files ---- */

static int file(const char *path, size_t size)
{
	int fd = must(open(path, O_RDWR | O_CREAT, 0600));

	must(ftruncate(fd, (off_t)size));
	return fd;
}

static void make_file(const char *path)
{
	(void)file(path, 4096);
}

static void make_flock(const char *path)
{
	must(flock(file(path, 0), LOCK_EX));
}

static void make_posix_lock(const char *path)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 5 };

	must(fcntl(file(path, 10), F_SETLK, &l));
}

static void make_deleted(const char *path)
{
	(void)file(path, 4096);
	must(unlink(path));
}

static void make_deleted_large(const char *path)
{
	int fd = file(path, 0);
	static char page[4096];

	for (int i = 0; i < 2 * MIB; i += (int)sizeof(page))
		must(write(fd, page, sizeof(page)));
	must(unlink(path));
}

static void make_deleted_linked(const char *path)
{
	char other[4096];

	(void)file(path, 4096);
	(void)snprintf(other, sizeof(other), "%s.other", path);
	must(link(path, other));
	must(unlink(path));
}

/* A deleted file that is only mapped: a library after an update. */
static void make_deleted_mapped(const char *path)
{
	int fd = file(path, 2 * MIB);

	if (mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		must(-1);
	(void)close(fd);
	must(unlink(path));
}

/* A file whose directory was mounted over. */
static void make_hidden(const char *path)
{
	char name[4096];

	must(mkdir(path, 0700));
	(void)snprintf(name, sizeof(name), "%s/file", path);
	(void)file(name, 4096);
	must(mount("tmpfs", path, "tmpfs", 0, NULL));
}

static void make_open(const char *path)
{
	must(open(path, O_RDWR | O_NONBLOCK));
}

static void make_fifo(const char *path)
{
	must(mkfifo(path, 0600));
	must(open(path, O_RDWR));
}

static void make_pipe(const char *unused)
{
	int fds[2];

	(void)unused;
	must(pipe(fds));
}

static void make_pty(const char *unused)
{
	int master = must(posix_openpt(O_RDWR | O_NOCTTY)), number, unlock = 0;
	char path[32];

	(void)unused;
	must(ioctl(master, TIOCSPTLCK, &unlock));
	must(ioctl(master, TIOCGPTN, &number));
	(void)snprintf(path, sizeof(path), "/dev/pts/%d", number);
	must(open(path, O_RDWR | O_NOCTTY));
}

/* A namespace that nobody is in any more. */
static void make_namespace_file(const char *unused)
{
	char path[64];
	int pipe_fds[2];
	pid_t pid;
	char c;

	(void)unused;
	must(pipe(pipe_fds));
	pid = must(fork());
	if (pid == 0) {
		must(unshare(CLONE_NEWUTS));
		must(write(pipe_fds[1], "", 1));
		for (;;)
			(void)pause();
	}
	must(read(pipe_fds[0], &c, 1));
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/uts", (int)pid);
	must(open(path, O_RDONLY));
	must(kill(pid, SIGKILL));
	must(wait(NULL));
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}

/* ---- objects of the kernel ---- */

static void make_memfd(const char *unused)
{
	(void)unused;
	must(syscall(SYS_memfd_create, "x", 0));
}

static void make_eventfd(const char *unused)
{
	(void)unused;
	must(eventfd(0, 0));
}

static void make_epoll(const char *unused)
{
	(void)unused;
	must(epoll_create1(0));
}

static void make_timerfd(const char *unused)
{
	(void)unused;
	must(timerfd_create(CLOCK_MONOTONIC, 0));
}

/* It repeats, has expired, and will not again until it is read. */
static void make_timerfd_expired(const char *unused)
{
	const struct itimerspec often = { { 0, 1000000 }, { 0, 1000000 } };
	int fd = must(timerfd_create(CLOCK_MONOTONIC, 0));
	struct pollfd p = { .fd = fd, .events = POLLIN };

	(void)unused;
	must(timerfd_settime(fd, 0, &often, NULL));
	must(poll(&p, 1, -1));
}

static void make_eventfd_semaphore(const char *unused)
{
	(void)unused;
	must(eventfd(3, EFD_SEMAPHORE));
}

static void make_signalfd(const char *unused)
{
	sigset_t set;

	(void)unused;
	(void)sigemptyset(&set);
	must(signalfd(-1, &set, 0));
}

static void make_inotify(const char *unused)
{
	(void)unused;
	must(inotify_add_watch(must(inotify_init()), "/tmp", IN_CREATE));
}

static void make_fanotify(const char *unused)
{
	(void)unused;
	must(syscall(SYS_fanotify_init, 0, 0));
}

static void make_io_uring(const char *unused)
{
	uint32_t params[30] = { 0 }; /* struct io_uring_params */

	(void)unused;
	must(syscall(SYS_io_uring_setup, 4, params));
}

static void make_userfaultfd(const char *unused)
{
	(void)unused;
	must(syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */));
}

static void make_bpf_map(const char *unused)
{
	/* union bpf_attr of BPF_MAP_CREATE: type array, sizes of key and value, entries */
	uint32_t attr[32] = { 2, 4, 4, 1 };

	(void)unused;
	must(syscall(SYS_bpf, 0, attr, sizeof(attr)));
}

static void make_bpf(const char *unused)
{
	/* r0 = 0; exit */
	static const uint64_t program[] = { 0xb7, 0x95 };
	struct {
		uint32_t type, count;
		const void *program;
		const char *license;
		uint32_t rest[32];
	} attr = { .type = 1, .count = 2, .program = program, .license = "GPL" };

	(void)unused;
	must(syscall(SYS_bpf, 5, &attr, sizeof(attr)));
}

static void make_perf(const char *unused)
{
	/* struct perf_event_attr: a software clock */
	uint32_t attr[32] = { 1, sizeof(attr) };

	(void)unused;
	must(syscall(SYS_perf_event_open, attr, 0, -1, -1, 0));
}

static void make_pidfd(const char *unused)
{
	(void)unused;
	must(syscall(SYS_pidfd_open, getpid(), 0));
}

/* ---- memory ---- */

static void make_hugetlb(const char *unused)
{
	(void)unused;
	if (mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
		 -1, 0) == MAP_FAILED)
		must(-1);
}

static void make_sysv(const char *unused)
{
	int id = must(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600));

	(void)unused;
	if (shmat(id, NULL, 0) == (void *)-1)
		must(-1);
	must(shmctl(id, IPC_RMID, NULL));
}

/* ---- tasks ---- */

static void sleep_on(void)
{
}

static void make_child(const char *unused)
{
	(void)unused;
	in_child(sleep_on);
}

static void make_traced(const char *unused)
{
	pid_t pid = must(fork());

	(void)unused;
	while (pid == 0)
		(void)pause();
	must(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
}

static void *other_thread(void *unused)
{
	(void)unused;
	ready();
	return NULL;
}

static void end_leader(void)
{
	pthread_t t;

	(void)pthread_create(&t, NULL, other_thread, NULL);
	pthread_exit(NULL);
}

static void make_leader_ended(const char *unused)
{
	(void)unused;
	if (must(fork()) == 0)
		end_leader();
	for (;;)
		(void)pause();
}

static void new_pid(void)
{
	must(unshare(CLONE_NEWPID));
	in_child(sleep_on);
}

static void new_user(void)
{
	must(unshare(CLONE_NEWUSER));
}

static void new_network(void)
{
	must(unshare(CLONE_NEWNET));
}

static void new_mount(void)
{
	must(unshare(CLONE_NEWNS));
}

static void new_uts(void)
{
	must(unshare(CLONE_NEWUTS));
}

static void new_time(void)
{
	must(unshare(NEWTIME));
	in_child(sleep_on);
}

static void make_in_namespace(const char *type)
{
	static const struct {
		const char *name;
		void (*make)(void);
	} types[] = { { "pid", new_pid },   { "user", new_user }, { "net", new_network },
		      { "mnt", new_mount }, { "uts", new_uts },	  { "time", new_time } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, type) == 0)
			in_child(types[i].make);
}

static void be_strict(void)
{
	must(prctl(PR_SET_SECCOMP, 1));
}

static void in_strict_child(void)
{
	int pipe_fds[2];
	char c;

	must(pipe(pipe_fds));
	if (must(fork()) == 0) {
		be_strict();
		(void)!write(pipe_fds[1], "", 1);
		(void)!read(pipe_fds[0], &c, 1);
		(void)!read(pipe_fds[0], &c, 1);
		(void)syscall(SYS_exit, 0);
	}
	/* what it has written it reads itself, and then waits for more from us */
}

static void make_seccomp_strict(const char *unused)
{
	(void)unused;
	in_strict_child();
	(void)usleep(200000);
}

static void make_mount(const char *type)
{
	must(mkdir("/tmp/mounted", 0700));
	must(mount(type, "/tmp/mounted", type, 0, NULL));
}

static void make_overlay(const char *unused)
{
	(void)unused;
	must(mount("tmpfs", "/tmp", "tmpfs", 0, NULL));
	must(mkdir("/tmp/a", 0700));
	must(mkdir("/tmp/b", 0700));
	must(mkdir("/tmp/c", 0700));
	must(mount("overlay", "/tmp/c", "overlay", 0, "lowerdir=/tmp/a:/tmp/b"));
}

static const struct kind kinds[] = {
	{ "alg", make_alg },
	{ "bpf", make_bpf },
	{ "bpf-map", make_bpf_map },
	{ "child", make_child },
	{ "deleted", make_deleted },
	{ "deleted-large", make_deleted_large },
	{ "deleted-linked", make_deleted_linked },
	{ "deleted-mapped", make_deleted_mapped },
	{ "epoll", make_epoll },
	{ "eventfd", make_eventfd },
	{ "eventfd-semaphore", make_eventfd_semaphore },
	{ "fanotify", make_fanotify },
	{ "fifo", make_fifo },
	{ "file", make_file },
	{ "flock", make_flock },
	{ "hidden", make_hidden },
	{ "hugetlb", make_hugetlb },
	{ "in", make_in_namespace },
	{ "inotify", make_inotify },
	{ "io_uring", make_io_uring },
	{ "leader-ended", make_leader_ended },
	{ "memfd", make_memfd },
	{ "mount", make_mount },
	{ "mptcp", make_mptcp },
	{ "namespace-file", make_namespace_file },
	{ "netlink", make_netlink },
	{ "netlink-unread", make_netlink_unread },
	{ "open", make_open },
	{ "overlay", make_overlay },
	{ "packet", make_packet },
	{ "perf", make_perf },
	{ "pidfd", make_pidfd },
	{ "ping", make_ping },
	{ "pipe", make_pipe },
	{ "posix-lock", make_posix_lock },
	{ "pty", make_pty },
	{ "raw", make_raw },
	{ "sctp", make_sctp },
	{ "seccomp-strict", make_seccomp_strict },
	{ "signalfd", make_signalfd },
	{ "sysv", make_sysv },
	{ "tcp", make_tcp },
	{ "tcp-listen", make_tcp_listen },
	{ "tcp-waiting", make_tcp_waiting },
	{ "timerfd", make_timerfd },
	{ "timerfd-expired", make_timerfd_expired },
	{ "traced", make_traced },
	{ "udp", make_udp },
	{ "udp-corked", make_udp_corked },
	{ "udp-unread", make_udp_unread },
	{ "unix-datagram", make_unix_datagram },
	{ "unix-pair", make_unix_pair },
	{ "unix-serve", make_unix_serve },
	{ "unix-serve-datagram", make_unix_serve_datagram },
	{ "unix-stream", make_unix_stream },
	{ "unix-waiting", make_unix_waiting },
	{ "unix-waiting-data", make_unix_waiting_data },
	{ "userfaultfd", make_userfaultfd },
	{ "vsock", make_vsock },
};

/* Several, separated by ",". */
int main(int argc, char **argv)
{
	for (int at = 1; at < argc; at++) {
		const char *argument = at + 1 < argc ? argv[at + 1] : "";
		size_t i = 0;

		while (i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i].name, argv[at]) != 0)
			i++;
		if (i == sizeof(kinds) / sizeof(kinds[0])) {
			(void)fprintf(stderr, "holder: no such kind: %s\n", argv[at]);
			return 2;
		}
		kinds[i].make(argument);
		while (at < argc && strcmp(argv[at], ",") != 0)
			at++;
	}
	ready();
}

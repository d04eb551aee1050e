/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the payload finds itself to be: ids, capabilities, limits, environment, files, signals. */
#ifndef CTR_TESTS_PAYLOAD_PROCESS_H
#define CTR_TESTS_PAYLOAD_PROCESS_H

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "payload.h"

extern char **environ;

static int compare_ids(const void *a, const void *b)
{
	gid_t left = *(const gid_t *)a, right = *(const gid_t *)b;

	return (left > right) - (left < right);
}

static void print_groups(void)
{
	gid_t groups[1024];
	int n = getgroups((int)COUNT(groups), groups);

	qsort(groups, n > 0 ? (size_t)n : 0, sizeof(groups[0]), compare_ids);
	(void)printf(" groups=");
	for (int i = 0; i < n; i++)
		(void)printf("%s%u", i ? "," : "", groups[i]);
}

static int run_ids(int argc, char **argv)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	mode_t mask = umask(0);

	(void)argc;
	(void)argv;
	if (getresuid(&ruid, &euid, &suid) < 0 || getresgid(&rgid, &egid, &sgid) < 0)
		return broken("ids");
	(void)printf("uid=%u,%u,%u gid=%u,%u,%u", ruid, euid, suid, rgid, egid, sgid);
	print_groups();
	(void)printf(" umask=%04o\n", mask);
	return 0;
}

/* The lines of /proc/self/status that begin with one of @names. */
static int print_status(const char *const *names, size_t count)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	if (!f)
		return broken("/proc/self/status");
	while (fgets(line, sizeof(line), f)) {
		for (size_t i = 0; i < count; i++) {
			size_t len = strlen(names[i]);
			const char *value = line + len + 1;

			if (strncmp(line, names[i], len) == 0 && line[len] == ':')
				(void)printf("%s %s", names[i], value + strspn(value, " \t"));
		}
	}
	(void)fclose(f);
	return 0;
}

static int run_caps(int argc, char **argv)
{
	static const char *const names[] = { "CapInh", "CapPrm",     "CapEff", "CapBnd",
					     "CapAmb", "NoNewPrivs", "Seccomp" };

	(void)argc;
	(void)argv;
	return print_status(names, COUNT(names));
}

static int run_signals(int argc, char **argv)
{
	static const char *const names[] = { "SigBlk", "SigIgn", "SigCgt" };

	(void)argc;
	(void)argv;
	return print_status(names, COUNT(names));
}

static void print_limit(const char *name, rlim_t value)
{
	if (value == RLIM_INFINITY)
		(void)printf("%sunlimited", name);
	else
		(void)printf("%s%llu", name, (unsigned long long)value);
}

/* All of them, or those that are named: "NOFILE 1024 4096" */
static int run_limits(int argc, char **argv)
{
	static const struct {
		int resource;
		const char *name;
	} limits[] = {
		{ RLIMIT_AS, "AS" },
		{ RLIMIT_CORE, "CORE" },
		{ RLIMIT_CPU, "CPU" },
		{ RLIMIT_DATA, "DATA" },
		{ RLIMIT_FSIZE, "FSIZE" },
		{ RLIMIT_LOCKS, "LOCKS" },
		{ RLIMIT_MEMLOCK, "MEMLOCK" },
		{ RLIMIT_MSGQUEUE, "MSGQUEUE" },
		{ RLIMIT_NICE, "NICE" },
		{ RLIMIT_NOFILE, "NOFILE" },
		{ RLIMIT_NPROC, "NPROC" },
		{ RLIMIT_RSS, "RSS" },
		{ RLIMIT_RTPRIO, "RTPRIO" },
		{ RLIMIT_RTTIME, "RTTIME" },
		{ RLIMIT_SIGPENDING, "SIGPENDING" },
		{ RLIMIT_STACK, "STACK" },
	};
	struct rlimit value;

	for (size_t i = 0; i < COUNT(limits); i++) {
		int wanted = argc == 0;

		for (int k = 0; k < argc; k++)
			wanted |= strcmp(argv[k], limits[i].name) == 0;
		if (!wanted || getrlimit(limits[i].resource, &value) < 0)
			continue;
		(void)printf("%s", limits[i].name);
		print_limit(" ", value.rlim_cur);
		print_limit(" ", value.rlim_max);
		(void)putchar('\n');
	}
	return 0;
}

/* "3 /etc/passwd", without the fd that lists them. Without /proc: the numbers alone. */
static int run_fds(int argc, char **argv)
{
	char path[64], link[4096];

	(void)argc;
	(void)argv;
	for (int fd = 0; fd < 70000; fd++) {
		ssize_t n;

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, link, sizeof(link) - 1);
		link[n < 0 ? 0 : n] = '\0';
		(void)printf("%d %s\n", fd, link);
	}
	return 0;
}

static int run_env(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (char **e = environ; *e; e++)
		(void)puts(*e);
	return 0;
}

static int run_args(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		(void)printf("[%s]\n", argv[i]);
	return 0;
}

/* What the system call says: the C library's getcwd hides "(unreachable)". */
static int run_cwd(int argc, char **argv)
{
	char path[4096];

	(void)argc;
	(void)argv;
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
		return tell("cwd", errno);
	(void)puts(path);
	return 0;
}

static int run_ns(int argc, char **argv)
{
	static const char *const all[] = { "cgroup", "ipc",  "mnt",  "net",
					   "pid",    "time", "user", "uts" };
	char path[64], link[64];

	for (size_t i = 0; i < COUNT(all); i++) {
		int wanted = argc == 0;
		ssize_t n;

		for (int k = 0; k < argc; k++)
			wanted |= strcmp(argv[k], all[i]) == 0;
		if (!wanted)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", all[i]);
		n = readlink(path, link, sizeof(link) - 1);
		if (n < 0)
			return tell(path, errno);
		link[n] = '\0';
		(void)puts(link);
	}
	return 0;
}

static int run_uname(int argc, char **argv)
{
	struct utsname u;

	(void)argc;
	(void)argv;
	if (uname(&u) < 0)
		return broken("uname");
	(void)printf("%s %s\n", u.nodename, u.domainname);
	return 0;
}

static int run_pids(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)printf("pid=%d ppid=%d sid=%d pgid=%d\n", getpid(), getppid(), getsid(0), getpgrp());
	return 0;
}

static int run_ifflags(int argc, char **argv)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)argc;
	if (fd < 0)
		return tell(argv[0], errno);
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", argv[0]);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return tell(argv[0], errno);
	(void)printf("%s%s%s%s\n", argv[0], request.ifr_flags & IFF_UP ? " up" : "",
		     request.ifr_flags & IFF_RUNNING ? " running" : "",
		     request.ifr_flags & IFF_LOOPBACK ? " loopback" : "");
	return 0;
}

static int run_tty(int argc, char **argv)
{
	struct winsize size = { 0 };
	struct termios t = { 0 };
	char name[64] = "";

	(void)argc;
	(void)argv;
	if (ioctl(0, TIOCGWINSZ, &size) < 0)
		return tell("tty", errno);
	if (ttyname_r(0, name, sizeof(name)) != 0)
		(void)snprintf(name, sizeof(name), "unnamed");
	(void)tcgetattr(0, &t);
	(void)printf("tty %s %ux%u%s%s%s foreground=%d session=%d\n", name, size.ws_col,
		     size.ws_row, t.c_lflag & ICANON ? " canonical" : "",
		     t.c_lflag & ECHO ? " echo" : "", t.c_oflag & ONLCR ? " onlcr" : "",
		     tcgetpgrp(0) == getpgrp(), tcgetsid(0) == getsid(0));
	return 0;
}

/* The system calls that tests name, with this machine's numbers; any other goes by its number. */
static long syscall_number(const char *name)
{
	static const struct error_name calls[] = {
		{ SYS_personality, "personality" },
		{ SYS_getppid, "getppid" },
		{ SYS_getpgid, "getpgid" },
		{ SYS_sethostname, "sethostname" },
		{ SYS_mount, "mount" },
		{ SYS_keyctl, "keyctl" },
		{ SYS_socket, "socket" },
		{ SYS_fchmod, "fchmod" },
		{ SYS_unshare, "unshare" },
		{ SYS_setdomainname, "setdomainname" },
	};

	for (size_t i = 0; i < COUNT(calls); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].value;
	return strtol(name, NULL, 0);
}

/* syscall NAME [NUMBER...]: what it returns, by name. Arguments may be 0x.., decimal or negative. */
static int run_syscall(int argc, char **argv)
{
	long a[6] = { 0 }, r;

	for (int i = 1; i < argc && i < 7; i++)
		a[i - 1] = (long)strtoull(argv[i], NULL, 0);
	r = syscall(syscall_number(argv[0]), a[0], a[1], a[2], a[3], a[4], a[5]);
	return tell("syscall", r < 0 ? errno : 0);
}

/* The kernel clears the number when the thread is gone, however it went. */
static int thread_of_syscall(void *argv)
{
	return run_syscall(1, argv);
}

/* thread NAME: the same in a second thread, and whether this one outlives it. */
static int run_thread(int argc, char **argv)
{
	static char stack[65536] __attribute__((aligned(16)));
	static int tid = 1;
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		    CLONE_CHILD_CLEARTID;

	(void)argc;
	if (clone(thread_of_syscall, stack + sizeof(stack), flags, argv, NULL, NULL, &tid) < 0)
		return tell("thread", errno);
	while (__atomic_load_n(&tid, __ATOMIC_SEQ_CST))
		(void)usleep(1000);
	return tell("thread", 0);
}

static int run_sleep(int argc, char **argv)
{
	(void)argc;
	(void)puts("asleep");
	(void)fflush(stdout);
	(void)sleep(argc ? (unsigned)atoi(argv[0]) : 1000);
	return 0;
}

static int run_exit(int argc, char **argv)
{
	(void)argc;
	return atoi(argv[0]);
}

static int run_die(int argc, char **argv)
{
	struct rlimit none = { 0, 0 };

	(void)argc;
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)kill(getpid(), atoi(argv[0])); /* pid 1 does not die of it */
	return 98;
}

/* Wait for COUNT signals (default 1), whatever they are, and tell which. */
static int run_signal(int argc, char **argv)
{
	int count = argc ? atoi(argv[0]) : 1;
	sigset_t all;

	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	(void)puts("ready");
	(void)fflush(stdout);
	for (int i = 0; i < count; i++) {
		siginfo_t info;

		if (sigwaitinfo(&all, &info) < 0)
			return broken("sigwaitinfo");
		(void)printf("signal %d\n", info.si_signo);
		(void)fflush(stdout);
	}
	return 0;
}

#endif

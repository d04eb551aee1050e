// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workloads: threads, trees of processes, sessions, signals, and what a process is.
 */
#ifndef TESTS_HELPERS_WORKLOAD_PROCESS_H
#define TESTS_HELPERS_WORKLOAD_PROCESS_H

#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "workload.h"

/* Goes on, and never back. */
static void *count_up(void *data)
{
	volatile int *count = data;

	for (;;) {
		++*count;
		pause_ms(5);
	}
	return NULL;
}

static void run_counter(void)
{
	static volatile int count;
	pthread_t thread;

	must(-pthread_create(&thread, NULL, count_up, (void *)&count));
	must(reaches(&count, 3) ? 0 : -1);
	int before = count;
	dumped();
	int after = count;
	expect(after >= before);
	expect(reaches(&count, after + 5));
}

/* --- threads that wait for a condition, hold a mutex, have names and values of their own --- */

enum {
	THREADS = 16
};

struct threads {
	pthread_mutex_t lock, held;
	pthread_cond_t go;
	int ready, start;
	volatile int passed;
};

static __thread int own_value;

static void *wait_in_thread(void *data)
{
	struct threads *all = data;
	char name[16], now[16]; /* as the kernel has them */

	pthread_mutex_lock(&all->lock);
	own_value = ++all->ready;
	(void)snprintf(name, sizeof(name), "thread-%hhd", (char)own_value);
	(void)prctl(PR_SET_NAME, name);
	int mine = own_value;
	while (!all->start)
		pthread_cond_wait(&all->go, &all->lock);
	(void)prctl(PR_GET_NAME, now);
	if (own_value == mine && strcmp(now, name) == 0)
		all->passed++;
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

static void run_threads(void)
{
	static struct threads all = { PTHREAD_MUTEX_INITIALIZER,
				      PTHREAD_MUTEX_INITIALIZER,
				      PTHREAD_COND_INITIALIZER,
				      0,
				      0,
				      0 };
	pthread_t threads[THREADS];

	pthread_mutex_lock(&all.held);
	for (int i = 0; i < THREADS; i++)
		must(-pthread_create(&threads[i], NULL, wait_in_thread, &all));
	must(reaches(&all.ready, THREADS) ? 0 : -1);
	dumped();
	expect(pthread_mutex_trylock(&all.held) == EBUSY);
	pthread_mutex_lock(&all.lock);
	all.start = 1;
	pthread_cond_broadcast(&all.go);
	pthread_mutex_unlock(&all.lock);
	for (int i = 0; i < THREADS; i++)
		expect(pthread_join(threads[i], NULL) == 0);
	expect(all.passed == THREADS);
}

/* --- trees --- */

struct tree {
	volatile int ready, go, answered;
	volatile pid_t parents[16], pids[16];
};

/* Two children for each, three levels: node 1 is the root, 2n and 2n + 1 its children. */
static void grow(struct tree *tree, int node)
{
	pid_t children[2];

	for (int i = 0; node < 4 && i < 2; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			grow(tree, 2 * node + i);
		}
	}
	tree->pids[node] = getpid();
	tree->parents[node] = getppid();
	__sync_fetch_and_add(&tree->ready, 1);
	if (node == 1)
		return;
	while (!tree->go)
		pause_ms(10);
	if (tree->pids[node] == getpid() && tree->parents[node] == getppid())
		__sync_fetch_and_add(&tree->answered, 1);
	for (int i = 0; node < 4 && i < 2; i++)
		(void)child_exits(children[i], 0);
	_exit(0);
}

static void run_fork_tree(void)
{
	struct tree *tree = shared_page();

	grow(tree, 1);
	must(reaches(&tree->ready, 7) ? 0 : -1);
	dumped();
	tree->go = 1;
	expect(reaches(&tree->answered, 6));
	expect(child_exits(tree->pids[2], 0) && child_exits(tree->pids[3], 0));
}

static void exit_7(void *data)
{
	(void)data;
	_exit(7);
}

static void wait_for_ever(void *data)
{
	(void)data;
	for (;;)
		(void)pause();
}

static void run_zombie(void)
{
	pid_t pid = child_of(exit_7, NULL), killed = child_of(wait_for_ever, NULL);
	siginfo_t info;
	int status;

	must(kill(killed, SIGTERM));
	must(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	must(waitid(P_PID, (id_t)killed, &info, WEXITED | WNOWAIT));
	dumped();
	expect(child_exits(pid, 7));
	expect(waitpid(killed, &status, 0) == killed && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGTERM);
}

static void run_stopped(void)
{
	pid_t pid = child_of(wait_for_ever, NULL);
	int status;

	must(kill(pid, SIGSTOP));
	must(waitpid(pid, &status, WUNTRACED));
	dumped();
	char path[64], text[256];
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	expect(n > 0);
	text[n] = 0;
	expect(strstr(text, ") T ") != NULL);
	expect(kill(pid, SIGCONT) == 0);
	child_end(pid);
}

/* A process whose parent is gone belongs to the first process of the container. */
static void run_orphan(void)
{
	struct tree *tree = shared_page();
	pid_t middle = fork();

	must(middle);
	if (middle == 0) {
		if (fork() == 0) {
			while (getppid() == middle || getppid() == (pid_t)tree->pids[0])
				pause_ms(1);
			tree->pids[1] = getpid();
			tree->parents[1] = getppid();
			tree->ready = 1;
			while (!tree->go)
				pause_ms(10);
			tree->answered = getppid() == tree->parents[1];
			_exit(0);
		}
		tree->pids[0] = getpid();
		_exit(0);
	}
	must(child_exits(middle, 0) ? 0 : -1);
	must(reaches(&tree->ready, 1) ? 0 : -1);
	dumped();
	tree->go = 1;
	expect(reaches(&tree->answered, 1));
}

static void own_session(void *data)
{
	struct tree *tree = data;

	(void)setsid();
	pid_t member = fork();
	if (member == 0) {
		(void)setpgid(0, 0);
		tree->pids[2] = getpid();
		__sync_fetch_and_add(&tree->ready, 1);
		wait_for_ever(NULL);
	}
	tree->pids[1] = getpid();
	__sync_fetch_and_add(&tree->ready, 1);
	wait_for_ever(NULL);
}

static void run_session(void)
{
	struct tree *tree = shared_page();
	pid_t pid = child_of(own_session, tree), group = getpgrp(), session = getsid(0);

	must(reaches(&tree->ready, 2) ? 0 : -1);
	dumped();
	expect(getsid(pid) == pid && getpgid(pid) == pid);
	expect(getsid(tree->pids[2]) == pid && getpgid(tree->pids[2]) == tree->pids[2]);
	expect(getpgrp() == group && getsid(0) == session);
	(void)kill(tree->pids[2], SIGKILL);
	child_end(pid);
}

/* --- a child in each of the calls that programs wait in --- */

/* Calls with a timeout are not taken up again, but fail with EINTR. */
static void in_nanosleep(void *data)
{
	struct timespec t = { .tv_sec = 1 };
	int r;

	(void)data;
	while ((r = nanosleep(&t, &t)) < 0 && errno == EINTR)
		;
	_exit(r == 0 ? 0 : 1);
}

static void in_poll(void *data)
{
	struct pollfd none = { .fd = ((int *)data)[0], .events = POLLIN };

	int r;

	while ((r = poll(&none, 1, 1500)) < 0 && errno == EINTR)
		;
	_exit(r == 0 ? 0 : 1);
}

static void in_read(void *data)
{
	char byte;

	_exit(read(((int *)data)[2], &byte, 1) == 1 ? 0 : 1);
}

static void in_wait(void *data)
{
	pid_t pid = fork();

	if (pid == 0)
		in_nanosleep(data);
	_exit(child_exits(pid, 0) ? 0 : 1);
}

static void in_sigwait(void *data)
{
	sigset_t set;
	int sig = 0;

	(void)data;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR2);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	_exit(sigwait(&set, &sig) == 0 && sig == SIGUSR2 ? 0 : 1);
}

static void run_system_calls(void)
{
	int fds[4];

	must(pipe(fds));
	must(pipe(fds + 2));
	pid_t pids[] = { child_of(in_nanosleep, NULL), child_of(in_poll, fds),
			 child_of(in_read, fds), child_of(in_wait, NULL),
			 child_of(in_sigwait, NULL) };
	pause_ms(100);
	dumped();
	expect(writes(fds[3], "x"));
	expect(kill(pids[4], SIGUSR2) == 0);
	for (size_t i = 0; i < COUNT(pids); i++)
		expect(child_exits(pids[i], 0));
}

/* --- signals --- */

static volatile int handled, handled_value, on_stack;
static char *signal_stack;

static void handler(int sig, siginfo_t *info, void *context)
{
	char here;

	(void)sig;
	(void)context;
	handled++;
	handled_value = info->si_value.sival_int;
	on_stack = &here > signal_stack && &here < signal_stack + 65536;
}

/* One signal waits, another is queued twice with its values; handler, mask and stack stay. */
static void run_signals(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t stack = { .ss_size = 65536 };
	sigset_t set, pending;

	signal_stack = stack.ss_sp = malloc(65536);
	must(sigaltstack(&stack, NULL));
	must(sigaction(SIGUSR1, &action, NULL));
	must(sigaction(SIGRTMIN + 3, &action, NULL));
	(void)signal(SIGHUP, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGRTMIN + 3);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	must(kill(getpid(), SIGUSR1));
	must(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 17 }));
	must(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 18 }));
	dumped();
	expect(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) == 1);
	expect(handled == 0);
	(void)sigdelset(&set, SIGUSR1);
	expect(sigprocmask(SIG_SETMASK, &set, NULL) == 0 && handled == 1 && on_stack);
	(void)sigemptyset(&set);
	expect(sigprocmask(SIG_SETMASK, &set, NULL) == 0 && handled == 3);
	expect(handled_value == 17 || handled_value == 18);
	expect(sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
}

/* --- what a process is --- */

static void run_credentials(void)
{
	gid_t groups[] = { 7, 77 }, now[8];
	uid_t r, e, s;

	must(setgroups(2, groups));
	must(setresgid(5, 6, 5));
	must(setresuid(0, 1000, 0));
	(void)umask(027);
	dumped();
	expect(getresuid(&r, &e, &s) == 0 && r == 0 && e == 1000 && s == 0);
	expect(getresgid(&r, &e, &s) == 0 && r == 5 && e == 6 && s == 5);
	expect(getgroups(8, now) == 2 && now[0] == 7 && now[1] == 77);
	expect(umask(0) == 027);
}

static void run_limits(void)
{
	struct rlimit limit = { .rlim_cur = 123, .rlim_max = 456 }, now;

	must(setrlimit(RLIMIT_NOFILE, &limit));
	must(setpriority(PRIO_PROCESS, 0, 7));
	dumped();
	expect(getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur == 123 && now.rlim_max == 456);
	expect(getpriority(PRIO_PROCESS, 0) == 7);
}

static void run_prctl(void)
{
	char name[16];
	int signal = 0;

	must(prctl(PR_SET_NAME, "renamed"));
	must(prctl(PR_SET_PDEATHSIG, SIGUSR2));
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	must(prctl(PR_SET_KEEPCAPS, 1));
	dumped();
	expect(prctl(PR_GET_NAME, name) == 0 && strcmp(name, "renamed") == 0);
	expect(prctl(PR_GET_PDEATHSIG, &signal) == 0 && signal == SIGUSR2);
	expect(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	expect(prctl(PR_GET_CHILD_SUBREAPER, &signal) == 0 && signal == 1);
}

/* A filter of its own below that of the container. */
static void run_seccomp(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 42),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { COUNT(code), code };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	dumped();
	expect(syscall(SYS_getpriority, 0, 0) < 0 && errno == 42);
	expect(prctl(PR_GET_SECCOMP) == 2);
}

static void run_chroot(void)
{
	struct stat a, b;

	must(mkdir("jail", 0755));
	must(stat("jail", &a));
	int results = (int)must(open(".", O_PATH));
	must(chroot("jail"));
	dumped();
	expect(stat("/", &b) == 0 && a.st_ino == b.st_ino);
	expect(fchdir(results) == 0);
}

#define WORKLOADS_PROCESS                                                                          \
	{ "counter", run_counter }, { "threads", run_threads }, { "fork-tree", run_fork_tree },    \
		{ "zombie", run_zombie }, { "stopped", run_stopped }, { "orphan", run_orphan },    \
		{ "session", run_session }, { "system-calls", run_system_calls },                  \
		{ "signals", run_signals }, { "credentials", run_credentials },                    \
		{ "limits", run_limits }, { "prctl", run_prctl }, { "seccomp", run_seccomp },      \
	{                                                                                          \
		"chroot", run_chroot                                                               \
	}

#endif

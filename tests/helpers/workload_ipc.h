// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workloads: pipes, terminals, event descriptors, System V and POSIX IPC.
 */
#ifndef TESTS_HELPERS_WORKLOAD_IPC_H
#define TESTS_HELPERS_WORKLOAD_IPC_H

#include <mqueue.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "workload.h"

static void echo_pipe(void *data)
{
	const int *fds = data;
	char byte;

	while (read(fds[0], &byte, 1) == 1)
		if (write(fds[3], &byte, 1) != 1)
			_exit(1);
}

/* A child waits in read(2) for one and answers on the other. */
static void run_pipe(void)
{
	int fds[4];

	must(pipe(fds));
	must(pipe(fds + 2));
	pid_t pid = child_of(echo_pipe, fds);
	must(fcntl(fds[2], F_SETFL, O_NONBLOCK));
	dumped();
	char byte = 0;
	expect(read(fds[2], &byte, 1) < 0 && errno == EAGAIN);
	expect(fcntl(fds[2], F_SETFL, 0) == 0);
	expect(writes(fds[1], "p") && reads(fds[2], "p"));
	child_end(pid);
}

static void run_pipe_full(void)
{
	static char data[200000], back[200000];
	int fds[2];

	must(pipe2(fds, O_CLOEXEC));
	int size = (int)must(fcntl(fds[1], F_SETPIPE_SZ, 262144));
	pattern_fill(data, sizeof(data), 11);
	must(write(fds[1], data, sizeof(data)) == sizeof(data) ? 0 : -1);
	dumped();
	expect(fcntl(fds[1], F_GETPIPE_SZ) == size);
	for (size_t got = 0; got < sizeof(back);) {
		ssize_t n = read(fds[0], back + got, sizeof(back) - got);

		expect(n > 0);
		got += (size_t)n;
	}
	expect(pattern_is(back, sizeof(back), 11));
}

/* Data of packets: their limits stay. */
static void run_pipe_packets(void)
{
	char there[16];
	int fds[2];

	must(pipe2(fds, O_DIRECT));
	must(write(fds[1], "one", 3) + write(fds[1], "three", 5));
	dumped();
	expect((fcntl(fds[0], F_GETFL) & O_DIRECT) != 0 ||
	       (fcntl(fds[1], F_GETFL) & O_DIRECT) != 0);
	expect(read(fds[0], there, sizeof(there)) == 3 && read(fds[0], there, sizeof(there)) == 5);
}

/* A terminal of its own: settings, size, and what nobody has read. */
static void run_pty(void)
{
	char name[64];
	struct termios raw;
	struct winsize size = { .ws_row = 33, .ws_col = 101 }, now;
	int unlock = 0, number;
	int master = (int)must(open("/dev/ptmx", O_RDWR | O_NOCTTY));

	must(ioctl(master, TIOCSPTLCK, &unlock));
	must(ioctl(master, TIOCGPTN, &number));
	(void)snprintf(name, sizeof(name), "/dev/pts/%d", number);
	int slave = (int)must(open(name, O_RDWR | O_NOCTTY));
	must(tcgetattr(slave, &raw));
	cfmakeraw(&raw);
	must(tcsetattr(slave, TCSANOW, &raw));
	must(ioctl(master, TIOCSWINSZ, &size));
	dumped();
	struct termios after;
	expect(tcgetattr(slave, &after) == 0 && after.c_lflag == raw.c_lflag &&
	       after.c_iflag == raw.c_iflag);
	expect(ioctl(slave, TIOCGWINSZ, &now) == 0 && now.ws_row == 33 && now.ws_col == 101);
	expect(writes(master, "down") && reads(slave, "down"));
	expect(writes(slave, "up") && reads(master, "up"));
}

static void own_terminal(void *data)
{
	volatile int *page = data;
	char name[64];
	int unlock = 0, number, master = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	if (setsid() < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 ||
	    ioctl(master, TIOCGPTN, &number) < 0)
		_exit(2);
	(void)snprintf(name, sizeof(name), "/dev/pts/%d", number);
	int slave = open(name, O_RDWR); /* and so it becomes the controlling terminal */
	(void)signal(SIGINT, SIG_IGN);
	page[0] = 1;
	while (page[1] == 0)
		pause_ms(10);
	int tty = open("/dev/tty", O_RDWR);
	_exit(tcgetsid(slave) == getpid() && tcgetpgrp(slave) == getpgrp() && tty >= 0 &&
			      writes(tty, "x") && reads(master, "x")
		      ? 0
		      : 1);
}

static void run_controlling_terminal(void)
{
	volatile int *page = shared_page();
	pid_t pid = child_of(own_terminal, (void *)page);

	must(reaches(&page[0], 1) ? 0 : -1);
	dumped();
	page[1] = 1;
	expect(child_exits(pid, 0));
}

static void run_eventfd(void)
{
	uint64_t value = 41;
	int fd = (int)must(eventfd(0, EFD_NONBLOCK));

	must(write(fd, &value, sizeof(value)));
	dumped();
	expect(read(fd, &value, sizeof(value)) == sizeof(value) && value == 41);
	expect(read(fd, &value, sizeof(value)) < 0 && errno == EAGAIN);
}

/* Each read takes one of three. */
static void run_eventfd_semaphore(void)
{
	uint64_t value = 0;
	int fd = (int)must(eventfd(3, EFD_SEMAPHORE));

	dumped();
	expect(read(fd, &value, sizeof(value)) == sizeof(value) && value == 1);
}

static void run_signalfd(void)
{
	struct signalfd_siginfo info;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	int fd = (int)must(signalfd(-1, &set, SFD_NONBLOCK));
	must(kill(getpid(), SIGUSR1));
	dumped();
	expect(read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGUSR1);
	expect(kill(getpid(), SIGUSR1) == 0);
	expect(read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_pid == (unsigned)getpid());
}

/* What it watches, in which way, with which data; one is ready already. */
static void run_epoll(void)
{
	int fds[2], fd = (int)must(epoll_create1(0)), event = (int)must(eventfd(1, 0));
	struct epoll_event in = { .events = EPOLLIN, .data.u64 = 0x1234567890ULL };
	struct epoll_event edge = { .events = EPOLLIN | EPOLLET, .data.u64 = 99 }, got[4];

	must(pipe(fds));
	must(epoll_ctl(fd, EPOLL_CTL_ADD, event, &in));
	must(epoll_ctl(fd, EPOLL_CTL_ADD, fds[0], &edge));
	dumped();
	expect(epoll_wait(fd, got, 4, 1000) == 1 && got[0].data.u64 == 0x1234567890ULL);
	expect(writes(fds[1], "x"));
	uint64_t value;
	expect(read(event, &value, sizeof(value)) == sizeof(value));
	expect(epoll_wait(fd, got, 4, 1000) == 1 && got[0].data.u64 == 99);
	expect(epoll_wait(fd, got, 4, 0) == 0);
}

static void wait_epoll(void *data)
{
	const int *fds = data;
	struct epoll_event in = { .events = EPOLLIN }, got;
	int fd = epoll_create1(0);

	(void)epoll_ctl(fd, EPOLL_CTL_ADD, fds[0], &in);
	/* This call is not taken up again by the kernel after a process was stopped, signal(7). */
	int n = -1;
	while (n < 0 && (n = epoll_wait(fd, &got, 1, -1)) < 0 && errno == EINTR)
		;
	_exit(n == 1 ? 0 : 1);
}

static void run_epoll_waiting(void)
{
	int fds[2];

	must(pipe(fds));
	pid_t pid = child_of(wait_epoll, fds);
	pause_ms(50);
	dumped();
	expect(writes(fds[1], "x") && child_exits(pid, 0));
}

static void run_sysv_shm(void)
{
	int id = (int)must(shmget(0x5151, 65536, IPC_CREAT | 0600));
	char *at = shmat(id, NULL, 0);
	struct shmid_ds ds;

	must(at == (void *)-1 ? -1 : 0);
	pattern_fill(at, 65536, 12);
	dumped();
	expect(pattern_is(at, 65536, 12));
	expect(shmget(0x5151, 0, 0) == id && shmctl(id, IPC_STAT, &ds) == 0);
	expect(ds.shm_nattch == 1 && ds.shm_segsz == 65536 && (ds.shm_perm.mode & 0777) == 0600);
	expect(shmctl(id, IPC_RMID, NULL) == 0);
}

static void run_sysv_sem(void)
{
	struct sembuf take = { .sem_num = 1, .sem_op = -3, .sem_flg = IPC_NOWAIT };
	int id = (int)must(semget(0x5252, 2, IPC_CREAT | 0600));

	must(semctl(id, 1, SETVAL, 5));
	dumped();
	expect(semget(0x5252, 2, 0) == id && semctl(id, 1, GETVAL) == 5);
	expect(semop(id, &take, 1) == 0 && semop(id, &take, 1) < 0 && errno == EAGAIN);
	expect(semctl(id, 0, IPC_RMID) == 0);
}

static void run_sysv_msg(void)
{
	struct message {
		long type;
		char text[32];
	} one = { 7, "the first" }, got;
	int id = (int)must(msgget(0x5353, IPC_CREAT | 0600));

	must(msgsnd(id, &one, sizeof(one.text), 0));
	one.type = 8;
	must(msgsnd(id, &one, sizeof(one.text), 0));
	dumped();
	expect(msgrcv(id, &got, sizeof(got.text), 8, IPC_NOWAIT) == sizeof(got.text));
	expect(msgrcv(id, &got, sizeof(got.text), 0, IPC_NOWAIT) == sizeof(got.text));
	expect(got.type == 7 && strcmp(got.text, "the first") == 0);
	expect(msgctl(id, IPC_RMID, NULL) == 0);
}

static void run_posix_shm(void)
{
	int fd = (int)must(shm_open("/workload", O_CREAT | O_RDWR, 0600));

	must(ftruncate(fd, 8192));
	char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(at == MAP_FAILED ? -1 : 0);
	pattern_fill(at, 8192, 13);
	dumped();
	int again = shm_open("/workload", O_RDWR, 0);
	char byte = 0;
	expect(pattern_is(at, 8192, 13));
	at[5000] = 's';
	expect(again >= 0 && pread(again, &byte, 1, 5000) == 1 && byte == 's');
	expect(shm_unlink("/workload") == 0);
}

static void run_mqueue(void)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 64 };
	mqd_t queue = mq_open("/workload", O_CREAT | O_RDWR, 0600, &attr);
	char there[64];

	must(queue);
	must(mq_send(queue, "hello", 5, 3));
	dumped();
	expect(mq_receive(queue, there, sizeof(there), NULL) == 5);
}

#define WORKLOADS_IPC                                                                              \
	{ "pipe", run_pipe }, { "pipe-full", run_pipe_full },                                      \
		{ "pipe-packets", run_pipe_packets }, { "pty", run_pty },                          \
		{ "controlling-terminal", run_controlling_terminal }, { "eventfd", run_eventfd },  \
		{ "eventfd-semaphore", run_eventfd_semaphore }, { "signalfd", run_signalfd },      \
		{ "epoll", run_epoll }, { "epoll-waiting", run_epoll_waiting },                    \
		{ "sysv-shm", run_sysv_shm }, { "sysv-sem", run_sysv_sem },                        \
		{ "sysv-msg", run_sysv_msg }, { "posix-shm", run_posix_shm },                      \
	{                                                                                          \
		"mqueue", run_mqueue                                                               \
	}

#endif

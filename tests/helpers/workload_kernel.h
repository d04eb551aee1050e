// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workloads: descriptors and states that are rare, or that CRIU may not know.
 */
#ifndef TESTS_HELPERS_WORKLOAD_KERNEL_H
#define TESTS_HELPERS_WORKLOAD_KERNEL_H

#include <linux/aio_abi.h>
#include <linux/bpf.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>

#include "workload.h"

static void run_io_uring(void)
{
	struct io_uring_params params = { 0 };
	int fd = (int)must(syscall(SYS_io_uring_setup, 8, &params));

	must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		  IORING_OFF_SQ_RING) == MAP_FAILED
		     ? -1
		     : 0);
	dumped();
	expect(syscall(SYS_io_uring_enter, fd, 0, 0, 0, NULL, 0) == 0);
}

static void run_aio(void)
{
	aio_context_t context = 0;
	struct io_event event;
	struct timespec none = { 0, 0 };

	must(syscall(SYS_io_setup, 8, &context));
	dumped();
	expect(syscall(SYS_io_getevents, context, 0, 1, &event, &none) == 0);
	expect(syscall(SYS_io_destroy, context) == 0);
}

static void run_userfaultfd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = (int)must(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY));

	must(ioctl(fd, UFFDIO_API, &api));
	dumped();
	expect(fcntl(fd, F_GETFD) >= 0);
}

static void run_perf_event(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_TASK_CLOCK,
					.exclude_kernel = 1 };
	uint64_t value;
	int fd = (int)must(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));

	dumped();
	expect(read(fd, &value, sizeof(value)) == sizeof(value));
}

static void run_bpf_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 8
	};
	uint32_t key = 3;
	uint64_t value = 33;
	int fd = (int)must(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));

	attr = (union bpf_attr){ .map_fd = (uint32_t)fd,
				 .key = (uintptr_t)&key,
				 .value = (uintptr_t)&value };
	must(syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)));
	value = 0;
	dumped();
	expect(syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) == 0 && value == 33);
}

static void run_bpf_program(void)
{
	struct bpf_insn code[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
				   { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				.insn_cnt = COUNT(code),
				.insns = (uintptr_t)code,
				.license = (uintptr_t) "GPL" };
	int fd = (int)must(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));

	dumped();
	expect(fcntl(fd, F_GETFD) >= 0);
}

static void sleep_on(void *data)
{
	(void)data;
	for (;;)
		(void)pause();
}

static void run_pidfd(void)
{
	pid_t pid = child_of(sleep_on, NULL);
	int fd = (int)must(syscall(SYS_pidfd_open, pid, 0));

	dumped();
	expect(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0);
	expect(waitpid(pid, NULL, 0) == pid);
}

static void run_traced(void)
{
	pid_t pid = child_of(sleep_on, NULL);

	must(ptrace(PTRACE_SEIZE, pid, 0, 0));
	dumped();
	expect(ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0);
	child_end(pid);
}

static void sleep_in_namespace(void *data)
{
	volatile int *page = ((void **)data)[1];

	if (unshare(*(int *)((void **)data)[0]) < 0)
		_exit(errno);
	if (fork() == 0) {
		page[0] = 1;
		while (page[1] == 0)
			pause_ms(10);
		page[2] = 1;
		_exit(0);
	}
	(void)wait(NULL);
	_exit(0);
}

static void in_namespace(int flag)
{
	volatile int *page = shared_page();
	void *data[] = { &flag, (void *)page };
	pid_t pid = child_of(sleep_in_namespace, data);

	must(reaches(&page[0], 1) ? 0 : -1);
	dumped();
	page[1] = 1;
	expect(reaches(&page[2], 1) && child_exits(pid, 0));
}

static void run_inner_pidns(void)
{
	in_namespace(CLONE_NEWPID);
}

static void run_inner_mountns(void)
{
	in_namespace(CLONE_NEWNS);
}

static void run_inner_netns(void)
{
	in_namespace(CLONE_NEWNET);
}

static void run_inner_userns(void)
{
	in_namespace(CLONE_NEWUSER);
}

static void run_inner_utsns(void)
{
	in_namespace(CLONE_NEWUTS);
}

static void run_inner_ipcns(void)
{
	in_namespace(CLONE_NEWIPC);
}

static void run_tun(void)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = (int)must(open("/dev/net/tun", O_RDWR));

	must(ioctl(fd, TUNSETIFF, &request));
	dumped();
	expect(ioctl(fd, TUNGETIFF, &request) == 0 && (request.ifr_flags & IFF_TAP) != 0);
}

static void run_namespace_file(void)
{
	struct stat a, b;
	int fd = (int)must(open("/proc/self/ns/uts", O_RDONLY));

	dumped();
	expect(fstat(fd, &a) == 0 && stat("/proc/self/ns/uts", &b) == 0 && a.st_ino == b.st_ino);
}

static void run_proc_file(void)
{
	int fd = (int)must(open("/proc/self/status", O_RDONLY)),
	    dir = (int)must(open("/proc", O_RDONLY));
	char text[64];

	dumped();
	expect(read(fd, text, sizeof(text)) == sizeof(text) && memcmp(text, "Name:", 5) == 0);
	expect(faccessat(dir, "1", F_OK, 0) == 0);
}

static void run_devices(void)
{
	int null = (int)must(open("/dev/null", O_RDWR)),
	    random = (int)must(open("/dev/urandom", O_RDONLY));
	int zero = (int)must(open("/dev/zero", O_RDONLY));
	char byte = 1;

	dumped();
	expect(writes(null, "x") && read(null, &byte, 1) == 0);
	expect(read(random, &byte, 1) == 1 && read(zero, &byte, 1) == 1 && byte == 0);
}

static void run_keyring(void)
{
	long key = must(
		syscall(SYS_add_key, "user", "workload", "secret", 6, KEY_SPEC_SESSION_KEYRING));
	char there[16];

	dumped();
	expect(syscall(SYS_keyctl, KEYCTL_READ, key, there, sizeof(there)) == 6);
}

static void run_landlock(void)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE };
	int fd = (int)must(syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0));

	dumped();
	expect(fcntl(fd, F_GETFD) >= 0);
}

#define WORKLOADS_KERNEL                                                                           \
	{ "io-uring", run_io_uring }, { "aio", run_aio }, { "userfaultfd", run_userfaultfd },      \
		{ "perf-event", run_perf_event }, { "bpf-map", run_bpf_map },                      \
		{ "bpf-program", run_bpf_program }, { "pidfd", run_pidfd },                        \
		{ "traced", run_traced }, { "inner-pidns", run_inner_pidns },                      \
		{ "inner-mountns", run_inner_mountns }, { "inner-netns", run_inner_netns },        \
		{ "inner-userns", run_inner_userns }, { "inner-utsns", run_inner_utsns },          \
		{ "inner-ipcns", run_inner_ipcns }, { "tun", run_tun },                            \
		{ "namespace-file", run_namespace_file }, { "proc-file", run_proc_file },          \
		{ "devices", run_devices }, { "keyring", run_keyring },                            \
	{                                                                                          \
		"landlock", run_landlock                                                           \
	}

#endif

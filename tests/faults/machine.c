// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changing a system call of a stopped process: the one thing that ptrace(2) does not do alike on all
 * machines. (PTRACE_SET_SYSCALL_INFO is newer than the kernels that ctr supports: Linux 6.16.)
 */
#include "tracer.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#if defined(__x86_64__)

static int set(pid_t pid, size_t offset, uint64_t value)
{
	return ptrace(PTRACE_POKEUSER, pid, (void *)offset, (void *)(uintptr_t)value) < 0 ? -errno
											  : 0;
}

int machine_skip(pid_t pid)
{
	return set(pid, offsetof(struct user_regs_struct, orig_rax), UINT64_MAX);
}

int machine_argument(pid_t pid, unsigned which, uint64_t value)
{
	static const size_t place[] = {
		offsetof(struct user_regs_struct, rdi),
		offsetof(struct user_regs_struct, rsi),
		offsetof(struct user_regs_struct, rdx),
	};

	return set(pid, place[which], value);
}

int machine_result(pid_t pid, int64_t value)
{
	return set(pid, offsetof(struct user_regs_struct, rax), (uint64_t)value);
}

#elif defined(__aarch64__)

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif

int machine_skip(pid_t pid)
{
	int nr = -1;
	struct iovec v = { .iov_base = &nr, .iov_len = sizeof(nr) };

	return ptrace(PTRACE_SETREGSET, pid, (void *)NT_ARM_SYSTEM_CALL, &v) < 0 ? -errno : 0;
}

static int set(pid_t pid, unsigned which, uint64_t value)
{
	struct user_regs_struct regs;
	struct iovec v = { .iov_base = &regs, .iov_len = sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &v) < 0)
		return -errno;
	regs.regs[which] = value;
	return ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &v) < 0 ? -errno : 0;
}

int machine_argument(pid_t pid, unsigned which, uint64_t value)
{
	return set(pid, which, value);
}

int machine_result(pid_t pid, int64_t value)
{
	return set(pid, 0, (uint64_t)value);
}

#else
#error "the registers of this machine are not known: add them here, from its syscall(2) convention"
#endif

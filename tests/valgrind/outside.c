// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For ctr under valgrind, preloaded: system calls that Debian's valgrind (3.19) does not know. It answers them with ENOSYS;
 * without them ctr opens nothing. They are made here on the real processor instead, and valgrind is told what they did:
 *
 * - what they read must be defined, and what they write is;
 * - a descriptor that they return is duplicated by a call that valgrind knows, onto the same number, so that it is among
 *   those that --track-fds tells of when ctr ends;
 * - the child of clone3, and of clone, stays on the real processor: it executes ctr-init, a hook or criu, or ends soon.
 *
 * The child needs every function of libc that it calls to be found already (-z now): the linker cannot work there.
 *
 * Not under valgrind this does what syscall(2) does. x86-64 only.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/openat2.h>

#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>

#ifndef __x86_64__
#error "outside.c is written for x86-64"
#endif

#define COUNT(a)      (sizeof(a) / sizeof((a)[0]))
#define ARCH_SET_FS   0x1002
#define KERNEL_SIGSET 8
#define HIGHEST	      65536
#define ROOM	      (256 << 10)

typedef long args_t[6];

struct clone_arguments { /* the beginning of struct clone_args */
	uint64_t flags, pidfd;
};

/* A call that is made outside, and what the child of clone3 needs to go on with. */
struct request {
	long number, fs;
	args_t args;
	uint64_t mask;
	void *here[5];
	int (*work)(void *); /* of clone */
	void *data;
};

static inline long raw(long number, const args_t a)
{
	register long r10 __asm__("r10") = a[3];
	register long r8 __asm__("r8") = a[4];
	register long r9 __asm__("r9") = a[5];

	__asm__ volatile("syscall"
			 : "+a"(number)
			 : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return number;
}

static void become_ctr(const struct request *q)
{
	(void)raw(SYS_arch_prctl, (args_t){ ARCH_SET_FS, q->fs });
	(void)raw(SYS_rt_sigprocmask,
		  (args_t){ SIG_SETMASK, (long)(uintptr_t)&q->mask, 0, KERNEL_SIGSET });
}

/*
 * On the real processor, on valgrind's stack, with valgrind's thread pointer: only system calls. A child leaves valgrind
 * for good, with the registers, the signal mask and the thread pointer that ctr has.
 */
static long outside(long thread, long address)
{
	struct request *q = (struct request *)(uintptr_t)address;
	long r = raw(q->number, q->args);

	(void)thread;
	if (q->number == SYS_clone3 && r == 0) {
		become_ctr(q);
		__builtin_longjmp(q->here, 1);
	}
	return r;
}

static __attribute__((used, noreturn)) void work_outside(const struct request *q)
{
	become_ctr(q);
	for (int r = q->work(q->data);;)
		(void)raw(SYS_exit, (args_t){ r });
}

/* The same for clone(2) with memory in common: the child has a stack of its own, and begins on it. */
static long outside_on_stack(long thread, long address)
{
	register struct request *q __asm__("r12") = (struct request *)(uintptr_t)address;
	register long none __asm__("r10") = 0;
	long r = SYS_clone;

	(void)thread;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r12, %%rdi\n\t"
			 "call work_outside\n"
			 "1:"
			 : "+a"(r)
			 : "D"(q->args[0]), "S"(q->args[1]), "d"(0L), "r"(none), "r"(q)
			 : "rcx", "r8", "r9", "r11", "memory");
	return r;
}

static long call_outside(struct request *q)
{
	return (long)VALGRIND_NON_SIMD_CALL1(outside, (long)(uintptr_t)q);
}

static long call_by_number(long number, long a, long b, long c)
{
	struct request q = { .number = number, .args = { a, b, c } };

	return call_outside(&q);
}

/* The same descriptor with the same number, but made by a call that valgrind sees. */
static long known(long fd)
{
	long flags = call_by_number(SYS_fcntl, fd, F_GETFD, 0), other;

	other = call_by_number(SYS_fcntl, fd, F_DUPFD_CLOEXEC, fd + 1);
	if (other < 0)
		return fd;
	(void)call_by_number(SYS_close, fd, 0, 0);
	fd = raw(SYS_fcntl, (args_t){ other, flags & FD_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, fd });
	(void)call_by_number(SYS_close, other, 0, 0);
	return fd;
}

/* ---- what each call reads, and whether it returns a descriptor ---- */

enum {
	NONE,
	TEXT,
	MEMORY, /* as many bytes as the next argument says */
};

static const struct call {
	long number;
	unsigned char reads[6];
	_Bool opens;
} calls[] = {
	{ SYS_openat2, { [1] = TEXT, [2] = MEMORY }, 1 },
	{ SYS_open_tree, { [1] = TEXT }, 1 },
	{ SYS_fsopen, { [0] = TEXT }, 1 },
	{ SYS_fsmount, { NONE }, 1 },
	{ SYS_fspick, { [1] = TEXT }, 1 },
	{ SYS_fsconfig, { [2] = TEXT }, 0 },
	{ SYS_move_mount, { [1] = TEXT, [3] = TEXT }, 0 },
	{ SYS_mount_setattr, { [1] = TEXT, [3] = MEMORY }, 0 },
	{ SYS_pidfd_open, { NONE }, 1 },
	{ SYS_pidfd_send_signal, { NONE }, 0 },
	{ SYS_seccomp, { NONE }, 0 },
};

static void look_at(const struct call *c, const args_t a)
{
	for (size_t i = 0; i < COUNT(c->reads); i++) {
		if (c->reads[i] == NONE) /* and nothing is passed there, maybe */
			continue;
		const char *at = (const char *)(uintptr_t)a[i];

		if (at && c->reads[i] == TEXT)
			(void)VALGRIND_CHECK_MEM_IS_DEFINED(at, strlen(at) + 1);
		else if (at && c->reads[i] == MEMORY)
			(void)VALGRIND_CHECK_MEM_IS_DEFINED(at, a[i + 1]);
	}
}

static long make(const struct call *c, const args_t a)
{
	struct request q = { .number = c->number };
	long r;

	memcpy(q.args, a, sizeof(q.args));
	look_at(c, a);
	r = call_outside(&q);
	return c->opens && r >= 0 ? known(r) : r;
}

/* ---- those with a life of their own ---- */

static long thread_pointer(void)
{
	long r;

	__asm__("mov %%fs:0, %0" : "=r"(r));
	return r;
}

/* valgrind makes the stack larger when a page of it is missing; where the child is, nobody does. */
static __attribute__((noinline)) void make_room(void)
{
	volatile char room[ROOM];

	for (size_t i = 0; i < sizeof(room); i += 1024)
		room[sizeof(room) - 1 - i] = 0;
}

static long clone_outside(const args_t a)
{
	struct request q = { .number = SYS_clone3, .fs = thread_pointer() };
	struct clone_arguments *c = (struct clone_arguments *)(uintptr_t)a[0];
	long r;

	(void)VALGRIND_CHECK_MEM_IS_DEFINED(c, a[1]);
	if (c->flags & CLONE_VM)
		return -ENOSYS; /* nobody needs it */
	(void)raw(SYS_rt_sigprocmask,
		  (args_t){ SIG_SETMASK, 0, (long)(uintptr_t)&q.mask, KERNEL_SIGSET });
	memcpy(q.args, a, sizeof(q.args));
	make_room();
	if (__builtin_setjmp(q.here))
		return 0;
	r = call_outside(&q);
	if (r > 0 && c->flags & CLONE_PIDFD) {
		int *pidfd = (int *)(uintptr_t)c->pidfd;

		(void)VALGRIND_MAKE_MEM_DEFINED(pidfd, sizeof(*pidfd));
		*pidfd = (int)known(*pidfd);
	}
	return r;
}

/* Descriptors of valgrind's own are above ours, and it refuses to close them. */
static long close_outside(const args_t a)
{
	unsigned last = (unsigned)a[1];

	if (a[2])
		return call_by_number(SYS_close_range, a[0], a[1], a[2]);
	for (unsigned fd = (unsigned)a[0]; fd <= last && fd < HIGHEST; fd++)
		if (call_by_number(SYS_fcntl, fd, F_GETFD, 0) >= 0)
			(void)raw(SYS_close, (args_t){ fd });
	return 0;
}

static long answer(long number, const args_t a)
{
	if (!RUNNING_ON_VALGRIND)
		return raw(number, a);
	if (number == SYS_clone3)
		return clone_outside(a);
	if (number == SYS_close_range)
		return close_outside(a);
	for (size_t i = 0; i < COUNT(calls); i++)
		if (calls[i].number == number)
			return make(&calls[i], a);
	return raw(number, a);
}

/* libc's: with memory in common, and a stack that has room. What the child opens is not among the descriptors known. */
int clone(int (*work)(void *), void *stack, int flags, void *data, ...)
{
	struct request q = {
		.fs = thread_pointer(),
		.args = { flags, (long)((uintptr_t)stack & ~15UL) },
		.work = work,
		.data = data,
	};
	long r;

	(void)raw(SYS_rt_sigprocmask,
		  (args_t){ SIG_SETMASK, 0, (long)(uintptr_t)&q.mask, KERNEL_SIGSET });
	r = RUNNING_ON_VALGRIND
		    ? (long)VALGRIND_NON_SIMD_CALL1(outside_on_stack, (long)(uintptr_t)&q)
		    : outside_on_stack(0, (long)(uintptr_t)&q);
	if (r < 0)
		errno = (int)-r;
	return r < 0 ? -1 : (int)r;
}

/* libc's, which ctr makes all of these calls with */
long syscall(long number, ...)
{
	va_list list;
	args_t a;
	long r;

	va_start(list, number);
	for (size_t i = 0; i < COUNT(a); i++)
		a[i] = va_arg(list, long);
	va_end(list);
	r = answer(number, a);
	if (r < 0 && r > -4096) {
		errno = (int)-r;
		return -1;
	}
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "checkpoint/images_child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	NOBODY = 65534,
	CPU_SECONDS = 120,
};

/* What it may have of memory of its own. ASan's shadow counts as such, and has terabytes. */
#ifdef __SANITIZE_ADDRESS__
#define MEMORY_MOST RLIM_INFINITY
#else
#define MEMORY_MOST (2UL << 30)
#endif

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__i386__)
#define ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__arm__)
#define ARCHITECTURE AUDIT_ARCH_ARM
#else
#error "which architecture is this to seccomp?"
#endif

/* Memory, reading what is open, ending. Anything else is refused, for libraries try this and that. */
static const int allowed[] = {
	SYS_read,	 SYS_lseek,	 SYS_close,	   SYS_fstat,	      SYS_brk,
	SYS_munmap,	 SYS_mremap,	 SYS_madvise,	   SYS_mprotect,      SYS_getrandom,
	SYS_futex,	 SYS_exit_group, SYS_rt_sigreturn, SYS_clock_gettime,
#ifdef SYS_mmap
	SYS_mmap,
#endif
#ifdef SYS_mmap2
	SYS_mmap2,
#endif
#ifdef SYS_newfstatat
	SYS_newfstatat, /* glibc's fstat; without files to be named it tells nothing else */
#endif
#ifdef SYS__llseek
	SYS__llseek,
#endif
#ifdef SYS_fstat64
	SYS_fstat64,
#endif
#ifdef __SANITIZE_ADDRESS__
	SYS_sigaltstack, SYS_gettid,	 SYS_getpid, /* ASan's, before a process ends */
#endif
};

static int filter_calls(void)
{
	struct sock_filter program[ARRAY_SIZE(allowed) * 2 + 6];
	struct sock_fprog f = { .filter = program };
	size_t n = 0;

	program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    offsetof(struct seccomp_data, arch));
	program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							    (unsigned)allowed[i], 0, 1);
		program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	f.len = (unsigned short)n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &f) < 0 ? -errno : 0;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* All descriptors but those in @keep, which is sorted. */
static int close_others(const int *keep, size_t count)
{
	unsigned from = 0;

	for (size_t i = 0; i <= count; i++) {
		unsigned to = i < count ? (unsigned)keep[i] : ~0U;

		if (to > from && KERNEL_CALL(SYS_close_range, from, i < count ? to - 1 : to, 0) < 0)
			return -errno;
		from = to + 1;
	}
	return 0;
}

static int limit(int resource, rlim_t value)
{
	const struct rlimit l = { value, value };
	struct rlimit now;

	if (getrlimit((unsigned)resource, &now) == 0 && now.rlim_max < value)
		return 0; /* it is lower already */
	return setrlimit((unsigned)resource, &l) < 0 ? -errno : 0;
}

/* Root becomes nobody; whoever is not root has nothing to lose but capabilities. */
static int drop_privileges(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { { 0 } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	if (geteuid() == 0 && KERNEL_CALL(SYS_setgroups, 0, NULL) == 0) {
		int r = KERNEL_CALL(SYS_setresgid, NOBODY, NOBODY, NOBODY);

		if (r == 0)
			r = KERNEL_CALL(SYS_setresuid, NOBODY, NOBODY, NOBODY);
		if (r < 0 && r != -EINVAL) /* a user namespace without nobody */
			return r;
	}
	return KERNEL_CALL(SYS_capset, &header, none);
}

static int confine(const int *keep, size_t count)
{
	int r = close_others(keep, count);

	if (r == 0)
		r = limit(RLIMIT_CPU, CPU_SECONDS);
	if (r == 0)
		r = limit(RLIMIT_CORE, 0);
	if (r == 0)
		r = limit(RLIMIT_FSIZE, 0);
	if (r == 0)
		r = limit(RLIMIT_DATA, MEMORY_MOST);
	if (r == 0)
		r = drop_privileges();
	return r < 0 ? r : filter_calls();
}

__attribute__((noreturn)) static void run(void (*work)(void *, struct images_answer *), void *data,
					  const int *keep, size_t count, pid_t parent,
					  struct images_answer *answer)
{
	int r = prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0;

	if (r == 0 && getppid() != parent)
		_exit(1);
	if (r == 0)
		r = confine(keep, count);
	if (r == 0) {
		work(data, answer);
		answer->done = true;
	} else {
		answer->result = err_set(&answer->err, ERR_SYSTEM, -r, "give up privileges");
		answer->done = true;
	}
	_exit(0);
}

/* Whatever the child has made of it, it is text. */
static void tidy(char *text, size_t size)
{
	text[size - 1] = '\0';
	err_printable(text);
}

static void take(const struct images_answer *from, struct images_answer *to)
{
	struct images_summary *s = &to->summary;

	memcpy(to, from, sizeof(*to));
	tidy(to->err.text, sizeof(to->err.text));
	tidy(to->err.origin, sizeof(to->err.origin));
	tidy(to->err.hint, sizeof(to->err.hint));
	to->err.problems = NULL;
	if (to->err.kind > ERR_UNSUPPORTED)
		to->err.kind = ERR_STATE;
	if (to->result > 0 || to->result < -4095)
		to->result = -EBADMSG;
	tidy(s->architecture, sizeof(s->architecture));
	for (size_t i = 0; i < IMAGES_TASKS_SHOWN; i++)
		tidy(s->tasks[i].command, sizeof(s->tasks[i].command));
	for (size_t i = 0; i < IMAGES_MOUNTS_SHOWN; i++) {
		tidy(s->mounts[i].destination, sizeof(s->mounts[i].destination));
		tidy(s->mounts[i].type, sizeof(s->mounts[i].type));
	}
}

static int end_of(pid_t pid, int *ret)
{
	pid_t r;

	do {
		r = waitpid(pid, ret, 0);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int wait_for(pid_t pid, const struct images_answer *answer, struct images_answer *ret,
		    struct err *e)
{
	int status = 0, r = end_of(pid, &status);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "wait for the reader of images");
	if (!WIFEXITED(status) || WEXITSTATUS(status) || !answer->done) {
		err_set(e, ERR_STATE, 0, "the images cannot be understood: their reader %s %d",
			WIFSIGNALED(status) ? "was ended by signal" : "ended with",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		return -EBADMSG;
	}
	take(answer, ret);
	return 0;
}

int images_confined(void (*work)(void *data, struct images_answer *answer), void *data,
		    const int *keep, size_t count, struct images_answer *ret, struct err *e)
{
	cleanup_free int *sorted = calloc(count + 1, sizeof(*sorted));
	struct images_answer *answer;
	pid_t parent = getpid(), pid;
	int r;

	if (!sorted)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the images");
	if (count) {
		memcpy(sorted, keep, count * sizeof(*sorted));
		qsort(sorted, count, sizeof(*sorted), compare);
	}
	answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (answer == MAP_FAILED)
		return err_set(e, ERR_SYSTEM, errno, "read the images");
	pid = fork();
	if (pid == 0)
		run(work, data, sorted, count, parent, answer);
	r = pid < 0 ? err_set(e, ERR_SYSTEM, errno, "start a reader of images")
		    : wait_for(pid, answer, ret, e);
	(void)munmap(answer, sizeof(*answer)); /* our own */
	return r;
}

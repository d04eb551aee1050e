// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The system call filter of `ctr spec`: a list of what ordinary programs call, everything else is
 * EPERM. Left out on purpose: what changes the machine (modules, kexec, swap, clocks), what makes or
 * joins namespaces and mounts, and what has been a way out of containers (bpf, io_uring, keyrings,
 * userfaultfd, perf, open_by_handle_at, AF_ALG). Names that this machine's libseccomp does not know are
 * skipped by whoever loads the profile. An operator edits config.json to widen it.
 */
#include "oci/default_seccomp.h"

#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/personality.h>

#include "oci/names.h"

const char *const oci_default_syscalls[] = {
	"_llseek",
	"_newselect",
	"accept",
	"accept4",
	"access",
	"adjtimex",
	"alarm",
	"arch_prctl",
	"arm_fadvise64_64",
	"arm_sync_file_range",
	"bind",
	"breakpoint",
	"brk",
	"cachectl",
	"cacheflush",
	"cachestat",
	"capget",
	"capset",
	"chdir",
	"chmod",
	"chown",
	"chown32",
	"chroot",
	"clock_adjtime",
	"clock_adjtime64",
	"clock_getres",
	"clock_getres_time64",
	"clock_gettime",
	"clock_gettime64",
	"clock_nanosleep",
	"clock_nanosleep_time64",
	"close",
	"close_range",
	"connect",
	"copy_file_range",
	"creat",
	"dup",
	"dup2",
	"dup3",
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_ctl_old",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"epoll_wait_old",
	"eventfd",
	"eventfd2",
	"execve",
	"execveat",
	"exit",
	"exit_group",
	"faccessat",
	"faccessat2",
	"fadvise64",
	"fadvise64_64",
	"fallocate",
	"fchdir",
	"fchmod",
	"fchmodat",
	"fchmodat2",
	"fchown",
	"fchown32",
	"fchownat",
	"fcntl",
	"fcntl64",
	"fdatasync",
	"fgetxattr",
	"file_getattr",
	"file_setattr",
	"flistxattr",
	"flock",
	"fork",
	"fremovexattr",
	"fsetxattr",
	"fstat",
	"fstat64",
	"fstatat64",
	"fstatfs",
	"fstatfs64",
	"fsync",
	"ftruncate",
	"ftruncate64",
	"futex",
	"futex_requeue",
	"futex_time64",
	"futex_wait",
	"futex_waitv",
	"futex_wake",
	"futimesat",
	"get_robust_list",
	"get_thread_area",
	"get_tls",
	"getcpu",
	"getcwd",
	"getdents",
	"getdents64",
	"getegid",
	"getegid32",
	"geteuid",
	"geteuid32",
	"getgid",
	"getgid32",
	"getgroups",
	"getgroups32",
	"getitimer",
	"getpeername",
	"getpgid",
	"getpgrp",
	"getpid",
	"getppid",
	"getpriority",
	"getrandom",
	"getresgid",
	"getresgid32",
	"getresuid",
	"getresuid32",
	"getrlimit",
	"getrusage",
	"getsid",
	"getsockname",
	"getsockopt",
	"gettid",
	"gettimeofday",
	"getuid",
	"getuid32",
	"getxattr",
	"getxattrat",
	"inotify_add_watch",
	"inotify_init",
	"inotify_init1",
	"inotify_rm_watch",
	"io_cancel",
	"io_destroy",
	"io_getevents",
	"io_pgetevents",
	"io_pgetevents_time64",
	"io_setup",
	"io_submit",
	"ioctl",
	"ioprio_get",
	"ioprio_set",
	"ipc",
	"kcmp",
	"kill",
	"landlock_add_rule",
	"landlock_create_ruleset",
	"landlock_restrict_self",
	"lchown",
	"lchown32",
	"lgetxattr",
	"link",
	"linkat",
	"listen",
	"listxattr",
	"listxattrat",
	"llistxattr",
	"lremovexattr",
	"lseek",
	"lsetxattr",
	"lsm_get_self_attr",
	"lsm_list_modules",
	"lstat",
	"lstat64",
	"madvise",
	"map_shadow_stack",
	"membarrier",
	"memfd_create",
	"memfd_secret",
	"mincore",
	"mkdir",
	"mkdirat",
	"mknod",
	"mknodat",
	"mlock",
	"mlock2",
	"mlockall",
	"mmap",
	"mmap2",
	"modify_ldt",
	"mprotect",
	"mq_getsetattr",
	"mq_notify",
	"mq_open",
	"mq_timedreceive",
	"mq_timedreceive_time64",
	"mq_timedsend",
	"mq_timedsend_time64",
	"mq_unlink",
	"mremap",
	"mseal",
	"msgctl",
	"msgget",
	"msgrcv",
	"msgsnd",
	"msync",
	"munlock",
	"munlockall",
	"munmap",
	"name_to_handle_at",
	"nanosleep",
	"newfstatat",
	"nice",
	"open",
	"openat",
	"openat2",
	"pause",
	"pidfd_getfd",
	"pidfd_open",
	"pidfd_send_signal",
	"pipe",
	"pipe2",
	"pkey_alloc",
	"pkey_free",
	"pkey_mprotect",
	"poll",
	"ppoll",
	"ppoll_time64",
	"prctl",
	"pread64",
	"preadv",
	"preadv2",
	"prlimit64",
	"process_madvise",
	"process_mrelease",
	"process_vm_readv",
	"process_vm_writev",
	"pselect6",
	"pselect6_time64",
	"ptrace",
	"pwrite64",
	"pwritev",
	"pwritev2",
	"read",
	"readahead",
	"readlink",
	"readlinkat",
	"readv",
	"recv",
	"recvfrom",
	"recvmmsg",
	"recvmmsg_time64",
	"recvmsg",
	"remap_file_pages",
	"removexattr",
	"removexattrat",
	"rename",
	"renameat",
	"renameat2",
	"restart_syscall",
	"riscv_flush_icache",
	"riscv_hwprobe",
	"rmdir",
	"rseq",
	"rt_sigaction",
	"rt_sigpending",
	"rt_sigprocmask",
	"rt_sigqueueinfo",
	"rt_sigreturn",
	"rt_sigsuspend",
	"rt_sigtimedwait",
	"rt_sigtimedwait_time64",
	"rt_tgsigqueueinfo",
	"sched_get_priority_max",
	"sched_get_priority_min",
	"sched_getaffinity",
	"sched_getattr",
	"sched_getparam",
	"sched_getscheduler",
	"sched_rr_get_interval",
	"sched_rr_get_interval_time64",
	"sched_setaffinity",
	"sched_setattr",
	"sched_setparam",
	"sched_setscheduler",
	"sched_yield",
	"seccomp",
	"select",
	"semctl",
	"semget",
	"semop",
	"semtimedop",
	"semtimedop_time64",
	"send",
	"sendfile",
	"sendfile64",
	"sendmmsg",
	"sendmsg",
	"sendto",
	"set_robust_list",
	"set_thread_area",
	"set_tid_address",
	"set_tls",
	"setfsgid",
	"setfsgid32",
	"setfsuid",
	"setfsuid32",
	"setgid",
	"setgid32",
	"setgroups",
	"setgroups32",
	"setitimer",
	"setpgid",
	"setpriority",
	"setregid",
	"setregid32",
	"setresgid",
	"setresgid32",
	"setresuid",
	"setresuid32",
	"setreuid",
	"setreuid32",
	"setrlimit",
	"setsid",
	"setsockopt",
	"setuid",
	"setuid32",
	"setxattr",
	"setxattrat",
	"shmat",
	"shmctl",
	"shmdt",
	"shmget",
	"shutdown",
	"sigaction",
	"sigaltstack",
	"signal",
	"signalfd",
	"signalfd4",
	"sigpending",
	"sigprocmask",
	"sigreturn",
	"sigsuspend",
	"splice",
	"stat",
	"stat64",
	"statfs",
	"statfs64",
	"statx",
	"swapcontext",
	"symlink",
	"symlinkat",
	"sync",
	"sync_file_range",
	"sync_file_range2",
	"syncfs",
	"sysinfo",
	"tee",
	"tgkill",
	"time",
	"timer_create",
	"timer_delete",
	"timer_getoverrun",
	"timer_gettime",
	"timer_gettime64",
	"timer_settime",
	"timer_settime64",
	"timerfd_create",
	"timerfd_gettime",
	"timerfd_gettime64",
	"timerfd_settime",
	"timerfd_settime64",
	"times",
	"tkill",
	"truncate",
	"truncate64",
	"ugetrlimit",
	"umask",
	"uname",
	"unlink",
	"unlinkat",
	"uprobe",
	"uretprobe",
	"utime",
	"utimensat",
	"utimensat_time64",
	"utimes",
	"vfork",
	"vmsplice",
	"wait4",
	"waitid",
	"waitpid",
	"write",
	"writev",
};
const size_t oci_default_syscalls_count =
	sizeof(oci_default_syscalls) / sizeof(oci_default_syscalls[0]);

/*
 * For containers whose root may mount and make namespaces, because they have a user namespace of their
 * own: systemd for its services, or ctr in the container. The kernel's checks of capabilities remain.
 */
static const char *const namespace_syscalls[] = {
	"clone",     "clone3",	       "fsconfig",   "fsmount",	      "fsopen",
	"fspick",    "listmount",      "mount",	     "mount_setattr", "move_mount",
	"open_tree", "open_tree_attr", "pivot_root", "setdomainname", "sethostname",
	"setns",     "statmount",      "umount",     "umount2",	      "unshare",
};

/*
 * The kernel takes socket's domain and personality's argument as 32 bits and ignores the upper half of
 * the register; comparing all 64 bits could be dodged, so all comparisons are masked.
 */
enum {
	ALL_32_BITS = -1
};

struct masked { /* (argument & mask) == value */
	uint32_t mask, value;
};

/* Address families 0 to 47 but 38 (AF_ALG) and 40 (AF_VSOCK), as ranges that share upper bits. */
static const struct masked families[] = {
	{ ~UINT32_C(31), 0 },	       { ~UINT32_C(3), 32 },	      { ~UINT32_C(1), 36 },
	{ (uint32_t)ALL_32_BITS, 39 }, { (uint32_t)ALL_32_BITS, 41 }, { ~UINT32_C(1), 42 },
	{ ~UINT32_C(3), 44 },
};

/* What setarch(8) and old binaries ask for; switching address randomisation off is not among it. */
static const struct masked personalities[] = {
	{ (uint32_t)ALL_32_BITS, PER_LINUX },  { (uint32_t)ALL_32_BITS, PER_LINUX32 },
	{ (uint32_t)ALL_32_BITS, UNAME26 },    { (uint32_t)ALL_32_BITS, UNAME26 | PER_LINUX32 },
	{ (uint32_t)ALL_32_BITS, 0xffffffff }, /* asks for the current one */
};

static const struct masked no_user_namespace[] = { { CLONE_NEWUSER, 0 } };

/* clone(2), "C library/kernel differences" */
#if defined(__s390__) || defined(__s390x__)
enum {
	CLONE_FLAGS_ARG = 1
};
#else
enum {
	CLONE_FLAGS_ARG = 0
};
#endif

static void rule(struct json_out *o, const char *const *names, size_t n, const char *action)
{
	json_out_object(o);
	json_out_member_strings(o, "names", names, n);
	json_out_member_string(o, "action", action);
}

/* Allow @names when argument @index matches one of @values. */
static void allow_when(struct json_out *o, const char *const *names, size_t n, unsigned index,
		       const struct masked *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		rule(o, names, n, "SCMP_ACT_ALLOW");
		json_out_member_array(o, "args");
		json_out_object(o);
		json_out_member_uint(o, "index", index);
		json_out_member_uint(o, "value", values[i].mask);
		json_out_member_uint(o, "valueTwo", values[i].value);
		json_out_member_string(o, "op", "SCMP_CMP_MASKED_EQ");
		json_out_end_object(o);
		json_out_end_array(o);
		json_out_end_object(o);
	}
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * ENOSYS, because the C library then falls back to the older call: to clone, whose flags a filter
 * can see, and from the multiplexer socketcall to socket.
 */
static void rules(struct json_out *o, bool namespaces)
{
	static const char *const fall_back[] = { "clone3", "socketcall" };
	static const char *const sockets[] = { "socket", "socketpair" };
	static const char *const clone_name[] = { "clone" }, *const unshare_name[] = { "unshare" };
	static const char *const personality_name[] = { "personality" };

	json_out_member_array(o, "syscalls");
	rule(o, oci_default_syscalls, oci_default_syscalls_count, "SCMP_ACT_ALLOW");
	json_out_end_object(o);
	allow_when(o, sockets, COUNT(sockets), 0, families, COUNT(families));
	if (namespaces) {
		rule(o, namespace_syscalls, COUNT(namespace_syscalls), "SCMP_ACT_ALLOW");
		json_out_end_object(o);
	} else {
		allow_when(o, clone_name, 1, CLONE_FLAGS_ARG, no_user_namespace, 1);
		allow_when(o, unshare_name, 1, 0, no_user_namespace, 1);
	}
	allow_when(o, personality_name, 1, 0, personalities, COUNT(personalities));
	rule(o, fall_back + namespaces, COUNT(fall_back) - namespaces, "SCMP_ACT_ERRNO");
	json_out_member_uint(o, "errnoRet", ENOSYS);
	json_out_end_object(o);
	json_out_end_array(o);
}

static void architectures(struct json_out *o)
{
	json_out_member_array(o, "architectures");
#if defined(__x86_64__)
	json_out_string(o, "SCMP_ARCH_X86_64");
	json_out_string(o, "SCMP_ARCH_X86");
	json_out_string(o, "SCMP_ARCH_X32");
#elif defined(__aarch64__)
	json_out_string(o, "SCMP_ARCH_AARCH64");
	json_out_string(o, "SCMP_ARCH_ARM");
#else
	json_out_string(o, oci_names_of(&oci_seccomp_arch_names, seccomp_arch_native()));
#endif
	json_out_end_array(o);
}

void oci_default_seccomp(struct json_out *o, bool namespaces)
{
	json_out_member_object(o, "seccomp");
	json_out_member_string(o, "defaultAction", "SCMP_ACT_ERRNO");
	json_out_member_uint(o, "defaultErrnoRet", EPERM);
	architectures(o);
	rules(o, namespaces);
	json_out_end_object(o);
}

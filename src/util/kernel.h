/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that the C libraries we support do not all wrap, and constants newer than the oldest
 * headers. Each returns the result or -errno. Header only, so that ctr-init can use it too.
 * The newest call here is mount_setattr (Linux 5.12); ctr needs 5.14 (cgroup.kill).
 */
#ifndef CTR_UTIL_KERNEL_H
#define CTR_UTIL_KERNEL_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>
#include <linux/openat2.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#ifndef PR_SET_MEMORY_MERGE /* 6.4, kept by execve since 6.7 */
#define PR_SET_MEMORY_MERGE 67
#endif

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* glibc declares these in sys/mount.h since 2.36, musl not at all: fixed kernel ABI values */
#ifndef FSOPEN_CLOEXEC
#define FSOPEN_CLOEXEC 1
#endif
#ifndef FSMOUNT_CLOEXEC
#define FSMOUNT_CLOEXEC 1
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x4
#endif
#ifndef MOVE_MOUNT_T_EMPTY_PATH
#define MOVE_MOUNT_T_EMPTY_PATH 0x40
#endif
#ifndef FSPICK_CLOEXEC
#define FSPICK_CLOEXEC	  0x1
#define FSPICK_EMPTY_PATH 0x8
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY      0x1
#define MOUNT_ATTR_NOSUID      0x2
#define MOUNT_ATTR_NODEV       0x4
#define MOUNT_ATTR_NOEXEC      0x8
#define MOUNT_ATTR__ATIME      0x70
#define MOUNT_ATTR_RELATIME    0x0
#define MOUNT_ATTR_NOATIME     0x10
#define MOUNT_ATTR_STRICTATIME 0x20
#define MOUNT_ATTR_NODIRATIME  0x80
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x100000
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x200000
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#define KERNEL_CLONE_INTO_CGROUP 0x200000000ULL /* 5.7 */
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

enum { /* enum fsconfig_command; musl has no header for it */
	KERNEL_FSCONFIG_SET_FLAG = 0,
	KERNEL_FSCONFIG_SET_STRING = 1,
	KERNEL_FSCONFIG_SET_FD = 5,
	KERNEL_FSCONFIG_CREATE = 6,
	KERNEL_FSCONFIG_RECONFIGURE = 7,
};

struct kernel_mount_attr { /* struct mount_attr, Linux 5.12 */
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};

struct kernel_sched_attr { /* struct sched_attr, version 1, Linux 5.3 */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

struct kernel_clone_args { /* struct clone_args, version 2, Linux 5.7 */
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};

#define KERNEL_CALL(...)                                                                           \
	({                                                                                         \
		long _r = syscall(__VA_ARGS__);                                                    \
		_r < 0 ? -errno : (int)_r;                                                         \
	})

/* The C libraries keep signals 32 to 34 to themselves and refuse to set them: the kernel does not. */
static inline int kernel_signal_default(int sig)
{
	const uint64_t action[16] = { 0 }; /* the kernel's struct sigaction, at most this large */

	return KERNEL_CALL(SYS_rt_sigaction, sig, action, NULL, 8);
}

static inline int kernel_openat2(int dir, const char *path, uint64_t flags, uint64_t mode,
				 uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };
	int r;

	/* the kernel gives up on RESOLVE_* lookups that race with a rename: bounded retries */
	for (int i = 0; i < 32; i++) {
		r = KERNEL_CALL(SYS_openat2, dir, path, &how, sizeof(how));
		if (r != -EAGAIN && r != -EINTR)
			break;
	}
	return r;
}

static inline int kernel_fsopen(const char *type)
{
	return KERNEL_CALL(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static inline int kernel_fsconfig(int fd, unsigned cmd, const char *key, const void *value, int aux)
{
	return KERNEL_CALL(SYS_fsconfig, fd, cmd, key, value, aux);
}

static inline int kernel_fsmount(int fd, unsigned attr)
{
	return KERNEL_CALL(SYS_fsmount, fd, FSMOUNT_CLOEXEC, attr);
}

static inline int kernel_fspick(int fd)
{
	return KERNEL_CALL(SYS_fspick, fd, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
}

static inline int kernel_open_tree(int dir, const char *path, unsigned flags)
{
	return KERNEL_CALL(SYS_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC);
}

/* Attach the mount @from onto the file or directory that @to refers to. */
static inline int kernel_move_mount(int from, int to)
{
	return KERNEL_CALL(SYS_move_mount, from, "", to, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int kernel_mount_setattr(int fd, unsigned flags, const struct kernel_mount_attr *attr)
{
	return KERNEL_CALL(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, attr, sizeof(*attr));
}

/* The same without an id map. @flags: AT_RECURSIVE or 0; @prop: MS_* or 0 to leave it. */
static inline int kernel_mount_change(int fd, unsigned flags, uint64_t set, uint64_t clear,
				      uint64_t prop)
{
	struct kernel_mount_attr attr = { .attr_set = set, .attr_clr = clear, .propagation = prop };

	return kernel_mount_setattr(fd, flags, &attr);
}

/* Both for the root of this process: "/" is no lookup that anything could lead elsewhere. */
static inline int kernel_move_mount_to_root(int from)
{
	return KERNEL_CALL(SYS_move_mount, from, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
}

static inline int kernel_root_propagation(uint64_t prop)
{
	struct kernel_mount_attr attr = { .propagation = prop };

	return KERNEL_CALL(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr));
}

static inline int kernel_clone3(struct kernel_clone_args *args)
{
	return KERNEL_CALL(SYS_clone3, args, sizeof(*args));
}

static inline int kernel_sched_setattr(pid_t pid, const struct kernel_sched_attr *attr)
{
	return KERNEL_CALL(SYS_sched_setattr, pid, attr, 0);
}

static inline int kernel_ioprio_set(int which, pid_t who, int value)
{
	return KERNEL_CALL(SYS_ioprio_set, which, who, value);
}

static inline int kernel_pidfd_open(pid_t pid)
{
	return KERNEL_CALL(SYS_pidfd_open, pid, 0);
}

static inline int kernel_pidfd_signal(int pidfd, int sig)
{
	return KERNEL_CALL(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

static inline int kernel_close_range(unsigned first, unsigned last, unsigned flags)
{
	return KERNEL_CALL(SYS_close_range, first, last, flags);
}

/* What statx(2) says of the mount that @fd is on. */
struct kernel_statx {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint8_t other[128];
	uint64_t mnt_id;
	uint8_t rest[104];
};

#define KERNEL_STATX_MNT_ID	     0x1000U
#define KERNEL_STATX_ATTR_MOUNT_ROOT 0x2000U

static inline int kernel_statx_mount(int fd, struct kernel_statx *ret)
{
	return KERNEL_CALL(SYS_statx, fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, KERNEL_STATX_MNT_ID,
			   ret);
}

static inline int kernel_prlimit(pid_t pid, int resource, const struct rlimit *set,
				 struct rlimit *ret_old)
{
	return KERNEL_CALL(SYS_prlimit64, pid, resource, set, ret_old);
}

/* As in linux/fs.h, which cannot stand beside every C library's headers. */
#define KERNEL_RENAME_NOREPLACE (1U << 0)
#define KERNEL_RENAME_EXCHANGE	(1U << 1)

static inline int kernel_renameat2(int from_dir, const char *from, int to_dir, const char *to,
				   unsigned flags)
{
	return KERNEL_CALL(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

static inline int kernel_pivot_root(const char *new_root, const char *put_old)
{
	return KERNEL_CALL(SYS_pivot_root, new_root, put_old);
}

static inline int kernel_execveat(int fd, const char *path, char *const argv[], char *const envp[],
				  int flags)
{
	return KERNEL_CALL(SYS_execveat, fd, path, argv, envp, flags);
}

#endif

/*
 * What the floor program's child does between clone3 and execve: mounts, devices, masked and read-only
 * paths, capabilities, seccomp.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include "floor.h"

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#define UMOUNT_DETACH 2 /* MNT_DETACH: <sys/mount.h> and <linux/mount.h> do not mix everywhere */

struct fs_option {
	const char *key, *value; /* no value: a flag */
};

struct fs {
	const char *type, *target, *source;
	unsigned int attr; /* MOUNT_ATTR_* */
	struct fs_option options[4];
};

#define NO_SUID_EXEC_DEV (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV)

static const struct fs file_systems[] = {
	{ "proc", "/proc", "proc", 0, { { NULL, NULL } } },
	{ "tmpfs",
	  "/dev",
	  "tmpfs",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME,
	  { { "mode", "755" }, { "size", "65536k" } } },
	{ "devpts",
	  "/dev/pts",
	  "devpts",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
	  { { "newinstance", NULL }, { "ptmxmode", "0666" }, { "mode", "0620" }, { "gid", "5" } } },
	{ "tmpfs",
	  "/dev/shm",
	  "shm",
	  NO_SUID_EXEC_DEV,
	  { { "mode", "1777" }, { "size", "65536k" } } },
	{ "mqueue", "/dev/mqueue", "mqueue", NO_SUID_EXEC_DEV, { { NULL, NULL } } },
	{ "sysfs", "/sys", "sysfs", NO_SUID_EXEC_DEV | MOUNT_ATTR_RDONLY, { { NULL, NULL } } },
};

static const struct fs cgroup_fs = { "cgroup2",
				     "/sys/fs/cgroup",
				     "cgroup",
				     NO_SUID_EXEC_DEV | MOUNT_ATTR_RDONLY,
				     { { NULL, NULL } } };
static const struct fs mask_fs = {
	"tmpfs", "mask", "tmpfs", MOUNT_ATTR_RDONLY, { { NULL, NULL } }
};

static const char *const masked_paths[] = {
	"/proc/acpi",	       "/proc/asound",	   "/proc/kcore",	"/proc/keys",
	"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/sys/firmware",       "/proc/scsi",
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static const struct {
	const char *path;
	unsigned int major, minor;
} device_nodes[] = {
	{ "/dev/null", 1, 3 },	 { "/dev/zero", 1, 5 },	   { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const char *const device_links[][2] = {
	{ "/proc/self/fd", "/dev/fd" },	      { "/proc/self/fd/0", "/dev/stdin" },
	{ "/proc/self/fd/1", "/dev/stdout" }, { "/proc/self/fd/2", "/dev/stderr" },
	{ "pts/ptmx", "/dev/ptmx" },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- mounts ---------------------------------------------------------------------------------- */

static void set_attr(int tree, unsigned int attr, const char *object)
{
	struct mount_attr set = { .attr_set = attr };

	floor_must(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &set, sizeof(set)),
		   "mount_setattr", object);
}

static void attach(int tree, const char *target)
{
	floor_must(syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH),
		   "move_mount", target);
}

static int clone_tree(int dirfd, const char *path, unsigned int flags)
{
	return (int)floor_must(
		syscall(SYS_open_tree, dirfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags),
		"open_tree", path);
}

static int make_fs(const struct fs *fs)
{
	int ctx =
		(int)floor_must(syscall(SYS_fsopen, fs->type, FSOPEN_CLOEXEC), "fsopen", fs->type);
	int tree;

	floor_must(syscall(SYS_fsconfig, ctx, FSCONFIG_SET_STRING, "source", fs->source, 0),
		   "fsconfig source", fs->type);
	for (size_t i = 0; i < COUNT(fs->options) && fs->options[i].key; i++) {
		const struct fs_option *o = &fs->options[i];

		floor_must(syscall(SYS_fsconfig, ctx,
				   o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, o->key,
				   o->value, 0),
			   "fsconfig", o->key);
	}
	floor_must(syscall(SYS_fsconfig, ctx, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "create",
		   fs->type);
	tree = (int)floor_must(syscall(SYS_fsmount, ctx, FSMOUNT_CLOEXEC, fs->attr), "fsmount",
			       fs->type);
	return tree;
}

/* Directories are covered by one empty read-only tmpfs, shared by all, files by /dev/null. */
static void mask(const char *path, int *ret_empty)
{
	struct stat st;
	int tree;

	if (stat(path, &st) < 0) {
		if (errno != ENOENT)
			floor_die("stat", path);
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		tree = clone_tree(AT_FDCWD, "/dev/null", 0);
	} else if (*ret_empty < 0) {
		*ret_empty = make_fs(&mask_fs);
		attach(*ret_empty, path);
		return;
	} else {
		tree = clone_tree(*ret_empty, "", AT_EMPTY_PATH);
	}
	attach(tree, path);
}

static void make_readonly(const char *path)
{
	long tree = syscall(SYS_open_tree, AT_FDCWD, path,
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	struct mount_attr set = { .attr_set = MOUNT_ATTR_RDONLY };

	if (tree < 0) {
		if (errno != ENOENT)
			floor_die("open_tree", path);
		return;
	}
	floor_must(syscall(SYS_mount_setattr, (int)tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &set,
			   sizeof(set)),
		   "mount_setattr", path);
	attach((int)tree, path);
}

static void enter_rootfs(const char *rootfs)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };
	int tree;

	floor_must(
		syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)),
		"make private", "/");
	tree = clone_tree(AT_FDCWD, rootfs, AT_RECURSIVE);
	set_attr(tree, MOUNT_ATTR_RDONLY, rootfs);
	attach(tree, rootfs);
	floor_must(fchdir(tree), "fchdir", rootfs);
	floor_must(syscall(SYS_pivot_root, ".", "."), "pivot_root", rootfs);
	floor_must(syscall(SYS_umount2, ".", UMOUNT_DETACH), "umount", "old root");
	floor_must(chdir("/"), "chdir", "/");
}

/* Nobody can make device nodes in a user namespace: the host's are bound. They are opened while they can be seen. */
static void open_devices(int *ret_trees)
{
	for (size_t i = 0; i < COUNT(device_nodes); i++)
		ret_trees[i] = clone_tree(AT_FDCWD, device_nodes[i].path, 0);
}

static void bind_devices(const int *trees)
{
	for (size_t i = 0; i < COUNT(device_nodes); i++) {
		floor_must(mknod(device_nodes[i].path, S_IFREG | 0666, 0), "mknod",
			   device_nodes[i].path);
		attach(trees[i], device_nodes[i].path);
	}
}

static void make_devices(const struct floor *f, const int *trees)
{
	if (f->userns)
		bind_devices(trees);
	for (size_t i = 0; i < COUNT(device_nodes) && !f->userns; i++)
		floor_must(mknod(device_nodes[i].path, S_IFCHR | 0666,
				 makedev(device_nodes[i].major, device_nodes[i].minor)),
			   "mknod", device_nodes[i].path);
	for (size_t i = 0; i < COUNT(device_links); i++)
		floor_must(symlink(device_links[i][0], device_links[i][1]), "symlink",
			   device_links[i][1]);
}

/* What is made while the old root can be seen, as a user namespace needs it for proc and sysfs, and for devices. */
struct made {
	int trees[COUNT(file_systems) + 1]; /* the last one is the cgroup tree */
	int devices[COUNT(device_nodes)];
};

static void make_trees(const struct floor *f, struct made *ret)
{
	for (size_t i = 0; i < COUNT(file_systems); i++)
		ret->trees[i] = make_fs(&file_systems[i]);
	if (f->cgroup)
		ret->trees[COUNT(file_systems)] = make_fs(&cgroup_fs);
	if (f->userns)
		open_devices(ret->devices);
}

static void make_mounts(const struct floor *f, const struct made *made)
{
	int empty = -1;

	for (size_t i = 0; i < COUNT(file_systems); i++) {
		const struct fs *fs = &file_systems[i];

		if (strncmp(fs->target, "/dev/", 5) == 0)
			floor_must(mkdir(fs->target, 0755), "mkdir", fs->target);
		attach(made->trees[i], fs->target);
	}
	if (f->cgroup)
		attach(made->trees[COUNT(file_systems)], cgroup_fs.target);
	make_devices(f, made->devices);

	for (size_t i = 0; i < COUNT(masked_paths); i++)
		mask(masked_paths[i], &empty);
	for (size_t i = 0; i < f->n_masked; i++)
		mask(f->masked[i], &empty);
	for (size_t i = 0; i < COUNT(readonly_paths); i++)
		make_readonly(readonly_paths[i]);
	for (size_t i = 0; i < f->n_readonly; i++)
		make_readonly(f->readonly[i]);
}

/* ---- the rest of the child ------------------------------------------------------------------- */

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = (int)floor_must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket", "lo");

	floor_must(ioctl(fd, SIOCSIFFLAGS, &request), "set flags of", "lo");
}

void floor_drop_privileges(void)
{
	const uint32_t keep = 1U << CAP_KILL | 1U << CAP_NET_BIND_SERVICE | 1U << CAP_AUDIT_WRITE;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { keep, keep, 0 }, { 0, 0, 0 } };

	for (unsigned int cap = 0; cap < 64; cap++) {
		if (cap < 32 && (keep & 1U << cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
			if (errno == EINVAL && cap > CAP_AUDIT_READ)
				break; /* one more than the kernel has */
			floor_die("drop from bounding set", "");
		}
	}
	floor_must(syscall(SYS_setgroups, 0, NULL), "setgroups", "");
	floor_must(syscall(SYS_capset, &header, data), "capset", "");
	floor_must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs", "");
}

/* Our ids are mapped when the parent says so. */
static void become_root(const struct floor *f)
{
	char byte;

	if (read(f->mapped[0], &byte, 1) != 1)
		floor_die("read", "the parent's word");
	floor_must(syscall(SYS_setresgid, 0, 0, 0), "setresgid", "");
	floor_must(syscall(SYS_setresuid, 0, 0, 0), "setresuid", "");
}

/* All is ready: `start` writes into the gate, and sees it closed by execve. */
static void wait_at_gate(const struct floor *f, int gate)
{
	struct pollfd p = { .fd = gate, .events = POLLIN };
	char byte = 'x';

	if (write(f->ready[1], &byte, 1) != 1)
		floor_die("write", "ready");
	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			floor_die("poll", "gate");
	if (read(gate, &byte, 1) != 1)
		floor_die("read", "gate");
}

/* The gate is descriptor 3, which stays open until execve. */
static int open_gate(const struct floor *f)
{
	int fd = (int)floor_must(open(f->gate, O_RDONLY | O_NONBLOCK | O_CLOEXEC), "open", f->gate);

	if (fd != 3)
		floor_must(dup3(fd, 3, O_CLOEXEC), "dup", f->gate);
	return 3;
}

void floor_child(const struct floor *f)
{
	const struct rlimit files = { 1024, 1024 };
	struct made made;
	int gate = -EBADF;

	if (f->userns)
		become_root(f);
	if (f->gate)
		gate = open_gate(f);
	if (f->cgroup)
		floor_must(syscall(SYS_unshare, CLONE_NEWCGROUP), "unshare", "cgroup namespace");
	floor_must(setsid(), "setsid", "");
	umask(0);
	loopback_up();
	floor_must(sethostname("floor", 5), "sethostname", "");
	make_trees(f, &made);
	enter_rootfs(f->rootfs);
	make_mounts(f, &made);
	umask(022);
	floor_must(setrlimit(RLIMIT_NOFILE, &files), "setrlimit", "nofile");
	floor_drop_privileges();
	if (gate >= 0)
		wait_at_gate(f, gate);
	floor_must(syscall(SYS_close_range, gate >= 0 ? 4 : 3, ~0U, 0), "close_range", "");
	if (f->filter.len)
		floor_must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &f->filter), "seccomp",
			   f->blob);
	floor_exec(f->argv);
}

/*
 * floor: what the kernel alone takes for a container with the default configuration.
 *
 * Does, with nothing but system calls, what every runtime has to do for the config.json that
 * make-bundle writes: namespaces, cgroup, mounts, devices, masked and read-only paths, capabilities,
 * seccomp, execve. No JSON, no state, no hooks, no checks. Each step is really done; one that fails
 * ends the program with a message and exit status 1.
 * The child closes no file descriptor by itself: one close_range() before execve does.
 *
 * Not an example of how to build a runtime: it trusts its rootfs (paths are resolved as they come).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include "floor.h"

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#define UMOUNT_DETACH 2 /* MNT_DETACH: <sys/mount.h> and <linux/mount.h> do not mix everywhere */
#define MAX_EXTRA     64

struct fs_option {
	const char *key, *value; /* no value: a flag */
};

struct fs {
	const char *type, *target, *source;
	unsigned int attr; /* MOUNT_ATTR_* */
	struct fs_option options[4];
};

struct floor {
	bool cgroup, devices;
	const char *blob, *rootfs, *name; /* name: of the cgroup, NULL for one from the pid */
	char *const *argv;
	const char *masked[MAX_EXTRA], *readonly[MAX_EXTRA]; /* beyond the default ones */
	size_t n_masked, n_readonly;
	struct sock_fprog filter;
	char cgroup_dir[256];
	int cgroup_fd;
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

void floor_die(const char *step, const char *object)
{
	char message[256];

	(void)snprintf(message, sizeof(message), "floor: %s %s", step, object);
	perror(message);
	_exit(1);
}

/* The result of a step, or the end. */
static long must(long result, const char *step, const char *object)
{
	if (result < 0)
		floor_die(step, object);
	return result;
}

/* ---- mounts ---------------------------------------------------------------------------------- */

static void set_attr(int tree, unsigned int attr, const char *object)
{
	struct mount_attr set = { .attr_set = attr };

	must(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &set, sizeof(set)),
	     "mount_setattr", object);
}

static void attach(int tree, const char *target)
{
	must(syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH),
	     "move_mount", target);
}

static int clone_tree(int dirfd, const char *path, unsigned int flags)
{
	return (int)must(
		syscall(SYS_open_tree, dirfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags),
		"open_tree", path);
}

static int make_fs(const struct fs *fs)
{
	int ctx = (int)must(syscall(SYS_fsopen, fs->type, FSOPEN_CLOEXEC), "fsopen", fs->type);
	int tree;

	must(syscall(SYS_fsconfig, ctx, FSCONFIG_SET_STRING, "source", fs->source, 0),
	     "fsconfig source", fs->type);
	for (size_t i = 0; i < COUNT(fs->options) && fs->options[i].key; i++) {
		const struct fs_option *o = &fs->options[i];

		must(syscall(SYS_fsconfig, ctx, o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
			     o->key, o->value, 0),
		     "fsconfig", o->key);
	}
	must(syscall(SYS_fsconfig, ctx, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "create", fs->type);
	tree = (int)must(syscall(SYS_fsmount, ctx, FSMOUNT_CLOEXEC, fs->attr), "fsmount", fs->type);
	return tree;
}

static void mount_fs(const struct fs *fs)
{
	attach(make_fs(fs), fs->target);
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
	must(syscall(SYS_mount_setattr, (int)tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &set,
		     sizeof(set)),
	     "mount_setattr", path);
	attach((int)tree, path);
}

static void enter_rootfs(const char *rootfs)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };
	int tree;

	must(syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)),
	     "make private", "/");
	tree = clone_tree(AT_FDCWD, rootfs, AT_RECURSIVE);
	set_attr(tree, MOUNT_ATTR_RDONLY, rootfs);
	attach(tree, rootfs);
	must(fchdir(tree), "fchdir", rootfs);
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root", rootfs);
	must(syscall(SYS_umount2, ".", UMOUNT_DETACH), "umount", "old root");
	must(chdir("/"), "chdir", "/");
}

static void make_devices(void)
{
	for (size_t i = 0; i < COUNT(device_nodes); i++)
		must(mknod(device_nodes[i].path, S_IFCHR | 0666,
			   makedev(device_nodes[i].major, device_nodes[i].minor)),
		     "mknod", device_nodes[i].path);
	for (size_t i = 0; i < COUNT(device_links); i++)
		must(symlink(device_links[i][0], device_links[i][1]), "symlink",
		     device_links[i][1]);
}

static void make_mounts(const struct floor *f)
{
	int empty = -1;

	for (size_t i = 0; i < COUNT(file_systems); i++) {
		const struct fs *fs = &file_systems[i];

		if (strncmp(fs->target, "/dev/", 5) == 0)
			must(mkdir(fs->target, 0755), "mkdir", fs->target);
		mount_fs(fs);
	}
	if (f->cgroup)
		mount_fs(&cgroup_fs);
	make_devices();

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
	int fd = (int)must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket", "lo");

	must(ioctl(fd, SIOCSIFFLAGS, &request), "set flags of", "lo");
}

static void drop_privileges(void)
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
	must(syscall(SYS_setgroups, 0, NULL), "setgroups", "");
	must(syscall(SYS_capset, &header, data), "capset", "");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs", "");
}

static void child(const struct floor *f)
{
	static char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm",
		NULL
	};
	const struct rlimit files = { 1024, 1024 };

	if (f->cgroup)
		must(syscall(SYS_unshare, CLONE_NEWCGROUP), "unshare", "cgroup namespace");
	must(setsid(), "setsid", "");
	umask(0);
	loopback_up();
	must(sethostname("floor", 5), "sethostname", "");
	enter_rootfs(f->rootfs);
	make_mounts(f);
	umask(022);
	must(setrlimit(RLIMIT_NOFILE, &files), "setrlimit", "nofile");
	drop_privileges();
	must(syscall(SYS_close_range, 3, ~0U, 0), "close_range", "");
	if (f->filter.len)
		must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &f->filter), "seccomp",
		     f->blob);
	execve(f->argv[0], f->argv, env);
	floor_die("execve", f->argv[0]);
}

/* ---- the parent ------------------------------------------------------------------------------ */

static void read_blob(struct floor *f)
{
	int fd = (int)must(open(f->blob, O_RDONLY | O_CLOEXEC), "open", f->blob);
	struct stat st;
	void *data;

	must(fstat(fd, &st), "fstat", f->blob);
	errno = EINVAL;
	if (st.st_size == 0 || st.st_size % (off_t)sizeof(struct sock_filter) ||
	    st.st_size / (off_t)sizeof(struct sock_filter) > BPF_MAXINSNS)
		floor_die("size of", f->blob);
	data = malloc((size_t)st.st_size);
	if (!data || read(fd, data, (size_t)st.st_size) != st.st_size)
		floor_die("read", f->blob);
	close(fd);
	f->filter.len = (unsigned short)((size_t)st.st_size / sizeof(struct sock_filter));
	f->filter.filter = data;
}

static void make_cgroup(struct floor *f)
{
	const char *root = "/sys/fs/cgroup";
	struct statfs st;

	must(statfs(root, &st), "statfs", root);
	if (st.f_type != CGROUP2_SUPER_MAGIC)
		root = "/sys/fs/cgroup/unified";
	if (f->name)
		(void)snprintf(f->cgroup_dir, sizeof(f->cgroup_dir), "%s/%s", root, f->name);
	else
		(void)snprintf(f->cgroup_dir, sizeof(f->cgroup_dir), "%s/floor-%d", root,
			       (int)getpid());
	must(mkdir(f->cgroup_dir, 0755), "mkdir", f->cgroup_dir);
	f->cgroup_fd = open(f->cgroup_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (f->cgroup_fd >= 0 && f->devices && floor_device_rules(f->cgroup_dir) == 0)
		return;
	if (f->cgroup_fd >= 0 && !f->devices)
		return;
	perror("floor: set up cgroup");
	(void)rmdir(f->cgroup_dir); /* on the way out with an error already */
	_exit(1);
}

/* The last process may still be on its way out when wait() has already reported it. */
static void remove_cgroup(const struct floor *f)
{
	for (int tries = 0; rmdir(f->cgroup_dir) < 0; tries++) {
		if (errno != EBUSY || tries == 10000)
			floor_die("rmdir", f->cgroup_dir);
		(void)poll(NULL, 0, 1);
	}
}

static int run(const struct floor *f)
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
		.exit_signal = SIGCHLD,
	};
	int status = 0, error;
	long pid;

	if (f->cgroup) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)f->cgroup_fd;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		child(f);
	error = errno;
	if (pid > 0)
		must(waitpid((pid_t)pid, &status, 0), "wait", "");
	if (f->cgroup)
		remove_cgroup(f);
	errno = error;
	must(pid, "clone3", "");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void usage(void)
{
	(void)fputs("usage: floor [--no-cgroup] [--cgroup NAME] [--devices] [--seccomp BLOB]\n"
		    "             [--mask PATH]... [--readonly PATH]... ROOTFS CMD [ARG...]\n",
		    stderr);
	_exit(2);
}

static int parse(struct floor *f, char **argv)
{
	int i = 1;

	for (; argv[i] && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--no-cgroup") == 0)
			f->cgroup = false;
		else if (strcmp(argv[i], "--devices") == 0)
			f->devices = true;
		else if (!argv[i + 1])
			usage();
		else if (strcmp(argv[i], "--cgroup") == 0)
			f->name = argv[++i];
		else if (strcmp(argv[i], "--seccomp") == 0)
			f->blob = argv[++i];
		else if (strcmp(argv[i], "--mask") == 0 && f->n_masked < MAX_EXTRA)
			f->masked[f->n_masked++] = argv[++i];
		else if (strcmp(argv[i], "--readonly") == 0 && f->n_readonly < MAX_EXTRA)
			f->readonly[f->n_readonly++] = argv[++i];
		else
			usage();
	}
	return i;
}

int main(int argc, char **argv)
{
	struct floor f = { .cgroup = true, .cgroup_fd = -EBADF };
	int i = parse(&f, argv);

	if (argc - i < 2 || (f.devices && !f.cgroup))
		usage();
	f.rootfs = argv[i];
	f.argv = argv + i + 1;
	if (f.blob)
		read_blob(&f);
	if (f.cgroup)
		make_cgroup(&f);
	return run(&f);
}

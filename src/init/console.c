// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The terminal: its master comes from the container's own devpts, its slave from the master
 * (TIOCGPTPEER, Linux 4.13), never from a name in a directory that the image controls (A4).
 */
#include "init/init.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <termios.h>
#include <linux/magic.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static int open_master(struct init *in, int root)
{
	int dir = resolve_path(root, "dev/pts", O_PATH | O_DIRECTORY), fd;
	struct statfs fs;

	if (dir < 0)
		return init_fail(in, PLAN_STAGE_TARGET, "/dev/pts", dir);
	if (fstatfs(dir, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC) {
		(void)close(dir);
		return init_fail(in, PLAN_STAGE_MISMATCH, "no devpts filesystem at /dev/pts",
				 -ENODEV);
	}
	fd = openat(dir, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	fd = fd < 0 ? -errno : fd;
	(void)close(dir);
	return fd;
}

/* Programs in the container print "\n"; whoever reads the master wants to see just that. */
static int setup_slave(int slave, const struct plan_arg_console *a)
{
	struct winsize size = { .ws_col = (unsigned short)a->width,
				.ws_row = (unsigned short)a->height };
	struct termios t;

	if (tcgetattr(slave, &t) < 0)
		return -errno;
	t.c_oflag &= ~(tcflag_t)ONLCR;
	if (tcsetattr(slave, TCSANOW, &t) < 0)
		return -errno;
	if (a->width && a->height && ioctl(slave, TIOCSWINSZ, &size) < 0)
		return -errno;
	return ioctl(slave, TIOCSCTTY, 0) < 0 ? -errno : 0;
}

static int attach_streams(int slave)
{
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return -errno;
	return 0;
}

int op_console(struct init *in, const struct plan_arg_console *a)
{
	int master = open_master(in, init_reg(in, a->root)), unlock = 0, r;

	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return -errno;
	in->console = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (in->console < 0)
		return -errno;
	r = setup_slave(in->console, a);
	if (r == 0)
		r = init_send(in, PLAN_MSG_CONSOLE, 0, master);
	(void)close(master);
	return r < 0 ? r : attach_streams(in->console);
}

int op_console_mount(struct init *in, const struct plan_arg_console_mount *a)
{
	int target, tree, r;

	target = mount_target(in, a->root, "dev/console", PLAN_MOUNT_FILE);
	if (target < 0)
		return target;
	tree = kernel_open_tree(in->console, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	r = tree < 0 ? tree : kernel_move_mount(tree, target);
	if (tree >= 0)
		(void)close(tree);
	(void)close(target);
	return r < 0 ? r : 0;
}

/*
 * A payload that is not root must be able to open /dev/stdout again: it gets pipes and sockets that
 * belong to the caller, and our own terminal. Never a device or file of the host (A13).
 */
int op_stdio_owner(struct init *in, const struct plan_arg_stdio_owner *a)
{
	struct statfs fs;
	struct stat st;

	for (int fd = 0; fd < 3; fd++) {
		bool ours = fstatfs(fd, &fs) == 0 &&
			    (fs.f_type == PIPEFS_MAGIC || fs.f_type == SOCKFS_MAGIC);

		if (!ours && in->console < 0)
			continue;
		if (fstat(fd, &st) < 0 || (st.st_uid == a->uid && st.st_gid == a->gid))
			continue;
		/* EPERM, EINVAL (unmapped owner), EROFS: the payload just cannot reopen it */
		if (fchown(fd, (uid_t)a->uid, in->console >= 0 ? st.st_gid : (gid_t)a->gid) < 0 &&
		    errno != EPERM && errno != EINVAL && errno != EROFS)
			return -errno;
	}
	return 0;
}

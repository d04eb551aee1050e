// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See treeremove.h. Directories are emptied from the bottom up: a walk that removes each file as it comes
 * by, and each directory as it leaves it.
 */
#include "rootfs/treeremove.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <linux/fs.h>

#include "rootfs/treewalk.h"
#include "util/cleanup.h"

/* The marks of chattr(1) that forbid unlinking. Nothing else is opened than a file or a directory. */
static void unmark(int dir, const char *name)
{
	cleanup_fd int fd = treewalk_open_plain(dir, name, O_RDONLY | O_NONBLOCK);
	int flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
	(void)ioctl(fd, FS_IOC_SETFLAGS, &flags); /* else the removal says why it cannot be */
}

static int unlink_one(int dir, const char *name, int flags)
{
	if (unlinkat(dir, name, flags) == 0 || errno == ENOENT)
		return 0;
	if (errno != EPERM)
		return -errno;
	unmark(dir, ".");
	unmark(dir, name);
	return unlinkat(dir, name, flags) == 0 || errno == ENOENT ? 0 : -errno;
}

/* The mode of a directory may forbid its owner to look into it: not root, but others. */
static int enter(struct treewalk *w, const char *name)
{
	int r = treewalk_enter(w, name);

	if (r == -EACCES && fchmodat(dirstack_top(&w->dirs), name, 0700, 0) == 0)
		r = treewalk_enter(w, name);
	return r == -ENOENT ? 0 : r;
}

/* All that is below the directory of @w. Emptied directories are remembered by the name that led in. */
static int empty(struct treewalk *w)
{
	struct treewalk_entry entry;
	int step, r = 0;

	while (r == 0 && (step = treewalk_next(w, &entry)) != TREEWALK_END) {
		if (step < 0)
			return step;
		if (step == TREEWALK_LEFT)
			r = unlink_one(dirstack_top(&w->dirs), treewalk_current(w), AT_REMOVEDIR);
		else if (S_ISDIR(entry.st.st_mode))
			r = enter(w, entry.name);
		else
			r = unlink_one(entry.dir, entry.name, 0);
	}
	return r;
}

int tree_remove(int dir, const char *name)
{
	struct treewalk w = { .live = true };
	cleanup_fd int top = dirstack_open(dir, name);
	int r;

	if (top == -ENOENT)
		return 0;
	if (top < 0) /* a file, or not ours to look into: what unlink says, is said */
		return unlink_one(dir, name, 0);
	r = treewalk_begin(&w, top);
	if (r == 0)
		r = empty(&w);
	treewalk_end(&w);
	return r == 0 ? unlink_one(dir, name, AT_REMOVEDIR) : r;
}

int tree_remove_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *parent = NULL;
	cleanup_fd int dir = -EBADF;

	if (!slash || !slash[1])
		return -EINVAL;
	parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (!parent)
		return -ENOMEM;
	dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	return tree_remove(dir, slash + 1);
}

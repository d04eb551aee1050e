// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In a new user namespace the tasks read their images themselves: most of them as root of that, which has no right to
 * files of the host's root, but the time namespace's while they are nobody there yet, and have but the host's
 * group. So the images are shown as files of that root, and of the host's group. See restore_work.h.
 */
#include "config.h"

#ifdef HAVE_CRIU

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "checkpoint/restore_work.h"
#include "namespaces/idmap.h"
#include "util/cleanup.h"
#include "util/kernel.h"

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

/* The name of the directory in the one that it is in; "" for the root of a filesystem. */
static int name_of(int dir, char *buf, size_t size)
{
	char link[64], path[PATH_MAX];
	const char *slash;
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return -errno;
	path[n] = '\0';
	slash = strrchr(path, '/');
	return slash && snprintf(buf, size, "%s", slash + 1) < (int)size ? 0 : -ENAMETOOLONG;
}

/* With the directory above: images lie beside those that they are based on ("../1"). */
static int copy_above(int dir, int *ret_tree)
{
	cleanup_fd int above = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	*ret_tree =
		above < 0 ? -errno : kernel_open_tree(above, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	return *ret_tree < 0 ? *ret_tree : 0;
}

static int map_tree(int tree, int userns)
{
	struct kernel_mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP,
					  .propagation = MS_PRIVATE,
					  .userns_fd = (uint64_t)userns };

	return kernel_mount_setattr(tree, 0, &attr);
}

/* What the host's group needs: the way, and the one image. Nobody else gets anything. */
static int open_to_group(int images)
{
	cleanup_fd int fd = openat(images, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_(close_dir) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!d)
		return -errno;
	(void)take_fd(&fd);
	if (fchmod(images, 0710) < 0)
		return -errno;
	while (r == 0 && (entry = readdir(d)))
		if (strncmp(entry->d_name, "timens-", 7) == 0 &&
		    fchmodat(images, entry->d_name, 0640, 0) < 0)
			r = -errno;
	return r;
}

static int cannot_map(int r, struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, -r,
		"the images cannot be shown to the container's user namespace");
	err_hint(e, r == -EINVAL || r == -EPERM
			    ? "their filesystem has no idmapped mounts: copy them to ext4, xfs or "
			      "btrfs"
			    : "see the directory of images");
	return r;
}

/* All the same where it is the top of what is mounted there: its parent is on another mount then. */
static int open_mapped(int images, int userns, int *ret)
{
	cleanup_fd int tree = -EBADF, dir = -EBADF;
	char name[NAME_MAX + 1];
	struct stat is, was;
	int r = name_of(images, name, sizeof(name));

	if (r == 0)
		r = copy_above(images, &tree);
	if (r == 0)
		r = map_tree(tree, userns);
	if (r == 0)
		dir = openat(tree, *name ? name : ".",
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r == 0 && (dir < 0 || fstat(dir, &is) < 0 || fstat(images, &was) < 0))
		r = -errno;
	if (r == 0 && (is.st_dev != was.st_dev || is.st_ino != was.st_ino))
		r = -EXDEV;
	if (r == 0)
		*ret = take_fd(&dir);
	return r;
}

static int open_alone(int images, int userns, int *ret)
{
	cleanup_fd int tree = kernel_open_tree(images, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	int r = tree < 0 ? tree : map_tree(tree, userns);

	if (r < 0)
		return r;
	*ret = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? -errno : 0;
}

int restore_images_open(const struct container *c, int images, int *ret_fd, struct err *e)
{
	struct oci_id_map group = { .container_id = 0, .host_id = 0, .size = 1 };
	const oci_id_maps groups = { .items = &group, .count = 1 };
	cleanup_fd int userns = -EBADF;
	int r;

	if (!oci_spec_namespace(c->spec, OCI_NS_USER)) {
		*ret_fd = fcntl(images, F_DUPFD_CLOEXEC, 3);
		return *ret_fd < 0 ? err_set(e, ERR_SYSTEM, errno, "open the images") : 0;
	}
	r = idmap_userns_open(&c->spec->linux_.uid_mappings, &groups, &c->caller, &userns, e);
	if (r < 0)
		return r;
	r = open_to_group(images);
	if (r == 0)
		r = open_mapped(images, userns, ret_fd);
	if (r == -EXDEV || r == -ENOENT)
		r = open_alone(images, userns, ret_fd);
	return r < 0 ? cannot_map(r, e) : 0;
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host's side: open what the plan names, in the host's view and before the child exists
 * (security.md R6). Mounts are copied detached and get all their attributes here (R4).
 */
#include "container/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <linux/nsfs.h>

#include "namespaces/idmap.h"
#include "namespaces/namespaces.h"
#include "oci/sysctl.h"
#include "util/cleanup.h"
#include "util/kernel.h"

static int set_attr(int fd, bool recursive, uint64_t set, uint64_t clear, uint64_t prop)
{
	struct kernel_mount_attr attr = { .attr_set = set, .attr_clr = clear, .propagation = prop };

	if (!set && !clear && !prop)
		return 0;
	return kernel_mount_setattr(fd, recursive ? AT_RECURSIVE : 0, &attr);
}

/* The tree must be what the plan expects of it: a certain device, or a proc filesystem. */
static int check_tree(const struct plan_source *s, int fd, struct err *e)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at '%s'", s->path);
	if (s->rdev && st.st_rdev != s->rdev)
		return err_set(e, ERR_CONFIG, ENODEV, "the host's '%s' is another device", s->path);
	if (!s->must_be_proc)
		return 0;
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return err_set(e, ERR_CONFIG, 0,
			       "bind '%s' at '/proc': only a proc filesystem can be mounted there",
			       s->path);
	return 0;
}

static int idmap_tree(const struct plan_source *s, int fd, const struct caller *caller,
		      struct err *e)
{
	cleanup_fd int ns = -EBADF;
	struct kernel_mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int r;

	if (!s->uid_idmap)
		return 0;
	r = idmap_userns_open(s->uid_idmap, s->gid_idmap, caller, &ns, e);
	if (r < 0)
		return r;
	attr.userns_fd = (uint64_t)ns;
	r = kernel_mount_setattr(fd, s->idmap_recursive ? AT_RECURSIVE : 0, &attr);
	if (r < 0) {
		err_set(e, ERR_SYSTEM, -r, "idmap the mount of '%s'", s->path);
		err_hint(e, r == -EPERM ? "this needs privileges over the filesystem: only root of "
					  "the host has them"
					: "the filesystem may not support idmapped mounts");
	}
	return r < 0 ? r : 0;
}

static int tree_error(const struct plan_source *s, int r, struct err *e)
{
	err_set(e, ERR_CONFIG, -r, "mount source '%s'", s->path);
	if (r == -ENOENT)
		err_hint(e, "create it or remove the mount");
	else if (r == -EPERM)
		err_hint(e, "binding mounts needs CAP_SYS_ADMIN: run as root");
	return r;
}

static int open_tree_source(struct plan_source *s, int bundle, const struct caller *caller,
			    struct err *e)
{
	unsigned flags = OPEN_TREE_CLONE | (s->recursive ? AT_RECURSIVE : 0) |
			 (s->nofollow ? AT_SYMLINK_NOFOLLOW : 0);
	cleanup_fd int fd = kernel_open_tree(bundle, s->path, flags);
	int r;

	if (fd < 0)
		return tree_error(s, fd, e);
	r = check_tree(s, fd, e);
	if (r < 0)
		return r;
	r = set_attr(fd, s->recursive, 0, 0, s->prop);
	if (r == 0)
		r = set_attr(fd, true, s->rset, s->rclear, 0);
	if (r == 0)
		r = set_attr(fd, false, s->set, s->clear, 0);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "set the attributes of the mount of '%s'",
			       s->path);
	r = idmap_tree(s, fd, caller, e);
	if (r == 0)
		s->fd = take_fd(&fd);
	return r;
}

static int root_error(const struct plan_source *s, int r, struct err *e)
{
	err_set(e, ERR_CONFIG, -r, "root filesystem '%s'", s->path);
	err_hint(e, r == -ENOENT   ? "create the directory, or correct root.path"
		    : r == -EACCES ? "the user who runs ctr must be able to reach it"
				   : "it must be a directory, and no symlink");
	return r;
}

static int open_root_source(struct plan_source *s, int bundle, struct err *e)
{
	cleanup_fd int dir =
		kernel_openat2(bundle, s->path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, 0);
	int fd, r;

	if (dir < 0)
		return root_error(s, dir, e);
	fd = kernel_open_tree(dir, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);
	if (fd < 0) {
		err_set(e, ERR_SYSTEM, -fd, "copy the mount of '%s'", s->path);
		if (fd == -EPERM)
			err_hint(e, "this needs CAP_SYS_ADMIN: run as root");
		return fd;
	}
	s->fd = fd;
	r = set_attr(fd, true, 0, 0, s->prop);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "set the propagation of '%s'", s->path) : 0;
}

/* Init copies the mount: it is only looked at here, and pinned, so that init finds the same. */
static int open_late_source(struct plan_source *s, int bundle, struct err *e)
{
	bool root = s->kind == PLAN_SOURCE_ROOT;
	cleanup_fd int fd = kernel_openat2(
		bundle, s->path,
		O_PATH | (root ? O_DIRECTORY : 0) | (root || s->nofollow ? O_NOFOLLOW : 0), 0, 0);
	int r;

	if (fd < 0)
		return root ? root_error(s, fd, e) : tree_error(s, fd, e);
	r = check_tree(s, fd, e);
	if (r == 0)
		s->fd = take_fd(&fd);
	return r;
}

/* A namespace file must be of the kind that its entry says (checklist 1.5). */
static int open_ns_source(struct plan_source *s, struct err *e)
{
	cleanup_fd int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int type;

	if (fd < 0)
		return err_set(e, ERR_CONFIG, errno, "open the namespace '%s'", s->path);
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0)
		return err_set(e, ERR_CONFIG, 0, "'%s' is not a namespace", s->path);
	if ((uint64_t)type != s->ns_type)
		return err_set(e, ERR_CONFIG, 0, "'%s' is a namespace of another type", s->path);
	s->fd = take_fd(&fd);
	return 0;
}

static int open_exe_source(struct plan_source *s, struct err *e)
{
	int fd = open(s->path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, ERR_CONFIG, errno, "hook '%s'", s->path);
	s->fd = fd;
	return 0;
}

static int open_source(struct plan_source *s, int bundle, const struct caller *caller, bool late,
		       struct err *e)
{
	if (late && (s->kind == PLAN_SOURCE_TREE || s->kind == PLAN_SOURCE_ROOT))
		return open_late_source(s, bundle, e);
	switch (s->kind) {
	case PLAN_SOURCE_TREE: return open_tree_source(s, bundle, caller, e);
	case PLAN_SOURCE_ROOT: return open_root_source(s, bundle, e);
	case PLAN_SOURCE_NS: return open_ns_source(s, e);
	case PLAN_SOURCE_EXE: return open_exe_source(s, e);
	case PLAN_SOURCE_NONE:
	case PLAN_SOURCE_FD: break;
	}
	return 0;
}

int container_open_sources(struct plan *p, int bundle, const struct caller *caller, struct err *e)
{
	for (size_t i = 1; i < p->reg_count; i++) {
		struct plan_source *s = &p->regs[i];
		int r = s->fd >= 0 ? 0 : open_source(s, bundle, caller, p->late_copies, e);

		if (r < 0) {
			if (s->origin && *s->origin)
				err_origin(e, "config.json %s", s->origin);
			return r;
		}
	}
	return 0;
}

/* What the config wants to change in namespaces of this type, or NULL. */
static const char *changes(const struct oci_spec *spec, enum oci_namespace_type type)
{
	if (type == OCI_NS_UTS && (spec->hostname || spec->domainname))
		return spec->hostname ? "hostname" : "domainname";
	for (size_t i = 0; i < spec->linux_.sysctl.count; i++) {
		char path[OCI_SYSCTL_MAX];

		if (oci_sysctl_path(spec->linux_.sysctl.items[i].key, path) == 0 &&
		    oci_sysctl_namespace(path) == type)
			return spec->linux_.sysctl.items[i].key;
	}
	return NULL;
}

/* Namespaces are compared by the files that stand for them: ioctl_ns(2). */
static bool is_own(int fd, enum oci_namespace_type type)
{
	static const char *const names[OCI_NS_COUNT] = {
		[OCI_NS_IPC] = "/proc/self/ns/ipc",
		[OCI_NS_UTS] = "/proc/self/ns/uts",
		[OCI_NS_NETWORK] = "/proc/self/ns/net",
		[OCI_NS_USER] = "/proc/self/ns/user",
	};
	struct stat own, st;

	return names[type] && fstat(fd, &st) == 0 && stat(names[type], &own) == 0 &&
	       st.st_dev == own.st_dev && st.st_ino == own.st_ino;
}

static int check_source(const struct oci_spec *spec, const struct plan_source *s, struct err *e)
{
	for (int type = 0; type < OCI_NS_COUNT; type++) {
		const char *what;

		if (namespaces_flag(type) != s->ns_type || !is_own(s->fd, type))
			continue;
		what = changes(spec, type);
		if (!what)
			return 0;
		err_set(e, ERR_CONFIG, 0,
			"'%s' is the host's own namespace: '%s' would change the host", s->path,
			what);
		err_origin(e, "config.json %s", s->origin);
		return -EINVAL;
	}
	return 0;
}

int container_check_joined(const struct oci_spec *spec, const struct plan *p, struct err *e)
{
	int r = 0;

	for (size_t i = 1; r == 0 && i < p->reg_count; i++)
		if (p->regs[i].kind == PLAN_SOURCE_NS)
			r = check_source(spec, &p->regs[i], e);
	return r;
}

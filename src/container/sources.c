// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host's side: open what the plan names, in the host's view and before the child exists
 * (security.md R6). Mounts are copied detached and get all their attributes here (R4).
 */
#include "container/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include "container/hooks.h"
#include "namespaces/idmap.h"
#include "util/cleanup.h"
#include "util/kernel.h"

static int set_attr(int fd, bool recursive, uint64_t set, uint64_t clear, uint64_t prop)
{
	if (!set && !clear && !prop)
		return 0;
	return kernel_mount_change(fd, recursive ? AT_RECURSIVE : 0, set, clear, prop);
}

/* The tree must be what the plan expects of it: a certain device, or a proc filesystem. */
static int check_tree(const struct plan_source *s, int fd, struct err *e)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at '%s'", s->path);
	if (s->rdev && (st.st_rdev != s->rdev || (st.st_mode & S_IFMT) != s->rdev_type))
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

static int tree_missing(const struct plan_source *s, int errnum, struct err *e)
{
	err_set(e, ERR_CONFIG, errnum, "%s '%s'", s->rdev ? "device on the host" : "mount source",
		s->path);
	if (errnum == ENOENT && s->rdev)
		err_hint(e, "with a user namespace the host's node is mounted: create it or remove "
			    "the device");
	else if (errnum == ENOENT)
		err_hint(e, "create it or remove the mount");
	else if (errnum == EPERM)
		err_hint(e, "binding mounts needs CAP_SYS_ADMIN: run as root");
	return -errnum;
}

static int open_tree_source(struct plan_source *s, int bundle, const struct caller *caller,
			    struct err *e)
{
	unsigned flags = OPEN_TREE_CLONE | (s->recursive ? AT_RECURSIVE : 0) |
			 (s->nofollow ? AT_SYMLINK_NOFOLLOW : 0);
	cleanup_fd int fd = kernel_open_tree(bundle, s->path, flags);
	int r;

	if (fd < 0)
		return tree_missing(s, -fd, e);
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

int container_root_open(const char *path, int bundle, struct err *e)
{
	int dir = kernel_openat2(bundle, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, 0);

	if (dir >= 0)
		return dir;
	err_set(e, ERR_CONFIG, -dir, "root filesystem '%s'", path);
	err_hint(e, dir == -ENOENT   ? "create the directory, or correct root.path"
		    : dir == -EACCES ? "the user who runs ctr must be able to reach it"
				     : "it must be a directory, and no symlink");
	return dir;
}

static int open_root_source(struct plan_source *s, int bundle, struct err *e)
{
	cleanup_fd int dir = container_root_open(s->path, bundle, e);
	int fd, r;

	if (dir < 0)
		return dir;
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
	cleanup_fd int fd = s->kind == PLAN_SOURCE_ROOT
				    ? container_root_open(s->path, bundle, e)
				    : kernel_openat2(bundle, s->path,
						     O_PATH | (s->nofollow ? O_NOFOLLOW : 0), 0, 0);
	int r;

	if (fd < 0)
		return s->kind == PLAN_SOURCE_ROOT ? fd : tree_missing(s, -fd, e);
	r = check_tree(s, fd, e);
	if (r == 0)
		s->fd = take_fd(&fd);
	return r;
}

static int open_exe_source(struct plan_source *s, struct err *e)
{
	int fd = open(s->path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, ERR_CONFIG, errno, "hook '%s'", s->path);
	s->fd = fd;
	return 0;
}

static int open_log_source(struct plan_source *s, struct err *e)
{
	int r = hooks_open_output(s->path, &s->fd);

	return r < 0 ? err_set(e, ERR_CONFIG, -r, "open '%s' for what hooks write", s->path) : 0;
}

static int open_source(struct plan_source *s, int bundle, const struct caller *caller, bool late,
		       struct err *e)
{
	if (late && (s->kind == PLAN_SOURCE_TREE || s->kind == PLAN_SOURCE_ROOT))
		return open_late_source(s, bundle, e);
	switch (s->kind) {
	case PLAN_SOURCE_TREE: return open_tree_source(s, bundle, caller, e);
	case PLAN_SOURCE_ROOT: return open_root_source(s, bundle, e);
	case PLAN_SOURCE_NS: return sources_open_ns(s->path, s->ns_type, &s->fd, e);
	case PLAN_SOURCE_EXE: return open_exe_source(s, e);
	case PLAN_SOURCE_LOG: return open_log_source(s, e);
	case PLAN_SOURCE_OVERLAY: /* container/overlay.c has put it there */
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

/* ---- only looking ---- */

static int probe_tree(const struct plan_source *s, int bundle, struct err *e)
{
	cleanup_fd int fd =
		kernel_openat2(bundle, s->path, O_PATH | (s->nofollow ? O_NOFOLLOW : 0), 0, 0);

	return fd < 0 ? tree_missing(s, -fd, e) : check_tree(s, fd, e);
}

static int probe_root(const struct plan_source *s, int bundle, struct err *e)
{
	cleanup_fd int fd = container_root_open(s->path, bundle, e);

	return fd < 0 ? fd : 0;
}

static int probe_source(const struct oci_spec *spec, const struct plan_source *s, int bundle,
			struct err *e)
{
	switch (s->kind) {
	case PLAN_SOURCE_TREE: return probe_tree(s, bundle, e);
	case PLAN_SOURCE_ROOT: return probe_root(s, bundle, e);
	case PLAN_SOURCE_NS: return sources_probe_ns(spec, s, e);
	case PLAN_SOURCE_EXE: /* host_hooks looks at all hooks */
	case PLAN_SOURCE_LOG: /* made if it is missing, and looking makes nothing */
	case PLAN_SOURCE_OVERLAY:
	case PLAN_SOURCE_NONE:
	case PLAN_SOURCE_FD: break;
	}
	return 0;
}

int container_probe_sources(const struct oci_spec *spec, const struct plan *p, int bundle,
			    struct err *e)
{
	int r = 0;

	for (size_t i = 1; r == 0 && i < p->reg_count; i++) {
		const struct plan_source *s = &p->regs[i];

		if (!s->path || s->made_later)
			continue;
		r = probe_source(spec, s, bundle, e);
		if (r < 0 && s->origin && *s->origin)
			err_origin(e, "config.json %s", s->origin);
		r = err_keep(e, r);
	}
	return r;
}

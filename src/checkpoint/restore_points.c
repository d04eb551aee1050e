// SPDX-License-Identifier: GPL-2.0-or-later
/* Mount points that the root has lost since, or never had (restore_stage.h). */
#include "checkpoint/restore_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "container/sdnotify.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/path.h"

enum {
	POINT_MODE = 0755, /* as ctr-init makes them */
};

/* One place where something is mounted. */
struct point {
	const char *path;
	uint64_t reg;	  /* a tree of the host, or none: a filesystem of the container's own */
	const char *type; /* then its type */
	bool link;	  /* copied as a symlink: nothing is mounted */
};

static bool read_op(const struct plan *p, const struct plan_op *op, struct point *ret)
{
	const struct plan_arg_mount_tree *tree = (const void *)op->slot;
	const struct plan_arg_mount_fs *fs = (const void *)op->slot;

	if (op->code == PLAN_CODE_mount_tree)
		*ret = (struct point){ .path = p->pool + tree->path,
				       .reg = tree->tree,
				       .link = tree->flags & PLAN_MOUNT_COPY_LINK };
	else if (op->code == PLAN_CODE_mount_fs)
		*ret = (struct point){ .path = p->pool + fs->path, .type = p->pool + fs->type };
	else
		return false;
	return true;
}

static int look_up(int base, const char *path, uint64_t flags)
{
	return kernel_openat2(base, path, O_PATH | flags, 0,
			      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

static int make_file(int parent, const char *name)
{
	cleanup_fd int fd = openat(
		parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, POINT_MODE);

	return fd < 0 ? -errno : 0;
}

/* @path has no slash in front. What is there may be reached through symlinks, what is made not. */
static int make_missing(int base, const char *path, bool file)
{
	char done[PATH_MAX];
	cleanup_fd int at = look_up(base, ".", O_DIRECTORY);

	if (at < 0)
		return at;
	for (const char *rest = path; *rest;) {
		size_t len = strcspn(rest, "/"), upto = (size_t)(rest - path) + len;
		const char *name = done + (rest - path);
		bool last = !rest[len];
		int next;

		if (upto >= sizeof(done))
			return -ENAMETOOLONG;
		memcpy(done, path, upto);
		done[upto] = '\0';
		next = look_up(base, done, last ? 0 : O_DIRECTORY);
		if (next == -ENOENT) {
			int r = last && file			    ? make_file(at, name)
				: mkdirat(at, name, POINT_MODE) < 0 ? -errno
								    : 0;

			if (r < 0)
				return r;
			next = kernel_openat2(at, name, O_PATH, 0,
					      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
		}
		if (next < 0)
			return next;
		close_fd(&at);
		at = next;
		rest += len + strspn(rest + len, "/");
	}
	return 0;
}

/* What is at @path before operation @op: it was mounted last of all that have it below. False: nothing has. */
static bool find_cover(const struct plan *p, size_t op, const char *path, struct point *ret)
{
	bool found = false;

	for (size_t i = 0; i < op; i++) {
		struct point t;

		if (!read_op(p, &p->ops[i], &t) || t.link || !t.path || !path_below(path, t.path))
			continue;
		*ret = t;
		found = true;
	}
	return found;
}

/* The directory that *path is below, before operation @op, and *path becomes what is left of it. */
static int find_base(const struct plan *p, size_t op, int root, const char **path)
{
	struct stat st;
	struct point cover;
	int base = root;

	if (find_cover(p, op, *path, &cover)) {
		base = cover.type ? -EBADF : p->regs[cover.reg].fd;
		if (base >= 0 && (fstat(base, &st) < 0 || !S_ISDIR(st.st_mode)))
			base = -EBADF;
		*path += strlen(cover.path);
	}
	*path += strspn(*path, "/");
	return base;
}

bool restore_points_is_dir(const struct plan *p, size_t op, const char *path, int root)
{
	cleanup_fd int host = -EBADF, fd = -EBADF;
	const char *rest = path;
	int base = find_base(p, op, root, &rest);
	struct point cover;
	struct stat st;

	if (base < 0 && find_cover(p, op, path, &cover) && cover.type)
		base = host = open(strcmp(cover.type, "proc") == 0    ? "/proc"
				   : strcmp(cover.type, "sysfs") == 0 ? "/sys"
								      : "",
				   O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = base < 0 ? base : look_up(base, *rest ? rest : ".", 0);
	return fd < 0 || fstat(fd, &st) < 0 || S_ISDIR(st.st_mode);
}

static bool is_file(const struct plan *p, const struct point *t)
{
	struct stat st;

	return t->reg != PLAN_REG_NONE && fstat(p->regs[t->reg].fd, &st) == 0 &&
	       !S_ISDIR(st.st_mode);
}

int restore_points_make(const struct plan *p, int root, struct err *e)
{
	for (size_t i = 0; i < p->op_count; i++) {
		struct point t;
		const char *path;
		int base, r;

		/* the directory of the notify socket is there if the images have it mounted */
		if (!read_op(p, &p->ops[i], &t) || t.link || strcmp(t.path, SDNOTIFY_MOUNT) == 0)
			continue;
		path = t.path;
		base = find_base(p, i, root, &path);
		if (base < 0 || !*path)
			continue;
		r = make_missing(base, path, is_file(p, &t));
		if (r < 0)
			return err_set(e, ERR_CONFIG, -r, "make the mount point '%s'", t.path);
	}
	return 0;
}

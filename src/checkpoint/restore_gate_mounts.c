// SPDX-License-Identifier: GPL-2.0-or-later
/* The second gate: what a restored container sees of files. See restore_gate.h. */
#include "config.h"

#ifdef HAVE_CRIU

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <linux/capability.h>

#include "checkpoint/restore_gate.h"
#include "container/sdnotify.h"
#include "util/cleanup.h"
#include "util/kernel.h"

/* O_PATH, or negative; what only the container can reach is reached as it does. */
static int look_up(int root, const char *path)
{
	return kernel_openat2(root, path, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENOTDIR;
}

static int refuse(const char *path, const char *why, struct err *e)
{
	err_set(e, ERR_CONFIG, 0, "restored mounts: '%s' %s", path, why);
	return -EBADMSG;
}

static int cannot_look(const char *path, int r, struct err *e)
{
	return err_set(e, ERR_SYSTEM, -r, "restored mounts: look at '%s'", path);
}

static bool same_file(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

static bool is_readonly(int fd)
{
	struct statvfs fs;

	return fstatvfs(fd, &fs) == 0 && fs.f_flag & ST_RDONLY;
}

static int check_readonly(int root, const char *path, struct err *e)
{
	cleanup_fd int fd = look_up(root, path);

	if (fd < 0)
		return is_gone(fd) ? 0 : cannot_look(path, fd, e);
	return is_readonly(fd) ? 0 : refuse(path, "is not read-only, as the config wants it", e);
}

/* Behind a mask is one of the two things on the tmpfs of masks. */
static int check_mask(int root, int masks, const char *path, struct err *e)
{
	cleanup_fd int fd = look_up(root, path);
	struct stat st, mask;

	if (fd < 0)
		return is_gone(fd) ? 0 : cannot_look(path, fd, e);
	if (fstat(fd, &st) < 0 || fstat(masks, &mask) < 0)
		return cannot_look(path, -errno, e);
	return st.st_dev == mask.st_dev ? 0
					: refuse(path, "is not masked, as the config wants it", e);
}

/* What is mounted over it later, by the config too, hides it: then there is nothing to compare. */
static bool is_covered(const struct plan *p, size_t op, int root, int fd)
{
	for (size_t i = op + 1; i < p->op_count; i++) {
		const struct plan_arg_mount_tree *tree = (const void *)p->ops[i].slot;
		const struct plan_arg_mount_fs *fs = (const void *)p->ops[i].slot;
		bool is_tree = p->ops[i].code == PLAN_CODE_mount_tree;
		cleanup_fd int at = -EBADF;

		if (!is_tree && p->ops[i].code != PLAN_CODE_mount_fs)
			continue;
		at = look_up(root, p->pool + (is_tree ? tree->path : fs->path));
		if (at >= 0 && same_file(at, fd))
			return true;
	}
	return false;
}

static int check_tree(const struct plan *p, size_t op, int root, struct err *e)
{
	const struct plan_arg_mount_tree *a = (const void *)p->ops[op].slot;
	const struct plan_source *src = &p->regs[a->tree];
	const char *path = p->pool + a->path;
	cleanup_fd int fd = look_up(root, path);

	/* the notify socket is offered to images that have one */
	if (a->flags & PLAN_MOUNT_COPY_LINK || strcmp(path, SDNOTIFY_MOUNT) == 0)
		return 0;
	if (fd < 0)
		return cannot_look(path, fd, e);
	if (!same_file(fd, src->fd))
		return is_covered(p, op, root, fd)
			       ? 0
			       : refuse(path, "is not what the config mounts there", e);
	if ((src->set | src->rset) & MOUNT_ATTR_RDONLY && !is_readonly(fd))
		return refuse(path, "is not read-only, as the config wants it", e);
	return 0;
}

static int check_op(const struct plan *p, size_t op, int root, const struct restore_stage *s,
		    struct err *e)
{
	const struct plan_op *o = &p->ops[op];
	const struct plan_arg_readonly_path *readonly = (const void *)o->slot;
	const struct plan_arg_mask *mask = (const void *)o->slot;

	if (o->code == PLAN_CODE_mount_tree)
		return check_tree(p, op, root, e);
	if (o->code == PLAN_CODE_readonly_path)
		return check_readonly(root, p->pool + readonly->path, e);
	if (o->code == PLAN_CODE_mask)
		return check_mask(root, s->masks, p->pool + mask->path, e);
	if (o->code == PLAN_CODE_root_readonly && !is_readonly(root))
		return refuse("/", "is not read-only, as the config wants it", e);
	return 0;
}

/* ---- all mounts of a namespace ---- */

static int compare_all(const struct container *c, const struct restore_stage *s, int root,
		       const struct mount_table *all, const struct gate_rules *rules,
		       struct arena *a, struct err *e)
{
	const struct images_rules places = { .spec = c->spec, .root = root };
	struct image_view view = { 0 };
	const struct gate_table t = {
		.view = &view,
		.given = &s->given,
		.may_mount = rules->bounding >> CAP_SYS_ADMIN & 1,
		.readonly_root = c->spec->root.readonly,
	};
	int r = image_view_make(&places, a, &view, e);

	return r < 0 ? r : gate_mount_table(&t, all, e);
}

int restore_gate_namespace(const struct container *c, const struct restore_stage *s, pid_t pid,
			   const struct gate_rules *rules, struct err *e)
{
	cleanup_(arena_free) struct arena a = { 0 };
	cleanup_fd int root = -EBADF;
	struct mount_table all;
	int r = gate_mounts_read(pid, &a, &all, &root, e);

	/* in one of its own, below that of the container, it can have another root */
	if (r == 0 && pid == c->init.pid && !same_file(root, s->root))
		return refuse("/", "is not the root of the mount namespace", e);
	return r < 0 ? r : compare_all(c, s, root, &all, rules, &a, e);
}

int restore_gate_mounts(const struct container *c, const struct restore_stage *s,
			const struct gate_rules *rules, struct err *e)
{
	char path[64];
	cleanup_fd int root = -EBADF;
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)c->init.pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return cannot_look("/", -errno, e);
	if (!same_file(root, s->root))
		return refuse("/", "is not the container's root filesystem", e);
	for (size_t i = 0; r == 0 && i < c->plan->op_count; i++)
		r = check_op(c->plan, i, root, s, e);
	return r < 0 ? r : restore_gate_namespace(c, s, c->init.pid, rules, e);
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations that create files: directories, links, device nodes. Everything is made with O_EXCL
 * semantics in a directory that the resolver pinned; what exists already must be what was wanted.
 */
#include "init/init.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* A plain name needs no lookup: the register's directory is ours (the fresh /dev). */
static int parent_of(struct init *in, uint64_t dir, const char *path, const char **ret_leaf,
		     int *ret_owned)
{
	int fd;

	*ret_owned = -1;
	if (!strchr(path, '/')) {
		*ret_leaf = path;
		return init_reg(in, dir);
	}
	fd = resolve_parent(init_reg(in, dir), path, ret_leaf);
	if (fd < 0)
		return init_fail(in, PLAN_STAGE_TARGET, NULL, fd);
	*ret_owned = fd;
	return fd;
}

static void drop(int owned)
{
	if (owned >= 0)
		(void)close(owned);
}

int op_mkdir(struct init *in, const struct plan_arg_mkdir *a)
{
	const char *leaf;
	int owned, dir = parent_of(in, a->dir, init_str(in, a->path), &leaf, &owned);
	int r;

	if (dir < 0)
		return dir;
	r = mkdirat(dir, leaf, (mode_t)a->mode) < 0 && errno != EEXIST ? -errno : 0;
	drop(owned);
	return r;
}

int op_symlink(struct init *in, const struct plan_arg_symlink *a)
{
	const char *leaf;
	int owned, dir = parent_of(in, a->dir, init_str(in, a->path), &leaf, &owned);
	int r;

	if (dir < 0)
		return dir;
	r = symlinkat(init_str(in, a->target), dir, leaf) < 0 && errno != EEXIST ? -errno : 0;
	drop(owned);
	return r;
}

/* A node that is there already is accepted only if it is the same device. */
static int same_node(struct init *in, int dir, const char *leaf, const struct plan_arg_mknod *a)
{
	struct stat st;

	if (fstatat(dir, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != (a->mode & S_IFMT) ||
	    (!S_ISFIFO(st.st_mode) && st.st_rdev != (dev_t)a->dev))
		return init_fail(in, PLAN_STAGE_MISMATCH, "another file", -EEXIST);
	return 0;
}

static int make_node(struct init *in, int dir, const char *leaf, const struct plan_arg_mknod *a)
{
	if (mknodat(dir, leaf, (mode_t)a->mode, (dev_t)a->dev) < 0)
		return errno == EEXIST ? same_node(in, dir, leaf, a) : -errno;
	/* root owns what it makes: only other owners need a call */
	if ((a->uid || a->gid) &&
	    fchownat(dir, leaf, (uid_t)a->uid, (gid_t)a->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

int op_mknod(struct init *in, const struct plan_arg_mknod *a)
{
	const char *leaf;
	int owned, dir = parent_of(in, a->dir, init_str(in, a->path), &leaf, &owned);
	int r;

	if (dir < 0)
		return dir;
	r = make_node(in, dir, leaf, a);
	drop(owned);
	return r;
}

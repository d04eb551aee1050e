// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies of the host's mounts that only we may make: ctr is an ordinary user, and its mount namespace
 * is not its own. While the host's tree is still our root; ctr has looked at each source before.
 */
#include "init/init.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

/*
 * In a user namespace the flags of mounts that came from a more privileged one can be added to, but not
 * taken away: mount_namespaces(7), "Restrictions on mount namespaces".
 */
int fail_locked(struct init *in, int mount, int r)
{
	static const struct {
		long flag;
		const char *name;
	} names[] = {
		{ ST_RDONLY, "ro," },	  { ST_NOSUID, "nosuid," },   { ST_NODEV, "nodev," },
		{ ST_NOEXEC, "noexec," }, { ST_NOATIME, "noatime," }, { ST_RELATIME, "relatime," },
	};
	struct statfs fs;
	char text[64] = "";
	size_t len = 0;

	for (size_t i = 0; fstatfs(mount, &fs) == 0 && i < ARRAY_SIZE(names); i++) {
		if (!(fs.f_flags & names[i].flag))
			continue;
		memcpy(text + len, names[i].name, strlen(names[i].name));
		len += strlen(names[i].name);
	}
	if (!len)
		return init_fail(in, PLAN_STAGE_ATTR, NULL, r);
	text[len - 1] = '\0';
	return init_fail(in, PLAN_STAGE_LOCKED, text, r);
}

/* What was opened is what ctr saw: the register holds its O_PATH descriptor. */
static int same_file(int a, int b)
{
	struct stat x, y;

	if (fstat(a, &x) < 0 || fstat(b, &y) < 0)
		return -errno;
	return x.st_dev == y.st_dev && x.st_ino == y.st_ino ? 0 : -ESTALE;
}

int op_tree_copy(struct init *in, const struct plan_arg_tree_copy *a)
{
	unsigned flags = OPEN_TREE_CLONE | (a->flags & PLAN_COPY_RECURSIVE ? AT_RECURSIVE : 0) |
			 (a->flags & PLAN_COPY_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0);
	int tree = kernel_open_tree(AT_FDCWD, init_str(in, a->path), flags), r;

	if (tree < 0)
		return tree;
	r = same_file(init_reg(in, a->tree), tree);
	if (r < 0) {
		(void)close(tree);
		return r;
	}
	init_reg_set(in, a->tree, tree);
	return 0;
}

int op_tree_attr(struct init *in, const struct plan_arg_tree_attr *a)
{
	struct kernel_mount_attr attr = { .attr_set = a->set,
					  .attr_clr = a->clear,
					  .propagation = a->prop };
	int tree = init_reg(in, a->tree);
	int r = kernel_mount_setattr(tree, a->recursive ? AT_RECURSIVE : 0, &attr);

	return r == -EPERM ? fail_locked(in, tree, r) : r;
}

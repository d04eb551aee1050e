/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing trees that a container filled: of any depth, following nothing. */
#ifndef CTR_ROOTFS_TREEREMOVE_H
#define CTR_ROOTFS_TREEREMOVE_H

/*
 * Remove the file or directory @name of @dir with all that is in it. Gone already, or removed by somebody
 * else meanwhile: 0. @name is no path. Files marked immutable or append-only lose the mark. 0 or -errno.
 */
int tree_remove(int dir, const char *name);

/* The same by an absolute path, whose directories are the operator's: links in it are followed, but for the last name. */
int tree_remove_path(const char *path);

#endif

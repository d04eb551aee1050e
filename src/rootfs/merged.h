/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What overlayfs would show of a stack of layers, found without mounting them (overlayfs.rst, "Merging",
 * "whiteouts and opaque directories"): for reading and comparing, without privileges but those to read the files.
 */
#ifndef CTR_ROOTFS_MERGED_H
#define CTR_ROOTFS_MERGED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* One directory of a layer that is part of a merged one. Same device and inode: same layer, same directory. */
struct merged_part {
	int fd;
	dev_t dev;
	ino_t ino;
};

/* A directory as the container sees it: the uppermost part first. No parts: there is none. */
struct merged_dir {
	struct merged_part *parts; /* owned, with their descriptors */
	size_t count;
};

/* The root of a view: @dirs, the uppermost first; an opaque one ends it. 0 or -errno. */
int merged_open(const int *dirs, size_t count, struct merged_dir *ret);
void merged_close(struct merged_dir *d);

struct merged_entry {
	bool exists;
	struct stat st;	       /* of the uppermost */
	int dir;	       /* the directory that it is in; borrowed */
	struct merged_dir sub; /* when it is a directory */
};

/* What is called @name. 0 (also when there is nothing) or -errno. */
int merged_lookup(const struct merged_dir *d, const char *name, struct merged_entry *ret);
void merged_entry_close(struct merged_entry *m);

/* How many parts, counted from the lowest, the two have in common. */
size_t merged_common(const struct merged_dir *a, const struct merged_dir *b);

#endif

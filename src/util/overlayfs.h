/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounting an overlay of any number of directories, and getting it as a mount that is attached nowhere.
 * Linked into ctr, for callers who mount in the host's user namespace, and into ctr-init, for all others:
 * plain system calls only, no heap, no stdio, no /proc.
 *
 * There is one way, and it works on every kernel from 5.14 on: the directories are attached below a small
 * tmpfs under short names, and mount(2) gets names relative to it. Giving layers to fsconfig(2) one by one
 * needs Linux 6.5, by descriptor 6.13, and layers that are attached nowhere, which idmapped ones are, 6.15;
 * one string of fsconfig is limited to 256 bytes, the option string of mount(2) to 4095, which is enough
 * for the 500 layers that the kernel allows. On a kernel that has both ways, the newer one is faster by 0.2
 * ms with one layer and by 0.6 ms with 120, most of which is the mount namespace that ctr needs for it.
 */
#ifndef CTR_UTIL_OVERLAYFS_H
#define CTR_UTIL_OVERLAYFS_H

#include <stddef.h>

enum {
	OVERLAYFS_MAX_LAYERS = 500, /* OVL_MAX_STACK in the kernel's fs/overlayfs */
	OVERLAYFS_OPTIONS_MAX = 1024,
};

/* Where the writable directory is for the options: "upperdir=w/upper,workdir=w/work". */
#define OVERLAYFS_WRITABLE "w"
#define OVERLAYFS_UPPER	   "upper"
#define OVERLAYFS_WORK	   "work"

struct overlayfs_job {
	const int *lowers; /* detached mounts of directories, the uppermost first */
	size_t count;
	int writable; /* the same of a directory that holds upper and work directory; < 0: none */
	const char *options; /* all but lowerdir */
	const char *failed;  /* out, with an error: what could not be done */
};

/*
 * Returns the descriptor of the detached mount, or -errno. Needs CAP_SYS_ADMIN over its mount namespace,
 * which must be the caller's alone, with "/" a mount that is not shared: the mounts of the job are left
 * attached there, on top of "/", and the working directory is changed. overlayfs_leave takes them away
 * again. -ENAMETOOLONG when the options are too long; -EROFS when nothing can be written to the work directory,
 * for which overlayfs itself has no error.
 */
int overlayfs_mount(struct overlayfs_job *job);

/* Detach what overlayfs_mount left, which must have been just now. 0 or -errno. */
int overlayfs_leave(void);

/*
 * A tmpfs that is attached nowhere, with an upper and a work directory. @size: as tmpfs' option of that
 * name, or "" for its default; @like: the root of the overlay gets the owner and mode of this directory, the
 * caller's when the owner does not exist in its user namespace.
 * Returns a descriptor or -errno.
 */
int overlayfs_scratch(const char *size, int like);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where containers are remembered: one directory per id below the state root. Making the directory
 * is what decides who gets an id; a lock on it orders everything that changes the container.
 */
#ifndef CTR_CONTAINER_STORE_H
#define CTR_CONTAINER_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/caller.h"
#include "util/err.h"
#include "util/id.h"

enum {
	CONTAINER_ID_MAX = ID_MAX
};

/* [A-Za-z0-9_+-][A-Za-z0-9_+.-]*, at most 128 bytes (security.md R20). -EINVAL. */
int container_id_check(const char *id, struct err *e);

/*
 * The default, into @buf: /run/ctr for root. For others $XDG_RUNTIME_DIR/ctr; without that variable
 * /run/user/UID/ctr where such a directory is theirs, else /tmp/ctr-UID. Root of a user namespace is one
 * of the others, as for runc: if XDG_RUNTIME_DIR is set and USER is not root, or if /run is not its own.
 */
int store_default_path(const struct caller *caller, char *buf, size_t size, struct err *e);

/*
 * The same for data that outlives a reboot: /var/lib/ctr for root of the host, for others $XDG_DATA_HOME/ctr,
 * else $HOME/.local/share/ctr (XDG Base Directory). -EINVAL when neither is an absolute path.
 */
int store_default_data_path(const struct caller *caller, char *buf, size_t size, struct err *e);

enum store_flags {
	STORE_CREATE = 1, /* make it (0700) if it is missing */
	STORE_NO_LINK =
		2, /* somebody else may write where it is: a symlink there is not followed */
	STORE_STICKY =
		4, /* mark it, so that cleaners of XDG_RUNTIME_DIR pass it by (XDG Base Directory) */
};

/*
 * Open the state root at @path; @flags as above. It must belong to the caller and must not be writable
 * by others. -ENOENT when missing and not STORE_CREATE.
 */
int store_open(const char *path, unsigned flags, int *ret_fd, struct err *e);

/*
 * Make the directory of @id and lock it. -EEXIST: "container with id ... already exists". The
 * descriptor holds the lock until it is closed.
 */
int store_create(int root, const char *id, int *ret_dir, struct err *e);

enum store_lock {
	STORE_NO_LOCK,	 /* for looking */
	STORE_LOCK_SOON, /* wait for at most a second */
	STORE_LOCK,	 /* wait for at most ten seconds */
};

/* Open the directory of @id. -ENOENT: "container ... does not exist". */
int store_get(int root, const char *id, enum store_lock lock, int *ret_dir, struct err *e);

/* 0 while @dir is the directory of @id; -ENOENT when that was removed, or replaced by another. */
int store_check_current(int root, const char *id, int dir);

/* True when somebody else holds the lock of @dir right now. Not for who holds it: it would be let go. */
bool store_is_busy(int dir);

/* Remove what others left who were killed at the very end of store_remove. Needs no lock. */
void store_sweep(int root);

/*
 * Remove the directory of @id with all that is in it. Gone already: 0. Until the name is gone there is a
 * record; killed at any moment, this leaves something that store_create or store_remove of the same id, or the next
 * store_sweep or store_each, removes, and nobody is shown. Others are not looked at: what this costs does not grow
 * with their number. The caller holds the lock: by this name there could be a newer container otherwise.
 */
int store_remove(int root, const char *id, struct err *e);

/* Call @fn for each id, sorted. Its non-zero result ends the walk and is returned. */
int store_each(int root, int (*fn)(const char *id, void *data), void *data, struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layers and snapshots on disk, below the data root (DATA):
 *
 *   DATA/ID/layers.json     what container ID is made of: its base, its chain, its snapshots. Replaced as a
 *                           whole and fsynced: the rename is the moment at which a change has happened.
 *   DATA/ID/user            whose they are, and which ids their files have (container/overlay_owner.h)
 *   DATA/.user              the ids of the last one that an ordinary user made
 *   DATA/ID/layers/         upper and work directory that the container writes to
 *   DATA/ID/memory/NAME/    what its programs were at snapshot NAME: images of checkpoint/checkpoint.h
 *   DATA/.layers/LAYER/fs   a layer that nobody writes to any more, in overlayfs' own form (whiteouts are
 *                           character devices 0:0, opaque directories have the xattr), for any number of
 *                           containers and clones; LAYER is a random name
 *   DATA/.layers/LAYER/layer.json   sizes, and the digest once somebody has asked for it
 *
 * Ids of containers never begin with a dot. The directory of a container is locked (flock) by whoever
 * changes it, DATA/.layers by whoever adds or removes layers. What a killed process leaves is referred to by
 * no layers.json, so it does not exist for anybody, and layers_gc removes it.
 */
#ifndef CTR_ROOTFS_LAYERS_H
#define CTR_ROOTFS_LAYERS_H

#include <stdbool.h>

#include "rootfs/overlay.h"
#include "util/err.h"

#define LAYERS_USER_FILE "user" /* in DATA/ID */

/* What a container starts from: directories of others, which are never written to. */
struct layers_base {
	const char *const *dirs; /* absolute; the uppermost first, the bundle's rootfs last */
	size_t count;
};

/* One container's layers, locked; opaque. */
struct layers;

/*
 * Open the layers of @id below the data root @data, made if there are none. When there are, the base must
 * be the same: -EEXIST with both told. -EBUSY when somebody else holds the lock for ten seconds.
 */
int layers_create(int data, const char *id, const struct layers_base *base, struct layers **ret,
		  struct err *e);

/* Did layers_create make them? Then whoever asked for them may take them back. */
bool layers_is_new(const struct layers *l);

/* Open what exists. -ENOENT: "container ... has no layers". */
int layers_open(int data, const char *id, struct layers **ret, struct err *e);

/* Unlock and release; what is on disk stays. NULL is fine. */
void layers_close(struct layers *l);

/* The directories to be merged for the container itself: with upper and work. */
int layers_stack(const struct layers *l, struct overlay_stack *ret, struct err *e);

/* Lies any layer below @data, of whomever, on a directory at or below @path? What cannot be read counts as such. */
bool layers_lie_on(int data, const char *path);

/*
 * Those of its snapshot @name, which nobody writes to; NULL: what the container started from, the base or, for
 * a clone, the snapshot that it was made from. -ENOENT names those that exist.
 */
int layers_snapshot_stack(const struct layers *l, const char *name, struct overlay_stack *ret,
			  struct err *e);

/* Asked with the lock held, when nobody can begin to use the layers any more: 0, or why they must stay. */
typedef int layers_guard_fn(void *context, struct err *e);

/* Remove DATA/ID, and layers that no other container needs. Gone already: 0. Consumes no lock of others. */
int layers_remove(int data, const char *id, struct err *e);

/* The same, unless @guard (which may be NULL) says no. */
int layers_remove_guarded(int data, const char *id, layers_guard_fn *guard, void *context,
			  struct err *e);

/* Is told what is removed, or would be: "layer ...", one line. Its non-zero result ends the search. */
typedef int layers_gc_fn(const char *what, void *context);

/*
 * Find what nobody refers to, left by those who were killed, and remove it, unless @dry_run. Containers that
 * somebody works on are passed over. -EBADMSG when there is a record that cannot be read: it may refer to
 * anything, so nothing more is removed.
 */
int layers_gc(int data, bool dry_run, layers_gc_fn *told, void *context, struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be done with a container's layers (rootfs/layers.h): keep their state, go back to it, give it up,
 * share it. All of them work on layers that are open, and therefore locked. Each change is one
 * new record: it has happened or not, whoever is killed and wherever space ends. After a failure @l holds what
 * was tried and must only be closed.
 *
 * None of them knows whether the container runs; where it matters, the caller says so.
 */
#ifndef CTR_ROOTFS_SNAPSHOTS_H
#define CTR_ROOTFS_SNAPSHOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "rootfs/layers.h"
#include "rootfs/layers_record.h"
#include "rootfs/treecopy.h"
#include "util/err.h"

struct snapshot_naming {
	const char *name;    /* NULL: the next number */
	const char *message; /* or NULL */
	const char *created; /* now: RFC 3339, UTC */
};

/* The record of opened layers, as it is now; borrowed. */
const struct layers_record *snapshots_record(const struct layers *l);

/* The same of @id without a lock, for looking. -ENOENT, -EBADMSG. Strings live in @a. */
int snapshots_look(int data, const char *id, struct arena *a, struct layers_record *ret,
		   struct err *e);

/* Has the container written anything since the last snapshot, or since it was made? 1, 0, -errno. */
int snapshots_is_changed(const struct layers *l, struct err *e);

/*
 * The upper directory becomes a layer, a new one is laid on it: constant time, but for what the kernel has
 * yet to write. For containers whose root is not mounted anywhere. *ret_name lives as long as @l. -EEXIST
 * when the name is taken.
 */
int snapshots_take(struct layers *l, const struct snapshot_naming *how, const char **ret_name,
		   struct err *e);

enum snapshot_method {
	SNAPSHOT_RENAME,  /* snapshots_take */
	SNAPSHOT_REFLINK, /* contents are shared by the filesystem */
	SNAPSHOT_COPY,
};

struct snapshot_capture {
	/* Nobody writes between these. @thaw is called once after each successful @freeze. */
	int (*freeze)(void *context, struct err *e);
	int (*thaw)(void *context, struct err *e);
	/* Called now and then with what is copied so far; -ECANCELED ends it. Or NULL. */
	int (*tick)(uint64_t bytes, uint64_t files, void *context);
	void *context;
	/* filled */
	enum snapshot_method method;
	uint64_t bytes, files;
};

/* A copy of the upper directory, taken while the container stands still, becomes a layer. */
int snapshots_capture(struct layers *l, const struct snapshot_naming *how,
		      struct snapshot_capture *capture, const char **ret_name, struct err *e);

struct snapshot_rollback {
	const char *name; /* the snapshot to go back to */
	bool prune;	  /* what came after it, and nothing else is built on, is given up */
	struct snapshot_naming keep; /* else the present state is kept, by this name */
	/* filled; lives as long as the layers */
	const char *kept; /* NULL: there was nothing to keep */
	size_t pruned;	  /* how many snapshots were given up */
};

/* For containers whose root is not mounted anywhere. -ENOENT. */
int snapshots_rollback(struct layers *l, struct snapshot_rollback *rb, struct err *e);

/*
 * The memory of a container's programs belongs to a snapshot of its files, where both were taken while
 * nothing ran. Begin with an empty directory (0700), fill it, and when the snapshot has been taken, keep it by its name:
 * then it is on the disk; or drop it.
 */
int snapshots_memory_begin(struct layers *l, int *ret_dir, struct err *e);
int snapshots_memory_keep(struct layers *l, const char *name, struct err *e);
void snapshots_memory_drop(struct layers *l);

/* That of the snapshot @name. -ENOENT: there is no such snapshot, or it has none. */
int snapshots_memory_open(const struct layers *l, const char *name, int *ret_dir, struct err *e);

enum snapshot_fate {
	SNAPSHOT_REMOVED, /* with its layer */
	SNAPSHOT_MERGED,  /* its layer is part of the next one now */
	SNAPSHOT_HIDDEN, /* its layer stays, because several others lie on it, or a running container */
};

/*
 * Give up one snapshot; all others, and the container, stay what they are. @mounted: the root of the container
 * is in use, its layers must stay as they are. -ENOENT; -EBUSY when it is part of a clone, which is named.
 */
int snapshots_delete(struct layers *l, const char *name, bool mounted, enum snapshot_fate *ret,
		     struct err *e);

/* Call @fn for each name below @data that may be a container with layers, sorted. Non-zero ends it. */
int snapshots_each(int data, int (*fn)(const char *id, void *context), void *context,
		   struct err *e);

/* How much the layers of a snapshot take on the disk, as du(1) counts. */
struct snapshot_size {
	uint64_t own;	  /* its own layer */
	uint64_t beneath; /* those that it lies on, without the base */
};

/*
 * Of the snapshot at @index of @r, a record below @data. Layers do not change: what was counted once is noted
 * beside them. @index == LAYERS_NONE: own is that of the upper directory of @id, which may change meanwhile.
 */
int snapshots_size(int data, const char *id, const struct layers_record *r, int index,
		   struct snapshot_size *ret, struct err *e);

/* The containers other than @id that share the layer, "web2, web3", into @buf: how many bytes, or -errno. */
int snapshots_sharers(int data, const char *id, const char *layer, char *buf, size_t size,
		      struct err *e);

/* Can a clone be called @id? Asked before a snapshot is made for it. -EEXIST when it has layers. */
int snapshots_check_free(int data, const char *id, struct err *e);

/*
 * Make layers for the container @id, which has none: what it starts from is the snapshot @name, or what
 * the container itself started from for NULL. Nothing is copied. -EEXIST, -ENOENT.
 */
int snapshots_clone(struct layers *l, const char *name, const char *id, struct err *e);

#endif

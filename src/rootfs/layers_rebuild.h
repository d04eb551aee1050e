/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layers of a container that comes from elsewhere, with all its snapshots: what the store has already, by
 * digest, is shared, the rest is filled in by the caller. Nothing exists for anybody before the commit.
 */
#ifndef CTR_ROOTFS_LAYERS_REBUILD_H
#define CTR_ROOTFS_LAYERS_REBUILD_H

#include <stdbool.h>

#include "rootfs/layers.h"
#include "rootfs/layers_record.h"
#include "util/digest.h"

/* One layer of the store; indices are those of the array, or LAYERS_NONE. */
struct layers_part {
	const char *digest;
	const char *name, *created, *message; /* of its snapshot; name and message may be NULL */
	int parent, after;
};

/* All of them, and where the container stands. Borrowed until the end. */
struct layers_parts {
	const struct layers_part *items;
	size_t count;
	int head, last;
	uint64_t next;
};

/*
 * What container @l consists of, in @a: those of a clone's origin become layers without a name. Digests that nobody
 * has asked for before are computed. @l is locked.
 */
int layers_parts_of(const struct layers *l, struct arena *a, struct layers_parts *ret,
		    struct err *e);

/* The directory of the layer @index of layers_parts_of, which reads the record that @l holds. Owned by the caller. */
int layers_part_open(const struct layers *l, const struct layers_parts *p, int index, int *ret,
		     struct err *e);

/*
 * Is container @id there with these layers below what it writes to, and this base? 1; 0: it is not there at all; -EEXIST:
 * it lies on others. Digests must have been noted.
 */
int layers_rebuild_compare(int data, const char *id, const struct layers_base *base,
			   const struct layers_parts *p, struct err *e);

struct layers_rebuild;

/*
 * Begin container @id, which must have no layers yet (-EEXIST). @p is checked: -EBADMSG when an index, name or
 * digest of it is impossible.
 */
int layers_rebuild_begin(int data, const char *id, const struct layers_base *base,
			 const struct layers_parts *p, struct layers_rebuild **ret, struct err *e);

/* Is it not in the store? */
bool layers_rebuild_needs(const struct layers_rebuild *b, size_t index);

/* An empty directory for that layer; borrowed until the next call. */
int layers_rebuild_layer(struct layers_rebuild *b, size_t index, int *ret, struct err *e);

/* It is filled: compare it with its digest (-EBADMSG), and note that. */
int layers_rebuild_layer_done(struct layers_rebuild *b, size_t index, struct err *e);

/* The directory that becomes what the container writes to, to be filled; borrowed. */
int layers_rebuild_upper(struct layers_rebuild *b, int *ret, struct err *e);

/*
 * On the disk, and there for everybody. -ESTALE when somebody removed a layer meanwhile that was to be shared.
 */
int layers_rebuild_commit(struct layers_rebuild *b, struct err *e);

/* Release, and without commit remove what was made. NULL is fine. */
void layers_rebuild_end(struct layers_rebuild *b);

static inline void layers_rebuild_endp(struct layers_rebuild **b)
{
	layers_rebuild_end(*b);
}

/* ---- another state for a container that is not mounted ---- */

/* An empty directory for what is to be the container's state; its name is for layers_upper_commit. */
int layers_upper_begin(struct layers *l, char name[LAYERS_NAME_SIZE], int *ret, struct err *e);

/* What the container wrote before is removed, and @name is what it goes on from. On the disk when it returns 0. */
int layers_upper_commit(struct layers *l, const char *name, struct err *e);

#endif

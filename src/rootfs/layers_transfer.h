/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layers on their way out of the store and into it: what a snapshot consists of, digests, and
 * taking layers in that came from elsewhere. For export, import, verify and diff.
 */
#ifndef CTR_ROOTFS_LAYERS_TRANSFER_H
#define CTR_ROOTFS_LAYERS_TRANSFER_H

#include <stdbool.h>

#include "rootfs/layer_export.h"
#include "rootfs/layers.h"
#include "util/arena.h"
#include "util/digest.h"
#include "util/err.h"

/* One directory of a stack. Strings belong to the struct layers. */
struct layers_link {
	int dir;	      /* owned */
	const char *layer;    /* its name in the store; NULL: a base directory */
	const char *base;     /* the path of a base directory, else NULL */
	const char *snapshot; /* NULL: base, or its name was deleted, or of a clone's origin */
	const char *created, *message; /* or NULL */
};

/* The lowest first: base directories, then layers of the store. */
struct layers_chain {
	struct layers_link *items;
	size_t count, base_count;
};

/* What snapshot @name consists of; NULL: the newest, and -ENOENT when there is none. */
int layers_chain_open(const struct layers *l, const char *name, struct layers_chain *ret,
		      struct err *e);

/* The same by the index in the record; LAYERS_NONE: what all of them lie on. */
int layers_chain_at(const struct layers *l, int index, struct layers_chain *ret, struct err *e);
void layers_chain_close(struct layers_chain *c);

/*
 * Let others work on the container while its layers are read: nobody writes to those of snapshots. Whoever
 * deletes one is found out by layers_chain_check.
 */
void layers_unlock(struct layers *l);

/* -ESTALE when a layer of @c is not in the store any more: what was read may be incomplete. */
int layers_chain_check(const struct layers *l, const struct layers_chain *c, struct err *e);

/*
 * The digest of the layer @link as an archive of an image ("diff_id"): the one recorded, or it is
 * computed and recorded. @fresh: compute it in any case, and record nothing.
 */
int layers_digest(const struct layers *l, const struct layers_link *link, bool fresh,
		  char ret[DIGEST_TEXT], struct err *e);

/* The digest that is recorded: 1, or 0 when there is none. */
int layers_digest_recorded(const struct layers *l, const struct layers_link *link,
			   char ret[DIGEST_TEXT], struct err *e);

/*
 * The digest of the layers @c->base_count to @end (excluded) on each other, as config.md's "ChainID". The base
 * does not count: it belongs to the bundle. None: "".
 */
int layers_chain_digest(const struct layers *l, const struct layers_chain *c, size_t end,
			char ret[DIGEST_TEXT], struct err *e);

/* The same for a directory that is no layer of the store yet. */
int layers_digest_compute(int dir, char ret[DIGEST_TEXT], struct err *e);

/* Record the digest of the layer in the directory @top (DATA/.layers/LAYER). */
int layers_digest_note(int top, const char *digest, struct err *e);

/* The chain digest @chain ("" for none) with one more layer on it. */
int layers_chain_add(char chain[DIGEST_TEXT], const char *own, struct err *e);

/* ---- taking in ---- */

/* Layers that are being made; they do not exist for anybody before the end. */
struct layers_intake;

/*
 * Add to the container of @l (borrowed, or NULL for a new one: then @id and @base say what it is to be).
 * @parent is what the first new layer lies on: the name of a snapshot, or a chain digest, or "" for the base.
 * -ENOENT when no snapshot is that; -EEXIST when the new container is there already.
 */
int layers_intake_begin(int data, struct layers *l, const char *id, const struct layers_base *base,
			const char *parent, struct layers_intake **ret, struct err *e);

/* A directory for the next layer, to be filled; borrowed. */
int layers_intake_next(struct layers_intake *in, int *ret_dir, struct err *e);

/* The directories below it, uppermost first: layers taken in, and what they lie on. Borrowed until the next layer. */
int layers_intake_below(struct layers_intake *in, const int **ret, size_t *ret_count,
			struct err *e);

/* What the layer is: its snapshot's name (NULL: it has none), digest, time (NULL: now), message (or NULL). */
struct layers_arrival {
	const char *name, *digest, *created, *message;
};

int layers_intake_done(struct layers_intake *in, const struct layers_arrival *a, struct err *e);

/* Everything into the record, at once. @after: the snapshot before the first, or NULL. A new container stands on the last one. */
int layers_intake_commit(struct layers_intake *in, const char *after, struct err *e);

/* Without commit, what was taken in is removed. */
void layers_intake_end(struct layers_intake *in);

static inline void layers_intake_endp(struct layers_intake **in)
{
	layers_intake_end(*in);
}

/* A file of no name in the store's filesystem, for what has to be read twice. */
int layers_intake_scratch(struct layers_intake *in, int *ret, struct err *e);

/* An empty directory of the same kind, removed at the end (or by layers_gc). Borrowed. */
int layers_intake_scratch_dir(struct layers_intake *in, int *ret, struct err *e);

#endif

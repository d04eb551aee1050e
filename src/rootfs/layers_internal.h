/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files layers*.c share: an opened and locked container's layers, and the directories of the store.
 * Locks are always taken in this order: state of the container (container/store.h), DATA/ID, DATA/.layers.
 */
#ifndef CTR_ROOTFS_LAYERS_INTERNAL_H
#define CTR_ROOTFS_LAYERS_INTERNAL_H

#include <stdbool.h>

#include "rootfs/layers.h"
#include "rootfs/layers_record.h"
#include "util/id.h"

#define LAYERS_SHARED_DIR   ".layers" /* in DATA */
#define LAYERS_OWN_DIR	    "layers"  /* in DATA/ID */
#define LAYERS_MEMORY_DIR   "memory"  /* in DATA/ID: that of snapshots, by their names */
#define LAYERS_MEMORY_DRAFT ".new"    /* there: names of snapshots never begin with a dot */
#define LAYERS_TREE	    "fs"      /* in a layer, and in an upper directory */
#define LAYERS_WORK	    "work"    /* in an upper directory */
#define LAYERS_DEAD	    "dead-"   /* before the name of a layer that is being removed */

struct layers {
	int data;   /* DATA */
	int dir;    /* DATA/ID; holds the lock */
	int own;    /* DATA/ID/layers */
	int shared; /* DATA/.layers; not locked */
	bool is_new;
	char id[ID_MAX + 1];
	struct arena arena;
	struct layers_record record;
};

static inline void layers_closep(struct layers **l)
{
	layers_close(*l);
}

/* Open DATA/.layers, made if it is missing. */
int layers_open_shared(int data, int *ret, struct err *e);

/* Wait for the lock of the directory @fd, ten seconds at most. -EBUSY: "another command works on @what". */
int layers_lock(int fd, const char *what, struct err *e);

/*
 * A new directory of a random name in DATA/ID/layers, with an empty "fs", and a "work" when it is to be an
 * upper directory. "fs" looks like the root directory that @below is. On the disk when it returns 0.
 */
int layers_make_upper(struct layers *l, int below, char name[LAYERS_NAME_SIZE], struct err *e);

/* The same without anything: for a copy that is to become a layer. */
int layers_make_stage(struct layers *l, char name[LAYERS_NAME_SIZE], int *ret, struct err *e);

/*
 * Make disk and record agree again: layers of the record that still lie in DATA/ID/layers go to
 * DATA/.layers, and what the record on the disk does not know is removed from there. After each change, also
 * a failed one, and on opening, for those who were killed.
 */
int layers_settle(struct layers *l, struct err *e);

/* Move the layer @name from DATA/ID/layers, which is @own, to where others can find it. */
int layers_publish(int data, int own, const char *name, struct err *e);

/* Open the tree of a layer. -ENOENT says that the store is damaged. */
int layers_open_layer(const struct layers *l, const char *layer, int *ret, struct err *e);

/* Open the root directory of what an upper directory on @index would be laid on. */
int layers_open_below(const struct layers *l, int index, int *ret, struct err *e);

/* The lower layers below and with @index into @s->lowers; on failure, @s has those opened before. */
int layers_open_lowers(const struct layers *l, int index, struct overlay_stack *s, struct err *e);

/* The directories that the container writes to. */
int layers_open_upper(const struct layers *l, int *ret_upper, int *ret_work, struct err *e);

/* Make and lock DATA/ID with what is in it, but for the record. */
int layers_make_dirs(struct layers *l, struct err *e);

/*
 * The layers of a new container, locked, with directories but without a record: layers_commit_first makes it
 * complete, layers_abandon takes back what was made. -EEXIST, without a text, when there is a record.
 */
int layers_begin(int data, const char *id, struct layers **ret, struct err *e);
void layers_abandon(struct layers *l);

/* Give the container a first upper directory on @l->record (head: none), and write the record. */
int layers_commit_first(struct layers *l, struct err *e);

/* Remove those of @names (@count of them, of .layers) that no record refers to any more. */
int layers_release(int data, const char *const *names, size_t count, struct err *e);

/*
 * Put NULL in the place of each of @layers that a record refers to, but for that of @except. The caller holds
 * the lock of DATA/.layers: until it gives it back, nobody starts to refer to one. -EBADMSG when there is a
 * record that nobody can read.
 */
int layers_strike_out_used(int data, const char *except, const char **layers, size_t count,
			   struct err *e);

/*
 * Take the layer away from the others, under a name that says so (with the lock), and remove all that were
 * (without it: a large layer takes its time).
 */
int layers_condemn(int shared, const char *layer);
int layers_bury(int shared, struct err *e);

/* Remove LAYERS_USER_FILE in @dir, and what is left of it when its writer was killed. */
void layers_forget_user(int dir);

/* Call @fn for each id below @data, sorted; its non-zero result ends the walk. */
int layers_each(int data, int (*fn)(const char *id, void *context), void *context, struct err *e);

#endif

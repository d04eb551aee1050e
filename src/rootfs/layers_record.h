/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DATA/ID/layers.json as a struct: read, written, searched. Knows no other file and no lock.
 *
 * Two relations hold between snapshots. A layer lies on its parent: that is what is merged. A snapshot
 * comes after the one that was the state before it: that is its history, which users see. They differ
 * where the snapshot of a running container is a copy of its upper directory: that lies where the upper
 * directory lies, not on the copy before.
 */
#ifndef CTR_ROOTFS_LAYERS_RECORD_H
#define CTR_ROOTFS_LAYERS_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/err.h"

enum {
	LAYERS_NAME_SIZE = 33, /* of a layer's name: 128 random bits in hexadecimal */
	LAYERS_NONE = -1,
};

#define LAYERS_RECORD_FILE "layers.json"
/* while it is being written: see io_replace_file */
#define LAYERS_RECORD_DRAFT "." LAYERS_RECORD_FILE ".new"

struct layers_snapshot {
	const char *name;  /* NULL: its name was deleted, but others lie on it */
	const char *layer; /* directory below DATA/.layers */
	int parent; /* index of the snapshot it lies on; LAYERS_NONE: the origin, or the base */
	int after;  /* index of the one before it in time; LAYERS_NONE: it is a first one */
	const char *created;
	const char *message; /* or NULL */
};

/* Strings live in the arena that it was read into. */
struct layers_record {
	const char **base; /* struct layers_base; the uppermost first */
	size_t base_count;
	/* Of a clone: whose it is, at which snapshot ("" for none), and the layers below, uppermost first. */
	const char *origin, *origin_snapshot;
	const char **origin_layers;
	size_t origin_count;
	struct layers_snapshot *snapshots;
	size_t count;
	int head;	   /* what the upper directory lies on */
	int last;	   /* which snapshot the present state comes after */
	const char *upper; /* directory below DATA/ID/layers */
	uint64_t next;	   /* the number that is the next name */
};

/*
 * From the directory DATA/ID. -ENOENT when there is none; -EBADMSG when it is damaged or of another
 * version: then nobody knows what may be removed.
 */
int layers_record_load(int dir, struct arena *a, struct layers_record *ret, struct err *e);

/* On the disk when it returns 0. */
int layers_record_save(int dir, const struct layers_record *r, struct err *e);

/* The index of the snapshot @name. -ENOENT, naming those that there are. */
int layers_record_find(const struct layers_record *r, const char *name, struct err *e);

/* Does it refer to the layer? */
int layers_record_uses(const struct layers_record *r, const char *layer);

/* One more at the end, its index; -ENOMEM. */
int layers_record_add(struct layers_record *r, struct arena *a, const struct layers_snapshot *s);

/* Take out the one at @index: what came after it comes after the one before it. Nothing may lie on it. */
void layers_record_drop(struct layers_record *r, int index);

/* How many snapshots lie on the one at @index, and one of them in *ret_child (or NULL). */
size_t layers_record_children(const struct layers_record *r, int index, int *ret_child);

#endif

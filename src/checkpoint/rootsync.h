/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container's root filesystem on its way to another host: what is there already is found by digest, missing
 * layers are sent, then what the container writes, in rounds: all of it while it runs, then what has changed
 * since, at last while all its tasks stand. Knows nothing of processes. Works over checkpoint/wire.h, in WIRE_ROOT
 * messages.
 *
 *   source                                  sink
 *   OFFER  what the root is made of   -->   looks what it has
 *                                     <--   NEED  what is missing (else the sink fails)
 *   TREE, DATA ..., END (for each)    -->   staged, compared with its digest
 *                                     <--   DONE
 *   ROUND, DATA ..., END (any number) -->   applied to what is staged
 *                                     <--   DONE after each
 *   COMMIT                            -->   on the disk, and DATA/ID exists
 *                                     <--   DONE
 *
 * Contents are streams of treesync.h. Until the commit nothing exists for anybody on the sink's host; whoever is
 * killed leaves what the next layers_open of the id, or layers_gc, removes. A layer of which the digest is known is
 * never sent twice.
 *
 * A root that is no overlay is a directory: with copy_rootfs it is sent in rounds as well; without, the same path
 * must be there, and be the same files (a filesystem that both hosts see).
 */
#ifndef CTR_CHECKPOINT_ROOTSYNC_H
#define CTR_CHECKPOINT_ROOTSYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "container/container.h"
#include "checkpoint/wire.h"
#include "rootfs/treesync.h"
#include "util/err.h"

/* The first byte of each WIRE_ROOT message (checkpoint/wire.h): what it is. The rest is its contents. */
enum rootsync_message {
	ROOTSYNC_OFFER = 1, /* JSON, see rootsync_offer.c */
	ROOTSYNC_NEED,	    /* JSON: {"layers": [index...], "rootfs"} */
	ROOTSYNC_TREE,	    /* JSON: {"layer": index} or {}: what lies below all of them */
	ROOTSYNC_DATA,	    /* bytes */
	ROOTSYNC_END,	    /* of them */
	ROOTSYNC_ROUND,
	ROOTSYNC_COMMIT,
	ROOTSYNC_DONE,
};

/* ---- source ---- */

struct rootsync_source;

struct rootsync_source_request {
	bool copy_rootfs;      /* send what the bundle has as its rootfs, too, if it is not there */
	bool compare_contents; /* of the base: by contents, not only by names, kinds, owners and sizes */
	void (*progress)(void *data, uint64_t bytes); /* sent so far; or NULL */
	void *context;
};

/*
 * Look at the root of @c: layers when it is an overlay on the disk, else its rootfs directory. -EOPNOTSUPP for an
 * ephemeral overlay, which exists in memory only. The lock of the layers is not held afterwards.
 */
int rootsync_source_open(const struct container *c, const struct rootsync_source_request *rq,
			 struct rootsync_source **ret, struct err *e);
void rootsync_source_close(struct rootsync_source *s); /* NULL is fine */

static inline void rootsync_source_closep(struct rootsync_source **s)
{
	rootsync_source_close(*s);
}

/* OFFER, and what is missing. -ENOENT, -EEXIST, -ENOSPC and others as the sink says them. */
int rootsync_source_offer(struct rootsync_source *s, struct wire *w, struct err *e);

struct rootsync_round {
	struct treesync_count count;
	uint64_t micros; /* how long it took, until the sink had it */
};

/*
 * One round; @last: all tasks stand, so that the sink has it all afterwards. Nothing to send (a rootfs that both hosts
 * see): counts are 0. To be repeated until count.contents no longer shrinks.
 */
int rootsync_source_round(struct rootsync_source *s, struct wire *w, bool last,
			  struct rootsync_round *ret, struct err *e);

/* The same as a stream (treesync.h) into a file, to be sent later. All tasks stand. */
int rootsync_source_spool(struct rootsync_source *s, int fd, struct treesync_count *ret,
			  struct err *e);

/* Before tasks are stopped for one of the two: what can be flushed is flushed (treesync_prepare). */
int rootsync_source_prepare(struct rootsync_source *s, struct err *e);

/* Remember between processes what the other side has: treesync_save and treesync_load. */
int rootsync_source_save(const struct rootsync_source *s, int dir, const char *name, struct err *e);
int rootsync_source_load(struct rootsync_source *s, int dir, const char *name, struct err *e);
/* Forget it: the next round tells everything. */
int rootsync_source_reset(struct rootsync_source *s, struct err *e);

/* Make it so over there. After the last round. */
int rootsync_source_commit(struct rootsync_source *s, struct wire *w, struct err *e);

/* ---- sink ---- */

struct rootsync_sink;

struct rootsync_sink_request {
	int data;	    /* data root; not owned */
	const char *id;	    /* of the container that it becomes */
	const char *rootfs; /* what its bundle on this host has as root filesystem; absolute */
	bool keep; /* layers of that id that are here already will do, if they are the same */
	uint64_t max_bytes; /* most that may come; 0: no limit but the disk */
};

/* Nothing is made yet: the offer says what. */
int rootsync_sink_open(const struct rootsync_sink_request *rq, struct rootsync_sink **ret,
		       struct err *e);

/*
 * Do what the WIRE_ROOT message @m asks (OFFER, ROUND or COMMIT), with what follows it, and answer. After a failure,
 * which the caller tells the source (wire_send_failure), only close is left. *ret_committed: it was COMMIT, and
 * it is done.
 */
int rootsync_sink_serve(struct rootsync_sink *s, struct wire *w, const struct wire_message *m,
			bool *ret_committed, struct err *e);

/*
 * After the commit: the restore that followed has failed, and nothing of the container is to be left here.
 */
int rootsync_sink_undo(struct rootsync_sink *s, struct err *e);

/* Without commit: removes what was staged. NULL is fine. */
void rootsync_sink_close(struct rootsync_sink *s);

static inline void rootsync_sink_closep(struct rootsync_sink **s)
{
	rootsync_sink_close(*s);
}

#endif

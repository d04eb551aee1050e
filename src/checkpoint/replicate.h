/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A running container's generations for another host (standby.h, doc/standby.md): every so often its tasks are held,
 * memory that has changed and what its files changed are written down, and go over while it runs on. Of this host:
 *
 *   DATA/.replicate/ID/state.json   epoch, instance, the last generation that is over there; locked by who replicates
 *   DATA/.replicate/ID/index        what the other host has of the files (treesync.h), as of that generation
 *   DATA/.replicate/ID/N/, N.delta  images and files of a generation, until the one after the next
 *   DATA/.replicate/ID/fenced.json  the other host has taken over: this one must not go on
 */
#ifndef CTR_CHECKPOINT_REPLICATE_H
#define CTR_CHECKPOINT_REPLICATE_H

#include "checkpoint/checkpoint.h"
#include "checkpoint/transport.h"
#include "util/problems.h"

/* What becomes of the container here when the other host has taken over. */
enum replicate_fenced {
	REPLICATE_PAUSE,  /* it stands, cut off from its network */
	REPLICATE_STOP,	  /* it is killed */
	REPLICATE_IGNORE, /* it goes on: somebody else sees to it that only one does */
};

struct replicate_round {
	uint64_t generation, parent; /* parent 0: whole */
	uint64_t memory_bytes, file_bytes, sent_bytes;
	uint64_t hold_us;  /* its tasks stood */
	uint64_t total_us; /* until the other host had it */
};

enum replicate_event {
	REPLICATE_CONNECTED,
	REPLICATE_GENERATION, /* round */
	REPLICATE_RETRY,      /* err: what failed; wait_ms: until the next try */
};

struct replicate_request {
	int store, data; /* state root, data root; not owned */
	const char *id;
	const char *as; /* what it is to be called there; NULL: the same */
	const struct transport *to;
	const char *criu; /* program, or NULL */
	struct checkpoint_flags flags;
	unsigned interval_ms, keep;
	bool copy_rootfs, no_preflight;
	uint64_t count; /* end after so many generations; 0: never */
	enum replicate_fenced on_fenced;
	int timeout_ms;
	int interrupt; /* becomes readable: end; < 0: never */
	void (*tell)(void *data, enum replicate_event event, const struct replicate_round *round,
		     const struct err *why, unsigned wait_ms);
	void *context;
};

/*
 * Until it is interrupted, or the container has ended: 0. -EOWNERDEAD: fenced, and what on_fenced says is done.
 * -EXDEV: the other host objects; -EUCLEAN: something of the container cannot be saved; -EBUSY: somebody replicates it already; those of checkpoint_dump. A lost link is
 * no end: it is tried again, at longer and longer intervals of a minute at most. Needs root.
 */
int replicate_run(const struct replicate_request *rq, struct err *e);

struct replicate_status {
	uint64_t epoch, generation;
	bool running; /* somebody replicates it now */
	bool fenced;
	const char *destination, *updated; /* live in the arena; or NULL */
};

/* -ENOENT: it was never replicated from here. */
int replicate_look(int data, const char *id, struct arena *a, struct replicate_status *ret,
		   struct err *e);

/* Forget all that is known of it here. -EBUSY while somebody replicates it. */
int replicate_forget(int data, const char *id, struct err *e);

/* The epoch in which this host runs the container: of a take-over here, else of what it has sent; 1 at least. */
int replicate_epoch(int data, const char *id, uint64_t *ret, struct err *e);

#endif

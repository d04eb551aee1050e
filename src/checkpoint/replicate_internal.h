/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files replicate*.c share. */
#ifndef CTR_CHECKPOINT_REPLICATE_INTERNAL_H
#define CTR_CHECKPOINT_REPLICATE_INTERNAL_H

#include "checkpoint/proposal.h"
#include "checkpoint/replicate.h"
#include "checkpoint/rootsync.h"
#include "util/timestamp.h"

#define REPLICATE_INDEX "index"

/* A generation that is written down here. */
struct replicate_made {
	struct replicate_round round;
	bool linked; /* its images build on those of the one before */
	bool files;
	char created[TIMESTAMP_SIZE];
};

struct replication {
	const struct replicate_request *rq;
	int dir; /* DATA/.replicate/ID; locked */
	uint64_t epoch,
		acked; /* acked: the last one that the other host has; 0: none of this instance */
	uint64_t last; /* the highest number that is used there or here */
	char instance[WIRE_NONCE];
	struct process_identity init; /* of the container: another one is another container */
	struct rootsync_source *root;
	uint64_t memory; /* the generation that the next one's memory builds on; 0: none */
	bool indexed;	 /* there is an index of acked */
	bool pending;	 /* made is not over there yet */
	struct replicate_made made;
	struct wire *w;
	pid_t program;
	bool agreed;	   /* the other host has taken it at least once */
	unsigned failures; /* dumps in a row */
};

/* ---- replicate_local.c: DATA/.replicate/ID ---- */

int replicate_open(struct replication *x, struct err *e);
int replicate_save(const struct replication *x, struct err *e);
/* Begin anew: another instance, everything whole. */
int replicate_start_over(struct replication *x, struct err *e);
/* Generation @number and older ones, but the one that memory builds on, are of no use any more. */
void replicate_clean(const struct replication *x);
/* A place for the images of @number, and the directory of logs. */
int replicate_images(const struct replication *x, uint64_t number, int *ret_images, int *ret_work,
		     struct err *e);
int replicate_open_images(const struct replication *x, uint64_t number, int *ret, struct err *e);
/*
 * Images of @number are only there to be continued from now on: that needs their maps of pages, not what they continue
 * themselves. criu takes a link that leads nowhere for a parent that is lost, and writes all memory.
 */
void replicate_unlink_parent(const struct replication *x, uint64_t number);
/* @flags of open(2). */
int replicate_delta(const struct replication *x, uint64_t number, int flags, int *ret,
		    struct err *e);
int replicate_note_fenced(const struct replication *x, uint64_t epoch, struct err *e);

/* ---- replicate_link.c ---- */

/*
 * Connect, and agree: whose turn it is, what the other host has, whether the container could run there, its layers.
 * -EOWNERDEAD: fenced.
 */
int replicate_connect(struct replication *x, const struct container *c, struct err *e);
void replicate_disconnect(struct replication *x);
/* Send what is pending, and hear that it is kept. -EOWNERDEAD. */
int replicate_send(struct replication *x, struct err *e);
/* Are these errors of the link, or of the other host, that may pass? */
bool replicate_may_pass(int r);

#endif

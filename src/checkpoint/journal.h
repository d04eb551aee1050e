/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the receiving host remembers of a move, below its data root, so that it can answer for it whoever is killed:
 *
 *	DATA/.migrations/TOKEN/journal.json	state; replaced as a whole and fsynced
 *	DATA/.migrations/TOKEN/images/N		directories of images, until they are restored
 *	DATA/.migrations/TOKEN.out/N		those of the sending host, until they are sent
 *
 * Two locks (flock): on "alive" as long as the process that receives lives; on the directory while the state is
 * changed, and from "committing" until it is known whether the container runs. Who has the lock of the
 * directory and reads "committing" therefore knows that the process which wrote it is dead.
 *
 *	receiving --> restoring --> prepared --> committing --> running
 *	     \_____________\____________\____________\______--> aborted
 *
 * With post-copy it runs before its memory is there, which is still with the source:
 *
 *	committing --> fetching [--> recalled] --> running
 *	          \___________\____________\_____--> lost
 *
 * "recalled" is written by who asks for the source, whose link is broken then: what is missing will not come. "lost" is
 * final as "running" is, and stays until the source has heard it.
 *
 * From "restoring" on, layers and container of that id belong to the move. A token that is not there was never
 * committed, and nobody has it who could still do so.
 */
#ifndef CTR_CHECKPOINT_JOURNAL_H
#define CTR_CHECKPOINT_JOURNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "checkpoint/wire.h"
#include "util/arena.h"
#include "util/err.h"
#include "util/id.h"

enum journal_state {
	JOURNAL_RECEIVING,
	JOURNAL_RESTORING,
	JOURNAL_PREPARED,
	JOURNAL_COMMITTING,
	JOURNAL_FETCHING,
	JOURNAL_RECALLED,
	JOURNAL_RUNNING,
	JOURNAL_ABORTED,
	JOURNAL_LOST,
	JOURNAL_STATES,
};

const char *journal_state_name(enum journal_state s);

/* Final, and kept until the source has heard it. */
static inline bool journal_is_settled(enum journal_state s)
{
	return s == JOURNAL_RUNNING || s == JOURNAL_LOST;
}

struct journal {
	int root;  /* DATA/.migrations; owned */
	int dir;   /* of this token; owned. Holds the second lock */
	int alive; /* holds the first; owned, -EBADF for who only asks */
	char token[WIRE_NONCE];
	char id[ID_MAX + 1];
	char bundle[PATH_MAX]; /* made for this move; "" if none */
	bool post_copy;	       /* it is let go before its memory is there */
	enum journal_state state;
};

#define JOURNAL_EMPTY                                                                              \
	{                                                                                          \
		.root = -EBADF, .dir = -EBADF, .alive = -EBADF                                     \
	}

void journal_close(struct journal *j);

/* Begin to receive @id by @token: -EEXIST when the token was seen before. */
int journal_create(int data, const char *token, const char *id, struct journal *ret, struct err *e);

/* For who asks. -ENOENT: never heard of it. */
int journal_open(int data, const char *token, struct journal *ret, struct err *e);

/*
 * Take the second lock, and read the state as it is now. -EBUSY after @timeout_ms: somebody is at the point of
 * letting the container go; -ENOENT: it was removed meanwhile.
 */
int journal_lock(struct journal *j, int timeout_ms, struct err *e);
void journal_unlock(struct journal *j);

/* Under the lock. On the disk when it returns 0. */
int journal_set(struct journal *j, enum journal_state state, struct err *e);

/* Does the process that receives live? */
bool journal_is_alive(const struct journal *j);

/* Nobody will ask again: remove all of it. */
int journal_remove(struct journal *j, struct err *e);
/* It is aborted, and nothing of it lives: write that down, and remove all of it. On a full disk, too. */
int journal_abandon(struct journal *j, struct err *e);
/* Remove the images, keep the state. */
int journal_remove_images(struct journal *j, struct err *e);

/* The directory images/@round, made. */
int journal_images(const struct journal *j, unsigned round, int *ret, struct err *e);

/*
 * Call @fn for each token that is there, with its journal opened (not locked); what cannot be read is passed over.
 */
int journal_each(int data, int (*fn)(struct journal *j, void *context), void *context,
		 struct err *e);

/* ---- the sending host ---- */

/* A place for images on their way out; it goes with outbox_close, or when the next one is made, if we are killed. */
struct outbox {
	int root, dir;
	char name[WIRE_NONCE + 8];
};

#define OUTBOX_EMPTY                                                                               \
	{                                                                                          \
		.root = -EBADF, .dir = -EBADF                                                      \
	}

/* Remove those of killed processes. */
void outbox_sweep(int data);

int outbox_open(int data, const char *token, struct outbox *ret, struct err *e);
/* Directory @round, made. */
int outbox_images(const struct outbox *o, unsigned round, int *ret, struct err *e);
/* Remove directory @round, if it is there. */
int outbox_clear(const struct outbox *o, unsigned round, struct err *e);
void outbox_close(struct outbox *o);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations of a container that runs on another host, ready to be started here, below the data root:
 *
 *   DATA/.standby/ID/state.json        whose turn it is (struct standby_state); replaced as a whole and fsynced
 *   DATA/.standby/ID/N/                generation N, complete since the rename that gave it this name
 *        manifest.json                 what it is, and digests of delta, config.json and proposal.json
 *        config.json, proposal.json    of the container, as its host described it
 *        delta                         what its files changed since generation N's parent (rootfs/treesync.h)
 *        memory/images/                CRIU's, on top of those of the parent (link "parent") unless they are whole
 *        memory/digests.json           of the images
 *   DATA/.standby/ID/base.json, base/  the files as of one generation: deltas go on from there
 *   DATA/.standby/ID/incoming-*        being received; locked (flock) by who does
 *   DATA/ID                            its layers, with an upper directory that means nothing yet
 *
 * The directory DATA/.standby/ID is locked (flock) by whoever changes anything but what is incoming.
 *
 * Epochs decide who may run it. A host that takes over counts one up and writes that down before anything runs; what
 * comes from a host with a lower epoch is refused from then on, and that host is told that it is fenced.
 */
#ifndef CTR_CHECKPOINT_STANDBY_H
#define CTR_CHECKPOINT_STANDBY_H

#include <stdbool.h>
#include <stdint.h>

#include "checkpoint/wire.h"
#include "util/arena.h"
#include "util/digest.h"
#include "util/err.h"
#include "util/id.h"

#define STANDBY_DIR	 ".standby"   /* in DATA */
#define REPLICATE_DIR	 ".replicate" /* in DATA: of the host that runs it (replicate.h) */
#define STANDBY_MEMORY	 "memory"
#define STANDBY_IMAGES	 "images"
#define STANDBY_DELTA	 "delta"
#define STANDBY_STATE	 "state.json"
#define STANDBY_KEEP_MAX 1000

struct standby_state {
	uint64_t epoch;	     /* 0: nobody has sent anything yet */
	bool active;	     /* it was taken over, and belongs here */
	bool started;	     /* and ran */
	uint64_t generation; /* from which; 0: none */
};

struct standby {
	int data; /* not owned */
	int dir;  /* DATA/.standby/ID; owned, holds the lock */
	char id[ID_MAX + 1];
	struct standby_state state;
};

#define STANDBY_EMPTY                                                                              \
	{                                                                                          \
		.data = -EBADF, .dir = -EBADF                                                      \
	}

/* One generation. Strings live in an arena. */
struct standby_generation {
	uint64_t number, parent; /* parent 0: it is whole */
	const char *
		instance; /* of the replication that made it: numbers of others mean something else */
	const char *created; /* RFC 3339 */
	const char *bundle;  /* directory on this host */
	uint64_t memory_bytes, file_bytes, hold_us;
	bool files;			       /* there is a delta */
	const char *delta, *config, *proposal; /* digests; delta may be NULL */
	bool files_there, memory_there;	       /* and all that they build on */
	bool usable;			       /* both */
};

struct standby_list {
	struct standby_generation *items; /* the oldest first */
	size_t count;
};

/*
 * Open DATA/.standby/ID; @create: made if it is missing, else -ENOENT. Not locked; the state is what it was a moment
 * ago.
 */
int standby_open(int data, const char *id, bool create, struct standby *ret, struct err *e);
void standby_close(struct standby *s);
/* It was opened with @create, and is not wanted: nothing stays, unless something was there before. */
void standby_forget(const struct standby *s);

/* Lock it, and read the state. -EBUSY after ten seconds. */
int standby_lock(struct standby *s, struct err *e);
void standby_unlock(struct standby *s);

/* Under the lock: on the disk when it returns 0. */
int standby_set(struct standby *s, const struct standby_state *state, struct err *e);

/*
 * As standby_set, for what may turn out not to be so: the state before is on the disk, too, and standby_take_back
 * needs no room to make it count again (@s does not know it then). standby_keep forgets it.
 */
int standby_try(struct standby *s, const struct standby_state *state, struct err *e);
void standby_take_back(const struct standby *s);
void standby_keep(const struct standby *s);

/* What is there and complete. */
int standby_look(const struct standby *s, struct arena *a, struct standby_list *ret, struct err *e);

/* The newest usable one, or NULL. */
const struct standby_generation *standby_newest(const struct standby_list *l);

/* Compare everything that generation @g is, and builds on, with its digests. -EBADMSG with the file's name. */
int standby_verify(const struct standby *s, const struct standby_list *l,
		   const struct standby_generation *g, struct err *e);

/* The directory of generation @number. */
int standby_generation_open(const struct standby *s, uint64_t number, int *ret, struct err *e);

/* ---- a new generation ---- */

/* A directory to be filled; its name for standby_complete. Locked until *ret is closed. */
int standby_begin(const struct standby *s, char name[64], int *ret, struct err *e);

/* Remove what nobody fills any more. */
void standby_sweep(const struct standby *s);

/*
 * The directory @dir, which standby_begin called @name, has delta, config.json, proposal.json and memory/images: write
 * digests and manifest, everything to the disk, then give it its name. Under the lock. -EEXIST.
 */
int standby_complete(const struct standby *s, const char *name, int dir,
		     const struct standby_generation *g, struct err *e);

/*
 * Keep the newest @keep, and whatever they build on, which is folded into the oldest of them now and then. Under
 * the lock. What is killed half way is done by the next call; no generation that is kept is unusable in between.
 */
int standby_drop_older(struct standby *s, unsigned keep, struct err *e);

/* Remove all generations but those of @instance. Under the lock. */
int standby_drop_others(struct standby *s, const char *instance, struct err *e);

/* Bring the files of generation @g into the empty directory @tree (1: there are some; 0: none are kept). */
int standby_files(const struct standby *s, const struct standby_list *l,
		  const struct standby_generation *g, int tree, struct err *e);

/* Call @fn for each id; non-zero ends it. */
int standby_each(int data, int (*fn)(const char *id, void *context), void *context, struct err *e);

/* Space that all of it takes, as du(1) counts. */
int standby_size(const struct standby *s, uint64_t *ret, struct err *e);

#endif

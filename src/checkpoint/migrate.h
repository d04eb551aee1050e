/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A running container goes to another host (doc/migration.md). At every instant one side runs it, or may:
 *
 *	source                                    destination
 *	runs; images and files go over in rounds
 *	final dump: tasks stand, CRIU holds them
 *	                                          tasks exist and stand: PREPARED
 *	fence up: written down, frozen, cut off
 *	COMMIT                                    written down: committing
 *	                                          tasks go on; written down: RUNNING
 *	removed
 *
 * With rq->post_copy its memory goes last, while it runs there already; until that is complete the tasks here stand, and
 * what is wanted is read from them.
 *
 * Before COMMIT whatever fails leaves the container running here. After it, the source does nothing until it knows
 * what the destination has written down: it asks, by new connections, as long as it may, and whoever comes later
 * goes on asking (migrate_recover).
 */
#ifndef CTR_CHECKPOINT_MIGRATE_H
#define CTR_CHECKPOINT_MIGRATE_H

#include "checkpoint/checkpoint.h"
#include "checkpoint/transport.h"
#include "util/problems.h"

enum migrate_fate {
	MIGRATE_STAYED, /* it runs here, as before */
	MIGRATE_MOVED,
	MIGRATE_IN_DOUBT, /* it stands here, fenced; it may run there */
	MIGRATE_GONE,	  /* it moved, and was deleted there; nothing is left here */
};

enum migrate_step {
	MIGRATE_CONNECT,
	MIGRATE_NEGOTIATE,
	MIGRATE_FILES,
	MIGRATE_ROUND, /* memory, while it runs */
	MIGRATE_FINAL, /* it stands */
	MIGRATE_RESTORE,
	MIGRATE_COMMIT,
	MIGRATE_PAGES,	 /* it runs there, and fetches memory */
	MIGRATE_RESOLVE, /* asking what became of it */
	MIGRATE_STEPS,
};

/* "connect", "negotiate", ... */
const char *migrate_step_name(enum migrate_step step);

struct migrate_request {
	int store, data; /* state root, data root; not owned */
	const char *id;
	const char *as;	   /* what it is to be called there; NULL: the same */
	const char *token; /* a new one: wire_nonce */
	const struct transport *to;
	const char *criu; /* program, or NULL */
	struct checkpoint_flags flags;
	bool dry_run;		  /* only ask what would be in the way */
	bool no_preflight;	  /* and do not ask what criu cannot save */
	bool post_copy;		  /* let it run there before its memory has come */
	bool copy_rootfs;	  /* send the bundle's root even if there is one */
	unsigned max_downtime_ms; /* what to aim at */
	unsigned max_rounds;	  /* of memory before the last; 0: none */
	int timeout_ms;		  /* nothing moves for so long: give up */
	int restore_ms;		  /* the same while the destination restores */
	int resolve_ms;		  /* how long to ask what became of it */
	int interrupt; /* becomes readable: give up, if that is still possible; < 0: never */
	/* Told at the beginning of each step, and as bytes go. Or NULL. */
	void (*tell)(void *data, enum migrate_step step, unsigned round, uint64_t bytes);
	void *data_of_tell;
};

struct migrate_result {
	enum migrate_fate fate;
	bool blocked;	       /* something of the container cannot be saved: -EBUSY */
	unsigned rounds;       /* of memory, the last one included */
	uint64_t memory_bytes; /* of images */
	uint64_t file_bytes;
	uint64_t wire_bytes;		       /* all that was sent */
	uint64_t fetched_pages, fetched_bytes; /* of memory, since it was stopped: post-copy */
	uint64_t total_us, down_us, predicted_us;
	/* It has run there without all of its memory, was ended, and goes on here from when it was stopped. */
	bool went_back;
	uint64_t held_us; /* how long new TCP connections were kept waiting before the down time */
	unsigned lost; /* TCP connections that did not come along: nobody accepted them in time */
	struct problems problems; /* what the destination objects to; problems_free */
};

/*
 * The container runs, and nobody has its lock. On failure, ret->fate tells where it is. Errors of the link are
 * -ECONNRESET, -ETIMEDOUT, -ECONNABORTED (the destination gave up, and said why), -EXDEV (it objects:
 * ret->problems); those of checkpoint_dump else; -ECANCELED. Needs root.
 */
int migrate_run(const struct migrate_request *rq, struct migrate_result *ret, struct err *e);

/*
 * What became of a move that somebody began who was killed: ask, and act accordingly. @how: store, data, id,
 * times; to and token are those of the container's record when it is fenced, else of @how if given: then the
 * destination is told to forget the token. 0: ret->fate is not in doubt. -ENOENT: it is not here, and as far as is known
 * not there either.
 */
int migrate_recover(const struct migrate_request *how, struct migrate_result *ret, struct err *e);

/* Without asking: what the operator knows. @here: let it go on; else remove it. The fence must be up. */
int migrate_settle(const struct migrate_request *how, bool here, struct err *e);

/* ---- between the files of this topic ---- */

/*
 * The answer to a proposal. Its objections and warnings are added to *ret; -EXDEV with the first of them in @e if it
 * objects. *ret_copy_rootfs: the files of the root have to come along.
 */
int migrate_hear_answer(const struct migrate_request *rq, struct wire *w, struct problems *ret,
			bool *ret_copy_rootfs, struct err *e);

enum migrate_verdict {
	MIGRATE_ABORTED,   /* it has not run there, and will not */
	MIGRATE_RUNNING,   /* it runs there */
	MIGRATE_LOST,	   /* it may have run there, and will not any more */
	MIGRATE_WAS_THERE, /* it ran there, and was deleted there since */
};

/* @id: what it is called there, or NULL. -EINPROGRESS: the destination does not know yet. */
int migrate_ask(const struct transport *to, const char *token, const char *id, int timeout_ms,
		enum migrate_verdict *ret, struct err *e);
/* The same, again and again until rq->resolve_ms are over: then -EINPROGRESS or another error. */
int migrate_resolve(const struct migrate_request *rq, const struct transport *to, const char *token,
		    enum migrate_verdict *ret, struct err *e);
/* Tell that nothing is left here, or that it was heard what was lost; what fails is passed over. */
void migrate_tell_done(const struct transport *to, const char *token, int timeout_ms);

/* The container of @rq with its lock, running, not fenced; its config read. */
int migrate_open(const struct migrate_request *rq, struct container **ret, struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host that a container comes to (migrate.h, doc/migration.md). Whoever may talk to this has been let in by
 * somebody else: by ssh, by the permissions of a socket. What comes is data; which processes it may become is
 * decided by the config.json that comes along and by checkpoint_restore, with this ctr's privileges; with
 * present_only, by what the operator has put here himself.
 */
#ifndef CTR_CHECKPOINT_RECEIVE_H
#define CTR_CHECKPOINT_RECEIVE_H

#include "checkpoint/journal.h"
#include "checkpoint/wire.h"
#include "container/container.h"

struct receive_request {
	int store, data; /* not owned */
	const char *criu;
	const struct caller *caller;
	enum cgroup_driver driver;
	const char *bundle_root; /* judge.h */
	bool present_only;
	int64_t keep_free; /* bytes that stay free in the data root; < 0: a hundredth of it, 1 GiB at most */
	const char *
		log_dir; /* what restored programs write to pipes goes to ID.log there; NULL: away */
	int progress_ms; /* as long as a move has not come, 1 MiB of it must come in each such time; 0: no matter */
	int commit_ms; /* how long restored tasks stand and wait for the word */
	/* Told once there is a journal of this token. Or NULL. */
	void (*began)(void *data, const char *token);
	void *context;
};

/*
 * Serve one connection: a move, or a question about one. The process must not be used for anything else: its
 * descriptors 0 to 2 become those of the restored program, which is our child. When it fails the other end was told.
 */
int receive_serve(const struct receive_request *rq, struct wire *w, struct err *e);

/* How many bytes may still come to the filesystem of @dir: at least 1, for 0 means no limit elsewhere. */
uint64_t receive_room(const struct receive_request *rq, int dir);

/* The disk was full for what came, because some of it is kept free: say so in @e. @r, as it is. */
int receive_explain_full(int r, struct err *e);

/*
 * What is to be answered for @token: is its container running here? If nobody works on it any more, it is made
 * definite first: what was not committed, or did not come to run, is removed. @wait_ms: for those who work on
 * it. -EBUSY: not known yet.
 */
int receive_settle(const struct receive_request *rq, const char *token, int wait_ms,
		   enum journal_state *ret, struct err *e);

/* The same for all that are here and have no process any more. */
int receive_sweep(const struct receive_request *rq, struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of a container: state.json in its directory, replaced as a whole under the
 * lock. Written before the first kernel object exists, so that whatever a killed ctr leaves behind
 * can be found and removed.
 */
#ifndef CTR_CONTAINER_RECORD_H
#define CTR_CONTAINER_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroups/cgroup.h"
#include "cgroups/resctrl.h"
#include "container/process.h"
#include "net/setup.h"
#include "oci/json_out.h"
#include "oci/spec.h"
#include "util/arena.h"
#include "util/caller.h"
#include "util/err.h"

enum container_phase {
	PHASE_CREATING, /* objects are being made */
	PHASE_CREATED,	/* init waits for start */
	PHASE_RUNNING,	/* the payload was let go */
};

#define RECORD_FILE	"state.json" /* in the directory of a container */
#define RECORD_FETCHING "fetching"   /* beside it */

/* How a container's init ended, as far as anybody could find out. */
struct container_exit {
	bool known;
	int code;	      /* exit code, 128 + signal when killed */
	int signal;	      /* 0: it exited */
	bool oom;	      /* its cgroup had an OOM kill */
	uint64_t oom_kills;   /* how many */
	const char *finished; /* RFC 3339, when it was seen; NULL: unknown */
};

/* The root filesystem is an overlay. */
struct container_overlay {
	bool used;
	const char *
		data; /* the data root that has the layers; NULL: on a tmpfs of the container's own */
	uint64_t size;	  /* limit on what the container writes, in bytes; 0: none */
	oci_strings base; /* absolute paths of what is below its layers, the uppermost first */
};

/* Who had it paused. */
struct container_pause {
	pid_t pid; /* the caller of ctr, in the pid namespace of that; 0: nobody that we know of */
	uint32_t uid;
	const char *command; /* the name of that process, maybe "" */
	const char *since;   /* RFC 3339 */
};

/*
 * Its last move between hosts: away, and then nobody lets it go on here until it is known what became of it
 * there (container/fence.h); or from there to here.
 */
struct container_move {
	const char *token; /* of this move, the same on both hosts; NULL: it never moved */
	bool away;
	bool taken;	   /* not handed over: the other host took it, and does not give it back */
	const char *peer;  /* the other host, as the user called it */
	const char *since; /* RFC 3339 */
	const char *data;  /* not away: the data root with the journal of its arrival; or NULL */
	oci_strings words; /* away: how it is reached (checkpoint/transport.h) */
};

struct container_record {
	const char *id, *bundle, *rootfs, *created; /* created: RFC 3339, UTC, nanoseconds */
	enum container_phase phase;
	struct process_identity init; /* pid 0: none yet */
	enum cgroup_driver cgroup_driver;
	const char *cgroup_path;	   /* NULL: none */
	struct cgroup_owner cgroup_before; /* set if it was there and was handed over */
	unsigned cgroup_made;
	struct caller creator; /* what they could do: a plan that is made again must be the same */
	struct resctrl_place resctrl;
	uint32_t owner;	    /* uid of who made it */
	bool hooks_started; /* a create hook ran: poststop hooks are due */
	bool hooks_done;    /* poststop hooks ran already */
	bool no_poststop; /* config.json has no poststop hooks: whoever removes it need not read it */
	bool no_keyring;   /* exec does as create did */
	bool merge_memory; /* the same */
	struct container_exit exit;
	struct container_overlay overlay;
	struct container_pause pause; /* it is about a container that is paused, and no other */
	struct container_move move;
	bool fetching; /* its memory still comes from there: the file RECORD_FETCHING is in its directory */
	/* The mark of a bundle that goes with it (made_bundle.h), and the data root of those who made it; or NULL. */
	const char *made_bundle, *made_data;
	const char *
		memory_mark; /* of the last dump that counts changes (checkpoint/tracking.h); or NULL */
	struct net_setup network; /* no items: config.json decides */
	oci_pairs annotations;
};

/* Write it into the container's directory. Caller holds the lock. */
int record_save(int dir, const struct container_record *r, struct err *e);

/*
 * Read it; strings live in @a. -ENOENT: no record (the creator died before writing one, or is about
 * to); -EBADMSG: damaged. Both leave *ret zeroed.
 */
int record_load(int dir, struct arena *a, struct container_record *ret, struct err *e);

/* The member @key of the object that is being written: who paused it. Nothing when nobody did. */
void record_write_pause(struct json_out *o, const char *key, const struct container_pause *p);

/* The member @key: its last move; without the words, which are for the record alone, unless @all. */
void record_write_move(struct json_out *o, const char *key, const struct container_move *m,
		       bool all);

/* The text of a record; -EBADMSG as above. */
int record_parse(const char *text, size_t len, struct arena *a, struct container_record *ret,
		 struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container's processes and memory as files, with CRIU: the one call that commands, snapshots, migration
 * and standby use. What becomes of the files is not known here.
 *
 * The directories of images hold what CRIU writes, descriptors.json (checklist 4.2) and nothing of
 * authority: restore.h decides by the caller's config.json.
 */
#ifndef CTR_CHECKPOINT_CHECKPOINT_H
#define CTR_CHECKPOINT_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "container/container.h"
#include "util/err.h"

/* How CRIU finds the container's cgroups: ctr makes and removes them itself, so that all mean the same. */
enum checkpoint_cgroups {
	CHECKPOINT_CGROUPS_DEFAULT,
	CHECKPOINT_CGROUPS_IGNORE,
	CHECKPOINT_CGROUPS_SOFT,
	CHECKPOINT_CGROUPS_FULL,
	CHECKPOINT_CGROUPS_STRICT,
};

/* What keeps packets away while sockets are saved. */
enum checkpoint_netlock {
	CHECKPOINT_NETLOCK_DEFAULT, /* what this host has */
	CHECKPOINT_NETLOCK_IPTABLES,
	CHECKPOINT_NETLOCK_NFTABLES,
	CHECKPOINT_NETLOCK_SKIP,
};

/* Options that checkpoint and restore share (checklist 4.1). */
struct checkpoint_flags {
	bool tcp_established, tcp_close, tcp_skip_in_flight, link_remap, ext_unix_sk, shell_job;
	bool file_locks, lazy_pages, auto_dedup, empty_netns;
	enum checkpoint_cgroups cgroups;
	enum checkpoint_netlock netlock;
	const char *lsm_profile;       /* TYPE:NAME, or NULL */
	const char *lsm_mount_context; /* or NULL */
};

/* How long criu works depends on the data; for whoever has to be told meanwhile that it goes on, or helps it. */
struct checkpoint_patience {
	void (*tick)(void *data); /* NULL: nobody */
	void *data;
	int every_ms; /* positive; only while criu is silent */
	/* Called when @fd is readable. Negative: the request fails with that. NULL: there is no such thing. */
	int (*turn)(void *data, struct err *e);
	int fd; /* not owned */
};

/* TCP connections that no process has in its hands before a dump. */
struct checkpoint_quiet {
	int64_t stopped_us;  /* CLOCK_MONOTONIC: when the tasks were told to stop; 0: they run */
	uint64_t held_us;    /* how long new ones were kept waiting before that */
	unsigned unaccepted; /* that nobody accepted in time */
	unsigned unsent;     /* closed ones of which the other side has not got all */
};

enum {
	CHECKPOINT_DRAIN_MS =
		1000 /* of drain_ms, where nobody says otherwise: a SYN is sent again then */
};

struct checkpoint_request {
	const char *criu;   /* the program, or NULL: the one that is installed */
	int images, work;   /* directories; not owned */
	const char *parent; /* the images before these, relative to @images; NULL: none */
	bool pre_dump;	    /* memory only, while the container runs on */
	bool leave_running;
	bool track_memory; /* the next dump may name this one as its parent */
	struct checkpoint_flags flags;
	const char *page_server; /* ADDRESS:PORT that takes the pages, or NULL */
	bool pages_given; /* with lazy pages: complete() gives them away, and criu has nothing to serve */
	struct checkpoint_patience patience;
	/*
	 * New TCP connections are kept waiting for so long at most, until those that are there have been accepted, and then
	 * until the dump is over: criu refuses what is not accepted, or loses it. 0: do not. Not for pre_dump.
	 */
	int drain_ms;
	int status_fd; /* gets a NUL when lazy pages can be fetched; < 0: none */
	/*
	 * The images are complete, and every task stands still, its network shut. 0: go on as asked. Negative: the
	 * container runs on as before, and the dump fails with that. Should ctr die in it, the
	 * container runs on. Not called for pre_dump. NULL: go on.
	 */
	int (*complete)(void *data, struct container *c, struct err *e);
	/*
	 * With drain_ms, when that time is over, and again when the tasks stand: negative, and the dump is given up with that,
	 * before anything of the container was touched. NULL: go on; criu will refuse what nobody has accepted.
	 */
	int (*quiet)(void *data, const struct checkpoint_quiet *q);
	void *data; /* of both */
};

/* From CRIU's stats-dump; times in microseconds, sizes in bytes. */
struct checkpoint_result {
	uint64_t pages_scanned, pages_skipped_parent, pages_written; /* numbers of pages */
	uint64_t bytes_written;					     /* memory */
	uint64_t freezing_us, frozen_us, memdump_us, memwrite_us;
};

/* Exit codes of the commands, so that callers need not read texts. */
enum checkpoint_exit {
	CHECKPOINT_EXIT_BLOCKED = 3, /* something of the container cannot be saved; it runs on */
	CHECKPOINT_EXIT_NO_CRIU =
		4, /* criu is missing, too old, or the kernel lacks what it needs */
	CHECKPOINT_EXIT_CRIU_FAILED = 5, /* criu failed; a dumped container runs on */
	CHECKPOINT_EXIT_BAD_IMAGES =
		6,		  /* the files are not what they should be, or not allowed here */
	CHECKPOINT_EXIT_LINK = 7, /* the other host, or the way to it, failed; it runs on here */
	CHECKPOINT_EXIT_IN_DOUBT =
		8, /* the other host may run it: ask it again before anything else */
	CHECKPOINT_EXIT_FENCED = 9, /* another host has taken the container over */
};

/*
 * The exit code for an error @r (negative) of checkpoint_dump or checkpoint_restore: -ENOPKG is
 * CHECKPOINT_EXIT_NO_CRIU, -EREMOTEIO CHECKPOINT_EXIT_CRIU_FAILED, -EBADMSG CHECKPOINT_EXIT_BAD_IMAGES; 1 else.
 */
int checkpoint_exit_code(int r);

/*
 * Dump @c, which container_open locked and which runs or is paused. With neither pre_dump nor leave_running its
 * tasks have ended when this returns 0, and the caller removes the container (container_destroy). On failure
 * the container is as it was, and @e says in a sentence what CRIU could not do; its log stays in rq->work.
 * Needs root, or CAP_CHECKPOINT_RESTORE where criu can do with it.
 */
int checkpoint_dump(struct container *c, const struct checkpoint_request *rq,
		    struct checkpoint_result *ret, struct err *e);

#endif

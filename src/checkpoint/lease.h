/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lease: the host that sends generations of a container (replicate.h) may run it only until some time after the other one
 * has said so, and the other one starts it no sooner. The purpose "lease" of a connection (receive.h):
 *
 *   source                                          here
 *   LEASE {id, epoch, milliseconds, asked, asker, word} -->
 *                                               <--  LEASE {fenced, epoch}
 *   as often as it likes, then DONE
 *
 * word: "renew"; "free": it runs on, and does not ask any more; "ended": it does not run any more.
 *
 * Each host looks at its own CLOCK_BOOTTIME only. The source counts from before it asked, the other one from after it
 * heard: so the source's time is up first, if the two clocks run equally fast. That they do not is what the margins
 * are for: the source stops the container after three quarters of the time; after seven eighths it waits for nothing
 * any more; the other host waits for a fiftieth longer than the whole.
 *
 *   DATA/.standby/ID/lease.json	what was granted here last, on the disk before it is said
 */
#ifndef CTR_CHECKPOINT_LEASE_H
#define CTR_CHECKPOINT_LEASE_H

#include "checkpoint/receive.h"
#include "checkpoint/standby.h"
#include "checkpoint/transport.h"
#include "container/lapse.h"

#define LEASE_PURPOSE "lease"
#define LEASE_FILE    "lease.json"

enum {
	LEASE_MIN_MS = 1000,
	LEASE_MAX_MS = 24 * 3600 * 1000,
};

/* Of a lease of @ms that was asked for at @since: when the container is stopped, */
static inline uint64_t lease_stop_at(uint64_t since, uint64_t ms)
{
	return since + ms - ms / 4;
}

/* when it is, whatever else is under way, */
static inline uint64_t lease_stop_late(uint64_t since, uint64_t ms)
{
	return since + ms - ms / 8;
}

/* and, of one that was granted at @granted, when it surely stands. */
static inline uint64_t lease_over_at(uint64_t granted, uint64_t ms)
{
	return granted + ms + ms / 50;
}

/* ---- the standby ---- */

enum lease_word {
	LEASE_NONE,  /* nobody has ever asked */
	LEASE_RENEW, /* it may run until ... */
	LEASE_FREE,  /* it runs, without asking any more */
	LEASE_ENDED, /* it does not run */
};

struct lease_grant {
	enum lease_word word;
	uint64_t epoch;	  /* of the source */
	uint64_t left_ms; /* until it surely stands; 0: it does */
};

/* Serve one connection after its hello. When it fails the other end was told. */
int lease_serve(const struct receive_request *rq, struct wire *w, struct err *e);

/* What was granted last. -EBADMSG when the record is damaged. */
int lease_grant_look(const struct standby *s, struct lease_grant *ret, struct err *e);

/*
 * Under the lock of @s, which keeps everybody from being granted another one: wait until the host with the epoch that
 * @s has surely stands. @tell is told once how long that takes. -EBUSY: it runs without asking, so that nobody knows.
 */
int lease_await(const struct standby *s, void (*tell)(void *data, uint64_t ms), void *data,
		uint64_t *ret_waited_ms, struct err *e);

/* Under the lock: one that has ended to ask begins to send without a lease: that is as if there never was one. */
int lease_drop_free(const struct standby *s, struct err *e);

/* ---- the source ---- */

const char *lease_word_name(enum lease_word word);

struct lease_link {
	const struct transport *to;
	const char *id; /* as the other host calls it */
	uint64_t epoch, ms;
	int timeout_ms, interrupt; /* of the wire */
	struct wire *w;		   /* or NULL: is made when it is needed */
	pid_t program;
};

/*
 * Say @word, and hear the answer. -EOWNERDEAD: another host has taken over, *ret_epoch is its epoch. After any
 * failure the connection is of no use any more: lease_hang_up() is for the caller, who may have to do other things first.
 */
int lease_say(struct lease_link *l, enum lease_word word, uint64_t *ret_epoch, struct err *e);
/* Without waiting for anything. */
void lease_hang_up(struct lease_link *l);

#endif

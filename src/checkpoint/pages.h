/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that comes after the tasks (doc/migration.md, "Post-copy"): the destination's `criu lazy-pages` asks for it, the source's
 * ctr reads it from tasks that stand still, and the connection carries both (WIRE_PAGES). criu's own page server
 * is not used: it takes the end of its socket, however early, for success, and ends the tasks.
 */
#ifndef CTR_CHECKPOINT_PAGES_H
#define CTR_CHECKPOINT_PAGES_H

#include <stdint.h>

#include "checkpoint/wire.h"
#include "container/container.h"
#include "util/err.h"

/* ---- what the destination says ---- */

enum {
	PAGES_WANT_SIZE = 24, /* bytes of a message */
	PAGES_WANT_MAX = 1 << 20,
};

/* Numbers in network order: u64 pid | u64 address | u64 count. */
struct pages_want {
	uint64_t pid;	  /* as the container sees it */
	uint64_t address; /* of the first one */
	uint64_t count;	  /* at most PAGES_WANT_MAX */
};

void pages_want_write(const struct pages_want *want, unsigned char ret[PAGES_WANT_SIZE]);
/* -EBADMSG for what nobody can want. Pure. */
int pages_want_read(const struct wire_message *m, struct pages_want *ret, struct err *e);

/* ---- the source ---- */

struct pages_store; /* opaque */

/* Of the tasks of @c, which stand still as long as the store is used. Needs CAP_SYS_PTRACE. */
int pages_store_open(const struct container *c, struct pages_store **ret, struct err *e);
void pages_store_close(struct pages_store *s);

/*
 * wire_expect, but what the destination wants meanwhile is given. Besides its errors: -ESTALE when the memory is not
 * what the images say of it.
 */
int pages_store_serve(struct pages_store *s, struct wire *w, enum wire_type type, struct err *e);

/* What went out so far. */
struct pages_count {
	uint64_t requests, pages, bytes;
};

struct pages_count pages_store_count(const struct pages_store *s);

#endif

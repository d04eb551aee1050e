/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `criu lazy-pages`: the process, and the form of what it says to a page server (criu/page-xfer.c, struct
 * page_server_iov), in this machine's order: u32 command | number of pages | u64 address | u64 pid. The number has 32 bits;
 * in criu of 2025 and later 64, at their own alignment. Which it is shows in its first request.
 */
#ifndef CTR_CHECKPOINT_PAGES_DAEMON_H
#define CTR_CHECKPOINT_PAGES_DAEMON_H

#include "checkpoint/criu.h"
#include "checkpoint/pages.h"
#include "checkpoint/pages_sink.h"

#define PAGES_DAEMON_LOG "lazy-pages.log" /* in the directory of work */

enum {
	PAGES_DAEMON_RECORD = 32, /* bytes, at most */
};

/* What pages_daemon_hear returns. */
enum {
	PAGES_DAEMON_QUIET = 0,
	PAGES_DAEMON_WANTS,
	PAGES_DAEMON_CLOSES,
};

struct pages_daemon {
	struct criu_process process; /* its socket is that of the page server */
	unsigned char record[PAGES_DAEMON_RECORD];
	size_t have;
	bool known, wide; /* the number of pages has 64 bits */
	bool parted;
};

#define PAGES_DAEMON_EMPTY                                                                         \
	{                                                                                          \
		.process = CRIU_PROCESS_EMPTY                                                      \
	}

int pages_daemon_start(const struct pages_sink_request *rq, struct pages_daemon *ret,
		       struct err *e);
/* Whatever it does: nobody is served any more, or must live. */
void pages_daemon_end(struct pages_daemon *d);

/* The next thing that it says, without waiting. -EREMOTEIO, -EPROTO. */
int pages_daemon_hear(struct pages_daemon *d, struct pages_want *ret, struct err *e);

/* What stands before the memory for @want: its length. */
size_t pages_daemon_header(const struct pages_daemon *d, const struct pages_want *want,
			   unsigned char ret[PAGES_DAEMON_RECORD]);

/* Does it still hold memory of tasks that is not complete (a userfaultfd)? When that cannot be told, too. */
bool pages_daemon_serves(const struct pages_daemon *d);

/* It may go now. */
int pages_daemon_answer_close(struct pages_daemon *d, struct err *e);

/* It has ended: 0 if it has parted as it should. -EREMOTEIO. */
int pages_daemon_reap(struct pages_daemon *d, struct err *e);

#endif

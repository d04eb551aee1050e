/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The caller's side of a container's terminal: handing the master over, or relaying it. */
#ifndef CTR_CONTAINER_TERMINAL_H
#define CTR_CONTAINER_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "util/err.h"

/*
 * Send the master to the AF_UNIX stream socket at @path: one message, the name "/dev/ptmx" with the
 * fd as SCM_RIGHTS (checklist 3.4). Never blocks longer than ten seconds, whatever the peer does.
 */
int terminal_send(const char *path, int master, struct err *e);

/* Give @master the size of the caller's terminal, if stdin is one that has a size. */
void terminal_take_size(int master);

/* One direction of a relay: what was read and not written yet. */
struct relay_flow {
	int from, to; /* from < 0: the end was reached */
	size_t start, end;
	char buf[8192];
};

struct relay {
	int master;
	int slave; /* kept open: else the terminal ends for us when nobody in the container has it open */
	bool raw; /* the caller's terminal is in raw mode and has to be restored */
	struct termios saved;
	struct relay_flow in, out;
};

/*
 * Prepare to relay between the caller's stdin and stdout and @master. If stdin is a terminal it goes
 * into raw mode, and its size becomes the container's.
 */
int relay_start(struct relay *r, int master, struct err *e);
/* Copy the size of the caller's terminal to the container's. */
void relay_resize(const struct relay *r);
/* Restore the caller's terminal. Safe to call again, and on a zeroed relay. */
void relay_stop(struct relay *r);

enum {
	RELAY_POLLFDS = 4
};
struct pollfd;
/* What poll should watch (RELAY_POLLFDS entries), and what to do about its answer. */
void relay_prepare(const struct relay *r, struct pollfd *p);
void relay_handle(struct relay *r, const struct pollfd *p);
/* The container is gone: pass on what its terminal still holds. */
void relay_drain(struct relay *r);

#endif

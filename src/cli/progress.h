/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far something has come that takes its time: a line on a terminal, JSON lines for programs, or nothing. */
#ifndef CTR_CLI_PROGRESS_H
#define CTR_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "copy" */
	bool json, line;
	uint64_t shown; /* when something was shown last, CLOCK_MONOTONIC in microseconds */
	bool any;
};

/* @word: "json", "none", or NULL for a line if standard error is a terminal. */
void progress_init(struct progress *p, const char *what, const char *word);

/* Show it, at most ten times a second. */
void progress_show(struct progress *p, uint64_t bytes, uint64_t files);

/* Take the line away. */
void progress_end(struct progress *p);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the time of a command goes: phases, kept in memory while it runs and written at its end in the format that Chrome,
 * Perfetto and speedscope read. One of the few places with state of its own, as a log is; when nobody asked for a trace,
 * a phase costs one comparison and no system call.
 */
#ifndef CTR_UTIL_TRACE_H
#define CTR_UTIL_TRACE_H

#include <stdint.h>

#include "util/err.h"

enum trace_lane {
	TRACE_CTR,
	TRACE_INIT, /* what ctr-init does meanwhile, as ctr sees it from outside */
	TRACE_LANES
};

/*
 * From now on phases are kept, for the file @path (it must stay), which is made or emptied now, never through a
 * symlink. Negative errno.
 */
int trace_open(const char *path, struct err *e);

/* Write what was kept; @title is what the process is called, a word of ours. Nothing to do: 0. */
int trace_finish(const char *title, struct err *e);

/* For TRACE_PHASE. @name must stay, and is a text of ours: neither quotes nor backslashes. */
struct trace_phase {
	const char *name;
	uint64_t since; /* CLOCK_MONOTONIC, ns; 0: nobody wants to know */
	enum trace_lane lane;
};

struct trace_phase trace_begin(enum trace_lane lane, const char *name);
void trace_end(struct trace_phase *phase);

/* A declaration: the phase lasts until the end of the block that it stands in. */
#define TRACE_PHASE(lane, name)                                                                    \
	struct trace_phase trace_phase_ __attribute__((cleanup(trace_end), unused)) =              \
		trace_begin(lane, name)

#endif

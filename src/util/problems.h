/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of mistakes, for who wants all of them at once and in the document's words (ctr validate).
 * Everybody else stops at the first: struct err has no list then, and the same code returns it.
 *
 *	struct problems all = PROBLEMS_INIT;
 *	struct err e = { .problems = &all };
 *	r = check_something(spec, &e);     // err_keep() inside: 0 although there are problems
 *
 * Stages keep one mistake from being told twice: an error that a later stage finds in a value, or in one
 * that holds it, is left out when an earlier stage already found one there.
 */
#ifndef CTR_UTIL_PROBLEMS_H
#define CTR_UTIL_PROBLEMS_H

#include <stdbool.h>

#include "util/err.h"

enum {
	PROBLEMS_MAX = 1000 /* more are only counted */
};

enum problem_severity {
	PROBLEM_ERROR,
	PROBLEM_WARNING,
};

struct problem {
	enum problem_severity severity;
	unsigned stage;
	size_t at, order; /* for who sorts them; problems_add sets 0 */
	struct err err;
};

/* An item that was left out of an array, because it could not be read. */
struct problems_gap {
	char *array; /* JSON pointer */
	size_t index;
};

struct problems {
	struct problem *items;
	size_t count, room;
	size_t omitted; /* beyond PROBLEMS_MAX */
	struct problems_gap *gaps;
	size_t gap_count, gap_room;
	bool compacted; /* pointers count without the gaps from now on */
	unsigned stage;
};

#define PROBLEMS_INIT                                                                              \
	{                                                                                          \
		.count = 0                                                                         \
	}

void problems_free(struct problems *p);

/* Copy what @e holds into the list, unless it is there already, or an earlier stage found that out. */
int problems_add(struct problems *p, enum problem_severity severity, const struct err *e);
/* Likewise in words, about the value at the JSON pointer @at of config.json; @hint may be NULL. */
int problems_addf(struct problems *p, enum problem_severity severity, const char *at,
		  const char *hint, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The decoder leaves item @index out of the array at the JSON pointer @array. -ENOMEM. */
int problems_gap(struct problems *p, const char *array, size_t index);
/* Decoding is over: arrays are shorter by the gaps, and pointers that come from now on are mended. */
void problems_compacted(struct problems *p);

/* What was said so far belongs together; what comes now is another stage. */
void problems_next_stage(struct problems *p);

/* Is there an error at the JSON pointer @at or inside that value? False for no list at all. */
bool problems_below(const struct problems *p, const char *at);
size_t problems_count(const struct problems *p, enum problem_severity severity);

/* The JSON pointer of an error: what its origin says behind the name of the document; "" for none. */
const char *problem_pointer(const struct err *e);

#endif

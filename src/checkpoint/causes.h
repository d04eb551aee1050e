/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why criu failed, from its log: a sentence that people understand, and what they can do. criu writes what it does at
 * great length; the message that matters is seldom the last one, and never says what it means.
 */
#ifndef CTR_CHECKPOINT_CAUSES_H
#define CTR_CHECKPOINT_CAUSES_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

struct cause {
	char text
		[512]; /* what could not be done, with process, descriptor and path as far as they are known */
	const char *hint; /* NULL: none */
	bool known;	  /* from the table; else the text quotes the log */
};

/*
 * The cause in @size bytes of a log, dump.log or restore.log, of criu 3.15 to 4.x. Pure, and safe for any bytes.
 * False: there is no error in it.
 */
bool causes_find(const char *log, size_t size, struct cause *ret);

/*
 * Replace the story of @e, that of a failed request, by the cause in the file @name of the directory @work,
 * whose path becomes its origin. When there is no such file, or no error in it, the story stays.
 */
void causes_explain(int work, const char *name, struct err *e);

/* ---- the table, for its tests ---- */

/*
 * A message of criu: "*" stands for any text, up to what follows it. $1, $2, $3 in @text are what the stars stood for.
 */
struct cause_pattern {
	const char *message;
	const char *text; /* NULL: it follows from another failure, or is none */
	const char *hint;
};

extern const struct cause_pattern cause_patterns[]; /* ended by one without message */

#endif

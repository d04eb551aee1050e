/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two texts compared by lines, as a unified diff (POSIX diff -u) that patch(1) applies. The algorithm is Myers' ("An
 * O(ND) Difference Algorithm and Its Variations", 1986), bounded: texts that have next to nothing in common
 * come as one piece taken away and one added.
 */
#ifndef CTR_UTIL_TEXTDIFF_H
#define CTR_UTIL_TEXTDIFF_H

#include <stdbool.h>
#include <stddef.h>

struct textdiff_text {
	const char *data;
	size_t size;
};

/* Is it something to be shown by lines? Like diff(1) and git: no NUL among the first 8000 bytes. */
bool textdiff_is_text(const struct textdiff_text *t);

/*
 * Call @line for each line of the hunks: @mark is '@' (@text is the whole "@@ -1,2 +1,2 @@"), ' ', '-', '+' or
 * '\\' (the line before it has no newline); @text without newline. 0 or -ENOMEM.
 */
int textdiff_unified(const struct textdiff_text *a, const struct textdiff_text *b,
		     void (*line)(void *data, char mark, const char *text, size_t size),
		     void *data);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one grammar of names that users give to things of ctr: containers, snapshots. */
#ifndef CTR_UTIL_ID_H
#define CTR_UTIL_ID_H

#include <stdbool.h>
#include <stddef.h>

enum {
	ID_MAX = 128 /* bytes */
};

/* How many bytes of @text, from its start, fit [A-Za-z0-9_+-][A-Za-z0-9_+.-]* (security.md R20). */
size_t id_span(const char *text);

/* True when all of @text does, and it is neither empty nor longer than ID_MAX. */
bool id_is_valid(const char *text);

#endif

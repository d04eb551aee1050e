/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names in a directory, read at once: what is done with them may change it. */
#ifndef CTR_UTIL_DIRNAMES_H
#define CTR_UTIL_DIRNAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "util/cleanup.h"
#include "util/dirnames.h"

struct dirnames {
	char **items; /* without "." and ".." */
	size_t count;
};

#define DIRNAMES_EMPTY                                                                             \
	{                                                                                          \
		.items = NULL, .count = 0                                                          \
	}

/*
 * Those in the directory @dir (a descriptor, whose own position does not matter) that @wanted says yes to, all if
 * it is NULL, in the order of their bytes. Negative errno.
 */
int dirnames_read(int dir, bool (*wanted)(const char *name), struct dirnames *ret);

void dirnames_free(struct dirnames *names);

#endif

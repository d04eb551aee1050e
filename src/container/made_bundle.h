/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bundles that ctr makes itself, for containers that come from other hosts. One has a mark in it, the name of whoever it was made
 * for; a bundle without it is the operator's, whatever it is called, and nothing of it is changed or removed.
 */
#ifndef CTR_CONTAINER_MADE_BUNDLE_H
#define CTR_CONTAINER_MADE_BUNDLE_H

#include <stdbool.h>

#include "util/err.h"

enum {
	MADE_BUNDLE_OWNER = 64 /* with its NUL */
};

/* The mark of @path: 0, -ENOENT when it has none (or is not there at all), -EPERM when others can write there. */
int made_bundle_owner(const char *path, char ret[MADE_BUNDLE_OWNER]);

/*
 * Make the bundle @path for @owner, and its parent if that is missing. It appears with its mark, or not at all. One that was
 * made before, for whomever, is taken over; -EEXIST: somebody else's.
 */
int made_bundle_make(const char *path, const char *owner, struct err *e);

/* Remove @path, with all that is in it, if its mark is @owner's, and what was left of making it for @owner. */
void made_bundle_remove(const char *path, const char *owner);

#endif

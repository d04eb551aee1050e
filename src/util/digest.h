/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 by nettle, which is loaded when the first digest is wanted. */
#ifndef CTR_UTIL_DIGEST_H
#define CTR_UTIL_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

enum {
	DIGEST_HEX = 65, /* "e3b0c442..." and its NUL */
	DIGEST_TEXT = 72 /* "sha256:" in front of it (image-spec descriptor.md, "Digests") */
};

struct digest;

/* A digest of nothing yet. -EOPNOTSUPP when the library is not there, or this ctr was built without. */
int digest_new(struct digest **ret, struct err *e);
void digest_update(struct digest *h, const void *data, size_t size);

/* The digest of all that came, as "sha256:HEX"; begins anew. */
void digest_finish(struct digest *h, char ret[DIGEST_TEXT]);

void digest_free(struct digest *h); /* NULL is fine */

static inline void digest_freep(struct digest **h)
{
	digest_free(*h);
}

/* Is it "sha256:" and 64 lower-case hexadecimal digits? Nothing else names a blob. */
bool digest_is_valid(const char *text);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/library.h"

bool digest_is_valid(const char *text)
{
	return strncmp(text, "sha256:", 7) == 0 && strlen(text) == DIGEST_TEXT - 1 &&
	       strspn(text + 7, "0123456789abcdef") == DIGEST_HEX - 1;
}

#ifdef HAVE_ARCHIVES

#include <nettle/sha2.h>

#define LIBRARY "libnettle.so.8" /* of nettle 3.4 to 3.x; configure asks for these */

#define FUNCTIONS(X)                                                                               \
	X(nettle_sha256_init)                                                                      \
	X(nettle_sha256_update)                                                                    \
	X(nettle_sha256_digest)

struct digest {
	struct sha256_ctx context;
	LIBRARY_TABLE(FUNCTIONS)
};

#define SYMBOL(f) { #f, offsetof(struct digest, f) },
static const struct library_symbol symbols[] = { FUNCTIONS(SYMBOL) };
#undef SYMBOL

int digest_new(struct digest **ret, struct err *e)
{
	cleanup_free struct digest *h = calloc(1, sizeof(*h));

	if (!h)
		return err_set(e, ERR_SYSTEM, ENOMEM, "compute a digest");
	if (library_load(LIBRARY, symbols, ARRAY_SIZE(symbols), h) < 0) {
		err_set(e, ERR_UNSUPPORTED, 0, "digests need " LIBRARY);
		err_hint(e, "install it (Debian: libnettle8)");
		return -EOPNOTSUPP;
	}
	h->nettle_sha256_init(&h->context);
	*ret = take_ptr(h);
	return 0;
}

void digest_update(struct digest *h, const void *data, size_t size)
{
	h->nettle_sha256_update(&h->context, size, data);
}

void digest_finish(struct digest *h, char ret[DIGEST_TEXT])
{
	unsigned char digest[SHA256_DIGEST_SIZE];

	h->nettle_sha256_digest(&h->context, sizeof(digest), digest);
	memcpy(ret, "sha256:", 7);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(ret + 7 + 2 * i, 3, "%02x", digest[i]);
}

#else

struct digest {
	char unused;
};

int digest_new(struct digest **ret, struct err *e)
{
	(void)ret;
	err_set(e, ERR_UNSUPPORTED, 0, "this ctr was built without digests");
	err_hint(e, "build it with --with-archives=yes");
	return -EOPNOTSUPP;
}

void digest_update(struct digest *h, const void *data, size_t size)
{
	(void)h;
	(void)data;
	(void)size;
}

void digest_finish(struct digest *h, char ret[DIGEST_TEXT])
{
	(void)h;
	ret[0] = '\0';
}

#endif

void digest_free(struct digest *h)
{
	free(h);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "checkpoint/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/library.h"

const char *const seal_names[] = {
	[SEAL_NONE] = "",
	[SEAL_ED25519] = "ed25519",
	[SEAL_HMAC] = "hmac-sha256",
};

void seal_key_clear(struct seal_key *k)
{
	explicit_bzero(k, sizeof(*k));
}

#ifdef HAVE_ARCHIVES

#include <nettle/base64.h>
#include <nettle/eddsa.h>
#include <nettle/hmac.h>

#define NETTLE	"libnettle.so.8"
#define HOGWEED "libhogweed.so.6"

/* What comes before the data: a value for this use is none for another. */
#define CONTEXT "ctr checkpoint archive 1\n"

#define COMMON(X)                                                                                  \
	X(nettle_base64_decode_init)                                                               \
	X(nettle_base64_decode_update)                                                             \
	X(nettle_base64_decode_final)                                                              \
	X(nettle_hmac_sha256_set_key)                                                              \
	X(nettle_hmac_sha256_update)                                                               \
	X(nettle_hmac_sha256_digest)

#define CURVES(X)                                                                                  \
	X(nettle_ed25519_sha512_public_key)                                                        \
	X(nettle_ed25519_sha512_sign)                                                              \
	X(nettle_ed25519_sha512_verify)

struct common {
	LIBRARY_TABLE(COMMON)
};

struct curves {
	LIBRARY_TABLE(CURVES)
};

#define COMMON_SYMBOL(f) { #f, offsetof(struct common, f) },
#define CURVES_SYMBOL(f) { #f, offsetof(struct curves, f) },

static int missing(const char *library, struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, 0, "signatures need %s", library);
	err_hint(e, "install it (Debian: libnettle8, libhogweed6)");
	return -EOPNOTSUPP;
}

static int load_common(struct common *ret, struct err *e)
{
	static const struct library_symbol symbols[] = { COMMON(COMMON_SYMBOL) };

	return library_load(NETTLE, symbols, ARRAY_SIZE(symbols), ret) < 0 ? missing(NETTLE, e) : 0;
}

static int load_curves(struct curves *ret, struct err *e)
{
	static const struct library_symbol symbols[] = { CURVES(CURVES_SYMBOL) };

	return library_load(HOGWEED, symbols, ARRAY_SIZE(symbols), ret) < 0 ? missing(HOGWEED, e)
									    : 0;
}

/* ---- reading keys ---- */

/* RFC 8410: everything before the 32 bytes of the key is the same in all keys. */
static const uint8_t private_form[] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
					0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };
static const uint8_t public_form[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
				       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

static int no_key(const char *path, struct err *e)
{
	err_set(e, ERR_USAGE, 0, "'%s' is no Ed25519 key", path);
	err_hint(e, "make one with `openssl genpkey -algorithm ed25519`");
	return -EINVAL;
}

/* The bytes between the lines "-----BEGIN ..." and "-----END ...". Their number, or negative. */
static int decode_pem(const char *text, const char *label, uint8_t *ret, size_t room, struct err *e)
{
	cleanup_free char *begin = NULL, *end = NULL;
	struct base64_decode_ctx context;
	struct common c;
	const char *from, *to;
	size_t n = 0;
	int r = load_common(&c, e);

	if (r < 0)
		return r;
	if (asprintf(&begin, "-----BEGIN %s-----\n", label) < 0)
		begin = NULL;
	if (asprintf(&end, "-----END %s-----", label) < 0)
		end = NULL;
	if (!begin || !end)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read a key");
	from = strstr(text, begin);
	to = from ? strstr(from, end) : NULL;
	if (!to)
		return 0;
	from += strlen(begin);
	if (BASE64_DECODE_LENGTH((size_t)(to - from)) > room)
		return 0;
	c.nettle_base64_decode_init(&context);
	if (!c.nettle_base64_decode_update(&context, &n, ret, (size_t)(to - from), from) ||
	    !c.nettle_base64_decode_final(&context))
		return 0;
	return (int)n;
}

static int name_key(struct seal_key *k, struct err *e)
{
	cleanup_(digest_freep) struct digest *d = NULL;
	int r = digest_new(&d, e);

	if (r < 0)
		return r;
	digest_update(d, k->public, sizeof(k->public));
	digest_finish(d, k->name);
	return 0;
}

static int read_private(const char *path, const char *text, struct seal_key *k, struct err *e)
{
	uint8_t der[128] = { 0 };
	struct curves c;
	int n = decode_pem(text, "PRIVATE KEY", der, sizeof(der), e);
	int r = n < 0 ? n : load_curves(&c, e);

	if (r < 0)
		return r;
	if (n != sizeof(private_form) + 32 || memcmp(der, private_form, sizeof(private_form)) != 0)
		return no_key(path, e);
	memcpy(k->secret, der + sizeof(private_form), 32);
	explicit_bzero(der, sizeof(der));
	k->secret_size = 32;
	k->is_private = true;
	k->kind = SEAL_ED25519;
	c.nettle_ed25519_sha512_public_key(k->public, k->secret);
	return name_key(k, e);
}

static int read_public(const char *path, const char *text, struct seal_key *k, struct err *e)
{
	uint8_t der[128] = { 0 };
	int n = decode_pem(text, "PUBLIC KEY", der, sizeof(der), e);

	if (n < 0)
		return n;
	if (n != sizeof(public_form) + 32 || memcmp(der, public_form, sizeof(public_form)) != 0)
		return no_key(path, e);
	memcpy(k->public, der + sizeof(public_form), 32);
	k->kind = SEAL_ED25519;
	return name_key(k, e);
}

static int read_secret(const char *path, const char *text, size_t size, struct seal_key *k,
		       struct err *e)
{
	if (size < 32)
		return err_set(e, ERR_USAGE, 0, "the secret in '%s' has %zu bytes, it needs 32",
			       path, size);
	memcpy(k->secret, text, size);
	k->secret_size = size;
	k->is_private = true;
	k->kind = SEAL_HMAC;
	return 0;
}

static int check_owner(const char *path, int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at the key '%s'", path);
	if ((st.st_mode & 077) || (st.st_uid != 0 && st.st_uid != geteuid())) {
		err_set(e, ERR_STATE, 0, "others can read or change the secret in '%s'", path);
		err_hint(e, "chmod 600, and make a new one if they did");
		return -EPERM;
	}
	return 0;
}

int seal_key_read(const char *path, struct seal_key *ret, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	size_t size = 0;
	int r = fd < 0 ? -errno : io_read_file(fd, SEAL_SECRET_MAX, &text, &size);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read the key '%s'", path);
	memset(ret, 0, sizeof(*ret));
	if (strstr(text, "-----BEGIN PUBLIC KEY-----"))
		r = read_public(path, text, ret, e);
	else
		r = check_owner(path, fd, e);
	if (r == 0 && strstr(text, "-----BEGIN PRIVATE KEY-----"))
		r = read_private(path, text, ret, e);
	else if (r == 0 && !ret->kind)
		r = strncmp(text, "-----BEGIN", 10) == 0 ? no_key(path, e)
							 : read_secret(path, text, size, ret, e);
	explicit_bzero(text, size);
	free(text);
	if (r < 0)
		seal_key_clear(ret);
	return r;
}

/* ---- values ---- */

static uint8_t *with_context(const void *data, size_t size, size_t *ret)
{
	uint8_t *all = malloc(sizeof(CONTEXT) - 1 + size);

	if (!all)
		return NULL;
	memcpy(all, CONTEXT, sizeof(CONTEXT) - 1);
	memcpy(all + sizeof(CONTEXT) - 1, data, size);
	*ret = sizeof(CONTEXT) - 1 + size;
	return all;
}

static int hmac(const struct seal_key *k, const uint8_t *data, size_t size, uint8_t ret[32],
		struct err *e)
{
	struct hmac_sha256_ctx context;
	struct common c;
	int r = load_common(&c, e);

	if (r < 0)
		return r;
	c.nettle_hmac_sha256_set_key(&context, k->secret_size, k->secret);
	c.nettle_hmac_sha256_update(&context, size, data);
	c.nettle_hmac_sha256_digest(&context, 32, ret);
	explicit_bzero(&context, sizeof(context));
	return 0;
}

int seal_sign(const struct seal_key *k, const void *data, size_t size, char ret[SEAL_HEX],
	      struct err *e)
{
	uint8_t value[SEAL_VALUE_MAX] = { 0 };
	size_t all_size = 0, n = k->kind == SEAL_HMAC ? 32 : 64;
	cleanup_free uint8_t *all = with_context(data, size, &all_size);
	struct curves c;
	int r = all ? 0 : err_set(e, ERR_SYSTEM, ENOMEM, "sign the archive");

	if (r == 0 && !k->is_private) {
		err_set(e, ERR_USAGE, 0, "a public key cannot sign");
		return -EINVAL;
	}
	if (r == 0 && k->kind == SEAL_HMAC)
		r = hmac(k, all, all_size, value, e);
	else if (r == 0)
		r = load_curves(&c, e);
	if (r == 0 && k->kind == SEAL_ED25519)
		c.nettle_ed25519_sha512_sign(k->public, k->secret, all_size, all, value);
	for (size_t i = 0; r == 0 && i < n; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", value[i]);
	return r;
}

static bool parse_hex(const char *text, uint8_t *ret, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	if (strlen(text) != 2 * size)
		return false;
	for (size_t i = 0; i < 2 * size; i++) {
		const char *d = strchr(digits, text[i]);

		if (!d)
			return false;
		ret[i / 2] = (uint8_t)(ret[i / 2] << 4 | (d - digits));
	}
	return true;
}

/* In the same time, whatever they are. */
static bool same(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint8_t differ = 0;

	for (size_t i = 0; i < n; i++)
		differ |= (uint8_t)(a[i] ^ b[i]);
	return !differ;
}

int seal_verify(const struct seal_key *k, const void *data, size_t size, const char *value,
		struct err *e)
{
	uint8_t have[SEAL_VALUE_MAX] = { 0 }, want[32];
	size_t all_size = 0;
	cleanup_free uint8_t *all = with_context(data, size, &all_size);
	struct curves c;
	bool good;
	int r = all ? 0 : err_set(e, ERR_SYSTEM, ENOMEM, "check a signature");

	if (r == 0)
		r = k->kind == SEAL_HMAC ? hmac(k, all, all_size, want, e) : load_curves(&c, e);
	if (r < 0)
		return r;
	if (k->kind == SEAL_HMAC)
		good = parse_hex(value, have, 32) && same(have, want, 32);
	else
		good = parse_hex(value, have, 64) &&
		       c.nettle_ed25519_sha512_verify(k->public, all_size, all, have);
	if (good)
		return 0;
	err_set(e, ERR_STATE, 0, "the signature is not one of this key");
	return -EBADMSG;
}

#else

static int unsupported(struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, 0, "this ctr was built without signatures");
	err_hint(e, "build it with --with-archives=yes");
	return -EOPNOTSUPP;
}

int seal_key_read(const char *path, struct seal_key *ret, struct err *e)
{
	(void)path;
	(void)ret;
	return unsupported(e);
}

int seal_sign(const struct seal_key *k, const void *data, size_t size, char ret[SEAL_HEX],
	      struct err *e)
{
	(void)k;
	(void)data;
	(void)size;
	(void)ret;
	return unsupported(e);
}

int seal_verify(const struct seal_key *k, const void *data, size_t size, const char *value,
		struct err *e)
{
	(void)k;
	(void)data;
	(void)size;
	(void)value;
	return unsupported(e);
}

#endif

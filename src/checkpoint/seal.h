/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys, and what they say of an archive: Ed25519 (RFC 8032), where who checks cannot sign, and HMAC-SHA-256 (RFC 2104), where
 * both sides know one secret. By nettle and hogweed, which are loaded at use.
 *
 * A key is a file: "-----BEGIN PRIVATE KEY-----" and "-----BEGIN PUBLIC KEY-----" are Ed25519 as openssl genpkey
 * writes it (RFC 8410); any other contents of 32 to 4096 bytes are a secret for HMAC.
 */
#ifndef CTR_CHECKPOINT_SEAL_H
#define CTR_CHECKPOINT_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/digest.h"
#include "util/err.h"

enum seal_kind {
	SEAL_NONE,
	SEAL_ED25519,
	SEAL_HMAC,
};

/* "", "ed25519", "hmac-sha256": as indexed by enum seal_kind. */
extern const char *const seal_names[];

enum {
	SEAL_SECRET_MAX = 4096,
	SEAL_VALUE_MAX = 64,
	SEAL_HEX = 2 * SEAL_VALUE_MAX + 1,
};

struct seal_key {
	enum seal_kind kind;
	bool is_private;		 /* it can sign */
	uint8_t public[32];		 /* of Ed25519 */
	uint8_t secret[SEAL_SECRET_MAX]; /* seed of Ed25519 (32 bytes), or the HMAC secret */
	size_t secret_size;
	char name[DIGEST_TEXT]; /* digest of the public key; of a secret: "" */
};

/*
 * Read the file @path. One with a secret in it must not be readable by others than its owner, who is the caller or root:
 * -EPERM. -EINVAL: no key. The caller clears it with seal_key_clear.
 */
int seal_key_read(const char *path, struct seal_key *ret, struct err *e);
void seal_key_clear(struct seal_key *k);

/* The value that says that the owner of @k knows @data: hexadecimal into @ret. -EINVAL: it is a public key. */
int seal_sign(const struct seal_key *k, const void *data, size_t size, char ret[SEAL_HEX],
	      struct err *e);

/* Does @value say so? 0, or -EBADMSG. */
int seal_verify(const struct seal_key *k, const void *data, size_t size, const char *value,
		struct err *e);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* See wire.h: the first words. */
#include "checkpoint/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "util/cleanup.h"

int wire_nonce(char ret[WIRE_NONCE], struct err *e)
{
	unsigned char bytes[(WIRE_NONCE - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_set(e, ERR_SYSTEM, errno, "get random numbers");
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int say(struct wire *w, const char *purpose, const char *nonce, const char *answer,
	       struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "say hello");
	json_out_object(&o);
	json_out_member_string(&o, "protocol", "ctr");
	json_out_member_uint(&o, "version", WIRE_VERSION);
	if (purpose)
		json_out_member_string(&o, "purpose", purpose);
	json_out_member_string(&o, "nonce", nonce);
	if (answer)
		json_out_member_string(&o, "answer", answer);
	return wire_send_json(w, WIRE_HELLO, &o, e);
}

static int hear(struct wire *w, const char *who, struct arena *a, const struct json_node **ret,
		struct err *e)
{
	const char *protocol;
	uint64_t version;
	int r = wire_expect_json(w, who, WIRE_HELLO, a, ret, e);

	if (r == 0)
		r = wire_string(*ret, "protocol", 16, false, &protocol, e);
	if (r == 0)
		r = wire_uint(*ret, "version", UINT32_MAX, &version, e);
	if (r < 0)
		return r;
	if (strcmp(protocol, "ctr") != 0)
		return err_set(e, ERR_SYSTEM, EPROTO, "%s does not speak this protocol", who);
	if (version != WIRE_VERSION) {
		err_set(e, ERR_UNSUPPORTED, EPROTONOSUPPORT,
			"%s speaks version %u of the protocol, this ctr version %d", who,
			(unsigned)version, WIRE_VERSION);
		err_hint(e, "install the same release of ctr on both hosts");
		return -EPROTONOSUPPORT;
	}
	return 0;
}

static int check_answer(const struct json_node *o, const char *who, const char *nonce,
			struct err *e)
{
	const char *answer;
	int r = wire_string(o, "answer", WIRE_NONCE - 1, false, &answer, e);

	if (r == 0 && strcmp(answer, nonce) != 0)
		return err_set(e, ERR_SYSTEM, EPROTO,
			       "%s does not answer to this connection, but to another", who);
	return r;
}

static int peer_nonce(const struct json_node *o, const char **ret, struct err *e)
{
	int r = wire_string(o, "nonce", WIRE_NONCE - 1, false, ret, e);

	if (r == 0 && !wire_nonce_is_valid(*ret))
		return err_set(e, ERR_SYSTEM, EBADMSG, "a hello without a nonce");
	return r;
}

int wire_hello_call(struct wire *w, const char *purpose, struct err *e)
{
	static const char who[] = "destination";
	cleanup_(arena_free) struct arena a = { .cap = 1 << 20 };
	const struct json_node *o;
	char nonce[WIRE_NONCE];
	const char *theirs;
	int r = wire_nonce(nonce, e);

	if (r == 0)
		r = say(w, purpose, nonce, NULL, e);
	if (r == 0)
		r = hear(w, who, &a, &o, e);
	if (r == 0)
		r = check_answer(o, who, nonce, e);
	if (r == 0)
		r = peer_nonce(o, &theirs, e);
	return r < 0 ? r : say(w, NULL, nonce, theirs, e);
}

int wire_hello_answer(struct wire *w, struct arena *a, const char **ret_purpose, struct err *e)
{
	static const char who[] = "source";
	const struct json_node *o;
	char nonce[WIRE_NONCE];
	const char *theirs;
	int r = wire_nonce(nonce, e);

	if (r == 0)
		r = hear(w, who, a, &o, e);
	if (r == 0)
		r = wire_string(o, "purpose", 64, false, ret_purpose, e);
	if (r == 0)
		r = peer_nonce(o, &theirs, e);
	if (r == 0)
		r = say(w, NULL, nonce, theirs, e);
	if (r == 0)
		r = hear(w, who, a, &o, e);
	return r < 0 ? r : check_answer(o, who, nonce, e);
}

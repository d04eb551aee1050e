// SPDX-License-Identifier: GPL-2.0-or-later
/* See wire.h: the table of messages, their form, and what stands in all of them. No input and output. */
#include "checkpoint/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "util/kernel.h"

enum {
	SMALL = 16 << 10,
	LARGE = 4 << 20,
};

static const struct {
	const char *name;
	size_t limit;
} types[WIRE_TYPE_END] = {
	[WIRE_HELLO] = { "HELLO", SMALL },
	[WIRE_PROPOSAL] = { "PROPOSAL", LARGE },
	[WIRE_CONFIG] = { "CONFIG", JSON_TEXT_MAX },
	[WIRE_ANSWER] = { "ANSWER", LARGE },
	[WIRE_ROOT] = { "ROOT", LARGE },
	[WIRE_ROUND] = { "ROUND", SMALL },
	[WIRE_FILE] = { "FILE", SMALL },
	[WIRE_DATA] = { "DATA", WIRE_DATA_MAX },
	[WIRE_ROUND_END] = { "ROUND_END", SMALL },
	[WIRE_KEPT] = { "KEPT", SMALL },
	[WIRE_RESTORE] = { "RESTORE", SMALL },
	[WIRE_PREPARED] = { "PREPARED", SMALL },
	[WIRE_COMMIT] = { "COMMIT", SMALL },
	[WIRE_RUNNING] = { "RUNNING", SMALL },
	[WIRE_DONE] = { "DONE", SMALL },
	[WIRE_QUERY] = { "QUERY", SMALL },
	[WIRE_VERDICT] = { "VERDICT", SMALL },
	[WIRE_FAILED] = { "FAILED", SMALL },
	[WIRE_ALIVE] = { "ALIVE", 0 },
	[WIRE_STANDBY] = { "STANDBY", SMALL },
	[WIRE_PAGES] = { "PAGES", WIRE_DATA_MAX },
	[WIRE_COMPLETE] = { "COMPLETE", SMALL },
};

static bool is_type(uint32_t n)
{
	return n > 0 && n < WIRE_TYPE_END;
}

const char *wire_type_name(enum wire_type type)
{
	return is_type(type) ? types[type].name : "?";
}

size_t wire_type_limit(enum wire_type type)
{
	return is_type(type) ? types[type].limit : 0;
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(unsigned char *p, uint32_t v)
{
	for (int i = 3; i >= 0; i--, v >>= 8)
		p[i] = (unsigned char)v;
}

int wire_header_read(const unsigned char header[WIRE_HEADER], enum wire_type *ret_type,
		     size_t *ret_size, struct err *e)
{
	uint32_t type = get32(header), size = get32(header + 4);

	if (!is_type(type)) {
		err_set(e, ERR_SYSTEM, EBADMSG, "a message of the unknown type %" PRIu32, type);
		err_hint(e, "the other end is no ctr, or its command prints something else");
		return -EBADMSG;
	}
	if (size > types[type].limit)
		return err_set(e, ERR_SYSTEM, EBADMSG,
			       "a message %s of %" PRIu32 " bytes, more than %zu", types[type].name,
			       size, types[type].limit);
	*ret_type = (enum wire_type)type;
	*ret_size = size;
	return 0;
}

void wire_header_write(enum wire_type type, size_t size, unsigned char ret[WIRE_HEADER])
{
	put32(ret, (uint32_t)type);
	put32(ret + 4, (uint32_t)size);
}

ssize_t wire_decode(const unsigned char *bytes, size_t size, struct wire_message *ret,
		    struct err *e)
{
	struct wire_message m;
	int r;

	if (size < WIRE_HEADER)
		return 0;
	r = wire_header_read(bytes, &m.type, &m.size, e);
	if (r < 0)
		return r;
	if (size - WIRE_HEADER < m.size)
		return 0;
	m.data = (const char *)bytes + WIRE_HEADER;
	*ret = m;
	return (ssize_t)(WIRE_HEADER + m.size);
}

int wire_json(const struct wire_message *m, struct arena *a, const struct json_node **ret,
	      struct err *e)
{
	struct err none = ERR_INIT;

	if (json_parse(a, m->data, m->size, wire_type_name(m->type), ret, &none) < 0)
		return err_set(e, ERR_SYSTEM, EBADMSG, "a message %s that is no JSON: %s",
			       wire_type_name(m->type), none.text);
	if ((*ret)->type != JSON_OBJECT)
		return err_set(e, ERR_SYSTEM, EBADMSG, "a message %s that is no object",
			       wire_type_name(m->type));
	return 0;
}

int wire_string(const struct json_node *o, const char *key, size_t max, bool optional,
		const char **ret, struct err *e)
{
	const struct json_node *m = json_member(o, key);

	*ret = NULL;
	if (!m && optional)
		return 0;
	if (!m || m->type != JSON_STRING || m->len > max)
		return err_set(e, ERR_SYSTEM, EBADMSG,
			       "a message without '%s' as text of at most %zu bytes", key, max);
	*ret = m->text;
	return 0;
}

int wire_uint(const struct json_node *o, const char *key, uint64_t max, uint64_t *ret,
	      struct err *e)
{
	const struct json_node *m = json_member(o, key);

	if (!m || json_to_u64(m, max, ret) < 0)
		return err_set(e, ERR_SYSTEM, EBADMSG,
			       "a message without '%s' as a number of at most %" PRIu64, key, max);
	return 0;
}

bool wire_bool(const struct json_node *o, const char *key)
{
	const struct json_node *m = json_member(o, key);

	return m && m->type == JSON_BOOL && m->truth;
}

bool wire_nonce_is_valid(const char *text)
{
	return strlen(text) == WIRE_NONCE - 1 && strspn(text, "0123456789abcdef") == WIRE_NONCE - 1;
}

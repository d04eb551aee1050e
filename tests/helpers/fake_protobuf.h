/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of protocol buffers as fake-criu speaks. */
#ifndef CTR_TESTS_FAKE_PROTOBUF_H
#define CTR_TESTS_FAKE_PROTOBUF_H

#include <stdint.h>
#include <string.h>

struct out {
	unsigned char bytes[1024];
	size_t len;
};

static void put_varint(struct out *o, uint64_t v)
{
	do {
		o->bytes[o->len++] = (unsigned char)((v & 127) | (v > 127 ? 128 : 0));
		v >>= 7;
	} while (v);
}

static void put_number(struct out *o, unsigned field, uint64_t v)
{
	put_varint(o, field << 3);
	put_varint(o, v);
}

static void put_bytes(struct out *o, unsigned field, const void *bytes, size_t n)
{
	put_varint(o, field << 3 | 2);
	put_varint(o, n);
	memcpy(o->bytes + o->len, bytes, n);
	o->len += n;
}

struct in {
	const unsigned char *p, *end;
};

static uint64_t get_varint(struct in *i)
{
	uint64_t v = 0;

	for (unsigned shift = 0; i->p < i->end && shift < 64; shift += 7) {
		unsigned char c = *i->p++;

		v |= (uint64_t)(c & 127) << shift;
		if (!(c & 128))
			break;
	}
	return v;
}

/* The next field: its number, or 0. Numbers come in *ret, the rest in *sub. */
static unsigned next_field(struct in *i, uint64_t *ret, struct in *sub)
{
	uint64_t key;

	if (i->p >= i->end)
		return 0;
	key = get_varint(i);
	*ret = 0;
	*sub = (struct in){ 0 };
	switch (key & 7) {
	case 0: *ret = get_varint(i); break;
	case 1: i->p += 8; break;
	case 2:
		*ret = get_varint(i);
		*sub = (struct in){ i->p, i->p + *ret };
		i->p += *ret;
		break;
	case 5: i->p += 4; break;
	default: return 0;
	}
	return (unsigned)(key >> 3);
}

#endif

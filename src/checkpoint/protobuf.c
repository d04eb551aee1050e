// SPDX-License-Identifier: GPL-2.0-or-later
#include "checkpoint/protobuf.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "util/library.h"

#ifdef HAVE_CRIU

#include <protobuf-c/protobuf-c.h>

#define LIBRARY "libprotobuf-c.so.1"

#define FUNCTIONS(X)                                                                               \
	X(protobuf_c_message_get_packed_size)                                                      \
	X(protobuf_c_message_pack)                                                                 \
	X(protobuf_c_message_pack_to_buffer)                                                       \
	X(protobuf_c_message_unpack)                                                               \
	X(protobuf_c_message_free_unpacked)

struct protobuf {
	LIBRARY_TABLE(FUNCTIONS)
};

#define SYMBOL(f) { #f, offsetof(struct protobuf, f) },

/* Loaded once: the functions below have no way to be given it. NULL: it is not there. */
static const struct protobuf *library(void)
{
	static const struct library_symbol symbols[] = { FUNCTIONS(SYMBOL) };
	static struct protobuf table;
	static bool loaded;

	if (!loaded)
		loaded = library_load(LIBRARY, symbols, sizeof(symbols) / sizeof(symbols[0]),
				      &table) == 0;
	return loaded ? &table : NULL;
}

int protobuf_load(struct err *e)
{
	if (library())
		return 0;
	err_set(e, ERR_UNSUPPORTED, 0, "%s was not found", LIBRARY);
	err_hint(e, "checkpoint and restore need it (Debian: libprotobuf-c1)");
	return -EOPNOTSUPP;
}

size_t protobuf_c_message_get_packed_size(const ProtobufCMessage *message)
{
	const struct protobuf *p = library();

	return p ? p->protobuf_c_message_get_packed_size(message) : 0;
}

size_t protobuf_c_message_pack(const ProtobufCMessage *message, uint8_t *out)
{
	const struct protobuf *p = library();

	return p ? p->protobuf_c_message_pack(message, out) : 0;
}

size_t protobuf_c_message_pack_to_buffer(const ProtobufCMessage *message, ProtobufCBuffer *buffer)
{
	const struct protobuf *p = library();

	return p ? p->protobuf_c_message_pack_to_buffer(message, buffer) : 0;
}

ProtobufCMessage *protobuf_c_message_unpack(const ProtobufCMessageDescriptor *descriptor,
					    ProtobufCAllocator *allocator, size_t len,
					    const uint8_t *data)
{
	const struct protobuf *p = library();

	return p ? p->protobuf_c_message_unpack(descriptor, allocator, len, data) : NULL;
}

void protobuf_c_message_free_unpacked(ProtobufCMessage *message, ProtobufCAllocator *allocator)
{
	const struct protobuf *p = library();

	if (p)
		p->protobuf_c_message_free_unpacked(message, allocator);
}

#else

int protobuf_load(struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, 0, "ctr was built without checkpoint and restore");
	err_hint(e, "configure it --with-criu");
	return -EOPNOTSUPP;
}

#endif

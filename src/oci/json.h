/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON text to an immutable tree in an arena, with positions. Owns the limits on what a document
 * may hold (security.md R22) and the strictness that yajl lacks: duplicate keys, NUL bytes,
 * unpaired surrogates and overlong UTF-8 are errors. Numbers stay text until someone asks for an
 * integer of a certain range. Knows nothing of OCI.
 */
#ifndef CTR_OCI_JSON_H
#define CTR_OCI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/err.h"

enum {
	JSON_TEXT_MAX = 16 << 20,
	JSON_DEPTH_MAX = 64, /* arrays and objects within each other */
	JSON_STRING_MAX = 1 << 20,
	JSON_ENTRIES_MAX = 64 << 10, /* of one array or object */
};

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_node {
	enum json_type type;
	bool truth;			       /* of a JSON_BOOL */
	uint32_t start, end;		       /* the value is text[start..end) of the source */
	uint32_t len;			       /* of text, without the terminator */
	uint32_t count;			       /* children of an array or object */
	const char *text;		       /* decoded string, or the number as written */
	const char *key;		       /* name in the parent object, or NULL */
	uint32_t key_start, key_len;	       /* where the key begins in the source */
	const struct json_node *parent, *next; /* NULL for the root, for the last child */
	const struct json_node *first;	       /* first child of an array or object */
};

#define json_for_each(item, node)                                                                  \
	for (const struct json_node *item = (node)->first; item; item = item->next)

/*
 * Parse the whole of @text (@len bytes, no terminator needed). @file is the name for error origins.
 * The tree lives in @arena and does not point into @text. Returns 0, -EINVAL (not JSON, duplicate
 * key, NUL, invalid UTF-8), -E2BIG (over a limit or over the arena's cap) or -ENOMEM; the message has
 * line and column, the origin the pointer where one is known.
 */
int json_parse(struct arena *arena, const char *text, size_t len, const char *file,
	       const struct json_node **ret_root, struct err *e);

/* The member of @object called @key, or NULL; NULL too when @object is not an object. */
const struct json_node *json_member(const struct json_node *object, const char *key);

/*
 * The child that the first reference token of @tokens names ("mounts/3" without the slash before it):
 * a member or an item; NULL when there is none.
 */
const struct json_node *json_child(const struct json_node *node, const char *tokens);

/*
 * The number as an integer: 0, -EINVAL when it is not written as one ("1.5", "1e3", a string), -ERANGE
 * when it is outside [@min, @max]. "-0" is 0.
 */
int json_to_i64(const struct json_node *node, int64_t min, int64_t max, int64_t *ret_value);
int json_to_u64(const struct json_node *node, uint64_t max, uint64_t *ret_value);

/* RFC 6901 pointer of @node into @buf, cut to fit; "" for the root. Returns @buf. */
const char *json_pointer(const struct json_node *node, char *buf, size_t size);

/* One reference token: '~' and '/' of @key escaped, into @buf, cut to fit. Returns @buf. */
const char *json_pointer_escape(const char *key, char *buf, size_t size);

/* "a string", "an object", ... for messages. */
const char *json_type_name(enum json_type type);

/*
 * Bytes of @text that are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most
 * U+10FFFF), counted from its start; @len when all of it is.
 */
size_t json_utf8_span(const char *text, size_t len);

#endif

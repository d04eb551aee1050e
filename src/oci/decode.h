/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON trees into structs, driven by tables. A table says which member goes where and how; the few
 * members that fit no pattern have a function. Unknown members are ignored, null is the same as
 * absent, and so is an empty string where the member is optional (Go's omitempty makes no
 * difference between the two). Everything that is allocated comes from the decoder's arena.
 * Knows JSON and name tables, not the OCI model.
 *
 * When all problems are wanted (err_keep), decoding goes on after one: a member that cannot be read is
 * as if it were absent, and an item of an array is left out (util/problems.h remembers which). An object
 * without one of its required members is such a member or item itself.
 */
#ifndef CTR_OCI_DECODE_H
#define CTR_OCI_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/json.h"
#include "oci/names.h"
#include "util/arena.h"
#include "util/err.h"

struct decode {
	const char *file; /* for error origins */
	const char *text; /* what the tree was parsed from */
	struct arena *arena;
	struct err *e;
};

struct decode_field;

/* Decodes @node, a member of what becomes @object. */
typedef int decode_fn(struct decode *d, const struct json_node *node, void *object,
		      const struct decode_field *field);

enum decode_kind {
	DECODE_STRING,	/* const char * */
	DECODE_BOOL,	/* bool */
	DECODE_I64,	/* int64_t */
	DECODE_U32,	/* uint32_t */
	DECODE_U64,	/* uint64_t */
	DECODE_OPT_I64, /* struct opt_i64 */
	DECODE_OPT_U64, /* struct opt_u64, at most .max */
	DECODE_NAME,	/* a word of .names into an integer of .size bytes */
	DECODE_FLAGS,	/* array of words, their values or-ed, likewise */
	DECODE_NAMES,	/* array of words into OCI_ARRAY(uint32_t) */
	DECODE_STRINGS, /* oci_strings */
	DECODE_U32S,	/* OCI_ARRAY(uint32_t) */
	DECODE_PAIRS,	/* object of strings into oci_pairs */
	DECODE_OBJECT,	/* struct described by .table */
	DECODE_OBJECTS, /* array of such structs, .size bytes each */
	DECODE_CUSTOM,	/* .fn does it */
};

struct decode_field {
	const char *key;
	enum decode_kind kind;
	bool required;
	bool partial; /* DECODE_OBJECT: .present even when a required member could not be read */
	uint32_t offset;
	uint32_t size;	  /* of the integer, or of one array item */
	uint32_t present; /* offset + 1 of a bool to set when the member is there, or 0 */
	uint64_t max;	  /* DECODE_OPT_U64 */
	const struct decode_table *table;
	const struct oci_names *names;
	decode_fn *fn;
};

struct decode_table {
	const struct decode_field *fields;
	size_t count; /* at most 64 */
	bool strict;  /* other members are errors */
};

/* offsetof, refusing to compile when member @m of @T has another type than @type. */
#define DECODE_AT(T, m, type)                                                                      \
	(offsetof(T, m) +                                                                          \
	 0 * sizeof(struct {                                                                       \
		 _Static_assert(__builtin_types_compatible_p(__typeof__(((T *)0)->m), type), #m);  \
		 char c;                                                                           \
	 }))

#define DECODE_SIMPLE(k, T, json, m, type, ...)                                                    \
	{                                                                                          \
		.key = json, .kind = k, .offset = DECODE_AT(T, m, type), .size = sizeof(type),     \
		__VA_ARGS__                                                                        \
	}

#define F_STRING(T, json, m, ...)                                                                  \
	DECODE_SIMPLE(DECODE_STRING, T, json, m, const char *, __VA_ARGS__)
#define F_BOOL(T, json, m, ...) DECODE_SIMPLE(DECODE_BOOL, T, json, m, bool, __VA_ARGS__)
#define F_I64(T, json, m, ...)	DECODE_SIMPLE(DECODE_I64, T, json, m, int64_t, __VA_ARGS__)
#define F_U32(T, json, m, ...)	DECODE_SIMPLE(DECODE_U32, T, json, m, uint32_t, __VA_ARGS__)
#define F_U64(T, json, m, ...)	DECODE_SIMPLE(DECODE_U64, T, json, m, uint64_t, __VA_ARGS__)
#define F_OPT_I64(T, json, m, ...)                                                                 \
	DECODE_SIMPLE(DECODE_OPT_I64, T, json, m, struct opt_i64, __VA_ARGS__)
#define F_OPT_U64(T, json, m, limit, ...)                                                          \
	DECODE_SIMPLE(DECODE_OPT_U64, T, json, m, struct opt_u64, .max = limit, __VA_ARGS__)
#define F_STRINGS(T, json, m, ...)                                                                 \
	DECODE_SIMPLE(DECODE_STRINGS, T, json, m, oci_strings, __VA_ARGS__)
#define F_PAIRS(T, json, m, ...) DECODE_SIMPLE(DECODE_PAIRS, T, json, m, oci_pairs, __VA_ARGS__)

/* An integer member of any width, named by @table. */
#define F_NAME(T, json, m, words, ...)                                                             \
	{                                                                                          \
		.key = json, .kind = DECODE_NAME, .offset = offsetof(T, m),                        \
		.size = sizeof(((T *)0)->m), .names = &(words), __VA_ARGS__                        \
	}
#define F_FLAGS(T, json, m, words, ...)                                                            \
	{                                                                                          \
		.key = json, .kind = DECODE_FLAGS, .offset = offsetof(T, m),                       \
		.size = sizeof(((T *)0)->m), .names = &(words), __VA_ARGS__                        \
	}

/* OCI_ARRAY(uint32_t) of numbers, or of words. */
#define F_U32S(T, json, m)                                                                         \
	{                                                                                          \
		.key = json, .kind = DECODE_U32S, .offset = offsetof(T, m),                        \
		.size = sizeof(*((T *)0)->m.items)                                                 \
	}
#define F_NAMES(T, json, m, words)                                                                 \
	{                                                                                          \
		.key = json, .kind = DECODE_NAMES, .offset = offsetof(T, m),                       \
		.size = sizeof(*((T *)0)->m.items), .names = &(words)                              \
	}

/* A struct member, and an array of structs; @t must describe that struct. */
#define F_OBJECT(T, json, m, t, ...)                                                               \
	{                                                                                          \
		.key = json, .kind = DECODE_OBJECT, .offset = offsetof(T, m), .table = &(t),       \
		__VA_ARGS__                                                                        \
	}
#define F_OBJECTS(T, json, m, t, ...)                                                              \
	{                                                                                          \
		.key = json, .kind = DECODE_OBJECTS, .offset = offsetof(T, m),                     \
		.size = sizeof(*((T *)0)->m.items), .table = &(t), __VA_ARGS__                     \
	}
/* A JSON object whose members live in the enclosing struct itself. */
#define F_INLINE(json, t, ...)                                                                     \
	{                                                                                          \
		.key = json, .kind = DECODE_OBJECT, .table = &(t), __VA_ARGS__                     \
	}
#define F_CUSTOM(T, json, m, f, ...)                                                               \
	{                                                                                          \
		.key = json, .kind = DECODE_CUSTOM, .offset = offsetof(T, m), .fn = f, __VA_ARGS__ \
	}

#define F_PRESENT(T, m) .present = DECODE_AT(T, m, bool) + 1

#define DECODE_TABLE(name)                                                                         \
	{                                                                                          \
		.fields = name, .count = sizeof(name) / sizeof((name)[0])                          \
	}

/*
 * Fill @object (zeroed by the caller) from @node. Returns 0, -EINVAL, -E2BIG or -ENOMEM. With -EINVAL
 * everything is filled that could be read, if all problems are wanted.
 */
int decode_object(struct decode *d, const struct json_node *node, const struct decode_table *table,
		  void *object);

/* For DECODE_CUSTOM functions. */

/* Refuse @node: -EINVAL, with the pointer of @node as origin; a problem of the list, if there is one. */
int decode_fail(struct decode *d, const struct json_node *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* -EINVAL unless @node has @type. */
int decode_expect(struct decode *d, const struct json_node *node, enum json_type type);
/* After @r of a member or item: 0 to go on without it, or the result that ends it all. */
int decode_without(const struct decode *d, int r);
/* The same for an item of an array: @index is where it would have been. */
int decode_leave_out(struct decode *d, const struct json_node *array, size_t index, int r);
/* Zeroed array of @n items from the arena; never NULL on success, even for none. */
int decode_array(struct decode *d, size_t n, size_t size, void *ret_items);
/* -E2BIG when @wanted bytes more are over the arena's cap, else -ENOMEM. */
int decode_no_memory(struct decode *d, size_t wanted);
int decode_string(struct decode *d, const struct json_node *node, const char **ret_string);
int decode_name(struct decode *d, const struct json_node *node, const struct oci_names *names,
		uint64_t *ret_value);

#endif

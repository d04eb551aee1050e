/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of D-Bus, as trees: read from and written as GVariant text, which is what annotations
 * (org.systemd.property.NAME) hold. Pure.
 *
 * Understood: 'text' and "text" with backslash escapes; true, false; numbers (a plain one is an int32, one
 * with a point or exponent a double); [..., ...] arrays of one type; (..., ...) tuples; a type in front,
 * as a word (byte boolean int16 uint16 int32 uint32 int64 uint64 double string objectpath signature) or as
 * @SIGNATURE, which empty arrays need: "@as []". Not understood: dictionaries, variants, maybes, handles.
 *
 * Source: GLib, "GVariant Text Format".
 */
#ifndef CTR_CGROUPS_GVALUE_H
#define CTR_CGROUPS_GVALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/strbuf.h"

struct gvalue {
	const char *type; /* its D-Bus signature, complete: "s", "as", "a(st)" */
	union {
		bool truth;	  /* b */
		int64_t number;	  /* n i x */
		uint64_t natural; /* y q u t */
		double real;	  /* d */
		const char *text; /* s o g */
	};
	const struct gvalue *items; /* of arrays and tuples */
	size_t count;
};

/*
 * Read @text, all of it, into *ret; what it points to lives in @a. -EINVAL with *ret_why, a few words
 * that say what is wrong; -ENOMEM.
 */
int gvalue_parse(const char *text, struct arena *a, struct gvalue *ret, const char **ret_why);

/* Write it as text that gvalue_parse reads back to the same. */
void gvalue_print(const struct gvalue *v, struct strbuf *out);

/* Values that programs make. */
static inline struct gvalue gvalue_text(const char *s)
{
	return (struct gvalue){ .type = "s", .text = s };
}

static inline struct gvalue gvalue_bool(bool b)
{
	return (struct gvalue){ .type = "b", .truth = b };
}

static inline struct gvalue gvalue_u64(uint64_t n)
{
	return (struct gvalue){ .type = "t", .natural = n };
}

#endif

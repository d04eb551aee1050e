/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing JSON: a thin layer over yajl_gen into a growing buffer. Slashes are not escaped, invalid
 * UTF-8 becomes U+FFFD, empty arrays and objects stay on one line. Errors stick: write everything,
 * then ask json_out_finish() once.
 */
#ifndef CTR_OCI_JSON_OUT_H
#define CTR_OCI_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct yajl_gen_t;

enum {
	JSON_OUT_DEPTH_MAX = 64
};

struct json_out {
	struct yajl_gen_t *gen;
	char *buf; /* NUL-terminated once something was written */
	size_t len, size;
	int error; /* negative errno of the first failure */
	unsigned depth;
	char open[JSON_OUT_DEPTH_MAX]; /* '{' or '[', outermost first */
	char pending; /* '{' or '[' that is not written yet, because it may turn out empty */
};

/* @indent: two spaces and a newline at the end; else one line without newline. 0 or -ENOMEM. */
int json_out_init(struct json_out *o, bool indent);
/* Releases what json_out_finish() did not hand over. Safe on a zeroed struct. */
void json_out_free(struct json_out *o);
/* The text, owned by the caller (free). 0, -ENOMEM, or -EINVAL when calls did not nest. */
int json_out_finish(struct json_out *o, char **ret_text, size_t *ret_len);

void json_out_object(struct json_out *o); /* opens */
void json_out_array(struct json_out *o);  /* opens */
void json_out_end_object(struct json_out *o);
void json_out_end_array(struct json_out *o);
void json_out_key(struct json_out *o, const char *key);
void json_out_string(struct json_out *o, const char *s); /* NULL writes null */
void json_out_string_len(struct json_out *o, const char *s, size_t len);
void json_out_int(struct json_out *o, int64_t value);
void json_out_uint(struct json_out *o, uint64_t value);
void json_out_bool(struct json_out *o, bool value);
void json_out_null(struct json_out *o);
/* @text is JSON already, and is put in as it is. */
void json_out_raw(struct json_out *o, const char *text, size_t len);

/* One member: key and value. */
void json_out_member_string(struct json_out *o, const char *key, const char *s);
void json_out_member_int(struct json_out *o, const char *key, int64_t value);
void json_out_member_uint(struct json_out *o, const char *key, uint64_t value);
void json_out_member_bool(struct json_out *o, const char *key, bool value);
void json_out_member_object(struct json_out *o, const char *key); /* opens */
void json_out_member_array(struct json_out *o, const char *key);  /* opens */
/* An array of @n strings. */
void json_out_member_strings(struct json_out *o, const char *key, const char *const *items,
			     size_t n);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* The writer; see json_out.h. */
#include "oci/json_out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_gen.h>

#include "oci/json.h"
#include "util/cleanup.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static void fail(struct json_out *o, int error)
{
	if (!o->error)
		o->error = error;
}

/* yajl's own buffer does not survive a failing realloc, so it prints into this one. */
static void append(void *ctx, const char *s, size_t len)
{
	struct json_out *o = ctx;

	if (o->error)
		return;
	if (o->size - o->len <= len) {
		size_t size = (o->len + len + 1) * 2;
		char *grown = realloc(o->buf, size);

		if (!grown) {
			fail(o, -ENOMEM);
			return;
		}
		o->buf = grown;
		o->size = size;
	}
	memcpy(o->buf + o->len, s, len);
	o->len += len;
	o->buf[o->len] = '\0';
}

static void check(struct json_out *o, yajl_gen_status status)
{
	if (status != yajl_gen_status_ok && status != yajl_gen_generation_complete)
		fail(o, -EINVAL);
}

/* Something comes after an opened container: it is not empty. */
static void flush(struct json_out *o)
{
	char pending = o->pending;

	o->pending = '\0';
	if (pending == '{')
		check(o, yajl_gen_map_open(o->gen));
	else if (pending == '[')
		check(o, yajl_gen_array_open(o->gen));
}

static bool ready(struct json_out *o)
{
	if (!o->error)
		flush(o);
	return !o->error;
}

int json_out_init(struct json_out *o, bool indent)
{
	*o = (struct json_out){ .gen = yajl_gen_alloc(NULL) };
	if (!o->gen)
		return -ENOMEM;
	(void)yajl_gen_config(o->gen, yajl_gen_print_callback, append, o);
	if (indent) {
		(void)yajl_gen_config(o->gen, yajl_gen_beautify, 1);
		(void)yajl_gen_config(o->gen, yajl_gen_indent_string, "  ");
	}
	return 0;
}

void json_out_free(struct json_out *o)
{
	if (o->gen)
		yajl_gen_free(o->gen);
	free(o->buf);
	*o = (struct json_out){ .gen = NULL };
}

int json_out_finish(struct json_out *o, char **ret_text, size_t *ret_len)
{
	if (o->depth || !o->len)
		fail(o, -EINVAL);
	if (!o->error) {
		*ret_text = take_ptr(o->buf);
		if (ret_len)
			*ret_len = o->len;
		o->len = o->size = 0;
	}
	return o->error;
}

static void open_container(struct json_out *o, char which)
{
	if (!ready(o))
		return;
	if (o->depth == JSON_OUT_DEPTH_MAX) {
		fail(o, -EINVAL);
		return;
	}
	o->open[o->depth++] = which;
	o->pending = which;
}

/* yajl does not notice when an array is closed as an object. */
static void close_container(struct json_out *o, char which)
{
	if (!o->depth || o->open[o->depth - 1] != which)
		fail(o, -EINVAL);
	if (o->error)
		return;
	o->depth--;
	if (o->pending) {
		o->pending = '\0';
		json_out_raw(o, which == '{' ? "{}" : "[]", 2);
	} else if (which == '{') {
		check(o, yajl_gen_map_close(o->gen));
	} else {
		check(o, yajl_gen_array_close(o->gen));
	}
}

void json_out_object(struct json_out *o)
{
	open_container(o, '{');
}

void json_out_array(struct json_out *o)
{
	open_container(o, '[');
}

void json_out_end_object(struct json_out *o)
{
	close_container(o, '{');
}

void json_out_end_array(struct json_out *o)
{
	close_container(o, '[');
}

/* A copy of @s in which every byte that is not part of valid UTF-8 became U+FFFD. */
static char *repaired(const char *s, size_t len, size_t *ret_len)
{
	char *copy = calloc(len + 1, sizeof(replacement) - 1);
	size_t used = 0;

	for (size_t i = 0; copy && i < len;) {
		size_t good = json_utf8_span(s + i, len - i);

		memcpy(copy + used, s + i, good);
		used += good;
		i += good;
		if (i < len) {
			memcpy(copy + used, replacement, sizeof(replacement) - 1);
			used += sizeof(replacement) - 1;
			i++;
		}
	}
	*ret_len = used;
	return copy;
}

void json_out_string_len(struct json_out *o, const char *s, size_t len)
{
	cleanup_free char *copy = NULL;

	if (!ready(o))
		return;
	if (json_utf8_span(s, len) < len) {
		copy = repaired(s, len, &len);
		if (!copy) {
			fail(o, -ENOMEM);
			return;
		}
		s = copy;
	}
	check(o, yajl_gen_string(o->gen, (const unsigned char *)s, len));
}

void json_out_string(struct json_out *o, const char *s)
{
	if (s)
		json_out_string_len(o, s, strlen(s));
	else
		json_out_null(o);
}

void json_out_key(struct json_out *o, const char *key)
{
	json_out_string(o, key);
}

void json_out_raw(struct json_out *o, const char *text, size_t len)
{
	if (ready(o))
		check(o, yajl_gen_number(o->gen, text, len));
}

void json_out_int(struct json_out *o, int64_t value)
{
	if (ready(o))
		check(o, yajl_gen_integer(o->gen, value));
}

void json_out_uint(struct json_out *o, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, value);

	json_out_raw(o, text, (size_t)n);
}

void json_out_bool(struct json_out *o, bool value)
{
	if (ready(o))
		check(o, yajl_gen_bool(o->gen, value));
}

void json_out_null(struct json_out *o)
{
	if (ready(o))
		check(o, yajl_gen_null(o->gen));
}

void json_out_member_string(struct json_out *o, const char *key, const char *s)
{
	json_out_key(o, key);
	json_out_string(o, s);
}

void json_out_member_int(struct json_out *o, const char *key, int64_t value)
{
	json_out_key(o, key);
	json_out_int(o, value);
}

void json_out_member_uint(struct json_out *o, const char *key, uint64_t value)
{
	json_out_key(o, key);
	json_out_uint(o, value);
}

void json_out_member_bool(struct json_out *o, const char *key, bool value)
{
	json_out_key(o, key);
	json_out_bool(o, value);
}

void json_out_member_object(struct json_out *o, const char *key)
{
	json_out_key(o, key);
	json_out_object(o);
}

void json_out_member_array(struct json_out *o, const char *key)
{
	json_out_key(o, key);
	json_out_array(o);
}

void json_out_member_strings(struct json_out *o, const char *key, const char *const *items,
			     size_t n)
{
	json_out_member_array(o, key);
	for (size_t i = 0; i < n; i++)
		json_out_string(o, items[i]);
	json_out_end_array(o);
}

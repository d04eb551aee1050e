// SPDX-License-Identifier: GPL-2.0-or-later
/* The parser half of json.h: yajl events to nodes, limits, positions of errors. */
#include "oci/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "util/cleanup.h"

struct frame { /* an array or object that is still open */
	struct json_node *node, *tail;
};

struct parser {
	struct arena *arena;
	const char *text, *file;
	size_t len;
	size_t at; /* end of the last token that yajl told us about */
	bool finishing;
	yajl_handle yajl;
	struct json_node *root;
	const char *key; /* of the member whose value comes next */
	uint32_t key_start, key_len;
	unsigned depth;
	struct frame stack[JSON_DEPTH_MAX];
	struct err *e;
	int rc; /* set once a callback refused */
};

static void locate(const char *text, size_t at, size_t *line, size_t *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			(*line)++;
			*column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			(*column)++;
		}
	}
}

/* Refuse the document at byte @at; @node gives the pointer and may be NULL. Returns @rc. */
__attribute__((format(printf, 5, 6))) static int
refuse(struct parser *p, int rc, size_t at, const struct json_node *node, const char *fmt, ...)
{
	char what[256], pointer[200] = "";
	size_t line, column;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	locate(p->text, at < p->len ? at : p->len, &line, &column);
	(void)err_set(p->e, ERR_CONFIG, 0, "%s at line %zu, column %zu", what, line, column);
	if (node)
		(void)json_pointer(node, pointer, sizeof(pointer));
	err_origin(p->e, "%s%s%s", p->file, *pointer ? " " : "", pointer);
	p->rc = rc;
	return rc;
}

static int no_memory(struct parser *p)
{
	const struct arena *a = p->arena;

	if (a->cap && a->cap - a->used < 2 * (size_t)JSON_STRING_MAX)
		return refuse(p, -E2BIG, p->at, NULL,
			      "the document needs more memory than the "
			      "limit of %zu MiB",
			      a->cap >> 20);
	p->rc = err_set(p->e, ERR_SYSTEM, ENOMEM, "read '%s'", p->file);
	return p->rc;
}

/* Whitespace and the tokens that yajl reports no event for lie between @at and the next value. */
static size_t skip(const struct parser *p, size_t at)
{
	while (at < p->len && memchr(" \t\r\n,:", p->text[at], 6))
		at++;
	return at;
}

static size_t token_end(const struct parser *p)
{
	/* a top-level number is only known to be complete when the text ends */
	return p->finishing ? p->len : yajl_get_bytes_consumed(p->yajl);
}

/* A new node for the value that yajl just reported, linked into the open container. */
static struct json_node *node_add(struct parser *p, enum json_type type)
{
	struct frame *f = p->depth ? &p->stack[p->depth - 1] : NULL;
	struct json_node *n = arena_alloc(p->arena, sizeof(*n));

	if (!n) {
		(void)no_memory(p);
		return NULL;
	}
	n->type = type;
	n->start = (uint32_t)skip(p, p->at);
	p->at = token_end(p);
	n->end = (uint32_t)p->at;
	if (!f) {
		p->root = n;
		return n;
	}
	n->parent = f->node;
	n->key = p->key;
	n->key_len = p->key_len;
	n->key_start = p->key_start;
	p->key = NULL; /* items of an array have none */
	p->key_len = p->key_start = 0;
	if (f->tail)
		f->tail->next = n;
	else
		f->node->first = n;
	f->tail = n;
	if (++f->node->count > JSON_ENTRIES_MAX) {
		(void)refuse(p, -E2BIG, n->start, f->node, "more than %d entries",
			     JSON_ENTRIES_MAX);
		return NULL;
	}
	return n;
}

static int hex4(const char *s)
{
	char digits[5] = { s[0], s[1], s[2], s[3], '\0' };

	return (int)strtol(digits, NULL, 16);
}

/* yajl turns unpaired surrogates into other characters; true when the literal has one. */
static bool has_lone_surrogate(const char *s, const char *end)
{
	for (; s < end; s++) {
		int c;

		if (*s != '\\')
			continue;
		s++;
		if (*s != 'u')
			continue;
		c = hex4(s + 1);
		s += 4;
		if (c < 0xd800 || c > 0xdfff)
			continue;
		if (c >= 0xdc00 || end - s < 8 || s[1] != '\\' || s[2] != 'u')
			return true;
		c = hex4(s + 3);
		if (c < 0xdc00 || c > 0xdfff)
			return true;
		s += 6;
	}
	return false;
}

/*
 * Copy a string that yajl decoded. Its literal begins at @start of the source. Returns NULL after
 * refusing it.
 */
static const char *copy_string(struct parser *p, const unsigned char *s, size_t len, size_t start,
			       const struct json_node *node)
{
	const char *literal = p->text + start, *end = p->text + token_end(p), *copy;

	if (len > JSON_STRING_MAX) {
		(void)refuse(p, -E2BIG, start, node, "string longer than %d bytes",
			     JSON_STRING_MAX);
		return NULL;
	}
	if ((const char *)s != literal + 1) { /* it has escapes */
		if (memchr(s, '\0', len)) {
			(void)refuse(p, -EINVAL, start, node, "string with a NUL byte");
			return NULL;
		}
		if (has_lone_surrogate(literal, end)) {
			(void)refuse(p, -EINVAL, start, node,
				     "string with an unpaired \\u surrogate");
			return NULL;
		}
	}
	copy = arena_memdup(p->arena, (const char *)s, len);
	if (!copy)
		(void)no_memory(p);
	return copy;
}

static int on_null(void *ctx)
{
	return node_add(ctx, JSON_NULL) != NULL;
}

static int on_boolean(void *ctx, int value)
{
	struct json_node *n = node_add(ctx, JSON_BOOL);

	if (n)
		n->truth = value;
	return n != NULL;
}

static int on_number(void *ctx, const char *s, size_t len)
{
	struct parser *p = ctx;
	struct json_node *n = node_add(p, JSON_NUMBER);

	if (!n)
		return 0;
	if (len > JSON_STRING_MAX) {
		(void)refuse(p, -E2BIG, n->start, n, "number longer than %d bytes",
			     JSON_STRING_MAX);
		return 0;
	}
	n->text = arena_memdup(p->arena, s, len);
	n->len = (uint32_t)len;
	if (!n->text)
		(void)no_memory(p);
	return n->text != NULL;
}

static int on_string(void *ctx, const unsigned char *s, size_t len)
{
	struct parser *p = ctx;
	struct json_node *n = node_add(p, JSON_STRING);

	if (!n)
		return 0;
	n->text = copy_string(p, s, len, n->start, n);
	n->len = (uint32_t)len;
	return n->text != NULL;
}

static int on_key(void *ctx, const unsigned char *s, size_t len)
{
	struct parser *p = ctx;
	size_t start = skip(p, p->at);

	p->key = copy_string(p, s, len, start, p->stack[p->depth - 1].node);
	p->key_len = (uint32_t)len;
	p->key_start = (uint32_t)start;
	p->at = token_end(p);
	return p->key != NULL;
}

static int open_container(struct parser *p, enum json_type type)
{
	struct json_node *n = node_add(p, type);

	if (!n)
		return 0;
	if (p->depth == JSON_DEPTH_MAX) {
		(void)refuse(p, -E2BIG, n->start, n->parent, "nested deeper than %d levels",
			     JSON_DEPTH_MAX);
		return 0;
	}
	p->stack[p->depth++] = (struct frame){ .node = n };
	return 1;
}

static void close_container(struct parser *p)
{
	p->at = token_end(p);
	p->stack[--p->depth].node->end = (uint32_t)p->at;
}

static int on_start_array(void *ctx)
{
	return open_container(ctx, JSON_ARRAY);
}

static int on_end_array(void *ctx)
{
	close_container(ctx);
	return 1;
}

static int on_start_map(void *ctx)
{
	return open_container(ctx, JSON_OBJECT);
}

static bool same_key(const struct json_node *a, const struct json_node *b)
{
	return a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

static int by_key(const void *pa, const void *pb)
{
	const struct json_node *a = *(const struct json_node *const *)pa;
	const struct json_node *b = *(const struct json_node *const *)pb;
	int d;

	if (a->key_len != b->key_len)
		return a->key_len < b->key_len ? -1 : 1;
	d = memcmp(a->key, b->key, a->key_len);
	if (d)
		return d;
	return a->key_start < b->key_start ? -1 : a->key_start > b->key_start;
}

/* Sorting, unlike hashing, cannot be made quadratic by chosen keys. */
static int duplicate_sorted(const struct json_node *object, const struct json_node **ret_second)
{
	cleanup_free const struct json_node **sorted = calloc(object->count, sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return -ENOMEM;
	json_for_each (m, object)
		sorted[n++] = m;
	qsort(sorted, n, sizeof(*sorted), by_key);
	for (size_t i = 1; i < n; i++)
		if (same_key(sorted[i - 1], sorted[i]))
			*ret_second = sorted[i];
	return 0;
}

static int find_duplicate(const struct json_node *object, const struct json_node **ret_second)
{
	if (object->count > 16)
		return duplicate_sorted(object, ret_second);
	json_for_each (a, object)
		for (const struct json_node *b = a->next; b; b = b->next)
			if (same_key(a, b))
				*ret_second = b;
	return 0;
}

static int on_end_map(void *ctx)
{
	struct parser *p = ctx;
	const struct json_node *second = NULL;

	close_container(p);
	if (find_duplicate(p->stack[p->depth].node, &second) < 0) {
		(void)no_memory(p);
		return 0;
	}
	if (second)
		(void)refuse(p, -EINVAL, second->key_start, second, "duplicate key '%.100s'",
			     second->key);
	return !second;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end_map,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_array,
};

/* What yajl found wrong, in our words where its own are cryptic. */
static int syntax_error(struct parser *p)
{
	unsigned char *said = yajl_get_error(p->yajl, 0, (const unsigned char *)p->text, p->len);
	const char *why = said ? (const char *)said : "syntax error";
	size_t at = skip(p, p->at), consumed = token_end(p);
	const struct json_node *inside = p->depth ? p->stack[p->depth - 1].node : NULL;

	if (strncmp(why, "lexical error: ", 15) == 0)
		why += 15;
	else if (strncmp(why, "parse error: ", 13) == 0)
		why += 13;
	if (strstr(why, "premature EOF")) {
		(void)refuse(p, -EINVAL, p->len, inside, "invalid JSON: the text ends too early");
	} else {
		if (at >= consumed)
			at = consumed ? consumed - 1 : 0;
		(void)refuse(p, -EINVAL, at, inside, "invalid JSON: %.*s", (int)strcspn(why, ".\n"),
			     why);
	}
	if (said)
		yajl_free_error(p->yajl, said);
	return p->rc;
}

/* What must hold before yajl sees the text. */
static int check_text(struct parser *p)
{
	const char *nul;
	size_t good;

	if (p->len > JSON_TEXT_MAX)
		return refuse(p, -E2BIG, 0, NULL, "document larger than %d bytes", JSON_TEXT_MAX);
	if (skip(p, 0) == p->len)
		return refuse(p, -EINVAL, 0, NULL, "the document is empty");
	if (p->len >= 3 && memcmp(p->text, "\xef\xbb\xbf", 3) == 0)
		return refuse(p, -EINVAL, 0, NULL, "invalid JSON: byte order mark");
	nul = memchr(p->text, '\0', p->len);
	if (nul)
		return refuse(p, -EINVAL, (size_t)(nul - p->text), NULL, "invalid JSON: NUL byte");
	good = json_utf8_span(p->text, p->len);
	if (good < p->len)
		return refuse(p, -EINVAL, good, NULL, "invalid UTF-8");
	return 0;
}

static int run(struct parser *p)
{
	yajl_status status;

	p->yajl = yajl_alloc(&callbacks, NULL, p);
	if (!p->yajl)
		return no_memory(p);
	/* check_text() did it, and more strictly */
	(void)yajl_config(p->yajl, yajl_dont_validate_strings, 1);
	status = yajl_parse(p->yajl, (const unsigned char *)p->text, p->len);
	if (status == yajl_status_ok) {
		p->finishing = true;
		status = yajl_complete_parse(p->yajl);
	}
	if (status != yajl_status_ok && !p->rc)
		(void)syntax_error(p);
	yajl_free(p->yajl);
	return p->rc;
}

int json_parse(struct arena *arena, const char *text, size_t len, const char *file,
	       const struct json_node **ret_root, struct err *e)
{
	struct parser p = { .arena = arena, .text = text, .len = len, .file = file, .e = e };
	int r = check_text(&p);

	if (r == 0)
		r = run(&p);
	if (r == 0)
		*ret_root = p.root;
	return r;
}

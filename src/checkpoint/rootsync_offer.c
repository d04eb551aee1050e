// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a container's root is made of, as JSON, and the messages that carry it:
 *
 *   {"kind": "overlay" or "directory", "copy", "contents", "base": [{"path", "shape" (unless it does not
 *    matter)}...], "layers": [{"digest", "name", "created", "message", "parent", "after"}...], "head", "last",
 *    "next"}
 *
 * The lowest layer comes first. Layers are numbered from 1; 0 is none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/rootsync_internal.h"
#include "oci/json.h"
#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/id.h"

enum {
	BASES_MAX = 500, /* as many layers as the kernel merges */
	LAYERS_MAX = 100000,
	TEXT_MAX = 64 << 10,
};

/* ---- messages ---- */

int rootsync_send(struct wire *w, enum rootsync_message type, const void *bytes, size_t size,
		  struct err *e)
{
	cleanup_free char *text = malloc(size + 1);

	if (!text)
		return err_set(e, ERR_SYSTEM, ENOMEM, "send files");
	text[0] = (char)type;
	if (size)
		memcpy(text + 1, bytes, size);
	return wire_send(w, WIRE_ROOT, text, size + 1, e);
}

int rootsync_kind(const struct wire_message *m, const char **ret, size_t *ret_size, struct err *e)
{
	if (m->type != WIRE_ROOT || !m->size)
		return err_set(e, ERR_SYSTEM, EPROTO,
			       "the other side sends something else than files");
	*ret = m->data + 1;
	*ret_size = m->size - 1;
	return (unsigned char)m->data[0];
}

int rootsync_expect(struct wire *w, const char *who, enum rootsync_message type, const char **ret,
		    size_t *ret_size, struct err *e)
{
	struct wire_message m;
	const char *bytes;
	size_t size;
	int r = wire_expect(w, who, WIRE_ROOT, &m, e);

	if (r == 0)
		r = rootsync_kind(&m, &bytes, &size, e);
	if (r < 0)
		return r;
	if (r != (int)type)
		return err_set(e, ERR_SYSTEM, EPROTO, "%s says %d where %d is due", who, r,
			       (int)type);
	if (ret) {
		*ret = bytes;
		*ret_size = size;
	}
	return 0;
}

/* ---- writing ---- */

static void write_optional(struct json_out *o, const char *key, const char *text)
{
	if (text)
		json_out_member_string(o, key, text);
}

static void write_part(struct json_out *o, const struct layers_part *p)
{
	json_out_object(o);
	json_out_member_string(o, "digest", p->digest);
	write_optional(o, "name", p->name);
	write_optional(o, "created", p->created);
	write_optional(o, "message", p->message);
	json_out_member_int(o, "parent", p->parent + 1);
	json_out_member_int(o, "after", p->after + 1);
	json_out_end_object(o);
}

int rootsync_offer_write(const struct rootsync_offer *of, char **ret, size_t *ret_size,
			 struct err *e)
{
	cleanup_(json_out_free) struct json_out o = { 0 };
	int r = json_out_init(&o, false);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "describe the root filesystem");
	json_out_object(&o);
	json_out_member_string(&o, "kind", of->overlay ? "overlay" : "directory");
	json_out_member_bool(&o, "copy", of->copy);
	json_out_member_bool(&o, "contents", of->contents);
	json_out_member_array(&o, "base");
	for (size_t i = 0; i < of->base_count; i++) {
		json_out_object(&o);
		json_out_member_string(&o, "path", of->base[i]);
		write_optional(&o, "shape", of->shapes[i]);
		json_out_end_object(&o);
	}
	json_out_end_array(&o);
	json_out_member_array(&o, "layers");
	for (size_t i = 0; i < of->parts.count; i++)
		write_part(&o, &of->parts.items[i]);
	json_out_end_array(&o);
	json_out_member_int(&o, "head", of->parts.head + 1);
	json_out_member_int(&o, "last", of->parts.last + 1);
	json_out_member_uint(&o, "next", of->parts.next);
	json_out_end_object(&o);
	r = json_out_finish(&o, ret, ret_size);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "describe the root filesystem") : 0;
}

/* ---- reading ---- */

static int read_index(const struct json_node *o, const char *key, int *ret, struct err *e)
{
	uint64_t value;
	int r = wire_uint(o, key, LAYERS_MAX, &value, e);

	if (r == 0)
		*ret = (int)value - 1;
	return r;
}

static int read_part(const struct json_node *o, struct layers_part *p, struct err *e)
{
	int r = wire_string(o, "digest", DIGEST_TEXT, false, &p->digest, e);

	if (r == 0)
		r = wire_string(o, "name", ID_MAX, true, &p->name, e);
	if (r == 0)
		r = wire_string(o, "created", 64, true, &p->created, e);
	if (r == 0)
		r = wire_string(o, "message", TEXT_MAX, true, &p->message, e);
	if (r == 0)
		r = read_index(o, "parent", &p->parent, e);
	return r == 0 ? read_index(o, "after", &p->after, e) : r;
}

static int read_array(const struct json_node *root, const char *key, size_t max,
		      const struct json_node **ret, struct err *e)
{
	const struct json_node *n = json_member(root, key);

	if (!n || n->type != JSON_ARRAY || n->count > max)
		return err_set(e, ERR_SYSTEM, EBADMSG,
			       "member '%s' of the other side's offer is no list", key);
	*ret = n;
	return 0;
}

static int read_bases(const struct json_node *root, struct arena *a, struct rootsync_offer *ret,
		      struct err *e)
{
	const struct json_node *list = NULL;
	size_t i = 0;
	int r = read_array(root, "base", BASES_MAX, &list, e);

	if (r < 0)
		return r;
	ret->base_count = list->count;
	ret->base = arena_array(a, ret->base_count + 1, sizeof(*ret->base));
	ret->shapes = arena_array(a, ret->base_count + 1, sizeof(*ret->shapes));
	if (!ret->base || !ret->shapes)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the other side's offer");
	json_for_each (item, list) {
		r = wire_string(item, "path", 4096, false, &ret->base[i], e);
		if (r == 0)
			r = wire_string(item, "shape", DIGEST_TEXT, true, &ret->shapes[i], e);
		if (r < 0)
			return r;
		i++;
	}
	return ret->base_count ? 0 : err_set(e, ERR_SYSTEM, EBADMSG, "the offer has no root");
}

static int read_layers(const struct json_node *root, struct arena *a, struct layers_parts *ret,
		       struct err *e)
{
	const struct json_node *list = NULL;
	struct layers_part *items;
	size_t i = 0;
	int r = read_array(root, "layers", LAYERS_MAX, &list, e);

	if (r < 0)
		return r;
	ret->count = list->count;
	ret->items = items = arena_array(a, ret->count + 1, sizeof(*items));
	if (!items)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the other side's offer");
	json_for_each (item, list) {
		r = read_part(item, &items[i++], e);
		if (r < 0)
			return r;
	}
	r = read_index(root, "head", &ret->head, e);
	if (r == 0)
		r = read_index(root, "last", &ret->last, e);
	return r == 0 ? wire_uint(root, "next", INT64_MAX, &ret->next, e) : r;
}

int rootsync_offer_read(const char *text, size_t size, struct arena *a, struct rootsync_offer *ret,
			struct err *e)
{
	const struct json_node *root;
	const char *kind, *copy = arena_memdup(a, text, size);
	struct rootsync_offer o = { 0 };
	int r = copy ? json_parse(a, copy, size, "the other side's offer", &root, e)
		     : err_set(e, ERR_SYSTEM, ENOMEM, "read the other side's offer");

	if (r == 0)
		r = wire_string(root, "kind", 16, false, &kind, e);
	if (r < 0)
		return r;
	o.overlay = strcmp(kind, "overlay") == 0;
	if (!o.overlay && strcmp(kind, "directory") != 0)
		return err_set(e, ERR_SYSTEM, EBADMSG, "a root of kind '%s' is unknown", kind);
	o.copy = wire_bool(root, "copy");
	o.contents = wire_bool(root, "contents");
	r = read_bases(root, a, &o, e);
	if (r == 0)
		r = read_layers(root, a, &o.parts, e);
	if (r == 0)
		*ret = o;
	return r;
}

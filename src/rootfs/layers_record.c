// SPDX-License-Identifier: GPL-2.0-or-later
/* See layers_record.h. */
#include "rootfs/layers_record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "oci/json.h"
#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/id.h"
#include "util/io.h"
#include "util/strbuf.h"

enum {
	RECORD_VERSION = 1,
	RECORD_MAX = 8 << 20,
	NAMES_SHOWN = 512
};

/* ---- writing ---- */

static const char *layer_of(const struct layers_record *r, int index)
{
	return index == LAYERS_NONE ? NULL : r->snapshots[index].layer;
}

static void write_snapshot(struct json_out *o, const struct layers_record *r,
			   const struct layers_snapshot *s)
{
	json_out_object(o);
	json_out_member_string(o, "name", s->name);
	json_out_member_string(o, "layer", s->layer);
	json_out_member_string(o, "parent", layer_of(r, s->parent));
	json_out_member_string(o, "after", layer_of(r, s->after));
	json_out_member_string(o, "created", s->created);
	if (s->message)
		json_out_member_string(o, "message", s->message);
	json_out_end_object(o);
}

static void write_record(struct json_out *o, const struct layers_record *r)
{
	json_out_object(o);
	json_out_member_int(o, "version", RECORD_VERSION);
	json_out_member_strings(o, "base", r->base, r->base_count);
	if (r->origin) {
		json_out_member_object(o, "origin");
		json_out_member_string(o, "container", r->origin);
		json_out_member_string(o, "snapshot", r->origin_snapshot);
		json_out_member_strings(o, "layers", r->origin_layers, r->origin_count);
		json_out_end_object(o);
	}
	json_out_member_array(o, "snapshots");
	for (size_t i = 0; i < r->count; i++)
		write_snapshot(o, r, &r->snapshots[i]);
	json_out_end_array(o);
	json_out_member_string(o, "head", layer_of(r, r->head));
	json_out_member_string(o, "last", layer_of(r, r->last));
	json_out_member_string(o, "upper", r->upper);
	json_out_member_uint(o, "next", r->next);
	json_out_end_object(o);
}

int layers_record_save(int dir, const struct layers_record *r, struct err *e)
{
	cleanup_free char *text = NULL;
	struct json_out o;
	size_t len;
	int ret = json_out_init(&o, true);

	if (ret == 0) {
		write_record(&o, r);
		ret = json_out_finish(&o, &text, &len);
		json_out_free(&o);
	}
	if (ret == 0)
		ret = io_replace_file_durable(dir, LAYERS_RECORD_FILE, 0600, text, len);
	return ret < 0 ? err_set(e, ERR_SYSTEM, -ret, "write the record of layers") : 0;
}

/* ---- reading: strict, because what it does not name will be removed ---- */

struct reader {
	struct arena *a;
	struct layers_record *r;
};

/* A string, a copy of which is in *ret. */
static bool read_string(const struct reader *rd, const struct json_node *node, const char **ret)
{
	if (!node || node->type != JSON_STRING || strlen(node->text) != node->len)
		return false;
	*ret = arena_strdup(rd->a, node->text);
	return *ret != NULL;
}

/* The same, but null or nothing is NULL. */
static bool read_optional(const struct reader *rd, const struct json_node *node, const char **ret)
{
	*ret = NULL;
	return !node || node->type == JSON_NULL || read_string(rd, node, ret);
}

static bool is_layer_name(const char *name)
{
	return strlen(name) == LAYERS_NAME_SIZE - 1 &&
	       strspn(name, "0123456789abcdef") == LAYERS_NAME_SIZE - 1;
}

static bool read_layer(const struct reader *rd, const struct json_node *node, const char **ret)
{
	return read_string(rd, node, ret) && is_layer_name(*ret);
}

static bool read_strings(const struct reader *rd, const struct json_node *node, bool layers,
			 const char ***ret, size_t *ret_count)
{
	size_t n = 0;

	if (!node || node->type != JSON_ARRAY)
		return false;
	*ret = arena_array(rd->a, node->count + 1, sizeof(**ret));
	if (!*ret)
		return false;
	json_for_each (item, node)
		if (!(layers ? read_layer : read_string)(rd, item, &(*ret)[n++]))
			return false;
	*ret_count = n;
	return true;
}

static bool read_origin(const struct reader *rd, const struct json_node *node)
{
	struct layers_record *r = rd->r;

	if (!node)
		return true;
	return read_string(rd, json_member(node, "container"), &r->origin) &&
	       read_string(rd, json_member(node, "snapshot"), &r->origin_snapshot) &&
	       read_strings(rd, json_member(node, "layers"), true, &r->origin_layers,
			    &r->origin_count);
}

/* The index of the snapshot whose layer @node names; null is LAYERS_NONE. */
static bool read_reference(const struct layers_record *r, const struct json_node *node, int *ret)
{
	*ret = LAYERS_NONE;
	if (!node || node->type == JSON_NULL)
		return true;
	for (size_t i = 0; i < r->count && node->type == JSON_STRING; i++)
		if (strcmp(r->snapshots[i].layer, node->text) == 0)
			*ret = (int)i;
	return *ret != LAYERS_NONE;
}

/* Both relations lead back to the start: what refers to itself would be walked for ever. */
static bool is_acyclic(const struct layers_record *r)
{
	for (size_t i = 0; i < r->count; i++) {
		size_t steps = 0;

		for (int at = r->snapshots[i].parent; at != LAYERS_NONE;
		     at = r->snapshots[at].parent)
			if (++steps > r->count)
				return false;
		steps = 0;
		for (int at = r->snapshots[i].after; at != LAYERS_NONE; at = r->snapshots[at].after)
			if (++steps > r->count)
				return false;
	}
	return true;
}

static bool read_snapshot(const struct reader *rd, const struct json_node *item,
			  struct layers_snapshot *s)
{
	return read_optional(rd, json_member(item, "name"), &s->name) &&
	       (!s->name || id_is_valid(s->name)) &&
	       read_layer(rd, json_member(item, "layer"), &s->layer) &&
	       read_string(rd, json_member(item, "created"), &s->created) &&
	       read_optional(rd, json_member(item, "message"), &s->message);
}

static bool read_snapshots(const struct reader *rd, const struct json_node *node)
{
	struct layers_record *r = rd->r;
	struct layers_snapshot *s;

	if (!node || node->type != JSON_ARRAY)
		return false;
	s = r->snapshots = arena_array(rd->a, node->count + 1, sizeof(*r->snapshots));
	if (!s)
		return false;
	json_for_each (item, node) {
		if (!read_snapshot(rd, item, s++))
			return false;
		r->count++;
	}
	s = r->snapshots;
	json_for_each (item, node) {
		if (!read_reference(r, json_member(item, "parent"), &s->parent) ||
		    !read_reference(r, json_member(item, "after"), &s->after))
			return false;
		s++;
	}
	return is_acyclic(r);
}

static bool read_record(const struct reader *rd, const struct json_node *root)
{
	struct layers_record *r = rd->r;
	const struct json_node *next = json_member(root, "next");

	return read_strings(rd, json_member(root, "base"), false, &r->base, &r->base_count) &&
	       r->base_count > 0 && read_origin(rd, json_member(root, "origin")) &&
	       read_snapshots(rd, json_member(root, "snapshots")) &&
	       read_reference(r, json_member(root, "head"), &r->head) &&
	       read_reference(r, json_member(root, "last"), &r->last) &&
	       read_layer(rd, json_member(root, "upper"), &r->upper) && next &&
	       json_to_u64(next, UINT64_MAX, &r->next) == 0;
}

static int parse(const char *text, size_t len, struct arena *a, struct layers_record *ret,
		 struct err *e)
{
	const struct reader rd = { a, ret };
	const struct json_node *root, *version;
	uint64_t number = 0;
	int r = json_parse(a, text, len, LAYERS_RECORD_FILE, &root, NULL);

	memset(ret, 0, sizeof(*ret));
	if (r == -ENOMEM)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the record of layers");
	version = r == 0 ? json_member(root, "version") : NULL;
	if (version && json_to_u64(version, UINT64_MAX, &number) == 0 && number > RECORD_VERSION) {
		err_set(e, ERR_STATE, 0, "the layers were written by a newer version of ctr");
		return -EBADMSG;
	}
	if (r == 0 && number == RECORD_VERSION && read_record(&rd, root))
		return 0;
	memset(ret, 0, sizeof(*ret));
	err_set(e, ERR_STATE, 0, "the record of layers is damaged");
	err_hint(e,
		 "restore " LAYERS_RECORD_FILE " from a copy, or remove it to give the layers up");
	return -EBADMSG;
}

int layers_record_load(int dir, struct arena *a, struct layers_record *ret, struct err *e)
{
	cleanup_fd int fd =
		openat(dir, LAYERS_RECORD_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t len;
	int r;

	if (fd < 0)
		return err_set(e, ERR_STATE, errno, "read the record of layers");
	r = io_read_file(fd, RECORD_MAX, &text, &len);
	if (r < 0)
		return err_set(e, ERR_STATE, -r, "read the record of layers");
	return parse(text, len, a, ret, e);
}

/* ---- looking and changing ---- */

static void list_names(const struct layers_record *r, char *buf, size_t size)
{
	struct strbuf s = STRBUF_OVER(buf, size);

	for (size_t i = 0; i < r->count; i++)
		if (r->snapshots[i].name)
			strbuf_addf(&s, "%s%s", s.len ? ", " : "", r->snapshots[i].name);
}

int layers_record_find(const struct layers_record *r, const char *name, struct err *e)
{
	char names[NAMES_SHOWN];

	for (size_t i = 0; i < r->count; i++)
		if (r->snapshots[i].name && strcmp(r->snapshots[i].name, name) == 0)
			return (int)i;
	list_names(r, names, sizeof(names));
	err_set(e, ERR_STATE, 0, "there is no snapshot '%s'", name);
	if (names[0])
		err_hint(e, "there are: %.200s", names);
	else
		err_hint(e, "there are none yet");
	return -ENOENT;
}

int layers_record_uses(const struct layers_record *r, const char *layer)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->snapshots[i].layer, layer) == 0)
			return 1;
	for (size_t i = 0; i < r->origin_count; i++)
		if (strcmp(r->origin_layers[i], layer) == 0)
			return 1;
	return 0;
}

int layers_record_add(struct layers_record *r, struct arena *a, const struct layers_snapshot *s)
{
	struct layers_snapshot *grown = arena_array(a, r->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	if (r->count)
		memcpy(grown, r->snapshots, r->count * sizeof(*grown));
	grown[r->count] = *s;
	r->snapshots = grown;
	return (int)r->count++;
}

static int without(int reference, int index, int instead)
{
	if (reference == index)
		reference = instead;
	return reference > index ? reference - 1 : reference;
}

void layers_record_drop(struct layers_record *r, int index)
{
	const struct layers_snapshot gone = r->snapshots[index];

	for (size_t i = 0; i < r->count; i++) {
		struct layers_snapshot *s = &r->snapshots[i];

		s->parent = without(s->parent, index, gone.parent);
		s->after = without(s->after, index, gone.after);
	}
	r->head = without(r->head, index, gone.parent);
	r->last = without(r->last, index, gone.after);
	r->count--;
	memmove(&r->snapshots[index], &r->snapshots[index + 1],
		(r->count - (size_t)index) * sizeof(gone));
}

size_t layers_record_children(const struct layers_record *r, int index, int *ret_child)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (r->snapshots[i].parent != index)
			continue;
		n++;
		if (ret_child)
			*ret_child = (int)i;
	}
	return n;
}

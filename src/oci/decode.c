// SPDX-License-Identifier: GPL-2.0-or-later
/* The table interpreter; see decode.h. One function per kind of field. */
#include "oci/decode.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "oci/spec.h"
#include "util/problems.h"

/* What OCI_ARRAY makes, whatever its item type is. */
struct any_array {
	void *items;
	size_t count;
};

static void origin(struct decode *d, const struct json_node *node)
{
	char pointer[224];

	(void)json_pointer(node, pointer, sizeof(pointer));
	err_origin(d->e, "%s%s%s", d->file, *pointer ? " " : "", pointer);
}

int decode_fail(struct decode *d, const struct json_node *node, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	(void)err_set(d->e, ERR_CONFIG, 0, "%s", what);
	origin(d, node);
	(void)err_keep(d->e, -EINVAL); /* listed or not: this value is not to be had */
	return -EINVAL;
}

int decode_without(const struct decode *d, int r)
{
	return r == -EINVAL && d->e && d->e->problems ? 0 : r;
}

int decode_leave_out(struct decode *d, const struct json_node *array, size_t index, int r)
{
	char pointer[224];

	if (r == 0 || decode_without(d, r) < 0)
		return r;
	if (problems_gap(d->e->problems, json_pointer(array, pointer, sizeof(pointer)), index) < 0)
		return err_set(d->e, ERR_SYSTEM, ENOMEM, "read '%s'", d->file);
	return 0;
}

int decode_expect(struct decode *d, const struct json_node *node, enum json_type type)
{
	if (node->type == type)
		return 0;
	return decode_fail(d, node, "must be %s, not %s", json_type_name(type),
			   json_type_name(node->type));
}

int decode_no_memory(struct decode *d, size_t wanted)
{
	const struct arena *a = d->arena;

	if (!a->cap || (wanted <= a->cap && a->used <= a->cap - wanted))
		return err_set(d->e, ERR_SYSTEM, ENOMEM, "read '%s'", d->file);
	(void)err_set(d->e, ERR_CONFIG, 0,
		      "the document needs more memory than the limit of %zu MiB", a->cap >> 20);
	err_origin(d->e, "%s", d->file);
	return -E2BIG;
}

int decode_array(struct decode *d, size_t n, size_t size, void *ret_items)
{
	void *array = arena_array(d->arena, n ? n : 1, size);

	if (!array)
		return decode_no_memory(d, n * size + 64); /* and what rounding up costs */
	memcpy(ret_items, &array, sizeof(array));
	return 0;
}

int decode_string(struct decode *d, const struct json_node *node, const char **ret_string)
{
	int r = decode_expect(d, node, JSON_STRING);

	if (r == 0)
		*ret_string = node->text;
	return r;
}

/* "one, two, three" when that is short enough to help, else "". */
static const char *choices(const struct oci_names *names, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < names->count; i++) {
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 i ? ", " : " (known: ", names->items[i].name);
		if (used + 2 > size) {
			buf[0] = '\0';
			return buf;
		}
	}
	(void)snprintf(buf + used, size - used, ")");
	return buf;
}

int decode_name(struct decode *d, const struct json_node *node, const struct oci_names *names,
		uint64_t *ret_value)
{
	char known[240];
	int r = decode_expect(d, node, JSON_STRING);

	if (r < 0)
		return r;
	if (oci_names_find(names, node->text, ret_value))
		return 0;
	return decode_fail(d, node, "unknown %s '%.100s'%s", names->what, node->text,
			   choices(names, known, sizeof(known)));
}

static int bad_integer(struct decode *d, const struct json_node *node, int r, int64_t min,
		       uint64_t max)
{
	if (node->type != JSON_NUMBER)
		return decode_expect(d, node, JSON_NUMBER);
	if (r == -ERANGE)
		return decode_fail(d, node, "%.40s is out of range (%lld to %llu)", node->text,
				   (long long)min, (unsigned long long)max);
	return decode_fail(d, node, "must be an integer, not %.40s", node->text);
}

static int get_u64(struct decode *d, const struct json_node *node, uint64_t max, uint64_t *ret)
{
	int r = json_to_u64(node, max, ret);

	return r < 0 ? bad_integer(d, node, r, 0, max) : 0;
}

static int get_i64(struct decode *d, const struct json_node *node, int64_t *ret)
{
	int r = json_to_i64(node, INT64_MIN, INT64_MAX, ret);

	return r < 0 ? bad_integer(d, node, r, INT64_MIN, INT64_MAX) : 0;
}

/* The name tables hold nothing that does not fit the members that use them. */
static void store(void *at, uint32_t size, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	if (size == sizeof(value))
		memcpy(at, &value, sizeof(value));
	else
		memcpy(at, &narrow, sizeof(narrow));
}

static int field_string(struct decode *d, const struct json_node *node,
			const struct decode_field *f, void *at)
{
	int r = decode_expect(d, node, JSON_STRING);

	if (r < 0)
		return r;
	if (!node->len && f->required)
		return decode_fail(d, node, "must not be empty");
	*(const char **)at = node->len ? node->text : NULL;
	return 0;
}

static int field_bool(struct decode *d, const struct json_node *node, const struct decode_field *f,
		      void *at)
{
	int r = decode_expect(d, node, JSON_BOOL);

	(void)f;
	if (r == 0)
		*(bool *)at = node->truth;
	return r;
}

static int field_i64(struct decode *d, const struct json_node *node, const struct decode_field *f,
		     void *at)
{
	(void)f;
	return get_i64(d, node, at);
}

static int field_u32(struct decode *d, const struct json_node *node, const struct decode_field *f,
		     void *at)
{
	uint64_t v;
	int r = get_u64(d, node, UINT32_MAX, &v);

	if (r == 0)
		store(at, f->size, v);
	return r;
}

static int field_u64(struct decode *d, const struct json_node *node, const struct decode_field *f,
		     void *at)
{
	(void)f;
	return get_u64(d, node, UINT64_MAX, at);
}

static int field_opt_i64(struct decode *d, const struct json_node *node,
			 const struct decode_field *f, void *at)
{
	struct opt_i64 *v = at;
	int r = get_i64(d, node, &v->value);

	(void)f;
	v->set = r == 0;
	return r;
}

static int field_opt_u64(struct decode *d, const struct json_node *node,
			 const struct decode_field *f, void *at)
{
	struct opt_u64 *v = at;
	int r = get_u64(d, node, f->max, &v->value);

	v->set = r == 0;
	return r;
}

static int field_name(struct decode *d, const struct json_node *node, const struct decode_field *f,
		      void *at)
{
	uint64_t v;
	int r = decode_name(d, node, f->names, &v);

	if (r == 0)
		store(at, f->size, v);
	return r;
}

static int field_flags(struct decode *d, const struct json_node *node, const struct decode_field *f,
		       void *at)
{
	uint64_t all = 0, v;
	int r = decode_expect(d, node, JSON_ARRAY);

	if (r < 0)
		return r;
	json_for_each (item, node) {
		v = 0;
		r = decode_without(d, decode_name(d, item, f->names, &v));
		if (r < 0)
			return r;
		all |= v;
	}
	store(at, f->size, all);
	return 0;
}

/* An array of @node's items, each converted by @one into @f->size bytes. */
static int
items(struct decode *d, const struct json_node *node, const struct decode_field *f, void *at,
      int (*one)(struct decode *, const struct json_node *, const struct decode_field *, void *))
{
	struct any_array a = { 0 };
	size_t index = 0;
	int r = decode_expect(d, node, JSON_ARRAY);

	if (r == 0)
		r = decode_array(d, node->count, f->size, &a.items);
	if (r < 0 || !a.items)
		return r;
	json_for_each (item, node) {
		char *slot = (char *)a.items + a.count * f->size;

		r = one(d, item, f, slot);
		if (r == 0)
			a.count++;
		else
			memset(slot, 0, f->size); /* what could be read of it is not wanted */
		r = decode_leave_out(d, node, index++, r);
		if (r < 0)
			return r;
	}
	memcpy(at, &a, sizeof(a));
	return 0;
}

static int field_names(struct decode *d, const struct json_node *node, const struct decode_field *f,
		       void *at)
{
	return items(d, node, f, at, field_name);
}

static int field_u32s(struct decode *d, const struct json_node *node, const struct decode_field *f,
		      void *at)
{
	return items(d, node, f, at, field_u32);
}

static int one_string(struct decode *d, const struct json_node *node, const struct decode_field *f,
		      void *at)
{
	(void)f;
	return decode_string(d, node, at);
}

static int field_strings(struct decode *d, const struct json_node *node,
			 const struct decode_field *f, void *at)
{
	const struct decode_field each = { .size = sizeof(const char *) };

	(void)f;
	return items(d, node, &each, at, one_string);
}

static int field_pairs(struct decode *d, const struct json_node *node, const struct decode_field *f,
		       void *at)
{
	oci_pairs a = { .count = 0 };
	int r = decode_expect(d, node, JSON_OBJECT);

	(void)f;
	if (r == 0)
		r = decode_array(d, node->count, sizeof(*a.items), &a.items);
	if (r < 0)
		return r;
	json_for_each (item, node) {
		if (item->type == JSON_NULL)
			continue;
		r = decode_string(d, item, &a.items[a.count].value);
		if (r == 0)
			a.items[a.count++].key = item->key;
		r = decode_without(d, r);
		if (r < 0)
			return r;
	}
	memcpy(at, &a, sizeof(a));
	return 0;
}

static int field_object(struct decode *d, const struct json_node *node,
			const struct decode_field *f, void *at)
{
	return decode_object(d, node, f->table, at);
}

static int field_objects(struct decode *d, const struct json_node *node,
			 const struct decode_field *f, void *at)
{
	return items(d, node, f, at, field_object);
}

static int (*const kinds[])(struct decode *, const struct json_node *, const struct decode_field *,
			    void *) = {
	[DECODE_STRING] = field_string,	  [DECODE_BOOL] = field_bool,
	[DECODE_I64] = field_i64,	  [DECODE_U32] = field_u32,
	[DECODE_U64] = field_u64,	  [DECODE_OPT_I64] = field_opt_i64,
	[DECODE_OPT_U64] = field_opt_u64, [DECODE_NAME] = field_name,
	[DECODE_FLAGS] = field_flags,	  [DECODE_NAMES] = field_names,
	[DECODE_STRINGS] = field_strings, [DECODE_U32S] = field_u32s,
	[DECODE_PAIRS] = field_pairs,	  [DECODE_OBJECT] = field_object,
	[DECODE_OBJECTS] = field_objects,
};

static int member(struct decode *d, const struct json_node *node, const struct decode_field *f,
		  void *object)
{
	int r;

	if (f->kind == DECODE_CUSTOM)
		r = f->fn(d, node, object, f);
	else
		r = kinds[f->kind](d, node, f, (char *)object + f->offset);
	if (f->present && (r == 0 || (f->partial && node->type == JSON_OBJECT)))
		*(bool *)((char *)object + f->present - 1) = true;
	return r;
}

static const struct decode_field *field_of(const struct decode_table *table, const char *key)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->fields[i].key, key) == 0)
			return &table->fields[i];
	return NULL;
}

/* A required member that cannot be read makes the object useless: *@useless. */
static int one_member(struct decode *d, const struct json_node *node, const struct decode_field *f,
		      void *object, bool *useless)
{
	int r = member(d, node, f, object);

	*useless |= r < 0 && f->required;
	return decode_without(d, r);
}

int decode_object(struct decode *d, const struct json_node *node, const struct decode_table *table,
		  void *object)
{
	uint64_t seen = 0;
	bool useless = false;
	int r = decode_expect(d, node, JSON_OBJECT);

	if (r < 0)
		return r;
	json_for_each (m, node) {
		const struct decode_field *f = field_of(table, m->key);

		r = 0;
		if (!f && table->strict)
			r = decode_without(d, decode_fail(d, m, "unknown member '%.100s'", m->key));
		else if (f && m->type != JSON_NULL)
			r = one_member(d, m, f, object, &useless);
		if (r < 0)
			return r;
		if (f && m->type != JSON_NULL)
			seen |= UINT64_C(1) << (f - table->fields);
	}
	for (size_t i = 0; i < table->count; i++) {
		if (!table->fields[i].required || seen >> i & 1)
			continue;
		useless = true;
		r = decode_without(d, decode_fail(d, node, "required member '%s' is missing",
						  table->fields[i].key));
		if (r < 0)
			return r;
	}
	return useless ? -EINVAL : 0;
}

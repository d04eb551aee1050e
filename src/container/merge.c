// SPDX-License-Identifier: GPL-2.0-or-later
/* See merge.h. */
#include "container/merge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/kernel.h"

#define RESOURCES "/linux/resources"

enum {
	POINTER_MAX = 512
};

/* Lists whose entries belong to something: another entry for the same thing takes its place. */
static const struct {
	const char *pointer;
	const char *keys[2]; /* members that say what it is */
} keyed_lists[] = {
	{ "/linux/resources/blockIO/weightDevice", { "major", "minor" } },
	{ "/linux/resources/blockIO/throttleReadBpsDevice", { "major", "minor" } },
	{ "/linux/resources/blockIO/throttleWriteBpsDevice", { "major", "minor" } },
	{ "/linux/resources/blockIO/throttleReadIOPSDevice", { "major", "minor" } },
	{ "/linux/resources/blockIO/throttleWriteIOPSDevice", { "major", "minor" } },
	{ "/linux/resources/hugepageLimits", { "pageSize", NULL } },
};

/* Numbers for which 0 is a value. All others of resources mean "not set" by it. */
static const char *const zero_is_a_value[] = { "idle", "burst" };

struct merge {
	struct json_out out;
	const char *config, *update; /* the texts that the trees came from */
};

/* Does it say nothing? */
static bool is_silent(const struct json_node *n)
{
	switch (n->type) {
	case JSON_NULL: return true;
	case JSON_STRING: return n->len == 0 && n->key;
	case JSON_ARRAY: return n->count == 0;
	case JSON_NUMBER: break;
	default: return false;
	}
	if (strcmp(n->text, "0") != 0 || !n->key)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(zero_is_a_value); i++)
		if (strcmp(n->key, zero_is_a_value[i]) == 0)
			return false;
	return true;
}

static const struct json_node *spoken_member(const struct json_node *object, const char *key)
{
	const struct json_node *m = object ? json_member(object, key) : NULL;

	return m && !is_silent(m) ? m : NULL;
}

static void put(struct merge *m, const char *text, const struct json_node *n)
{
	json_out_raw(&m->out, text + n->start, n->end - n->start);
}

/* ---- lists ---- */

static bool same_value(const struct json_node *a, const struct json_node *b, const char *key)
{
	const struct json_node *x = json_member(a, key), *y = json_member(b, key);

	return x && y && x->text && y->text && strcmp(x->text, y->text) == 0;
}

static bool same_thing(size_t list, const struct json_node *a, const struct json_node *b)
{
	for (size_t k = 0; k < ARRAY_SIZE(keyed_lists[0].keys) && keyed_lists[list].keys[k]; k++)
		if (!same_value(a, b, keyed_lists[list].keys[k]))
			return false;
	return true;
}

static bool is_replaced(size_t list, const struct json_node *item, const struct json_node *by)
{
	json_for_each (other, by)
		if (same_thing(list, item, other))
			return true;
	return false;
}

static void put_list(struct merge *m, size_t list, const struct json_node *old,
		     const struct json_node *new)
{
	json_out_array(&m->out);
	json_for_each (item, old)
		if (!is_replaced(list, item, new))
			put(m, m->config, item);
	json_for_each (item, new)
		put(m, m->update, item);
	json_out_end_array(&m->out);
}

/* ---- objects ---- */

/* Members of an object that the update names, over those that it has. */
static void put_merged(struct merge *m, const struct json_node *old, const struct json_node *new,
		       const char *pointer);

static void put_member(struct merge *m, const struct json_node *old, const struct json_node *new,
		       const char *parent)
{
	char pointer[POINTER_MAX];

	json_out_key(&m->out, new->key);
	(void)snprintf(pointer, sizeof(pointer), "%s/%s", parent, new->key);
	for (size_t i = 0; old && old->type == JSON_ARRAY && i < ARRAY_SIZE(keyed_lists); i++) {
		if (strcmp(pointer, keyed_lists[i].pointer) != 0)
			continue;
		put_list(m, i, old, new);
		return;
	}
	if (new->type == JSON_OBJECT)
		put_merged(m, old && old->type == JSON_OBJECT ? old : NULL, new, pointer);
	else
		put(m, m->update, new);
}

static void put_merged(struct merge *m, const struct json_node *old, const struct json_node *new,
		       const char *pointer)
{
	bool unlimited = false;

	if (strcmp(pointer, RESOURCES "/memory") == 0) {
		const struct json_node *limit = spoken_member(new, "limit");

		unlimited = limit && strcmp(limit->text, "-1") == 0 && !spoken_member(new, "swap");
	}
	json_out_object(&m->out);
	for (const struct json_node *n = old ? old->first : NULL; n; n = n->next) {
		const struct json_node *by = spoken_member(new, n->key);

		if (unlimited && strcmp(n->key, "swap") == 0)
			continue;
		if (by) {
			put_member(m, n, by, pointer);
			continue;
		}
		json_out_key(&m->out, n->key);
		put(m, m->config, n);
	}
	json_for_each (n, new)
		if (!is_silent(n) && !(old && json_member(old, n->key)))
			put_member(m, NULL, n, pointer);
	if (unlimited)
		json_out_member_int(&m->out, "swap", -1);
	json_out_end_object(&m->out);
}

/* The object of config.json on the way to the one that is updated, which may not be there. */
static void put_path(struct merge *m, const struct json_node *old, const struct json_node *update,
		     const char *const *path)
{
	const struct json_node *next;
	char pointer[POINTER_MAX];

	if (!path[0]) {
		(void)snprintf(pointer, sizeof(pointer), "/linux/%s", path[-1]);
		put_merged(m, old, update, pointer);
		return;
	}
	next = old ? json_member(old, path[0]) : NULL;
	json_out_object(&m->out);
	for (const struct json_node *n = old ? old->first : NULL; n; n = n->next) {
		if (n == next)
			continue;
		json_out_key(&m->out, n->key);
		put(m, m->config, n);
	}
	json_out_key(&m->out, path[0]);
	put_path(m, next && next->type == JSON_OBJECT ? next : NULL, update, path + 1);
	json_out_end_object(&m->out);
}

static void free_arena(struct arena *a)
{
	arena_free(a);
}

int merge_linux(const char *member, const char *config, size_t config_len, const char *update,
		size_t update_len, char **ret_text, size_t *ret_len, struct err *e)
{
	const char *const path[] = { "linux", member, NULL };
	cleanup_(free_arena) struct arena a = { 0 };
	struct merge m = { .config = config, .update = update };
	const struct json_node *old, *new;
	int r = json_parse(&a, config, config_len, "config.json", &old, e);

	if (r == 0)
		r = json_parse(&a, update, update_len, "the update", &new, e);
	if (r < 0)
		return r;
	r = json_out_init(&m.out, false);
	if (r == 0) {
		put_path(&m, old, new, path);
		r = json_out_finish(&m.out, ret_text, ret_len);
		json_out_free(&m.out);
	}
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write the new config.json") : 0;
}

bool merge_names(const struct json_node *update, const char *pointer)
{
	const struct json_node *at = update;
	char key[POINTER_MAX];

	if (strncmp(pointer, RESOURCES "/", sizeof(RESOURCES)) != 0)
		return false;
	pointer += sizeof(RESOURCES) - 1;
	while (*pointer == '/') {
		size_t len = strcspn(++pointer, "/");

		if (len >= sizeof(key))
			return false;
		memcpy(key, pointer, len);
		key[len] = '\0';
		at = spoken_member(at, key);
		if (!at || at->type == JSON_ARRAY)
			return at != NULL;
		pointer += len;
	}
	return true;
}

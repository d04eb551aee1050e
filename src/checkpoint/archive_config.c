// SPDX-License-Identifier: GPL-2.0-or-later
/* Two config.json compared by what a process that runs already would notice. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/archive.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	FACTS_MAX = 1 << 20,
	TREE_MAX = 256 << 20, /* memory for what is compared */
};

/* A value of the document: its pointer, without the index of lists whose order means nothing. */
struct fact {
	const char *pointer, *value;
};

struct facts {
	struct arena arena;
	struct fact *items;
	size_t count, room;
};

static void free_facts(struct facts *f)
{
	arena_free(&f->arena);
	free(f->items);
}

/* '#' is an index of a list. */
static const char *const ignored[] = {
	"/ociVersion",	      "/annotations",	  "/hooks",
	"/root/path",	      "/mounts/#/source", "/process/args",
	"/process/env",	      "/process/cwd",	  "/process/consoleSize",
	"/linux/cgroupsPath", "/linux/resources", "/linux/namespaces/#/path",
	"/linux/netDevices",  "/linux/intelRdt",  "/linux/devices/#/fileMode",
};

static bool is_ignored(const char *pointer)
{
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
		const char *p = pointer, *want = ignored[i];

		for (; *want; want++) {
			if (*want == '#') {
				if (*p < '0' || *p > '9')
					break;
				p += strspn(p, "0123456789");
			} else if (*p++ != *want) {
				break;
			}
		}
		if (!*want && (!*p || *p == '/'))
			return true;
	}
	return false;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, ENOMEM, "compare the configs");
}

static int add(struct facts *f, const char *pointer, const char *value, struct err *e)
{
	if (f->count == FACTS_MAX)
		return err_set(e, ERR_STATE, E2BIG, "compare the configs");
	if (f->count == f->room) {
		size_t room = f->room ? f->room * 2 : 256;
		struct fact *items = reallocarray(f->items, room, sizeof(*items));

		if (!items)
			return no_memory(e);
		f->items = items;
		f->room = room;
	}
	f->items[f->count++] = (struct fact){ pointer, value };
	return 0;
}

static const char *value_of(struct facts *f, const struct json_node *n)
{
	if (n->type == JSON_BOOL)
		return n->truth ? "true" : "false";
	return n->type == JSON_STRING ? arena_printf(&f->arena, "\"%s\"", n->text)
				      : arena_strdup(&f->arena, n->text);
}

static bool is_scalar(const struct json_node *n)
{
	return n->type != JSON_ARRAY && n->type != JSON_OBJECT;
}

/* Nesting is bounded by the parser. Null, and what is empty, is the same as absent. */
static int collect(struct facts *f, const struct json_node *n, const char *pointer, struct err *e)
{
	size_t index = 0;
	int r = 0;

	if (is_ignored(pointer) || n->type == JSON_NULL)
		return 0;
	if (is_scalar(n)) {
		const char *value = value_of(f, n);

		return value ? add(f, pointer, value, e) : no_memory(e);
	}
	json_for_each (child, n) {
		const char *at;
		char token[256];

		if (n->type == JSON_OBJECT)
			at = arena_printf(&f->arena, "%s/%s", pointer,
					  json_pointer_escape(child->key, token, sizeof(token)));
		else if (is_scalar(child))
			at = pointer;
		else
			at = arena_printf(&f->arena, "%s/%zu", pointer, index);
		r = at ? collect(f, child, at, e) : no_memory(e);
		if (r < 0)
			return r;
		index++;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;
	int r = strcmp(x->pointer, y->pointer);

	return r ? r : strcmp(x->value, y->value);
}

static int read_facts(const char *text, size_t size, const char *name, struct facts *f,
		      struct err *e)
{
	const struct json_node *root;
	int r;

	f->arena.cap = TREE_MAX;
	r = json_parse(&f->arena, text, size, name, &root, e);
	if (r == 0)
		r = collect(f, root, "", e);
	if (r == 0 && f->count)
		qsort(f->items, f->count, sizeof(*f->items), compare);
	return r;
}

int archive_compare_configs(const char *was, size_t was_size, const char *is, size_t is_size,
			    archive_differs_fn *fn, void *data, struct err *e)
{
	cleanup_(free_facts) struct facts a = { .count = 0 }, b = { .count = 0 };
	size_t i = 0, k = 0;
	int r = read_facts(was, was_size, "config.json of the archive", &a, e);

	if (r == 0)
		r = read_facts(is, is_size, "config.json", &b, e);
	while (r == 0 && (i < a.count || k < b.count)) {
		int order = i == a.count   ? 1
			    : k == b.count ? -1
					   : compare(&a.items[i], &b.items[k]);

		if (order == 0) {
			i++;
			k++;
		} else if (order < 0) {
			fn(data, a.items[i].pointer, a.items[i].value, NULL);
			i++;
		} else {
			fn(data, b.items[k].pointer, NULL, b.items[k].value);
			k++;
		}
	}
	return r;
}

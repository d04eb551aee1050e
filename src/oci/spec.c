// SPDX-License-Identifier: GPL-2.0-or-later
/* The documents: text to struct oci_spec, its end, and the questions everyone asks. */
#include "oci/spec.h"

#include <errno.h>
#include <stdlib.h>

#include "oci/json.h"
#include "oci/tables.h"
#include "util/cleanup.h"
#include "util/problems.h"

enum {
	ARENA_CAP = 256 << 20
};

static int spec_new(const char *file, const char *process_at, const char *resources_at,
		    struct oci_spec **ret_spec, struct err *e)
{
	struct oci_spec *spec = calloc(1, sizeof(*spec));

	if (!spec)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read '%s'", file);
	spec->file = file;
	spec->process_at = process_at;
	spec->resources_at = resources_at;
	spec->arena.cap = ARENA_CAP;
	*ret_spec = spec;
	return 0;
}

/* Parse @text and fill @object, a part of @spec, by @table. */
static int fill(struct oci_spec *spec, const char *text, size_t len,
		const struct decode_table *table, void *object, struct err *e)
{
	struct decode d = { .file = spec->file, .text = text, .arena = &spec->arena, .e = e };
	const struct json_node *root;
	int r = json_parse(&spec->arena, text, len, spec->file, &root, e);

	if (r == 0)
		r = decode_expect(&d, root, JSON_OBJECT);
	if (r == 0)
		r = decode_without(&d, decode_object(&d, root, table, object));
	if (r == 0 && e && e->problems)
		problems_compacted(e->problems);
	return r;
}

int oci_spec_decode(const char *text, size_t len, struct oci_spec **ret_spec, struct err *e)
{
	cleanup_(oci_spec_freep) struct oci_spec *spec = NULL;
	int r = spec_new("config.json", "/process", "/linux/resources", &spec, e);

	if (r == 0)
		r = fill(spec, text, len, &oci_spec_table, spec, e);
	if (r == 0)
		*ret_spec = take_ptr(spec);
	return r;
}

int oci_process_decode(const char *file, const char *text, size_t len, struct oci_spec **ret_spec,
		       struct err *e)
{
	cleanup_(oci_spec_freep) struct oci_spec *spec = NULL;
	int r = spec_new(file, "", "", &spec, e);

	if (r < 0)
		return r;
	spec->process.set = true;
	r = fill(spec, text, len, &oci_process_table, &spec->process, e);
	if (r == 0)
		*ret_spec = take_ptr(spec);
	return r;
}

int oci_resources_decode(const char *file, const char *text, size_t len, struct oci_spec **ret_spec,
			 struct err *e)
{
	cleanup_(oci_spec_freep) struct oci_spec *spec = NULL;
	int r = spec_new(file, "", "", &spec, e);

	if (r < 0)
		return r;
	spec->linux_.set = spec->linux_.resources.set = true;
	r = fill(spec, text, len, &oci_resources_table, &spec->linux_.resources, e);
	if (r == 0)
		*ret_spec = take_ptr(spec);
	return r;
}

void oci_spec_free(struct oci_spec *spec)
{
	if (!spec)
		return;
	arena_free(&spec->arena);
	free(spec);
}

const struct oci_namespace *oci_spec_namespace(const struct oci_spec *spec,
					       enum oci_namespace_type type)
{
	for (size_t i = 0; i < spec->linux_.namespaces.count; i++)
		if (spec->linux_.namespaces.items[i].type == type)
			return &spec->linux_.namespaces.items[i];
	return NULL;
}

bool oci_spec_new_namespace(const struct oci_spec *spec, enum oci_namespace_type type)
{
	const struct oci_namespace *ns = oci_spec_namespace(spec, type);

	return ns && !ns->path;
}

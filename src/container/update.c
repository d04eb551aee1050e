// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See update.h. The new config is made first and compiled like that of a new container; what the two
 * plans differ in is what has to be written.
 */
#include "container/update.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container/compile.h"
#include "cgroups/resctrl.h"
#include "container/merge.h"
#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

static int check_status(enum container_status status, struct err *e)
{
	if (status == STATUS_CREATED || status == STATUS_RUNNING || status == STATUS_PAUSED)
		return 0;
	return err_set(e, ERR_STATE, 0, "container not running: %s", container_status_name(status));
}

/* Its words and types; whether it makes sense depends on what it is laid over. */
static int check_document(const struct container_update_document *d, struct err *e)
{
	cleanup_(oci_spec_freep) struct oci_spec *spec = NULL;

	return oci_resources_decode(d->name, d->text, d->len, &spec, e);
}

/* The config as it will be; c->config stays as it is. */
static int merge_all(const struct container *c, const struct container_update *u, char **ret_text,
		     size_t *ret_len, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len = c->config_size;
	int r = 0;

	for (size_t i = 0; r == 0 && i < u->count; i++) {
		const struct container_update_document *d = &u->documents[i];
		char *merged = NULL;

		r = check_document(d, e);
		if (r == 0)
			r = merge_linux("resources", text ? text : c->config, len, d->text, d->len,
					&merged, &len, e);
		if (r < 0)
			return r;
		free(text);
		text = merged;
	}
	if (!text && !(text = strndup(c->config, len)))
		return err_set(e, ERR_SYSTEM, ENOMEM, "prepare the update");
	*ret_text = take_ptr(text);
	*ret_len = len;
	return 0;
}

static int rdt_document(const struct container_update *u, char **ret_text, size_t *ret_len,
			struct err *e)
{
	struct json_out o;
	int r = json_out_init(&o, false);

	if (r == 0) {
		json_out_object(&o);
		json_out_member_string(&o, "l3CacheSchema", u->l3_cache_schema);
		json_out_member_string(&o, "memBwSchema", u->mem_bw_schema);
		json_out_end_object(&o);
		r = json_out_finish(&o, ret_text, ret_len);
		json_out_free(&o);
	}
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "prepare the update") : 0;
}

/* The same for linux.intelRdt; *text is replaced. */
static int merge_rdt(const struct container *c, const struct container_update *u, char **text,
		     size_t *len, struct err *e)
{
	cleanup_free char *document = NULL;
	char *merged = NULL;
	size_t document_len = 0;
	int r;

	if (!u->l3_cache_schema && !u->mem_bw_schema)
		return 0;
	if (!c->record.resctrl.group) {
		err_set(e, ERR_STATE, 0, "the container has no intelRdt to update");
		err_hint(e, "give it linux.intelRdt in config.json when it is created");
		return -EINVAL;
	}
	r = rdt_document(u, &document, &document_len, e);
	if (r == 0)
		r = merge_linux("intelRdt", *text, *len, document, document_len, &merged, len, e);
	if (r < 0)
		return r;
	free(*text);
	*text = merged;
	return 0;
}

/* What is named is written even if config.json had the same value: somebody may have changed it. */
static bool is_named(const struct json_node *document, const char *origin)
{
	/* both halves of one file */
	static const char quota[] = "/linux/resources/cpu/quota",
			  period[] = "/linux/resources/cpu/period";

	return merge_names(document, origin) ||
	       (strcmp(origin, quota) == 0 && merge_names(document, period));
}

static int mark_named(struct container *c, const struct container_update *u,
		      struct cgroup_plan *plan, struct err *e)
{
	for (size_t d = 0; d < u->count; d++) {
		const struct json_node *root;
		int r = json_parse(&c->arena, u->documents[d].text, u->documents[d].len,
				   u->documents[d].name, &root, e);

		if (r < 0)
			return r;
		for (size_t i = 0; i < plan->files.count; i++)
			if (is_named(root, plan->files.items[i].origin))
				plan->files.items[i].asked = true;
		if (!merge_names(root, "/linux/resources/memory/limit") &&
		    !merge_names(root, "/linux/resources/memory/swap"))
			continue;
		plan->memory_check.asked = true;
	}
	return 0;
}

static int make_plans(struct container *c, const struct oci_spec *new,
		      const struct container_update *u, struct cgroup_plan *after, struct err *e)
{
	int r = cgroup_emit(c->spec, c->record.id, &c->arena, &c->cgroup_plan, e);

	if (r == 0)
		r = cgroup_emit(new, c->record.id, &c->arena, after, e);
	if (r == 0)
		r = mark_named(c, u, after, e);
	if (r < 0)
		return r;
	/* where it is, wherever config.json would have it by now */
	c->cgroup_plan.path = after->path = c->record.cgroup_path;
	after->memory_check.set = after->memory_check.set && after->memory_check.asked;
	return 0;
}

static int change_cgroup(struct container *c, const struct container_update *u,
			 const struct cgroup_plan *after, struct err *e)
{
	int r = container_open_cgroup(c, &c->cgroup, e);

	if (r == 0)
		r = cgroup_root_open(&c->cgroup_root, e);
	if (r == 0)
		r = cgroup_update(c->cgroup_root, &c->cgroup, &c->cgroup_plan, after, e);
	if (r == 0)
		cgroup_verify(&c->cgroup, &c->cgroup_plan, after, u->differs, u->data);
	return r;
}

/* *ret_old: for the way back; NULL when there was nothing to change. */
static int change_rdt(struct container *c, const struct oci_spec *new,
		      const struct container_update *u, char **ret_old, struct err *e)
{
	struct resctrl_plan plan;
	int r;

	if (!u->l3_cache_schema && !u->mem_bw_schema)
		return 0;
	r = resctrl_emit(new, c->record.id, &c->arena, &plan, e);
	if (r == 0)
		r = resctrl_root_open(&c->resctrl_root, e);
	return r < 0 ? r
		     : resctrl_update(c->resctrl_root, &c->record.resctrl, plan.schemata, ret_old,
				      e);
}

/* Both or neither. Without a word on resources a container needs no cgroup for this. */
static int change_all(struct container *c, const struct oci_spec *new,
		      const struct container_update *u, const struct cgroup_plan *after,
		      struct err *e)
{
	cleanup_free char *old = NULL;
	int r = change_rdt(c, new, u, &old, e);

	if (r == 0 && u->count)
		r = change_cgroup(c, u, after, e);
	if (r < 0 && old)
		(void)resctrl_update(c->resctrl_root, &c->record.resctrl, old, NULL, NULL);
	return r;
}

#define NEW_CONFIG "config.json.new"

/* The new config takes the place of the old one, or the other way round. */
static int swap_config(const struct container *c)
{
	return kernel_renameat2(c->dir, NEW_CONFIG, c->dir, "config.json", KERNEL_RENAME_EXCHANGE);
}

/*
 * First the new config, which a full disk would refuse; then the kernel. It is the last that can fail:
 * the old config is kept until then, and the way back to it takes no room. Should we be killed in
 * between, the config is ahead of the kernel, and the same update can be asked for again.
 */
static int change_and_remember(struct container *c, const struct oci_spec *new,
			       const struct container_update *u, const struct cgroup_plan *after,
			       const char *text, size_t len, struct err *e)
{
	int r = io_replace_file(c->dir, NEW_CONFIG, 0600, text, len);

	if (r == 0)
		r = swap_config(c);
	if (r < 0) {
		err_set(e, ERR_SYSTEM, -r, "keep the new config.json");
	} else {
		r = change_all(c, new, u, after, e);
		if (r < 0 && swap_config(c) < 0)
			err_hint(e,
				 "'config.json' of the container has the new values all the same");
	}
	(void)unlinkat(c->dir, NEW_CONFIG, 0); /* it goes with the container else */
	return r;
}

int container_update(struct container *c, enum container_status status,
		     const struct container_update *u, struct err *e)
{
	cleanup_(oci_spec_freep) struct oci_spec *new = NULL;
	cleanup_free char *text = NULL;
	struct cgroup_plan after;
	size_t len = 0;
	int r = check_status(status, e);

	if (r == 0)
		r = container_reload(c, e);
	if (r == 0)
		r = merge_all(c, u, &text, &len, e);
	if (r == 0)
		r = merge_rdt(c, u, &text, &len, e);
	if (r == 0)
		r = oci_spec_decode(text, len, &new, e);
	if (r == 0)
		r = oci_spec_validate(new, e);
	if (r == 0)
		r = make_plans(c, new, u, &after, e);
	return r < 0 ? r : change_and_remember(c, new, u, &after, text, len, e);
}

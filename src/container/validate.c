// SPDX-License-Identifier: GPL-2.0-or-later
/* See validate.h. The stages are those of create(), each told to go on (err_keep). */
#include "container/validate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container/compile.h"
#include "container/container.h"
#include "container/host.h"
#include "container/sources.h"
#include "container/userns.h"
#include "oci/annotations.h"
#include "oci/json.h"
#include "rootfs/rootfs.h"
#include "util/cleanup.h"

struct validation {
	const struct validate_request *rq;
	struct container *c;
	struct problems *all;
	struct err *e; /* with the list above */
};

/* What a stage gave up at is a problem like others, but for what is no mistake of the document. */
static int settle(struct validation *v, int r)
{
	if (r >= 0 || r == -ENOMEM)
		return r;
	if (v->e->kind == ERR_NONE) /* listed already */
		return 0;
	if (problems_add(v->all, PROBLEM_ERROR, v->e) < 0)
		return err_set(v->e, ERR_SYSTEM, ENOMEM, "keep the list of problems");
	return 0;
}

/* ---- the document ---- */

static int read_document(struct validation *v)
{
	int r = container_read_config(v->c, v->rq->bundle, v->rq->config, v->e);

	/* a file that cannot be read is nobody's mistake in the document */
	return r < 0 && v->e->errnum ? r : settle(v, r);
}

/* What the rules of other rooms go by; an id that could not be wrong. */
static int stand_in(struct validation *v)
{
	struct container_record *r = &v->c->record;
	char bundle[PATH_MAX];

	if (!realpath(v->rq->bundle, bundle))
		return err_set(v->e, ERR_USAGE, errno, "open the bundle '%s'", v->rq->bundle);
	r->id = "validate";
	r->bundle = arena_strdup(&v->c->arena, bundle);
	r->annotations = v->c->spec->annotations;
	r->created = r->rootfs = "";
	r->cgroup_driver = v->rq->driver;
	return r->bundle ? 0 : err_set(v->e, ERR_SYSTEM, ENOMEM, "read the bundle");
}

static int check_rules(struct validation *v)
{
	struct container *c = v->c;
	struct err ignored = ERR_INIT;
	int r = settle(v, oci_spec_validate(c->spec, v->e));

	problems_next_stage(v->all);
	if (r == 0)
		r = settle(v, container_check_process_set(c->spec, v->e));
	if (r == 0)
		r = settle(v, cgroup_emit(c->spec, c->record.id, &c->arena, &c->cgroup_plan, v->e));
	if (r == 0)
		r = settle(v, cgroup_emit_scope(c->spec, c->record.id, v->rq->driver, &c->arena,
						&c->cgroup_plan, v->e));
	if (r == 0)
		r = settle(v, resctrl_emit(c->spec, c->record.id, &c->arena, &c->resctrl, v->e));
	if (r == 0 && oci_annotation_flag(c->spec, OCI_ANNOTATION_SECCOMP_STRICT))
		r = settle(v, security_filter_check_names(&c->spec->linux_.seccomp, v->e));
	/* libseccomp is not asked about what the rules have refused */
	if (r == 0 && !problems_below(v->all, "/linux/seccomp"))
		r = settle(v, security_filter_load(&c->spec->linux_.seccomp, -1, &c->filter, v->e));
	if (r == 0 && v->rq->driver != CGROUP_DRIVER_NONE)
		c->record.cgroup_path = c->cgroup_plan.path;
	/* where no manager can be, look_at_host tells */
	if (r == 0 && c->cgroup_root >= 0 && container_check_driver(v->rq->driver, &ignored) == 0)
		r = settle(v, container_delegate_cgroup(c, v->e));
	return r;
}

/* ---- the plan ---- */

static int keep_warning(struct validation *v, const struct plan_warning *w)
{
	struct err e = ERR_INIT;

	if (w->origin)
		err_origin(&e, "config.json %s", w->origin);
	(void)snprintf(e.text, sizeof(e.text), "%s", w->text);
	e.kind = ERR_CONFIG;
	return problems_add(v->all, PROBLEM_WARNING, &e);
}

static int make_plan(struct validation *v)
{
	struct container *c = v->c;
	int r;

	if (!c->spec->process.cwd) /* that it is missing has been said */
		c->spec->process.cwd = "/";
	r = settle(v, container_plan(c, v->e));
	for (const struct plan_warning *w = c->plan ? c->plan->warnings : NULL; r == 0 && w;
	     w = w->next)
		r = keep_warning(v, w);
	return r;
}

/* ---- the host ---- */

/* No permission and no wish for a cgroup: there will be none (checklist 1.6). */
static bool wants_cgroup(const struct validation *v)
{
	return v->rq->driver == CGROUP_DRIVER_CGROUPFS && !container_can_skip_cgroup(v->c, -EACCES);
}

static int look_at_host(struct validation *v)
{
	struct container *c = v->c;
	struct err ignored = ERR_INIT;
	cleanup_fd int rootfs = -EBADF;
	struct host_check h = {
		.spec = c->spec,
		.plan = c->plan,
		.cgroup_plan = wants_cgroup(v) ? &c->cgroup_plan : NULL,
		.resctrl = &c->resctrl,
		.caller = &c->caller,
		.bundle = c->bundle,
		.e = v->e,
	};
	int r = settle(v, container_check_kernel(v->e));

	if (r == 0)
		r = settle(v, container_check_driver(v->rq->driver, v->e));
	if (r == 0 && v->rq->driver == CGROUP_DRIVER_NONE)
		r = settle(v, container_check_disabled(c, v->e));
	if (r < 0 || !c->plan)
		return r;
	/* a mount namespace that is joined has another root */
	if (c->spec->root.path && oci_spec_new_namespace(c->spec, OCI_NS_MOUNT))
		rootfs = container_root_open(c->spec->root.path, c->bundle, &ignored);
	h.rootfs = rootfs;
	h.cgroup_root = c->cgroup_root;
	return host_check_all(&h);
}

/* ---- all of it ---- */

static int run_stages(struct validation *v)
{
	struct container *c = v->c;
	int r = read_document(v);

	if (r < 0 || !c->spec)
		return r;
	problems_next_stage(v->all);
	r = stand_in(v);
	if (r == 0 && !v->rq->config_only && v->rq->driver != CGROUP_DRIVER_NONE)
		r = settle(v, cgroup_root_open(&c->cgroup_root, v->e));
	if (r == 0)
		r = check_rules(v);
	if (r == 0 && !v->rq->config_only)
		r = settle(v, userns_find_maps(c->spec, 0, v->e));
	if (r == 0)
		r = make_plan(v);
	problems_next_stage(v->all);
	return r == 0 && !v->rq->config_only ? look_at_host(v) : r;
}

/* The document alone is not to blame for what this version or this host does not have. */
static void drop_others(struct problems *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++)
		if (p->items[i].err.kind == ERR_CONFIG)
			p->items[kept++] = p->items[i];
	p->count = kept;
}

/* Where the value at @pointer begins, or the innermost one around it that is there. */
static size_t place_of(const struct json_node *root, const char *pointer)
{
	const struct json_node *node = root, *child;

	while (node && *pointer == '/' && (child = json_child(node, pointer + 1))) {
		node = child;
		pointer += 1 + strcspn(pointer + 1, "/");
	}
	return node ? node->start : 0;
}

static int by_place(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static void sort(struct validation *v)
{
	const struct json_node *root = NULL;
	struct container *c = v->c;
	struct err ignored = ERR_INIT;

	/* without the tree they stay in the order in which they were found */
	if (!c->config ||
	    json_parse(&c->arena, c->config, c->config_size, "config.json", &root, &ignored) < 0)
		root = NULL;
	for (size_t i = 0; i < v->all->count; i++) {
		struct problem *p = &v->all->items[i];

		p->at = place_of(root, problem_pointer(&p->err));
		p->order = i;
	}
	if (v->all->count)
		qsort(v->all->items, v->all->count, sizeof(*v->all->items), by_place);
}

int container_validate(const struct validate_request *rq, struct problems *ret, struct err *e)
{
	cleanup_(container_freep) struct container *c = container_new();
	struct validation v = { .rq = rq, .c = c, .all = ret, .e = e };
	int r;

	if (!c)
		return err_set(e, ERR_SYSTEM, ENOMEM, "validate the bundle");
	c->explain = rq->config_only;
	c->caller = rq->config_only ? caller_root() : *rq->caller;
	c->store = -EBADF;
	e->problems = ret;
	r = run_stages(&v);
	e->problems = NULL;
	if (r < 0)
		return r;
	if (rq->config_only)
		drop_others(ret);
	sort(&v);
	return 0;
}

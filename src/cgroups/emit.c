// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the spec to the plan: the cgroup's path, the order of the topics, the list of files and of
 * the controllers that they need. Pure: no system call, nothing but the arena is touched.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "cgroups/internal.h"

int cgroup_builder_fail(struct cgroup_builder *b, int r, const char *pointer)
{
	err_origin(b->e, "config.json %s", pointer);
	return err_keep(b->e, r);
}

static int out_of_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, ENOMEM, "prepare the cgroup");
}

/* Room for one more element; the old array stays in the arena, fine for a few doublings. */
static void *grown(struct arena *a, void *old, size_t count, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 16;
	void *p;

	if (count < *cap)
		return old;
	p = arena_array(a, want, size);
	if (!p)
		return NULL;
	if (count)
		memcpy(p, old, count * size);
	*cap = want;
	return p;
}

static int controller_add(struct cgroup_builder *b, const char *name, const char *origin)
{
	struct cgroup_plan *plan = b->plan;
	struct cgroup_controller *items;

	for (size_t i = 0; i < plan->controllers.count; i++)
		if (strcmp(plan->controllers.items[i].name, name) == 0)
			return 0;
	items = grown(b->a, plan->controllers.items, plan->controllers.count, &b->controller_cap,
		      sizeof(*items));
	if (!items)
		return out_of_memory(b->e);
	items[plan->controllers.count++] = (struct cgroup_controller){ name, origin };
	plan->controllers.items = items;
	return 0;
}

int cgroup_builder_add(struct cgroup_builder *b, struct cgroup_file f)
{
	struct cgroup_plan *plan = b->plan;
	struct cgroup_file *items =
		grown(b->a, plan->files.items, plan->files.count, &b->file_cap, sizeof(*items));

	if (!items || !f.value || !f.origin || !f.name)
		return out_of_memory(b->e);
	items[plan->files.count++] = f;
	plan->files.items = items;
	if (f.need == CGROUP_OPTIONAL || !f.controller)
		return 0;
	return controller_add(b, f.controller, f.origin);
}

/* Append the components of @s to @out ("" or "/a/b"); @out has room for them. */
static int path_append(char *out, const char *s)
{
	char *end = out + strlen(out);

	while (*s) {
		size_t len = strcspn(s, "/");

		if (len == 2 && s[0] == '.' && s[1] == '.')
			return -EINVAL;
		if (len > NAME_MAX)
			return -ENAMETOOLONG;
		if (len && !(len == 1 && s[0] == '.')) {
			*end++ = '/';
			memcpy(end, s, len);
			end += len;
		}
		s += len + (s[len] == '/');
	}
	*end = '\0';
	return 0;
}

static bool has_control_character(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	return false;
}

int cgroup_emit_path(const char *configured, const char *id, struct arena *a,
		     struct cgroup_plan *plan, struct err *e)
{
	bool named = configured && *configured;
	const char *given = named ? configured : id;
	size_t size = sizeof(CGROUP_DEFAULT_PARENT) + strlen(given) + 2;
	size_t base;
	char *path;
	int r;

	if (size > PATH_MAX || has_control_character(given)) {
		r = err_set(e, ERR_CONFIG, size > PATH_MAX ? ENAMETOOLONG : 0,
			    "bad cgroup path '%.64s'", given);
		err_origin(e, "config.json /linux/cgroupsPath");
		return r;
	}
	path = arena_alloc(a, size);
	if (!path)
		return out_of_memory(e);
	if (given[0] != '/')
		memcpy(path, CGROUP_DEFAULT_PARENT, sizeof(CGROUP_DEFAULT_PARENT));
	base = strlen(path);
	r = path_append(path, given);
	if (r < 0 || strlen(path) == base) {
		r = err_set(e, ERR_CONFIG, r == -ENAMETOOLONG ? ENAMETOOLONG : 0,
			    r == -EINVAL ? "cgroup path '%s' contains '..'"
					 : "cgroup path '%s' names no usable cgroup",
			    given);
		err_origin(e, "config.json /linux/cgroupsPath");
		return r;
	}
	plan->path = path;
	plan->explicit_path = named;
	plan->default_parent = base > 0;
	return 0;
}

static int emit_pids(struct cgroup_builder *b)
{
	const struct opt_i64 *limit = &b->r->pids.limit;
	struct cgroup_file f = { .name = "pids.max", .controller = "pids" };

	if (!limit->set)
		return 0;
	f.origin = CGROUP_RESOURCES "pids/limit";
	if (limit->value < 0) {
		f.value = "max";
		f.need = CGROUP_OPTIONAL;
	} else if (limit->value == 0) {
		f.value = "1";
		f.formula = "0 becomes 1: the container's first process counts";
	} else {
		f.value = arena_printf(b->a, "%lld", (long long)limit->value);
	}
	return cgroup_builder_add(b, f);
}

int cgroup_emit(const struct oci_spec *spec, const char *id, struct arena *a,
		struct cgroup_plan *ret, struct err *e)
{
	/* oci-checklist 1.6, "apply order" */
	static int (*const topics[])(struct cgroup_builder *) = {
		cgroup_emit_legacy,  cgroup_emit_devices, cgroup_emit_memory,
		emit_pids,	     cgroup_emit_cpu,	  cgroup_emit_io,
		cgroup_emit_hugetlb, cgroup_emit_rdma,	  cgroup_emit_unified,
	};
	struct cgroup_builder b = { .a = a, .r = &spec->linux_.resources, .plan = ret, .e = e };
	int r;

	memset(ret, 0, sizeof(*ret));
	r = err_keep(e, cgroup_emit_path(spec->linux_.cgroups_path, id, a, ret, e));
	if (r == 0 && cgroup_emit_handover(spec, a, ret) < 0)
		r = out_of_memory(e);
	if (r == 0)
		r = cgroup_emit_subgroup(spec, ret, e);
	for (size_t i = 0; r == 0 && b.r->set && i < sizeof(topics) / sizeof(topics[0]); i++)
		r = topics[i](&b);
	return r;
}

bool cgroup_plan_skippable(const struct cgroup_plan *plan, int r)
{
	if (plan->explicit_path || (r != -EACCES && r != -EPERM && r != -EROFS))
		return false;
	for (size_t i = 0; i < plan->files.count; i++)
		if (plan->files.items[i].need != CGROUP_OPTIONAL)
			return false;
	return true;
}

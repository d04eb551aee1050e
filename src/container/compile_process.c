// SPDX-License-Identifier: GPL-2.0-or-later
/* The last steps of every plan, of containers and of exec: from the working directory to execve. */
#include "container/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container/hooks.h"
#include "container/scheduling.h"
#include "container/sdnotify.h"
#include "oci/annotations.h"
#include "oci/names.h"
#include "util/num.h"
#include "util/strbuf.h"

enum {
	NODE_BYTES = 128
}; /* of a node mask; as init/process.c has it */

static bool has_home(const oci_strings *env)
{
	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], "HOME=", 5) == 0 && env->items[i][5])
			return true;
	return false;
}

static size_t name_len(const char *entry)
{
	return strcspn(entry, "=");
}

/* By name, then by position: the entries of one name are neighbours, the last one comes last. */
static int compare_entries(const void *a, const void *b)
{
	const char *const *x = *(const char *const *const *)a, *const *y = *(
								       const char *const *const *)b;
	size_t xlen = name_len(*x), ylen = name_len(*y);
	int r = memcmp(*x, *y, xlen < ylen ? xlen : ylen);

	if (r == 0)
		r = (xlen > ylen) - (xlen < ylen);
	return r ? r : (x > y) - (x < y);
}

/* Of several entries with one name the last one wins (checklist 1.3): clear the others in @items. */
static void drop_repeated(struct plan *p, const char **items, size_t count)
{
	const char ***sorted = arena_array(&p->arena, count, sizeof(*sorted));

	if (!sorted) {
		p->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		sorted[i] = &items[i];
	qsort(sorted, count, sizeof(*sorted), compare_entries);
	for (size_t i = 0; i + 1 < count; i++) {
		size_t len = name_len(*sorted[i]);

		if (len == name_len(*sorted[i + 1]) && memcmp(*sorted[i], *sorted[i + 1], len) == 0)
			*sorted[i] = NULL;
	}
}

static uint64_t unique_env(const struct compile_input *in, const oci_strings *env, struct plan *p)
{
	const char **items = arena_array(&p->arena, env->count + 1, sizeof(*items));
	size_t start = p->pool_size;

	if (!items) {
		p->failed = true;
		return 0;
	}
	if (env->count)
		memcpy(items, env->items, env->count * sizeof(*items));
	drop_repeated(p, items, env->count);
	if (in->extra_env_len)
		(void)plan_blob(p, in->extra_env, in->extra_env_len);
	if (in->notify >= 0)
		(void)plan_blob(p, SDNOTIFY_ENV, sizeof(SDNOTIFY_ENV));
	for (size_t i = 0; i < env->count; i++)
		if (items[i])
			(void)plan_blob(p, items[i], strlen(items[i]) + 1);
	return PLAN_BLOB(start, p->pool_size - start);
}

static void emit_program(const struct compile_input *in, const struct oci_process *process,
			 struct plan *p)
{
	PLAN_ADD(p, "/process/args/0", program, .args = plan_list(p, &process->args),
		 .env = unique_env(in, &process->env, p), .uid = process->user.uid,
		 .flags = has_home(&process->env) ? 0 : PLAN_PROGRAM_HOME);
}

/* The socket belongs to the plan's caller, who may have given a copy. */
static void emit_wait(const struct compile_input *in, struct plan *p)
{
	struct plan_source listener = {
		.kind = PLAN_SOURCE_FD,
		.label = "start socket",
		.fd = plan_copy_fd(p, in->listener),
	};

	PLAN_ADD(p, NULL, wait_start, .listener = plan_source(p, &listener));
}

void compile_oom_score(const struct compile_input *in, const struct oci_process *process,
		       struct plan *p)
{
	if (process->oom_score_adj.set && !caller_is_host_root(in->caller))
		PLAN_ADD(p, "/process/oomScoreAdj", oom_score,
			 .score = (uint64_t)process->oom_score_adj.value);
}

/* Groups that nobody can set must not be asked for (checklist 1.3). */
static int check_groups(const struct oci_process *process, const struct plan *p, struct err *e)
{
	if (!p->keep_groups || !process->user.additional_gids.count)
		return 0;
	err_set(e, ERR_CONFIG, 0,
		"additional groups cannot be set: the user namespace denies setgroups");
	plan_error_origin(p, "/process/user/additionalGids", e);
	err_hint(e, "remove them, or map more groups with a range of /etc/subgid");
	return -EINVAL;
}

static void emit_personality(const struct oci_linux *l, struct plan *p)
{
	if (!l->personality.set)
		return;
	PLAN_ADD(p, "/linux/personality", personality,
		 .name = plan_str(p, oci_names_of(&oci_personality_names, l->personality.domain)),
		 .domain = l->personality.domain);
}

/* "MPOL_BIND (MPOL_F_STATIC_NODES) on the nodes 0-1" */
static void policy_text(const struct oci_memory_policy *m, char *buf, size_t size)
{
	const struct oci_names *flags = &oci_memory_policy_flag_names;
	struct strbuf out = STRBUF_OVER(buf, size);
	const char *before = " (";

	strbuf_adds(&out, oci_names_of(&oci_memory_policy_names, (uint64_t)m->mode));
	for (size_t i = 0; i < flags->count; i++) {
		if (!(m->flags & flags->items[i].value))
			continue;
		strbuf_addf(&out, "%s%s", before, flags->items[i].name);
		before = ", ";
	}
	if (m->flags)
		strbuf_adds(&out, ")");
	if (m->nodes)
		strbuf_addf(&out, " on the nodes %s", m->nodes);
}

static int emit_memory_policy(const struct oci_linux *l, struct plan *p, struct err *e)
{
	const struct oci_memory_policy *m = &l->memory_policy;
	unsigned char nodes[NODE_BYTES] = { 0 };
	char what[256];
	int r = 0;

	if (!m->set)
		return 0;
	if (m->nodes)
		r = num_parse_cpus(m->nodes, nodes, sizeof(nodes));
	if (r < 0) {
		err_set(e, ERR_CONFIG, -r, "memory policy on the nodes '%s'", m->nodes);
		err_origin(e, "config.json /linux/memoryPolicy/nodes");
		return err_keep(e, r);
	}
	policy_text(m, what, sizeof(what));
	PLAN_ADD(p, "/linux/memoryPolicy", memory_policy, .what = plan_str(p, what),
		 .mode = (uint64_t)m->mode | m->flags,
		 .nodes = plan_blob(p, nodes, m->nodes ? sizeof(nodes) : 0));
	return 0;
}

/*
 * As late as possible: what happens after it and before execve cannot be told from a program that ran.
 * A filter that does not let the message through (or where 32-bit libraries send by another call than
 * sendmsg) comes after it.
 */
static bool announce_late(const struct compile_input *in)
{
#if defined(__i386__) || defined(__s390__)
	return !in->filter->data;
#else
	return !in->filter->data || security_filter_permits(&in->spec->linux_.seccomp, "sendmsg");
#endif
}

int compile_process(const struct compile_input *in, const struct oci_process *process, bool hooks,
		    struct plan *p, struct err *e)
{
	bool userns = oci_spec_namespace(in->spec, OCI_NS_USER);
	bool keep_groups = oci_annotation_flag(in->spec, OCI_ANNOTATION_KEEP_GROUPS);
	struct security_caps caps;
	bool late;
	int r = keep_groups ? 0 : check_groups(process, p, e);

	if (r < 0)
		return r;
	security_caps_resolve(process, userns ? UINT64_MAX : in->caller->capabilities, p, &caps);
	PLAN_ADD(p, "/process/cwd", workdir, .path = plan_str(p, process->cwd));
	p->keep_groups |= keep_groups;
	security_emit_ids(process, &caps, p->keep_groups, p);
	security_emit_labels(process, in->lsms, p);
	security_emit_caps(process, &caps, in->filter->data, p);
	PLAN_ADD(p, NULL, section, .title = plan_str(p, "The program"));
	emit_personality(&in->spec->linux_, p);
	r = emit_memory_policy(&in->spec->linux_, p, e);
	if (r < 0)
		return r;
	if (in->merge_memory)
		PLAN_ADD(p, NULL, memory_merge, );
	emit_program(in, process, p);
	PLAN_ADD(p, NULL, sync, .what = PLAN_SYNC_READY);
	scheduling_emit(process, in->caller, p);
	if (in->listener >= 0)
		emit_wait(in, p);
	r = hooks ? hooks_emit(in->spec, OCI_HOOK_START_CONTAINER, in->record, STATUS_CREATED, p, e)
		  : 0;
	if (r < 0)
		return r;
	PLAN_ADD(p, NULL, close, .keep_fds = in->keep_fds);
	late = announce_late(in);
	if (!late)
		PLAN_ADD(p, NULL, announce, );
	security_emit_filter(process, &caps, &in->spec->linux_.seccomp, in->filter, p);
	if (late)
		PLAN_ADD(p, NULL, announce, );
	PLAN_ADD(p, "/process/args/0", exec, );
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr explain: what `ctr run` would do, step by step, without doing it. */
#include "cli/explain.h"
#include "cli/launch.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "oci/names.h"
#include "plan/plan.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/strbuf.h"

struct explain_options {
	const char *format;
	struct overlay_options overlay;
	struct network_options network;
};

static const char *const formats[] = { "text", "json", NULL };

static const struct cli_option options[] = {
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct explain_options, format),
	  "text or json", formats },
	OVERLAY_OPTIONS(offsetof(struct explain_options, overlay)),
	NETWORK_OPTIONS(offsetof(struct explain_options, network)),
	{ 0 },
};

/* ---- text: a story in chapters ---- */

/* As printf, but nothing of a bundle reaches the terminal as an escape sequence or a line of its own. */
__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	char line[8192];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (char *p = line; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	(void)fputs(line, stdout);
}

static void text_origin(const char *origin)
{
	if (origin && *origin)
		say("    [%s]", origin);
	(void)putchar('\n');
}

/* The access times are one choice: to set one of them the kernel wants all of them cleared. */
static uint64_t cleared(uint64_t set, uint64_t clear)
{
	return clear & ~(set & MOUNT_ATTR__ATIME ? set | MOUNT_ATTR__ATIME : set);
}

/* How the copy of a mount differs from what is on the host. */
static void source_text(const struct plan *p, const struct plan_source *s, char *buf, size_t size)
{
	const struct {
		const char *what;
		enum plan_kind kind;
		uint64_t value;
	} parts[] = {
		{ "set ", PLAN_ATTR, s->set },
		{ "clear ", PLAN_ATTR, cleared(s->set, s->clear) },
		{ "set everywhere ", PLAN_ATTR, s->rset },
		{ "clear everywhere ", PLAN_ATTR, cleared(s->rset, s->rclear) },
		{ "", PLAN_PROP, s->prop },
	};
	const char *separator = "";
	struct strbuf out = STRBUF_OVER(buf, size);
	char value[128];

	if (s->recursive) {
		strbuf_adds(&out, "with all mounts below");
		separator = "; ";
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!parts[i].value)
			continue;
		plan_arg_text(p, parts[i].kind, parts[i].value, value, sizeof(value));
		strbuf_addf(&out, "%s%s%s", separator, parts[i].what, value);
		separator = "; ";
	}
	if (s->uid_idmap)
		strbuf_addf(&out, "%sidmapped%s", separator,
			    s->idmap_recursive ? " with all mounts below" : "");
}

static void text_overlay(const struct container *c)
{
	const struct container_overlay *o = &c->record.overlay;
	bool late = !caller_is_privileged(&c->caller);
	bool mapped = !late && oci_spec_namespace(c->spec, OCI_NS_USER);

	if (!o->used)
		return;
	say("  %s <overlay>%s:", late ? "look at what ctr-init merges into" : "mount an overlay as",
	    mapped ? ", idmapped" : "");
	(void)putchar('\n');
	if (o->data)
		say("    written to: layers of the container's own, in %s", o->data);
	else
		say("    written to: a tmpfs, which goes away with the container");
	if (o->size)
		say(" (%" PRIu64 " bytes)", o->size);
	(void)putchar('\n');
	for (size_t i = 0; i < o->base.count; i++) {
		say("    read-only: %s", o->base.items[i]);
		text_origin(i + 1 == o->base.count ? "/root/path" : NULL);
	}
}

static void text_sources(const struct plan *p)
{
	const char *copy = p->late_copies ? "look at" : "copy the mount of";

	for (size_t i = 1; i < p->reg_count; i++) {
		const struct plan_source *s = &p->regs[i];
		const char *const what[] = {
			[PLAN_SOURCE_NONE] = NULL,
			[PLAN_SOURCE_TREE] = copy,
			[PLAN_SOURCE_ROOT] = copy,
			[PLAN_SOURCE_NS] = "open the namespace",
			[PLAN_SOURCE_EXE] = "open the hook",
			[PLAN_SOURCE_FD] = NULL,
		};
		char how[512];

		if (!what[s->kind])
			continue;
		how[0] = '\0';
		if (!p->late_copies)
			source_text(p, s, how, sizeof(how));
		say("  %s %s as <%s>%s%s%s", what[s->kind], s->path, s->label, how[0] ? " (" : "",
		    how, how[0] ? ")" : "");
		text_origin(s->origin);
	}
}

/* A property of an annotation names where it comes from; others follow from the rest. */
static void text_scope(const struct cgroup_systemd *s)
{
	say("  have %s start the scope %s in %s", s->user ? "the user's systemd" : "systemd",
	    s->unit, s->slice);
	text_origin("/linux/cgroupsPath");
	for (size_t i = 0; i < s->properties.count; i++) {
		char value[512];
		struct strbuf b = STRBUF_OVER(value, sizeof(value));

		gvalue_print(&s->properties.items[i].value, &b);
		say("  its property %s is %s", s->properties.items[i].name, value);
		(void)putchar('\n');
	}
}

static void text_cgroup(const struct container *container)
{
	const struct cgroup_plan *c = &container->cgroup_plan;

	if (!container->record.cgroup_path) {
		(void)printf("  create no cgroup\n");
		return;
	}
	if (c->systemd.unit) {
		text_scope(&c->systemd);
	} else {
		say("  create the cgroup %s", c->path);
		(void)putchar('\n');
	}
	for (size_t i = 0; i < c->files.count; i++) {
		const struct cgroup_file *f = &c->files.items[i];

		say("  write %s to %s%s%s%s", f->value, f->name, f->formula ? " (" : "",
		    f->formula ? f->formula : "", f->formula ? ")" : "");
		text_origin(f->origin);
	}
	if (c->subgroup.name) {
		say("  create the cgroup %s/%s, the program's own", c->path, c->subgroup.name);
		say("    [/annotations/%s]", c->subgroup.origin);
		(void)putchar('\n');
	}
	if (c->devices.insn_count) {
		(void)printf("  attach a device filter of %zu rules", c->devices.rule_count);
		text_origin("/linux/resources/devices");
	}
}

/* One line for each line of schemata, which belong to the class. */
static void text_resctrl(const struct resctrl_plan *plan)
{
	if (!plan->place.group)
		return;
	say("  put the container into the class of service '%s' of resctrl%s", plan->place.group,
	    plan->named ? "" : ", which is its own");
	text_origin("/linux/intelRdt");
	for (const char *s = plan->schemata; s && *s; s += strcspn(s, "\n") + 1) {
		say("  its schemata are %.*s", (int)strcspn(s, "\n"), s);
		text_origin("/linux/intelRdt");
	}
	if (plan->place.monitor) {
		say("  make the monitoring group '%s'", plan->place.monitor);
		text_origin("/linux/intelRdt/enableMonitoring");
	}
}

static void text_maps(const char *what, const oci_id_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		(void)printf("  map %ss %" PRIu32 "-%" PRIu64 " of the container to %" PRIu32
			     " and up    [/linux/%sMappings/%zu]\n",
			     what, maps->items[i].container_id,
			     (uint64_t)maps->items[i].container_id + maps->items[i].size - 1,
			     maps->items[i].host_id, what, i);
}

static void text_step(const char *text, const char *origin, void *data)
{
	(void)data;
	say("  %s", text);
	text_origin(origin);
}

/* Hooks that ctr runs itself; the others are operations of ctr-init. */
static const struct {
	enum oci_hook_kind kind;
	const char *when;
} host_hooks[] = {
	{ OCI_HOOK_PRESTART, "when the environment stands" },
	{ OCI_HOOK_CREATE_RUNTIME, "when the environment stands" },
	{ OCI_HOOK_POSTSTART, "once the program runs" },
	{ OCI_HOOK_POSTSTOP, "when the container is deleted" },
};

static void text_hooks(const struct oci_spec *spec)
{
	for (size_t k = 0; k < ARRAY_SIZE(host_hooks); k++) {
		const oci_hooks *hooks = &spec->hooks[host_hooks[k].kind];

		for (size_t i = 0; i < hooks->count; i++) {
			say("  %s, run hook '%s'    [/hooks/%s/%zu]", host_hooks[k].when,
			    hooks->items[i].path, oci_names_of(&oci_hook_names, host_hooks[k].kind),
			    i);
			(void)putchar('\n');
		}
	}
}

static void text_host(const struct container *c)
{
	char flags[128];

	(void)printf("On the host, ctr will:\n");
	text_cgroup(c);
	text_resctrl(&c->resctrl);
	text_overlay(c);
	text_sources(c->plan);
	plan_arg_text(c->plan, PLAN_NS, c->plan->clone_flags, flags, sizeof(flags));
	(void)printf("  start ctr-init, sealed in memory, %s and in new namespaces: %s\n",
		     !c->record.cgroup_path	   ? "in the cgroup of the caller"
		     : c->cgroup_plan.systemd.unit ? "waiting until it is in that scope,"
						   : "in that cgroup",
		     flags);
	explain_network(&c->record.network, text_step, NULL);
	explain_settings(c->spec, &c->caller, text_step, NULL);
	text_maps("uid", &c->plan->uid_maps);
	text_maps("gid", &c->plan->gid_maps);
	text_hooks(c->spec);
}

static void text_ops(const struct plan *p)
{
	char line[1024];
	unsigned n = 0;

	(void)printf("\nInside, ctr-init will:\n");
	for (size_t i = 0; i < p->op_count; i++) {
		plan_sentence(p, i, line, sizeof(line));
		if (p->ops[i].code == PLAN_CODE_section) {
			(void)printf("\n %s\n", line);
			continue;
		}
		(void)printf("  %3u  %s", ++n, line);
		text_origin(p->pool + p->ops[i].origin);
	}
}

static void text_warning(const char *text)
{
	(void)putchar('\n');
	say("warning: %s", text);
	(void)putchar('\n');
}

static void print_text(const struct container *c)
{
	char line[800];

	say("Container '%s' from %s", c->record.id, c->record.bundle);
	(void)printf("\n\n");
	text_host(c);
	text_ops(c->plan);
	for (const struct plan_warning *w = c->plan->warnings; w; w = w->next) {
		plan_warning_text(c->plan, w, line, sizeof(line));
		text_warning(line);
	}
}

/* ---- JSON: the same for machines ---- */

static void json_args(struct json_out *o, const struct plan *p, const struct plan_op *op)
{
	const struct plan_op_info *info = &plan_op_table[op->code];
	char value[1024];

	json_out_member_object(o, "args");
	for (int i = 0; i < PLAN_SLOTS && info->arg[i].name; i++) {
		json_out_key(o, info->arg[i].name);
		if (info->arg[i].kind == PLAN_INT || info->arg[i].kind == PLAN_ID) {
			json_out_int(o, (int64_t)op->slot[i]);
			continue;
		}
		plan_arg_text(p, info->arg[i].kind, op->slot[i], value, sizeof(value));
		json_out_string(o, value);
	}
	json_out_end_object(o);
}

static void json_ops(struct json_out *o, const struct plan *p)
{
	char line[1024];

	json_out_member_array(o, "operations");
	for (size_t i = 0; i < p->op_count; i++) {
		plan_sentence(p, i, line, sizeof(line));
		json_out_object(o);
		json_out_member_string(o, "op", plan_op_table[p->ops[i].code].name);
		json_out_member_string(o, "text", line);
		if (p->pool[p->ops[i].origin])
			json_out_member_string(o, "origin", p->pool + p->ops[i].origin);
		json_args(o, p, &p->ops[i]);
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

static void json_maps(struct json_out *o, const char *key, const oci_id_maps *maps)
{
	json_out_member_array(o, key);
	for (size_t i = 0; i < maps->count; i++) {
		json_out_object(o);
		json_out_member_uint(o, "containerID", maps->items[i].container_id);
		json_out_member_uint(o, "hostID", maps->items[i].host_id);
		json_out_member_uint(o, "size", maps->items[i].size);
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

static void json_scope(struct json_out *o, const struct cgroup_systemd *s)
{
	json_out_member_object(o, "systemd");
	json_out_member_string(o, "scope", s->unit);
	json_out_member_string(o, "slice", s->slice);
	json_out_member_object(o, "properties");
	for (size_t i = 0; i < s->properties.count; i++) {
		char value[512];
		struct strbuf b = STRBUF_OVER(value, sizeof(value));

		gvalue_print(&s->properties.items[i].value, &b);
		json_out_member_string(o, s->properties.items[i].name, value);
	}
	json_out_end_object(o);
	json_out_end_object(o);
}

static void json_cgroup(struct json_out *o, const struct container *container)
{
	const struct cgroup_plan *c = &container->cgroup_plan;

	if (!container->record.cgroup_path)
		return;
	json_out_member_object(o, "cgroup");
	json_out_member_string(o, "path", c->path);
	if (c->systemd.unit)
		json_scope(o, &c->systemd);
	if (c->subgroup.name)
		json_out_member_string(o, "delegated", c->subgroup.name);
	json_out_member_array(o, "files");
	for (size_t i = 0; i < c->files.count; i++) {
		const struct cgroup_file *f = &c->files.items[i];

		json_out_object(o);
		json_out_member_string(o, "file", f->name);
		json_out_member_string(o, "value", f->value);
		json_out_member_string(o, "origin", f->origin);
		if (f->formula)
			json_out_member_string(o, "formula", f->formula);
		json_out_end_object(o);
	}
	json_out_end_array(o);
	json_out_member_uint(o, "deviceRules", c->devices.rule_count);
	json_out_end_object(o);
}

static void json_resctrl(struct json_out *o, const struct resctrl_plan *plan)
{
	if (!plan->place.group)
		return;
	json_out_member_object(o, "resctrl");
	json_out_member_string(o, "group", plan->place.group);
	if (plan->schemata)
		json_out_member_string(o, "schemata", plan->schemata);
	if (plan->place.monitor)
		json_out_member_string(o, "monitor", plan->place.monitor);
	json_out_end_object(o);
}

static void json_hooks(struct json_out *o, const struct oci_spec *spec)
{
	json_out_member_array(o, "hooks");
	for (size_t k = 0; k < ARRAY_SIZE(host_hooks); k++) {
		const oci_hooks *hooks = &spec->hooks[host_hooks[k].kind];

		for (size_t i = 0; i < hooks->count; i++) {
			json_out_object(o);
			json_out_member_string(o, "kind",
					       oci_names_of(&oci_hook_names, host_hooks[k].kind));
			json_out_member_string(o, "path", hooks->items[i].path);
			json_out_end_object(o);
		}
	}
	json_out_end_array(o);
}

static void json_step(const char *text, const char *origin, void *data)
{
	struct json_out *o = data;

	json_out_object(o);
	json_out_member_string(o, "text", text);
	json_out_member_string(o, "origin", origin);
	json_out_end_object(o);
}

static void json_overlay(struct json_out *o, const struct container_overlay *v)
{
	if (!v->used)
		return;
	json_out_member_object(o, "overlay");
	json_out_member_bool(o, "ephemeral", !v->data);
	if (v->size)
		json_out_member_uint(o, "size", v->size);
	json_out_member_array(o, "base");
	for (size_t i = 0; i < v->base.count; i++)
		json_out_string(o, v->base.items[i]);
	json_out_end_array(o);
	json_out_end_object(o);
}

static void json_host(struct json_out *o, const struct container *c)
{
	char flags[128];

	plan_arg_text(c->plan, PLAN_NS, c->plan->clone_flags, flags, sizeof(flags));
	json_out_member_object(o, "host");
	json_cgroup(o, c);
	json_resctrl(o, &c->resctrl);
	json_out_member_string(o, "namespaces", flags);
	json_overlay(o, &c->record.overlay);
	json_maps(o, "uidMappings", &c->plan->uid_maps);
	json_maps(o, "gidMappings", &c->plan->gid_maps);
	json_out_member_array(o, "sources");
	for (size_t i = 1; i < c->plan->reg_count; i++) {
		const struct plan_source *s = &c->plan->regs[i];
		char how[512];

		if (!s->path)
			continue;
		json_out_object(o);
		json_out_member_string(o, "register", s->label);
		json_out_member_string(o, "path", s->path);
		if (s->origin)
			json_out_member_string(o, "origin", s->origin);
		source_text(c->plan, s, how, sizeof(how));
		if (how[0])
			json_out_member_string(o, "changes", how);
		json_out_end_object(o);
	}
	json_out_end_array(o);
	json_out_member_array(o, "settings");
	explain_network(&c->record.network, json_step, o);
	explain_settings(c->spec, &c->caller, json_step, o);
	json_out_end_array(o);
	json_hooks(o, c->spec);
	json_out_end_object(o);
}

static int print_json(const struct container *c, struct err *e)
{
	struct json_out o;
	char line[800];

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "explain");
	json_out_object(&o);
	json_out_member_string(&o, "id", c->record.id);
	json_out_member_string(&o, "bundle", c->record.bundle);
	json_host(&o, c);
	json_ops(&o, c->plan);
	json_out_member_array(&o, "warnings");
	for (const struct plan_warning *w = c->plan->warnings; w; w = w->next) {
		plan_warning_text(c->plan, w, line, sizeof(line));
		json_out_string(&o, line);
	}
	json_out_end_array(&o);
	json_out_end_object(&o);
	return cli_print_json(&o, e);
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct explain_options *o = opts;
	cleanup_(container_freep) struct container *c = container_new();
	struct caller root = caller_root(), user = caller_user(0, 0);
	bool rootless = cli->options.rootless && strcmp(cli->options.rootless, "true") == 0;
	cleanup_(launch_request_free) struct container_request rq = { .store = -EBADF,
								      .caller = rootless ? &user
											 : &root,
								      .id = "explain",
								      .bundle = args[0],
								      .interrupt = -EBADF,
								      .explain = true };
	int r;

	if (!c)
		return err_set(e, ERR_SYSTEM, ENOMEM, "explain");
	/* whose uid comes from the config (imagine_caller), and is not root's */
	user.uid = rootless;
	rq.driver = cli_cgroup_driver(cli, rq.caller);
	user.uid = 0;
	r = launch_overlay(cli, &o->overlay, true, &rq.overlay, e);
	if (r == 0)
		r = launch_network(cli, &o->network, true, &rq, e);
	if (r == 0)
		r = container_load(c, &rq, e);
	if (r == 0 && rq.driver == CGROUP_DRIVER_NONE)
		r = container_check_disabled(c, e);
	if (r == 0)
		r = container_plan(c, e);
	if (r < 0)
		return r;
	if (o->format && strcmp(o->format, "json") == 0)
		return print_json(c, e);
	print_text(c);
	return 0;
}

const struct cli_command cli_explain = {
	.name = "explain",
	.args = "BUNDLE",
	.summary = "Show what running a bundle would do, step by step, without doing it",
	.options = options,
	.run = run,
	.options_size = sizeof(struct explain_options),
	.min_args = 1,
	.max_args = 1,
};

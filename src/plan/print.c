// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations as sentences, for `ctr explain` and for errors: the sentence of ops.def with the
 * arguments filled in.
 */
#include "plan/plan.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <linux/capability.h>

#include "util/kernel.h"
#include "util/strbuf.h"
#include "oci/names.h"

struct bit_name {
	uint64_t bits;
	const char *name;
};

static const struct bit_name attr_names[] = {
	{ MOUNT_ATTR_RDONLY, "ro" },
	{ MOUNT_ATTR_NOSUID, "nosuid" },
	{ MOUNT_ATTR_NODEV, "nodev" },
	{ MOUNT_ATTR_NOEXEC, "noexec" },
	{ MOUNT_ATTR__ATIME, "atime" }, /* all of the group, for clearing */
	{ MOUNT_ATTR_NOATIME, "noatime" },
	{ MOUNT_ATTR_STRICTATIME, "strictatime" },
	{ MOUNT_ATTR_NODIRATIME, "nodiratime" },
	{ MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow" },
};

static const struct bit_name ns_names[] = {
	{ CLONE_NEWUSER, "user" },     { CLONE_NEWNS, "mount" },  { CLONE_NEWPID, "pid" },
	{ CLONE_NEWNET, "network" },   { CLONE_NEWIPC, "ipc" },	  { CLONE_NEWUTS, "uts" },
	{ CLONE_NEWCGROUP, "cgroup" }, { CLONE_NEWTIME, "time" },
};

static const struct bit_name prop_names[] = {
	{ MS_PRIVATE, "private" },
	{ MS_SLAVE, "slave" },
	{ MS_SHARED, "shared" },
	{ MS_UNBINDABLE, "unbindable" },
};

static const char *const sync_names[PLAN_SYNC_COUNT] = {
	[PLAN_SYNC_IDS] = "the user namespace waits for its id maps",
	[PLAN_SYNC_TIME] = "the time namespace waits for its offsets",
	[PLAN_SYNC_NETWORK] = "the network namespace waits for its devices",
	[PLAN_SYNC_RUNTIME] = "the environment stands",
	[PLAN_SYNC_READY] = "ready to execute",
};

static void bits_text(struct strbuf *out, const struct bit_name *names, size_t n, uint64_t v)
{
	const char *comma = "";

	for (size_t i = 0; i < n; i++) {
		if ((v & names[i].bits) != names[i].bits)
			continue;
		strbuf_addf(out, "%s%s", comma, names[i].name);
		comma = ",";
		v &= ~names[i].bits;
	}
	if (v)
		strbuf_addf(out, "%s0x%" PRIx64, comma, v);
	else if (!*comma)
		strbuf_adds(out, "none");
}

static void caps_text(struct strbuf *out, uint64_t v)
{
	const char *comma = "";

	if (!v) {
		strbuf_adds(out, "none");
		return;
	}
	if ((v & 0x1ffffffffffULL) == 0x1ffffffffffULL) {
		strbuf_adds(out, "all");
		return;
	}
	for (int i = 0; i < 64; i++) {
		const char *name =
			v >> i & 1 ? oci_names_of(&oci_capability_names, (uint64_t)i) : NULL;

		if (!(v >> i & 1))
			continue;
		if (name && strncmp(name, "CAP_", 4) == 0)
			strbuf_addf(out, "%s%s", comma, name + 4);
		else
			strbuf_addf(out, "%s%d", comma, i);
		comma = ",";
	}
}

/* Options of mounts whose values are nobody's secret. */
static const char *const public_options[] = {
	"gid",	    "hidepid", "lowerdir", "max",    "mode", "mpol",	 "nr_blocks", "nr_inodes",
	"ptmxmode", "size",    "source",   "subset", "uid",  "upperdir", "workdir",
};

/*
 * How much of "name=value" an error may show, for it ends in logs: the value can be a password
 * (security.md A20).
 */
static size_t public_length(const char *option)
{
	size_t name = strcspn(option, "=");

	for (size_t i = 0; i < ARRAY_SIZE(public_options); i++)
		if (strlen(public_options[i]) == name &&
		    memcmp(public_options[i], option, name) == 0)
			return strlen(option);
	return option[name] ? name + 1 : name;
}

/* ["a", "b"]; @discreet: ["a=..."] */
static void list_text(struct strbuf *out, const char *data, size_t len, bool discreet)
{
	const char *comma = "";

	strbuf_adds(out, "[");
	for (const char *s = data; s < data + len; s += strlen(s) + 1) {
		size_t shown = discreet ? public_length(s) : strlen(s);

		strbuf_addf(out, "%s\"%.*s%s\"", comma, (int)shown, s, s[shown] ? "..." : "");
		comma = ", ";
	}
	strbuf_adds(out, "]");
}

/* [4, 24, 27] */
static void gids_text(struct strbuf *out, const char *data, size_t len)
{
	strbuf_adds(out, "[");
	for (size_t i = 0; i + sizeof(uint32_t) <= len; i += sizeof(uint32_t)) {
		uint32_t gid;

		memcpy(&gid, data + i, sizeof(gid));
		strbuf_addf(out, "%s%" PRIu32, i ? ", " : "", gid);
	}
	strbuf_adds(out, "]");
}

static void arg_text(const struct plan *p, enum plan_kind kind, uint64_t v, bool discreet,
		     struct strbuf *out)
{
	switch (kind) {
	case PLAN_NOTHING: break;
	case PLAN_STR: strbuf_adds(out, p->pool + v); break;
	case PLAN_BLOB: strbuf_addf(out, "(%u bytes)", PLAN_BLOB_LEN(v)); break;
	case PLAN_LIST:
		list_text(out, p->pool + PLAN_BLOB_OFF(v), PLAN_BLOB_LEN(v), discreet);
		break;
	case PLAN_GIDS: gids_text(out, p->pool + PLAN_BLOB_OFF(v), PLAN_BLOB_LEN(v)); break;
	case PLAN_REG:
	case PLAN_REGN: strbuf_addf(out, "<%s>", p->regs[v].label); break;
	case PLAN_INT:
	case PLAN_ID: strbuf_addf(out, "%" PRId64, (int64_t)v); break;
	case PLAN_OCT: strbuf_addf(out, "%04" PRIo64, v); break;
	case PLAN_HEX: strbuf_addf(out, "0x%" PRIx64, v); break;
	case PLAN_ATTR: bits_text(out, attr_names, ARRAY_SIZE(attr_names), v); break;
	case PLAN_NS: bits_text(out, ns_names, ARRAY_SIZE(ns_names), v); break;
	case PLAN_PROP:
		bits_text(out, prop_names, ARRAY_SIZE(prop_names), v & ~(uint64_t)MS_REC);
		break;
	case PLAN_CAPS: caps_text(out, v); break;
	case PLAN_SYNC: strbuf_adds(out, sync_names[v]); break;
	}
}

void plan_arg_text(const struct plan *p, enum plan_kind kind, uint64_t value, char *buf,
		   size_t size)
{
	struct strbuf out = STRBUF_OVER(buf, size);

	arg_text(p, kind, value, false, &out);
}

/* Find the argument called @name (@len bytes) of an operation. */
static int arg_index(const struct plan_op_info *info, const char *name, size_t len)
{
	for (int i = 0; i < PLAN_SLOTS && info->arg[i].name; i++)
		if (strlen(info->arg[i].name) == len && memcmp(info->arg[i].name, name, len) == 0)
			return i;
	return -1;
}

static void sentence(const struct plan *p, size_t index, bool discreet, char *buf, size_t size)
{
	const struct plan_op *op = &p->ops[index];
	const struct plan_op_info *info = &plan_op_table[op->code];
	struct strbuf out = STRBUF_OVER(buf, size);

	for (const char *s = info->sentence; *s; s++) {
		const char *end = *s == '{' ? strchr(s, '}') : NULL;
		int i = end ? arg_index(info, s + 1, (size_t)(end - s - 1)) : -1;

		if (i < 0) {
			strbuf_addf(&out, "%c", *s);
			continue;
		}
		arg_text(p, info->arg[i].kind, op->slot[i], discreet, &out);
		s = end;
	}
	/* a path with an escape sequence in it must not reach somebody's terminal */
	for (char *c = buf; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
}

void plan_sentence(const struct plan *p, size_t index, char *buf, size_t size)
{
	sentence(p, index, false, buf, size);
}

static const char *const stage_text[PLAN_STAGE_COUNT] = {
	[PLAN_STAGE_TARGET] = "resolve the path in the container",
	[PLAN_STAGE_FSOPEN] = "open the filesystem type",
	[PLAN_STAGE_OPTION] = "option",
	[PLAN_STAGE_CREATE] = "create the filesystem",
	[PLAN_STAGE_COPY] = "copy what it hides",
	[PLAN_STAGE_ATTACH] = "attach",
	[PLAN_STAGE_ATTR] = "set the mount attributes",
	[PLAN_STAGE_LOCKED] = "the host locks flags of this mount",
	[PLAN_STAGE_SYMLINK] = "the path leads through a symlink",
	[PLAN_STAGE_OUTSIDE] = "it is outside of the container's root",
	[PLAN_STAGE_MISMATCH] = "found",
	[PLAN_STAGE_LABEL] = "write to",
	[PLAN_STAGE_LAYER] = "open the layer",
	[PLAN_STAGE_MERGE] = "mount the overlay",
	[PLAN_STAGE_HOOK_TIMEOUT] = "did not end before its deadline",
	[PLAN_STAGE_PLAN] = "the plan is damaged",
};

void plan_origin_text(const struct plan *p, const char *origin, char *buf, size_t size)
{
	static const char process[] = "/process/";
	size_t outer = sizeof(process) - 2; /* all but the last slash */
	struct strbuf out = STRBUF_OVER(buf, size);

	if (!origin || !*origin)
		return;
	if (!p->other_process || strncmp(origin, process, outer + 1) != 0)
		strbuf_addf(&out, "config.json %s", origin);
	else if (p->process_file)
		strbuf_addf(&out, "%s %s", p->process_file, origin + outer);
}

void plan_error_origin(const struct plan *p, const char *origin, struct err *e)
{
	char text[sizeof(e->origin)];

	plan_origin_text(p, origin, text, sizeof(text));
	if (text[0])
		err_origin(e, "%s", text);
}

static const char *op_origin(const struct plan *p, const struct plan_message *m)
{
	return p->pool + p->ops[m->op].origin;
}

/* The program that could not be found or executed: callers match on these very words. */
static int program_error(const struct plan *p, const struct plan_message *m, struct err *e)
{
	const char *name = m->text;

	if (m->stage == PLAN_STAGE_LOOKUP && m->errnum == ENOENT && !strchr(name, '/'))
		err_set(e, ERR_PAYLOAD, 0, "exec: '%s': executable file not found in $PATH", name);
	else if (m->errnum == EISDIR)
		err_set(e, ERR_PAYLOAD, EACCES, "exec: '%s': is a directory", name);
	else
		err_set(e, ERR_PAYLOAD, m->errnum, "exec: '%s'", name);
	plan_error_origin(p, op_origin(p, m), e);
	if (m->errnum == ENOEXEC)
		err_hint(e, "a script needs a first line such as #!/bin/sh, and a program the "
			    "right architecture");
	return m->errnum ? -m->errnum : -EINVAL;
}

/*
 * The detail of a stage as it is shown, with a blank in front; empty when there is none. podman tells by
 * the back quotes that it was about a security attribute (checklist 3.8).
 */
static void detail_text(const struct plan_message *m, char *buf, size_t size)
{
	struct strbuf out = STRBUF_OVER(buf, size);
	size_t shown = m->stage == PLAN_STAGE_OPTION ? public_length(m->text) : strlen(m->text);

	if (m->text[0] && m->stage == PLAN_STAGE_LABEL)
		strbuf_addf(&out, " `/proc/%s`", m->text);
	else if (m->text[0])
		strbuf_addf(&out, " '%.*s%s'", (int)shown, m->text, m->text[shown] ? "..." : "");
}

int plan_error(const struct plan *p, const struct plan_message *m, struct err *e)
{
	char text[700], detail[sizeof(m->text) + 16];

	if (m->op >= p->op_count || m->stage >= PLAN_STAGE_COUNT || m->errnum < 0)
		return err_set(e, ERR_SYSTEM, EPROTO, "ctr-init sent a report that makes no sense");
	if (m->stage == PLAN_STAGE_START)
		return err_set(e, ERR_SYSTEM, m->errnum, "start ctr-init");
	if (m->stage == PLAN_STAGE_LOOKUP || m->stage == PLAN_STAGE_EXEC)
		return program_error(p, m, e);
	sentence(p, m->op, true, text, sizeof(text));
	detail_text(m, detail, sizeof(detail));
	if (m->stage == PLAN_STAGE_HOOK_EXIT)
		err_set(e, ERR_CONFIG, 0, "%s: exit status %d%s%s", text, (int)m->value,
			m->text[0] ? ": " : "", m->text);
	else if (stage_text[m->stage])
		err_set(e, ERR_SYSTEM, m->errnum, "%s: %s%s", text, stage_text[m->stage], detail);
	else
		err_set(e, ERR_SYSTEM, m->errnum, "%s", text);
	plan_error_origin(p, op_origin(p, m), e);
	return m->errnum ? -m->errnum : -EINVAL;
}

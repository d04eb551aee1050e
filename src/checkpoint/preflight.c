// SPDX-License-Identifier: GPL-2.0-or-later
/* See preflight.h. This file has the report; the looking is done in preflight_*.c. */
#include "checkpoint/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "checkpoint/judge.h"
#include "checkpoint/preflight_internal.h"
#include "container/fence.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/strbuf.h"

enum {
	TEXT_MAX =
		64 << 20, /* of one file of /proc: maps of a large program have tens of megabytes */
	OBJECT_MAX = 512,
	REPORT_MAX = 64 << 20,
};

static bool is_allowed(const struct preflight_scan *s, const struct preflight_rule *rule)
{
	unsigned version = s->rq->criu_version ? s->rq->criu_version : PREFLIGHT_VERSION_ASSUMED;

	if (rule->since && version >= rule->since)
		return true;
	return rule->flag && *((const char *)s->rq->flags + rule->flag - 1) != 0;
}

static struct preflight_finding *grow(struct preflight_scan *s)
{
	struct preflight_report *r = s->report;

	if (r->count == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		struct preflight_finding *items = reallocarray(r->items, room, sizeof(*items));

		if (!items)
			return NULL;
		r->items = items;
		s->room = room;
	}
	return &r->items[r->count];
}

void preflight_add(struct preflight_scan *s, enum preflight_what what,
		   const struct preflight_task *task, int fd, const char *fmt, ...)
{
	const struct preflight_rule *rule = &preflight_rules[what];
	struct preflight_finding *f = is_allowed(s, rule) ? NULL : grow(s);
	char object[OBJECT_MAX];
	va_list ap;

	if (!f) {
		s->error = is_allowed(s, rule) ? s->error : -ENOMEM;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(object, sizeof(object), fmt, ap);
	va_end(ap);
	err_printable(object);
	*f = (struct preflight_finding){
		.rule = rule,
		.pid = task ? task->pid : 0,
		.fd = fd,
		.object = arena_strdup(&s->report->arena, object),
		.comm = arena_strdup(&s->report->arena, task ? task->comm : ""),
	};
	if (!f->object || !f->comm) {
		s->error = -ENOMEM;
		return;
	}
	s->report->count++;
	s->report->certain += rule->certain;
}

char *preflight_read(int dir, const char *name)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text = NULL;
	size_t size;

	if (fd < 0 || io_read_stream(fd, TEXT_MAX, &text, &size) < 0)
		return NULL;
	return text;
}

bool preflight_stat(int dir, const char *name, struct stat *ret)
{
	struct statx x;

	if (statx(dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &x) < 0)
		return false;
	*ret = (struct stat){ .st_mode = x.stx_mode,
			      .st_ino = x.stx_ino,
			      .st_nlink = x.stx_nlink,
			      .st_size = (off_t)x.stx_size,
			      .st_dev = makedev(x.stx_dev_major, x.stx_dev_minor),
			      .st_rdev = makedev(x.stx_rdev_major, x.stx_rdev_minor) };
	return true;
}

struct preflight_end *preflight_end_find(const struct preflight_ends *list, uint64_t inode)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].inode == inode)
			return &list->items[i];
	return NULL;
}

struct preflight_end *preflight_end_add(struct preflight_scan *s, struct preflight_ends *list,
					uint64_t inode, const struct preflight_task *task, int fd)
{
	struct preflight_end *end = preflight_end_find(list, inode);

	if (end)
		return end;
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct preflight_end *items = reallocarray(list->items, room, sizeof(*items));

		if (!items) {
			s->error = -ENOMEM;
			return NULL;
		}
		list->items = items;
		list->room = room;
	}
	end = &list->items[list->count++];
	*end = (struct preflight_end){ .inode = inode, .task = task, .fd = fd };
	return end;
}

static void scan_free(struct preflight_scan *s)
{
	for (size_t i = 0; i < s->task_count; i++)
		(void)close(s->tasks[i].dir); /* of /proc: nothing can be lost */
	free(s->tasks);
	free(s->mounts);
	free(s->mount_text);
	free(s->pipes.items);
	free(s->sockets.items);
}

int preflight_ended(struct err *e)
{
	err_set(e, ERR_STATE, 0, "container cannot be checkpointed in stopped state");
	return -ESRCH;
}

static int look(struct preflight_scan *s, struct err *e)
{
	int r = preflight_collect(s, e);

	if (r < 0)
		return r;
	preflight_look_at_kernel(s);
	preflight_read_mounts(s);
	/* whoever is about to end has no namespaces any more, even before others can see that it ends */
	if (s->mount_count == 0 && s->error == 0)
		return preflight_ended(e);
	preflight_read_stdio(s);
	r = preflight_look_at_mounts(s, e);
	if (r < 0)
		return r;
	preflight_look_at_tasks(s);
	for (size_t i = 0; i < s->task_count; i++) {
		/* of others CRIU sees nothing: that they are there is all that is to be said */
		if (!s->tasks[i].in_tree)
			continue;
		preflight_look_at_files(s, &s->tasks[i]);
		preflight_look_at_memory(s, &s->tasks[i]);
	}
	preflight_look_at_pipes(s);
	r = preflight_look_at_sockets(s, e);
	if (r == 0 && s->error < 0)
		r = err_set(e, ERR_SYSTEM, -s->error, "look at the container's processes");
	return r;
}

/* Certain ones to the front; apart from that the order stays. */
static int sort(struct preflight_report *r)
{
	cleanup_free struct preflight_finding *sorted = NULL;
	size_t at = 0;

	if (r->count == 0)
		return 0;
	sorted = reallocarray(NULL, r->count, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (int certain = 1; certain >= 0; certain--)
		for (size_t i = 0; i < r->count; i++)
			if (r->items[i].rule->certain == certain)
				sorted[at++] = r->items[i];
	memcpy(r->items, sorted, r->count * sizeof(*sorted));
	return 0;
}

int preflight_scan(const struct container *c, const struct preflight_request *rq,
		   struct preflight_report *ret, struct err *e)
{
	struct preflight_report report = { .arena = { .cap = REPORT_MAX } };
	cleanup_(scan_free) struct preflight_scan s = { .c = c, .rq = rq, .report = &report };
	int r = look(&s, e);

	if (r == 0 && sort(&report) < 0)
		r = err_set(e, ERR_SYSTEM, ENOMEM, "look at the container's processes");
	if (r < 0)
		preflight_free(&report);
	else
		*ret = report;
	return r;
}

int preflight_look(struct container *c, const char *criu, const struct checkpoint_flags *flags,
		   struct preflight_report *ret, unsigned *ret_version, struct err *missing,
		   struct err *e)
{
	struct err none = ERR_INIT;
	int version = judge_criu(criu, missing ? missing : &none);
	const struct preflight_request rq = { .flags = flags, .criu_version = (unsigned)version };
	int r = fence_check_memory(c, e);

	if (r == 0 && !c->spec)
		r = container_reload(c, e);
	if (ret_version)
		*ret_version = rq.criu_version;
	return r < 0 ? r : preflight_scan(c, &rq, ret, e);
}

void preflight_free(struct preflight_report *r)
{
	free(r->items);
	arena_free(&r->arena);
	r->items = NULL;
	r->count = r->certain = 0;
}

void preflight_describe(const struct preflight_finding *f, char *buf, size_t size)
{
	struct strbuf s = STRBUF_OVER(buf, size);

	if (f->pid > 0)
		strbuf_addf(&s, "%s[%d]", f->comm, (int)f->pid);
	if (f->fd >= 0)
		strbuf_addf(&s, " fd %d", f->fd);
	strbuf_addf(&s, "%s%s", s.len > 0 ? ": " : "", f->object);
	err_printable(buf);
}

/* What helps against the certain ones, each once, as far as there is room. */
static void add_help(const struct preflight_report *r, struct err *e)
{
	char text[sizeof(e->hint)];
	struct strbuf s = STRBUF_OVER(text, sizeof(text));

	for (size_t i = 0; i < r->certain; i++) {
		const char *help = r->items[i].rule->help;

		if (!strstr(text, help) && s.len + strlen(help) + 3 < s.size)
			strbuf_addf(&s, "%s%s", s.len > 0 ? "; " : "", help);
	}
	err_hint(e, "%s", text);
}

int preflight_refuse(const struct preflight_report *r, struct err *e)
{
	char text[sizeof(e->text)], one[256];
	struct strbuf s =
		STRBUF_OVER(text, sizeof(text) - sizeof("; and 18446744073709551615 more"));
	size_t told = 0;

	if (r->certain == 0)
		return 0;
	for (; told < r->certain; told++) {
		const struct preflight_finding *f = &r->items[told];
		const char *why = f->rule->why;

		preflight_describe(f, one, sizeof(one));
		if (s.len + strlen(one) + strlen(why) + 4 >= s.size)
			break;
		strbuf_addf(&s, "%s%s: %s", told > 0 ? "; " : "", one, why);
	}
	s.size = sizeof(text);
	if (told < r->certain)
		strbuf_addf(&s, "; and %zu more", r->certain - told);
	err_set(e, ERR_STATE, 0, "%s", text);
	add_help(r, e);
	return -EBUSY;
}

static void write_finding(struct json_out *o, const struct preflight_finding *f)
{
	json_out_object(o);
	json_out_member_string(o, "what", f->rule->name);
	json_out_member_bool(o, "certain", f->rule->certain);
	if (f->pid > 0) {
		json_out_member_int(o, "pid", f->pid);
		json_out_member_string(o, "comm", f->comm);
	}
	if (f->fd >= 0)
		json_out_member_int(o, "fd", f->fd);
	json_out_member_string(o, "object", f->object);
	json_out_member_string(o, "why", f->rule->why);
	json_out_member_string(o, "help", f->rule->help);
	json_out_end_object(o);
}

void preflight_write(struct json_out *o, const struct preflight_report *r)
{
	json_out_object(o);
	json_out_member_bool(o, "blocked", r->certain > 0);
	json_out_member_array(o, "findings");
	for (size_t i = 0; i < r->count; i++)
		write_finding(o, &r->items[i]);
	json_out_end_array(o);
	json_out_end_object(o);
}

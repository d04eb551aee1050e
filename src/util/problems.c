// SPDX-License-Identifier: GPL-2.0-or-later
/* See problems.h. Never prints. */
#include "util/problems.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/strbuf.h"

void problems_free(struct problems *p)
{
	for (size_t i = 0; i < p->gap_count; i++)
		free(p->gaps[i].array);
	free(p->gaps);
	free(p->items);
	*p = (struct problems)PROBLEMS_INIT;
}

const char *problem_pointer(const struct err *e)
{
	const char *s = strstr(e->origin, " /");

	return s ? s + 1 : "";
}

/* Does @inner name the value at @outer, or one inside it? */
static bool is_below(const char *inner, const char *outer)
{
	size_t n = strlen(outer);

	return strncmp(inner, outer, n) == 0 && (!inner[n] || inner[n] == '/');
}

bool problems_below(const struct problems *p, const char *at)
{
	for (size_t i = 0; p && i < p->count; i++)
		if (p->items[i].severity == PROBLEM_ERROR &&
		    is_below(problem_pointer(&p->items[i].err), at))
			return true;
	return false;
}

size_t problems_count(const struct problems *p, enum problem_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += p->items[i].severity == severity;
	return n;
}

/* Was it said already? The document as a whole ("") may have any number of problems. */
static bool is_known(const struct problems *p, enum problem_severity severity, const struct err *e)
{
	const char *at = problem_pointer(e);

	for (size_t i = 0; i < p->count; i++) {
		const struct problem *o = &p->items[i];

		if (strcmp(o->err.text, e->text) == 0 && strcmp(problem_pointer(&o->err), at) == 0)
			return true;
		if (severity == PROBLEM_ERROR && o->severity == PROBLEM_ERROR && *at &&
		    o->stage < p->stage && is_below(problem_pointer(&o->err), at))
			return true;
	}
	return false;
}

/* The index in the document of item @index of the array at @array, which has gaps. */
static size_t with_gaps(const struct problems *p, const char *array, size_t index)
{
	for (size_t i = 0; i < p->gap_count; i++) /* in the order of the document */
		if (strcmp(p->gaps[i].array, array) == 0 && p->gaps[i].index <= index)
			index++;
	return index;
}

static bool is_index(const char *token, size_t len)
{
	return len && len < 10 && strspn(token, "0123456789") >= len;
}

/* "/mounts/3/source" of the shortened array as it is in the document. */
static void mend_origin(const struct problems *p, struct err *e)
{
	char whole[sizeof(e->origin)];
	struct strbuf b = STRBUF_OVER(whole, sizeof(whole));
	const char *at = problem_pointer(e);

	if (!p->compacted || !p->gap_count || !*at)
		return;
	while (*at == '/') {
		size_t len = strcspn(at + 1, "/");

		if (is_index(at + 1, len))
			strbuf_addf(&b, "/%zu",
				    with_gaps(p, whole, (size_t)strtoul(at + 1, NULL, 10)));
		else
			strbuf_addf(&b, "/%.*s", (int)len, at + 1);
		at += len + 1;
	}
	e->origin[problem_pointer(e) - e->origin] = '\0';
	(void)snprintf(e->origin + strlen(e->origin), sizeof(e->origin) - strlen(e->origin), "%s",
		       whole);
}

/* @items with room for one more, or NULL. */
static void *grown(void *items, size_t count, size_t *room, size_t size)
{
	size_t want = *room ? *room * 2 : 16;

	if (count < *room)
		return items;
	items = reallocarray(items, want, size);
	if (items)
		*room = want;
	return items;
}

int problems_add(struct problems *p, enum problem_severity severity, const struct err *e)
{
	struct problem one = { .severity = severity, .stage = p->stage, .err = *e }, *items;

	if (p->count == PROBLEMS_MAX) {
		p->omitted++;
		return 0;
	}
	one.err.problems = NULL;
	mend_origin(p, &one.err);
	if (is_known(p, severity, &one.err))
		return 0;
	items = grown(p->items, p->count, &p->room, sizeof(*items));
	if (!items)
		return -ENOMEM;
	p->items = items;
	p->items[p->count++] = one;
	return 0;
}

int problems_addf(struct problems *p, enum problem_severity severity, const char *at,
		  const char *hint, const char *fmt, ...)
{
	struct err e = ERR_INIT;
	va_list ap;

	e.kind = ERR_CONFIG;
	va_start(ap, fmt);
	(void)vsnprintf(e.text, sizeof(e.text), fmt, ap); /* a cut text is still a text */
	va_end(ap);
	err_origin(&e, "config.json%s%s", *at ? " " : "", at);
	if (hint)
		err_hint(&e, "%s", hint);
	return problems_add(p, severity, &e);
}

int problems_gap(struct problems *p, const char *array, size_t index)
{
	struct problems_gap *gaps = grown(p->gaps, p->gap_count, &p->gap_room, sizeof(*gaps));
	char *copy = gaps ? strdup(array) : NULL;

	if (gaps)
		p->gaps = gaps;
	if (!copy)
		return -ENOMEM;
	p->gaps[p->gap_count++] = (struct problems_gap){ .array = copy, .index = index };
	return 0;
}

void problems_compacted(struct problems *p)
{
	p->compacted = true;
}

void problems_next_stage(struct problems *p)
{
	p->stage++;
}

int err_keep(struct err *e, int r)
{
	if (r >= 0 || r == -ENOMEM || r == -E2BIG || !e || !e->problems)
		return r;
	if (problems_add(e->problems, PROBLEM_ERROR, e) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "keep the list of problems");
	e->kind = ERR_NONE;
	e->errnum = 0;
	e->text[0] = e->origin[0] = e->hint[0] = '\0';
	return 0;
}

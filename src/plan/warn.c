// SPDX-License-Identifier: GPL-2.0-or-later
/* Warnings of a plan: what is odd in a config and changes nothing. */
#include "plan/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "util/strbuf.h"

void plan_warn(struct plan *p, const char *origin, const char *fmt, ...)
{
	struct plan_warning *w = arena_alloc(&p->arena, sizeof(*w)), **last = &p->warnings;
	char buf[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (!w || !(w->text = arena_strdup(&p->arena, buf)))
		return; /* a warning that does not fit in memory changes nothing either */
	w->origin = origin;
	w->next = NULL;
	while (*last)
		last = &(*last)->next;
	*last = w;
}

void plan_warning_text(const struct plan *p, const struct plan_warning *w, char *buf, size_t size)
{
	char origin[256];
	struct strbuf out = STRBUF_OVER(buf, size);

	plan_origin_text(p, w->origin, origin, sizeof(origin));
	strbuf_addf(&out, "%s%s%s", origin, origin[0] ? ": " : "", w->text);
}

int plan_refuse_warnings(const struct plan *p, struct err *e)
{
	const struct plan_warning *first = p->warnings;

	while (first && !first->origin)
		first = first->next;
	if (!first)
		return 0;
	err_set(e, ERR_CONFIG, 0, "%s", first->text);
	plan_error_origin(p, first->origin, e);
	err_hint(e, "correct it, or do without --strict");
	return -EINVAL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* config.json's linux.intelRdt as a plan, and schemata compared. Pure. */
#include "cgroups/resctrl.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static bool asked(const char *text)
{
	return text && *text;
}

/* @text and one more line; NULL when out of memory. */
static const char *add_line(struct arena *a, const char *text, const char *line)
{
	return text ? arena_printf(a, "%s%s\n", text, line) : NULL;
}

/*
 * All in one write, in this order: cache, bandwidth, the rest (config-linux.md). A bandwidth in the
 * place of the cache's is left out, as that says.
 */
static const char *schemata(const struct oci_intel_rdt *r, struct arena *a)
{
	const char *text = "";

	if (asked(r->l3_cache_schema) && strncmp(r->l3_cache_schema, "MB:", 3) != 0)
		text = add_line(a, text, r->l3_cache_schema);
	if (asked(r->mem_bw_schema))
		text = add_line(a, text, r->mem_bw_schema);
	for (size_t i = 0; i < r->schemata.count; i++)
		text = add_line(a, text, r->schemata.items[i]);
	return text;
}

int resctrl_emit(const struct oci_spec *spec, const char *id, struct arena *a,
		 struct resctrl_plan *ret, struct err *e)
{
	const struct oci_intel_rdt *r = &spec->linux_.intel_rdt;

	*ret = (struct resctrl_plan){ 0 };
	if (!r->set)
		return 0;
	ret->named = asked(r->clos_id);
	ret->place.group = ret->named ? r->clos_id : arena_strdup(a, id);
	if (r->enable_monitoring)
		ret->place.monitor = arena_strdup(a, id);
	ret->schemata = schemata(r, a);
	if (!ret->place.group || !ret->schemata || (r->enable_monitoring && !ret->place.monitor))
		return err_set(e, ERR_SYSTEM, ENOMEM, "read linux.intelRdt");
	if (!*ret->schemata)
		ret->schemata = NULL;
	return 0;
}

/* ---- "L3:0=7f0;1=1f" ---- */

/* A piece of a line, without the blanks around it. */
struct word {
	const char *s;
	size_t len;
};

static struct word trim(const char *s, size_t len)
{
	while (len && isspace((unsigned char)*s)) {
		s++;
		len--;
	}
	while (len && isspace((unsigned char)s[len - 1]))
		len--;
	return (struct word){ s, len };
}

/* Take what comes before @end off the front of *@rest. */
static struct word cut(struct word *rest, char end)
{
	const char *at = memchr(rest->s, end, rest->len);
	size_t len = at ? (size_t)(at - rest->s) : rest->len;
	struct word first = trim(rest->s, len);

	rest->s += len + (at != NULL);
	rest->len -= len + (at != NULL);
	return first;
}

static struct word skip_zeros(struct word w)
{
	while (w.len > 1 && *w.s == '0') {
		w.s++;
		w.len--;
	}
	return w;
}

static bool same(struct word a, struct word b)
{
	return a.len == b.len && strncasecmp(a.s, b.s, a.len) == 0;
}

/* Is "ID=VALUE" one of @list, which is "ID=VALUE;ID=VALUE"? */
static bool has_domain(struct word list, struct word domain)
{
	struct word id = cut(&domain, '='), value = trim(domain.s, domain.len);

	while (list.len) {
		struct word other = cut(&list, ';'), other_id = cut(&other, '=');

		if (same(skip_zeros(id), skip_zeros(other_id)))
			return same(skip_zeros(value), skip_zeros(trim(other.s, other.len)));
	}
	return false;
}

static bool line_holds(const char *is, struct word line)
{
	struct word resource = cut(&line, ':'), rest = { is, strlen(is) };

	while (rest.len) {
		struct word other = cut(&rest, '\n'), other_resource = cut(&other, ':');
		bool all = true;

		if (!same(resource, other_resource))
			continue;
		while (line.len && all) {
			struct word domain = cut(&line, ';');

			all = !domain.len || has_domain(other, domain);
		}
		return all;
	}
	return false;
}

bool resctrl_schemata_hold(const char *is, const char *wanted, const char **ret_line)
{
	struct word rest = { wanted, strlen(wanted) };

	while (rest.len) {
		const char *start = rest.s;
		struct word line = cut(&rest, '\n');

		if (line.len && !line_holds(is, line)) {
			*ret_line = start;
			return false;
		}
	}
	return true;
}

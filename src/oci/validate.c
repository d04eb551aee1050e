// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of the top level: version, root, mounts, hooks, names of the host; and the shared helpers. */
#include "oci/validate.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "oci/json.h"
#include "oci/annotations.h"
#include "oci/names.h"
#include "util/problems.h"

/* The kernel reads an id map from one page, and the struct it keeps has room for this many. */
enum {
	ID_MAP_LINES = 340
};

/* __NEW_UTS_LEN, sethostname(2). */
enum {
	UTS_NAME_MAX = 64
};

void check_groups(struct check *c, check_fn *const *groups, size_t n)
{
	for (size_t i = 0; c->r == 0 && i < n; i++)
		groups[i](c);
}

const char *check_at(struct check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(c->at, sizeof(c->at), fmt, ap); /* a cut pointer still helps */
	va_end(ap);
	return c->at;
}

const char *check_at_key(struct check *c, const char *prefix, const char *key)
{
	char escaped[sizeof(c->at)];

	return check_at(c, "%s/%s", prefix, json_pointer_escape(key, escaped, sizeof(escaped)));
}

void check_refuse(struct check *c, const char *at, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	if (c->r < 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	(void)err_set(c->e, ERR_CONFIG, 0, "%s", what);
	err_origin(c->e, "%s%s%s", c->spec->file, *at ? " " : "", at);
	c->r = err_keep(c->e, -EINVAL);
}

bool check_lacks_namespace(const struct check *c, enum oci_namespace_type type)
{
	return !oci_spec_namespace(c->spec, type) &&
	       !(c->e && problems_below(c->e->problems, "/linux/namespaces"));
}

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

static void id_map(struct check *c, const char *at, const oci_id_maps *maps, size_t i)
{
	const struct oci_id_map *m = &maps->items[i];

	if (!m->size)
		check_refuse(c, check_at(c, "%s/%zu/size", at, i), "the range is empty");
	/* an overlap with an empty range, or with one that is too long, is nothing of its own */
	if (!m->size)
		return;
	/* 4294967295 means "no id" to the kernel */
	if ((uint64_t)m->container_id + m->size > UINT32_MAX ||
	    (uint64_t)m->host_id + m->size > UINT32_MAX)
		check_refuse(c, check_at(c, "%s/%zu", at, i),
			     "the range ends above the highest id 4294967294");
	for (size_t k = 0; k < i; k++) {
		const struct oci_id_map *o = &maps->items[k];

		if (overlap(m->container_id, m->size, o->container_id, o->size))
			check_refuse(c, check_at(c, "%s/%zu/containerID", at, i),
				     "the range overlaps with that of entry %zu", k);
		if (overlap(m->host_id, m->size, o->host_id, o->size))
			check_refuse(c, check_at(c, "%s/%zu/hostID", at, i),
				     "the range overlaps with that of entry %zu", k);
	}
}

/* As the kernel is told about them. */
static size_t id_maps_size(const oci_id_maps *maps)
{
	size_t size = 0;

	for (size_t i = 0; i < maps->count; i++)
		size += (size_t)snprintf(NULL, 0, "%u %u %u\n", maps->items[i].container_id,
					 maps->items[i].host_id, maps->items[i].size);
	return size;
}

void check_id_maps(struct check *c, const char *at, const oci_id_maps *maps)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size;

	if (maps->count > ID_MAP_LINES) {
		check_refuse(c, at, "%zu entries, the kernel takes at most %d", maps->count,
			     ID_MAP_LINES);
		return; /* comparing them all would take long */
	}
	/* all in one write of less than a page: user_namespaces(7) */
	size = id_maps_size(maps);
	if (size >= page)
		check_refuse(c, at, "%zu bytes as text, the kernel takes at most %zu", size,
			     page - 1);
	for (size_t i = 0; i < maps->count; i++)
		id_map(c, at, maps, i);
}

/* Is it called as variables usually are? Else it may be all that is left of a value, and values are secrets. */
static bool looks_like_name(const char *entry)
{
	size_t len = strspn(entry, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return len && len <= 100 && !entry[len];
}

void check_env(struct check *c, const char *at, const oci_strings *env)
{
	for (size_t i = 0; i < env->count; i++) {
		const char *entry = env->items[i];

		if (strchr(entry, '='))
			continue;
		if (looks_like_name(entry))
			check_refuse(c, check_at(c, "%s/%zu", at, i),
				     "environment entry '%s' has no '='", entry);
		else
			check_refuse(c, check_at(c, "%s/%zu", at, i),
				     "environment entry has no '='");
	}
}

/* A decimal number of at most 5 digits after optional blanks; NULL when there is none. */
static const char *list_number(const char *s, unsigned *ret_value)
{
	size_t n = 0;

	s += strspn(s, " ");
	for (*ret_value = 0; n < 6 && isdigit((unsigned char)s[n]); n++)
		*ret_value = *ret_value * 10 + (unsigned)(s[n] - '0');
	if (!n || n == 6)
		return NULL;
	s += n;
	return s + strspn(s, " ");
}

bool check_is_id_list(const char *s)
{
	unsigned first, last;

	for (;; s++) {
		s = list_number(s, &first);
		if (s && *s == '-') {
			s = list_number(s + 1, &last);
			if (s && last < first)
				return false;
		}
		if (!s || !*s)
			return s != NULL;
		if (*s != ',')
			return false;
	}
}

bool check_is_one_line(const char *s)
{
	for (; *s; s++)
		if (iscntrl((unsigned char)*s))
			return false;
	return true;
}

/* A number without leading zeros; NULL when there is none. */
static const char *version_number(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && (n == 1 || *s != '0') ? s + n : NULL;
}

/* Dot-separated identifiers up to @end or the string's end. */
static const char *version_identifiers(const char *s, char end, bool prerelease)
{
	for (;; s++) {
		size_t digits = strspn(s, "0123456789");
		size_t n = 0;

		while (isalnum((unsigned char)s[n]) || s[n] == '-')
			n++;
		if (!n || (prerelease && n == digits && n > 1 && *s == '0'))
			return NULL;
		s += n;
		if (!*s || *s == end)
			return s;
		if (*s != '.')
			return NULL;
	}
}

/* SemVer 2.0.0, https://semver.org */
static bool is_semver(const char *s)
{
	for (int i = 0; i < 3; i++) {
		s = version_number(s);
		if (!s)
			return false;
		if (i < 2 && *s++ != '.')
			return false;
	}
	if (*s == '-')
		s = version_identifiers(s + 1, '+', true);
	if (s && *s == '+')
		s = version_identifiers(s + 1, '\0', false);
	return s && !*s;
}

static void version(struct check *c)
{
	const char *v = c->spec->oci_version;

	if (!v) /* that it is missing has been said */
		return;
	if (!is_semver(v))
		check_refuse(c, "/ociVersion", "'%.100s' is not a version like '%s'", v,
			     OCI_SPEC_VERSION);
	else if (strncmp(v, "1.", 2) != 0)
		check_refuse(c, "/ociVersion", "version '%.100s' is not supported, only 1.x.y is",
			     v);
}

static void root(struct check *c)
{
	if (!c->spec->root.set && !(c->e && problems_below(c->e->problems, "/root")))
		check_refuse(c, "", "required member 'root' is missing");
}

static void mounts(struct check *c)
{
	char at[64];

	for (size_t i = 0; i < c->spec->mounts.count; i++) {
		const struct oci_mount *m = &c->spec->mounts.items[i];

		if (!m->uid_mappings.count != !m->gid_mappings.count)
			check_refuse(c, check_at(c, "/mounts/%zu", i),
				     "uidMappings and gidMappings need each other");
		(void)snprintf(at, sizeof(at), "/mounts/%zu/uidMappings", i);
		check_id_maps(c, at, &m->uid_mappings);
		(void)snprintf(at, sizeof(at), "/mounts/%zu/gidMappings", i);
		check_id_maps(c, at, &m->gid_mappings);
	}
}

static void uts_name(struct check *c, const char *at, const char *name)
{
	if (!name)
		return;
	if (check_lacks_namespace(c, OCI_NS_UTS))
		check_refuse(c, at, "needs an entry 'uts' in linux.namespaces");
	if (strlen(name) > UTS_NAME_MAX)
		check_refuse(c, at, "longer than %d bytes", UTS_NAME_MAX);
}

static void uts_names(struct check *c)
{
	uts_name(c, "/hostname", c->spec->hostname);
	uts_name(c, "/domainname", c->spec->domainname);
}

/* Of those that are ours the value must make sense; the others are none of our business. */
static void annotation(struct check *c, const struct oci_pair *a)
{
	const struct oci_annotation_info *info = oci_annotation_find(a->key);
	const char *at = check_at_key(c, "/annotations", a->key);
	bool on;

	if (!a->key[0])
		check_refuse(c, "/annotations/", "annotation without a key");
	if (!info)
		return;
	if (info->kind == OCI_ANNOTATION_IS_REFUSED)
		check_refuse(c, at, "'%s' is not supported: %s", a->key, info->why);
	if (info->kind == OCI_ANNOTATION_IS_FLAG && !oci_annotation_parse_flag(a->value, &on))
		check_refuse(c, at, "'%.100s' is none of 1, true, 0, false", a->value);
	if (info->kind == OCI_ANNOTATION_IS_PATH && a->value[0] != '/')
		check_refuse(c, at, "path '%.100s' is not absolute", a->value);
}

static void annotations(struct check *c)
{
	for (size_t i = 0; i < c->spec->annotations.count; i++)
		annotation(c, &c->spec->annotations.items[i]);
}

static void hook(struct check *c, const char *at, const struct oci_hook *h)
{
	char env_at[80];

	if (h->path[0] != '/')
		check_refuse(c, check_at(c, "%s/path", at), "hook path '%.100s' is not absolute",
			     h->path);
	if (h->timeout.set && h->timeout.value <= 0)
		check_refuse(c, check_at(c, "%s/timeout", at),
			     "timeout must be greater than zero, not %lld",
			     (long long)h->timeout.value);
	(void)snprintf(env_at, sizeof(env_at), "%s/env", at);
	check_env(c, env_at, &h->env);
}

static void hooks(struct check *c)
{
	char at[64];

	for (unsigned kind = 0; kind < OCI_HOOK_COUNT; kind++) {
		const oci_hooks *list = &c->spec->hooks[kind];

		for (size_t i = 0; i < list->count; i++) {
			(void)snprintf(at, sizeof(at), "/hooks/%s/%zu",
				       oci_names_of(&oci_hook_names, kind), i);
			hook(c, at, &list->items[i]);
		}
	}
}

int oci_spec_validate(const struct oci_spec *spec, struct err *e)
{
	static check_fn *const groups[] = {
		version, root, check_process, mounts, uts_names, hooks, annotations, check_linux,
	};
	struct check c = { .spec = spec, .e = e };

	check_groups(&c, groups, sizeof(groups) / sizeof(groups[0]));
	return c.r;
}

int oci_process_validate(const struct oci_spec *spec, struct err *e)
{
	struct check c = { .spec = spec, .e = e };

	check_process(&c);
	return c.r;
}

int oci_resources_validate(const struct oci_spec *spec, struct err *e)
{
	struct check c = { .spec = spec, .e = e };

	check_resources(&c);
	return c.r;
}

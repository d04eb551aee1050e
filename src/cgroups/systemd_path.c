// SPDX-License-Identifier: GPL-2.0-or-later
/* From linux.cgroupsPath to the names of a scope and its slice. Pure. */
#include <limits.h>
#include <string.h>

#include "cgroups/internal.h"
#include "cgroups/systemd.h"

#define SLICE ".slice"
#define SCOPE ".scope"

enum {
	UNIT_NAME_MAX = 255 /* systemd.unit(5) */
};

static int refuse(const char *value, const char *why, struct err *e)
{
	err_set(e, ERR_CONFIG, 0, "'%.255s' %s", value, why);
	err_origin(e, "config.json /linux/cgroupsPath");
	err_hint(e, "with the systemd cgroup driver: slice:prefix:name, such as "
		    "system.slice:ctr:web1");
	return -EINVAL;
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return len >= n && strcmp(s + len - n, suffix) == 0;
}

/* systemd.unit(5): these, and '@', which would make it an instance. */
static bool unit_name_valid(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			       ":-_.\\@");

	return len && !s[len] && len <= UNIT_NAME_MAX && s[0] != '.';
}

const char *systemd_slice_path(const char *slice, struct arena *a)
{
	size_t len = strlen(slice), n = 0;
	char *path;

	if (strcmp(slice, "-" SLICE) == 0)
		return "";
	if (!ends_with(slice, SLICE) || len == strlen(SLICE) || !unit_name_valid(slice) ||
	    slice[0] == '-' || strstr(slice, "--") || strstr(slice, "-" SLICE))
		return NULL;
	path = arena_alloc(a, (len + strlen(SLICE) + 2) * (len + 1));
	if (!path)
		return NULL;
	/* each dash is a level: "a-b.slice" is in "a.slice" */
	for (size_t i = 1; i <= len - strlen(SLICE); i++) {
		if (slice[i] != '-' && i != len - strlen(SLICE))
			continue;
		path[n++] = '/';
		memcpy(path + n, slice, i);
		n += i;
		memcpy(path + n, SLICE, sizeof(SLICE));
		n += strlen(SLICE);
	}
	return path;
}

/* The three fields, or the one, of @value. */
static int split(const char *value, const char *slice, struct arena *a, struct cgroup_systemd *ret,
		 struct err *e)
{
	const char *prefix = strchr(value, ':'), *name = prefix ? strchr(prefix + 1, ':') : NULL;

	ret->slice = slice;
	if (!prefix) {
		ret->unit = arena_printf(a, "%s" SCOPE, value);
		return 0;
	}
	if (!name || strchr(name + 1, ':') || !name[1])
		return refuse(value, "is not slice:prefix:name", e);
	if (ends_with(name, SLICE))
		return refuse(value, "names a slice, but processes live in scopes", e);
	if (prefix != value)
		ret->slice = arena_memdup(a, value, (size_t)(prefix - value));
	prefix++;
	name++;
	ret->unit = name - prefix == 1 ? arena_printf(a, "%s" SCOPE, name)
				       : arena_printf(a, "%.*s-%s" SCOPE, (int)(name - prefix - 1),
						      prefix, name);
	return 0;
}

int systemd_emit_unit(const char *configured, const char *id, bool user, struct arena *a,
		      struct cgroup_systemd *ret, struct err *e)
{
	const char *usual = user ? "user" SLICE : "system" SLICE;
	bool named = configured && *configured;
	int r = 0;

	ret->user = user;
	if (named)
		r = split(configured, usual, a, ret, e);
	else
		*ret = (struct cgroup_systemd){ .slice = usual,
						.unit = arena_printf(a, "ctr-%s" SCOPE, id),
						.user = user };
	if (r < 0)
		return r;
	if (!ret->unit || !ret->slice)
		return err_set(e, ERR_SYSTEM, ENOMEM, "name the scope");
	if (!unit_name_valid(ret->unit))
		return refuse(ret->unit, "cannot be the name of a systemd unit", e);
	ret->slice_path = systemd_slice_path(ret->slice, a);
	if (!ret->slice_path)
		return refuse(ret->slice, "cannot be the name of a systemd slice", e);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Properties of a scope, from the files of a plan and from annotations. Going by the files, not by
 * config.json, covers linux.resources and its "unified" alike. Pure.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/internal.h"
#include "cgroups/systemd.h"
#include "util/num.h"

#define ANNOTATION "org.systemd.property."

enum {
	QUOTA_STEP_USEC = 10000, /* systemd counts quotas in hundredths of a CPU */
	USEC_PER_SEC = 1000000,
	PERIOD_MIN_USEC = 1000,
	PERIOD_MAX_USEC = 1000000,
	NAME_MIN = 3,
	CPUS_SIZE = 1024,
	LIST_STEP = 16
};

int systemd_property_add(struct systemd_properties *list, struct arena *a, const char *name,
			 struct gvalue value)
{
	struct systemd_property *items = list->items;

	if (!name)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(items[i].name, name) == 0) {
			items[i].value = value;
			return 0;
		}
	}
	if (list->count % LIST_STEP == 0) {
		items = arena_array(a, list->count + LIST_STEP, sizeof(*items));
		if (!items)
			return -ENOMEM;
		if (list->count)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
	}
	items[list->count++] = (struct systemd_property){ name, value };
	return 0;
}

/* ---- limits ---- */

struct limit {
	const char *file, *property;
	int (*convert)(const struct limit *l, const char *text, struct arena *a,
		       struct systemd_properties *ret);
};

/* A number or "max". Zero tasks are no valid limit there. */
static int convert_number(const struct limit *l, const char *text, struct arena *a,
			  struct systemd_properties *ret)
{
	char *end;
	uint64_t n = UINT64_MAX;

	if (strcmp(text, "max") != 0) {
		n = strtoull(text, &end, 10);
		if (end == text || *end)
			return 0; /* of "unified": the kernel decides what it means */
	}
	return systemd_property_add(ret, a, l->property, gvalue_u64(n));
}

/* "default 500" or "500" */
static int convert_weight(const struct limit *l, const char *text, struct arena *a,
			  struct systemd_properties *ret)
{
	size_t skip = strncmp(text, "default ", 8) == 0 ? 8 : 0;

	return convert_number(l, text + skip, a, ret);
}

/* "QUOTA PERIOD"; rounded up, because the exact value comes afterwards and less would stall. */
static int convert_cpu_max(const struct limit *l, const char *text, struct arena *a,
			   struct systemd_properties *ret)
{
	uint64_t quota = UINT64_MAX, period = 100000, per_sec = UINT64_MAX;
	char first[32];
	int n = sscanf(text, "%31s %" SCNu64, first, &period), r;

	if (n < 1 || period < PERIOD_MIN_USEC || period > PERIOD_MAX_USEC)
		return 0;
	if (strcmp(first, "max") != 0) {
		quota = strtoull(first, NULL, 10);
		if (quota == 0 || quota > UINT64_MAX / USEC_PER_SEC)
			return 0;
		per_sec = quota * USEC_PER_SEC / period;
		per_sec = (per_sec + QUOTA_STEP_USEC - 1) / QUOTA_STEP_USEC * QUOTA_STEP_USEC;
	}
	r = systemd_property_add(ret, a, l->property, gvalue_u64(per_sec));
	if (r == 0 && n == 2)
		r = systemd_property_add(ret, a, "CPUQuotaPeriodUSec", gvalue_u64(period));
	return r;
}

/* A list of CPUs or memory nodes as the bytes of a bit mask. */
static int convert_set(const struct limit *l, const char *text, struct arena *a,
		       struct systemd_properties *ret)
{
	unsigned char mask[CPUS_SIZE];
	size_t len = sizeof(mask);
	struct gvalue *items;

	if (num_parse_cpus(text, mask, sizeof(mask)) < 0)
		return 0;
	while (len && !mask[len - 1])
		len--;
	items = arena_array(a, len + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		items[i] = (struct gvalue){ .type = "y", .natural = mask[i] };
	return systemd_property_add(ret, a, l->property,
				    (struct gvalue){ .type = "ay", .items = items, .count = len });
}

static const struct limit limits[] = {
	{ "memory.max", "MemoryMax", convert_number },
	{ "memory.high", "MemoryHigh", convert_number },
	{ "memory.low", "MemoryLow", convert_number },
	{ "memory.min", "MemoryMin", convert_number },
	{ "memory.swap.max", "MemorySwapMax", convert_number },
	{ "pids.max", "TasksMax", convert_number },
	{ "cpu.weight", "CPUWeight", convert_number },
	{ "cpu.max", "CPUQuotaPerSecUSec", convert_cpu_max },
	{ "cpuset.cpus", "AllowedCPUs", convert_set },
	{ "cpuset.mems", "AllowedMemoryNodes", convert_set },
	{ "io.weight", "IOWeight", convert_weight },
	{ "io.bfq.weight", "IOWeight", convert_weight },
};

int systemd_limits(const struct cgroup_plan *plan, struct arena *a, struct systemd_properties *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->files.count; i++)
		for (size_t k = 0; r == 0 && k < sizeof(limits) / sizeof(limits[0]); k++)
			if (strcmp(plan->files.items[i].name, limits[k].file) == 0)
				r = limits[k].convert(&limits[k], plan->files.items[i].value, a,
						      ret);
	return r;
}

/* ---- annotations ---- */

static int bad_annotation(const char *key, const char *what, struct err *e)
{
	err_set(e, ERR_CONFIG, 0, "'%.200s': %s", key, what);
	err_origin(e, "config.json /annotations/%s", key);
	err_hint(e, "the name of a property, letters only, and a value such as 'text', true, 5, "
		    "uint64 5, ['a'] or @as []");
	return -EINVAL;
}

/* systemd's own files say TimeoutStopSec=, its bus TimeoutStopUSec: both are understood. */
static int to_microseconds(const char **name, struct gvalue *v, struct arena *a, const char **why)
{
	size_t len = strlen(*name);
	double seconds;

	if (len < 4 || strcmp(*name + len - 3, "Sec") != 0 || (*name)[len - 4] == 'U')
		return 0;
	if (*v->type == 'd')
		seconds = v->real;
	else if (strchr("nix", *v->type))
		seconds = (double)v->number;
	else if (strchr("yqut", *v->type))
		seconds = (double)v->natural;
	else
		seconds = -1;
	if (!(seconds >= 0 && seconds < (double)UINT64_MAX / USEC_PER_SEC)) {
		*why = "a number of seconds is wanted";
		return -EINVAL;
	}
	*v = gvalue_u64(*v->type == 'd' ? (uint64_t)(seconds * USEC_PER_SEC)
					: v->natural * USEC_PER_SEC);
	*name = arena_printf(a, "%.*sUSec", (int)len - 3, *name);
	return *name ? 0 : -ENOMEM;
}

static int add_annotation(const char *key, const char *text, struct arena *a,
			  struct systemd_properties *ret, struct err *e)
{
	const char *name = key + strlen(ANNOTATION), *why = NULL;
	struct gvalue v;
	size_t len = 0;
	int r;

	while (isascii((unsigned char)name[len]) && isalpha((unsigned char)name[len]))
		len++;
	if (len < NAME_MIN || name[len])
		return bad_annotation(key, "this is not the name of a property", e);
	r = gvalue_parse(text, a, &v, &why);
	if (r == 0)
		r = to_microseconds(&name, &v, a, &why);
	if (r == -EINVAL)
		return bad_annotation(key, why, e);
	if (r == 0)
		r = systemd_property_add(ret, a, name, v);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "read the annotations") : 0;
}

int systemd_emit_annotations(const struct oci_spec *spec, struct arena *a,
			     struct systemd_properties *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->annotations.count; i++) {
		const char *key = spec->annotations.items[i].key;

		if (strncmp(key, ANNOTATION, strlen(ANNOTATION)) == 0)
			r = err_keep(e, add_annotation(key, spec->annotations.items[i].value, a,
						       ret, e));
	}
	return r;
}

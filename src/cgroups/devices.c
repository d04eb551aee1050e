// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * linux.resources.devices as rules: read, completed by those that every container has, and without
 * those that cannot matter. devices_program.c makes instructions of them.
 */
#include <errno.h>
#include <string.h>

#include "cgroups/internal.h"

enum {
	/* The verifier gives up when 8192 branches wait for it; a rule leaves up to 4 of them. */
	RULES_MAX = 1024
};

#define ANY CGROUP_DEVICE_ANY

/* Present in every container (runtime-spec "Default Devices"), and harmless: always allowed. */
static const struct cgroup_device_rule default_rules[] = {
	{ true, 'c', ANY, ANY, CGROUP_DEVICE_MKNOD, NULL }, /* making a node opens nothing */
	{ true, 'b', ANY, ANY, CGROUP_DEVICE_MKNOD, NULL },
	{ true, 'c', 10, 200, CGROUP_DEVICE_ALL, NULL },  /* net/tun */
	{ true, 'c', 5, 1, CGROUP_DEVICE_ALL, NULL },	  /* console */
	{ true, 'c', 5, 2, CGROUP_DEVICE_ALL, NULL },	  /* ptmx */
	{ true, 'c', 5, 0, CGROUP_DEVICE_ALL, NULL },	  /* tty */
	{ true, 'c', 1, 8, CGROUP_DEVICE_ALL, NULL },	  /* random */
	{ true, 'c', 1, 7, CGROUP_DEVICE_ALL, NULL },	  /* full */
	{ true, 'c', 136, ANY, CGROUP_DEVICE_ALL, NULL }, /* pts */
	{ true, 'c', 1, 5, CGROUP_DEVICE_ALL, NULL },	  /* zero */
	{ true, 'c', 1, 9, CGROUP_DEVICE_ALL, NULL },	  /* urandom */
	{ true, 'c', 1, 3, CGROUP_DEVICE_ALL, NULL },	  /* null */
};

enum {
	DEFAULT_RULES = sizeof(default_rules) / sizeof(default_rules[0])
};

static int access_parse(const char *s, unsigned *ret)
{
	unsigned bits = 0;

	if (!s) {
		*ret = CGROUP_DEVICE_ALL;
		return 0;
	}
	for (; *s; s++) {
		switch (*s) {
		case 'r': bits |= CGROUP_DEVICE_READ; break;
		case 'w': bits |= CGROUP_DEVICE_WRITE; break;
		case 'm': bits |= CGROUP_DEVICE_MKNOD; break;
		default: return -EINVAL;
		}
	}
	*ret = bits;
	return bits ? 0 : -EINVAL;
}

static int number_parse(struct opt_i64 n, int64_t *ret)
{
	*ret = n.set && n.value >= 0 ? n.value : ANY;
	return *ret > (int64_t)UINT32_MAX ? -EINVAL : 0;
}

static int rule_parse(struct cgroup_builder *b, size_t i, struct cgroup_device_rule *ret)
{
	const struct oci_device_rule *in = &b->r->devices.items[i];
	const char *bad = NULL;
	int r;

	ret->allow = in->allow;
	ret->type = in->type ? in->type : 'a';
	ret->origin = arena_printf(b->a, CGROUP_RESOURCES "devices/%zu", i);
	if (!ret->origin)
		return err_set(b->e, ERR_SYSTEM, ENOMEM, "prepare the device rules");
	if (!strchr("abc", ret->type))
		bad = "type must be a, b or c";
	else if (number_parse(in->major, &ret->major) < 0 ||
		 number_parse(in->minor, &ret->minor) < 0)
		bad = "device number too large";
	else if (access_parse(in->access, &ret->access) < 0)
		bad = "access must be made of r, w and m";
	if (!bad)
		return 0;
	r = err_set(b->e, ERR_CONFIG, 0, "bad device rule: %s", bad);
	return cgroup_builder_fail(b, r, ret->origin);
}

static bool covers_all(const struct cgroup_device_rule *rule)
{
	return rule->type == 'a' && rule->major == ANY && rule->minor == ANY &&
	       rule->access == CGROUP_DEVICE_ALL;
}

/*
 * Drop what cannot matter: everything before the last rule that covers all, and that rule too when
 * it denies, which is the default. Returns true when no rule that is left denies anything.
 */
static bool rules_trim(struct cgroup_device_rule **rules, size_t *count)
{
	size_t first = *count;
	bool open = false, denies = false;

	while (first > 0 && !open) {
		const struct cgroup_device_rule *rule = &(*rules)[first - 1];

		if (covers_all(rule) && !rule->allow)
			break;
		open = covers_all(rule);
		denies |= !rule->allow;
		first--;
	}
	*rules += first;
	*count -= first;
	return open && !denies;
}

int cgroup_emit_devices(struct cgroup_builder *b)
{
	size_t given = b->r->devices.count, count = given + DEFAULT_RULES;
	struct cgroup_device_rule *rules;
	bool open;
	int r = 0;

	if (given == 0)
		return 0;
	if (given > RULES_MAX) {
		r = err_set(b->e, ERR_CONFIG, E2BIG, "more than %d device rules", RULES_MAX);
		return cgroup_builder_fail(b, r, CGROUP_RESOURCES "devices");
	}
	rules = arena_array(b->a, count, sizeof(*rules));
	if (!rules)
		return err_set(b->e, ERR_SYSTEM, ENOMEM, "prepare the device rules");
	for (size_t i = 0; r == 0 && i < given; i++)
		r = rule_parse(b, i, &rules[i]);
	if (r < 0)
		return r;
	memcpy(rules + given, default_rules, sizeof(default_rules));
	open = rules_trim(&rules, &count);
	b->plan->devices.rules = rules;
	b->plan->devices.rule_count = count;
	return open ? 0 : cgroup_devices_program(b);
}

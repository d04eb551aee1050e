// SPDX-License-Identifier: GPL-2.0-or-later
/* What a profile surely lets through: read off it, without libseccomp. */
#include "security/security.h"

#include <seccomp.h>
#include <string.h>

static bool names_call(const struct oci_seccomp_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->names.count; i++)
		if (strcmp(rule->names.items[i], name) == 0)
			return true;
	return false;
}

static bool lets_through(uint32_t action)
{
	return action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG;
}

bool security_filter_permits(const struct oci_seccomp *s, const char *name)
{
	bool permitted = lets_through(s->default_action);

	for (size_t i = 0; i < s->syscalls.count; i++) {
		const struct oci_seccomp_rule *rule = &s->syscalls.items[i];

		if (!names_call(rule, name))
			continue;
		if (!lets_through(rule->action))
			return false;
		permitted = permitted || !rule->args.count;
	}
	return permitted;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of linux.seccomp. */
#include "oci/validate.h"

#include <stdio.h>

#include <seccomp.h>

#include "oci/annotations.h"
#include "oci/names.h"

enum {
	ARGS_MAX = 6,		 /* of a system call */
	ERRNO_MAX = 4094,	 /* less than the kernel's MAX_ERRNO: libseccomp refuses that one */
	TRACE_DATA_MAX = 0xffff, /* SECCOMP_RET_DATA */
};

static const struct oci_seccomp *seccomp(const struct check *c)
{
	return &c->spec->linux_.seccomp;
}

static void errno_ret(struct check *c, const char *at, uint32_t action, const struct opt_u64 *v)
{
	bool is_errno = action == SCMP_ACT_ERRNO(0), is_trace = action == SCMP_ACT_TRACE(0);
	unsigned max = is_trace ? TRACE_DATA_MAX : ERRNO_MAX;

	if (!v->set)
		return;
	if (!is_errno && !is_trace)
		check_refuse(c, at, "has no meaning with '%s'",
			     oci_names_of(&oci_seccomp_action_names, action));
	if (v->value > max)
		check_refuse(c, at, "%llu is greater than %u", (unsigned long long)v->value, max);
}

static void defaults(struct check *c)
{
	if (seccomp(c)->default_action == SCMP_ACT_NOTIFY)
		check_refuse(c, "/linux/seccomp/defaultAction",
			     "'SCMP_ACT_NOTIFY' cannot be the default");
	errno_ret(c, "/linux/seccomp/defaultErrnoRet", seccomp(c)->default_action,
		  &seccomp(c)->default_errno_ret);
}

static void listener(struct check *c)
{
	if (seccomp(c)->listener_metadata && !oci_seccomp_listener(c->spec, NULL))
		check_refuse(c, "/linux/seccomp/listenerMetadata",
			     "needs the member 'listenerPath'");
}

static void names(struct check *c, size_t i, const struct oci_seccomp_rule *syscalls)
{
	if (!syscalls->names.count)
		check_refuse(c, check_at(c, "/linux/seccomp/syscalls/%zu/names", i),
			     "needs at least one name");
	for (size_t k = 0; k < syscalls->names.count; k++)
		if (!syscalls->names.items[k][0])
			check_refuse(c, check_at(c, "/linux/seccomp/syscalls/%zu/names/%zu", i, k),
				     "must not be empty");
}

static void rule(struct check *c, size_t i, const struct oci_seccomp_rule *syscalls)
{
	char at[64];

	names(c, i, syscalls);
	if (syscalls->action == SCMP_ACT_NOTIFY && !oci_seccomp_listener(c->spec, NULL))
		check_refuse(c, check_at(c, "/linux/seccomp/syscalls/%zu/action", i),
			     "'SCMP_ACT_NOTIFY' needs linux.seccomp.listenerPath");
	for (size_t k = 0; k < syscalls->args.count; k++)
		if (syscalls->args.items[k].index >= ARGS_MAX)
			check_refuse(
				c, check_at(c, "/linux/seccomp/syscalls/%zu/args/%zu/index", i, k),
				"%u is greater than %d", syscalls->args.items[k].index,
				ARGS_MAX - 1);
	if (!syscalls->errno_ret.set)
		return;
	(void)snprintf(at, sizeof(at), "/linux/seccomp/syscalls/%zu/errnoRet", i);
	errno_ret(c, at, syscalls->action, &syscalls->errno_ret);
}

static void rules(struct check *c)
{
	for (size_t i = 0; i < seccomp(c)->syscalls.count; i++)
		rule(c, i, &seccomp(c)->syscalls.items[i]);
}

void check_seccomp(struct check *c)
{
	static check_fn *const groups[] = { defaults, listener, rules };

	if (!seccomp(c)->set)
		return;
	check_groups(c, groups, sizeof(groups) / sizeof(groups[0]));
}

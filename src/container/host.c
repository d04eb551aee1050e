// SPDX-License-Identifier: GPL-2.0-or-later
/* The order of the checks, and how they tell what they found; see host.h. */
#include "container/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "security/security.h"
#include "util/cleanup.h"
#include "util/kernel.h"

int host_op_fails(struct host_check *h, size_t op, enum plan_stage stage, int errnum,
		  const char *text)
{
	struct plan_message m = { .op = (uint32_t)op, .stage = stage, .errnum = errnum };

	(void)snprintf(m.text, sizeof(m.text), "%s", text);
	return err_keep(h->e, plan_error(h->plan, &m, h->e));
}

int host_lacks(struct host_check *h, const char *at, int errnum, const char *hint, const char *fmt,
	       ...)
{
	char what[512];
	va_list ap;
	int r;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap); /* a cut text is still a text */
	va_end(ap);
	r = err_set(h->e, ERR_SYSTEM, errnum, "%s", what);
	err_origin(h->e, "config.json%s%s", *at ? " " : "", at);
	if (hint)
		err_hint(h->e, "%s", hint);
	return err_keep(h->e, r);
}

int host_doubts(struct host_check *h, const char *at, const char *hint, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap); /* a cut text is still a text */
	va_end(ap);
	return problems_addf(h->e->problems, PROBLEM_WARNING, at, hint, "%s", what);
}

static int host_cgroup(struct host_check *h)
{
	if (!h->cgroup_plan || h->cgroup_root < 0)
		return 0;
	return cgroup_probe(h->cgroup_root, h->cgroup_plan, h->e);
}

static int host_resctrl(struct host_check *h)
{
	cleanup_fd int root = -EBADF;
	int r;

	if (!h->resctrl->place.group)
		return 0;
	r = resctrl_root_open(&root, h->e);
	if (r == 0)
		r = resctrl_probe(root, h->resctrl, h->e);
	return r < 0 ? err_keep(h->e, r) : 0;
}

static int host_seccomp(struct host_check *h)
{
	return security_filter_probe(&h->spec->linux_.seccomp, h->e);
}

int host_check_all(struct host_check *h)
{
	static host_fn *const checks[] = {
		host_namespaces,  host_id_maps,	     host_cgroup,	host_resctrl,
		host_sources,	  host_mount_points, host_filesystems,	host_devices,
		host_sysctls,	  host_limits,	     host_seccomp,	host_listener,
		host_net_devices, host_hooks,	     host_hook_outputs, host_program,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++)
		r = checks[i](h);
	return r;
}

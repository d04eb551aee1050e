// SPDX-License-Identifier: GPL-2.0-or-later
/* Ids and capabilities as operations. The order is that of security.md R16. */
#include "security/security.h"

#include <errno.h>
#include <string.h>

#include "oci/names.h"

static uint64_t grant(const char *set, uint64_t want, uint64_t limit, struct plan *p)
{
	for (int cap = 0; cap < 64; cap++) {
		const char *name = oci_names_of(&oci_capability_names, (uint64_t)cap);

		if (want >> cap & 1 && !(limit >> cap & 1))
			plan_warn(p, plan_origin(p, "/process/capabilities/%s", set),
				  "%s cannot be granted", name ? name : "an unknown capability");
	}
	return want & limit;
}

void security_caps_resolve(const struct oci_process *process, uint64_t grantable, struct plan *p,
			   struct security_caps *ret)
{
	const struct oci_capabilities *c = &process->capabilities;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < c->unknown.count; i++)
		plan_warn(p, "/process/capabilities", "unknown capability '%s' is ignored",
			  c->unknown.items[i]);
	ret->bounding = grant("bounding", c->bounding, grantable, p);
	ret->permitted = grant("permitted", c->permitted, grantable, p);
	ret->effective = grant("effective", c->effective, ret->permitted, p);
	ret->inheritable = grant("inheritable", c->inheritable,
				 grantable & (ret->bounding | ret->permitted), p);
	ret->ambient = grant("ambient", c->ambient, ret->permitted & ret->inheritable, p);
}

void security_emit_ids(const struct oci_process *process, const struct security_caps *caps,
		       bool keep_groups, struct plan *p)
{
	const struct oci_user *u = &process->user;
	uint64_t groups = keep_groups ? 0
				      : plan_blob(p, u->additional_gids.items,
						  u->additional_gids.count * sizeof(uint32_t));

	PLAN_ADD(p, NULL, section, .title = plan_str(p, "Identity and privileges"));
	PLAN_ADD(p, "/process/user", stdio_owner, .uid = u->uid, .gid = u->gid);
	PLAN_ADD(p, "/process/user/umask", umask, .mask = u->umask.set ? u->umask.value : 0022);
	PLAN_ADD(p, "/process/capabilities/bounding", bounding, .caps = caps->bounding);
	if (keep_groups && u->additional_gids.count)
		plan_warn(p, "/process/user/additionalGids",
			  "ignored: the caller's groups are kept");
	if (keep_groups)
		PLAN_ADD(p, "/process/user", ids_alone, .uid = u->uid, .gid = u->gid);
	else
		PLAN_ADD(p, "/process/user", ids, .uid = u->uid, .gid = u->gid, .groups = groups);
	PLAN_ADD(p, "/process/user", verify_ids, .uid = u->uid, .gid = u->gid);
	if (!keep_groups)
		PLAN_ADD(p, "/process/user/additionalGids", verify_groups, .groups = groups);
	PLAN_ADD(p, "/process/capabilities/bounding", verify_bounding, .caps = caps->bounding,
		 .proc = p->own_proc);
}

static void emit_set(const struct security_caps *c, bool verify, struct plan *p)
{
	PLAN_ADD(p, "/process/capabilities", caps, .effective = c->effective,
		 .permitted = c->permitted, .inheritable = c->inheritable, .ambient = c->ambient);
	if (verify)
		PLAN_ADD(p, "/process/capabilities", verify_caps, .effective = c->effective,
			 .permitted = c->permitted, .inheritable = c->inheritable,
			 .ambient = c->ambient);
}

void security_emit_caps(const struct oci_process *process, const struct security_caps *caps,
			bool filtered, struct plan *p)
{
	/* loading a filter without no_new_privs needs CAP_SYS_ADMIN: then they go after it */
	if (filtered && !process->no_new_privileges)
		return;
	emit_set(caps, true, p);
	if (process->no_new_privileges)
		PLAN_ADD(p, "/process/noNewPrivileges", no_new_privs, );
}

void security_emit_filter(const struct oci_process *process, const struct security_caps *caps,
			  const struct oci_seccomp *profile, const struct seccomp_filter *filter,
			  struct plan *p)
{
	if (!filter->data)
		return;
	PLAN_ADD(p, "/linux/seccomp", seccomp, .filter = plan_blob(p, filter->data, filter->size),
		 .flags = filter->flags, .instructions = filter->size / 8);
	/* a filter that forbids to ask the kernel back may kill who does */
	if (!process->no_new_privileges)
		emit_set(caps,
			 security_filter_permits(profile, "capget") &&
				 security_filter_permits(profile, "prctl"),
			 p);
}

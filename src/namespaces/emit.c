// SPDX-License-Identifier: GPL-2.0-or-later
/* See namespaces.h. */
#include "namespaces/namespaces.h"

#include <errno.h>
#include <sched.h>

#include "oci/names.h"
#include "util/kernel.h"

static const uint64_t flags[OCI_NS_COUNT] = {
	[OCI_NS_MOUNT] = CLONE_NEWNS,	 [OCI_NS_CGROUP] = CLONE_NEWCGROUP,
	[OCI_NS_UTS] = CLONE_NEWUTS,	 [OCI_NS_IPC] = CLONE_NEWIPC,
	[OCI_NS_USER] = CLONE_NEWUSER,	 [OCI_NS_PID] = CLONE_NEWPID,
	[OCI_NS_NETWORK] = CLONE_NEWNET, [OCI_NS_TIME] = CLONE_NEWTIME,
};

uint64_t namespaces_flag(enum oci_namespace_type type)
{
	return flags[type];
}

/* What this version cannot honour is refused, not skipped. */
static int check(const struct oci_spec *spec, struct plan *p, struct err *e)
{
	for (size_t i = 0; i < spec->linux_.namespaces.count; i++) {
		const struct oci_namespace *n = &spec->linux_.namespaces.items[i];
		bool joined = n->path && (n->type == OCI_NS_USER || n->type == OCI_NS_MOUNT);

		if (!joined && n->type != OCI_NS_TIME)
			continue;
		err_set(e, ERR_UNSUPPORTED, 0,
			"%s the %s namespace is not supported by this version of ctr",
			n->path ? "joining" : "creating",
			oci_names_of(&oci_namespace_names, n->type));
		err_origin(e, "config.json %s", plan_origin(p, "/linux/namespaces/%zu", i));
		if (err_keep(e, -EINVAL) < 0)
			return -EINVAL;
	}
	if (oci_spec_namespace(spec, OCI_NS_MOUNT))
		return 0;
	err_set(e, ERR_UNSUPPORTED, 0, "a container needs a mount namespace");
	err_origin(e, "config.json /linux/namespaces");
	err_hint(e, "add { \"type\": \"mount\" }");
	return err_keep(e, -EINVAL);
}

static uint64_t collect_new(const struct oci_spec *spec)
{
	uint64_t all = 0;

	for (size_t i = 0; i < spec->linux_.namespaces.count; i++)
		if (!spec->linux_.namespaces.items[i].path)
			all |= flags[spec->linux_.namespaces.items[i].type];
	return all;
}

/* Joining happens with the host's privileges, so before a user namespace is created. */
static bool emit_joins(const struct oci_spec *spec, struct plan *p)
{
	bool any = false;

	for (size_t i = 0; i < spec->linux_.namespaces.count; i++) {
		const struct oci_namespace *n = &spec->linux_.namespaces.items[i];
		struct plan_source src = {
			.kind = PLAN_SOURCE_NS,
			.path = n->path,
			.label = n->path,
			.origin = plan_origin(p, "/linux/namespaces/%zu/path", i),
			.ns_type = flags[n->type],
			.fd = -EBADF,
		};

		if (!n->path)
			continue;
		PLAN_ADD(p, src.origin, setns, .ns = plan_source(p, &src), .type = flags[n->type]);
		any = true;
	}
	return any;
}

uint32_t namespaces_base_id(const oci_id_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		if (maps->items[i].container_id == 0)
			return 0;
	return maps->count ? maps->items[0].container_id : 0;
}

/* A user namespace that init creates itself, because namespaces had to be joined before. */
static void emit_late_user(struct plan *p, uint64_t *new)
{
	if (!(*new &CLONE_NEWUSER))
		return;
	PLAN_ADD(p, "/linux/uidMappings", unshare, .flags = CLONE_NEWUSER);
	PLAN_ADD(p, "/linux/uidMappings", sync, .what = PLAN_SYNC_IDS);
	PLAN_ADD(p, "/linux/uidMappings", become, .uid = p->base_uid, .gid = p->base_gid);
	*new &= ~(uint64_t)CLONE_NEWUSER;
}

int namespaces_emit(const struct oci_spec *spec, struct plan *p, struct err *e)
{
	const struct oci_namespace *pid = oci_spec_namespace(spec, OCI_NS_PID);
	uint64_t new = collect_new(spec);
	int r = check(spec, p, e);

	if (r < 0)
		return r;
	p->uid_maps = spec->linux_.uid_mappings;
	p->gid_maps = spec->linux_.gid_mappings;
	p->base_uid = namespaces_base_id(&p->uid_maps);
	p->base_gid = namespaces_base_id(&p->gid_maps);
	PLAN_ADD(p, NULL, section, .title = plan_str(p, "Namespaces"));
	if (emit_joins(spec, p)) {
		emit_late_user(p, &new);
		PLAN_ADD(p, "/linux/namespaces", unshare, .flags = new);
		if (pid)
			PLAN_ADD(p, "/linux/namespaces", fork, );
		return 0;
	}
	/* a cgroup namespace is rooted where its creator is: only init is in the right cgroup */
	p->clone_flags = new & ~(uint64_t)CLONE_NEWCGROUP;
	if (new &CLONE_NEWCGROUP)
		PLAN_ADD(p, "/linux/namespaces", unshare, .flags = CLONE_NEWCGROUP);
	return 0;
}

void namespaces_emit_names(const struct oci_spec *spec, struct plan *p)
{
	if (spec->hostname)
		PLAN_ADD(p, "/hostname", hostname, .name = plan_str(p, spec->hostname));
	if (spec->domainname)
		PLAN_ADD(p, "/domainname", domainname, .name = plan_str(p, spec->domainname));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See namespaces.h. */
#include "namespaces/namespaces.h"

#include <errno.h>
#include <sched.h>

#include "oci/annotations.h"
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

static int check(const struct oci_spec *spec, struct err *e)
{
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

/* One that is joined: a register for it, and its place in the list. */
struct joined {
	uint64_t ns, type;
	const char *origin;
};

static size_t collect_joined(const struct oci_spec *spec, struct plan *p, struct joined *list)
{
	size_t count = 0;

	for (size_t i = 0; i < spec->linux_.namespaces.count && count < OCI_NS_COUNT; i++) {
		const struct oci_namespace *n = &spec->linux_.namespaces.items[i];
		struct plan_source src = {
			.kind = PLAN_SOURCE_NS,
			.path = n->path,
			.label = n->path,
			.origin = n->from_option ? NULL
						 : plan_origin(p, "/linux/namespaces/%zu/path", i),
			.ns_type = flags[n->type],
			.fd = -EBADF,
		};

		if (n->path)
			list[count++] =
				(struct joined){ plan_source(p, &src), src.ns_type, src.origin };
	}
	return count;
}

static const struct joined *find_user(const struct joined *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].type == CLONE_NEWUSER)
			return &list[i];
	return NULL;
}

/*
 * A joined user namespace gives privileges over what it owns and takes all others away, and nobody
 * knows here who owns the other namespaces: they are tried before it, the rest follows after it.
 */
static void emit_joins_around(const struct joined *list, size_t count, const struct joined *user,
			      bool keep_groups, struct plan *p)
{
	for (size_t i = 0; i < count; i++)
		if (&list[i] != user)
			PLAN_ADD(p, list[i].origin, setns_try, .ns = list[i].ns,
				 .type = list[i].type);
	if (!keep_groups)
		PLAN_ADD(p, user->origin, groups_none, );
	PLAN_ADD(p, user->origin, setns, .ns = user->ns, .type = CLONE_NEWUSER);
	PLAN_ADD(p, user->origin, become, .uid = p->base_uid, .gid = p->base_gid);
	for (size_t i = 0; i < count; i++)
		if (&list[i] != user)
			PLAN_ADD(p, list[i].origin, setns_rest, .ns = list[i].ns,
				 .type = list[i].type);
}

/* Joining happens with the host's privileges, so before a user namespace is created. */
static void emit_joins(const struct oci_spec *spec, const struct joined *list, size_t count,
		       struct plan *p)
{
	const struct joined *user = find_user(list, count);

	if (user) {
		emit_joins_around(list, count, user,
				  oci_annotation_flag(spec, OCI_ANNOTATION_KEEP_GROUPS), p);
		return;
	}
	for (size_t i = 0; i < count; i++)
		PLAN_ADD(p, list[i].origin, setns, .ns = list[i].ns, .type = list[i].type);
}

uint32_t namespaces_base_id(const oci_id_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		if (maps->items[i].container_id == 0)
			return 0;
	return maps->count ? maps->items[0].container_id : 0;
}

/* A user namespace that init creates itself, because namespaces had to be joined before. */
static void emit_late_user(struct plan *p, bool keep_groups, uint64_t *new)
{
	if (!(*new &CLONE_NEWUSER))
		return;
	if (!keep_groups)
		PLAN_ADD(p, "/linux/uidMappings", groups_none, );
	PLAN_ADD(p, "/linux/uidMappings", unshare, .flags = CLONE_NEWUSER);
	PLAN_ADD(p, "/linux/uidMappings", sync, .what = PLAN_SYNC_IDS);
	PLAN_ADD(p, "/linux/uidMappings", become, .uid = p->base_uid, .gid = p->base_gid);
	*new &= ~(uint64_t)CLONE_NEWUSER;
}

static void emit_clock(const char *name, const char *origin, const struct oci_time_offset *t,
		       struct plan *p)
{
	if (t->set)
		PLAN_ADD(p, origin, clock, .clock = plan_str(p, name), .secs = (uint64_t)t->secs,
			 .nanosecs = t->nanosecs);
}

bool namespaces_init_sets_clocks(const struct oci_spec *spec, const struct caller *caller)
{
	return !caller_is_host_root(caller) && oci_spec_new_namespace(spec, OCI_NS_MOUNT);
}

static void emit_clocks(const struct oci_spec *spec, const struct caller *caller, struct plan *p)
{
	const struct oci_linux *l = &spec->linux_;

	if (!l->boottime.set && !l->monotonic.set)
		return;
	if (!namespaces_init_sets_clocks(spec, caller)) {
		PLAN_ADD(p, "/linux/timeOffsets", sync, .what = PLAN_SYNC_TIME);
		return;
	}
	emit_clock("boottime", "/linux/timeOffsets/boottime", &l->boottime, p);
	emit_clock("monotonic", "/linux/timeOffsets/monotonic", &l->monotonic, p);
}

/*
 * Step by step, by init: what clone3 cannot do because something has to come first. A time namespace
 * is entered by the next child, and until then its clocks can be set.
 */
static void emit_steps(const struct oci_spec *spec, const struct caller *caller,
		       const struct joined *list, size_t count, uint64_t new, struct plan *p)
{
	emit_joins(spec, list, count, p);
	if (count) {
		emit_late_user(p, oci_annotation_flag(spec, OCI_ANNOTATION_KEEP_GROUPS), &new);
	} else {
		p->clone_flags = new &CLONE_NEWUSER;
		new &= ~(uint64_t)CLONE_NEWUSER;
	}
	if (new)
		PLAN_ADD(p, "/linux/namespaces", unshare, .flags = new);
	emit_clocks(spec, caller, p);
	if (oci_spec_namespace(spec, OCI_NS_PID) || new &CLONE_NEWTIME)
		PLAN_ADD(p, "/linux/namespaces", fork, );
}

int namespaces_emit(const struct oci_spec *spec, const struct caller *caller, struct plan *p,
		    struct err *e)
{
	const struct oci_linux *l = &spec->linux_;
	struct joined list[OCI_NS_COUNT];
	uint64_t new = collect_new(spec);
	size_t count;
	int r = check(spec, e);

	if (r < 0)
		return r;
	p->base_uid = namespaces_base_id(&l->uid_mappings);
	p->base_gid = namespaces_base_id(&l->gid_mappings);
	if (new &CLONE_NEWUSER) {
		p->uid_maps = l->uid_mappings;
		p->gid_maps = l->gid_mappings;
	}
	PLAN_ADD(p, NULL, section, .title = plan_str(p, "Namespaces"));
	count = collect_joined(spec, p, list);
	if (count || l->boottime.set || l->monotonic.set) {
		emit_steps(spec, caller, list, count, new, p);
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

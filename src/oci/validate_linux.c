// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of the linux object but for resources and seccomp. */
#include "oci/validate.h"

#include <errno.h>
#include <limits.h>
#include <linux/mempolicy.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "oci/names.h"
#include "oci/sysctl.h"
#include "util/cleanup.h"
#include "util/problems.h"

enum {
	DEVICE_MAJOR_MAX = (1 << 12) - 1, /* the kernel's dev_t */
	DEVICE_MINOR_MAX = (1 << 20) - 1,
	NANOSECONDS = 1000000000,
	SYSCTL_VALUE_MAX = 4096, /* procfs takes one page */
};

/* Half of what fits into the kernel's ktime_t: time_namespaces(7). */
#define CLOCK_SECS_MAX (INT64_MAX / 1000000000 / 2)

static const struct oci_linux *linux_of(const struct check *c)
{
	return &c->spec->linux_;
}

static void namespaces(struct check *c)
{
	unsigned seen = 0;

	for (size_t i = 0; i < linux_of(c)->namespaces.count; i++) {
		const struct oci_namespace *ns = &linux_of(c)->namespaces.items[i];

		if (seen >> ns->type & 1)
			check_refuse(c, check_at(c, "/linux/namespaces/%zu/type", i),
				     "duplicate '%s' namespace",
				     oci_names_of(&oci_namespace_names, ns->type));
		seen |= 1u << ns->type;
		if (ns->path && ns->path[0] != '/')
			check_refuse(c, check_at(c, "/linux/namespaces/%zu/path", i),
				     "'%.100s' is not an absolute path", ns->path);
	}
}

/* Without one, the paths would be hidden from the host. */
static void mount_namespace(struct check *c)
{
	const struct {
		const char *at;
		size_t count;
	} lists[] = {
		{ "/linux/maskedPaths", linux_of(c)->masked_paths.count },
		{ "/linux/readonlyPaths", linux_of(c)->readonly_paths.count },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (lists[i].count && check_lacks_namespace(c, OCI_NS_MOUNT))
			check_refuse(c, lists[i].at, "needs an entry 'mount' in linux.namespaces");
}

static void user_maps(struct check *c)
{
	const oci_id_maps *uids = &linux_of(c)->uid_mappings, *gids = &linux_of(c)->gid_mappings;

	if (oci_spec_new_namespace(c->spec, OCI_NS_USER)) {
		if (!uids->count)
			check_refuse(c, "/linux/uidMappings",
				     "a new user namespace needs at least one entry");
		if (!gids->count)
			check_refuse(c, "/linux/gidMappings",
				     "a new user namespace needs at least one entry");
	} else if (check_lacks_namespace(c, OCI_NS_USER) && (uids->count || gids->count)) {
		check_refuse(c, uids->count ? "/linux/uidMappings" : "/linux/gidMappings",
			     "needs an entry 'user' in linux.namespaces");
	}
	check_id_maps(c, "/linux/uidMappings", uids);
	check_id_maps(c, "/linux/gidMappings", gids);
}

/* The process cannot become who does not exist in its user namespace. */
static void mapped(struct check *c, const char *at, uint32_t id, const oci_id_maps *maps,
		   const char *member)
{
	for (size_t i = 0; i < maps->count; i++)
		if (id >= maps->items[i].container_id &&
		    id - maps->items[i].container_id < maps->items[i].size)
			return;
	/* no entry at all, or one that could not be read, has been told */
	if (!maps->count || (c->e && problems_below(c->e->problems, member)))
		return;
	check_refuse(c, at, "%u is not mapped in linux.%s", id, member + sizeof("/linux"));
}

static void mapped_ids(struct check *c)
{
	const struct oci_user *u = &c->spec->process.user;
	const oci_id_maps *gids = &linux_of(c)->gid_mappings;

	if (!c->spec->process.set || !oci_spec_new_namespace(c->spec, OCI_NS_USER))
		return;
	mapped(c, "/process/user/uid", u->uid, &linux_of(c)->uid_mappings, "/linux/uidMappings");
	mapped(c, "/process/user/gid", u->gid, gids, "/linux/gidMappings");
	for (size_t i = 0; i < u->additional_gids.count; i++)
		mapped(c, check_at(c, "/process/user/additionalGids/%zu", i),
		       u->additional_gids.items[i], gids, "/linux/gidMappings");
}

static void time_offset(struct check *c, const char *at, const struct oci_time_offset *t)
{
	if (!t->set)
		return;
	if (check_lacks_namespace(c, OCI_NS_TIME) ||
	    (oci_spec_namespace(c->spec, OCI_NS_TIME) &&
	     !oci_spec_new_namespace(c->spec, OCI_NS_TIME)))
		check_refuse(c, at, "needs a new 'time' namespace in linux.namespaces");
	if (t->secs < -CLOCK_SECS_MAX || t->secs > CLOCK_SECS_MAX)
		check_refuse(c, check_at(c, "%s/secs", at), "%lld is outside -%lld to %lld",
			     (long long)t->secs, (long long)CLOCK_SECS_MAX,
			     (long long)CLOCK_SECS_MAX);
	if (t->nanosecs >= NANOSECONDS)
		check_refuse(c, check_at(c, "%s/nanosecs", at), "must be below %d", NANOSECONDS);
}

static void time_offsets(struct check *c)
{
	time_offset(c, "/linux/timeOffsets/boottime", &linux_of(c)->boottime);
	time_offset(c, "/linux/timeOffsets/monotonic", &linux_of(c)->monotonic);
}

/* The spec has no flags yet (config-linux.md, "Personality"). */
static void personality(struct check *c)
{
	const oci_strings *flags = &linux_of(c)->personality.flags;

	for (size_t i = 0; i < flags->count; i++)
		check_refuse(c, check_at(c, "/linux/personality/flags/%zu", i),
			     "unknown personality flag '%.100s' (none are known)", flags->items[i]);
}

static void device_number(struct check *c, size_t i, const char *member, const struct opt_i64 *n,
			  int64_t max)
{
	if (!n->set)
		check_refuse(c, check_at(c, "/linux/devices/%zu", i),
			     "required member '%s' is missing", member);
	else if (n->value < 0 || n->value > max)
		check_refuse(c, check_at(c, "/linux/devices/%zu/%s", i, member),
			     "%lld is outside 0 to %lld", (long long)n->value, (long long)max);
}

static void devices(struct check *c)
{
	for (size_t i = 0; i < linux_of(c)->devices.count; i++) {
		const struct oci_device *d = &linux_of(c)->devices.items[i];

		if (d->path[0] != '/')
			check_refuse(c, check_at(c, "/linux/devices/%zu/path", i),
				     "'%.100s' is not an absolute path", d->path);
		if (d->uid.set && d->uid.value == UINT32_MAX)
			check_refuse(c, check_at(c, "/linux/devices/%zu/uid", i),
				     "%u is not a valid id", UINT32_MAX);
		if (d->gid.set && d->gid.value == UINT32_MAX)
			check_refuse(c, check_at(c, "/linux/devices/%zu/gid", i),
				     "%u is not a valid id", UINT32_MAX);
		if (d->type == 'p') /* a fifo has no numbers */
			continue;
		device_number(c, i, "major", &d->major, DEVICE_MAJOR_MAX);
		device_number(c, i, "minor", &d->minor, DEVICE_MINOR_MAX);
	}
}

/* What the kernel takes as a name (dev_valid_name), and templates only as "%d", once. */
static bool is_net_name(const char *name)
{
	const char *percent = strchr(name, '%');

	if (!*name || strlen(name) >= IFNAMSIZ || name[strcspn(name, "/: \t\n\v\f\r")])
		return false;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	return !percent || (percent[1] == 'd' && !strchr(percent + 1, '%'));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two devices cannot have one name inside; templates get numbers from the kernel. */
static void net_names_unique(struct check *c)
{
	size_t n = linux_of(c)->net_devices.count, used = 0;
	cleanup_free const char **names = calloc(n ? n : 1, sizeof(*names));

	if (!names) {
		c->r = err_set(c->e, ERR_SYSTEM, ENOMEM, "check netDevices");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct oci_net_device *d = &linux_of(c)->net_devices.items[i];
		const char *name = d->name ? d->name : d->host_name;

		if (!strchr(name, '%'))
			names[used++] = name;
	}
	qsort(names, used, sizeof(*names), by_name);
	for (size_t i = 1; i < used; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			check_refuse(c, "/linux/netDevices", "two devices get the name '%.20s'",
				     names[i]);
}

static void net_devices(struct check *c)
{
	if (!linux_of(c)->net_devices.count)
		return;
	if (check_lacks_namespace(c, OCI_NS_NETWORK))
		check_refuse(c, "/linux/netDevices",
			     "needs an entry 'network' in linux.namespaces");
	for (size_t i = 0; i < linux_of(c)->net_devices.count; i++) {
		const struct oci_net_device *d = &linux_of(c)->net_devices.items[i];

		if (!is_net_name(d->host_name) || strchr(d->host_name, '%'))
			check_refuse(c, check_at_key(c, "/linux/netDevices", d->host_name),
				     "'%.100s' cannot be the name of a network device",
				     d->host_name);
		if (d->name && !is_net_name(d->name))
			check_refuse(c, check_at_key(c, "/linux/netDevices", d->host_name),
				     "'%.100s' cannot be the name of a network device", d->name);
	}
	net_names_unique(c);
}

static void paths(struct check *c, const char *at, const oci_strings *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *path = list->items[i];

		if (path[0] != '/')
			check_refuse(c, check_at(c, "%s/%zu", at, i),
				     "'%.100s' is not an absolute path", path);
		/* a mount over the root is not seen by a process whose root it covers */
		else if (path[strspn(path, "/")] == '\0')
			check_refuse(c, check_at(c, "%s/%zu", at, i),
				     "the root itself cannot be in this list");
	}
}

static void hidden_paths(struct check *c)
{
	paths(c, "/linux/maskedPaths", &linux_of(c)->masked_paths);
	paths(c, "/linux/readonlyPaths", &linux_of(c)->readonly_paths);
}

static void propagation(struct check *c)
{
	const char *word = linux_of(c)->rootfs_propagation;
	uint64_t flags;

	if (word && !oci_names_find(&oci_propagation_names, word, &flags))
		check_refuse(c, "/linux/rootfsPropagation",
			     "unknown %s '%.100s' (known: private, shared, slave, "
			     "unbindable, and these with an 'r' in front)",
			     oci_propagation_names.what, word);
}

static void mount_label(struct check *c)
{
	const char *label = linux_of(c)->mount_label;

	if (label && !check_is_one_line(label))
		check_refuse(c, "/linux/mountLabel", "has control characters");
}

static bool has_dotdot(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return true;
		if (!path[n])
			return false;
		path += n + 1;
	}
}

static void cgroups_path(struct check *c)
{
	const char *path = linux_of(c)->cgroups_path;

	if (path && has_dotdot(path))
		check_refuse(c, "/linux/cgroupsPath", "'%.100s' has a '..' in it", path);
	if (path && !check_is_one_line(path))
		check_refuse(c, "/linux/cgroupsPath", "has control characters");
}

/* The two names that the spec has fields for. */
static void sysctl_uts(struct check *c, const char *key, const char *path)
{
	if (strcmp(path, "kernel/hostname") == 0)
		check_refuse(c, check_at_key(c, "/linux/sysctl", key),
			     "use the member 'hostname' instead of sysctl '%s'", key);
	if (c->spec->domainname && strcmp(path, "kernel/domainname") == 0)
		check_refuse(c, check_at_key(c, "/linux/sysctl", key),
			     "conflicts with the member 'domainname'");
}

static void sysctl_one(struct check *c, const struct oci_pair *p)
{
	char path[OCI_SYSCTL_MAX];
	enum oci_namespace_type type;

	if (oci_sysctl_path(p->key, path) < 0) {
		check_refuse(c, check_at_key(c, "/linux/sysctl", p->key),
			     "'%.100s' cannot be the name of a sysctl", p->key);
		return;
	}
	if (strlen(p->value) >= SYSCTL_VALUE_MAX)
		check_refuse(c, check_at_key(c, "/linux/sysctl", p->key),
			     "the value is longer than %d bytes", SYSCTL_VALUE_MAX - 1);
	type = oci_sysctl_namespace(path);
	if (type == OCI_NS_COUNT)
		check_refuse(c, check_at_key(c, "/linux/sysctl", p->key),
			     "sysctl '%.100s' is not in a namespace, it would change the "
			     "host",
			     p->key);
	else if (check_lacks_namespace(c, type))
		check_refuse(c, check_at_key(c, "/linux/sysctl", p->key),
			     "sysctl '%.100s' needs an entry '%s' in linux.namespaces", p->key,
			     oci_names_of(&oci_namespace_names, type));
	sysctl_uts(c, p->key, path);
}

static void sysctls(struct check *c)
{
	for (size_t i = 0; i < linux_of(c)->sysctl.count; i++)
		sysctl_one(c, &linux_of(c)->sysctl.items[i]);
}

/* set_mempolicy(2), "ERRORS" */
static void memory_policy(struct check *c)
{
	const struct oci_memory_policy *m = &linux_of(c)->memory_policy;
	const uint32_t placed = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;
	const char *mode = oci_names_of(&oci_memory_policy_names, (uint64_t)m->mode);
	bool bare = m->mode == MPOL_DEFAULT || m->mode == MPOL_LOCAL;

	if (!m->set)
		return;
	if (m->nodes && !check_is_id_list(m->nodes))
		check_refuse(c, "/linux/memoryPolicy/nodes",
			     "'%.100s' is not a list of nodes like '0-3,7'", m->nodes);
	if (bare && m->nodes)
		check_refuse(c, "/linux/memoryPolicy/nodes", "has no meaning with '%s'", mode);
	if (bare && m->flags)
		check_refuse(c, "/linux/memoryPolicy/flags", "have no meaning with '%s'", mode);
	if (!bare && m->mode != MPOL_PREFERRED && !m->nodes)
		check_refuse(c, "/linux/memoryPolicy", "'%s' needs nodes", mode);
	if ((m->flags & placed) == placed)
		check_refuse(c, "/linux/memoryPolicy/flags",
			     "'MPOL_F_STATIC_NODES' and 'MPOL_F_RELATIVE_NODES' exclude "
			     "each other");
	if (!bare && (m->flags & placed) && !m->nodes)
		check_refuse(c, "/linux/memoryPolicy/flags", "need nodes");
	if ((m->flags & MPOL_F_NUMA_BALANCING) && m->mode != MPOL_BIND &&
	    m->mode != MPOL_PREFERRED_MANY)
		check_refuse(c, "/linux/memoryPolicy/flags",
			     "'MPOL_F_NUMA_BALANCING' needs 'MPOL_BIND' or "
			     "'MPOL_PREFERRED_MANY'");
}

static void intel_rdt(struct check *c)
{
	const struct oci_intel_rdt *r = &linux_of(c)->intel_rdt;
	const char *id = r->clos_id;

	if (id && strcmp(id, "/") != 0 &&
	    (strchr(id, '/') || strcmp(id, ".") == 0 || strcmp(id, "..") == 0 ||
	     strlen(id) > NAME_MAX || !check_is_one_line(id)))
		check_refuse(c, "/linux/intelRdt/closID", "'%.100s' is not the name of a directory",
			     id);
	if (r->l3_cache_schema && !check_is_one_line(r->l3_cache_schema))
		check_refuse(c, "/linux/intelRdt/l3CacheSchema", "has a line break");
	if (r->mem_bw_schema && strncmp(r->mem_bw_schema, "MB:", 3) != 0)
		check_refuse(c, "/linux/intelRdt/memBwSchema", "must begin with 'MB:'");
	if (r->mem_bw_schema && !check_is_one_line(r->mem_bw_schema))
		check_refuse(c, "/linux/intelRdt/memBwSchema", "has a line break");
	for (size_t i = 0; i < r->schemata.count; i++)
		if (!r->schemata.items[i][0] || !check_is_one_line(r->schemata.items[i]))
			check_refuse(c, check_at(c, "/linux/intelRdt/schemata/%zu", i),
				     "must be one line");
}

void check_linux(struct check *c)
{
	static check_fn *const groups[] = {
		namespaces,	 user_maps,	mapped_ids,  time_offsets,    devices,
		net_devices,	 hidden_paths,	propagation, mount_label,     cgroups_path,
		sysctls,	 memory_policy, intel_rdt,   check_resources, check_seccomp,
		mount_namespace, personality,
	};

	check_groups(c, groups, sizeof(groups) / sizeof(groups[0]));
}

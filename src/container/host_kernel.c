// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel has, and what the caller may ask of it; see host.h. */
#include "container/host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <linux/capability.h>

#include "container/limits.h"
#include "container/scheduling.h"
#include "namespaces/idmap.h"
#include "namespaces/idmap_helper.h"
#include "net/net.h"
#include "oci/names.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

/* ---- namespaces ---- */

static const char *const ns_files[OCI_NS_COUNT] = {
	[OCI_NS_MOUNT] = "mnt",	  [OCI_NS_CGROUP] = "cgroup", [OCI_NS_UTS] = "uts",
	[OCI_NS_IPC] = "ipc",	  [OCI_NS_USER] = "user",     [OCI_NS_PID] = "pid",
	[OCI_NS_NETWORK] = "net", [OCI_NS_TIME] = "time",
};

/* namespaces(7), "The /proc/sys/user directory" */
static bool is_forbidden(enum oci_namespace_type type, char *path, size_t size)
{
	char text[24];

	(void)snprintf(path, size, "/proc/sys/user/max_%s_namespaces", ns_files[type]);
	return io_read_line(AT_FDCWD, path, text, sizeof(text)) > 0 && strcmp(text, "0") == 0;
}

static int namespace_entry(struct host_check *h, size_t i)
{
	const struct oci_namespace *n = &h->spec->linux_.namespaces.items[i];
	const char *name = oci_names_of(&oci_namespace_names, n->type);
	char at[64], path[80];

	(void)snprintf(at, sizeof(at), "/linux/namespaces/%zu", i);
	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_files[n->type]);
	if (access(path, F_OK) < 0)
		return host_lacks(h, at, 0, "use a kernel that has them, or remove the entry",
				  "this kernel has no %s namespaces", name);
	if (!n->path && is_forbidden(n->type, path, sizeof(path)))
		return host_lacks(h, at, 0, "raise this limit", "%s is 0: no new %s namespaces",
				  path, name);
	return 0;
}

int host_namespaces(struct host_check *h)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->spec->linux_.namespaces.count; i++)
		r = namespace_entry(h, i);
	if (r == 0 && !host_can(h, CAP_SYS_ADMIN) && !oci_spec_namespace(h->spec, OCI_NS_USER))
		r = host_lacks(h, "/linux/namespaces", EPERM,
			       "run as root, or use a config for yourself: ctr spec --rootless",
			       "making namespaces without a user namespace needs CAP_SYS_ADMIN");
	return r;
}

/* ---- id maps ---- */

/* Is the whole range of host ids known in our own user namespace? */
static bool is_mapped_here(const char *file, const struct oci_id_map *m)
{
	unsigned inside, outside, size;
	FILE *f = fopen(file, "re");
	bool found = !f; /* what cannot be read is not held against anybody */

	while (f && !found && fscanf(f, "%u %u %u", &inside, &outside, &size) == 3)
		found = m->host_id >= inside &&
			(uint64_t)m->host_id + m->size <= (uint64_t)inside + size;
	if (f)
		(void)fclose(f); /* read only: nothing to lose */
	return found;
}

/* newuidmap is asked by `ctr run` only: it writes the map, or says what the tables do not allow. */
static int helper(struct host_check *h, const char *at, enum idmap_helper which)
{
	const struct idmap_helper_info *info = idmap_helper_info(which);

	if (idmap_helper_find(which))
		return host_doubts(h, at, info->table,
				   "other ids than the caller's own need a range for it in %s",
				   info->table);
	return host_lacks(h, at, 0, IDMAP_HELPER_HINT,
			  "this id map needs %s, which is not installed", info->name);
}

static int id_maps(struct host_check *h, const char *member, const oci_id_maps *maps,
		   const char *file, enum idmap_helper which, uint32_t own)
{
	char at[64];
	int r = 0;

	(void)snprintf(at, sizeof(at), "/linux/%s", member);
	if (maps->count && idmap_way(maps, own, h->caller) == IDMAP_HELPER)
		r = helper(h, at, which);
	for (size_t i = 0; r == 0 && i < maps->count; i++) {
		(void)snprintf(at, sizeof(at), "/linux/%s/%zu/hostID", member, i);
		if (!is_mapped_here(file, &maps->items[i]))
			r = host_lacks(
				h, at, 0, NULL,
				"these ids do not exist in the user namespace of the caller");
	}
	return r;
}

int host_id_maps(struct host_check *h)
{
	const struct oci_linux *l = &h->spec->linux_;
	int r;

	if (!oci_spec_new_namespace(h->spec, OCI_NS_USER))
		return 0;
	r = id_maps(h, "uidMappings", &l->uid_mappings, "/proc/self/uid_map", IDMAP_NEWUIDMAP,
		    h->caller->uid);
	return r < 0 ? r
		     : id_maps(h, "gidMappings", &l->gid_mappings, "/proc/self/gid_map",
			       IDMAP_NEWGIDMAP, h->caller->gid);
}

/* ---- filesystems ---- */

/* Is there a line of @file that @format (with the type) matches to its end? */
static bool has_line(const char *file, const char *before, const char *type)
{
	cleanup_free char *line = NULL;
	size_t size = 0, skip = strlen(before), len = strlen(type);
	FILE *f = fopen(file, "re");
	bool found = false;

	while (f && !found && getline(&line, &size, f) > 0) {
		const char *at = strncmp(line, "nodev\t", 6) == 0 ? line + 6 : line;

		if (*at == '\t')
			at++;
		found = strncmp(at, before, skip) == 0 && strncmp(at + skip, type, len) == 0 &&
			(at[skip + len] == '\n' || at[skip + len] == ' ');
	}
	if (f)
		(void)fclose(f); /* read only: nothing to lose */
	return found;
}

/* The kernel loads a module for a type that it does not have (yet), by the alias "fs-TYPE". */
static bool has_filesystem(const char *type)
{
	size_t len = strcspn(type, "."); /* "fuse.sshfs" is of the type "fuse" */
	char name[64], aliases[256];
	struct utsname u;

	if (len >= sizeof(name))
		return false;
	(void)snprintf(name, sizeof(name), "%.*s", (int)len, type);
	if (has_line("/proc/filesystems", "", name))
		return true;
	if (uname(&u) < 0)
		return false;
	(void)snprintf(aliases, sizeof(aliases), "/lib/modules/%s/modules.alias", u.release);
	return has_line(aliases, "alias fs-", name);
}

int host_filesystems(struct host_check *h)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->plan->op_count; i++) {
		struct plan_arg_mount_fs a;

		if (h->plan->ops[i].code != PLAN_CODE_mount_fs)
			continue;
		memcpy(&a, h->plan->ops[i].slot, sizeof(a));
		if (!has_filesystem(h->plan->pool + a.type))
			r = host_op_fails(h, i, PLAN_STAGE_FSOPEN, ENODEV, "");
	}
	return r;
}

/* ---- devices and kernel settings ---- */

int host_devices(struct host_check *h)
{
	int r = 0;

	if (h->caller->makes_devices)
		return 0;
	for (size_t i = 0; r == 0 && i < h->plan->op_count; i++) {
		struct plan_arg_mknod a;

		if (h->plan->ops[i].code != PLAN_CODE_mknod)
			continue;
		memcpy(&a, h->plan->ops[i].slot, sizeof(a));
		if (!S_ISFIFO((mode_t)a.mode))
			r = host_op_fails(h, i, PLAN_STAGE_NONE, EPERM, "");
	}
	return r;
}

/* Those of the network differ from one network namespace to the other: no more than a doubt. */
int host_sysctls(struct host_check *h)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->plan->op_count; i++) {
		const struct plan_op *op = &h->plan->ops[i];
		struct plan_arg_sysctl a;
		char path[512];

		if (op->code != PLAN_CODE_sysctl)
			continue;
		memcpy(&a, op->slot, sizeof(a));
		(void)snprintf(path, sizeof(path), "/proc/%s", h->plan->pool + a.path);
		if (access(path, F_OK) == 0)
			continue;
		if (strncmp(path, "/proc/sys/net/", 14) != 0)
			r = host_op_fails(h, i, PLAN_STAGE_NONE, ENOENT, "");
		else
			r = host_doubts(
				h, h->plan->pool + op->origin,
				"this kernel has no such parameter, as far as it can be seen",
				"there is no '%s' on this host", path);
	}
	return r;
}

int host_limits(struct host_check *h)
{
	const struct oci_process *process = &h->spec->process;
	int r = limits_probe(h->plan, process, h->caller, h->e);

	return r < 0 ? r : scheduling_probe(h->plan, process, h->caller, h->e);
}

int host_net_devices(struct host_check *h)
{
	return net_devices_probe(&h->spec->linux_, host_can(h, CAP_NET_ADMIN), h->e);
}

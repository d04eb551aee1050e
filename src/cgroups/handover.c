// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Giving a container its cgroup to work with: finding out from config.json that it is meant to have it,
 * offering controllers, and making it the owner (cgroup-v2.rst, "Delegation"). Sets no limits.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"
#include "util/path.h"

#define LIST_FILE   "/sys/kernel/cgroup/delegate"
#define MOUNT_POINT "/sys/fs/cgroup"

/* What an init system divides among its services. The others would cost something and serve nobody. */
static const char *const offered[] = { "cpu", "cpuset", "io", "memory", "pids" };

/* The last word counts, as with mount(8). */
static bool is_writable(const struct oci_mount *m)
{
	bool writable = true;

	for (size_t i = 0; i < m->options.count; i++) {
		const char *o = m->options.items[i];

		if (strcmp(o, "ro") == 0 || strcmp(o, "rro") == 0)
			writable = false;
		else if (strcmp(o, "rw") == 0 || strcmp(o, "rrw") == 0)
			writable = true;
	}
	return writable;
}

static bool is_cgroup(const struct oci_mount *m)
{
	return m->type && (strcmp(m->type, "cgroup") == 0 || strcmp(m->type, "cgroup2") == 0);
}

/* Does config.json mount the tree where it can be written, below a root of its own? */
static int wants_cgroup(const struct oci_spec *spec, struct arena *a, bool *ret)
{
	*ret = false;
	if (!oci_spec_new_namespace(spec, OCI_NS_CGROUP))
		return 0;
	for (size_t i = 0; i < spec->mounts.count; i++) {
		const struct oci_mount *m = &spec->mounts.items[i];
		const char *dest = is_cgroup(m) ? path_clean(a, m->destination) : "";

		if (!dest)
			return -ENOMEM;
		if (strcmp(dest, MOUNT_POINT) == 0)
			*ret = is_writable(m);
	}
	return 0;
}

bool cgroup_map_id(const oci_id_maps *maps, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct oci_id_map *m = &maps->items[i];

		if (id < m->container_id || id - m->container_id >= m->size)
			continue;
		*ret = m->host_id + (id - m->container_id);
		return true;
	}
	return false;
}

int cgroup_emit_handover(const struct oci_spec *spec, struct arena *a, struct cgroup_plan *plan)
{
	const struct oci_linux *l = &spec->linux_;
	const struct oci_user *user = &spec->process.user;
	int r = wants_cgroup(spec, a, &plan->handover.set);

	if (r < 0 || !plan->handover.set || !oci_spec_new_namespace(spec, OCI_NS_USER))
		return r;
	plan->handover.owner = cgroup_map_id(&l->uid_mappings, user->uid, &plan->handover.uid) &&
			       cgroup_map_id(&l->gid_mappings, user->gid, &plan->handover.gid);
	return 0;
}

void cgroup_controllers_offer_in(int dir_fd)
{
	char text[16];

	if (cgroup_is_occupied(dir_fd))
		return;
	for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
		(void)snprintf(text, sizeof(text), "+%s", offered[i]);
		/* one that is not there, or not for us to give, is none of those that the config needs */
		(void)cgroup_file_write(dir_fd, "cgroup.subtree_control", text);
	}
}

/* A file that this kernel or this cgroup does not have is no failure. */
static int give_file(int fd, const char *name, uint32_t uid, uint32_t gid)
{
	if (!*name || strchr(name, '/') || name[0] == '.')
		return 0;
	return fchownat(fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT ? -errno
											: 0;
}

static int give_files(int fd, char *names, uint32_t uid, uint32_t gid)
{
	char *save = NULL;
	int r = 0;

	for (char *name = strtok_r(names, "\n", &save); r == 0 && name;
	     name = strtok_r(NULL, "\n", &save))
		r = give_file(fd, name, uid, gid);
	return r;
}

int cgroup_give(int fd, uint32_t uid, uint32_t gid)
{
	/* what the list had when it was new, Linux 4.15; without sysfs there is no list */
	char names[4096] = "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n";
	cleanup_fd int list = open(LIST_FILE, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = list < 0 ? -1 : read(list, names, sizeof(names) - 1);

	if (n > 0)
		names[n] = '\0';
	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return -errno;
	return give_files(fd, names, uid, gid);
}

int cgroup_hand_over(const struct cgroup *cg, const struct cgroup_plan *plan, struct err *e)
{
	int r;

	if (cg->driver == CGROUP_DRIVER_NONE || !plan->handover.owner)
		return 0;
	r = cgroup_give(cg->fd, plan->handover.uid, plan->handover.gid);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "give cgroup '%s' to user %u", cg->path,
			       plan->handover.uid);
	return 0;
}

int cgroup_owner_read(const struct cgroup *cg, struct cgroup_owner *ret, struct err *e)
{
	struct stat st;

	if (fstat(cg->fd, &st) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at cgroup '%s'", cg->path);
	*ret = (struct cgroup_owner){ true, st.st_uid, st.st_gid };
	return 0;
}

void cgroup_give_back(const struct cgroup *cg, const struct cgroup_owner *before)
{
	if (before->set && cg->fd >= 0)
		(void)cgroup_give(cg->fd, before->uid,
				  before->gid); /* who may not, has not given it */
}

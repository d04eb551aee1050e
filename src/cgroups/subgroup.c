// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * run.oci.delegate-cgroup: a cgroup below the container's in which the payload lives and which is its own,
 * while the limits stay in the one above, out of its reach.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroups/internal.h"
#include "oci/annotations.h"
#include "util/cleanup.h"

enum {
	NAME_LENGTH_MAX = 64
};

/* One directory, that no file of the kernel's can be taken for (security.md A8). */
static bool name_valid(const char *s)
{
	size_t len = strlen(s);

	if (len > NAME_LENGTH_MAX || s[0] == '.' || strncmp(s, "cgroup.", 7) == 0)
		return false;
	for (; *s; s++)
		if (!isascii((unsigned char)*s) ||
		    (!isalnum((unsigned char)*s) && !strchr("_-.", *s)))
			return false;
	return true;
}

int cgroup_emit_subgroup(const struct oci_spec *spec, struct cgroup_plan *plan, struct err *e)
{
	const char *name = oci_annotation_value(spec, OCI_ANNOTATION_DELEGATE_CGROUP);
	const struct oci_linux *l = &spec->linux_;
	const struct oci_user *user = &spec->process.user;

	if (!name || !*name)
		return 0;
	if (!name_valid(name)) {
		(void)err_set(e, ERR_CONFIG, 0, "'%.100s' cannot be the name of a cgroup", name);
		err_origin(e, "config.json /annotations/%s",
			   oci_annotations[OCI_ANNOTATION_DELEGATE_CGROUP].name);
		err_hint(e, "one directory: letters, digits, '_', '-' and '.'");
		return -EINVAL;
	}
	plan->subgroup.name = name;
	plan->handover.set = true; /* there is somebody to offer controllers to */
	if (oci_spec_new_namespace(spec, OCI_NS_USER))
		plan->subgroup.owner =
			cgroup_map_id(&l->uid_mappings, user->uid, &plan->subgroup.uid) &&
			cgroup_map_id(&l->gid_mappings, user->gid, &plan->subgroup.gid);
	return 0;
}

int cgroup_subgroup_enter(const struct cgroup *cg, const struct cgroup_plan *plan, pid_t pid,
			  struct err *e)
{
	const char *name = plan->subgroup.name;
	cleanup_fd int fd = -EBADF;
	char number[16];
	int r;

	if (!name || cg->fd < 0)
		return 0;
	/* an init system of an earlier life may have left it in a cgroup that was there before */
	r = mkdirat(cg->fd, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
	if (r == 0)
		fd = r = cgroup_dir_open(cg->fd, name);
	if (r >= 0 && plan->subgroup.owner)
		r = cgroup_give(fd, plan->subgroup.uid, plan->subgroup.gid);
	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	if (r >= 0)
		r = cgroup_file_write(fd, "cgroup.procs", number);
	if (r < 0) {
		(void)err_set(e, ERR_SYSTEM, -r, "move the program into cgroup '%s/%s'", cg->path,
			      name);
		err_origin(e, "config.json /annotations/%s",
			   oci_annotations[OCI_ANNOTATION_DELEGATE_CGROUP].name);
		return r;
	}
	/* nobody is left in the one above, so its controllers can be passed on */
	cgroup_controllers_offer_in(cg->fd);
	return 0;
}

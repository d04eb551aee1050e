// SPDX-License-Identifier: GPL-2.0-or-later
/* See userns.h. */
#include "container/userns.h"

#include <errno.h>
#include <sched.h>

#include "container/sources.h"
#include "namespaces/idmap.h"
#include "util/cleanup.h"

static int adopt(oci_id_maps *given, const oci_id_maps *found, const char *field, struct err *e)
{
	if (given->count && !idmap_equal(given, found)) {
		err_set(e, ERR_CONFIG, 0, "the user namespace that is joined has other mappings");
		err_origin(e, "config.json /linux/%s", field);
		err_hint(e, "leave %s out: those of the namespace count", field);
		if (err_keep(e, -EINVAL) < 0)
			return -EINVAL;
	}
	*given = *found;
	return 0;
}

static int read_path(struct oci_spec *spec, const struct oci_namespace *n, oci_id_maps *uids,
		     oci_id_maps *gids, struct err *e)
{
	cleanup_fd int ns = -EBADF;
	int r = sources_open_ns(n->path, CLONE_NEWUSER, &ns, e);

	if (r == 0)
		r = idmap_read_ns(ns, &spec->arena, uids, gids, e);
	if (r < 0)
		err_origin(e, "config.json /linux/namespaces/%td/path",
			   n - spec->linux_.namespaces.items);
	return r;
}

int userns_find_maps(struct oci_spec *spec, pid_t pid, struct err *e)
{
	const struct oci_namespace *n = oci_spec_namespace(spec, OCI_NS_USER);
	oci_id_maps uids, gids;
	int r;

	if (!n || !n->path)
		return 0;
	r = pid ? idmap_read(pid, &spec->arena, &uids, &gids, e)
		: read_path(spec, n, &uids, &gids, e);
	if (r == 0)
		r = adopt(&spec->linux_.uid_mappings, &uids, "uidMappings", e);
	return r < 0 ? r : adopt(&spec->linux_.gid_mappings, &gids, "gidMappings", e);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens what a plan names in the host's view, before the child exists. */
#ifndef CTR_CONTAINER_SOURCES_H
#define CTR_CONTAINER_SOURCES_H

#include "oci/spec.h"
#include "plan/plan.h"
#include "util/caller.h"
#include "util/err.h"

/*
 * Open every source of the plan; the plan owns the fds. Relative paths are taken below @bundle (a
 * directory fd). Runs in the host's mount namespace, needs CAP_SYS_ADMIN there for detached mounts
 * (open_tree(2), Linux 5.2; mount_setattr(2), Linux 5.12); with p->late_copies they are only pinned, and
 * init copies them. Errors name path and origin.
 */
int container_open_sources(struct plan *p, int bundle, const struct caller *caller, struct err *e);

/*
 * After that: a namespace that is joined by path and turns out to be the caller's own must not be
 * changed for the container, by sysctl, hostname, domainname or netDevices (checklist 1.5). -EINVAL with
 * the entry.
 */
int container_check_joined(const struct oci_spec *spec, const struct plan *p, struct err *e);

/*
 * A namespace file, which must be of the kind @type (CLONE_NEW*; ioctl_ns(2)), and when it is a user or
 * mount namespace another one than ours. -EINVAL.
 */
int sources_open_ns(const char *path, uint64_t type, int *ret_fd, struct err *e);
/* Would a source of this kind be opened, and pass container_check_joined? Only looks. */
int sources_probe_ns(const struct oci_spec *spec, const struct plan_source *s, struct err *e);
/* The root filesystem's directory (O_PATH), or a negative errno; no symlink. */
int container_root_open(const char *path, int bundle, struct err *e);

/*
 * Would container_open_sources and container_check_joined go well? Only looks: no mount is copied, and
 * what is opened is closed again. Sources without a path (not known yet, or not readable in config.json)
 * are passed over. All that is wrong is told when all problems are wanted (err_keep).
 */
int container_probe_sources(const struct oci_spec *spec, const struct plan *p, int bundle,
			    struct err *e);

#endif

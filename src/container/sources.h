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
 * changed for the container, by sysctl, hostname or domainname (checklist 1.5). -EINVAL with the entry.
 */
int container_check_joined(const struct oci_spec *spec, const struct plan *p, struct err *e);

#endif

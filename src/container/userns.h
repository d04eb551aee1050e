/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user namespace that is joined by path has maps of its own: find them. */
#ifndef CTR_CONTAINER_USERNS_H
#define CTR_CONTAINER_USERNS_H

#include <sys/types.h>

#include "oci/spec.h"
#include "util/err.h"

/*
 * If the container joins a user namespace by path, fill the maps of the spec with those that it has;
 * what config.json says about them must be the same (checklist 1.5). @pid: a process that is in it
 * already, or 0 to open the path.
 */
int userns_find_maps(struct oci_spec *spec, pid_t pid, struct err *e);

#endif

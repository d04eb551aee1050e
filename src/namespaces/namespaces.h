/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux.namespaces as clone flags and operations. Pure. */
#ifndef CTR_NAMESPACES_NAMESPACES_H
#define CTR_NAMESPACES_NAMESPACES_H

#include "oci/spec.h"
#include "plan/plan.h"
#include "util/caller.h"
#include "util/err.h"

/*
 * Set what clone3 creates (p->clone_flags, id maps) and add the operations for the rest: joining by
 * path, a cgroup namespace (after the process is in its cgroup), a time namespace with offsets, a child
 * for a pid namespace that clone3 did not create. The maps of a user namespace that is joined must be
 * in the spec, or init takes the ids 0 there.
 * -EINVAL with the JSON pointer.
 */
int namespaces_emit(const struct oci_spec *spec, const struct caller *caller, struct plan *p,
		    struct err *e);

/* hostname and domainname; inside the uts namespace. Pure. */
void namespaces_emit_names(const struct oci_spec *spec, struct plan *p);

/* The id that init takes in a user namespace: root, or the first one that is mapped. */
uint32_t namespaces_base_id(const oci_id_maps *maps);

/* CLONE_NEW* of a namespace type. */
uint64_t namespaces_flag(enum oci_namespace_type type);

/*
 * Root of the host may write to what belongs to init. For others init sets the offsets of clocks itself,
 * which it can only where /proc is that of the caller.
 */
bool namespaces_init_sets_clocks(const struct oci_spec *spec, const struct caller *caller);

#endif

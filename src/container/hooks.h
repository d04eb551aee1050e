/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks: those that ctr runs in its own namespaces, and those that become operations of the plan. */
#ifndef CTR_CONTAINER_HOOKS_H
#define CTR_CONTAINER_HOOKS_H

#include <stdint.h>

#include "container/container.h"
#include "oci/spec.h"
#include "plan/plan.h"
#include "util/err.h"

enum {
	HOOK_MAX_TIMEOUT = 2000000, /* seconds: as milliseconds they fit into an int */
	HOOK_DEFAULT_TIMEOUT = 600
}; /* seconds; a hook without a timeout must not hang us forever */

/*
 * Run the hooks of @kind in order, in the runtime's namespaces, with @status and @pid in their state;
 * the working directory is the bundle. Stops at the first failure: -ECANCELED with the hook's path, its
 * exit status and the end of its output; -EINTR when @c->interrupt became readable, and the hook was
 * killed. Poststop hooks all run, whatever happens, and the first one's error is returned at the end.
 */
int hooks_run(const struct container *c, enum oci_hook_kind kind, enum container_status status,
	      pid_t pid, struct err *e);

/* The longest that all hooks of @kind may take together. */
int64_t hooks_deadline_ms(const struct oci_spec *spec, enum oci_hook_kind kind);

/* createContainer (opened in the host's view first) or startContainer as operations. */
int hooks_emit(const struct oci_spec *spec, enum oci_hook_kind kind,
	       const struct container_record *r, enum container_status status, struct plan *p,
	       struct err *e);

/* True when any hook runs between the mounts and pivot_root. */
bool hooks_before_pivot(const struct oci_spec *spec);

/*
 * Open (and make, 0600) the file at @path for what hooks write: appended to, never through a symlink at
 * its end, and never waiting for the reader of a fifo.
 */
int hooks_open_output(const char *path, int *ret_fd);

#endif

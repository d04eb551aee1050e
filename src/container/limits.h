/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of a process that are set from outside, once ctr-init is done with its own work. */
#ifndef CTR_CONTAINER_LIMITS_H
#define CTR_CONTAINER_LIMITS_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "oci/spec.h"
#include "plan/plan.h"
#include "util/caller.h"
#include "util/err.h"

/* The caller's own limit on open files, which the payload gets back. */
struct limits_nofile {
	struct rlimit before;
	bool raised;
};

/* A plan may need more descriptors than the usual soft limit allows. */
int limits_raise_nofile(const struct plan *p, struct limits_nofile *ret, struct err *e);

/*
 * rlimits and oom_score_adj of @process for @pid. Last, because ctr-init would be the first to hit
 * them. Raising a hard limit, or lowering the score, needs CAP_SYS_RESOURCE. For others than root the
 * score is an operation of the plan: that file of ctr-init belongs to root of its user namespace.
 * @p names the document in errors. Who still has to open something after that, because it waits for
 * start, keeps its limit on open files if the new one is below @least_files (else 0).
 */
int limits_set(const struct plan *p, const struct oci_process *process, pid_t pid,
	       const struct limits_nofile *nofile, unsigned least_files,
	       const struct caller *caller, struct err *e);

/* RLIMIT_NOFILE of config.json, for a process that was spared it. */
int limits_set_files(const struct oci_process *process, pid_t pid, struct err *e);

/*
 * Pin a process (0: the caller) to @cpus ("0-3,7"), or let it use all that its cpuset has when NULL:
 * a caller that is pinned must not pin its containers as well.
 */
int limits_set_cpus(pid_t pid, const char *cpus, struct err *e);

/*
 * Would limits_set go well for @process? Changes nothing.
 * 0, or the same errors; all of them when all problems are wanted.
 */
int limits_probe(const struct plan *p, const struct oci_process *process,
		 const struct caller *caller, struct err *e);

#endif

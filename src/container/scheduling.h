/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the kernel serves a process: process.scheduler and process.ioPriority. */
#ifndef CTR_CONTAINER_SCHEDULING_H
#define CTR_CONTAINER_SCHEDULING_H

#include <stdbool.h>
#include <sys/types.h>

#include "oci/spec.h"
#include "plan/plan.h"
#include "util/caller.h"
#include "util/err.h"

/* The caller has CAP_SYS_NICE of the host, which nobody in a user namespace has: ctr does it. Else init. */
bool scheduling_is_ours(const struct caller *caller);

/*
 * If it is ours, give @pid, which is ctr-init waiting at PLAN_SYNC_READY, the scheduling that @process
 * asks for: after its CPU affinity was set, because SCHED_DEADLINE wants all CPUs of its domain. @p names
 * the document in errors. sched_setattr(2), ioprio_set(2).
 */
int scheduling_set(const struct plan *p, const struct oci_process *process,
		   const struct caller *caller, pid_t pid, struct err *e);

/*
 * If it is not, let init do it for itself: the kernel wants to see the same ids, or privileges. Belongs
 * after PLAN_SYNC_READY, where it has its limits: RLIMIT_NICE, RLIMIT_RTPRIO.
 */
void scheduling_emit(const struct oci_process *process, const struct caller *caller,
		     struct plan *p);

/*
 * Would it go well, as far as privileges go? Changes nothing. The same errors; all of them when all
 * problems are wanted (err_keep).
 */
int scheduling_probe(const struct plan *p, const struct oci_process *process,
		     const struct caller *caller, struct err *e);

/* Both in words, for people: "SCHED_FIFO, priority 5". */
void scheduling_text(const struct oci_scheduler *s, char *buf, size_t size);
void scheduling_io_text(const struct oci_io_priority *io, char *buf, size_t size);

#endif

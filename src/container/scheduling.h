/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the kernel serves a process: process.scheduler and process.ioPriority. */
#ifndef CTR_CONTAINER_SCHEDULING_H
#define CTR_CONTAINER_SCHEDULING_H

#include <sys/types.h>

#include "oci/spec.h"
#include "plan/plan.h"
#include "util/err.h"

/*
 * Give @pid, which is ctr-init waiting at PLAN_SYNC_READY, the scheduling that @process asks for. From
 * outside, because what the kernel checks is CAP_SYS_NICE of the host, which nobody in a user
 * namespace has; after its CPU affinity was set, because SCHED_DEADLINE wants all CPUs of its domain.
 * @p names the document in errors. sched_setattr(2), ioprio_set(2).
 */
int scheduling_set(const struct plan *p, const struct oci_process *process, pid_t pid,
		   struct err *e);

/*
 * Would scheduling_set go well, as far as privileges go? @privileged: the caller has CAP_SYS_NICE. Changes
 * nothing. The same errors; all of them when all problems are wanted (err_keep).
 */
int scheduling_probe(const struct plan *p, const struct oci_process *process, bool privileged,
		     struct err *e);

/* Both in words, for people: "SCHED_FIFO, priority 5". */
void scheduling_text(const struct oci_scheduler *s, char *buf, size_t size);
void scheduling_io_text(const struct oci_io_priority *io, char *buf, size_t size);

#endif

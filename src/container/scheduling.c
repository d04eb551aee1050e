// SPDX-License-Identifier: GPL-2.0-or-later
/* See scheduling.h. */
#include "container/scheduling.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/sched.h>

#include "oci/names.h"
#include "util/kernel.h"
#include "util/strbuf.h"

static void flags_text(struct strbuf *out, uint64_t flags)
{
	const struct oci_names *names = &oci_scheduler_flag_names;

	for (size_t i = 0; i < names->count; i++)
		if (flags & names->items[i].value)
			strbuf_addf(out, ", %s", names->items[i].name);
}

void scheduling_text(const struct oci_scheduler *s, char *buf, size_t size)
{
	struct strbuf out = STRBUF_OVER(buf, size);

	strbuf_adds(&out, oci_names_of(&oci_scheduler_policy_names, (uint64_t)s->policy));
	if (s->nice.set)
		strbuf_addf(&out, ", nice %" PRId64, s->nice.value);
	if (s->priority.set)
		strbuf_addf(&out, ", priority %" PRId64, s->priority.value);
	if (s->policy == SCHED_DEADLINE)
		strbuf_addf(&out, ", %" PRIu64 " ns within %" PRIu64 " ns of every %" PRIu64 " ns",
			    s->runtime.value, s->deadline.value,
			    s->period.value ? s->period.value : s->deadline.value);
	flags_text(&out, s->flags);
}

void scheduling_io_text(const struct oci_io_priority *io, char *buf, size_t size)
{
	struct strbuf out = STRBUF_OVER(buf, size);

	strbuf_addf(&out, "%s, priority %" PRId64,
		    oci_names_of(&oci_ioprio_class_names, (uint64_t)io->class), io->priority);
}

static int scheduler_refused(const struct plan *p, const struct oci_scheduler *s, int r,
			     struct err *e)
{
	char what[256];

	scheduling_text(s, what, sizeof(what));
	err_set(e, ERR_SYSTEM, -r, "set the scheduler %s", what);
	plan_error_origin(p, "/process/scheduler", e);
	return r;
}

static struct kernel_sched_attr attr_of(const struct oci_scheduler *s)
{
	return (struct kernel_sched_attr){
		.size = sizeof(struct kernel_sched_attr),
		.policy = (uint32_t)s->policy,
		.flags = s->flags,
		.nice = (int32_t)s->nice.value,
		.priority = (uint32_t)s->priority.value,
		.runtime = s->runtime.value,
		.deadline = s->deadline.value,
		.period = s->period.value,
	};
}

static int set_scheduler(const struct plan *p, const struct oci_scheduler *s, pid_t pid,
			 struct err *e)
{
	const struct kernel_sched_attr attr = attr_of(s);
	int r = s->set ? kernel_sched_setattr(pid, &attr) : 0;

	return r < 0 ? scheduler_refused(p, s, r, e) : 0;
}

static int io_refused(const struct plan *p, const struct oci_io_priority *io, int r, struct err *e)
{
	char what[128];

	scheduling_io_text(io, what, sizeof(what));
	err_set(e, ERR_SYSTEM, -r, "set the io priority %s", what);
	plan_error_origin(p, "/process/ioPriority", e);
	return r;
}

static int io_value(const struct oci_io_priority *io)
{
	return io->class << IOPRIO_CLASS_SHIFT | (int)io->priority;
}

static int set_io(const struct plan *p, const struct oci_io_priority *io, pid_t pid, struct err *e)
{
	int r;

	if (!io->set)
		return 0;
	r = kernel_ioprio_set(IOPRIO_WHO_PROCESS, pid, io_value(io));
	return r < 0 ? io_refused(p, io, r, e) : 0;
}

bool scheduling_is_ours(const struct caller *caller)
{
	return caller->initial_userns && caller->capabilities >> CAP_SYS_NICE & 1;
}

int scheduling_set(const struct plan *p, const struct oci_process *process,
		   const struct caller *caller, pid_t pid, struct err *e)
{
	int r;

	if (!scheduling_is_ours(caller))
		return 0;
	r = set_scheduler(p, &process->scheduler, pid, e);
	return r < 0 ? r : set_io(p, &process->io_priority, pid, e);
}

void scheduling_emit(const struct oci_process *process, const struct caller *caller, struct plan *p)
{
	const struct kernel_sched_attr attr = attr_of(&process->scheduler);
	char what[256];

	if (scheduling_is_ours(caller))
		return;
	if (process->scheduler.set) {
		scheduling_text(&process->scheduler, what, sizeof(what));
		PLAN_ADD(p, "/process/scheduler", scheduler, .what = plan_str(p, what),
			 .attr = plan_blob(p, &attr, sizeof(attr)));
	}
	if (process->io_priority.set) {
		scheduling_io_text(&process->io_priority, what, sizeof(what));
		PLAN_ADD(p, "/process/ioPriority", io_priority, .what = plan_str(p, what),
			 .value = (uint64_t)io_value(&process->io_priority));
	}
}

/* sched(7), "Privileges and resource limits"; getpriority(2) for what counts as more. */
static bool scheduler_denied(const struct oci_scheduler *s)
{
	struct rlimit limit = { 0 };

	if (!s->set)
		return false;
	if (s->policy == SCHED_DEADLINE)
		return true;
	if (s->policy == SCHED_FIFO || s->policy == SCHED_RR)
		return getrlimit(RLIMIT_RTPRIO, &limit) == 0 &&
		       (rlim_t)s->priority.value > limit.rlim_cur;
	return s->nice.set && s->nice.value < getpriority(PRIO_PROCESS, 0) &&
	       getrlimit(RLIMIT_NICE, &limit) == 0 && (rlim_t)(20 - s->nice.value) > limit.rlim_cur;
}

int scheduling_probe(const struct plan *p, const struct oci_process *process,
		     const struct caller *caller, struct err *e)
{
	const struct oci_io_priority *io = &process->io_priority;
	int r = 0;

	if (scheduling_is_ours(caller))
		return 0;
	if (scheduler_denied(&process->scheduler))
		r = err_keep(e, scheduler_refused(p, &process->scheduler, -EPERM, e));
	if (r == 0 && io->set && io->class == IOPRIO_CLASS_RT)
		r = err_keep(e, io_refused(p, io, -EPERM, e));
	return r;
}

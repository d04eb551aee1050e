// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of the process object, of config.json and of exec's process document alike. */
#include "oci/validate.h"

#include <limits.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>

#include "oci/names.h"

enum {
	UMASK_MAX = 0777,
	OOM_SCORE_ADJ_MAX = 1000, /* and its negative; proc(5) */
	NICE_MIN = -20,
	NICE_MAX = 19,
	REALTIME_MAX = 99,   /* sched(7) */
	DEADLINE_MIN = 1024, /* nanoseconds; sched(7) */
	SCHED_ISO_RESERVED = 4,
};

/* The kernel's "no id": no process can have it. */
#define NO_ID UINT32_MAX

static const struct oci_process *process(const struct check *c)
{
	return &c->spec->process;
}

/* The pointer of a member of the process object. */
static const char *at(struct check *c, const char *member)
{
	return check_at(c, "%s/%s", c->spec->process_at, member);
}

static void cwd(struct check *c)
{
	/* that it is missing has been said */
	if (process(c)->cwd && process(c)->cwd[0] != '/')
		check_refuse(c, at(c, "cwd"), "'%.100s' is not an absolute path", process(c)->cwd);
}

static void args(struct check *c)
{
	if (!process(c)->args.count)
		check_refuse(c, at(c, "args"), "needs at least one entry");
	else if (!process(c)->args.items[0][0])
		check_refuse(c, at(c, "args/0"), "must not be empty");
}

static void env(struct check *c)
{
	char where[64];

	(void)snprintf(where, sizeof(where), "%s/env", c->spec->process_at);
	check_env(c, where, &process(c)->env);
}

static void console_size(struct check *c)
{
	/* struct winsize, ioctl_tty(2) */
	if (process(c)->console_size.width > USHRT_MAX)
		check_refuse(c, at(c, "consoleSize/width"), "greater than %d", USHRT_MAX);
	if (process(c)->console_size.height > USHRT_MAX)
		check_refuse(c, at(c, "consoleSize/height"), "greater than %d", USHRT_MAX);
}

static void user(struct check *c)
{
	const struct oci_user *u = &process(c)->user;

	if (u->uid == NO_ID)
		check_refuse(c, at(c, "user/uid"), "%u is not a valid id", NO_ID);
	if (u->gid == NO_ID)
		check_refuse(c, at(c, "user/gid"), "%u is not a valid id", NO_ID);
	if (u->umask.set && u->umask.value > UMASK_MAX)
		check_refuse(c, at(c, "user/umask"), "greater than %d (octal 777)", UMASK_MAX);
	for (size_t i = 0; i < u->additional_gids.count; i++)
		if (u->additional_gids.items[i] == NO_ID)
			check_refuse(
				c,
				check_at(c, "%s/user/additionalGids/%zu", c->spec->process_at, i),
				"%u is not a valid id", NO_ID);
}

static void rlimits(struct check *c)
{
	unsigned seen = 0;

	for (size_t i = 0; i < process(c)->rlimits.count; i++) {
		const struct oci_rlimit *l = &process(c)->rlimits.items[i];
		const char *name = oci_names_of(&oci_rlimit_names, (uint64_t)l->resource);

		if (seen >> l->resource & 1)
			check_refuse(c, check_at(c, "%s/rlimits/%zu/type", c->spec->process_at, i),
				     "duplicate '%s'", name);
		seen |= 1u << l->resource;
		if (l->soft > l->hard)
			check_refuse(c, check_at(c, "%s/rlimits/%zu/soft", c->spec->process_at, i),
				     "soft limit of '%s' is above its hard limit", name);
	}
}

static void oom_score_adj(struct check *c)
{
	const struct opt_i64 *v = &process(c)->oom_score_adj;

	if (v->set && (v->value < -OOM_SCORE_ADJ_MAX || v->value > OOM_SCORE_ADJ_MAX))
		check_refuse(c, at(c, "oomScoreAdj"), "%lld is outside -%d to %d",
			     (long long)v->value, OOM_SCORE_ADJ_MAX, OOM_SCORE_ADJ_MAX);
}

static void labels(struct check *c)
{
	const struct oci_process *p = process(c);

	if (p->apparmor_profile && !check_is_one_line(p->apparmor_profile))
		check_refuse(c, at(c, "apparmorProfile"), "has control characters");
	if (p->selinux_label && !check_is_one_line(p->selinux_label))
		check_refuse(c, at(c, "selinuxLabel"), "has control characters");
}

/* Zero is what an engine writes that does not mean to set the value. */
static bool given(const struct opt_u64 *v)
{
	return v->set && v->value;
}

static void nice_and_priority(struct check *c, const struct oci_scheduler *s)
{
	bool realtime = s->policy == SCHED_FIFO || s->policy == SCHED_RR;
	bool niced = s->policy == SCHED_NORMAL || s->policy == SCHED_BATCH;
	const char *policy = oci_names_of(&oci_scheduler_policy_names, (uint64_t)s->policy);

	if (s->nice.set && (s->nice.value < NICE_MIN || s->nice.value > NICE_MAX))
		check_refuse(c, at(c, "scheduler/nice"), "%lld is outside %d to %d",
			     (long long)s->nice.value, NICE_MIN, NICE_MAX);
	else if (s->nice.set && s->nice.value && !niced)
		check_refuse(c, at(c, "scheduler/nice"), "has no meaning with '%s'", policy);
	if (realtime &&
	    (!s->priority.set || s->priority.value < 1 || s->priority.value > REALTIME_MAX))
		check_refuse(c, at(c, "scheduler/priority"), "must be 1 to %d with '%s'",
			     REALTIME_MAX, policy);
	if (!realtime && s->priority.set && s->priority.value)
		check_refuse(c, at(c, "scheduler/priority"), "has no meaning with '%s'", policy);
}

static void deadline(struct check *c, const struct oci_scheduler *s)
{
	if (s->policy != SCHED_DEADLINE) {
		const char *extra = given(&s->runtime)	  ? "runtime"
				    : given(&s->deadline) ? "deadline"
				    : given(&s->period)	  ? "period"
							  : NULL;
		if (extra)
			check_refuse(c, check_at(c, "%s/scheduler/%s", c->spec->process_at, extra),
				     "has a meaning only with 'SCHED_DEADLINE'");
		return;
	}
	if (!given(&s->runtime) || s->runtime.value < DEADLINE_MIN)
		check_refuse(c, at(c, "scheduler/runtime"), "must be at least %d", DEADLINE_MIN);
	if (!given(&s->deadline) || s->deadline.value < s->runtime.value)
		check_refuse(c, at(c, "scheduler/deadline"), "must not be below runtime");
	if (given(&s->period) && s->period.value < s->deadline.value)
		check_refuse(c, at(c, "scheduler/period"), "must not be below deadline");
}

static void scheduler(struct check *c)
{
	const struct oci_scheduler *s = &process(c)->scheduler;
	if (!s->set)
		return;
	if (s->policy == SCHED_ISO_RESERVED)
		check_refuse(c, at(c, "scheduler/policy"),
			     "'SCHED_ISO' is not implemented by the kernel");
	/* sched(7): such a process cannot have children */
	if (s->policy == SCHED_DEADLINE && !(s->flags & SCHED_FLAG_RESET_ON_FORK) &&
	    c->spec->hooks[OCI_HOOK_START_CONTAINER].count)
		check_refuse(c, at(c, "scheduler/flags"),
			     "startContainer hooks need 'SCHED_FLAG_RESET_ON_FORK' with "
			     "'SCHED_DEADLINE'");
	nice_and_priority(c, s);
	deadline(c, s);
}

static void io_priority(struct check *c)
{
	const struct oci_io_priority *io = &process(c)->io_priority;

	if (io->set && (io->priority < 0 || io->priority >= IOPRIO_NR_LEVELS))
		check_refuse(c, at(c, "ioPriority/priority"), "%lld is outside 0 to %d",
			     (long long)io->priority, IOPRIO_NR_LEVELS - 1);
}

static void affinity(struct check *c)
{
	const struct oci_process *p = process(c);

	if (p->exec_cpu_initial && !check_is_id_list(p->exec_cpu_initial))
		check_refuse(c, at(c, "execCPUAffinity/initial"),
			     "'%.100s' is not a list of cpus like '0-3,7'", p->exec_cpu_initial);
	if (p->exec_cpu_final && !check_is_id_list(p->exec_cpu_final))
		check_refuse(c, at(c, "execCPUAffinity/final"),
			     "'%.100s' is not a list of cpus like '0-3,7'", p->exec_cpu_final);
}

void check_process(struct check *c)
{
	static check_fn *const groups[] = {
		cwd,	       args,   env,	  console_size, user,	  rlimits,
		oom_score_adj, labels, scheduler, io_priority,	affinity,
	};

	if (!process(c)->set)
		return;
	check_groups(c, groups, sizeof(groups) / sizeof(groups[0]));
}

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

static int cwd(struct check *c)
{
	if (process(c)->cwd[0] != '/')
		return check_refuse(c, at(c, "cwd"), "'%.100s' is not an absolute path",
				    process(c)->cwd);
	return 0;
}

static int args(struct check *c)
{
	if (!process(c)->args.count)
		return check_refuse(c, at(c, "args"), "needs at least one entry");
	if (!process(c)->args.items[0][0])
		return check_refuse(c, at(c, "args/0"), "must not be empty");
	return 0;
}

static int env(struct check *c)
{
	char where[64];

	(void)snprintf(where, sizeof(where), "%s/env", c->spec->process_at);
	return check_env(c, where, &process(c)->env);
}

static int console_size(struct check *c)
{
	/* struct winsize, ioctl_tty(2) */
	if (process(c)->console_size.width > USHRT_MAX)
		return check_refuse(c, at(c, "consoleSize/width"), "greater than %d", USHRT_MAX);
	if (process(c)->console_size.height > USHRT_MAX)
		return check_refuse(c, at(c, "consoleSize/height"), "greater than %d", USHRT_MAX);
	return 0;
}

static int user(struct check *c)
{
	const struct oci_user *u = &process(c)->user;

	if (u->uid == NO_ID)
		return check_refuse(c, at(c, "user/uid"), "%u is not a valid id", NO_ID);
	if (u->gid == NO_ID)
		return check_refuse(c, at(c, "user/gid"), "%u is not a valid id", NO_ID);
	if (u->umask.set && u->umask.value > UMASK_MAX)
		return check_refuse(c, at(c, "user/umask"), "greater than %d (octal 777)",
				    UMASK_MAX);
	for (size_t i = 0; i < u->additional_gids.count; i++)
		if (u->additional_gids.items[i] == NO_ID)
			return check_refuse(
				c,
				check_at(c, "%s/user/additionalGids/%zu", c->spec->process_at, i),
				"%u is not a valid id", NO_ID);
	return 0;
}

static int rlimits(struct check *c)
{
	unsigned seen = 0;

	for (size_t i = 0; i < process(c)->rlimits.count; i++) {
		const struct oci_rlimit *l = &process(c)->rlimits.items[i];
		const char *name = oci_names_of(&oci_rlimit_names, (uint64_t)l->resource);

		if (seen >> l->resource & 1)
			return check_refuse(
				c, check_at(c, "%s/rlimits/%zu/type", c->spec->process_at, i),
				"duplicate '%s'", name);
		seen |= 1u << l->resource;
		if (l->soft > l->hard)
			return check_refuse(
				c, check_at(c, "%s/rlimits/%zu/soft", c->spec->process_at, i),
				"soft limit of '%s' is above its hard limit", name);
	}
	return 0;
}

static int oom_score_adj(struct check *c)
{
	const struct opt_i64 *v = &process(c)->oom_score_adj;

	if (v->set && (v->value < -OOM_SCORE_ADJ_MAX || v->value > OOM_SCORE_ADJ_MAX))
		return check_refuse(c, at(c, "oomScoreAdj"), "%lld is outside -%d to %d",
				    (long long)v->value, OOM_SCORE_ADJ_MAX, OOM_SCORE_ADJ_MAX);
	return 0;
}

static int labels(struct check *c)
{
	const struct oci_process *p = process(c);

	if (p->apparmor_profile && !check_is_one_line(p->apparmor_profile))
		return check_refuse(c, at(c, "apparmorProfile"), "has control characters");
	if (p->selinux_label && !check_is_one_line(p->selinux_label))
		return check_refuse(c, at(c, "selinuxLabel"), "has control characters");
	return 0;
}

/* Zero is what an engine writes that does not mean to set the value. */
static bool given(const struct opt_u64 *v)
{
	return v->set && v->value;
}

static int nice_and_priority(struct check *c, const struct oci_scheduler *s)
{
	bool realtime = s->policy == SCHED_FIFO || s->policy == SCHED_RR;
	bool niced = s->policy == SCHED_NORMAL || s->policy == SCHED_BATCH;
	const char *policy = oci_names_of(&oci_scheduler_policy_names, (uint64_t)s->policy);

	if (s->nice.set && (s->nice.value < NICE_MIN || s->nice.value > NICE_MAX))
		return check_refuse(c, at(c, "scheduler/nice"), "%lld is outside %d to %d",
				    (long long)s->nice.value, NICE_MIN, NICE_MAX);
	if (s->nice.set && s->nice.value && !niced)
		return check_refuse(c, at(c, "scheduler/nice"), "has no meaning with '%s'", policy);
	if (realtime &&
	    (!s->priority.set || s->priority.value < 1 || s->priority.value > REALTIME_MAX))
		return check_refuse(c, at(c, "scheduler/priority"), "must be 1 to %d with '%s'",
				    REALTIME_MAX, policy);
	if (!realtime && s->priority.set && s->priority.value)
		return check_refuse(c, at(c, "scheduler/priority"), "has no meaning with '%s'",
				    policy);
	return 0;
}

static int deadline(struct check *c, const struct oci_scheduler *s)
{
	if (s->policy != SCHED_DEADLINE) {
		const char *extra = given(&s->runtime)	  ? "runtime"
				    : given(&s->deadline) ? "deadline"
				    : given(&s->period)	  ? "period"
							  : NULL;
		if (!extra)
			return 0;
		return check_refuse(c, check_at(c, "%s/scheduler/%s", c->spec->process_at, extra),
				    "has a meaning only with 'SCHED_DEADLINE'");
	}
	if (!given(&s->runtime) || s->runtime.value < DEADLINE_MIN)
		return check_refuse(c, at(c, "scheduler/runtime"), "must be at least %d",
				    DEADLINE_MIN);
	if (!given(&s->deadline) || s->deadline.value < s->runtime.value)
		return check_refuse(c, at(c, "scheduler/deadline"), "must not be below runtime");
	if (given(&s->period) && s->period.value < s->deadline.value)
		return check_refuse(c, at(c, "scheduler/period"), "must not be below deadline");
	return 0;
}

static int scheduler(struct check *c)
{
	const struct oci_scheduler *s = &process(c)->scheduler;
	int r;

	if (!s->set)
		return 0;
	if (s->policy == SCHED_ISO_RESERVED)
		return check_refuse(c, at(c, "scheduler/policy"),
				    "'SCHED_ISO' is not implemented by the kernel");
	/* sched(7): such a process cannot have children */
	if (s->policy == SCHED_DEADLINE && !(s->flags & SCHED_FLAG_RESET_ON_FORK) &&
	    c->spec->hooks[OCI_HOOK_START_CONTAINER].count)
		return check_refuse(c, at(c, "scheduler/flags"),
				    "startContainer hooks need 'SCHED_FLAG_RESET_ON_FORK' with "
				    "'SCHED_DEADLINE'");
	r = nice_and_priority(c, s);
	return r ? r : deadline(c, s);
}

static int io_priority(struct check *c)
{
	const struct oci_io_priority *io = &process(c)->io_priority;

	if (io->set && (io->priority < 0 || io->priority >= IOPRIO_NR_LEVELS))
		return check_refuse(c, at(c, "ioPriority/priority"), "%lld is outside 0 to %d",
				    (long long)io->priority, IOPRIO_NR_LEVELS - 1);
	return 0;
}

static int affinity(struct check *c)
{
	const struct oci_process *p = process(c);

	if (p->exec_cpu_initial && !check_is_id_list(p->exec_cpu_initial))
		return check_refuse(c, at(c, "execCPUAffinity/initial"),
				    "'%.100s' is not a list of cpus like '0-3,7'",
				    p->exec_cpu_initial);
	if (p->exec_cpu_final && !check_is_id_list(p->exec_cpu_final))
		return check_refuse(c, at(c, "execCPUAffinity/final"),
				    "'%.100s' is not a list of cpus like '0-3,7'",
				    p->exec_cpu_final);
	return 0;
}

int check_process(struct check *c)
{
	static check_fn *const groups[] = {
		cwd,	       args,   env,	  console_size, user,	  rlimits,
		oom_score_adj, labels, scheduler, io_priority,	affinity,
	};

	if (!process(c)->set)
		return 0;
	return check_groups(c, groups, sizeof(groups) / sizeof(groups[0]));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * linux.resources.memory and .cpu as files of the memory, cpu and cpuset controllers, and the list
 * of cgroup v1 features that have no meaning here. Rules: oci-checklist 1.6. Pure.
 */
#include "cgroups/internal.h"

enum {
	CPU_MIN_USEC = 1000,
	CPU_MAX_PERIOD_USEC = 1000000,
	CPU_DEFAULT_PERIOD_USEC = 100000
};

static int legacy_refuse(struct cgroup_builder *b, const char *what, const char *pointer)
{
	int r = err_set(b->e, ERR_UNSUPPORTED, 0, "%s is a cgroup v1 feature, cgroup v2 has none",
			what);

	err_hint(b->e, "remove the field");
	return cgroup_builder_fail(b, r, pointer);
}

static bool asked_i(struct opt_i64 n)
{
	return n.set && n.value != 0;
}

static bool asked_u(struct opt_u64 n)
{
	return n.set && n.value != 0;
}

int cgroup_emit_legacy(struct cgroup_builder *b)
{
	const struct oci_resources *r = b->r;
	const struct {
		bool asked;
		const char *what, *pointer;
	} fields[] = {
		{ asked_i(r->memory.kernel), "kernel memory limit", "memory/kernel" },
		{ asked_i(r->memory.kernel_tcp), "kernel TCP memory limit", "memory/kernelTCP" },
		{ asked_u(r->memory.swappiness), "memory swappiness", "memory/swappiness" },
		{ r->memory.disable_oom_killer, "disabling the OOM killer",
		  "memory/disableOOMKiller" },
		{ r->memory.use_hierarchy, "memory useHierarchy", "memory/useHierarchy" },
		{ asked_i(r->cpu.realtime_runtime), "realtime runtime", "cpu/realtimeRuntime" },
		{ asked_u(r->cpu.realtime_period), "realtime period", "cpu/realtimePeriod" },
		{ asked_u(r->block_io.leaf_weight), "block I/O leaf weight", "blockIO/leafWeight" },
		{ asked_u(r->network.class_id), "network class id", "network/classID" },
		{ r->network.priorities.count > 0, "network priority", "network/priorities" },
	};

	int ret = 0;

	for (size_t i = 0; ret == 0 && i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *pointer;

		if (!fields[i].asked)
			continue;
		pointer = arena_printf(b->a, CGROUP_RESOURCES "%s", fields[i].pointer);
		ret = legacy_refuse(b, fields[i].what, pointer ? pointer : fields[i].pointer);
	}
	return ret;
}

static int number_bad(struct cgroup_builder *b, const char *what, long long n, const char *rule,
		      const char *pointer)
{
	return cgroup_builder_fail(
		b, err_set(b->e, ERR_CONFIG, 0, "bad %s %lld: %s", what, n, rule), pointer);
}

/* Bytes with 0: nothing to do, -1: the maximum; @need is for that case. */
static int bytes_add(struct cgroup_builder *b, const char *file, const char *what, struct opt_i64 n,
		     enum cgroup_need need, const char *pointer)
{
	struct cgroup_file f = { .name = file, .controller = "memory", .origin = pointer };

	if (!asked_i(n))
		return 0;
	if (n.value < -1)
		return number_bad(b, what, n.value, "must be bytes or -1", pointer);
	if (n.value == -1) {
		f.value = "max";
		f.need = need;
	} else {
		f.value = arena_printf(b->a, "%lld", (long long)n.value);
	}
	return cgroup_builder_add(b, f);
}

static int swap_add(struct cgroup_builder *b)
{
	const char *pointer = CGROUP_RESOURCES "memory/swap";
	struct cgroup_file f = { .name = "memory.swap.max", .controller = "memory" };
	int64_t limit = b->r->memory.limit.set ? b->r->memory.limit.value : 0;
	int64_t swap = b->r->memory.swap.set ? b->r->memory.swap.value : 0;
	uint64_t bytes = 0;

	f.origin = pointer;
	switch (cgroup_convert_swap(limit, swap, &bytes)) {
	case CGROUP_SWAP_UNSET: return 0;
	case CGROUP_SWAP_NEGATIVE:
		if (limit < -1) /* the limit has been refused */
			return 0;
		return number_bad(b, "memory and swap limit", swap, "must be bytes or -1", pointer);
	case CGROUP_SWAP_NO_LIMIT:
		return number_bad(b, "memory and swap limit", swap, "needs a memory limit",
				  pointer);
	case CGROUP_SWAP_TOO_LOW:
		return number_bad(b, "memory and swap limit", swap,
				  "must not be less than the memory limit", pointer);
	case CGROUP_SWAP_MAX:
		f.value = "max";
		f.need = CGROUP_OPTIONAL;
		if (swap == 0) {
			f.origin = CGROUP_RESOURCES "memory/limit";
			f.formula = "unlimited like the memory";
		}
		break;
	case CGROUP_SWAP_BYTES:
		f.value = arena_printf(b->a, "%llu", (unsigned long long)bytes);
		f.formula = "swap - limit";
		/* a kernel without swap has no such file, and no swap to use */
		f.need = bytes == 0 ? CGROUP_OPTIONAL : CGROUP_REQUIRED;
		break;
	}
	return cgroup_builder_add(b, f);
}

int cgroup_emit_memory(struct cgroup_builder *b)
{
	const struct oci_memory *m = &b->r->memory;
	int r = bytes_add(b, "memory.max", "memory limit", m->limit, CGROUP_OPTIONAL,
			  CGROUP_RESOURCES "memory/limit");

	if (r == 0)
		r = swap_add(b);
	if (r == 0)
		r = bytes_add(b, "memory.low", "memory reservation", m->reservation,
			      CGROUP_REQUIRED, CGROUP_RESOURCES "memory/reservation");
	if (r == 0 && m->check_before_update) {
		b->plan->memory_check.set = true;
		b->plan->memory_check.limit = m->limit.set ? m->limit.value : 0;
		b->plan->memory_check.swap = m->swap.set ? m->swap.value : 0;
	}
	return r;
}

static int idle_and_weight_add(struct cgroup_builder *b)
{
	const struct oci_cpu *c = &b->r->cpu;
	struct cgroup_file idle = { .name = "cpu.idle", .controller = "cpu" };
	struct cgroup_file weight = { .name = "cpu.weight", .controller = "cpu" };
	int r = 0;

	idle.origin = CGROUP_RESOURCES "cpu/idle";
	if (c->idle.set) {
		if (c->idle.value != 0 && c->idle.value != 1)
			return number_bad(b, "cpu idle", c->idle.value, "must be 0 or 1",
					  idle.origin);
		idle.value = c->idle.value ? "1" : "0";
		idle.need = c->idle.value ? CGROUP_REQUIRED : CGROUP_OPTIONAL;
		r = cgroup_builder_add(b, idle);
	}
	/* an idle cgroup has no weight: the kernel refuses to set one */
	if (r < 0 || !asked_u(c->shares) || (c->idle.set && c->idle.value == 1))
		return r;
	weight.origin = CGROUP_RESOURCES "cpu/shares";
	weight.formula = "ceil(10^((l^2 + 125 l) / 612 - 7 / 34)), l = log2(shares)";
	weight.value = arena_printf(b->a, "%llu",
				    (unsigned long long)cgroup_convert_shares(c->shares.value));
	return cgroup_builder_add(b, weight);
}

static int bandwidth_check(struct cgroup_builder *b)
{
	const struct oci_cpu *c = &b->r->cpu;
	int r = 0;

	if (asked_i(c->quota) && c->quota.value > 0 && c->quota.value < CPU_MIN_USEC)
		r = number_bad(b, "cpu quota", c->quota.value, "must be at least 1000 us",
			       CGROUP_RESOURCES "cpu/quota");
	if (r == 0 && asked_u(c->period) &&
	    (c->period.value < CPU_MIN_USEC || c->period.value > CPU_MAX_PERIOD_USEC))
		r = number_bad(b, "cpu period", (long long)c->period.value,
			       "must be 1000 to 1000000 us", CGROUP_RESOURCES "cpu/period");
	if (r == 0 && c->burst.set && c->quota.set && c->quota.value > 0 &&
	    c->burst.value > (uint64_t)c->quota.value)
		r = number_bad(b, "cpu burst", (long long)c->burst.value,
			       "must not be more than the quota", CGROUP_RESOURCES "cpu/burst");
	return r;
}

static int bandwidth_add(struct cgroup_builder *b)
{
	const struct oci_cpu *c = &b->r->cpu;
	struct cgroup_file max = { .name = "cpu.max", .controller = "cpu" };
	unsigned long long period = asked_u(c->period) ? c->period.value : CPU_DEFAULT_PERIOD_USEC;

	if (!asked_i(c->quota) && !asked_u(c->period))
		return 0;
	if (asked_i(c->quota) && c->quota.value > 0) {
		max.value = arena_printf(b->a, "%lld %llu", (long long)c->quota.value, period);
	} else {
		max.value = arena_printf(b->a, "max %llu", period);
		max.need = CGROUP_OPTIONAL;
	}
	max.formula = asked_u(c->period) ? NULL : "period 100000 us by default";
	max.origin =
		asked_i(c->quota) ? CGROUP_RESOURCES "cpu/quota" : CGROUP_RESOURCES "cpu/period";
	return cgroup_builder_add(b, max);
}

/* The kernel wants burst <= quota at any time: what to write first depends on the old values. */
static int burst_add(struct cgroup_builder *b)
{
	const struct oci_cpu *c = &b->r->cpu;
	struct cgroup_file f = { .name = "cpu.max.burst", .controller = "cpu" };

	if (!c->burst.set)
		return 0;
	f.origin = CGROUP_RESOURCES "cpu/burst";
	f.value = arena_printf(b->a, "%llu", (unsigned long long)c->burst.value);
	f.need = c->burst.value ? CGROUP_REQUIRED : CGROUP_OPTIONAL;
	f.retry_after_next = asked_i(c->quota) || asked_u(c->period);
	return cgroup_builder_add(b, f);
}

static int cpuset_add(struct cgroup_builder *b, const char *file, const char *list,
		      const char *pointer)
{
	struct cgroup_file f = { .name = file, .value = list, .controller = "cpuset" };

	if (!list || !*list)
		return 0;
	f.origin = pointer;
	return cgroup_builder_add(b, f);
}

int cgroup_emit_cpu(struct cgroup_builder *b)
{
	const struct oci_cpu *c = &b->r->cpu;
	int r = bandwidth_check(b);

	if (r == 0)
		r = idle_and_weight_add(b);
	if (r == 0)
		r = burst_add(b);
	if (r == 0)
		r = bandwidth_add(b);
	if (r == 0)
		r = cpuset_add(b, "cpuset.cpus", c->cpus, CGROUP_RESOURCES "cpu/cpus");
	if (r == 0)
		r = cpuset_add(b, "cpuset.mems", c->mems, CGROUP_RESOURCES "cpu/mems");
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See stats.h. The shape is runc's, whose callers are many; times are in nanoseconds there. */
#include "cli/stats.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/attach.h"
#include "net/link.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/num.h"

enum {
	NSEC_PER_USEC = 1000
};

static void psi_line(struct json_out *o, const char *key, const struct cgroup_psi_line *l)
{
	const struct {
		const char *key;
		double value;
	} averages[] = { { "avg10", l->avg10 }, { "avg60", l->avg60 }, { "avg300", l->avg300 } };
	char text[32];

	json_out_member_object(o, key);
	for (size_t i = 0; i < ARRAY_SIZE(averages); i++) {
		int n = snprintf(text, sizeof(text), "%.2f", averages[i].value);

		json_out_key(o, averages[i].key);
		json_out_raw(o, text, (size_t)n);
	}
	json_out_member_uint(o, "total", l->total_usec);
	json_out_end_object(o);
}

static void psi(struct json_out *o, const struct cgroup_psi *p)
{
	if (!p->known)
		return;
	json_out_member_object(o, "psi");
	psi_line(o, "some", &p->some);
	psi_line(o, "full", &p->full);
	json_out_end_object(o);
}

static void empty_array(struct json_out *o, const char *key)
{
	json_out_member_array(o, key);
	json_out_end_array(o);
}

static void cpu(struct json_out *o, const struct cgroup_stats *s)
{
	json_out_member_object(o, "cpu");
	json_out_member_object(o, "usage");
	json_out_member_uint(o, "total", s->cpu.usage_usec * NSEC_PER_USEC);
	/* cgroup v2 does not count by CPU */
	empty_array(o, "percpu");
	empty_array(o, "percpu_kernel");
	empty_array(o, "percpu_user");
	json_out_member_uint(o, "kernel", s->cpu.system_usec * NSEC_PER_USEC);
	json_out_member_uint(o, "user", s->cpu.user_usec * NSEC_PER_USEC);
	json_out_end_object(o);
	json_out_member_object(o, "throttling");
	json_out_member_uint(o, "periods", s->cpu.periods);
	json_out_member_uint(o, "throttledPeriods", s->cpu.throttled_periods);
	json_out_member_uint(o, "throttledTime", s->cpu.throttled_usec * NSEC_PER_USEC);
	json_out_end_object(o);
	psi(o, &s->cpu.psi);
	json_out_end_object(o);
}

static void cpuset(struct json_out *o, const struct cgroup_stats *s)
{
	json_out_member_object(o, "cpuset");
	json_out_member_string(o, "cpus_effective", s->cpus);
	json_out_member_string(o, "mems_effective", s->mems);
	json_out_end_object(o);
}

static void memory_entry(struct json_out *o, const char *key, struct cgroup_usage u,
			 uint64_t failures)
{
	json_out_member_object(o, key);
	json_out_member_uint(o, "limit", u.max);
	json_out_member_uint(o, "usage", u.current);
	json_out_member_uint(o, "max", u.peak);
	json_out_member_uint(o, "failcnt", failures);
	json_out_end_object(o);
}

/* Memory and swap together, as callers expect. */
static struct cgroup_usage with_swap(const struct cgroup_stats *s)
{
	const struct cgroup_usage *m = &s->memory.memory, *w = &s->memory.swap;
	bool unlimited = m->max == UINT64_MAX || w->max > UINT64_MAX - m->max;

	return (struct cgroup_usage){ .current = m->current + w->current,
				      .max = unlimited ? UINT64_MAX : m->max + w->max,
				      .peak = m->peak + w->peak };
}

static void memory(struct json_out *o, const struct cgroup_stats *s)
{
	uint64_t cache = 0;

	for (size_t i = 0; i < s->memory.raw.count; i++)
		if (strcmp(s->memory.raw.items[i].name, "file") == 0)
			cache = s->memory.raw.items[i].value;
	json_out_member_object(o, "memory");
	json_out_member_uint(o, "cache", cache);
	memory_entry(o, "usage", s->memory.memory, s->memory.max_events);
	memory_entry(o, "swap", with_swap(s), 0);
	memory_entry(o, "kernel", (struct cgroup_usage){ 0 }, 0);
	memory_entry(o, "kernelTCP", (struct cgroup_usage){ 0 }, 0);
	json_out_member_object(o, "raw");
	for (size_t i = 0; i < s->memory.raw.count; i++)
		json_out_member_uint(o, s->memory.raw.items[i].name, s->memory.raw.items[i].value);
	json_out_end_object(o);
	psi(o, &s->memory.psi);
	json_out_end_object(o);
}

static void io_entry(struct json_out *o, const struct cgroup_io *io, const char *op, uint64_t value)
{
	json_out_object(o);
	json_out_member_uint(o, "major", io->major);
	json_out_member_uint(o, "minor", io->minor);
	json_out_member_string(o, "op", op);
	json_out_member_uint(o, "value", value);
	json_out_end_object(o);
}

static void blkio(struct json_out *o, const struct cgroup_stats *s)
{
	json_out_member_object(o, "blkio");
	json_out_member_array(o, "ioServiceBytesRecursive");
	for (size_t i = 0; i < s->io.count; i++) {
		io_entry(o, &s->io.items[i], "Read", s->io.items[i].rbytes);
		io_entry(o, &s->io.items[i], "Write", s->io.items[i].wbytes);
		io_entry(o, &s->io.items[i], "Discard", s->io.items[i].dbytes);
	}
	json_out_end_array(o);
	json_out_member_array(o, "ioServicedRecursive");
	for (size_t i = 0; i < s->io.count; i++) {
		io_entry(o, &s->io.items[i], "Read", s->io.items[i].rios);
		io_entry(o, &s->io.items[i], "Write", s->io.items[i].wios);
		io_entry(o, &s->io.items[i], "Discard", s->io.items[i].dios);
	}
	json_out_end_array(o);
	psi(o, &s->io.psi);
	json_out_end_object(o);
}

static void hugetlb(struct json_out *o, const struct cgroup_stats *s)
{
	json_out_member_object(o, "hugetlb");
	for (size_t i = 0; i < s->hugetlb.count; i++) {
		const struct cgroup_hugetlb *h = &s->hugetlb.items[i];

		json_out_member_object(o, h->size);
		json_out_member_uint(o, "usage", h->usage.current);
		json_out_member_uint(o, "max", h->usage.peak);
		json_out_member_uint(o, "failcnt", h->failures);
		json_out_end_object(o);
	}
	json_out_end_object(o);
}

/* As runc's structs have it, which name their members only in Go. */
static void interface(struct json_out *o, const char *name, const struct net_stats *s)
{
	json_out_object(o);
	json_out_member_string(o, "Name", name);
	json_out_member_uint(o, "RxBytes", s->rx_bytes);
	json_out_member_uint(o, "RxPackets", s->rx_packets);
	json_out_member_uint(o, "RxErrors", 0);
	json_out_member_uint(o, "RxDropped", s->rx_dropped);
	json_out_member_uint(o, "TxBytes", s->tx_bytes);
	json_out_member_uint(o, "TxPackets", s->tx_packets);
	json_out_member_uint(o, "TxErrors", 0);
	json_out_member_uint(o, "TxDropped", s->tx_dropped);
	json_out_end_object(o);
}

static void interfaces(struct json_out *o, const struct net_setup *net)
{
	cleanup_fd int sock = -EBADF;

	if (!net_setup_makes_links(net))
		return;
	sock = link_socket();
	json_out_member_array(o, "network_interfaces");
	for (size_t i = 0; sock >= 0 && i < net->items.count; i++) {
		struct net_stats s;

		if (net_stats_read(sock, &net->items.items[i], &s) == 0)
			interface(o, net->items.items[i].name, &s);
	}
	json_out_end_array(o);
}

void stats_json(struct json_out *o, const struct cgroup_stats *s, const struct net_setup *net)
{
	const struct cgroup_usage *tasks = &s->pids.tasks;

	json_out_object(o);
	cpu(o, s);
	cpuset(o, s);
	memory(o, s);
	json_out_member_object(o, "pids");
	json_out_member_uint(o, "current", tasks->current);
	json_out_member_uint(o, "limit", tasks->max == UINT64_MAX ? 0 : tasks->max);
	json_out_end_object(o);
	blkio(o, s);
	hugetlb(o, s);
	interfaces(o, net);
	json_out_end_object(o);
}

int stats_interval(const char *text, int64_t fallback, int64_t *ret_ms, struct err *e)
{
	*ret_ms = fallback;
	if (!text)
		return 0;
	if (num_parse_duration(text, ret_ms) < 0) {
		err_set(e, ERR_USAGE, 0, "option --interval: '%s' is not a duration", text);
		err_hint(e, "write it like 5s, 500ms or 1m30s");
		return -EINVAL;
	}
	if (*ret_ms < 1)
		return err_set(e, ERR_USAGE, 0,
			       "option --interval: the interval must be greater than 0");
	return 0;
}

uint64_t stats_now_usec(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail with this clock */
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / NSEC_PER_USEC;
}

int stats_print_line(struct json_out *o, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r = json_out_finish(o, &text, &len);

	json_out_free(o);
	if (r == 0) {
		text[len] = '\n'; /* in place of the terminator */
		r = io_write_all(STDOUT_FILENO, text, len + 1);
	}
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write to the standard output") : 0;
}

int stats_open(struct cli *cli, const char *id, struct container **ret, struct cgroup *ret_cg,
	       struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	int r = cli_container(cli, id, false, &c, &status, e);

	if (r < 0)
		return r;
	if (status == STATUS_STOPPED || status == STATUS_CREATING)
		return err_set(e, ERR_STATE, 0, "container with id %s is not running", id);
	if (!c->record.cgroup_path)
		return err_set(e, ERR_STATE, EOPNOTSUPP, "container '%s' has no cgroup to look at",
			       id);
	r = container_open_cgroup(c, ret_cg, e);
	if (r == 0)
		*ret = take_ptr(c);
	return r;
}

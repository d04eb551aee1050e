// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr stats: what containers use, as a table that renews itself, or as JSON. */
#include "cli/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "container/merging.h"
#include "container/store.h"
#include "net/attach.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/strbuf.h"

enum {
	INTERVAL_MS = 1000,
	FIRST_MS = 500 /* what a rate needs at least */
};

struct stats_options {
	const char *format, *interval;
	bool no_stream;
};

static const char *const formats[] = { "table", "json", NULL };

static const struct cli_option options[] = {
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct stats_options, format),
	  "table or json", formats },
	{ "interval", 0, CLI_STRING, "DURATION", offsetof(struct stats_options, interval),
	  "time between two looks (default 1s)", NULL },
	{ "no-stream", 0, CLI_FLAG, NULL, offsetof(struct stats_options, no_stream),
	  "show them once, and that is all", NULL },
	{ 0 },
};

/* What has to be remembered of a container to tell a rate. */
struct sample {
	char id[CONTAINER_ID_MAX + 1];
	uint64_t cpu_usec, at_usec;
	bool current; /* seen in this round */
};

struct board {
	struct cli *cli;
	char **ids; /* NULL-terminated; empty: all that run */
	struct sample *samples;
	size_t count;
	bool show, first;
	struct json_out *json; /* NULL: a table */
	struct err *e;
};

static void board_free(struct board *b)
{
	free(b->samples);
}

static struct sample *sample_of(struct board *b, const char *id)
{
	struct sample *grown;

	for (size_t i = 0; i < b->count; i++)
		if (strcmp(b->samples[i].id, id) == 0)
			return &b->samples[i];
	grown = reallocarray(b->samples, b->count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	b->samples = grown;
	memset(&grown[b->count], 0, sizeof(*grown));
	(void)snprintf(grown[b->count].id, sizeof(grown->id), "%s", id);
	return &grown[b->count++];
}

/* CPU time since the last look, in percent of one CPU; < 0 when this is the first one. */
static double cpu_percent(struct sample *s, uint64_t usage)
{
	uint64_t now = stats_now_usec();
	double percent =
		s->at_usec && now > s->at_usec && usage >= s->cpu_usec
			? 100.0 * (double)(usage - s->cpu_usec) / (double)(now - s->at_usec)
			: -1;

	s->at_usec = now;
	s->cpu_usec = usage;
	s->current = true;
	return percent;
}

static uint64_t io_sum(const struct cgroup_stats *s, bool write)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->io.count; i++)
		sum += write ? s->io.items[i].wbytes : s->io.items[i].rbytes;
	return sum;
}

/* ---- the table ---- */

/* "-" for what is unlimited or not known. */
static const char *human(uint64_t bytes, bool known, char *buf, size_t size)
{
	if (known && bytes != UINT64_MAX)
		return cli_size_text(bytes, buf, size);
	(void)snprintf(buf, size, "-");
	return buf;
}

static void pair(char *buf, size_t size, uint64_t a, uint64_t b, bool known)
{
	char left[16], right[16];

	(void)snprintf(buf, size, "%s / %s", human(a, known, left, sizeof(left)),
		       human(b, known, right, sizeof(right)));
}

static void tasks_text(char *buf, size_t size, const struct cgroup_stats *s)
{
	struct strbuf out = STRBUF_OVER(buf, size);

	if (!s->pids.known)
		strbuf_adds(&out, "-");
	else if (s->pids.tasks.max == UINT64_MAX)
		strbuf_addf(&out, "%" PRIu64, s->pids.tasks.current);
	else
		strbuf_addf(&out, "%" PRIu64 "/%" PRIu64, s->pids.tasks.current, s->pids.tasks.max);
}

static void pressure_text(char *buf, size_t size, const struct cgroup_stats *s)
{
	const struct cgroup_psi *const all[] = { &s->cpu.psi, &s->memory.psi, &s->io.psi };
	struct strbuf out = STRBUF_OVER(buf, size);

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		strbuf_adds(&out, i ? " " : "");
		if (all[i]->known)
			strbuf_addf(&out, "%.0f", all[i]->some.avg10);
		else
			strbuf_adds(&out, "-");
	}
}

static void print_header(void)
{
	(void)printf("%-24s %7s  %-17s %6s %8s  %-12s %-17s %-17s %s\n", "ID", "CPU %",
		     "MEMORY / LIMIT", "MEM %", "SAVED", "PIDS", "READ / WRITTEN",
		     "RECEIVED / SENT", "STALLED % CPU MEM IO");
}

/* What one look at a container tells. */
struct seen {
	double cpu; /* percent; < 0: the first look */
	struct cgroup_stats s;
	struct net_stats net;
	struct merging_stats merging;
};

/* Before anything has been merged, the kernel's own notes cost more than nothing. */
static const char *saved(const struct merging_stats *m, char *buf, size_t size)
{
	return human(m->profit_bytes > 0 ? (uint64_t)m->profit_bytes : 0, m->known, buf, size);
}

static void print_row(const char *id, const struct seen *seen)
{
	const struct cgroup_stats *s = &seen->s;
	const struct net_stats *net = &seen->net;
	char busy[16] = "-", used[16] = "-", memory[40], io[40], traffic[40], tasks[48],
	     pressure[48], merged[16];
	const struct cgroup_usage *m = &s->memory.memory;

	if (seen->cpu >= 0)
		(void)snprintf(busy, sizeof(busy), "%.1f", seen->cpu);
	if (s->memory.known && m->max && m->max != UINT64_MAX)
		(void)snprintf(used, sizeof(used), "%.1f",
			       100.0 * (double)m->current / (double)m->max);
	pair(memory, sizeof(memory), m->current, m->max, s->memory.known);
	pair(io, sizeof(io), io_sum(s, false), io_sum(s, true), s->io.count > 0);
	pair(traffic, sizeof(traffic), net->rx_bytes, net->tx_bytes, net->known);
	tasks_text(tasks, sizeof(tasks), s);
	pressure_text(pressure, sizeof(pressure), s);
	(void)printf("%-24s %7s  %-17s %6s %8s  %-12s %-17s %-17s %s\n", id, busy, memory, used,
		     saved(&seen->merging, merged, sizeof(merged)), tasks, io, traffic, pressure);
}

/* ---- JSON ---- */

static void member_real(struct json_out *o, const char *key, double value)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%.2f", value);

	json_out_key(o, key);
	json_out_raw(o, text, (size_t)n);
}

static void member_limit(struct json_out *o, const char *key, uint64_t value)
{
	json_out_key(o, key);
	if (value == UINT64_MAX)
		json_out_null(o);
	else
		json_out_uint(o, value);
}

static void member_merging(struct json_out *o, const struct merging_stats *m)
{
	if (!m->known)
		return;
	json_out_member_object(o, "ksm");
	json_out_member_uint(o, "mergingPages", m->pages);
	json_out_member_int(o, "profitBytes", m->profit_bytes);
	json_out_end_object(o);
}

static void json_row(struct json_out *o, const char *id, const struct seen *seen)
{
	const struct cgroup_stats *s = &seen->s;
	const struct net_stats *net = &seen->net;

	json_out_object(o);
	json_out_member_string(o, "id", id);
	member_real(o, "cpuPercent", seen->cpu < 0 ? 0 : seen->cpu);
	json_out_member_uint(o, "cpuUsec", s->cpu.usage_usec);
	if (s->memory.known) {
		json_out_member_uint(o, "memory", s->memory.memory.current);
		member_limit(o, "memoryLimit", s->memory.memory.max);
		json_out_member_uint(o, "memoryPeak", s->memory.memory.peak);
		json_out_member_uint(o, "oomKills", s->memory.oom_kills);
	}
	if (s->pids.known) {
		json_out_member_uint(o, "pids", s->pids.tasks.current);
		member_limit(o, "pidsLimit", s->pids.tasks.max);
	}
	json_out_member_uint(o, "ioRead", io_sum(s, false));
	json_out_member_uint(o, "ioWritten", io_sum(s, true));
	if (net->known) {
		json_out_member_uint(o, "netReceived", net->rx_bytes);
		json_out_member_uint(o, "netSent", net->tx_bytes);
		json_out_member_uint(o, "netDropped", net->rx_dropped + net->tx_dropped);
		member_limit(o, "netReceiveLimit", net->rx_limit ? net->rx_limit : UINT64_MAX);
		member_limit(o, "netSendLimit", net->tx_limit ? net->tx_limit : UINT64_MAX);
	}
	member_merging(o, &seen->merging);
	json_out_member_object(o, "pressure");
	member_real(o, "cpu", s->cpu.psi.some.avg10);
	member_real(o, "memory", s->memory.psi.some.avg10);
	member_real(o, "io", s->io.psi.some.avg10);
	json_out_end_object(o);
	json_out_end_object(o);
}

/* ---- one look at one container, at all of them ---- */

static void free_arena(struct arena *a)
{
	arena_free(a);
}

static int look(const char *id, void *data)
{
	struct board *b = data;
	cleanup_(container_freep) struct container *c = NULL;
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	cleanup_(free_arena) struct arena a = { 0 };
	struct sample *sample;
	struct seen seen;
	int r = stats_open(b->cli, id, &c, &cg, b->e);

	/* who was named must be there when we begin; later, and in general, they come and go */
	if (r < 0)
		return b->first && b->ids[0] ? r : 0;
	r = cgroup_stats_read(&cg, &a, &seen.s, b->e);
	if (r < 0)
		return r;
	sample = sample_of(b, id);
	if (!sample)
		return err_set(b->e, ERR_SYSTEM, ENOMEM, "remember container '%s'", id);
	seen.cpu = cpu_percent(sample, seen.s.cpu.usage_usec);
	net_stats_sum(&c->record.network, &seen.net);
	merging_read(c, &seen.merging);
	if (b->show && b->json)
		json_row(b->json, id, &seen);
	else if (b->show)
		print_row(id, &seen);
	return 0;
}

/* Forget those that are gone; how many are left. */
static size_t board_trim(struct board *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++) {
		if (!b->samples[i].current)
			continue;
		b->samples[n] = b->samples[i];
		b->samples[n++].current = false;
	}
	b->count = n;
	return n;
}

static int look_at_all(struct board *b)
{
	int r = 0;

	if (!b->ids[0])
		return b->cli->store >= 0 ? store_each(b->cli->store, look, b, b->e) : 0;
	for (char **id = b->ids; r == 0 && *id; id++)
		r = look(*id, b);
	return r;
}

static int round_json(struct board *b)
{
	struct json_out o;
	int r;

	if (json_out_init(&o, false) < 0)
		return err_set(b->e, ERR_SYSTEM, ENOMEM, "show the statistics");
	/* cppcheck-suppress autoVariables ; taken back below */
	b->json = &o;
	json_out_array(&o);
	r = look_at_all(b);
	b->json = NULL;
	json_out_end_array(&o);
	if (r == 0)
		return stats_print_line(&o, b->e);
	json_out_free(&o);
	return r;
}

static int round_table(struct board *b)
{
	int r;

	if (isatty(STDOUT_FILENO))
		(void)printf("\033[H\033[J");
	print_header();
	r = look_at_all(b);
	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = err_set(b->e, ERR_SYSTEM, errno, "write to the standard output");
	return r;
}

static int stream(struct board *b, bool json, bool once, int interval)
{
	int r = look_at_all(b);
	bool named = b->ids[0] != NULL;

	b->first = false;
	b->show = true;
	while (r == 0) {
		bool any = board_trim(b) > 0;

		if (named && !any)
			return 0;
		(void)poll(NULL, 0, interval); /* only a pause */
		r = json ? round_json(b) : round_table(b);
		if (once)
			break;
	}
	return r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct stats_options *o = opts;
	cleanup_(board_free) struct board b = { .cli = cli, .ids = args, .first = true, .e = e };
	int64_t interval;
	int r = stats_interval(o->interval, o->no_stream ? FIRST_MS : INTERVAL_MS, &interval, e);

	if (r < 0)
		return r;
	r = cli_store(cli, false, e);
	if (r < 0 && (r != -ENOENT || args[0])) /* no state directory: no containers */
		return args[0] && r == -ENOENT ? look(args[0], &b) : r;
	if (interval > INT32_MAX)
		return err_set(e, ERR_USAGE, 0, "option --interval: longer than a few weeks");
	return stream(&b, o->format && strcmp(o->format, "json") == 0, o->no_stream, (int)interval);
}

const struct cli_command cli_stats = {
	.name = "stats",
	.args = "[CONTAINER...]",
	.summary = "Show what containers use, continuously",
	.options = options,
	.run = run,
	.options_size = sizeof(struct stats_options),
	.max_args = -1,
};

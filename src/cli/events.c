// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr events: statistics at intervals, and what happens to a container's limits, as JSON lines. */
#include "cli/stats.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "container/watchers.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	INTERVAL_MS = 5000,
	PRESSURES_MAX = 16
};

struct events_options {
	const char *interval;
	bool stats;
	struct cli_list pressure;
};

static const struct cli_option options[] = {
	{ "interval", 0, CLI_STRING, "DURATION", offsetof(struct events_options, interval),
	  "time between statistics (default 5s)", NULL },
	{ "stats", 0, CLI_FLAG, NULL, offsetof(struct events_options, stats),
	  "show the statistics once, and that is all", NULL },
	{ "pressure", 0, CLI_LIST, "TRIGGER", offsetof(struct events_options, pressure),
	  "RESOURCE:some|full:STALL/WINDOW in us: tell when tasks stall (repeatable)", NULL },
	{ 0 },
};

/* Counters of event files, and the type of the event that tells of their growth. */
static const struct {
	const char *file, *key, *type;
} counters[] = {
	{ "memory.events", "oom_kill", "oom" },
	{ "memory.events", "high", "memory.high" },
	{ "memory.events", "max", "memory.max" },
	{ "pids.events", "max", "pids.max" },
};

enum {
	COUNTERS = ARRAY_SIZE(counters),
	ON_INIT = COUNTERS, /* entries of the poll set: counters, init, pressure */
	ON_PRESSURE,
	ENTRIES = ON_PRESSURE + PRESSURES_MAX
};

struct trigger {
	char resource[8];
	bool full;
	unsigned long long stall, window;
};

struct stream {
	const char *id;
	const struct net_setup *network; /* of its record */
	struct cgroup cg;
	struct pollfd polls[ENTRIES];
	uint64_t last[COUNTERS];
	struct trigger triggers[PRESSURES_MAX];
	size_t trigger_count;
	uint64_t interval_usec;
	int hold; /* of watchers_join */
};

static void stream_close(struct stream *s)
{
	cgroup_close(&s->cg);
	close_fd(&s->hold);
	for (size_t i = 0; i < ENTRIES; i++)
		close_fd(&s->polls[i].fd);
}

/* "memory:some:150000/1000000" */
static int trigger_parse(const char *text, struct trigger *ret, struct err *e)
{
	static const char *const resources[] = { "cpu", "memory", "io" };
	char kind[8], end;

	if (sscanf(text, "%7[a-z]:%7[a-z]:%llu/%llu%c", ret->resource, kind, &ret->stall,
		   &ret->window, &end) == 4 &&
	    (strcmp(kind, "some") == 0 || strcmp(kind, "full") == 0)) {
		ret->full = kind[0] == 'f';
		for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
			if (strcmp(ret->resource, resources[i]) == 0)
				return 0;
	}
	err_set(e, ERR_USAGE, 0, "option --pressure: '%.100s' is not a trigger", text);
	err_hint(e,
		 "write it like memory:some:150000/1000000, with cpu, memory or io, some or full");
	return -EINVAL;
}

static int triggers_parse(struct stream *s, const struct cli_list *list, struct err *e)
{
	int r = 0;

	if (list->count > PRESSURES_MAX)
		return err_set(e, ERR_USAGE, 0, "more than %d triggers", PRESSURES_MAX);
	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = trigger_parse(list->items[i], &s->triggers[i], e);
	s->trigger_count = list->count;
	return r;
}

static int watch(struct stream *s, const struct container *c, struct err *e)
{
	int r;

	watchers_join(c, &s->hold);
	r = process_open(&c->record.init, &s->polls[ON_INIT].fd);
	if (r < 0)
		return err_set(e, ERR_STATE, 0, "container with id %s is not running", s->id);
	s->polls[ON_INIT].events = POLLIN;
	for (size_t i = 0; r == 0 && i < COUNTERS; i++) {
		r = cgroup_watch(&s->cg, counters[i].file, &s->polls[i].fd, e);
		s->polls[i].events = POLLPRI;
		s->last[i] = cgroup_watch_read(s->polls[i].fd, counters[i].key);
	}
	for (size_t i = 0; r == 0 && i < s->trigger_count; i++) {
		const struct trigger *t = &s->triggers[i];

		r = cgroup_pressure_watch(&s->cg, t->resource, t->full, t->stall, t->window,
					  &s->polls[ON_PRESSURE + i].fd, e);
		s->polls[ON_PRESSURE + i].events = POLLPRI;
	}
	return r;
}

/* ---- output ---- */

static int event_begin(struct json_out *o, const char *type, const char *id, struct err *e)
{
	if (json_out_init(o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write an event");
	json_out_object(o);
	json_out_member_string(o, "type", type);
	json_out_member_string(o, "id", id);
	return 0;
}

static void free_arena(struct arena *a)
{
	arena_free(a);
}

static int print_stats(const struct stream *s, struct err *e)
{
	cleanup_(free_arena) struct arena a = { 0 };
	struct cgroup_stats stats;
	struct json_out o;
	int r = cgroup_stats_read(&s->cg, &a, &stats, e);

	if (r == 0)
		r = event_begin(&o, "stats", s->id, e);
	if (r < 0)
		return r;
	json_out_key(&o, "data");
	stats_json(&o, &stats, s->network);
	json_out_end_object(&o);
	return stats_print_line(&o, e);
}

/* containerd knows "oom", which has no data; the others say how often it has happened by now. */
static int print_counter(const struct stream *s, size_t i, struct err *e)
{
	struct json_out o;
	int r = event_begin(&o, counters[i].type, s->id, e);

	if (r < 0)
		return r;
	if (strcmp(counters[i].type, "oom") != 0) {
		json_out_member_object(&o, "data");
		json_out_member_uint(&o, "count", s->last[i]);
		json_out_end_object(&o);
	}
	json_out_end_object(&o);
	return stats_print_line(&o, e);
}

static int print_pressure(const struct stream *s, const struct trigger *t, struct err *e)
{
	struct json_out o;
	int r = event_begin(&o, "pressure", s->id, e);

	if (r < 0)
		return r;
	json_out_member_object(&o, "data");
	json_out_member_string(&o, "resource", t->resource);
	json_out_member_string(&o, "kind", t->full ? "full" : "some");
	json_out_member_uint(&o, "stall", t->stall);
	json_out_member_uint(&o, "window", t->window);
	json_out_end_object(&o);
	json_out_end_object(&o);
	return stats_print_line(&o, e);
}

/* ---- the loop ---- */

/* Read all, and only then write: whoever removes the container waits until the last have been read. */
static int counters_check(struct stream *s, struct err *e)
{
	bool grown[COUNTERS];
	int r = 0;

	for (size_t i = 0; i < COUNTERS; i++) {
		uint64_t now = cgroup_watch_read(s->polls[i].fd, counters[i].key);

		grown[i] = now > s->last[i];
		if (grown[i])
			s->last[i] = now;
	}
	if (s->polls[ON_INIT].revents)
		close_fd(&s->hold);
	for (size_t i = 0; r == 0 && i < COUNTERS; i++)
		if (grown[i])
			r = print_counter(s, i, e);
	return r;
}

static int pressure_check(struct stream *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->trigger_count; i++) {
		struct pollfd *p = &s->polls[ON_PRESSURE + i];

		if (p->revents & POLLERR) /* the cgroup was removed */
			close_fd(&p->fd);
		else if (p->revents & POLLPRI)
			r = print_pressure(s, &s->triggers[i], e);
	}
	return r;
}

static int loop(struct stream *s, struct err *e)
{
	uint64_t next = stats_now_usec() + s->interval_usec;
	int r = 0;

	while (r == 0) {
		uint64_t now = stats_now_usec();
		int timeout = now < next ? (int)((next - now) / 1000 + 1) : 0;

		if (poll(s->polls, ON_PRESSURE + s->trigger_count, timeout) < 0 && errno != EINTR)
			return err_set(e, ERR_SYSTEM, errno, "wait for events");
		r = counters_check(s, e);
		if (r == 0)
			r = pressure_check(s, e);
		if (s->polls[ON_INIT].revents)
			return r;
		if (r == 0 && stats_now_usec() >= next) {
			r = print_stats(s, e);
			next += s->interval_usec;
		}
	}
	return r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct events_options *o = opts;
	cleanup_(container_freep) struct container *c = NULL;
	cleanup_(stream_close) struct stream s = { .id = args[0],
						   .cg = CGROUP_EMPTY,
						   .hold = -EBADF };
	int64_t interval;
	int r = stats_interval(o->interval, INTERVAL_MS, &interval, e);

	for (size_t i = 0; i < ENTRIES; i++)
		s.polls[i].fd = -EBADF;
	if (r == 0)
		r = triggers_parse(&s, &o->pressure, e);
	if (r == 0)
		r = stats_open(cli, args[0], &c, &s.cg, e);
	if (r < 0)
		return r;
	s.network = &c->record.network;
	s.interval_usec = (uint64_t)interval * 1000;
	if (o->stats)
		return print_stats(&s, e);
	r = watch(&s, c, e);
	return r < 0 ? r : loop(&s, e);
}

const struct cli_command cli_events = {
	.name = "events",
	.args = "CONTAINER",
	.summary = "Show statistics and events of a container as JSON lines",
	.options = options,
	.run = run,
	.options_size = sizeof(struct events_options),
	.min_args = 1,
	.max_args = 1,
};

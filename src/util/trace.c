// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/io.h"
#include "util/strbuf.h"

enum {
	MAX_EVENTS = 256, /* a command has a few dozen; what comes after them is left out */
	LINE_SIZE = 256,
	NS_PER_US = 1000
};

struct event {
	struct trace_phase phase;
	uint64_t end;
};

static struct {
	const char *path; /* NULL: nobody wants to know */
	unsigned count;
	struct event events[MAX_EVENTS];
} trace;

static uint64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int open_file(const char *path, struct err *e)
{
	int fd = open(path,
		      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
		      0600);

	return fd < 0 ? err_set(e, ERR_USAGE, errno, "open the file '%s' for the trace", path) : fd;
}

/* Not kept open: its number could be one that the payload is to get (--preserve-fds). */
int trace_open(const char *path, struct err *e)
{
	cleanup_fd int fd = open_file(path, e);

	if (fd < 0)
		return fd;
	trace.path = path;
	return 0;
}

struct trace_phase trace_begin(enum trace_lane lane, const char *name)
{
	return (struct trace_phase){ name, trace.path ? now() : 0, lane };
}

void trace_end(struct trace_phase *phase)
{
	if (phase->since && trace.count < MAX_EVENTS)
		trace.events[trace.count++] = (struct event){ *phase, now() };
}

/* @ns as microseconds with a fraction, which is what "ts" and "dur" are in. */
static void add_event(struct strbuf *out, const struct event *v, int pid)
{
	uint64_t since = v->phase.since, took = v->end - since;

	strbuf_addf(out,
		    ",\n{\"name\":\"%s\",\"cat\":\"ctr\",\"ph\":\"X\",\"ts\":%" PRIu64 ".%03" PRIu64
		    ",\"dur\":%" PRIu64 ".%03" PRIu64 ",\"pid\":%d,\"tid\":%d}",
		    v->phase.name, since / NS_PER_US, since % NS_PER_US, took / NS_PER_US,
		    took % NS_PER_US, pid, (int)v->phase.lane);
}

static void add_names(struct strbuf *out, const char *title, int pid)
{
	static const char *const lanes[TRACE_LANES] = {
		[TRACE_CTR] = "ctr",
		[TRACE_INIT] = "ctr-init",
	};

	strbuf_addf(
		out,
		"{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n{\"name\":\"process_name\",\"ph\":"
		"\"M\",\"pid\":%d,\"args\":{\"name\":\"%s\"}}",
		pid, title);
	for (int i = 0; i < TRACE_LANES; i++)
		strbuf_addf(out,
			    ",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":%d,\"tid\":%d,"
			    "\"args\":{\"name\":\"%s\"}}",
			    pid, i, lanes[i]);
}

int trace_finish(const char *title, struct err *e)
{
	static char text[(MAX_EVENTS + TRACE_LANES + 2) * LINE_SIZE];
	struct strbuf out = STRBUF_OVER(text, sizeof(text));
	cleanup_fd int fd = -EBADF;
	int pid = (int)getpid(), r;

	if (!trace.path)
		return 0;
	fd = open_file(trace.path, e);
	if (fd < 0)
		return fd;
	add_names(&out, title, pid);
	for (unsigned i = 0; i < trace.count; i++)
		add_event(&out, &trace.events[i], pid);
	strbuf_adds(&out, "\n]}\n");
	r = io_write_all(fd, text, strlen(text));
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write the trace") : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See standstill.h. */
#include "container/standstill.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>

#include "container/pausing.h"
#include "util/cleanup.h"

enum {
	FREEZE_DEADLINE_MS = 10000,
	EVENTS_SIZE = 256
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail with this clock */
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* From here on poll(2) tells whether anything has changed. */
static int watch(struct standstill *s, struct err *e)
{
	char text[EVENTS_SIZE];

	s->events = openat(s->cgroup->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (s->events < 0 || read(s->events, text, sizeof(text)) < 0)
		return err_set(e, ERR_SYSTEM, errno, "watch the container's cgroup");
	return 0;
}

static bool was_disturbed(struct standstill *s)
{
	struct pollfd p = { .fd = s->events, .events = POLLPRI };
	struct cgroup_events events = { 0 };

	if (poll(&p, 1, 0) != 0)
		return true;
	return cgroup_events_read(s->cgroup, &events, NULL) < 0 || !events.frozen;
}

int standstill_begin(struct standstill *s, struct err *e)
{
	struct cgroup_events events = { 0 };
	int r = 0;

	if (s->cgroup->fd < 0) {
		err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
			"a container without a cgroup cannot be stopped for a moment");
		err_hint(e, "stop the container first");
		return -EOPNOTSUPP;
	}
	s->paused = cgroup_freeze_wanted(s->cgroup);
	s->began = now_ns();
	/* whoever paused it may not have waited for the end of it; a freeze that fails is a thaw */
	if (!s->paused || cgroup_events_read(s->cgroup, &events, NULL) < 0 || !events.frozen)
		r = container_freeze(s->container, s->cgroup, FREEZE_DEADLINE_MS, e);
	if (r < 0)
		return r;
	r = watch(s, e);
	if (r < 0 && !s->paused)
		(void)container_thaw(s->container, s->cgroup, FREEZE_DEADLINE_MS,
				     NULL); /* the first error counts */
	return r;
}

int standstill_end(struct standstill *s, struct err *e)
{
	bool disturbed = was_disturbed(s);
	int r = 0;

	close_fd(&s->events);
	if (!s->paused)
		r = container_thaw(s->container, s->cgroup, FREEZE_DEADLINE_MS, e);
	s->lasted = now_ns() - s->began;
	if (r == 0 && disturbed) {
		err_set(e, ERR_STATE, 0, "the container was resumed or ended meanwhile");
		err_hint(e, "try again");
		return -EAGAIN;
	}
	return r;
}

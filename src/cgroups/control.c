// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Killing, freezing and watching a whole cgroup. Waiting is always poll(2) on cgroup.events with a
 * deadline; nothing here sleeps and looks again.
 */
#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

enum {
	EVENTS_SIZE = 256,
	PIDS_TEXT_SIZE = 512
};

static int64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail with this clock */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t cgroup_deadline(int timeout_ms)
{
	return timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
}

int cgroup_deadline_left(int64_t deadline)
{
	int64_t left;

	if (deadline == INT64_MAX)
		return -1;
	left = deadline - now_ms();
	return left > 0 ? (int)left : 0;
}

int cgroup_events_wait(int dir_fd, const char *key, uint64_t wanted, int64_t deadline)
{
	cleanup_fd int fd = cgroup_file_open(dir_fd, "cgroup.events", O_RDONLY);
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	char text[EVENTS_SIZE];

	if (fd < 0)
		return cgroup_errno_gone(fd) ? 0 : fd;
	while (true) {
		uint64_t value = !wanted;
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

		if (n < 0)
			return cgroup_errno_gone(-errno) ? 0 : -errno;
		text[n] = '\0';
		if (cgroup_text_number(text, key, &value) && value == wanted)
			return 0;
		n = poll(&p, 1, cgroup_deadline_left(deadline));
		if (n == 0)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

int cgroup_events_read(const struct cgroup *cg, struct cgroup_events *ret, struct err *e)
{
	uint64_t populated = 0, frozen = 0;
	char text[EVENTS_SIZE];
	ssize_t n = cgroup_file_read(cg->fd, "cgroup.events", text, sizeof(text));

	if (n < 0 && !cgroup_errno_gone((int)n))
		return err_set(e, ERR_SYSTEM, (int)-n, "read the events of cgroup '%s'", cg->path);
	if (n >= 0) {
		(void)cgroup_text_number(text, "populated", &populated); /* absent: as if 0 */
		(void)cgroup_text_number(text, "frozen", &frozen);
	}
	*ret = (struct cgroup_events){ populated != 0, frozen != 0 };
	return 0;
}

int cgroup_oom_kills_read(const struct cgroup *cg, uint64_t *ret, struct err *e)
{
	uint64_t kills = 0;
	char text[EVENTS_SIZE];
	ssize_t n = cgroup_file_read(cg->fd, "memory.events", text, sizeof(text));

	if (n < 0 && !cgroup_errno_gone((int)n))
		return err_set(e, ERR_SYSTEM, (int)-n, "read memory.events of cgroup '%s'",
			       cg->path);
	if (n >= 0)
		(void)cgroup_text_number(text, "oom_kill", &kills); /* absent: as if 0 */
	*ret = kills;
	return 0;
}

int cgroupfs_kill(const struct cgroup *cg, struct err *e)
{
	/* reaches processes that fork meanwhile, and frozen ones: fatal signals end a v2 freeze */
	int r = cgroup_file_write(cg->fd, "cgroup.kill", "1");

	if (r < 0 && !cgroup_errno_gone(r))
		return err_set(e, ERR_SYSTEM, -r, "kill all processes of cgroup '%s'", cg->path);
	return 0;
}

/* The errno is for callers; its words, "connection timed out", would only mislead. */
static int timed_out(const struct cgroup *cg, const char *what, const char *why, bool unfrozen,
		     struct err *e)
{
	char pids[PIDS_TEXT_SIZE];

	cgroup_pids_describe(cg, unfrozen, pids, sizeof(pids));
	err_set(e, ERR_SYSTEM, 0, "%s cgroup '%s'%s %s", what, cg->path, why, pids);
	return -ETIMEDOUT;
}

int cgroup_wait_empty(const struct cgroup *cg, int timeout_ms, struct err *e)
{
	int r = cgroup_events_wait(cg->fd, "populated", 0, cgroup_deadline(timeout_ms));

	if (r == -ETIMEDOUT)
		return timed_out(cg, "wait for the end of", ", which still has", false, e);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "watch cgroup '%s'", cg->path) : 0;
}

bool cgroup_freeze_wanted(const struct cgroup *cg)
{
	char text[8];

	return cgroup_file_read(cg->fd, "cgroup.freeze", text, sizeof(text)) > 0 && text[0] == '1';
}

/* Write the wish, wait until it is true. */
static int freezer_set(const struct cgroup *cg, bool frozen, int timeout_ms)
{
	int r = cgroup_file_write(cg->fd, "cgroup.freeze", frozen ? "1" : "0");

	if (r < 0)
		return r;
	return cgroup_events_wait(cg->fd, "frozen", frozen, cgroup_deadline(timeout_ms));
}

static int thaw(const struct cgroup *cg, int timeout_ms, struct err *e)
{
	int r = freezer_set(cg, false, timeout_ms);

	/* whoever gives up here leaves a container that stands still, and its snapshot has failed only */
	if (r < 0 && r != -ETIMEDOUT)
		r = freezer_set(cg, false, timeout_ms);
	if (r != -ETIMEDOUT)
		return r < 0 ? err_set(e, ERR_SYSTEM, -r, "thaw cgroup '%s'", cg->path) : 0;
	err_set(e, ERR_SYSTEM, 0, "thaw cgroup '%s', which is still frozen", cg->path);
	err_hint(e, "a cgroup above it may be frozen");
	return r;
}

int cgroupfs_freeze(const struct cgroup *cg, bool frozen, int timeout_ms, struct err *e)
{
	int r;

	if (!frozen)
		return thaw(cg, timeout_ms, e);
	r = freezer_set(cg, true, timeout_ms);
	if (r == -ETIMEDOUT)
		return timed_out(cg, "freeze", ": in time, this would not:", true, e);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "freeze cgroup '%s'", cg->path) : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See lapse.h. */
#include "container/lapse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "util/io.h"

#define LAPSE_FILE "lease"

uint64_t lapse_clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_BOOTTIME, &t); /* always there */
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int lapse_read(int dir, struct lapse *ret)
{
	char line[64];
	unsigned lapsed, paused;
	uint64_t until;
	ssize_t r = io_read_line(dir, LAPSE_FILE, line, sizeof(line));

	if (r < 0)
		return (int)r;
	if (sscanf(line, "%" SCNu64 " %1u %1u", &until, &lapsed, &paused) != 3)
		return -EBADMSG;
	*ret = (struct lapse){ until, lapsed != 0, paused != 0 };
	return 0;
}

int lapse_write(int dir, const struct lapse *l, struct err *e)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%" PRIu64 " %d %d\n", l->until_ms, l->lapsed,
			 l->paused);
	int r = io_replace_file(dir, LAPSE_FILE, 0600, line, (size_t)n);

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write down how long the container may run") : 0;
}

void lapse_remove(int dir)
{
	(void)unlinkat(dir, LAPSE_FILE, 0); /* it may be gone with the container */
}

bool lapse_is_up(int dir)
{
	struct lapse l;
	int r = dir < 0 ? -ENOENT : lapse_read(dir, &l);

	return r == 0 ? l.lapsed : r != -ENOENT;
}

int lapse_check(const struct container *c, struct err *e)
{
	if (!lapse_is_up(c->dir))
		return 0;
	err_set(e, ERR_STATE, 0, "the lease of container '%s' has run out: another host may run it",
		c->record.id);
	err_hint(e, "it goes on when ctr replicate --lease reaches that host; see "
		    "ctr resume --force");
	return -EBUSY;
}

void lapse_note_thaw(int dir)
{
	struct lapse l;

	if (lapse_read(dir, &l) < 0 || !l.lapsed || !l.paused)
		return;
	l.paused = false;
	(void)lapse_write(dir, &l, NULL); /* it stays paused then, and ctr resume is needed */
}

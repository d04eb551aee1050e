// SPDX-License-Identifier: GPL-2.0-or-later
/* See tracking.h. */
#include "checkpoint/tracking.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "checkpoint/wire.h"
#include "util/cleanup.h"
#include "util/io.h"

static int stale(struct err *e)
{
	err_set(e, ERR_STATE, 0,
		"the images before these are not the last ones: what has changed since them is not "
		"known");
	err_hint(e, "another checkpoint, snapshot or move of the container came between: make one "
		    "without --parent-path");
	return -ESTALE;
}

int tracking_check(const struct container *c, int images, const char *parent, struct err *e)
{
	cleanup_fd int dir = openat(images, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char mark[WIRE_NONCE + 1];
	ssize_t n;

	if (dir < 0)
		return err_set(e, ERR_USAGE, errno, "the images before these, '%s'", parent);
	n = io_read_line(dir, TRACKING_FILE, mark, sizeof(mark));
	if (n == -ENOENT && !c->record.memory_mark)
		return 0; /* by somebody else, before anybody counted here */
	if (n < 0 && n != -ENOENT)
		return err_set(e, ERR_SYSTEM, (int)-n, "read '" TRACKING_FILE "' of '%s'", parent);
	if (n < 0 || !c->record.memory_mark || strcmp(mark, c->record.memory_mark) != 0)
		return stale(e);
	return 0;
}

int tracking_begin(struct container *c, struct err *e)
{
	char *mark = arena_alloc(&c->arena, WIRE_NONCE);
	int r = mark ? wire_nonce(mark, e)
		     : err_set(e, ERR_SYSTEM, ENOMEM, "count changes of memory");

	if (r < 0)
		return r;
	c->record.memory_mark = mark;
	return record_save(c->dir, &c->record, e);
}

int tracking_note(const struct container *c, int images, struct err *e)
{
	int r = io_replace_file(images, TRACKING_FILE, 0600, c->record.memory_mark,
				strlen(c->record.memory_mark));

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write '" TRACKING_FILE "'") : 0;
}

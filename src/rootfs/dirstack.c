// SPDX-License-Identifier: GPL-2.0-or-later
/* See dirstack.h. */
#include "rootfs/dirstack.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	OPEN_MAX_LEVELS = 32
};

struct dirstack_level {
	int fd; /* -EBADF: closed, far above */
	dev_t dev;
	ino_t ino;
};

int dirstack_open(int dir, const char *name)
{
	return kernel_openat2(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
			      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

static int make_room(struct dirstack *s)
{
	size_t room = s->room ? 2 * s->room : OPEN_MAX_LEVELS;
	struct dirstack_level *grown;

	if (s->depth < s->room)
		return 0;
	grown = realloc(s->levels, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->levels = grown;
	s->room = room;
	return 0;
}

int dirstack_push(struct dirstack *s, int fd)
{
	cleanup_fd int own = fd;
	struct stat st;
	int r = fstat(own, &st) < 0 ? -errno : make_room(s);

	if (r < 0)
		return r;
	if (s->depth >= OPEN_MAX_LEVELS)
		close_fd(&s->levels[s->depth - OPEN_MAX_LEVELS].fd);
	s->levels[s->depth++] = (struct dirstack_level){ take_fd(&own), st.st_dev, st.st_ino };
	return 0;
}

int dirstack_top(const struct dirstack *s)
{
	return s->levels[s->depth - 1].fd;
}

/* The directory above @from, which must be what @level was. */
static int reopen(struct dirstack_level *level, int from)
{
	struct stat st;

	level->fd = openat(from, "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (level->fd < 0 || fstat(level->fd, &st) < 0)
		return -errno;
	return st.st_dev == level->dev && st.st_ino == level->ino ? 0 : -ESTALE;
}

int dirstack_pop(struct dirstack *s)
{
	cleanup_fd int from = s->levels[--s->depth].fd;

	if (!s->depth || s->levels[s->depth - 1].fd >= 0)
		return 0;
	return reopen(&s->levels[s->depth - 1], from);
}

void dirstack_close(struct dirstack *s)
{
	while (s->depth)
		close_fd(&s->levels[--s->depth].fd);
	free(s->levels);
	*s = (struct dirstack){ 0 };
}

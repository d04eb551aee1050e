// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/merged.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "rootfs/layer_form.h"
#include "util/cleanup.h"

void merged_close(struct merged_dir *d)
{
	for (size_t i = 0; i < d->count; i++)
		(void)close(d->parts[i].fd);
	free(d->parts);
	*d = (struct merged_dir){ 0 };
}

void merged_entry_close(struct merged_entry *m)
{
	merged_close(&m->sub);
}

/* Adds the directory @name of @dir, if that is one. There is room. 1: what lies below it counts no more. */
static int add_part(struct merged_dir *d, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int r = -errno;

		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	d->parts[d->count++] = (struct merged_part){ fd, st.st_dev, st.st_ino };
	return layer_is_opaque(fd);
}

int merged_open(const int *dirs, size_t count, struct merged_dir *ret)
{
	cleanup_(merged_close) struct merged_dir d = { .parts = calloc(count + 1,
								       sizeof(*d.parts)) };
	int r = d.parts ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_part(&d, dirs[i], ".");
	if (r < 0)
		return r;
	*ret = d;
	d = (struct merged_dir){ 0 };
	return 0;
}

/* One part's say. 0: look further down; 1: decided. */
static int look(const struct merged_part *part, const char *name, size_t room,
		struct merged_entry *m)
{
	struct stat st;

	if (fstatat(part->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (layer_is_whiteout(&st) || (m->exists && !S_ISDIR(st.st_mode)))
		return 1;
	if (!m->exists) {
		m->exists = true;
		m->st = st;
		m->dir = part->fd;
	}
	if (!S_ISDIR(st.st_mode))
		return 1;
	if (!m->sub.parts)
		m->sub.parts = calloc(room, sizeof(*m->sub.parts));
	return m->sub.parts ? add_part(&m->sub, part->fd, name) : -ENOMEM;
}

int merged_lookup(const struct merged_dir *d, const char *name, struct merged_entry *ret)
{
	cleanup_(merged_entry_close) struct merged_entry m = { .dir = -EBADF };
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->count; i++)
		r = look(&d->parts[i], name, d->count - i, &m);
	if (r < 0)
		return r;
	*ret = m;
	m.sub = (struct merged_dir){ 0 };
	return 0;
}

size_t merged_common(const struct merged_dir *a, const struct merged_dir *b)
{
	size_t n = 0;

	while (n < a->count && n < b->count) {
		const struct merged_part *x = &a->parts[a->count - 1 - n],
					 *y = &b->parts[b->count - 1 - n];

		if (x->ino != y->ino || x->dev != y->dev)
			break;
		n++;
	}
	return n;
}

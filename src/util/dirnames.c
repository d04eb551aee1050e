// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/dirnames.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/dirscan.h"

struct reading {
	struct dirnames names;
	size_t room;
	bool (*wanted)(const char *name);
};

static int add(struct dirnames *names, size_t *room, const char *name)
{
	if (names->count == *room) {
		size_t more = *room ? *room * 2 : 16;
		char **grown = realloc(names->items, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		names->items = grown;
		*room = more;
	}
	names->items[names->count] = strdup(name);
	if (!names->items[names->count])
		return -ENOMEM;
	names->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_one(int fd, const char *name, void *data)
{
	struct reading *x = data;

	(void)fd;
	return !x->wanted || x->wanted(name) ? add(&x->names, &x->room, name) : 0;
}

int dirnames_read(int dir, bool (*wanted)(const char *name), struct dirnames *ret)
{
	cleanup_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct reading x = { .names = DIRNAMES_EMPTY, .wanted = wanted };
	int r = fd < 0 ? -errno : dirscan(fd, read_one, &x);

	if (r < 0) {
		dirnames_free(&x.names);
		return r;
	}
	if (x.names.count)
		qsort(x.names.items, x.names.count, sizeof(*x.names.items), compare);
	*ret = x.names;
	return 0;
}

void dirnames_free(struct dirnames *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct dirnames)DIRNAMES_EMPTY;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/dirnames.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void close_dir(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

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

int dirnames_read(int dir, bool (*wanted)(const char *name), struct dirnames *ret)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	cleanup_(close_dir) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	cleanup_(dirnames_free) struct dirnames names = DIRNAMES_EMPTY;
	const struct dirent *entry;
	size_t room = 0;

	if (!d) {
		r = -errno;
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	while (r == 0) {
		errno = 0;
		entry = readdir(d);
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    (!wanted || wanted(entry->d_name)))
			r = add(&names, &room, entry->d_name);
	}
	if (r == 0)
		r = -errno;
	if (r < 0)
		return r;
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), compare);
	*ret = names;
	names = (struct dirnames)DIRNAMES_EMPTY;
	return 0;
}

void dirnames_free(struct dirnames *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct dirnames)DIRNAMES_EMPTY;
}

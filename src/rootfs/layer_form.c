// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/layer_form.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "util/caller.h"
#include "util/cleanup.h"
#include "util/kernel.h"

static const char *const overlay_prefixes[] = { "trusted.overlay.", "user.overlay." };

const char *layer_overlay_prefix(void)
{
	return overlay_prefixes[caller_has_trusted_xattrs() ? 0 : 1];
}

/*
 * The attribute of overlayfs called @name: its size, or -errno; -ENODATA also where there are no attributes. A
 * container can set those that have the other prefix.
 */
static ssize_t overlay_xattr(int fd, const char *name, char *value, size_t size)
{
	char full[64];
	ssize_t n = caller_ask_trusted_xattrs();

	if (n < 0)
		return n;
	(void)snprintf(full, sizeof(full), "%s%s", overlay_prefixes[n ? 0 : 1], name);
	n = fgetxattr(fd, full, value, size);
	if (n >= 0)
		return n;
	return errno == ERANGE ? (ssize_t)size : errno == EOPNOTSUPP ? -ENODATA : -errno;
}

int layer_is_opaque(int fd)
{
	char value[2];
	ssize_t n = overlay_xattr(fd, "opaque", value, sizeof(value));

	return n < 0 && n != -ENODATA ? (int)n : n == 1 && value[0] == 'y';
}

int layer_is_indirect(int fd)
{
	static const char *const names[] = { "redirect", "metacopy" };
	char value[2];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ssize_t n = overlay_xattr(fd, names[i], value, sizeof(value));

		if (n != -ENODATA)
			return n < 0 ? (int)n : 1;
	}
	return 0;
}

static bool begins(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

enum layer_xattr layer_xattr_kind(const char *name)
{
	static const char *const kept[] = { "security.capability", "system.posix_acl_access",
					    "system.posix_acl_default" };

	for (size_t i = 0; i < ARRAY_SIZE(overlay_prefixes); i++)
		if (begins(name, overlay_prefixes[i]))
			return LAYER_XATTR_OVERLAY;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (strcmp(name, kept[i]) == 0)
			return LAYER_XATTR_KEPT;
	return begins(name, "user.") && name[5] ? LAYER_XATTR_KEPT : LAYER_XATTR_OTHER;
}

void layer_xattrs_free(struct layer_xattrs *x)
{
	for (size_t i = 0; i < x->count; i++) {
		free(x->items[i].name);
		free(x->items[i].value);
	}
	free(x->items);
	*x = (struct layer_xattrs){ 0 };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tar_xattr *)a)->name, ((const struct tar_xattr *)b)->name);
}

/* Into the place behind the last; it counts once it is complete. */
static int read_one(int fd, const char *name, struct layer_xattrs *x)
{
	cleanup_free char *copy = strdup(name), *value = NULL;
	ssize_t n = fgetxattr(fd, name, NULL, 0);

	if (n < 0)
		return errno == ENODATA ? 0 : -errno;
	value = malloc((size_t)n + 1);
	if (!copy || !value)
		return -ENOMEM;
	n = fgetxattr(fd, name, value, (size_t)n);
	if (n < 0)
		return -errno;
	x->items[x->count++] = (struct tar_xattr){ take_ptr(copy), take_ptr(value), (size_t)n };
	return 0;
}

/* @list: names, each with its NUL. */
static int read_listed(int fd, const char *list, size_t size, struct layer_xattrs *x)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += list[i] == '\0';
	x->items = calloc(count + 1, sizeof(*x->items));
	if (!x->items)
		return -ENOMEM;
	for (const char *name = list; name < list + size; name += strlen(name) + 1) {
		enum layer_xattr kind = layer_xattr_kind(name);
		int r = kind == LAYER_XATTR_KEPT ? read_one(fd, name, x) : 0;

		if (r < 0)
			return r;
		x->others = x->others || (kind == LAYER_XATTR_OTHER && !begins(name, "security."));
	}
	qsort(x->items, x->count, sizeof(*x->items), by_name);
	return 0;
}

int layer_xattrs_read(int fd, struct layer_xattrs *ret)
{
	cleanup_(layer_xattrs_free) struct layer_xattrs x = { 0 };
	ssize_t size = flistxattr(fd, NULL, 0);
	cleanup_free char *list = NULL;
	int r;

	if (size < 0 && errno != ENOTSUP)
		return -errno;
	if (size > 0) {
		list = malloc((size_t)size);
		if (!list)
			return -ENOMEM;
		size = flistxattr(fd, list, (size_t)size);
		if (size < 0)
			return -errno;
		r = read_listed(fd, list, (size_t)size, &x);
		if (r < 0)
			return r;
	}
	*ret = x;
	x = (struct layer_xattrs){ 0 };
	return 0;
}

bool layer_xattrs_equal(const struct layer_xattrs *a, const struct layer_xattrs *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i].name, b->items[i].name) != 0 ||
		    a->items[i].size != b->items[i].size ||
		    memcmp(a->items[i].value, b->items[i].value, a->items[i].size) != 0)
			return false;
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

static int add_name(struct layer_names *n, const char *name)
{
	/* room grows at powers of two */
	if ((n->count & (n->count - 1)) == 0) {
		char **bigger = reallocarray(n->items, n->count ? n->count * 2 : 1, sizeof(char *));

		if (!bigger)
			return -ENOMEM;
		n->items = bigger;
	}
	n->items[n->count] = strdup(name);
	return n->items[n->count++] ? 0 : -ENOMEM;
}

int layer_names_read(int fd, struct layer_names *ret)
{
	cleanup_(layer_names_free) struct layer_names names = { 0 };
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_(close_dir) DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *d;

	if (!dir)
		return -errno;
	while ((errno = 0, d = readdir(dir))) {
		int r;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		r = add_name(&names, d->d_name);
		if (r < 0)
			return r;
	}
	if (errno)
		return -errno;
	if (names.count)
		qsort(names.items, names.count, sizeof(char *), by_bytes);
	*ret = names;
	names = (struct layer_names){ 0 };
	return 0;
}

void layer_names_free(struct layer_names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->items[i]);
	free(n->items);
	*n = (struct layer_names){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See external.h. */
#include "checkpoint/external.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "container/sdnotify.h"
#include "rootfs/options.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/path.h"

enum {
	MOUNTINFO_MAX = 64 * 1024 * 1024
};

/* Made by binding where mknod is not possible. */
static const char *const device_paths[] = { "/dev/null",   "/dev/zero",	   "/dev/full",
					    "/dev/random", "/dev/urandom", "/dev/tty" };

static int no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, ENOMEM, "list the container's mounts");
}

/* ---- what the config says ---- */

static bool add_place(struct external_places *l, struct arena *a, const char *path,
		      enum external_scope scope)
{
	char *clean = path ? path_clean(a, path) : NULL;

	if (clean)
		l->items[l->count++] = (struct external_place){ clean, scope };
	return clean;
}

/* The host's is bound then (container/compile.c). */
static bool has_host_sysfs(const struct oci_spec *spec)
{
	return oci_spec_new_namespace(spec, OCI_NS_USER) &&
	       !oci_spec_new_namespace(spec, OCI_NS_NETWORK);
}

static int add_mount(struct external_places *l, struct arena *a, const struct oci_spec *spec,
		     const struct oci_mount *m, struct err *e)
{
	const char *type = m->type ? m->type : "";
	struct mount_options o = { 0 };
	bool outside = strncmp(type, "cgroup", 6) == 0 || strcmp(type, "bind") == 0 ||
		       (strcmp(type, "sysfs") == 0 && has_host_sysfs(spec));
	int r = mount_options_parse(m, a, &o, e);

	if (r < 0 || o.remount)
		return r;
	return add_place(l, a, m->destination, outside || o.bind ? EXTERNAL_TREE : EXTERNAL_NOT)
		       ? 0
		       : no_memory(e);
}

int external_places(const struct oci_spec *spec, struct arena *a, struct external_places *ret,
		    struct err *e)
{
	const oci_strings *masked = &spec->linux_.masked_paths;
	size_t room = spec->mounts.count + masked->count + spec->linux_.devices.count +
		      ARRAY_SIZE(device_paths) + 1;
	struct external_places l = { .items = arena_array(a, room, sizeof(*l.items)) };
	bool ok = l.items;
	int r = 0;

	for (size_t i = 0; ok && r == 0 && i < spec->mounts.count; i++)
		r = add_mount(&l, a, spec, &spec->mounts.items[i], e);
	for (size_t i = 0; ok && i < masked->count; i++)
		ok = add_place(&l, a, masked->items[i], EXTERNAL_MOUNT);
	for (size_t i = 0; ok && i < spec->linux_.devices.count; i++)
		ok = add_place(&l, a, spec->linux_.devices.items[i].path, EXTERNAL_MOUNT);
	for (size_t i = 0; ok && i < ARRAY_SIZE(device_paths); i++)
		ok = add_place(&l, a, device_paths[i], EXTERNAL_MOUNT);
	ok = ok && add_place(&l, a, SDNOTIFY_MOUNT, EXTERNAL_MOUNT);
	if (r < 0 || !ok)
		return r < 0 ? r : no_memory(e);
	*ret = l;
	return 0;
}

/* ---- what the kernel says ---- */

static int octal(const char *s)
{
	int v = 0;

	for (int i = 0; i < 3; i++) {
		if (s[i] < '0' || s[i] > '7')
			return -1;
		v = v * 8 + (s[i] - '0');
	}
	return v;
}

/* Blanks, newlines and backslashes are \ooo. */
static const char *unescape(struct arena *a, const char *text, size_t len)
{
	char *out = arena_memdup(a, text, len), *to = out;

	for (const char *from = out; from && *from; from++) {
		int c = *from == '\\' ? octal(from + 1) : -1;

		*to++ = c >= 0 ? (char)c : *from;
		from += c >= 0 ? 3 : 0;
	}
	if (to)
		*to = '\0';
	return out;
}

/* The field at *at, which moves behind it. */
static const char *field(struct arena *a, const char **at, const char *end)
{
	const char *from = *at, *to = memchr(from, ' ', (size_t)(end - from));

	if (!to)
		to = end;
	*at = to < end ? to + 1 : end;
	return to > from ? unescape(a, from, (size_t)(to - from)) : NULL;
}

/* Those that take something away, of "rw,nosuid,relatime". */
static uint64_t restrictions(const char *options)
{
	static const struct {
		const char *word;
		uint64_t flag;
	} words[] = {
		{ "ro", MS_RDONLY },
		{ "nosuid", MS_NOSUID },
		{ "nodev", MS_NODEV },
		{ "noexec", MS_NOEXEC },
	};
	uint64_t found = 0;

	while (options && *options) {
		size_t len = strcspn(options, ",");

		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			if (strlen(words[i].word) == len &&
			    memcmp(options, words[i].word, len) == 0)
				found |= words[i].flag;
		options += len + (options[len] == ',');
	}
	return found;
}

/* "36 35 98:0 /root /mount/point rw,noatime master:1 - ext4 /dev/sda1 rw" */
static bool parse_line(const char *at, const char *end, struct arena *a, struct mount_line *ret)
{
	const char *tag;
	int n = 0;

	if (sscanf(at, "%u %u %u:%u %n", &ret->id, &ret->parent, &ret->major, &ret->minor, &n) !=
		    4 ||
	    !n)
		return false;
	at += n;
	ret->root = field(a, &at, end);
	ret->mountpoint = field(a, &at, end);
	ret->flags = restrictions(field(a, &at, end));
	do {
		tag = field(a, &at, end);
	} while (tag && strcmp(tag, "-") != 0);
	ret->type = tag ? field(a, &at, end) : NULL;
	ret->source = tag ? field(a, &at, end) : NULL;
	ret->flags |= restrictions(tag ? field(a, &at, end) : NULL) & MS_RDONLY;
	return ret->root && ret->mountpoint && ret->type;
}

int external_parse(const char *mountinfo, struct arena *a, struct mount_table *ret)
{
	struct mount_table t = { 0 };
	size_t lines = 0;

	for (const char *s = mountinfo; *s; s++)
		lines += *s == '\n';
	t.items = arena_array(a, lines + 1, sizeof(*t.items));
	if (!t.items)
		return -ENOMEM;
	for (const char *s = mountinfo; *s;) {
		const char *end = strchrnul(s, '\n');

		if (!parse_line(s, end, a, &t.items[t.count]))
			return -EINVAL;
		t.count++;
		s = *end ? end + 1 : end;
	}
	*ret = t;
	return 0;
}

/* ---- both together ---- */

static const struct mount_line *find_id(const struct mount_table *t, unsigned id)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->items[i].id == id)
			return &t->items[i];
	return NULL;
}

static bool is_listed(const struct external_mounts *l, const char *mountpoint)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->items[i].mountpoint, mountpoint) == 0)
			return true;
	return false;
}

/*
 * The mount at @line, and of a tree those under it: their keys go on from the place as their mount points do.
 * What is listed without a key is CRIU's.
 */
static int add_mounts(const struct mount_table *t, const struct mount_line *line,
		      const struct external_place *place, struct arena *a,
		      struct external_mounts *l)
{
	size_t len = strlen(line->mountpoint);

	for (size_t i = 0; i < t->count; i++) {
		const char *at = t->items[i].mountpoint, *key = NULL;
		bool under = place->scope == EXTERNAL_TREE && path_below(at, line->mountpoint);

		if ((!under && strcmp(at, line->mountpoint) != 0) || is_listed(l, at))
			continue;
		if (place->scope != EXTERNAL_NOT) {
			key = arena_printf(a, "%s%s", place->path, at + len);
			if (!key)
				return -ENOMEM;
		}
		l->items[l->count++] = (struct external_mount){ at, key };
	}
	return 0;
}

static int compare_places(const void *a, const void *b)
{
	const struct external_place *x = a, *y = b;
	size_t n = strlen(x->path), m = strlen(y->path);

	return n == m ? strcmp(x->path, y->path) : n < m ? 1 : -1;
}

/*
 * Longer paths first: what the config mounts below another of its mounts is known by its own name, or is
 * no external mount although that one is.
 */
static struct external_places *sorted(const struct external_places *places, struct arena *a)
{
	struct external_places *s = arena_alloc(a, sizeof(*s));

	if (s)
		s->items = arena_array(a, places->count + 1, sizeof(*s->items));
	if (!s || !s->items)
		return NULL;
	s->count = places->count;
	if (s->count)
		memcpy(s->items, places->items, s->count * sizeof(*s->items));
	qsort(s->items, s->count, sizeof(*s->items), compare_places);
	return s;
}

static void drop_others(struct external_mounts *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].key)
			l->items[n++] = l->items[i];
	l->count = n;
}

int external_select(const struct external_places *places, const struct mount_table *table,
		    external_look_fn *look, void *data, struct arena *a,
		    struct external_mounts *ret, struct err *e)
{
	struct external_mounts l = { .items = arena_array(a, table->count + 1, sizeof(*l.items)) };
	const struct external_places *s = sorted(places, a);
	int r = l.items && s ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->count; i++) {
		int id = look(data, s->items[i].path);
		const struct mount_line *line = id > 0 ? find_id(table, (unsigned)id) : NULL;

		if (line && strcmp(line->mountpoint, "/") != 0)
			r = add_mounts(table, line, &s->items[i], a, &l);
	}
	if (r < 0)
		return no_memory(e);
	drop_others(&l);
	*ret = l;
	return 0;
}

/* In the container's tree, which is not ours to trust: nothing is opened but a name, nothing outside reached. */
static int look_at(void *data, const char *path)
{
	const int *root = data;
	cleanup_fd int fd =
		kernel_openat2(*root, path, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	struct kernel_statx st;
	int r;

	if (fd < 0)
		return fd;
	r = kernel_statx_mount(fd, &st);
	if (r < 0)
		return r;
	return st.mask & KERNEL_STATX_MNT_ID && st.attributes & KERNEL_STATX_ATTR_MOUNT_ROOT
		       ? (int)st.mnt_id
		       : 0;
}

int external_read(int pid, struct arena *a, struct mount_table *ret, struct err *e)
{
	cleanup_free char *text = NULL;
	cleanup_fd int fd = -EBADF;
	char path[64];
	size_t size;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : io_read_stream(fd, MOUNTINFO_MAX, &text, &size);
	if (r == 0)
		r = external_parse(text, a, ret);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "look at the mounts of process %d", pid) : 0;
}

int external_find(const struct oci_spec *spec, int pid, struct arena *a,
		  struct external_mounts *ret, struct err *e)
{
	cleanup_fd int root = -EBADF;
	struct external_places places;
	struct mount_table table;
	char path[64];
	int r = external_places(spec, a, &places, e);

	if (r == 0)
		r = external_read(pid, a, &table, e);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "/proc/%d/root", pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at the root of process %d", pid);
	return external_select(&places, &table, look_at, &root, a, ret, e);
}

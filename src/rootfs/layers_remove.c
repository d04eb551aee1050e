// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What nobody refers to any more goes: the layers of a container that is removed. A record that cannot be
 * read may refer to anything: then no layer is removed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "rootfs/layers_internal.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/dirnames.h"

#define BELOW (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

static bool is_id(const char *name)
{
	return id_is_valid(name);
}

int layers_each(int data, int (*fn)(const char *id, void *context), void *context, struct err *e)
{
	cleanup_(dirnames_free) struct dirnames names = DIRNAMES_EMPTY;
	int r = dirnames_read(data, is_id, &names);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read the data directory");
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = fn(names.items[i], context);
	return r;
}

/* ---- who refers to what ---- */

struct search {
	int data;
	const char **layers;
	size_t count;
	const char *except;
	struct err *e;
};

static int strike_out(const char *id, void *context)
{
	const struct search *s = context;
	cleanup_fd int dir = kernel_openat2(s->data, id, O_RDONLY | O_DIRECTORY, 0, BELOW);
	struct layers_record record;
	struct arena a = { 0 };
	int r;

	if (s->except && strcmp(s->except, id) == 0)
		return 0;
	if (dir < 0) /* a file, or removed meanwhile: without a record nobody refers to anything */
		return dir == -ENOENT || dir == -ENOTDIR || dir == -ELOOP
			       ? 0
			       : err_set(s->e, ERR_SYSTEM, -dir, "open the layers of '%s'", id);
	r = layers_record_load(dir, &a, &record, s->e);
	for (size_t i = 0; r == 0 && i < s->count; i++)
		if (s->layers[i] && layers_record_uses(&record, s->layers[i]))
			s->layers[i] = NULL;
	arena_free(&a);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		(void)err_wrap(s->e, "layers of '%s'", id);
	return r;
}

int layers_strike_out_used(int data, const char *except, const char **layers, size_t count,
			   struct err *e)
{
	struct search s = { data, layers, count, except, e };

	return layers_each(data, strike_out, &s, e);
}

/* ---- removing ---- */

/* Under another name it is removed without the lock: a large layer takes its time. */
int layers_condemn(int shared, const char *layer)
{
	char dead[sizeof(LAYERS_DEAD) + NAME_MAX];

	(void)snprintf(dead, sizeof(dead), LAYERS_DEAD "%s", layer);
	return renameat(shared, layer, shared, dead) < 0 && errno != ENOENT ? -errno : 0;
}

static bool is_dead(const char *name)
{
	return strncmp(name, LAYERS_DEAD, strlen(LAYERS_DEAD)) == 0;
}

/* Several may do so at a time. */
int layers_bury(int shared, struct err *e)
{
	cleanup_(dirnames_free) struct dirnames names = DIRNAMES_EMPTY;
	int r = dirnames_read(shared, is_dead, &names);

	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = tree_remove(shared, names.items[i]);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remove a layer") : 0;
}

int layers_release(int data, const char *const *names, size_t count, struct err *e)
{
	cleanup_fd int shared = -EBADF;
	cleanup_free const char **left = calloc(count + 1, sizeof(*left));
	int r;

	if (!left)
		return err_set(e, ERR_SYSTEM, ENOMEM, "remove layers");
	for (size_t i = 0; i < count; i++)
		left[i] = names[i];
	r = layers_open_shared(data, &shared, e);
	if (r == 0)
		r = layers_lock(shared, "the directory of layers", e);
	if (r == 0)
		r = layers_strike_out_used(data, NULL, left, count, e);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (left[i] && layers_condemn(shared, left[i]) < 0)
			r = err_set(e, ERR_SYSTEM, errno, "remove the layer %s", left[i]);
	(void)flock(shared, LOCK_UN); /* to close it would do the same */
	return r == 0 ? layers_bury(shared, e) : r;
}

/* All layers that the record names. */
static const char **layers_of(const struct layers_record *r, size_t *ret_count)
{
	const char **names = calloc(r->count + r->origin_count + 1, sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; names && i < r->count; i++)
		names[n++] = r->snapshots[i].layer;
	for (size_t i = 0; names && i < r->origin_count; i++)
		names[n++] = r->origin_layers[i];
	*ret_count = n;
	return names;
}

static int lock_for_removal(int data, const char *id, int *ret, struct err *e)
{
	char what[ID_MAX + 64];
	int r, dir = kernel_openat2(data, id, O_RDONLY | O_DIRECTORY, 0, BELOW);

	if (dir < 0)
		return dir == -ENOENT ? dir : err_set(e, ERR_SYSTEM, -dir, "open '%s'", id);
	(void)snprintf(what, sizeof(what), "the layers of container '%s'", id);
	r = layers_lock(dir, what, e);
	if (r < 0)
		(void)close(dir);
	else
		*ret = dir;
	return r;
}

void layers_forget_user(int dir)
{
	(void)unlinkat(dir, LAYERS_USER_FILE, 0);
	(void)unlinkat(dir, "." LAYERS_USER_FILE ".new", 0); /* of io_replace_file */
}

/* The record goes first: from then on there is nothing but a rest. */
static int remove_own(int data, const char *id, int dir, struct err *e)
{
	int r;

	if (unlinkat(dir, LAYERS_RECORD_FILE, 0) < 0 && errno != ENOENT)
		return err_set(e, ERR_SYSTEM, errno, "remove the record of layers");
	if (fsync(dir) < 0)
		return err_set(e, ERR_SYSTEM, errno, "remove the record of layers");
	(void)unlinkat(dir, LAYERS_RECORD_DRAFT, 0);
	r = tree_remove(dir, LAYERS_OWN_DIR);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "remove what the container wrote");
	r = tree_remove(dir, LAYERS_MEMORY_DIR);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "remove the memory of snapshots");
	layers_forget_user(dir);
	(void)unlinkat(data, id, AT_REMOVEDIR); /* there may be more in it than layers */
	return 0;
}

int layers_remove_guarded(int data, const char *id, layers_guard_fn *guard, void *context,
			  struct err *e)
{
	cleanup_fd int dir = -EBADF;
	cleanup_free const char **names = NULL;
	struct layers_record record = { 0 };
	struct arena a = { 0 };
	size_t count = 0;
	int r;

	if (!id_is_valid(id))
		return err_set(e, ERR_USAGE, 0, "invalid container id '%s'", id);
	r = lock_for_removal(data, id, &dir, e);
	if (r == 0 && guard)
		r = guard(context, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	/* of a damaged one nobody knows which layers it had: layers_gc looks for them */
	if (layers_record_load(dir, &a, &record, NULL) == 0)
		names = layers_of(&record, &count);
	r = remove_own(data, id, dir, e);
	close_fd(&dir);
	if (r == 0 && count)
		r = layers_release(data, names, count, e);
	arena_free(&a);
	/* another container may need them, whose record cannot be read: they stay, and layers_gc asks again */
	if (r == -EBADMSG) {
		if (e)
			*e = (struct err)ERR_INIT;
		return 0;
	}
	if (r < 0)
		(void)err_wrap(e, "remove the layers of '%s'", id);
	return r;
}

int layers_remove(int data, const char *id, struct err *e)
{
	return layers_remove_guarded(data, id, NULL, NULL, e);
}

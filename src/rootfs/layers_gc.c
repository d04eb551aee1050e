// SPDX-License-Identifier: GPL-2.0-or-later
/* See layers.h, layers_gc: rests of those who were killed in the middle of something. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "rootfs/layers_internal.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/dirnames.h"
#include "util/path.h"
#include "util/there.h"

#define BELOW (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

struct collector {
	int data;
	bool dry_run;
	layers_gc_fn *told;
	void *context;
	struct err *e;
};

/* ---- below a container ---- */

struct place {
	const char *id;
	int own;
	struct layers_record record; /* empty when there is none */
};

static int collect_name(const struct collector *c, const struct place *p, const char *name)
{
	char what[ID_MAX + NAME_MAX + 64];
	int r;

	if (p->record.upper && strcmp(p->record.upper, name) == 0)
		return 0;
	/* a new snapshot, complete, whose maker was killed before the last step */
	if (p->record.upper && layers_record_uses(&p->record, name))
		return c->dry_run ? 0 : layers_publish(c->data, p->own, name, c->e);
	(void)snprintf(what, sizeof(what), "unfinished layer %s of container '%s'", name, p->id);
	r = c->told(what, c->context);
	if (r == 0 && !c->dry_run)
		r = tree_remove(p->own, name);
	return r < 0 ? err_set(c->e, ERR_SYSTEM, -r, "remove the %s", what) : r;
}

static int collect_names(const struct collector *c, const struct place *p)
{
	cleanup_(dirnames_free) struct dirnames names = DIRNAMES_EMPTY;
	int r = dirnames_read(p->own, NULL, &names);

	if (r < 0)
		return err_set(c->e, ERR_SYSTEM, -r, "read the layers of '%s'", p->id);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = collect_name(c, p, names.items[i]);
	return r;
}

/* Of somebody who was killed before the record took its place. Its maker would hold the lock. */
static int collect_draft(const struct collector *c, const char *id, int dir)
{
	char what[ID_MAX + 64];
	int r;

	if (faccessat(dir, LAYERS_RECORD_DRAFT, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : err_set(c->e, ERR_SYSTEM, errno,
						 "look for rests of container '%s'", id);
	(void)snprintf(what, sizeof(what), "unfinished record of container '%s'", id);
	r = c->told(what, c->context);
	if (r == 0 && !c->dry_run && unlinkat(dir, LAYERS_RECORD_DRAFT, 0) < 0)
		r = err_set(c->e, ERR_SYSTEM, errno, "remove the %s", what);
	return r;
}

/* The memory of a snapshot that was being taken; whoever takes one has the lock. */
static int collect_memory(const struct collector *c, const char *id, int dir)
{
	cleanup_fd int all =
		kernel_openat2(dir, LAYERS_MEMORY_DIR, O_RDONLY | O_DIRECTORY, 0, BELOW);
	char what[ID_MAX + 64];
	int r;

	r = all < 0 ? all : is_there(all, LAYERS_MEMORY_DRAFT);
	if (r == 0 || r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(c->e, ERR_SYSTEM, -r, "look for memory of container '%s'", id);
	(void)snprintf(what, sizeof(what), "unfinished memory of container '%s'", id);
	r = c->told(what, c->context);
	if (r == 0 && !c->dry_run)
		r = tree_remove(all, LAYERS_MEMORY_DRAFT);
	return r < 0 ? err_set(c->e, ERR_SYSTEM, -r, "remove the %s", what) : r;
}

static int collect_place(const struct collector *c, struct place *p, int dir, struct arena *a)
{
	int r = layers_record_load(dir, a, &p->record, c->e);

	if (r < 0 && r != -ENOENT) {
		(void)err_wrap(c->e, "layers of '%s'", p->id);
		return r;
	}
	r = collect_names(c, p);
	if (r == 0 && !p->record.upper && !c->dry_run) {
		(void)unlinkat(dir, LAYERS_OWN_DIR, AT_REMOVEDIR);
		layers_forget_user(dir);
		(void)unlinkat(c->data, p->id, AT_REMOVEDIR); /* other things may be in it */
	}
	return r;
}

/* Its layers are gone, and all but the last step of a removal was done. */
static void collect_end(const struct collector *c, const char *id, int dir)
{
	if (c->dry_run || is_there(dir, LAYERS_RECORD_FILE) != 0)
		return;
	layers_forget_user(dir);
	(void)unlinkat(c->data, id, AT_REMOVEDIR); /* other things may be in it */
}

/* Whoever works on a container just now cleans up after itself. */
static int collect_container(const char *id, void *context)
{
	const struct collector *c = context;
	cleanup_fd int dir = kernel_openat2(c->data, id, O_RDONLY | O_DIRECTORY, 0, BELOW);
	cleanup_fd int own = -EBADF;
	struct place p = { .id = id };
	struct arena a = { 0 };
	int r;

	if (dir < 0 || flock(dir, LOCK_EX | LOCK_NB) < 0)
		return 0;
	r = collect_draft(c, id, dir);
	if (r == 0)
		r = collect_memory(c, id, dir);
	if (r != 0)
		return r;
	own = kernel_openat2(dir, LAYERS_OWN_DIR, O_RDONLY | O_DIRECTORY, 0, BELOW);
	if (own == -ENOENT)
		collect_end(c, id, dir);
	if (own < 0)
		return 0;
	p.own = own;
	r = collect_place(c, &p, dir, &a);
	arena_free(&a);
	return r;
}

/* ---- layers ---- */

static int collect_layer(const struct collector *c, int shared, const char *name)
{
	char what[NAME_MAX + 64];
	int r;

	(void)snprintf(what, sizeof(what), "layer %s", name);
	r = c->told(what, c->context);
	if (r == 0 && !c->dry_run && strncmp(name, LAYERS_DEAD, strlen(LAYERS_DEAD)) != 0)
		r = layers_condemn(shared, name);
	return r < 0 ? err_set(c->e, ERR_SYSTEM, -r, "remove the %s", what) : r;
}

static int collect_unused(const struct collector *c, int shared, const struct dirnames *names)
{
	cleanup_free const char **left = calloc(names->count + 1, sizeof(*left));
	int r;

	if (!left)
		return err_set(c->e, ERR_SYSTEM, ENOMEM, "look for layers");
	for (size_t i = 0; i < names->count; i++)
		left[i] = names->items[i];
	r = layers_strike_out_used(c->data, NULL, left, names->count, c->e);
	for (size_t i = 0; r == 0 && i < names->count; i++)
		if (left[i])
			r = collect_layer(c, shared, left[i]);
	return r;
}

static int collect_shared(const struct collector *c)
{
	cleanup_fd int shared = -EBADF;
	cleanup_(dirnames_free) struct dirnames names = DIRNAMES_EMPTY;
	int r;

	shared = kernel_openat2(c->data, LAYERS_SHARED_DIR, O_RDONLY | O_DIRECTORY, 0, BELOW);
	if (shared == -ENOENT)
		return 0;
	if (shared < 0)
		return err_set(c->e, ERR_SYSTEM, -shared, "open the directory of layers");
	r = layers_lock(shared, "the directory of layers", c->e);
	if (r < 0)
		return r;
	r = dirnames_read(shared, NULL, &names);
	if (r < 0)
		return err_set(c->e, ERR_SYSTEM, -r, "read the directory of layers");
	r = collect_unused(c, shared, &names);
	(void)flock(shared, LOCK_UN); /* cannot fail; to close it would do the same */
	return r == 0 && !c->dry_run ? layers_bury(shared, c->e) : r;
}

int layers_gc(int data, bool dry_run, layers_gc_fn *told, void *context, struct err *e)
{
	struct collector c = { data, dry_run, told, context, e };
	int r = layers_each(data, collect_container, &c, e);

	return r == 0 ? collect_shared(&c) : r;
}

static int lies_on(const char *id, void *context)
{
	const struct collector *c = context;
	const char *path = c->context;
	cleanup_fd int dir = kernel_openat2(c->data, id, O_RDONLY | O_DIRECTORY, 0, BELOW);
	cleanup_(arena_free) struct arena a = { 0 };
	struct layers_record record = { 0 };
	int r = dir < 0 ? dir : layers_record_load(dir, &a, &record, c->e);

	if (r < 0)
		return r == -ENOENT ? 0 : 1;
	for (size_t i = 0; i < record.base_count; i++)
		if (path_below(record.base[i], path))
			return 1;
	return 0;
}

bool layers_lie_on(int data, const char *path)
{
	struct err ignored = ERR_INIT;
	struct collector c = { .data = data, .context = (void *)(uintptr_t)path, .e = &ignored };

	return layers_each(data, lies_on, &c, &ignored) != 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The directories of layers.h: made, locked, brought in line with the record, removed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "rootfs/layers_internal.h"
#include "rootfs/treeattr.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/dirnames.h"

enum {
	LOCK_WAIT_MS = 10000,
	LOCK_STEP_MS = 5
};

#define BELOW (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

static int open_dir(int dir, const char *name)
{
	return kernel_openat2(dir, name, O_RDONLY | O_DIRECTORY, 0, BELOW);
}

int layers_lock(int fd, const char *what, struct err *e)
{
	const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000L };

	for (int waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_STEP_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(e, ERR_SYSTEM, errno, "lock %s", what);
		(void)nanosleep(&step, NULL);
	}
	err_set(e, ERR_STATE, EBUSY, "another command works on %s", what);
	return -EBUSY;
}

int layers_open_shared(int data, int *ret, struct err *e)
{
	if (mkdirat(data, LAYERS_SHARED_DIR, 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_SYSTEM, errno, "make the directory of layers");
	*ret = open_dir(data, LAYERS_SHARED_DIR);
	return *ret < 0 ? err_set(e, ERR_SYSTEM, -*ret, "open the directory of layers") : 0;
}

/* ---- new directories ---- */

static int make_random(int dir, char name[LAYERS_NAME_SIZE])
{
	unsigned char bytes[(LAYERS_NAME_SIZE - 1) / 2];

	/* of this size it is never short, and fails only on a kernel without it */
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(name + 2 * i, 3, "%02x", bytes[i]);
	return mkdirat(dir, name, 0700) < 0 ? -errno : 0;
}

int layers_make_stage(struct layers *l, char name[LAYERS_NAME_SIZE], int *ret, struct err *e)
{
	int r = make_random(l->own, name);

	if (r == 0)
		r = *ret = open_dir(l->own, name);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "make a directory for a layer") : 0;
}

/* The root directory of a container is the uppermost "fs": it looks like the one it hides. */
static int fill_upper(int stage, int below)
{
	const struct tree_at from = { below, "." }, to = { stage, LAYERS_TREE };
	struct stat st;
	cleanup_fd int tree = -EBADF;
	int r;

	if (mkdirat(stage, LAYERS_TREE, 0700) < 0 || mkdirat(stage, LAYERS_WORK, 0700) < 0 ||
	    fstat(below, &st) < 0)
		return -errno;
	r = treeattr_copy(&from, &st, &to, TREEATTR_NO_OVERLAY | TREEATTR_LOSSY);
	if (r < 0)
		return r;
	tree = open_dir(stage, LAYERS_TREE);
	if (tree < 0)
		return tree;
	return fsync(tree) < 0 || fsync(stage) < 0 ? -errno : 0;
}

int layers_make_upper(struct layers *l, int below, char name[LAYERS_NAME_SIZE], struct err *e)
{
	cleanup_fd int stage = -EBADF;
	int r = layers_make_stage(l, name, &stage, e);

	if (r < 0)
		return r;
	r = fill_upper(stage, below);
	if (r == 0 && fsync(l->own) < 0)
		r = -errno;
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "make a directory for what the container writes")
		     : 0;
}

/* ---- opening what there is ---- */

static int open_tree(int dir, const char *layer)
{
	cleanup_fd int top = open_dir(dir, layer);

	return top < 0 ? top : open_dir(top, LAYERS_TREE);
}

int layers_open_layer(const struct layers *l, const char *layer, int *ret, struct err *e)
{
	int fd = open_tree(l->shared, layer);

	if (fd < 0) {
		err_set(e, ERR_SYSTEM, -fd, "open the layer %s of container '%s'", layer, l->id);
		if (fd == -ENOENT)
			err_hint(e, "something other than ctr has removed it");
		return fd;
	}
	*ret = fd;
	return 0;
}

static int open_base(const char *path, int *ret, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, ERR_STATE, errno, "open the base layer '%s'", path);
	*ret = fd;
	return 0;
}

int layers_open_below(const struct layers *l, int index, int *ret, struct err *e)
{
	const struct layers_record *r = &l->record;

	if (index != LAYERS_NONE)
		return layers_open_layer(l, r->snapshots[index].layer, ret, e);
	if (r->origin_count)
		return layers_open_layer(l, r->origin_layers[0], ret, e);
	return open_base(r->base[0], ret, e);
}

static int push_layer(const struct layers *l, const char *layer, struct overlay_stack *s,
		      struct err *e)
{
	int r = layers_open_layer(l, layer, &s->lowers[s->count], e);

	if (r == 0)
		s->count++;
	return r;
}

int layers_open_lowers(const struct layers *l, int index, struct overlay_stack *s, struct err *e)
{
	const struct layers_record *rec = &l->record;
	int r = 0;

	s->lowers = calloc(rec->count + rec->origin_count + rec->base_count, sizeof(*s->lowers));
	if (!s->lowers)
		return err_set(e, ERR_SYSTEM, ENOMEM, "open the layers");
	for (int at = index; r == 0 && at != LAYERS_NONE; at = rec->snapshots[at].parent)
		r = push_layer(l, rec->snapshots[at].layer, s, e);
	for (size_t i = 0; r == 0 && i < rec->origin_count; i++)
		r = push_layer(l, rec->origin_layers[i], s, e);
	for (size_t i = 0; r == 0 && i < rec->base_count; i++) {
		r = open_base(rec->base[i], &s->lowers[s->count], e);
		if (r == 0)
			s->count++;
	}
	return r;
}

int layers_open_upper(const struct layers *l, int *ret_upper, int *ret_work, struct err *e)
{
	cleanup_fd int top = open_dir(l->own, l->record.upper);
	cleanup_fd int upper = top < 0 ? top : open_dir(top, LAYERS_TREE);
	cleanup_fd int work = upper < 0 ? upper : open_dir(top, LAYERS_WORK);

	if (work < 0)
		return err_set(e, ERR_SYSTEM, -work, "open the upper directory of container '%s'",
			       l->id);
	*ret_upper = take_fd(&upper);
	*ret_work = take_fd(&work);
	return 0;
}

/* ---- in line with the record ---- */

struct settling {
	struct layers *l;
	const struct layers_record *record;
	struct err *e;
};

/* The work directory of what was an upper directory is of no use any more. */
static void drop_work(int own, const char *name)
{
	cleanup_fd int top = open_dir(own, name);

	if (top >= 0)
		(void)tree_remove(top, LAYERS_WORK); /* costs nothing but a directory */
}

int layers_publish(int data, int own, const char *name, struct err *e)
{
	cleanup_fd int shared = -EBADF;
	int r = layers_open_shared(data, &shared, e);

	/* the lock keeps those away who look for layers without a user */
	if (r == 0)
		r = layers_lock(shared, "the directory of layers", e);
	if (r < 0)
		return r;
	drop_work(own, name);
	if (renameat(own, name, shared, name) < 0 || fsync(shared) < 0 || fsync(own) < 0)
		return err_set(e, ERR_SYSTEM, errno, "move a layer to the others");
	return 0;
}

static int settle_one(const struct settling *s, const char *name)
{
	int r;

	if (s->record && strcmp(s->record->upper, name) == 0)
		return 0;
	if (s->record && layers_record_uses(s->record, name))
		return layers_publish(s->l->data, s->l->own, name, s->e);
	r = tree_remove(s->l->own, name);
	return r < 0 ? err_set(s->e, ERR_SYSTEM, -r, "remove what was left of a layer") : 0;
}

static int settle_all(const struct settling *s)
{
	cleanup_(dirnames_free) struct dirnames names = DIRNAMES_EMPTY;
	int r = dirnames_read(s->l->own, NULL, &names);

	if (r < 0)
		return err_set(s->e, ERR_SYSTEM, -r, "read the directory of layers");
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = settle_one(s, names.items[i]);
	return r;
}

int layers_settle(struct layers *l, struct err *e)
{
	struct layers_record record;
	struct settling s = { l, &record, e };
	struct arena a = { 0 };
	int r = layers_record_load(l->dir, &a, &record, e);

	if (r == -ENOENT) { /* nothing has ever been recorded: all of it is a rest */
		s.record = NULL;
		r = 0;
	}
	if (r == 0)
		r = settle_all(&s);
	arena_free(&a);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See standby.h: what old generations hold goes into the oldest that is kept. Each step can be done again by
 * whoever finds it half done: deltas are applied to a tree that says so (base.json), images are exchanged as a
 * whole, and what is dropped is removed last.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkpoint/pages_merge.h"
#include "checkpoint/standby_internal.h"
#include "rootfs/treecopy.h"
#include "rootfs/treeremove.h"
#include "rootfs/treesync.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/there.h"

#define FLAT "memory.flat" /* in a generation: images that are being made whole */

#define BASE "base-" /* a tree of files as of a generation, named after the first */

enum {
	FOLD_BATCH =
		8 /* to write all memory anew for each generation would cost more than it saves */
};

/* ---- memory ---- */

static int make_flat(int generation, struct err *e)
{
	cleanup_fd int flat = -EBADF, out = -EBADF, images = -EBADF;
	uint64_t bytes;
	int r = tree_remove(generation, FLAT);

	if (r < 0 || mkdirat(generation, FLAT, 0700) < 0 ||
	    mkdirat(generation, FLAT "/" STANDBY_IMAGES, 0700) < 0)
		return err_set(e, ERR_SYSTEM, r < 0 ? -r : errno, "make a place for images");
	flat = standby_subdir(generation, FLAT);
	out = standby_subdir(generation, FLAT "/" STANDBY_IMAGES);
	images = standby_subdir(generation, STANDBY_MEMORY "/" STANDBY_IMAGES);
	if (flat < 0 || out < 0 || images < 0)
		return err_set(e, ERR_SYSTEM, EIO, "open the images");
	r = pages_merge(images, out, &bytes, e);
	return r == 0 ? standby_memory_note(flat, e) : r;
}

static int flatten(int generation, struct err *e)
{
	int r = is_there(generation, STANDBY_MEMORY "/" STANDBY_IMAGES "/parent");

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "look for images below those of a generation");
	if (!r) {
		(void)tree_remove(generation, FLAT); /* of one who was killed */
		return 0;
	}
	r = make_flat(generation, e);
	if (r < 0)
		return r;
	if (syncfs(generation) < 0 ||
	    renameat2(generation, FLAT, generation, STANDBY_MEMORY, RENAME_EXCHANGE) < 0 ||
	    fsync(generation) < 0)
		return err_set(e, ERR_SYSTEM, errno, "exchange images");
	r = tree_remove(generation, FLAT);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remove old images") : 0;
}

/* ---- files ---- */

static int apply_delta(const struct standby *s, const struct standby_generation *g, int tree,
		       struct err *e)
{
	cleanup_fd int dir = -EBADF, delta = -EBADF;
	int r = standby_generation_open(s, g->number, &dir, e);

	if (r < 0)
		return r;
	delta = openat(dir, STANDBY_DELTA, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (delta < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the files of generation %llu",
			       (unsigned long long)g->number);
	return treesync_apply_fd(delta, tree, NULL, e);
}

static const struct standby_generation *find(const struct standby_list *l, uint64_t number)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].number == number)
			return &l->items[i];
	return NULL;
}

static int make_tree(const struct standby *s, const char *name, int *ret, struct err *e)
{
	int r = tree_remove(s->dir, name);

	if (r == 0 && mkdirat(s->dir, name, 0700) < 0)
		r = -errno;
	if (r == 0)
		r = *ret = standby_subdir(s->dir, name);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "make a tree for files") : 0;
}

/* A base of its own for a generation that is whole: the one before is removed behind it (drop_bases). */
static int fold_whole(const struct standby *s, const struct standby_generation *g, struct err *e)
{
	struct standby_base b = { .generation = g->number };
	cleanup_fd int tree = -EBADF;
	int r;

	(void)snprintf(b.dir, sizeof(b.dir), BASE "%llu", (unsigned long long)g->number);
	r = make_tree(s, b.dir, &tree, e);
	if (r == 0)
		r = apply_delta(s, g, tree, e);
	if (r == 0 && syncfs(tree) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "write files to the disk");
	return r == 0 ? standby_base_write(s, &b, e) : r;
}

static int fold_onto(const struct standby *s, const struct standby_generation *g,
		     struct standby_base *b, struct err *e)
{
	cleanup_fd int tree = standby_subdir(s->dir, b->dir);
	int r;

	if (tree < 0)
		return err_set(e, ERR_SYSTEM, -tree, "open the files of generation %llu",
			       (unsigned long long)b->generation);
	b->folding = g->number;
	r = standby_base_write(s, b, e);
	if (r == 0)
		r = apply_delta(s, g, tree, e);
	if (r == 0 && syncfs(tree) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "write files to the disk");
	if (r < 0)
		return r;
	b->generation = g->number;
	b->folding = 0;
	return standby_base_write(s, b, e);
}

/* The base becomes what @g has. Generations between are folded on the way. */
static int fold_files(const struct standby *s, const struct standby_list *l,
		      const struct standby_generation *g, struct err *e)
{
	struct standby_base b;
	int r = standby_base_read(s, &b, e);

	if (r < 0 || !g->files || (b.generation == g->number && !b.folding))
		return r;
	if (!g->parent)
		return fold_whole(s, g, e);
	if (b.folding != g->number && (b.generation != g->parent || b.folding)) {
		const struct standby_generation *parent = find(l, g->parent);

		if (!parent)
			return err_set(e, ERR_SYSTEM, ENOENT, "files of generation %llu",
				       (unsigned long long)g->parent);
		r = fold_files(s, l, parent, e);
		if (r == 0)
			r = standby_base_read(s, &b, e);
	}
	return r < 0 ? r : fold_onto(s, g, &b, e);
}

/* ---- dropping ---- */

static int drop(const struct standby *s, const struct standby_generation *g, struct err *e)
{
	char name[24], dead[40];
	int r;

	standby_number(g->number, name);
	/* no longer a generation from here on, whoever is killed */
	(void)snprintf(dead, sizeof(dead), "incoming-dead-%s", name);
	r = renameat2(s->dir, name, s->dir, dead, RENAME_NOREPLACE) < 0 ? -errno : 0;
	if (r == -EEXIST)
		r = tree_remove(s->dir, name);
	else if (r == 0)
		r = tree_remove(s->dir, dead);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remove generation %s", name) : 0;
}

static int is_base(const struct dirent *d)
{
	return strncmp(d->d_name, BASE, strlen(BASE)) == 0;
}

/* All but the one that counts: that of before, and what somebody made who was killed. */
static int drop_bases(const struct standby *s, struct err *e)
{
	struct dirent **names = NULL;
	struct standby_base b;
	int r = standby_base_read(s, &b, e),
	    n = r < 0 ? 0 : scandirat(s->dir, ".", &names, is_base, NULL);

	if (n < 0)
		return err_set(e, ERR_SYSTEM, errno, "read the standby of '%s'", s->id);
	for (int i = 0; i < n; i++) {
		int gone =
			strcmp(names[i]->d_name, b.dir) ? tree_remove(s->dir, names[i]->d_name) : 0;

		if (r == 0 && gone < 0)
			r = err_set(e, ERR_SYSTEM, -gone, "remove files of before");
		free(names[i]);
	}
	free(names);
	return r;
}

/* The first of the newest @keep usable ones. */
static const struct standby_generation *oldest_kept(const struct standby_list *l, unsigned keep)
{
	for (size_t i = l->count; i-- > 0;)
		if (l->items[i].usable && --keep == 0)
			return &l->items[i];
	return NULL;
}

static int fold(const struct standby *s, const struct standby_list *l,
		const struct standby_generation *g, struct err *e)
{
	cleanup_fd int dir = -EBADF;
	int r = standby_generation_open(s, g->number, &dir, e);

	if (r == 0)
		r = flatten(dir, e);
	if (r == 0)
		r = fold_files(s, l, g, e);
	if (r == 0)
		r = drop_bases(s, e);
	for (size_t i = 0; r == 0 && i < l->count && &l->items[i] != g; i++)
		r = drop(s, &l->items[i], e);
	return r;
}

int standby_drop_older(struct standby *s, unsigned keep, struct err *e)
{
	cleanup_(arena_free) struct arena a = { 0 };
	const struct standby_generation *g;
	struct standby_list l;
	int r = standby_look(s, &a, &l, e);

	if (r < 0)
		return r;
	g = oldest_kept(&l, keep);
	if (!g || g == l.items)
		return 0;
	/* whole ones before it need nothing of it: they can go at once */
	if (g->parent && g - l.items < FOLD_BATCH)
		return 0;
	r = fold(s, &l, g, e);
	return r < 0 ? err_wrap(e, "fold generations of '%s'", s->id) : 0;
}

int standby_drop_others(struct standby *s, const char *instance, struct err *e)
{
	cleanup_(arena_free) struct arena a = { 0 };
	struct standby_list l;
	int r = standby_look(s, &a, &l, e);

	for (size_t i = 0; r == 0 && i < l.count; i++)
		if (strcmp(l.items[i].instance, instance) != 0)
			r = drop(s, &l.items[i], e);
	return r;
}

/* ---- files of one generation ---- */

static int copy_base(const struct standby *s, const struct standby_base *b, int tree, struct err *e)
{
	cleanup_fd int from = standby_subdir(s->dir, b->dir), links = -EBADF;
	struct treecopy c = { .ahead = -EBADF };
	int r = from < 0 ? err_set(e, ERR_SYSTEM, -from, "open the files of generation %llu",
				   (unsigned long long)b->generation)
			 : make_tree(s, "incoming-links", &links, e);

	if (r < 0)
		return r;
	c.links = links;
	c.reflink = treecopy_can_reflink(s->dir);
	r = treecopy_run(&c, from, tree, e);
	(void)tree_remove(s->dir, "incoming-links"); /* standby_sweep tries again */
	return r;
}

int standby_files(const struct standby *s, const struct standby_list *l,
		  const struct standby_generation *g, int tree, struct err *e)
{
	struct standby_base b;
	const struct standby_generation *parent;
	int r = standby_base_read(s, &b, e);

	if (r < 0 || !g->files)
		return r;
	if (b.generation == g->number && !b.folding) {
		r = copy_base(s, &b, tree, e);
		return r < 0 ? r : 1;
	}
	if (g->parent) {
		parent = find(l, g->parent);
		if (b.folding == g->number || (b.generation == g->parent && !b.folding))
			r = copy_base(s, &b, tree, e);
		else
			r = parent ? standby_files(s, l, parent, tree, e)
				   : err_set(e, ERR_SYSTEM, ENOENT, "files of generation %llu",
					     (unsigned long long)g->parent);
	}
	if (r >= 0)
		r = apply_delta(s, g, tree, e);
	return r < 0 ? r : 1;
}

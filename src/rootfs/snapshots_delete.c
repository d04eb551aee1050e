// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See snapshots.h: giving snapshots up. A layer that one other lies on becomes part of that one; a layer that
 * several lie on stays, without a name, until there is one of them left.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "rootfs/snapshots_internal.h"
#include "rootfs/treemerge.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/strbuf.h"

enum {
	NAMES_SHOWN = 256
};

/* ---- clones ---- */

struct users {
	int data;
	const char *except, *layer;
	struct strbuf names;
	struct err *e;
};

static int find_user(const char *id, void *context)
{
	struct users *u = context;
	struct layers_record record;
	struct arena a = { 0 };
	int r;

	if (strcmp(id, u->except) == 0)
		return 0;
	r = snapshots_look(u->data, id, &a, &record, u->e);
	if (r == 0 && layers_record_uses(&record, u->layer))
		strbuf_addf(&u->names, "%s%s", u->names.len ? ", " : "", id);
	arena_free(&a);
	return r == -ENOENT ? 0 : r;
}

int snapshots_sharers(int data, const char *id, const char *layer, char *buf, size_t size,
		      struct err *e)
{
	struct users u = { data, id, layer, STRBUF_OVER(buf, size), e };
	int r = layers_each(data, find_user, &u, e);

	return r < 0 ? r : (int)u.names.len;
}

static int users_of(const struct layers *l, const char *layer, char *buf, size_t size,
		    struct err *e)
{
	return snapshots_sharers(l->data, l->id, layer, buf, size, e);
}

/* ---- merging ---- */

/* Lay what is in the layer at @index under @upper, in the new directory @stage, whose "fs" is empty. */
static int merge_into(struct layers *l, int index, int upper, int stage, struct err *e)
{
	cleanup_(overlay_stack_close) struct overlay_stack beneath = OVERLAY_STACK_EMPTY;
	const struct layers_snapshot *s = &l->record.snapshots[index];
	cleanup_fd int lower = -EBADF, out = -EBADF;
	int r = layers_open_layer(l, s->layer, &lower, e);

	if (r == 0)
		r = layers_open_lowers(l, s->parent, &beneath, e);
	if (r < 0)
		return r;
	if (mkdirat(stage, LAYERS_TREE, 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_SYSTEM, errno, "make a directory for a layer");
	out = kernel_openat2(stage, LAYERS_TREE, O_RDONLY | O_DIRECTORY, 0,
			     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (out < 0)
		return err_set(e, ERR_SYSTEM, -out, "open the directory of a layer");
	r = tree_merge(lower, upper, out, beneath.lowers, beneath.count, e);
	if (r == 0 && (syncfs(out) < 0 || fsync(l->own) < 0))
		r = err_set(e, ERR_SYSTEM, errno, "write a layer to the disk");
	return r;
}

static int merge_into_snapshot(struct layers *l, int index, int child, struct err *e)
{
	struct layers_snapshot *s = &l->record.snapshots[child];
	cleanup_fd int upper = -EBADF, stage = -EBADF;
	char *name = arena_alloc(&l->arena, LAYERS_NAME_SIZE);
	int r;

	if (!name)
		return err_set(e, ERR_SYSTEM, ENOMEM, "record the layers");
	r = layers_open_layer(l, s->layer, &upper, e);
	if (r == 0)
		r = layers_make_stage(l, name, &stage, e);
	if (r == 0)
		r = merge_into(l, index, upper, stage, e);
	if (r == 0)
		s->layer = name;
	return r;
}

/* The container will go on to write to what it wrote before: nobody else may have a link to it by then. */
static int merge_into_upper(struct layers *l, int index, struct err *e)
{
	cleanup_fd int upper = -EBADF, work = -EBADF, stage = -EBADF;
	int r = layers_open_upper(l, &upper, &work, e);

	if (r == 0)
		r = snapshots_new_upper(l, upper, e);
	if (r < 0)
		return r;
	stage = kernel_openat2(l->own, l->record.upper, O_RDONLY | O_DIRECTORY, 0,
			       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (stage < 0)
		return err_set(e, ERR_SYSTEM, -stage, "open the directory of a layer");
	return merge_into(l, index, upper, stage, e);
}

/* ---- one snapshot ---- */

/* Is the layer part of the container's root? */
static bool is_beneath_upper(const struct layers_record *r, int index)
{
	int at = r->head;

	while (at != LAYERS_NONE && at != index)
		at = r->snapshots[at].parent;
	return at == index;
}

static bool must_stay(const struct layers_record *r, int index, bool mounted)
{
	size_t n = layers_record_children(r, index, NULL) + (r->head == index);

	return n > 1 || (mounted && is_beneath_upper(r, index));
}

/*
 * The record without the snapshot at @index. *ret_gone: the layers that it does not name any more, at most
 * two.
 */
static int take_out(struct layers *l, int index, bool mounted, enum snapshot_fate *ret,
		    const char *gone[2], struct err *e)
{
	struct layers_record *rec = &l->record;
	int child = LAYERS_NONE, r = 0;
	size_t children = layers_record_children(rec, index, &child);
	bool under_upper = rec->head == index;

	gone[0] = gone[1] = NULL;
	if (must_stay(rec, index, mounted)) {
		rec->snapshots[index].name = NULL;
		*ret = SNAPSHOT_HIDDEN;
		return 0;
	}
	gone[0] = rec->snapshots[index].layer;
	if (children)
		gone[1] = rec->snapshots[child].layer;
	if (children)
		r = merge_into_snapshot(l, index, child, e);
	else if (under_upper)
		r = merge_into_upper(l, index, e);
	if (r < 0)
		return r;
	*ret = children || under_upper ? SNAPSHOT_MERGED : SNAPSHOT_REMOVED;
	layers_record_drop(rec, index);
	return 0;
}

static int take_out_and_commit(struct layers *l, int index, bool mounted, enum snapshot_fate *ret,
			       struct err *e)
{
	const char *gone[2];
	int r = take_out(l, index, mounted, ret, gone, e);

	if (r < 0) {
		(void)layers_settle(l, NULL); /* the first error counts */
		return r;
	}
	r = snapshots_commit(l, e);
	if (r == 0 && gone[0])
		r = layers_release(l->data, gone, gone[1] ? 2 : 1, e);
	return r;
}

/* A layer without a name that need not stay any more; LAYERS_NONE when there is none. */
static int find_superfluous(const struct layers *l, bool mounted)
{
	const struct layers_record *r = &l->record;
	char names[NAMES_SHOWN];

	for (size_t i = 0; i < r->count; i++) {
		if (r->snapshots[i].name || must_stay(r, (int)i, mounted))
			continue;
		if (users_of(l, r->snapshots[i].layer, names, sizeof(names), NULL) == 0)
			return (int)i;
	}
	return LAYERS_NONE;
}

void snapshots_tidy(struct layers *l, bool mounted)
{
	enum snapshot_fate fate;
	int index = find_superfluous(l, mounted);

	while (index != LAYERS_NONE && take_out_and_commit(l, index, mounted, &fate, NULL) == 0)
		index = find_superfluous(l, mounted);
}

int snapshots_delete(struct layers *l, const char *name, bool mounted, enum snapshot_fate *ret,
		     struct err *e)
{
	char names[NAMES_SHOWN];
	int r, index = layers_record_find(&l->record, name, e);

	if (index < 0)
		return index;
	r = users_of(l, l->record.snapshots[index].layer, names, sizeof(names), e);
	if (r < 0)
		return r;
	if (r > 0) {
		err_set(e, ERR_STATE, 0, "snapshot '%s' is part of %s", name, names);
		err_hint(e, "remove what was cloned from it first");
		return -EBUSY;
	}
	r = take_out_and_commit(l, index, mounted, ret, e);
	if (r < 0)
		return r;
	snapshots_memory_sweep(l);
	snapshots_tidy(l, mounted);
	return 0;
}

/* ---- going back ---- */

int snapshots_is_free(const struct layers *l, int index, struct err *e)
{
	const struct layers_record *r = &l->record;
	char names[NAMES_SHOWN];
	int used;

	if (r->head == index)
		return 0;
	for (size_t i = 0; i < r->count; i++)
		if (r->snapshots[i].parent == index || r->snapshots[i].after == index)
			return 0;
	used = users_of(l, r->snapshots[index].layer, names, sizeof(names), e);
	return used < 0 ? used : used == 0;
}

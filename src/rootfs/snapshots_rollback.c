// SPDX-License-Identifier: GPL-2.0-or-later
/* See snapshots.h: going back to a snapshot. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "rootfs/snapshots_internal.h"
#include "util/cleanup.h"

static int index_of(const struct layers_record *r, const char *layer)
{
	for (size_t i = 0; layer && i < r->count; i++)
		if (strcmp(r->snapshots[i].layer, layer) == 0)
			return (int)i;
	return LAYERS_NONE;
}

/* Does the state after @index come, sooner or later, after @target? */
static bool comes_after(const struct layers_record *r, int index, int target)
{
	while (index != LAYERS_NONE && index != target)
		index = r->snapshots[index].after;
	return index == target;
}

/*
 * Drop what lies between @last and the snapshot that the container goes back to, the latest first, up to
 * where something else depends on it. The layers go to @gone; returns how many.
 */
static int prune(struct layers *l, int last, const char **gone, struct err *e)
{
	struct layers_record *r = &l->record;
	int n = 0, is_free = 1;

	if (!comes_after(r, last, r->head))
		return 0;
	while (last != r->head) {
		int before = r->snapshots[last].after;
		const char *next = before == LAYERS_NONE ? NULL : r->snapshots[before].layer;

		is_free = snapshots_is_free(l, last, e);
		if (is_free <= 0)
			break;
		gone[n++] = r->snapshots[last].layer;
		layers_record_drop(r, last);
		last = index_of(r, next);
	}
	return is_free < 0 ? is_free : n;
}

/* What the container wrote since the last snapshot becomes one itself, if there is anything. */
static int keep_present(struct layers *l, struct snapshot_rollback *rb, struct err *e)
{
	cleanup_fd int upper = -EBADF, work = -EBADF;
	int r = snapshots_is_changed(l, e);

	if (r <= 0)
		return r;
	r = layers_open_upper(l, &upper, &work, e);
	if (r == 0 && syncfs(upper) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "flush the container's files");
	return r < 0 ? r : snapshots_add(l, &rb->keep, l->record.upper, &rb->kept, e);
}

static int change(struct layers *l, struct snapshot_rollback *rb, int index, const char **gone,
		  struct err *e)
{
	cleanup_fd int below = -EBADF;
	int last = l->record.last, r = 0;

	if (!rb->prune)
		r = keep_present(l, rb, e);
	if (r >= 0)
		r = layers_open_below(l, index, &below, e);
	if (r == 0)
		r = snapshots_new_upper(l, below, e);
	if (r < 0)
		return r;
	l->record.head = l->record.last = index;
	r = rb->prune ? prune(l, last, gone, e) : 0;
	if (r < 0)
		return r;
	rb->pruned = (size_t)r;
	return 0;
}

int snapshots_rollback(struct layers *l, struct snapshot_rollback *rb, struct err *e)
{
	cleanup_free const char **gone = calloc(l->record.count + 1, sizeof(*gone));
	int r, index;

	rb->kept = NULL;
	rb->pruned = 0;
	if (!gone)
		return err_set(e, ERR_SYSTEM, ENOMEM, "roll back");
	index = layers_record_find(&l->record, rb->name, e);
	r = index < 0 ? index : snapshots_check_name(l, rb->prune ? NULL : rb->keep.name, e);
	if (r < 0)
		return r;
	r = change(l, rb, index, gone, e);
	if (r < 0) {
		(void)layers_settle(l, NULL); /* the first error counts */
		return r;
	}
	r = snapshots_commit(l, e);
	if (r == 0 && rb->pruned)
		r = layers_release(l->data, gone, rb->pruned, e);
	if (r < 0)
		return r;
	snapshots_memory_sweep(l);
	snapshots_tidy(l, false);
	return 0;
}

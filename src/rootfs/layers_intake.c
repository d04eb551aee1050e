// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking layers in: each is filled in DATA/ID/layers, where what no record names is removed by whoever opens
 * the container next (layers_settle); one write of the record makes all of them exist.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rootfs/layers_internal.h"
#include "rootfs/layers_transfer.h"
#include "rootfs/treeattr.h"
#include "util/cleanup.h"
#include "util/timestamp.h"

struct layers_intake {
	struct layers *l;
	bool own; /* a new container: @l is ours */
	bool committed;
	int first;		      /* snapshots before */
	int top;		      /* index of the uppermost; LAYERS_NONE */
	char stage[LAYERS_NAME_SIZE]; /* the layer that is being made */
	int stage_dir, tree;
	int *below;
	size_t below_count;
	int scratch;
};

/* ---- a new container ---- */

static int copy_strings(struct layers *l, const struct layers_base *base)
{
	struct layers_record *r = &l->record;

	*r = (struct layers_record){ .head = LAYERS_NONE, .last = LAYERS_NONE, .next = 1 };
	r->base = arena_array(&l->arena, base->count, sizeof(*r->base));
	for (size_t i = 0; r->base && i < base->count; i++) {
		r->base[i] = arena_strdup(&l->arena, base->dirs[i]);
		if (!r->base[i])
			return -ENOMEM;
	}
	r->base_count = base->count;
	return r->base ? 0 : -ENOMEM;
}

static int begin_new(int data, const char *id, const struct layers_base *base, struct layers **ret,
		     struct err *e)
{
	int r = layers_begin(data, id, ret, e);

	if (r == -EEXIST) {
		err_set(e, ERR_STATE, 0, "container '%s' already has layers", id);
		err_hint(e, "choose another id, or remove it with: ctr delete %s", id);
	}
	if (r == 0 && copy_strings(*ret, base) < 0)
		r = err_set(e, ERR_SYSTEM, ENOMEM, "record the layers");
	return r;
}

/* ---- begin and end ---- */

/* The snapshot of this name, or whose layers have this chain digest; the base for "". */
static int find_parent(struct layers_intake *in, const char *parent, struct err *e)
{
	const struct layers_record *r = &in->l->record;

	if (!*parent)
		return r->origin_count ? -ENOENT : 0;
	if (!digest_is_valid(parent)) {
		in->top = layers_record_find(r, parent, e);
		return in->top < 0 ? err_wrap(e, "container '%s'", in->l->id) : 0;
	}
	for (size_t i = 0; i < r->count; i++) {
		cleanup_(layers_chain_close) struct layers_chain c = { 0 };
		char chain[DIGEST_TEXT];
		int rc;

		rc = layers_chain_at(in->l, (int)i, &c, e);
		if (rc == 0)
			rc = layers_chain_digest(in->l, &c, c.count, chain, e);
		if (rc < 0)
			return rc;
		if (strcmp(chain, parent) == 0) {
			in->top = (int)i;
			return 0;
		}
	}
	return -ENOENT;
}

int layers_intake_begin(int data, struct layers *l, const char *id, const struct layers_base *base,
			const char *parent, struct layers_intake **ret, struct err *e)
{
	cleanup_(layers_intake_endp) struct layers_intake *in = calloc(1, sizeof(*in));
	int r = 0;

	if (!in)
		return err_set(e, ERR_SYSTEM, ENOMEM, "take layers in");
	*in = (struct layers_intake){
		.own = !l,
		.top = LAYERS_NONE,
		.stage_dir = -EBADF,
		.tree = -EBADF,
		.scratch = -EBADF,
	};
	in->l = l;
	if (in->own)
		r = begin_new(data, id, base, &in->l, e);
	if (r < 0)
		return r;
	in->first = (int)in->l->record.count;
	r = find_parent(in, parent, e);
	if (r == -ENOENT && (!*parent || digest_is_valid(parent))) {
		err_set(e, ERR_STATE, 0,
			"container '%s' has no snapshot that the new layers lie on (%s)", in->l->id,
			*parent ? parent : "the base alone");
		err_hint(e, "import what was exported before it, in the same order");
	}
	if (r < 0)
		return r;
	*ret = take_ptr(in);
	return 0;
}

static void close_below(struct layers_intake *in)
{
	for (size_t i = 0; i < in->below_count; i++)
		(void)close(in->below[i]);
	free(in->below);
	in->below = NULL;
	in->below_count = 0;
}

void layers_intake_end(struct layers_intake *in)
{
	if (!in)
		return;
	close_below(in);
	close_fd(&in->tree);
	close_fd(&in->stage_dir);
	close_fd(&in->scratch);
	if (in->l && !in->committed) {
		(void)layers_settle(in->l, NULL); /* what stays is found by layers_gc */
		if (in->own)
			layers_abandon(in->l);
	}
	if (in->own)
		layers_close(in->l);
	free(in);
}

/* ---- one layer ---- */

int layers_intake_next(struct layers_intake *in, int *ret_dir, struct err *e)
{
	int r = layers_make_stage(in->l, in->stage, &in->stage_dir, e);

	if (r < 0)
		return r;
	if (mkdirat(in->stage_dir, LAYERS_TREE, 0755) < 0)
		return err_set(e, ERR_SYSTEM, errno, "make a directory for a layer");
	in->tree =
		openat(in->stage_dir, LAYERS_TREE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (in->tree < 0)
		return err_set(e, ERR_SYSTEM, errno, "make a directory for a layer");
	*ret_dir = in->tree;
	return 0;
}

/* Layers that are not in the store yet lie next to the stage. */
static int open_staged(const struct layers *l, const char *layer)
{
	cleanup_fd int top = openat(l->own, layer, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return top < 0 ? -errno
		       : openat(top, LAYERS_TREE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int layers_intake_below(struct layers_intake *in, const int **ret, size_t *ret_count, struct err *e)
{
	cleanup_(overlay_stack_close) struct overlay_stack s = OVERLAY_STACK_EMPTY;
	const struct layers_record *rec = &in->l->record;
	int at = in->top, r;

	close_below(in);
	in->below = calloc(rec->count + rec->origin_count + rec->base_count, sizeof(int));
	if (!in->below)
		return err_set(e, ERR_SYSTEM, ENOMEM, "open the layers");
	for (; at >= in->first; at = rec->snapshots[at].parent) {
		int fd = open_staged(in->l, rec->snapshots[at].layer);

		if (fd < 0)
			return err_set(e, ERR_SYSTEM, -fd, "open a new layer");
		in->below[in->below_count++] = fd;
	}
	r = layers_open_lowers(in->l, at, &s, e);
	for (size_t i = 0; r == 0 && i < s.count; i++)
		in->below[in->below_count++] = take_fd(&s.lowers[i]);
	if (r < 0)
		return r;
	s.count = 0;
	*ret = in->below;
	*ret_count = in->below_count;
	return 0;
}

static const char *now(char buf[TIMESTAMP_SIZE])
{
	timestamp_seconds(buf);
	return buf;
}

static const char *keep(struct layers *l, const char *s)
{
	return s ? arena_strdup(&l->arena, s) : NULL;
}

int layers_intake_done(struct layers_intake *in, const struct layers_arrival *a, struct err *e)
{
	struct layers *l = in->l;
	char when[TIMESTAMP_SIZE];
	struct layers_snapshot s = { 0 };
	int r;

	if (a->name && layers_record_find(&l->record, a->name, NULL) >= 0) {
		err_set(e, ERR_STATE, 0, "container '%s' has a snapshot '%s' already", l->id,
			a->name);
		return -EEXIST;
	}
	r = layers_digest_note(in->stage_dir, a->digest, e);
	if (r < 0)
		return r;
	s.name = keep(l, a->name);
	s.layer = keep(l, in->stage);
	s.created = keep(l, a->created ? a->created : now(when));
	s.message = keep(l, a->message);
	s.parent = s.after = in->top;
	if (!s.layer || !s.created || fsync(in->stage_dir) < 0)
		return err_set(e, ERR_SYSTEM, s.layer && s.created ? errno : ENOMEM,
			       "record a layer");
	r = layers_record_add(&l->record, &l->arena, &s);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "record a layer");
	in->top = r;
	close_fd(&in->tree);
	close_fd(&in->stage_dir);
	close_below(in);
	return 0;
}

/* ---- all of them ---- */

/* A new container stands on the uppermost of its layers, and its own looks like that. */
static int stand_on_top(struct layers_intake *in, struct err *e)
{
	struct layers *l = in->l;
	char *upper = arena_alloc(&l->arena, LAYERS_NAME_SIZE);
	cleanup_fd int below = -EBADF;
	int r = 0;

	if (!upper)
		return err_set(e, ERR_SYSTEM, ENOMEM, "record the layers");
	if (in->top == LAYERS_NONE)
		r = layers_open_below(l, LAYERS_NONE, &below, e);
	else
		below = open_staged(l, l->record.snapshots[in->top].layer);
	if (r == 0 && below < 0)
		r = err_set(e, ERR_SYSTEM, -below, "open a new layer");
	if (r == 0)
		r = layers_make_upper(l, below, upper, e);
	l->record.upper = upper;
	l->record.head = l->record.last = in->top;
	return r;
}

int layers_intake_commit(struct layers_intake *in, const char *after, struct err *e)
{
	struct layers *l = in->l;
	int before = after ? layers_record_find(&l->record, after, NULL) : -ENOENT;
	int r = 0;

	if (before >= 0 && before < in->first && in->first < (int)l->record.count)
		l->record.snapshots[in->first].after = before;
	if (in->own)
		r = stand_on_top(in, e);
	if (r == 0 && fsync(l->own) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "record the layers");
	if (r == 0)
		r = layers_record_save(l->dir, &l->record, e);
	if (r == 0 && fsync(l->data) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "record the layers");
	if (r < 0)
		return r;
	in->committed = true;
	return layers_settle(l, e);
}

/* ---- room to work ---- */

int layers_intake_scratch(struct layers_intake *in, int *ret, struct err *e)
{
	*ret = openat(in->l->own, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	return *ret < 0 ? err_set(e, ERR_SYSTEM, errno, "make a temporary file") : 0;
}

int layers_intake_scratch_dir(struct layers_intake *in, int *ret, struct err *e)
{
	char name[LAYERS_NAME_SIZE];
	int r = layers_make_stage(in->l, name, &in->scratch, e);

	if (r == 0)
		*ret = in->scratch;
	return r;
}

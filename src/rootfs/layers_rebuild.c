// SPDX-License-Identifier: GPL-2.0-or-later
/* See layers_rebuild.h. Staged as layers_intake.c does it: one write of the record makes all of it exist. */
#include "rootfs/layers_rebuild.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/layers_internal.h"
#include "rootfs/layers_transfer.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/dirnames.h"

/* ---- what there is ---- */

static int digest_of(const struct layers *l, struct arena *a, const char *layer, const char **ret,
		     struct err *e)
{
	struct layers_link link = { .dir = -EBADF, .layer = layer };
	char digest[DIGEST_TEXT];
	int r = layers_open_layer(l, layer, &link.dir, e);

	if (r < 0)
		return r;
	r = layers_digest(l, &link, false, digest, e);
	(void)close(link.dir);
	if (r < 0)
		return r;
	*ret = arena_strdup(a, digest);
	return *ret ? 0 : err_set(e, ERR_SYSTEM, ENOMEM, "list the layers");
}

/* Layers of a clone's origin come first, the lowest before the others. */
static int shifted(int index, int by)
{
	return index == LAYERS_NONE ? by - 1 : index + by;
}

int layers_parts_of(const struct layers *l, struct arena *a, struct layers_parts *ret,
		    struct err *e)
{
	const struct layers_record *rec = &l->record;
	int origin = (int)rec->origin_count, r = 0;
	size_t count = rec->origin_count + rec->count;
	struct layers_part *items = arena_array(a, count + 1, sizeof(*items));

	if (!items)
		return err_set(e, ERR_SYSTEM, ENOMEM, "list the layers");
	for (int i = 0; r == 0 && i < origin; i++) {
		items[i] = (struct layers_part){ .parent = i - 1, .after = i - 1 };
		r = digest_of(l, a, rec->origin_layers[origin - 1 - i], &items[i].digest, e);
	}
	for (size_t i = 0; r == 0 && i < rec->count; i++) {
		const struct layers_snapshot *s = &rec->snapshots[i];
		struct layers_part *p = &items[(size_t)origin + i];

		*p = (struct layers_part){ NULL,
					   s->name,
					   s->created,
					   s->message,
					   shifted(s->parent, origin),
					   shifted(s->after, origin) };
		r = digest_of(l, a, s->layer, &p->digest, e);
	}
	*ret = (struct layers_parts){ items, count, shifted(rec->head, origin),
				      shifted(rec->last, origin), rec->next };
	return r;
}

int layers_part_open(const struct layers *l, const struct layers_parts *p, int index, int *ret,
		     struct err *e)
{
	const struct layers_record *rec = &l->record;
	int origin = (int)rec->origin_count;

	if (index < 0 || (size_t)index >= p->count)
		return err_set(e, ERR_SYSTEM, EINVAL, "open a layer");
	return layers_open_layer(l,
				 index < origin ? rec->origin_layers[origin - 1 - index]
						: rec->snapshots[index - origin].layer,
				 ret, e);
}

/* ---- begin ---- */

struct layers_rebuild {
	struct layers *l;
	const struct layers_parts *parts;
	bool *shared; /* of each part: the store had it */
	char (*names)[LAYERS_NAME_SIZE];
	char upper[LAYERS_NAME_SIZE];
	int stage, tree; /* of the layer that is being filled */
	int upper_tree;
	bool committed;
};

static int refuse(const char *what, struct err *e)
{
	err_set(e, ERR_SYSTEM, 0, "the description of a container's layers is damaged: %s", what);
	return -EBADMSG;
}

/* A layer lies on one before it; what it comes after may be any other. */
static int check_part(const struct layers_parts *p, size_t i, struct err *e)
{
	const struct layers_part *part = &p->items[i];

	if (!digest_is_valid(part->digest))
		return refuse("a digest", e);
	if (part->name && !id_is_valid(part->name))
		return refuse("the name of a snapshot", e);
	if (part->parent < LAYERS_NONE || part->parent >= (int)i || part->after < LAYERS_NONE ||
	    part->after >= (int)i)
		return refuse("the order of layers", e);
	for (size_t k = 0; part->name && k < i; k++)
		if (p->items[k].name && strcmp(p->items[k].name, part->name) == 0)
			return refuse("two snapshots of one name", e);
	return 0;
}

static int check_parts(const struct layers_parts *p, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->count; i++)
		r = check_part(p, i, e);
	if (r == 0 && (p->head < LAYERS_NONE || p->head >= (int)p->count || p->last < LAYERS_NONE ||
		       p->last >= (int)p->count))
		r = refuse("where the container stands", e);
	return r;
}

static void note_shared(struct layers_rebuild *b, const char *layer, const char *digest)
{
	for (size_t i = 0; i < b->parts->count; i++) {
		if (b->shared[i] || strcmp(b->parts->items[i].digest, digest) != 0)
			continue;
		(void)snprintf(b->names[i], LAYERS_NAME_SIZE, "%s", layer);
		b->shared[i] = true;
		return; /* a layer is one part of a container only */
	}
}

static bool is_layer(const char *name)
{
	return strlen(name) == LAYERS_NAME_SIZE - 1 &&
	       strspn(name, "0123456789abcdef") == LAYERS_NAME_SIZE - 1;
}

/* Only digests that are known already count: to compute them all could take hours. */
static int find_shared(struct layers_rebuild *b, struct err *e)
{
	cleanup_(dirnames_free) struct dirnames names = DIRNAMES_EMPTY;
	int r = dirnames_read(b->l->shared, is_layer, &names);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read the directory of layers");
	for (size_t i = 0; i < names.count; i++) {
		const struct layers_link link = { .dir = -EBADF, .layer = names.items[i] };
		char digest[DIGEST_TEXT];

		if (layers_digest_recorded(b->l, &link, digest, NULL) == 1)
			note_shared(b, link.layer, digest);
	}
	return 0;
}

static int copy_base(struct layers *l, const struct layers_base *base)
{
	struct layers_record *r = &l->record;

	r->base = arena_array(&l->arena, base->count, sizeof(*r->base));
	for (size_t i = 0; r->base && i < base->count; i++) {
		r->base[i] = arena_strdup(&l->arena, base->dirs[i]);
		if (!r->base[i])
			return -ENOMEM;
	}
	r->base_count = base->count;
	return r->base ? 0 : -ENOMEM;
}

/* An upper directory that nobody has filled yet: "fs" and "work". */
static int make_upper(struct layers *l, char name[LAYERS_NAME_SIZE], int *ret, struct err *e)
{
	cleanup_fd int stage = -EBADF;
	int r = layers_make_stage(l, name, &stage, e);

	if (r < 0)
		return r;
	if (mkdirat(stage, LAYERS_TREE, 0755) < 0 || mkdirat(stage, LAYERS_WORK, 0700) < 0 ||
	    fsync(stage) < 0)
		return err_set(e, ERR_SYSTEM, errno,
			       "make a directory for what the container writes");
	*ret = openat(stage, LAYERS_TREE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret < 0 ? err_set(e, ERR_SYSTEM, errno,
				  "make a directory for what the container writes")
			: 0;
}

static int begin(int data, const char *id, const struct layers_base *base, struct layers_rebuild *b,
		 struct err *e)
{
	int r = layers_begin(data, id, &b->l, e);

	if (r == -EEXIST) {
		err_set(e, ERR_STATE, 0, "container '%s' already has layers", id);
		err_hint(e, "remove them with: ctr delete %s", id);
	}
	if (r < 0)
		return r;
	b->l->record = (struct layers_record){ .head = LAYERS_NONE, .last = LAYERS_NONE };
	if (copy_base(b->l, base) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "record the layers");
	r = find_shared(b, e);
	return r == 0 ? make_upper(b->l, b->upper, &b->upper_tree, e) : r;
}

int layers_rebuild_begin(int data, const char *id, const struct layers_base *base,
			 const struct layers_parts *p, struct layers_rebuild **ret, struct err *e)
{
	cleanup_(layers_rebuild_endp) struct layers_rebuild *b = NULL;
	int r = check_parts(p, e);

	if (r < 0)
		return r;
	b = calloc(1, sizeof(*b));
	if (!b)
		return err_set(e, ERR_SYSTEM, ENOMEM, "take layers in");
	*b = (struct layers_rebuild){
		.parts = p, .stage = -EBADF, .tree = -EBADF, .upper_tree = -EBADF
	};
	b->shared = calloc(p->count + 1, sizeof(*b->shared));
	b->names = calloc(p->count + 1, sizeof(*b->names));
	if (!b->shared || !b->names)
		return err_set(e, ERR_SYSTEM, ENOMEM, "take layers in");
	r = begin(data, id, base, b, e);
	if (r == 0)
		*ret = take_ptr(b);
	return r;
}

/* ---- what is there already ---- */

static bool same_base(const struct layers_record *r, const struct layers_base *base)
{
	bool same = r->base_count == base->count;

	for (size_t i = 0; same && i < base->count; i++)
		same = strcmp(r->base[i], base->dirs[i]) == 0;
	return same;
}

/* Only what it stands on counts: other snapshots are the business of whoever made them. */
static bool same_chain(const struct layers_parts *a, const struct layers_parts *b)
{
	int i = a->head, k = b->head;

	while (i != LAYERS_NONE && k != LAYERS_NONE &&
	       strcmp(a->items[i].digest, b->items[k].digest) == 0) {
		i = a->items[i].parent;
		k = b->items[k].parent;
	}
	return i == LAYERS_NONE && k == LAYERS_NONE;
}

int layers_rebuild_compare(int data, const char *id, const struct layers_base *base,
			   const struct layers_parts *p, struct err *e)
{
	cleanup_(layers_closep) struct layers *l = NULL;
	struct layers_parts have;
	struct err none = ERR_INIT;
	int r = check_parts(p, e);

	if (r == 0)
		r = layers_open(data, id, &l, &none);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		*e = none.kind ? none : *e;
		return r;
	}
	r = layers_parts_of(l, &l->arena, &have, e);
	if (r < 0)
		return r;
	if (same_base(&l->record, base) && same_chain(p, &have))
		return 1;
	err_set(e, ERR_STATE, 0, "the layers of container '%s' here are others", id);
	err_hint(e, "remove them with: ctr delete %s", id);
	return -EEXIST;
}

/* ---- layers ---- */

bool layers_rebuild_needs(const struct layers_rebuild *b, size_t index)
{
	return !b->shared[index] && !b->names[index][0];
}

int layers_rebuild_layer(struct layers_rebuild *b, size_t index, int *ret, struct err *e)
{
	int r;

	close_fd(&b->tree);
	close_fd(&b->stage);
	r = layers_make_stage(b->l, b->names[index], &b->stage, e);
	if (r < 0)
		return r;
	if (mkdirat(b->stage, LAYERS_TREE, 0755) < 0)
		return err_set(e, ERR_SYSTEM, errno, "make a directory for a layer");
	b->tree = openat(b->stage, LAYERS_TREE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (b->tree < 0)
		return err_set(e, ERR_SYSTEM, errno, "make a directory for a layer");
	*ret = b->tree;
	return 0;
}

int layers_rebuild_layer_done(struct layers_rebuild *b, size_t index, struct err *e)
{
	const char *wanted = b->parts->items[index].digest;
	char digest[DIGEST_TEXT];
	int r = layers_digest_compute(b->tree, digest, e);

	if (r < 0)
		return r;
	if (strcmp(digest, wanted) != 0) {
		err_set(e, ERR_SYSTEM, 0, "a layer did not arrive well: its digest is %s, not %s",
			digest, wanted);
		return -EBADMSG;
	}
	r = layers_digest_note(b->stage, digest, e);
	if (r == 0 && (syncfs(b->tree) < 0 || fsync(b->stage) < 0))
		r = err_set(e, ERR_SYSTEM, errno, "write a layer to the disk");
	return r;
}

int layers_rebuild_upper(struct layers_rebuild *b, int *ret, struct err *e)
{
	(void)e;
	*ret = b->upper_tree;
	return 0;
}

/* ---- commit ---- */

static const char *keep(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

static int add_part(struct layers *l, const struct layers_part *p, const char *layer)
{
	const struct layers_snapshot s = {
		.name = keep(&l->arena, p->name),
		.layer = keep(&l->arena, layer),
		.created = keep(&l->arena, p->created ? p->created : "1970-01-01T00:00:00Z"),
		.message = keep(&l->arena, p->message),
		.parent = p->parent,
		.after = p->after,
	};

	if ((p->name && !s.name) || !s.layer || !s.created)
		return -ENOMEM;
	return layers_record_add(&l->record, &l->arena, &s);
}

static int fill_record(struct layers_rebuild *b, struct err *e)
{
	struct layers_record *r = &b->l->record;

	for (size_t i = 0; i < b->parts->count; i++) {
		if (!b->names[i][0])
			return err_set(e, ERR_STATE, EPROTO, "a layer never came");
		if (add_part(b->l, &b->parts->items[i], b->names[i]) < 0)
			return err_set(e, ERR_SYSTEM, ENOMEM, "record the layers");
	}
	r->head = b->parts->head;
	r->last = b->parts->last;
	r->next = b->parts->next ? b->parts->next : 1;
	r->upper = b->upper;
	return 0;
}

static int check_shared(const struct layers_rebuild *b, struct err *e)
{
	for (size_t i = 0; i < b->parts->count; i++) {
		cleanup_fd int fd = -EBADF;

		if (b->shared[i] && layers_open_layer(b->l, b->names[i], &fd, NULL) < 0)
			return err_set(e, ERR_STATE, ESTALE,
				       "a layer that this host had was removed meanwhile");
	}
	return 0;
}

/* The lock keeps those away who look for layers without a user, until the record says that we are one. */
static int write_record(struct layers_rebuild *b, struct err *e)
{
	cleanup_fd int shared = openat(b->l->shared, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (shared < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the directory of layers");
	r = layers_lock(shared, "the directory of layers", e);
	if (r == 0)
		r = check_shared(b, e);
	return r == 0 ? layers_record_save(b->l->dir, &b->l->record, e) : r;
}

int layers_rebuild_commit(struct layers_rebuild *b, struct err *e)
{
	int r = fill_record(b, e);

	if (r == 0 && (syncfs(b->upper_tree) < 0 || fsync(b->l->own) < 0))
		r = err_set(e, ERR_SYSTEM, errno, "write the container's files to the disk");
	if (r == 0)
		r = write_record(b, e);
	if (r < 0)
		return r;
	b->committed = true;
	if (fsync(b->l->data) < 0)
		return err_set(e, ERR_SYSTEM, errno, "record the layers");
	return layers_settle(b->l, e);
}

void layers_rebuild_end(struct layers_rebuild *b)
{
	if (!b)
		return;
	close_fd(&b->tree);
	close_fd(&b->stage);
	close_fd(&b->upper_tree);
	if (b->l && !b->committed)
		layers_abandon(b->l);
	layers_close(b->l);
	free(b->shared);
	free(b->names);
	free(b);
}

/* ---- another state ---- */

int layers_upper_begin(struct layers *l, char name[LAYERS_NAME_SIZE], int *ret, struct err *e)
{
	return make_upper(l, name, ret, e);
}

int layers_upper_commit(struct layers *l, const char *name, struct err *e)
{
	const char *upper = arena_strdup(&l->arena, name);
	int r;

	if (!upper)
		return err_set(e, ERR_SYSTEM, ENOMEM, "record the layers");
	if (syncfs(l->own) < 0)
		return err_set(e, ERR_SYSTEM, errno, "write the container's files to the disk");
	l->record.upper = upper;
	r = layers_record_save(l->dir, &l->record, e);
	return r == 0 ? layers_settle(l, e) : r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See layers.h: opening, and what the container's root is made of. */
#include "rootfs/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "oci/json.h"
#include "rootfs/layers_internal.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/strbuf.h"
#include "util/there.h"

#define BELOW (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

void layers_close(struct layers *l)
{
	if (!l)
		return;
	close_fd(&l->own);
	close_fd(&l->shared);
	close_fd(&l->dir); /* and the lock with it */
	close_fd(&l->data);
	arena_free(&l->arena);
	free(l);
}

static struct layers *new_layers(int data, const char *id)
{
	struct layers *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->data = fcntl(data, F_DUPFD_CLOEXEC, 0);
	l->dir = l->own = l->shared = -EBADF;
	(void)snprintf(l->id, sizeof(l->id), "%s", id);
	return l;
}

/* While somebody waits for the lock, its holder may remove the directory. */
static bool is_current(const struct layers *l)
{
	struct stat a, b;

	return fstat(l->dir, &a) == 0 && fstatat(l->data, l->id, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int open_locked(struct layers *l, struct err *e)
{
	char what[ID_MAX + 64];
	int r;

	(void)snprintf(what, sizeof(what), "the layers of container '%s'", l->id);
	l->dir = kernel_openat2(l->data, l->id, O_RDONLY | O_DIRECTORY, 0, BELOW);
	if (l->dir < 0)
		return l->dir == -ENOENT ? -ENOENT
					 : err_set(e, ERR_SYSTEM, -l->dir, "open %s", what);
	r = layers_lock(l->dir, what, e);
	if (r < 0)
		return r;
	return is_current(l) ? 0 : -ENOENT;
}

static int open_own(struct layers *l)
{
	l->own = kernel_openat2(l->dir, LAYERS_OWN_DIR, O_RDONLY | O_DIRECTORY, 0, BELOW);
	return l->own < 0 ? l->own : 0;
}

static int no_layers(const char *id, struct err *e)
{
	err_set(e, ERR_STATE, 0, "container '%s' has no layers", id);
	err_hint(e, "those of ctr run --overlay have");
	return -ENOENT;
}

/* Behind open_locked: what is on the disk, in order. */
static int load(struct layers *l, struct err *e)
{
	int r = layers_record_load(l->dir, &l->arena, &l->record, e);

	if (r == 0)
		r = open_own(l);
	if (r == -ENOENT)
		return no_layers(l->id, e);
	if (r < 0) {
		(void)err_wrap(e, "layers of '%s'", l->id);
		return r;
	}
	r = layers_open_shared(l->data, &l->shared, e);
	return r == 0 ? layers_settle(l, e) : r;
}

int layers_open(int data, const char *id, struct layers **ret, struct err *e)
{
	cleanup_(layers_closep) struct layers *l = NULL;
	int r;

	if (!id_is_valid(id))
		return err_set(e, ERR_USAGE, 0, "invalid container id '%s'", id);
	l = new_layers(data, id);
	if (!l)
		return err_set(e, ERR_SYSTEM, ENOMEM, "open the layers of '%s'", id);
	r = open_locked(l, e);
	if (r == -ENOENT)
		return no_layers(id, e);
	if (r == 0)
		r = load(l, e);
	if (r == 0)
		*ret = take_ptr(l);
	return r;
}

/* ---- the first time ---- */

static void describe(const char *const *dirs, size_t count, char *buf, size_t size)
{
	struct strbuf s = STRBUF_OVER(buf, size);

	for (size_t i = 0; i < count; i++)
		strbuf_addf(&s, "%s'%s'", i ? ", " : "", dirs[i]);
}

static int check_base(const struct layers_base *base, struct err *e)
{
	if (!base->count)
		return err_set(e, ERR_USAGE, 0, "no base layer is named");
	for (size_t i = 0; i < base->count; i++) {
		const char *dir = base->dirs[i];

		if (dir[0] != '/' || json_utf8_span(dir, strlen(dir)) != strlen(dir))
			return err_set(e, ERR_USAGE, 0,
				       "base layer '%s' is not an absolute path in UTF-8", dir);
	}
	return 0;
}

static int compare_base(const struct layers *l, const struct layers_base *base, struct err *e)
{
	const struct layers_record *r = &l->record;
	bool same = r->base_count == base->count;
	char old[384], new[384];

	for (size_t i = 0; same && i < base->count; i++)
		same = strcmp(r->base[i], base->dirs[i]) == 0;
	if (same)
		return 0;
	describe(r->base, r->base_count, old, sizeof(old));
	describe(base->dirs, base->count, new, sizeof(new));
	err_set(e, ERR_STATE, 0, "the layers of container '%s' lie on %s, not on %s", l->id, old,
		new);
	err_hint(e, "use the same bundle and --layer, or another id");
	return -EEXIST;
}

static int copy_base(struct layers *l, const struct layers_base *base)
{
	struct layers_record *r = &l->record;

	*r = (struct layers_record){ .head = LAYERS_NONE, .last = LAYERS_NONE, .next = 1 };
	r->base = arena_array(&l->arena, base->count, sizeof(*r->base));
	if (!r->base)
		return -ENOMEM;
	for (size_t i = 0; i < base->count; i++) {
		r->base[i] = arena_strdup(&l->arena, base->dirs[i]);
		if (!r->base[i])
			return -ENOMEM;
	}
	r->base_count = base->count;
	return 0;
}

int layers_commit_first(struct layers *l, struct err *e)
{
	cleanup_fd int below = -EBADF;
	char *upper = arena_alloc(&l->arena, LAYERS_NAME_SIZE);
	int r;

	if (!upper)
		return err_set(e, ERR_SYSTEM, ENOMEM, "record the layers");
	r = layers_open_below(l, LAYERS_NONE, &below, e);
	if (r == 0)
		r = layers_make_upper(l, below, upper, e);
	if (r < 0)
		return r;
	l->record.upper = upper;
	r = layers_record_save(l->dir, &l->record, e);
	if (r == 0 && fsync(l->data) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "record the layers");
	/* the disk may have it or not: it is not there for those who were told that this failed */
	if (r < 0)
		(void)unlinkat(l->dir, LAYERS_RECORD_FILE, 0);
	return r;
}

/* Also where somebody was killed before there was a record. */
int layers_make_dirs(struct layers *l, struct err *e)
{
	int r;

	/* whoever removes it may be faster than we are with the lock */
	for (int tries = 0; tries < 8; tries++) {
		if (mkdirat(l->data, l->id, 0700) < 0 && errno != EEXIST)
			return err_set(e, ERR_SYSTEM, errno, "make the directory of layers");
		close_fd(&l->dir);
		r = open_locked(l, e);
		if (r != -ENOENT)
			break;
	}
	if (r == -ENOENT)
		return err_set(e, ERR_STATE, EBUSY, "another command removes the layers of '%s'",
			       l->id);
	if (r < 0)
		return r;
	if (mkdirat(l->dir, LAYERS_OWN_DIR, 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_SYSTEM, errno, "make the directory of layers");
	r = open_own(l);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "open the directory of layers")
		     : layers_open_shared(l->data, &l->shared, e);
}

/* 1 or 0, or an error. */
static int has_record(const struct layers *l, struct err *e)
{
	int r = is_there(l->dir, LAYERS_RECORD_FILE);

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "look for the layers of '%s'", l->id) : r;
}

/* What was made before a failure is of use to nobody; what there was before stays. */
void layers_abandon(struct layers *l)
{
	if (has_record(l, NULL) != 0)
		return;
	(void)layers_settle(l, NULL); /* the first error counts, and layers_gc finds what stays */
	(void)unlinkat(l->dir, LAYERS_OWN_DIR, AT_REMOVEDIR);
	(void)unlinkat(l->data, l->id, AT_REMOVEDIR);
}

/* Locked, with its directories, whether there is a record or not. */
static int begin(int data, const char *id, struct layers **ret, struct err *e)
{
	cleanup_(layers_closep) struct layers *l = NULL;
	int r;

	if (!id_is_valid(id))
		return err_set(e, ERR_USAGE, 0, "invalid container id '%s'", id);
	l = new_layers(data, id);
	if (!l)
		return err_set(e, ERR_SYSTEM, ENOMEM, "make the layers of '%s'", id);
	r = layers_make_dirs(l, e);
	if (r == 0)
		*ret = take_ptr(l);
	return r;
}

int layers_begin(int data, const char *id, struct layers **ret, struct err *e)
{
	cleanup_(layers_closep) struct layers *l = NULL;
	int r = begin(data, id, &l, e);

	if (r == 0)
		r = has_record(l, e);
	if (r > 0)
		return -EEXIST;
	if (r == 0)
		r = layers_settle(l, e);
	if (r == 0)
		*ret = take_ptr(l);
	return r;
}

/* There is a record: the layers must be the ones that are asked for. */
static int take_existing(struct layers *l, const struct layers_base *base, struct err *e)
{
	int r = layers_record_load(l->dir, &l->arena, &l->record, e);

	if (r < 0) {
		(void)err_wrap(e, "layers of '%s'", l->id);
		return r;
	}
	r = compare_base(l, base, e);
	return r == 0 ? layers_settle(l, e) : r;
}

static int make_first(struct layers *l, const struct layers_base *base, struct err *e)
{
	int r = layers_settle(l, e);

	if (r == 0 && copy_base(l, base) < 0)
		r = err_set(e, ERR_SYSTEM, ENOMEM, "record the layers");
	if (r == 0)
		r = layers_commit_first(l, e);
	if (r < 0)
		layers_abandon(l);
	return r;
}

int layers_create(int data, const char *id, const struct layers_base *base, struct layers **ret,
		  struct err *e)
{
	cleanup_(layers_closep) struct layers *l = NULL;
	int r = check_base(base, e);

	if (r == 0)
		r = begin(data, id, &l, e);
	if (r == 0)
		r = has_record(l, e);
	if (r < 0)
		return r;
	l->is_new = r == 0;
	r = (l->is_new ? make_first : take_existing)(l, base, e);
	if (r == 0)
		*ret = take_ptr(l);
	return r;
}

bool layers_is_new(const struct layers *l)
{
	return l->is_new;
}

/* ---- stacks ---- */

int layers_stack(const struct layers *l, struct overlay_stack *ret, struct err *e)
{
	cleanup_(overlay_stack_close) struct overlay_stack s = OVERLAY_STACK_EMPTY;
	int r = layers_open_upper(l, &s.upper, &s.work, e);

	if (r == 0)
		r = layers_open_lowers(l, l->record.head, &s, e);
	if (r < 0)
		return r;
	*ret = s;
	s = (struct overlay_stack)OVERLAY_STACK_EMPTY;
	return 0;
}

int layers_snapshot_stack(const struct layers *l, const char *name, struct overlay_stack *ret,
			  struct err *e)
{
	cleanup_(overlay_stack_close) struct overlay_stack s = OVERLAY_STACK_EMPTY;
	int r, index = LAYERS_NONE;

	if (name) {
		index = layers_record_find(&l->record, name, e);
		if (index < 0) {
			(void)err_wrap(e, "container '%s'", l->id);
			return index;
		}
	}
	r = layers_open_lowers(l, index, &s, e);
	if (r < 0)
		return r;
	*ret = s;
	s = (struct overlay_stack)OVERLAY_STACK_EMPTY;
	return 0;
}

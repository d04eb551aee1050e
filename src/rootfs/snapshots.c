// SPDX-License-Identifier: GPL-2.0-or-later
/* See snapshots.h: taking, capturing, cloning. */
#include "rootfs/snapshots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "rootfs/layers_internal.h"
#include "rootfs/snapshots_internal.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/dirnames.h"
#include "util/there.h"

#define LINKS_DIR "links"
#define AHEAD_DIR "ahead"

const struct layers_record *snapshots_record(const struct layers *l)
{
	return &l->record;
}

int snapshots_look(int data, const char *id, struct arena *a, struct layers_record *ret,
		   struct err *e)
{
	cleanup_fd int dir = -EBADF;
	int r;

	if (!id_is_valid(id))
		return err_set(e, ERR_USAGE, 0, "invalid container id '%s'", id);
	dir = kernel_openat2(data, id, O_RDONLY | O_DIRECTORY, 0,
			     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	r = dir < 0 ? dir : layers_record_load(dir, a, ret, e);
	if (r == -ENOENT) {
		err_set(e, ERR_STATE, 0, "container '%s' has no layers", id);
		err_hint(e, "those of ctr run --overlay have");
		return -ENOENT;
	}
	if (r < 0)
		(void)err_wrap(e, "layers of '%s'", id);
	return r;
}

int snapshots_each(int data, int (*fn)(const char *id, void *context), void *context, struct err *e)
{
	return layers_each(data, fn, context, e);
}

/* ---- names ---- */

static bool is_taken(const struct layers_record *r, const char *name)
{
	return layers_record_find(r, name, NULL) >= 0;
}

static const char *next_number(struct layers *l)
{
	char *name = arena_alloc(&l->arena, 24);

	while (name) {
		(void)snprintf(name, 24, "%llu", (unsigned long long)l->record.next++);
		if (!is_taken(&l->record, name))
			break;
	}
	return name;
}

int snapshots_check_name(const struct layers *l, const char *name, struct err *e)
{
	if (!name)
		return 0;
	if (!id_is_valid(name)) {
		err_set(e, ERR_USAGE, 0, "invalid snapshot name '%s'", name);
		err_hint(e, "use letters, digits and _ + - . (not first), at most %d bytes",
			 ID_MAX);
		return -EINVAL;
	}
	if (!is_taken(&l->record, name))
		return 0;
	err_set(e, ERR_STATE, 0, "container '%s' already has a snapshot '%s'", l->id, name);
	err_hint(e, "choose another name, or remove it with: ctr snapshot delete %s %s", l->id,
		 name);
	return -EEXIST;
}

int snapshots_add(struct layers *l, const struct snapshot_naming *how, const char *layer,
		  const char **ret_name, struct err *e)
{
	struct layers_snapshot s = { .parent = l->record.head, .after = l->record.last };
	int index = -ENOMEM;

	s.name = how->name ? arena_strdup(&l->arena, how->name) : next_number(l);
	s.layer = arena_strdup(&l->arena, layer);
	s.created = arena_strdup(&l->arena, how->created);
	s.message = how->message ? arena_strdup(&l->arena, how->message) : NULL;
	if (s.name && s.layer && s.created && (!how->message || s.message))
		index = layers_record_add(&l->record, &l->arena, &s);
	if (index < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "record the snapshot");
	*ret_name = s.name;
	return index;
}

int snapshots_commit(struct layers *l, struct err *e)
{
	int r = layers_record_save(l->dir, &l->record, e);

	if (r == 0)
		return layers_settle(l, e);
	(void)layers_settle(l,
			    NULL); /* what was made for it is a rest now; the first error counts */
	return r;
}

/* ---- of a container that is not mounted ---- */

/* Entries, or another look than the directory that it hides. */
static int upper_differs(int upper, int below)
{
	cleanup_(dirnames_free) struct dirnames names = DIRNAMES_EMPTY;
	struct stat a, b;
	int r = dirnames_read(upper, NULL, &names);

	if (r < 0)
		return r;
	if (fstat(upper, &a) < 0 || fstat(below, &b) < 0)
		return -errno;
	return names.count || a.st_mode != b.st_mode || a.st_uid != b.st_uid ||
	       a.st_gid != b.st_gid || a.st_mtim.tv_sec != b.st_mtim.tv_sec ||
	       a.st_mtim.tv_nsec != b.st_mtim.tv_nsec;
}

int snapshots_is_changed(const struct layers *l, struct err *e)
{
	cleanup_fd int upper = -EBADF, work = -EBADF, below = -EBADF;
	int r = layers_open_upper(l, &upper, &work, e);

	if (r == 0)
		r = layers_open_below(l, l->record.head, &below, e);
	if (r < 0)
		return r;
	r = upper_differs(upper, below);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "look at what the container wrote") : r;
}

int snapshots_new_upper(struct layers *l, int below, struct err *e)
{
	char *name = arena_alloc(&l->arena, LAYERS_NAME_SIZE);
	int r;

	if (!name)
		return err_set(e, ERR_SYSTEM, ENOMEM, "record the layers");
	r = layers_make_upper(l, below, name, e);
	if (r == 0)
		l->record.upper = name;
	return r;
}

int snapshots_take(struct layers *l, const struct snapshot_naming *how, const char **ret_name,
		   struct err *e)
{
	cleanup_fd int upper = -EBADF, work = -EBADF;
	const char *layer = l->record.upper;
	int r = snapshots_check_name(l, how->name, e);

	if (r == 0)
		r = layers_open_upper(l, &upper, &work, e);
	/* a snapshot that a power cut takes away would be none */
	if (r == 0 && syncfs(upper) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "flush the container's files");
	if (r == 0)
		r = snapshots_new_upper(l, upper, e);
	if (r == 0)
		r = snapshots_add(l, how, layer, ret_name, e);
	if (r < 0) {
		(void)layers_settle(l, NULL); /* the first error counts */
		return r;
	}
	l->record.head = l->record.last = r;
	return snapshots_commit(l, e);
}

/* ---- of a container that runs ---- */

static int tick(const struct treecopy *c, void *context)
{
	const struct snapshot_capture *capture = context;

	return capture->tick ? capture->tick(c->bytes, c->files, capture->context) : 0;
}

static int make_dir(int stage, const char *name, int *ret, struct err *e)
{
	if (mkdirat(stage, name, 0700) < 0)
		return err_set(e, ERR_SYSTEM, errno, "make a directory for the copy");
	*ret = kernel_openat2(stage, name, O_RDONLY | O_DIRECTORY, 0,
			      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	return *ret < 0 ? err_set(e, ERR_SYSTEM, -*ret, "open the directory for the copy") : 0;
}

/* The copy itself: the container stands still for as long as this takes. */
static int copy_frozen(struct snapshot_capture *capture, struct treecopy *c, int upper, int tree,
		       struct err *e)
{
	struct err second = ERR_INIT;
	int thawed, r = capture->freeze(capture->context, e);

	if (r != 0)
		return r;
	r = treecopy_run(c, upper, tree, e);
	thawed = capture->thaw(capture->context, r == 0 ? e : &second);
	return r == 0 ? thawed : r;
}

static int fill(struct layers *l, int stage, struct snapshot_capture *capture, struct err *e)
{
	cleanup_fd int upper = -EBADF, work = -EBADF, tree = -EBADF, links = -EBADF, ahead = -EBADF;
	struct treecopy c = { .tick = tick, .context = capture, .ahead = -EBADF };
	int r = layers_open_upper(l, &upper, &work, e);

	if (r == 0)
		r = make_dir(stage, LAYERS_TREE, &tree, e);
	if (r == 0)
		r = make_dir(stage, LINKS_DIR, &links, e);
	if (r == 0)
		r = make_dir(stage, AHEAD_DIR, &ahead, e);
	if (r < 0)
		return r;
	c.links = links;
	c.reflink = treecopy_can_reflink(stage);
	if (c.reflink) {
		(void)syncfs(upper); /* only so that less is left to be written in the freeze */
	} else if (treecopy_can_go_ahead(upper)) {
		c.ahead = ahead;
		r = treecopy_ahead(&c, upper, e);
	}
	if (r == 0)
		r = copy_frozen(capture, &c, upper, tree, e);
	capture->method = c.reflink ? SNAPSHOT_REFLINK : SNAPSHOT_COPY;
	capture->bytes = c.bytes;
	capture->files = c.files;
	return r;
}

static int finish(struct layers *l, int stage, struct err *e)
{
	int r = tree_remove(stage, LINKS_DIR);

	if (r == 0)
		r = tree_remove(stage, AHEAD_DIR);
	if (r == 0 && (syncfs(stage) < 0 || fsync(l->own) < 0))
		r = -errno;
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write the copy to the disk") : 0;
}

int snapshots_capture(struct layers *l, const struct snapshot_naming *how,
		      struct snapshot_capture *capture, const char **ret_name, struct err *e)
{
	cleanup_fd int stage = -EBADF;
	char layer[LAYERS_NAME_SIZE];
	int r = snapshots_check_name(l, how->name, e);

	if (r == 0)
		r = layers_make_stage(l, layer, &stage, e);
	if (r == 0)
		r = fill(l, stage, capture, e);
	if (r == 0)
		r = finish(l, stage, e);
	if (r == 0)
		r = snapshots_add(l, how, layer, ret_name, e);
	if (r < 0) {
		(void)layers_settle(l, NULL); /* the first error counts */
		return r;
	}
	l->record.last = r;
	return snapshots_commit(l, e);
}

/* ---- clones ---- */

/* All layers below and with @index, uppermost first. */
static int chain_of(struct layers *l, int index, const char ***ret, size_t *ret_count)
{
	const struct layers_record *r = &l->record;
	size_t n = 0;

	*ret = arena_array(&l->arena, r->count + r->origin_count + 1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (int at = index; at != LAYERS_NONE; at = r->snapshots[at].parent)
		(*ret)[n++] = r->snapshots[at].layer;
	for (size_t i = 0; i < r->origin_count; i++)
		(*ret)[n++] = r->origin_layers[i];
	*ret_count = n;
	return 0;
}

static int refuse_taken(const char *id, struct err *e)
{
	err_set(e, ERR_STATE, 0, "container '%s' already has layers", id);
	err_hint(e, "choose another id, or remove it with: ctr delete %s", id);
	return -EEXIST;
}

/* Asked before anything is locked: two clones in opposite directions would wait for each other. */
int snapshots_check_free(int data, const char *id, struct err *e)
{
	char path[ID_MAX + sizeof("/" LAYERS_RECORD_FILE)];
	int r;

	if (!id_is_valid(id))
		return err_set(e, ERR_USAGE, 0, "invalid container id '%s'", id);
	(void)snprintf(path, sizeof(path), "%s/" LAYERS_RECORD_FILE, id);
	r = is_there(data, path);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "look for layers of '%s'", id);
	return r > 0 ? refuse_taken(id, e) : 0;
}

/* @to is locked, and has directories, but no record. */
static int clone_to(struct layers *l, int index, struct layers *to, struct err *e)
{
	struct layers_record *r = &to->record;
	cleanup_fd int shared = -EBADF;
	int ret;

	*r = (struct layers_record){ .base = l->record.base,
				     .base_count = l->record.base_count,
				     .origin = l->id,
				     .origin_snapshot = index == LAYERS_NONE
								? ""
								: l->record.snapshots[index].name,
				     .head = LAYERS_NONE,
				     .last = LAYERS_NONE,
				     .next = 1 };
	ret = chain_of(l, index, &r->origin_layers, &r->origin_count);
	if (ret < 0)
		return err_set(e, ERR_SYSTEM, -ret, "record the clone");
	/*
	 * Whoever looks for layers without a user reads one record after the other: it would find neither this one,
	 * if it was written behind it, nor that of the origin, if that was removed right after.
	 */
	shared = openat(to->shared, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (shared < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the directory of layers");
	ret = layers_lock(shared, "the directory of layers", e);
	return ret < 0 ? ret : layers_commit_first(to, e);
}

int snapshots_clone(struct layers *l, const char *name, const char *id, struct err *e)
{
	cleanup_(layers_closep) struct layers *to = NULL;
	int r, index = LAYERS_NONE;

	if (name) {
		index = layers_record_find(&l->record, name, e);
		if (index < 0)
			return index;
	}
	r = snapshots_check_free(l->data, id, e);
	if (r < 0)
		return r;
	r = layers_begin(l->data, id, &to, e);
	if (r == -EEXIST)
		return refuse_taken(id, e);
	if (r < 0)
		return r;
	r = clone_to(l, index, to, e);
	if (r < 0)
		layers_abandon(to);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See rootsync.h: the side that gets the container. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "checkpoint/rootsync_internal.h"
#include "oci/json.h"
#include "rootfs/treeremove.h"
#include "rootfs/treeshape.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	STAGE_SIZE = 64
};

struct rootsync_sink {
	struct rootsync_sink_request rq;
	struct arena arena;
	struct rootsync_offer offer;
	bool offered, committed;
	bool existing;		      /* the layers were here */
	struct layers_rebuild *build; /* of an overlay */
	/* a rootfs that is sent: staged in the directory that it is going to be in */
	int parent;
	const char *name;
	char stage[STAGE_SIZE];
	int tree;
	bool placed;
	uint64_t received;
};

int rootsync_sink_open(const struct rootsync_sink_request *rq, struct rootsync_sink **ret,
		       struct err *e)
{
	struct rootsync_sink *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(e, ERR_SYSTEM, ENOMEM, "take a root filesystem in");
	s->rq = *rq;
	s->parent = s->tree = -EBADF;
	s->rq.id = arena_strdup(&s->arena, rq->id);
	s->rq.rootfs = arena_strdup(&s->arena, rq->rootfs);
	if (!s->rq.id || !s->rq.rootfs) {
		rootsync_sink_close(s);
		return err_set(e, ERR_SYSTEM, ENOMEM, "take a root filesystem in");
	}
	*ret = s;
	return 0;
}

/* What was staged; what was put in its place only if @all. */
static int remove_rootfs(struct rootsync_sink *s, bool all)
{
	int r = 0;

	close_fd(&s->tree);
	if (s->parent >= 0 && s->stage[0] && !s->placed)
		r = tree_remove(s->parent, s->stage);
	if (s->placed && all)
		r = tree_remove(s->parent, s->name);
	return r;
}

void rootsync_sink_close(struct rootsync_sink *s)
{
	if (!s)
		return;
	layers_rebuild_end(s->build);
	(void)remove_rootfs(s, !s->committed); /* nothing more can be done about it */
	close_fd(&s->parent);
	arena_free(&s->arena);
	free(s);
}

int rootsync_sink_undo(struct rootsync_sink *s, struct err *e)
{
	int r = 0;

	if (!s->committed)
		return 0;
	if (s->offer.overlay)
		r = layers_remove(s->rq.data, s->rq.id, e);
	if (r == 0)
		r = remove_rootfs(s, true);
	if (r == 0)
		s->committed = s->placed = false;
	return r;
}

/* ---- what comes ---- */

/* Bytes of the DATA messages up to END. */
struct contents {
	struct rootsync_sink *s;
	struct wire *w;
	const char *bytes;
	size_t left;
	bool ended;
};

static int next_chunk(struct contents *c, struct err *e)
{
	struct wire_message m;
	int r = wire_receive(c->w, "source", &m, e);

	if (r == 0)
		r = rootsync_kind(&m, &c->bytes, &c->left, e);
	if (r < 0)
		return r;
	if (r != ROOTSYNC_DATA && r != ROOTSYNC_END)
		return err_set(e, ERR_SYSTEM, EPROTO, "source says %d where files are due", r);
	c->ended = r == ROOTSYNC_END;
	c->s->received += c->left;
	if (c->s->rq.max_bytes && c->s->received > c->s->rq.max_bytes) {
		err_set(e, ERR_STATE, EFBIG, "the container's files are larger than allowed here");
		return -EFBIG;
	}
	return 0;
}

static int read_contents(void *data, void *buf, size_t size, struct err *e)
{
	struct contents *c = data;
	char *p = buf;

	while (size) {
		size_t n = c->left < size ? c->left : size;
		int r;

		if (c->ended)
			return err_set(e, ERR_SYSTEM, EPIPE, "a stream of files ends too early");
		if (n) {
			memcpy(p, c->bytes, n);
			c->bytes += n;
			c->left -= n;
			p += n;
			size -= n;
			continue;
		}
		r = next_chunk(c, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One stream into the tree @dir, and the END behind it. */
static int take_tree(struct rootsync_sink *s, struct wire *w, int dir, struct err *e)
{
	struct contents c = { .s = s, .w = w };
	const struct treesync_source from = { read_contents, &c };
	int r = treesync_apply(&from, dir, NULL, e);

	if (r == 0 && c.left)
		return err_set(e, ERR_SYSTEM, EPROTO, "something comes behind a stream of files");
	if (r == 0 && !c.ended)
		r = next_chunk(&c, e);
	if (r == 0 && !c.ended)
		return err_set(e, ERR_SYSTEM, EPROTO, "something comes behind a stream of files");
	return r;
}

/* ---- the offer: what is below the layers ---- */

/* 1: it is there and the same; 0: it is not there. */
static int compare_base(const struct rootsync_sink *s, const char *path, const char *shape,
			struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char digest[DIGEST_TEXT];
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_set(e, ERR_STATE, errno, "open '%s'", path);
	if (!shape)
		return 1;
	r = treeshape(fd, s->offer.contents, digest, e);
	if (r < 0)
		return r;
	if (strcmp(digest, shape) == 0)
		return 1;
	err_set(e, ERR_STATE, 0, "'%s' is not the same on both hosts", path);
	err_hint(e, "%s",
		 s->offer.copy ? "remove it here, so that it can be sent"
			       : "make it the same, names, owners, modes and sizes");
	return -EEXIST;
}

/* Where the rootfs will be, and a directory beside it to fill. */
static int stage_rootfs(struct rootsync_sink *s, struct err *e)
{
	const char *slash = strrchr(s->rq.rootfs, '/');
	unsigned char random[8];
	char *parent;

	if (!slash || !slash[1])
		return err_set(e, ERR_USAGE, EINVAL, "'%s' is no place for a root filesystem",
			       s->rq.rootfs);
	parent = arena_memdup(&s->arena, s->rq.rootfs,
			      slash == s->rq.rootfs ? 1 : (size_t)(slash - s->rq.rootfs));
	s->name = slash + 1;
	s->parent = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (s->parent < 0)
		return err_set(e, ERR_STATE, errno, "open the directory of '%s'", s->rq.rootfs);
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_set(e, ERR_SYSTEM, EIO, "find a name");
	(void)snprintf(s->stage, sizeof(s->stage), ".ctr-incoming-%02x%02x%02x%02x%02x%02x%02x%02x",
		       random[0], random[1], random[2], random[3], random[4], random[5], random[6],
		       random[7]);
	if (mkdirat(s->parent, s->stage, 0700) < 0) {
		s->stage[0] = '\0';
		return err_set(e, ERR_SYSTEM, errno, "make a directory for '%s'", s->rq.rootfs);
	}
	s->tree = openat(s->parent, s->stage, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return s->tree < 0
		       ? err_set(e, ERR_SYSTEM, errno, "open a directory for '%s'", s->rq.rootfs)
		       : 0;
}

static int missing(const struct rootsync_sink *s, const char *path, struct err *e)
{
	err_set(e, ERR_STATE, ENOENT, "'%s'", path);
	err_hint(e, "%s",
		 s->offer.copy ? "only the bundle's own root filesystem is sent"
			       : "bring the bundle here, or send it with --copy-rootfs");
	return -ENOENT;
}

/* *ret: the rootfs has to be sent. The last of an overlay's bases is the bundle's. */
static int look_at_bases(struct rootsync_sink *s, bool *ret, struct err *e)
{
	const struct rootsync_offer *o = &s->offer;

	*ret = false;
	for (size_t i = 0; i < o->base_count; i++) {
		bool own = i == o->base_count - 1;
		const char *path = own ? s->rq.rootfs : o->base[i];
		bool sent = own && o->copy;
		int r;

		if (path[0] != '/')
			return err_set(e, ERR_USAGE, EINVAL, "'%s' is no absolute path", path);
		r = compare_base(s, path, o->shapes[i], e);
		if (r < 0)
			return r;
		if (r == 1 && sent && !o->overlay) {
			err_set(e, ERR_STATE, EEXIST, "the root filesystem '%s'", path);
			err_hint(
				e,
				"remove it, or leave out --copy-rootfs if both hosts see the same");
			return -EEXIST;
		}
		if (r == 0 && !sent)
			return missing(s, path, e);
		*ret = *ret || (r == 0 && sent);
	}
	return 0;
}

/* ---- the offer: layers ---- */

static int begin_layers(struct rootsync_sink *s, struct err *e)
{
	const struct rootsync_offer *o = &s->offer;
	const char **dirs = arena_array(&s->arena, o->base_count, sizeof(*dirs));
	const struct layers_base base = { dirs, o->base_count };

	if (!dirs)
		return err_set(e, ERR_SYSTEM, ENOMEM, "take layers in");
	memcpy(dirs, o->base, o->base_count * sizeof(*dirs));
	dirs[o->base_count - 1] = s->rq.rootfs;
	if (s->rq.keep) {
		int r = layers_rebuild_compare(s->rq.data, s->rq.id, &base, &o->parts, e);

		s->existing = r == 1;
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return layers_rebuild_begin(s->rq.data, s->rq.id, &base, &o->parts, &s->build, e);
}

static bool is_missing(const struct rootsync_sink *s, size_t layer)
{
	return !s->existing && layers_rebuild_needs(s->build, layer);
}

static int say_needed(const struct rootsync_sink *s, struct wire *w, bool rootfs, struct err *e)
{
	cleanup_(json_out_free) struct json_out o = { 0 };
	cleanup_free char *text = NULL;
	size_t size;
	int r = json_out_init(&o, false);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "say what is missing");
	json_out_object(&o);
	json_out_member_bool(&o, "rootfs", rootfs);
	json_out_member_array(&o, "layers");
	for (size_t i = 0; i < s->offer.parts.count; i++) {
		if (!is_missing(s, i))
			continue;
		json_out_object(&o);
		json_out_member_uint(&o, "layer", i + 1);
		json_out_end_object(&o);
	}
	json_out_end_array(&o);
	json_out_end_object(&o);
	r = json_out_finish(&o, &text, &size);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "say what is missing")
		     : rootsync_send(w, ROOTSYNC_NEED, text, size, e);
}

static int take_layer(struct rootsync_sink *s, struct wire *w, uint64_t expected, struct err *e)
{
	struct arena a = { 0 };
	const struct json_node *head;
	uint64_t number;
	const char *text;
	size_t size;
	int dir = -EBADF, r = rootsync_expect(w, "source", ROOTSYNC_TREE, &text, &size, e);

	if (r == 0)
		r = json_parse(&a, text, size, "a layer's head", &head, e);
	if (r == 0)
		r = wire_uint(head, "layer", s->offer.parts.count, &number, e);
	if (r == 0 && number != expected)
		r = err_set(e, ERR_SYSTEM, EPROTO, "source sends another layer than was asked for");
	arena_free(&a);
	if (r == 0)
		r = layers_rebuild_layer(s->build, expected - 1, &dir, e);
	if (r == 0)
		r = take_tree(s, w, dir, e);
	return r == 0 ? layers_rebuild_layer_done(s->build, expected - 1, e) : r;
}

/* An overlay's rootfs; that of a directory comes in rounds. */
static int take_rootfs(struct rootsync_sink *s, struct wire *w, struct err *e)
{
	char digest[DIGEST_TEXT];
	int r = rootsync_expect(w, "source", ROOTSYNC_TREE, NULL, NULL, e);

	if (r == 0)
		r = take_tree(s, w, s->tree, e);
	if (r == 0)
		r = treeshape(s->tree, s->offer.contents, digest, e);
	if (r == 0 && strcmp(digest, s->offer.shapes[s->offer.base_count - 1]) != 0)
		r = err_set(e, ERR_SYSTEM, EBADMSG, "the root filesystem did not arrive well");
	return r;
}

static int serve_overlay(struct rootsync_sink *s, struct wire *w, bool rootfs, struct err *e)
{
	int r = begin_layers(s, e);

	if (r == 0)
		r = say_needed(s, w, rootfs, e);
	if (r == 0 && rootfs)
		r = take_rootfs(s, w, e);
	for (size_t i = 0; r == 0 && i < s->offer.parts.count; i++)
		if (is_missing(s, i))
			r = take_layer(s, w, i + 1, e);
	return r;
}

static int serve_offer(struct rootsync_sink *s, struct wire *w, const char *text, size_t size,
		       struct err *e)
{
	bool rootfs = false;
	int r;

	if (s->offered)
		return err_set(e, ERR_SYSTEM, EPROTO, "source makes a second offer");
	s->offered = true;
	r = rootsync_offer_read(text, size, &s->arena, &s->offer, e);
	if (r == 0)
		r = look_at_bases(s, &rootfs, e);
	if (r == 0 && rootfs)
		r = stage_rootfs(s, e);
	if (r < 0)
		return r;
	if (s->offer.overlay)
		r = serve_overlay(s, w, rootfs, e);
	else
		r = rootsync_send(w, ROOTSYNC_NEED, "{\"layers\":[]}", 13, e);
	return r == 0 ? rootsync_send(w, ROOTSYNC_DONE, NULL, 0, e) : r;
}

/* ---- rounds, and the end ---- */

static int serve_round(struct rootsync_sink *s, struct wire *w, struct err *e)
{
	int dir = s->tree, r = 0;

	if (s->offer.overlay)
		r = s->build ? layers_rebuild_upper(s->build, &dir, e) : -EPROTO;
	if (r < 0 || dir < 0 || s->committed)
		return err_set(e, ERR_SYSTEM, EPROTO, "source sends files that belong nowhere");
	r = take_tree(s, w, dir, e);
	return r == 0 ? rootsync_send(w, ROOTSYNC_DONE, NULL, 0, e) : r;
}

static int put_rootfs(struct rootsync_sink *s, struct err *e)
{
	int r = syncfs(s->tree) < 0 ? -errno
				    : kernel_renameat2(s->parent, s->stage, s->parent, s->name,
						       KERNEL_RENAME_NOREPLACE);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "put the root filesystem to '%s'", s->rq.rootfs);
	s->placed = true;
	return fsync(s->parent) < 0
		       ? err_set(e, ERR_SYSTEM, errno, "write '%s' to the disk", s->rq.rootfs)
		       : 0;
}

static int serve_commit(struct rootsync_sink *s, struct wire *w, struct err *e)
{
	int r = 0;

	if (!s->offered || s->committed)
		return err_set(e, ERR_SYSTEM, EPROTO, "source completes what it has not begun");
	if (s->tree >= 0)
		r = put_rootfs(s, e);
	if (r == 0 && s->build)
		r = layers_rebuild_commit(s->build, e);
	if (r < 0)
		return r;
	s->committed = true;
	layers_rebuild_end(take_ptr(s->build)); /* its locks, for whoever restores */
	return rootsync_send(w, ROOTSYNC_DONE, NULL, 0, e);
}

int rootsync_sink_serve(struct rootsync_sink *s, struct wire *w, const struct wire_message *m,
			bool *ret_committed, struct err *e)
{
	const char *bytes;
	size_t size;
	int r = rootsync_kind(m, &bytes, &size, e);

	*ret_committed = false;
	switch (r) {
	case ROOTSYNC_OFFER: r = serve_offer(s, w, bytes, size, e); break;
	case ROOTSYNC_ROUND: r = serve_round(s, w, e); break;
	case ROOTSYNC_COMMIT:
		r = serve_commit(s, w, e);
		*ret_committed = r == 0;
		break;
	default:
		if (r >= 0)
			r = err_set(e, ERR_SYSTEM, EPROTO, "source says %d where files are due", r);
	}
	if (r < 0)
		(void)err_wrap(e, "take the root filesystem in");
	return r;
}

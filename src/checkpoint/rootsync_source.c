// SPDX-License-Identifier: GPL-2.0-or-later
/* See rootsync.h: the side that has the container. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "checkpoint/rootsync_internal.h"
#include "container/sources.h"
#include "oci/json.h"
#include "rootfs/layers_internal.h"
#include "rootfs/layers_transfer.h"
#include "rootfs/sinks.h"
#include "rootfs/treeshape.h"
#include "util/cleanup.h"
#include "util/kernel.h"

struct rootsync_source {
	struct rootsync_source_request rq;
	struct arena arena;
	struct layers *layers; /* not locked; NULL: a directory */
	struct rootsync_offer offer;
	int tree; /* what the container writes to; -EBADF: nothing is sent */
	struct treesync *sync;
	uint64_t sent;
};

void rootsync_source_close(struct rootsync_source *s)
{
	if (!s)
		return;
	treesync_free(s->sync);
	close_fd(&s->tree);
	layers_close(s->layers);
	arena_free(&s->arena);
	free(s);
}

/* ---- what the root is made of ---- */

static int open_base(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_set(e, ERR_STATE, errno, "open '%s'", path) : fd;
}

static int describe_bases(struct rootsync_source *s, const char *const *dirs, size_t count,
			  bool shapes, struct err *e)
{
	struct rootsync_offer *o = &s->offer;

	o->base = arena_array(&s->arena, count, sizeof(*o->base));
	o->shapes = arena_array(&s->arena, count, sizeof(*o->shapes));
	if (!o->base || !o->shapes)
		return err_set(e, ERR_SYSTEM, ENOMEM, "describe the root filesystem");
	o->base_count = count;
	for (size_t i = 0; i < count; i++) {
		cleanup_fd int fd = open_base(dirs[i], e);
		char digest[DIGEST_TEXT];
		int r = fd < 0 ? fd : 0;

		if (r == 0 && shapes)
			r = treeshape(fd, o->contents, digest, e);
		if (r < 0)
			return r;
		o->base[i] = arena_strdup(&s->arena, dirs[i]);
		o->shapes[i] = shapes ? arena_strdup(&s->arena, digest) : NULL;
		if (!o->base[i] || (shapes && !o->shapes[i]))
			return err_set(e, ERR_SYSTEM, ENOMEM, "describe the root filesystem");
	}
	return 0;
}

static int open_overlay(struct rootsync_source *s, const struct container *c, struct err *e)
{
	const struct container_overlay *o = &c->record.overlay;
	cleanup_fd int data = -EBADF, work = -EBADF;
	int r;

	if (!o->data) {
		err_set(e, ERR_UNSUPPORTED, 0,
			"container '%s' writes to memory only, which is not sent", c->record.id);
		err_hint(e, "--overlay without --ephemeral keeps it on the disk");
		return -EOPNOTSUPP;
	}
	data = open_base(o->data, e);
	if (data < 0)
		return data;
	r = layers_open(data, c->record.id, &s->layers, e);
	if (r == 0)
		r = layers_open_upper(s->layers, &s->tree, &work, e);
	if (r == 0)
		r = layers_parts_of(s->layers, &s->arena, &s->offer.parts, e);
	if (r < 0)
		return r;
	layers_unlock(s->layers);
	s->offer.overlay = true;
	return describe_bases(s, s->layers->record.base, s->layers->record.base_count, true, e);
}

static int open_directory(struct rootsync_source *s, const struct container *c, struct err *e)
{
	const char *const dirs[] = { c->record.rootfs };

	s->offer.parts.head = s->offer.parts.last = LAYERS_NONE;
	if (s->rq.copy_rootfs) {
		s->tree = open_base(c->record.rootfs, e);
		if (s->tree < 0)
			return s->tree;
	}
	return describe_bases(s, dirs, 1, false, e);
}

int rootsync_source_open(const struct container *c, const struct rootsync_source_request *rq,
			 struct rootsync_source **ret, struct err *e)
{
	cleanup_(rootsync_source_closep) struct rootsync_source *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(e, ERR_SYSTEM, ENOMEM, "look at the root filesystem");
	s->rq = *rq;
	s->tree = -EBADF;
	s->offer.copy = rq->copy_rootfs;
	s->offer.contents = rq->compare_contents;
	r = c->record.overlay.used ? open_overlay(s, c, e) : open_directory(s, c, e);
	if (r == 0)
		r = treesync_new(&s->sync, e);
	if (r < 0) {
		(void)err_wrap(e, "root filesystem of '%s'", c->record.id);
		return r;
	}
	*ret = take_ptr(s);
	return 0;
}

/* ---- contents as messages ---- */

struct chunks {
	struct rootsync_source *s;
	struct wire *w;
	size_t used;
	char *bytes; /* the message's first byte, then ROOTSYNC_CHUNK at most */
};

static int flush_chunk(struct chunks *c, struct err *e)
{
	int r;

	if (!c->used)
		return 0;
	c->bytes[0] = ROOTSYNC_DATA;
	r = wire_send(c->w, WIRE_ROOT, c->bytes, c->used + 1, e);
	c->s->sent += c->used;
	c->used = 0;
	if (r == 0 && c->s->rq.progress)
		c->s->rq.progress(c->s->rq.context, c->s->sent);
	return r;
}

static int write_chunk(void *data, const void *bytes, size_t size, struct err *e)
{
	struct chunks *c = data;
	const char *p = bytes;
	int r = 0;

	while (r == 0 && size) {
		size_t n = ROOTSYNC_CHUNK - c->used < size ? ROOTSYNC_CHUNK - c->used : size;

		memcpy(c->bytes + 1 + c->used, p, n);
		c->used += n;
		p += n;
		size -= n;
		if (c->used == ROOTSYNC_CHUNK)
			r = flush_chunk(c, e);
	}
	return r;
}

/* The tree @dir, as far as @sync has not told it, and its end. */
static int send_tree(struct rootsync_source *s, struct wire *w, struct treesync *sync, int dir,
		     bool live, struct treesync_count *ret, struct err *e)
{
	cleanup_free char *bytes = malloc(ROOTSYNC_CHUNK + 1);
	struct chunks c = { s, w, 0, bytes };
	const struct tar_sink sink = { write_chunk, &c };
	int r;

	if (!bytes)
		return err_set(e, ERR_SYSTEM, ENOMEM, "send files");
	r = treesync_scan(sync, dir, live, &sink, ret, e);
	if (r == 0)
		r = flush_chunk(&c, e);
	return r == 0 ? rootsync_send(w, ROOTSYNC_END, NULL, 0, e) : r;
}

/* ---- the offer ---- */

static int send_whole(struct rootsync_source *s, struct wire *w, int dir, struct err *e)
{
	cleanup_(treesync_freep) struct treesync *sync = NULL;
	struct treesync_count count;
	int r = treesync_new(&sync, e);

	return r < 0 ? r : send_tree(s, w, sync, dir, false, &count, e);
}

static int send_layer(struct rootsync_source *s, struct wire *w, uint64_t number, struct err *e)
{
	struct json_out o;
	cleanup_free char *text = NULL;
	cleanup_fd int dir = -EBADF;
	size_t size;
	int r = layers_part_open(s->layers, &s->offer.parts, (int)number - 1, &dir, e);

	if (r < 0)
		return r;
	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "send a layer");
	json_out_object(&o);
	json_out_member_uint(&o, "layer", number);
	json_out_end_object(&o);
	r = json_out_finish(&o, &text, &size);
	json_out_free(&o);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "send a layer");
	r = rootsync_send(w, ROOTSYNC_TREE, text, size, e);
	return r < 0 ? r : send_whole(s, w, dir, e);
}

static int send_rootfs(struct rootsync_source *s, struct wire *w, struct err *e)
{
	cleanup_fd int dir = open_base(s->offer.base[s->offer.base_count - 1], e);
	int r = dir < 0 ? dir : rootsync_send(w, ROOTSYNC_TREE, "{}", 2, e);

	return r < 0 ? r : send_whole(s, w, dir, e);
}

static int send_needed(struct rootsync_source *s, struct wire *w, const struct json_node *need,
		       struct err *e)
{
	const struct json_node *layers = json_member(need, "layers");
	int r = wire_bool(need, "rootfs") && s->offer.overlay && s->offer.copy
			? send_rootfs(s, w, e)
			: 0;

	if (!layers || layers->type != JSON_ARRAY)
		return err_set(e, ERR_SYSTEM, EPROTO, "the other side does not say what it needs");
	json_for_each (item, layers) {
		uint64_t number = 0;

		if (r < 0)
			break;
		r = wire_uint(item, "layer", s->offer.parts.count, &number, e);
		if (r == 0)
			r = number ? send_layer(s, w, number, e)
				   : err_set(e, ERR_SYSTEM, EPROTO, "there is no layer 0");
	}
	return r;
}

int rootsync_source_offer(struct rootsync_source *s, struct wire *w, struct err *e)
{
	cleanup_free char *text = NULL;
	const struct json_node *need;
	const char *answer;
	struct arena a = { 0 };
	size_t size;
	int r = rootsync_offer_write(&s->offer, &text, &size, e);

	if (r == 0)
		r = rootsync_send(w, ROOTSYNC_OFFER, text, size, e);
	if (r == 0)
		r = rootsync_expect(w, "destination", ROOTSYNC_NEED, &answer, &size, e);
	if (r == 0)
		r = json_parse(&a, answer, size, "what the destination needs", &need, e);
	if (r == 0)
		r = send_needed(s, w, need, e);
	if (r == 0)
		r = rootsync_expect(w, "destination", ROOTSYNC_DONE, NULL, NULL, e);
	arena_free(&a);
	if (r < 0)
		(void)err_wrap(e, "send the layers");
	return r;
}

/* ---- rounds ---- */

static uint64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int rootsync_source_round(struct rootsync_source *s, struct wire *w, bool last,
			  struct rootsync_round *ret, struct err *e)
{
	uint64_t began = now_us();
	int r = 0;

	*ret = (struct rootsync_round){ 0 };
	if (s->tree < 0)
		return 0;
	r = rootsync_send(w, ROOTSYNC_ROUND, NULL, 0, e);
	if (r == 0)
		r = send_tree(s, w, s->sync, s->tree, !last, &ret->count, e);
	if (r == 0)
		r = rootsync_expect(w, "destination", ROOTSYNC_DONE, NULL, NULL, e);
	if (r < 0) {
		(void)err_wrap(e, "send the container's files");
		return r;
	}
	ret->micros = now_us() - began;
	return 0;
}

int rootsync_source_spool(struct rootsync_source *s, int fd, struct treesync_count *ret,
			  struct err *e)
{
	struct file_sink file = { 0 };
	struct tar_sink sink;
	int r;

	*ret = (struct treesync_count){ 0 };
	if (s->tree < 0)
		return 0;
	r = file_sink_open(fd, "the container's files", &file, &sink, e);
	if (r < 0)
		return r;
	r = treesync_scan(s->sync, s->tree, false, &sink, ret, e);
	if (r == 0)
		r = file_sink_flush(&file, e);
	file_sink_close(&file);
	return r;
}

int rootsync_source_prepare(struct rootsync_source *s, struct err *e)
{
	return s->tree < 0 ? 0 : treesync_prepare(s->sync, s->tree, e);
}

int rootsync_source_save(const struct rootsync_source *s, int dir, const char *name, struct err *e)
{
	return treesync_save(s->sync, dir, name, e);
}

int rootsync_source_load(struct rootsync_source *s, int dir, const char *name, struct err *e)
{
	struct treesync *sync = NULL;
	int r = treesync_load(dir, name, &sync, e);

	if (r < 0)
		return r;
	treesync_free(s->sync);
	s->sync = sync;
	return 0;
}

int rootsync_source_reset(struct rootsync_source *s, struct err *e)
{
	struct treesync *sync = NULL;
	int r = treesync_new(&sync, e);

	if (r < 0)
		return r;
	treesync_free(s->sync);
	s->sync = sync;
	return 0;
}

int rootsync_source_commit(struct rootsync_source *s, struct wire *w, struct err *e)
{
	int r = rootsync_send(w, ROOTSYNC_COMMIT, NULL, 0, e);

	(void)s;
	if (r == 0)
		r = rootsync_expect(w, "destination", ROOTSYNC_DONE, NULL, NULL, e);
	if (r < 0)
		(void)err_wrap(e, "complete the root filesystem");
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What a snapshot consists of, and the digests of layers. */
#include "rootfs/layers_transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "oci/json.h"
#include "oci/json_out.h"
#include "rootfs/layers_internal.h"
#include "rootfs/sinks.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

#define LAYER_FILE "layer.json"

enum {
	LAYER_FILE_MAX = 64 << 10,
};

/* ---- chains ---- */

void layers_chain_close(struct layers_chain *c)
{
	for (size_t i = 0; i < c->count; i++)
		(void)close(c->items[i].dir);
	free(c->items);
	*c = (struct layers_chain){ 0 };
}

static int newest(const struct layers *l, struct err *e)
{
	if (l->record.last != LAYERS_NONE)
		return l->record.last;
	err_set(e, ERR_STATE, 0, "container '%s' has no snapshot", l->id);
	err_hint(e, "ctr snapshot create %s makes one", l->id);
	return -ENOENT;
}

/* What is known of the layer at place @i of the stack, which is the uppermost first. */
static void describe(const struct layers_record *r, int index, size_t i, struct layers_link *link)
{
	size_t store = 0;

	for (int at = index; at != LAYERS_NONE; at = r->snapshots[at].parent, store++) {
		const struct layers_snapshot *s = &r->snapshots[at];

		if (store != i)
			continue;
		link->layer = s->layer;
		link->snapshot = s->name;
		link->created = s->created;
		link->message = s->message;
		return;
	}
	if (i - store < r->origin_count)
		link->layer = r->origin_layers[i - store];
	else
		link->base = r->base[i - store - r->origin_count];
}

int layers_chain_at(const struct layers *l, int index, struct layers_chain *ret, struct err *e)
{
	cleanup_(overlay_stack_close) struct overlay_stack s = OVERLAY_STACK_EMPTY;
	struct layers_link *items;
	int r = layers_open_lowers(l, index, &s, e);

	if (r < 0)
		return r;
	items = calloc(s.count, sizeof(*items));
	if (!items)
		return err_set(e, ERR_SYSTEM, ENOMEM, "open the layers");
	for (size_t i = 0; i < s.count; i++) {
		struct layers_link *link = &items[s.count - 1 - i];

		describe(&l->record, index, i, link);
		link->dir = take_fd(&s.lowers[i]);
	}
	*ret = (struct layers_chain){ items, s.count, l->record.base_count };
	s.count = 0;
	return 0;
}

int layers_chain_open(const struct layers *l, const char *name, struct layers_chain *ret,
		      struct err *e)
{
	int index = name ? layers_record_find(&l->record, name, e) : newest(l, e);

	if (index < 0)
		return name ? err_wrap(e, "container '%s'", l->id) : index;
	return layers_chain_at(l, index, ret, e);
}

void layers_unlock(struct layers *l)
{
	(void)flock(l->dir, LOCK_UN); /* an unlock of what we hold does not fail */
}

int layers_chain_check(const struct layers *l, const struct layers_chain *c, struct err *e)
{
	for (size_t i = c->base_count; i < c->count; i++) {
		cleanup_fd int fd = -EBADF;
		struct stat a, b;

		if (layers_open_layer(l, c->items[i].layer, &fd, NULL) < 0 || fstat(fd, &a) < 0 ||
		    fstat(c->items[i].dir, &b) < 0 || a.st_ino != b.st_ino || a.st_dev != b.st_dev)
			return err_set(e, ERR_STATE, ESTALE,
				       "a snapshot of container '%s' was deleted meanwhile", l->id);
	}
	return 0;
}

/* ---- layer.json ---- */

/* DATA/.layers/LAYER: where the file is. */
static int open_top(const struct layers *l, const char *layer)
{
	return kernel_openat2(l->shared, layer, O_RDONLY | O_DIRECTORY, 0,
			      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

/* NULL: there is none, or nobody can read it: then it is written anew. */
static const struct json_node *read_notes(int top, struct arena *a, char **ret_text)
{
	cleanup_fd int fd = openat(top, LAYER_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const struct json_node *root;
	size_t len;

	if (fd < 0 || io_read_file(fd, LAYER_FILE_MAX, ret_text, &len) < 0)
		return NULL;
	return json_parse(a, *ret_text, len, LAYER_FILE, &root, NULL) == 0 ? root : NULL;
}

int layers_digest_recorded(const struct layers *l, const struct layers_link *link,
			   char ret[DIGEST_TEXT], struct err *e)
{
	cleanup_free char *text = NULL;
	const struct json_node *root, *digest = NULL;
	struct arena a = { 0 };
	cleanup_fd int top = -EBADF;
	bool known;

	if (!link->layer)
		return 0;
	top = open_top(l, link->layer);
	if (top < 0)
		return err_set(e, ERR_SYSTEM, -top, "open a layer");
	root = read_notes(top, &a, &text);
	if (root)
		digest = json_member(root, "digest");
	known = digest && digest->type == JSON_STRING && digest_is_valid(digest->text);
	if (known)
		(void)snprintf(ret, DIGEST_TEXT, "%s", digest->text);
	arena_free(&a);
	return known;
}

/* The other members of the file stay as they are. */
static int note_digest(int top, const char *digest)
{
	cleanup_(json_out_free) struct json_out o = { 0 };
	cleanup_free char *old = NULL, *text = NULL;
	const struct json_node *root;
	struct arena a = { 0 };
	size_t len;
	int r = json_out_init(&o, true);

	if (r < 0)
		return r;
	root = read_notes(top, &a, &old);
	json_out_object(&o);
	if (root && root->type == JSON_OBJECT) {
		json_for_each (m, root) {
			if (strcmp(m->key, "digest") == 0)
				continue;
			json_out_key(&o, m->key);
			json_out_raw(&o, old + m->start, m->end - m->start);
		}
	}
	json_out_member_string(&o, "digest", digest);
	json_out_end_object(&o);
	arena_free(&a);
	r = json_out_finish(&o, &text, &len);
	return r < 0 ? r : io_replace_file_durable(top, LAYER_FILE, 0600, text, len);
}

int layers_digest_note(int top, const char *digest, struct err *e)
{
	int r = note_digest(top, digest);

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "record the digest of a layer") : 0;
}

/* ---- digests ---- */

static int swallow(void *data, const void *bytes, size_t size, struct err *e)
{
	(void)data;
	(void)bytes;
	(void)size;
	(void)e;
	return 0;
}

int layers_digest_compute(int dir, char ret[DIGEST_TEXT], struct err *e)
{
	static const struct tar_sink nowhere = { swallow, NULL };
	struct layer_export x = { .layer = dir };
	cleanup_(tee_sink_close) struct tee_sink tee = { 0 };
	int r = tee_sink_open(&nowhere, &tee, &x.sink, e);

	if (r == 0)
		r = layer_export(&x, e);
	if (r == 0)
		digest_finish(tee.digest, ret);
	return r;
}

int layers_digest(const struct layers *l, const struct layers_link *link, bool fresh,
		  char ret[DIGEST_TEXT], struct err *e)
{
	cleanup_fd int top = -EBADF;
	int r = fresh ? 0 : layers_digest_recorded(l, link, ret, e);

	if (r != 0)
		return r < 0 ? r : 0;
	r = layers_digest_compute(link->dir, ret, e);
	if (r < 0 || fresh || !link->layer)
		return r;
	top = open_top(l, link->layer);
	return top < 0 ? err_set(e, ERR_SYSTEM, -top, "open a layer")
		       : layers_digest_note(top, ret, e);
}

/* config.md, "Layer ChainID": of one layer its own digest, else that of "BELOW OWN". */
int layers_chain_add(char chain[DIGEST_TEXT], const char *own, struct err *e)
{
	cleanup_(digest_freep) struct digest *d = NULL;
	int r = digest_new(&d, e);

	if (r < 0)
		return r;
	if (!chain[0]) {
		(void)snprintf(chain, DIGEST_TEXT, "%s", own);
		return 0;
	}
	digest_update(d, chain, strlen(chain));
	digest_update(d, " ", 1);
	digest_update(d, own, strlen(own));
	digest_finish(d, chain);
	return 0;
}

int layers_chain_digest(const struct layers *l, const struct layers_chain *c, size_t end,
			char ret[DIGEST_TEXT], struct err *e)
{
	int r = 0;

	ret[0] = '\0';
	for (size_t i = c->base_count; r == 0 && i < end; i++) {
		char own[DIGEST_TEXT];

		r = layers_digest(l, &c->items[i], false, own, e);
		if (r == 0)
			r = layers_chain_add(ret, own, e);
	}
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading back-ups: from anywhere, hence each step is checked. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oci/json.h"
#include "rootfs/archive.h"
#include "rootfs/backup.h"
#include "util/cleanup.h"
#include "util/id.h"
#include "util/io.h"

enum {
	MANIFEST_MAX = 4 << 20,
	LAYERS_MAX = 1000,
	MESSAGE_MAX = 4096,
};

struct reading {
	const struct backup_import *b;
	struct inflate *in;
	struct tar_reader *tar;
	struct arena arena;
	const struct json_node *layers;
	const char *since, *parent;
	struct layers_intake *intake;
};

static void end_reading(struct reading *rd)
{
	layers_intake_end(rd->intake);
	tar_reader_close(rd->tar);
	inflate_close(rd->in);
	arena_free(&rd->arena);
}

static int bad(struct err *e, const char *what)
{
	err_set(e, ERR_USAGE, 0, "the back-up is damaged: %s", what);
	return -EBADMSG;
}

/* The next entry has to be the file @name. */
static int expect(struct reading *rd, const char *name, struct tar_item *item, struct err *e)
{
	int r = tar_reader_next(rd->tar, item, e);

	if (r < 0)
		return r;
	if (r == 0 || item->entry.type != TAR_FILE || strcmp(item->entry.path, name) != 0) {
		err_set(e, ERR_USAGE, 0, "the back-up is damaged: '%s' is missing", name);
		return -EBADMSG;
	}
	return 0;
}

/* ---- the manifest ---- */

static int read_text(struct reading *rd, size_t size, char **ret, struct err *e)
{
	cleanup_free char *text = calloc(1, size + 1);
	const void *bytes;
	uint64_t offset;
	size_t n;
	int r;

	if (!text)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read a back-up");
	while ((r = tar_reader_data(rd->tar, &bytes, &n, &offset, e)) > 0) {
		if (offset > size || n > size - offset)
			return bad(e, "its manifest is longer than it says");
		memcpy(text + offset, bytes, n);
	}
	if (r == 0)
		*ret = take_ptr(text);
	return r;
}

static const char *string_of(const struct json_node *object, const char *key)
{
	const struct json_node *n = json_member(object, key);

	return n && n->type == JSON_STRING && strlen(n->text) == n->len ? n->text : NULL;
}

/* Values that are recorded or compared have to be what they should be. */
static bool layer_is_good(const struct json_node *layer)
{
	const char *name = string_of(layer, "snapshot"), *message = string_of(layer, "message"),
		   *digest = string_of(layer, "digest"), *diff_id = string_of(layer, "diffId"),
		   *created = string_of(layer, "created");

	return (!name || id_is_valid(name)) && (!message || strlen(message) <= MESSAGE_MAX) &&
	       (!created || strlen(created) < 64) && digest && digest_is_valid(digest) && diff_id &&
	       digest_is_valid(diff_id);
}

static int check_manifest(struct reading *rd, const struct json_node *root, struct err *e)
{
	const struct json_node *version = json_member(root, "version");
	uint64_t number;

	if (!version || json_to_u64(version, UINT64_MAX, &number) < 0)
		return bad(e, "its manifest has no version");
	if (number != 1) {
		err_set(e, ERR_UNSUPPORTED, 0, "the back-up was written by a newer version of ctr");
		return -EBADMSG;
	}
	rd->since = string_of(root, "since");
	rd->parent = string_of(root, "parent");
	rd->layers = json_member(root, "layers");
	if (!rd->parent || (*rd->parent && !digest_is_valid(rd->parent)))
		return bad(e, "its manifest names no parent");
	if (!rd->layers || rd->layers->type != JSON_ARRAY || rd->layers->count > LAYERS_MAX)
		return bad(e, "its manifest has no layers");
	json_for_each (layer, rd->layers)
		if (!layer_is_good(layer))
			return bad(e, "its manifest describes a layer wrongly");
	return 0;
}

static int read_manifest(struct reading *rd, struct err *e)
{
	cleanup_free char *text = NULL;
	const struct json_node *root;
	struct tar_item item;
	int r = expect(rd, BACKUP_MANIFEST, &item, e);

	if (r < 0)
		return r;
	if (item.entry.size > MANIFEST_MAX)
		return bad(e, "its manifest is too large");
	r = read_text(rd, (size_t)item.entry.size, &text, e);
	if (r == 0)
		r = json_parse(&rd->arena, text, (size_t)item.entry.size, BACKUP_MANIFEST, &root,
			       e);
	return r < 0 ? r : check_manifest(rd, root, e);
}

/* ---- layers ---- */

static int copy_out(struct reading *rd, int fd, struct err *e)
{
	const void *bytes;
	uint64_t offset, end = 0;
	size_t n;
	int r;

	while ((r = tar_reader_data(rd->tar, &bytes, &n, &offset, e)) > 0) {
		if (offset != end)
			return bad(e, "a layer has holes");
		r = io_write_all(fd, bytes, n);
		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "unpack a back-up");
		end += n;
		if (rd->b->progress)
			rd->b->progress(rd->b->context, inflate_consumed(rd->in));
	}
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "unpack a back-up");
	return r;
}

static int mismatch(struct err *e, size_t i, const char *is, const char *should)
{
	err_set(e, ERR_USAGE, 0, "layer %zu of the back-up is damaged: its digest is %s, not %s", i,
		is, should);
	return -EBADMSG;
}

/* Unpacked, compared with what was sent, and with what lies on the disk now. */
static int take_layer(struct reading *rd, int archive, size_t i, const struct json_node *layer,
		      struct err *e)
{
	const struct layers_arrival arrival = {
		.name = string_of(layer, "snapshot"),
		.digest = string_of(layer, "diffId"),
		.created = string_of(layer, "created"),
		.message = string_of(layer, "message"),
	};
	struct layer_import x = {
		.from = archive,
		.devices = rd->b->devices,
		.left_out = rd->b->left_out,
		.data = rd->b->context,
	};
	const char *digest = string_of(layer, "digest");
	char is[DIGEST_TEXT];
	int r;

	if (!digest || !arrival.digest)
		return bad(
			e,
			"its manifest describes a layer wrongly"); /* check_manifest has seen them */
	r = layers_intake_below(rd->intake, &x.below, &x.below_count, e);
	if (r == 0)
		r = layers_intake_next(rd->intake, &x.layer, e);
	if (r == 0)
		r = layer_import(&x, is, e);
	if (r < 0)
		return r;
	if (strcmp(is, digest) != 0)
		return mismatch(e, i, is, digest);
	r = layers_digest_compute(x.layer, is, e);
	if (r == 0 && strcmp(is, arrival.digest) != 0)
		return mismatch(e, i, is, arrival.digest);
	return r < 0 ? r : layers_intake_done(rd->intake, &arrival, e);
}

static int read_layers(struct reading *rd, struct err *e)
{
	size_t i = 0;

	json_for_each (layer, rd->layers) {
		cleanup_fd int archive = -EBADF;
		struct tar_item item;
		char name[48];
		int r;

		(void)snprintf(name, sizeof(name), "layers/%zu.tar", i);
		r = expect(rd, name, &item, e);
		if (r == 0)
			r = layers_intake_scratch(rd->intake, &archive, e);
		if (r == 0)
			r = copy_out(rd, archive, e);
		if (r == 0)
			r = take_layer(rd, archive, i, layer, e);
		if (r < 0)
			return r;
		i++;
	}
	return 0;
}

int backup_read(const struct backup_import *b, struct err *e)
{
	cleanup_(end_reading) struct reading rd = { .b = b };
	int r = inflate_open(b->from, &rd.in, e);

	if (r == 0)
		r = tar_reader_open(rd.in, NULL, &rd.tar, e);
	if (r == 0)
		r = read_manifest(&rd, e);
	if (r == 0)
		r = layers_intake_begin(b->data, b->layers, b->id, b->base, rd.parent, &rd.intake,
					e);
	if (r == 0)
		r = read_layers(&rd, e);
	return r < 0 ? r : layers_intake_commit(rd.intake, rd.since, e);
}

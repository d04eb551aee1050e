// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing back-ups. */
#include "rootfs/backup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/json_out.h"
#include "rootfs/sinks.h"
#include "util/cleanup.h"

/* What the manifest says of one layer. */
struct part {
	uint64_t size;
	char digest[DIGEST_TEXT], diff_id[DIGEST_TEXT];
};

static int swallow(void *data, const void *bytes, size_t size, struct err *e)
{
	(void)data;
	(void)bytes;
	(void)size;
	(void)e;
	return 0;
}

static int pack(const struct backup *b, size_t i, const struct tar_sink *to, bool tell,
		struct part *ret, struct err *e)
{
	cleanup_(tee_sink_close) struct tee_sink tee = { 0 };
	struct layer_export x = {
		.layer = b->chain->items[i].dir,
		.exact_times = true,
		.left_out = tell ? b->left_out : NULL,
		.data = b->data,
	};
	int r = tee_sink_open(to, &tee, &x.sink, e);

	if (r == 0)
		r = layer_export(&x, e);
	if (r < 0)
		return r;
	ret->size = tee.size;
	digest_finish(tee.digest, ret->digest);
	return 0;
}

static int measure(const struct backup *b, size_t i, struct part *ret, struct err *e)
{
	static const struct tar_sink nowhere = { swallow, NULL };
	int r = pack(b, i, &nowhere, true, ret, e);

	return r < 0 ? r : layers_digest(b->layers, &b->chain->items[i], false, ret->diff_id, e);
}

static void put_layer(struct json_out *o, const struct layers_link *link, const struct part *p)
{
	json_out_object(o);
	json_out_member_string(o, "snapshot", link->snapshot);
	json_out_member_string(o, "created", link->created);
	json_out_member_string(o, "message", link->message);
	json_out_member_uint(o, "size", p->size);
	json_out_member_string(o, "digest", p->digest);
	json_out_member_string(o, "diffId", p->diff_id);
	json_out_end_object(o);
}

static int make_manifest(const struct backup *b, const struct part *parts, const char *parent,
			 char **ret, size_t *ret_len, struct err *e)
{
	cleanup_(json_out_free) struct json_out o = { 0 };
	int r = json_out_init(&o, true);

	if (r == 0) {
		json_out_object(&o);
		json_out_member_int(&o, "version", 1);
		json_out_member_string(&o, "container", b->container);
		json_out_member_string(&o, "since", b->since);
		json_out_member_string(&o, "parent", parent);
		json_out_member_array(&o, "layers");
		for (size_t i = b->from; i < b->chain->count; i++)
			put_layer(&o, &b->chain->items[i], &parts[i]);
		json_out_end_array(&o);
		json_out_end_object(&o);
		r = json_out_finish(&o, ret, ret_len);
	}
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write a back-up") : 0;
}

static int put_entry(const struct tar_sink *sink, const char *name, uint64_t size, struct err *e)
{
	const struct tar_entry t = { .type = TAR_FILE, .path = name, .mode = 0600, .size = size };

	return tar_header(sink, &t, e);
}

static int write_parts(const struct backup *b, const struct part *parts,
		       const struct tar_sink *sink, struct err *e)
{
	int r = 0;

	for (size_t i = b->from; r == 0 && i < b->chain->count; i++) {
		char name[48];
		struct part again;

		(void)snprintf(name, sizeof(name), "layers/%zu.tar", i - b->from);
		r = put_entry(sink, name, parts[i].size, e);
		if (r == 0)
			r = pack(b, i, sink, false, &again, e);
		if (r == 0 && strcmp(again.digest, parts[i].digest) != 0)
			r = err_set(e, ERR_STATE, ESTALE, "a layer was changed meanwhile");
		if (r == 0)
			r = tar_pad(sink, parts[i].size, e);
	}
	return r < 0 ? r : tar_end(sink, e);
}

int backup_write(const struct backup *b, const struct tar_sink *sink, struct err *e)
{
	cleanup_free struct part *parts = calloc(b->chain->count, sizeof(*parts));
	cleanup_free char *manifest = NULL;
	char parent[DIGEST_TEXT];
	size_t len;
	int r = 0;

	if (!parts)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write a back-up");
	for (size_t i = b->from; r == 0 && i < b->chain->count; i++)
		r = measure(b, i, &parts[i], e);
	if (r == 0)
		r = layers_chain_digest(b->layers, b->chain, b->from, parent, e);
	if (r == 0)
		r = make_manifest(b, parts, parent, &manifest, &len, e);
	if (r == 0)
		r = put_entry(sink, BACKUP_MANIFEST, len, e);
	if (r == 0)
		r = sink->write(sink->data, manifest, len, e);
	if (r == 0)
		r = tar_pad(sink, len, e);
	return r < 0 ? r : write_parts(b, parts, sink, e);
}

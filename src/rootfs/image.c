// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing image layouts. */
#include "rootfs/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "oci/json_out.h"
#include "rootfs/image_internal.h"
#include "rootfs/sinks.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

#define UNFINISHED "unfinished" /* no digest is called so */

const char *const image_layer_types[] = {
	[COMPRESSION_NONE] = "application/vnd.oci.image.layer.v1.tar",
	[COMPRESSION_GZIP] = "application/vnd.oci.image.layer.v1.tar+gzip",
	[COMPRESSION_ZSTD] = "application/vnd.oci.image.layer.v1.tar+zstd",
};

const char *image_architecture(char *buf, size_t size)
{
	/* config.md: the values of Go's GOARCH */
	static const char *const names[][2] = {
		{ "x86_64", "amd64" }, { "aarch64", "arm64" },	     { "i686", "386" },
		{ "i386", "386" },     { "armv7l", "arm" },	     { "armv6l", "arm" },
		{ "armv8l", "arm" },   { "loongarch64", "loong64" }, { "mips64", "mips64le" },
	};
	struct utsname u;

	if (uname(&u) < 0)
		return "unknown";
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(u.machine, names[i][0]) == 0)
			return names[i][1];
	(void)snprintf(buf, size, "%s", u.machine);
	return buf;
}

int image_begin(int dir, struct err *e)
{
	if (mkdirat(dir, "blobs", 0755) < 0 || mkdirat(dir, IMAGE_BLOBS, 0755) < 0)
		return err_set(e, ERR_SYSTEM, errno, "make the image layout");
	return 0;
}

static int open_blobs(int dir, struct err *e)
{
	int fd = openat(dir, IMAGE_BLOBS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, ERR_SYSTEM, errno, "open the image layout") : fd;
}

/* ---- layers ---- */

/* Everything between the layer and its blob. */
struct pipeline {
	struct file_sink file;
	struct tee_sink blob, archive;
	struct tar_sink to_file, to_blob, to_deflate, to_archive;
	struct deflate *deflate;
};

static void close_pipeline(struct pipeline *p)
{
	deflate_close(p->deflate);
	tee_sink_close(&p->archive);
	tee_sink_close(&p->blob);
	file_sink_close(&p->file);
}

static int open_pipeline(struct pipeline *p, int fd, enum compression compression, struct err *e)
{
	int r = file_sink_open(fd, "a layer of the image", &p->file, &p->to_file, e);

	if (r == 0)
		r = tee_sink_open(&p->to_file, &p->blob, &p->to_blob, e);
	if (r == 0)
		r = deflate_open(compression, &p->to_blob, &p->deflate, &p->to_deflate, e);
	if (r == 0)
		r = tee_sink_open(&p->to_deflate, &p->archive, &p->to_archive, e);
	return r;
}

static int run_pipeline(struct pipeline *p, const struct layer_export *x, struct image_layer *ret,
			struct err *e)
{
	struct layer_export copy = *x;
	int r;

	copy.sink = p->to_archive;
	r = layer_export(&copy, e);
	if (r == 0)
		r = deflate_finish(p->deflate, e);
	if (r == 0)
		r = file_sink_flush(&p->file, e);
	if (r < 0)
		return r;
	ret->size = p->blob.size;
	digest_finish(p->blob.digest, ret->digest);
	digest_finish(p->archive.digest, ret->diff_id);
	return 0;
}

int image_add_layer(int dir, const struct layer_export *x, enum compression compression,
		    void (*progress)(void *data, uint64_t bytes), struct image_layer *ret,
		    struct err *e)
{
	cleanup_(close_pipeline) struct pipeline p = { 0 };
	cleanup_fd int blobs = open_blobs(dir, e), fd = -EBADF;
	int r;

	if (blobs < 0)
		return blobs;
	fd = openat(blobs, UNFINISHED, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "make a blob of the image");
	r = open_pipeline(&p, fd, compression, e);
	p.file.progress = progress;
	p.file.data = x->data;
	ret->compression = compression;
	if (r == 0)
		r = run_pipeline(&p, x, ret, e);
	if (r == 0 && renameat(blobs, UNFINISHED, blobs, ret->digest + IMAGE_PREFIX) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "name a blob of the image");
	return r;
}

/* ---- documents ---- */

static int write_file(int dir, const char *name, const char *text, size_t len, struct err *e)
{
	cleanup_fd int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : io_write_all(fd, text, len);

	/* images of the same configuration share it */
	return r < 0 && r != -EEXIST ? err_set(e, ERR_SYSTEM, -r, "write '%s'", name) : 0;
}

/* What is in @o becomes a blob. */
static int write_blob(int dir, struct json_out *o, struct image_blob *ret, struct err *e)
{
	cleanup_(digest_freep) struct digest *digest = NULL;
	cleanup_fd int blobs = open_blobs(dir, e);
	cleanup_free char *text = NULL;
	size_t len;
	int r = blobs < 0 ? blobs : digest_new(&digest, e);

	if (r < 0)
		return r;
	r = json_out_finish(o, &text, &len);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "write the image layout");
	digest_update(digest, text, len);
	digest_finish(digest, ret->digest);
	ret->size = len;
	return write_file(blobs, ret->digest + IMAGE_PREFIX, text, len, e);
}

static void put_strings(struct json_out *o, const char *key, const char *const *items, size_t n)
{
	if (n)
		json_out_member_strings(o, key, items, n);
}

static void put_program(struct json_out *o, const struct image_config *c)
{
	json_out_member_object(o, "config");
	if (c->user)
		json_out_member_string(o, "User", c->user);
	put_strings(o, "Env", c->env, c->env_count);
	put_strings(o, "Entrypoint", c->args, c->arg_count);
	if (c->cwd)
		json_out_member_string(o, "WorkingDir", c->cwd);
	json_out_end_object(o);
}

static void put_history(struct json_out *o, const struct image *image)
{
	json_out_member_array(o, "history");
	for (size_t i = 0; i < image->count; i++) {
		const struct image_layer *l = &image->layers[i];

		json_out_object(o);
		if (l->created)
			json_out_member_string(o, "created", l->created);
		json_out_member_string(o, "created_by", "ctr snapshot");
		if (l->comment)
			json_out_member_string(o, "comment", l->comment);
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

static void put_config(struct json_out *o, const struct image *image)
{
	char machine[65];

	json_out_object(o);
	if (image->created)
		json_out_member_string(o, "created", image->created);
	json_out_member_string(o, "architecture", image_architecture(machine, sizeof(machine)));
	json_out_member_string(o, "os", "linux");
	put_program(o, &image->config);
	json_out_member_object(o, "rootfs");
	json_out_member_string(o, "type", "layers");
	json_out_member_array(o, "diff_ids");
	for (size_t i = 0; i < image->count; i++)
		json_out_string(o, image->layers[i].diff_id);
	json_out_end_array(o);
	json_out_end_object(o);
	put_history(o, image);
	json_out_end_object(o);
}

/* An object in a document that is being written, still open: for annotations and the like. */
static void put_descriptor(struct json_out *o, const char *type, const char *digest, uint64_t size)
{
	json_out_object(o);
	json_out_member_string(o, "mediaType", type);
	json_out_member_string(o, "digest", digest);
	json_out_member_uint(o, "size", size);
}

static void put_manifest(struct json_out *o, const struct image *image,
			 const struct image_blob *config)
{
	json_out_object(o);
	json_out_member_int(o, "schemaVersion", 2);
	json_out_member_string(o, "mediaType", IMAGE_MANIFEST);
	json_out_key(o, "config");
	put_descriptor(o, IMAGE_CONFIG, config->digest, config->size);
	json_out_end_object(o);
	json_out_member_array(o, "layers");
	for (size_t i = 0; i < image->count; i++) {
		const struct image_layer *l = &image->layers[i];

		put_descriptor(o, image_layer_types[l->compression], l->digest, l->size);
		json_out_end_object(o);
	}
	json_out_end_array(o);
	json_out_end_object(o);
}

static void put_index(struct json_out *o, const struct image *image,
		      const struct image_blob *manifest)
{
	json_out_object(o);
	json_out_member_int(o, "schemaVersion", 2);
	json_out_member_string(o, "mediaType", IMAGE_INDEX);
	json_out_member_array(o, "manifests");
	put_descriptor(o, IMAGE_MANIFEST, manifest->digest, manifest->size);
	if (image->name) {
		json_out_member_object(o, "annotations");
		json_out_member_string(o, IMAGE_NAME, image->name);
		json_out_end_object(o);
	}
	json_out_end_object(o);
	json_out_end_array(o);
	json_out_end_object(o);
}

static int write_index(int dir, const struct image *image, const struct image_blob *manifest,
		       struct err *e)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	cleanup_(json_out_free) struct json_out o = { 0 };
	cleanup_free char *text = NULL;
	size_t len;
	int r = json_out_init(&o, false);

	if (r == 0) {
		put_index(&o, image, manifest);
		r = json_out_finish(&o, &text, &len);
	}
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "write the image layout");
	r = write_file(dir, "index.json", text, len, e);
	return r < 0 ? r : write_file(dir, "oci-layout", layout, sizeof(layout) - 1, e);
}

int image_finish(int dir, const struct image *image, struct err *e)
{
	cleanup_(json_out_free) struct json_out config = { 0 };
	cleanup_(json_out_free) struct json_out manifest = { 0 };
	struct image_blob config_blob, manifest_blob;
	int r;

	if (json_out_init(&config, false) < 0 || json_out_init(&manifest, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write the image layout");
	put_config(&config, image);
	r = write_blob(dir, &config, &config_blob, e);
	if (r < 0)
		return r;
	put_manifest(&manifest, image, &config_blob);
	r = write_blob(dir, &manifest, &manifest_blob, e);
	if (r == 0)
		r = write_index(dir, image, &manifest_blob, e);
	if (r == 0 && syncfs(dir) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "write the image layout to disk");
	return r;
}

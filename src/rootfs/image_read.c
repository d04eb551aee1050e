// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading image layouts. What they say is not trusted before its digest is right. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci/json.h"
#include "rootfs/image.h"
#include "rootfs/image_internal.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/strbuf.h"

enum {
	DOCUMENT_MAX = 4 << 20,
	LAYERS_MAX = 1000,
};

#define RESOLVE (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)

static int bad(struct err *e, const char *what)
{
	err_set(e, ERR_USAGE, 0, "the image layout is damaged: %s", what);
	return -EBADMSG;
}

static int open_file(int dir, const char *path)
{
	return kernel_openat2(dir, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0, RESOLVE);
}

static int parse_file(int dir, const char *path, struct arena *a, char **ret_text, size_t *ret_len,
		      const struct json_node **ret, struct err *e)
{
	cleanup_fd int fd = open_file(dir, path);
	int r = fd < 0 ? fd : io_read_file(fd, DOCUMENT_MAX, ret_text, ret_len);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read '%s' of the image layout", path);
	return json_parse(a, *ret_text, *ret_len, path, ret, e);
}

static const char *string_of(const struct json_node *object, const char *key)
{
	const struct json_node *n = object ? json_member(object, key) : NULL;

	return n && n->type == JSON_STRING && strlen(n->text) == n->len ? n->text : NULL;
}

static void blob_path(const char *digest, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s/%s", IMAGE_BLOBS, digest + IMAGE_PREFIX);
}

/* The document that the descriptor @d names, if it has that digest. */
static int read_blob(int dir, const struct json_node *d, struct arena *a,
		     const struct json_node **ret, struct err *e)
{
	cleanup_(digest_freep) struct digest *digest = NULL;
	const char *name = string_of(d, "digest");
	char path[sizeof(IMAGE_BLOBS) + DIGEST_TEXT], is[DIGEST_TEXT];
	cleanup_free char *text = NULL;
	size_t len;
	int r;

	if (!name || !digest_is_valid(name))
		return bad(e, "a digest that is no sha256");
	blob_path(name, path, sizeof(path));
	r = digest_new(&digest, e);
	if (r == 0)
		r = parse_file(dir, path, a, &text, &len, ret, e);
	if (r < 0)
		return r;
	digest_update(digest, text, len);
	digest_finish(digest, is);
	if (strcmp(is, name) == 0)
		return 0;
	err_set(e, ERR_USAGE, 0, "the image layout is damaged: '%s' has the digest %s", path, is);
	return -EBADMSG;
}

/* ---- which one ---- */

static const char *name_of(const struct json_node *d)
{
	return string_of(json_member(d, "annotations"), IMAGE_NAME);
}

static bool fits(const struct json_node *d, const char *name)
{
	const struct json_node *platform = json_member(d, "platform");
	const char *is = name_of(d), *type = string_of(d, "mediaType"),
		   *os = string_of(platform, "os"),
		   *architecture = string_of(platform, "architecture");
	char machine[65];

	if (name && (!is || strcmp(is, name) != 0))
		return false;
	if (!type || strcmp(type, IMAGE_MANIFEST) != 0 || (os && strcmp(os, "linux") != 0))
		return false;
	return !architecture ||
	       strcmp(architecture, image_architecture(machine, sizeof(machine))) == 0;
}

static int choose(const struct json_node *index, const char *name, const struct json_node **ret,
		  struct err *e)
{
	const struct json_node *list = json_member(index, "manifests"), *found = NULL;
	char names[200];
	struct strbuf b = STRBUF_OVER(names, sizeof(names));
	size_t count = 0;

	if (!list || list->type != JSON_ARRAY)
		return bad(e, "index.json has no manifests");
	json_for_each (d, list) {
		const char *is = name_of(d);

		if (is)
			strbuf_addf(&b, "%s'%s'", b.len ? ", " : "", is);
		if (fits(d, name)) {
			found = d;
			count++;
		}
	}
	if (count == 1) {
		*ret = found;
		return 0;
	}
	err_set(e, ERR_USAGE, 0,
		count ? "there are several images in the layout"
		      : "there is no such image for this machine in the layout");
	if (b.len)
		err_hint(e, "--tag chooses one: %s", names);
	return -ENOENT;
}

/* ---- what it says ---- */

static int compression_of(const char *type, enum compression *ret)
{
	static const char *const docker = "application/vnd.docker.image.rootfs.diff.tar.gzip";

	for (int i = COMPRESSION_NONE; type && i <= COMPRESSION_ZSTD; i++) {
		if (strcmp(type, image_layer_types[i]) != 0)
			continue;
		*ret = (enum compression)i;
		return 0;
	}
	*ret = COMPRESSION_GZIP;
	return type && strcmp(type, docker) == 0 ? 0 : -EINVAL;
}

static int read_layer(const struct json_node *d, const struct json_node *diff_id,
		      struct image_layer *l, struct err *e)
{
	const char *digest = string_of(d, "digest"), *type = string_of(d, "mediaType");
	const struct json_node *size = json_member(d, "size");

	if (!digest || !digest_is_valid(digest) || diff_id->type != JSON_STRING ||
	    !digest_is_valid(diff_id->text))
		return bad(e, "a layer's digest is no sha256");
	if (!size || json_to_u64(size, INT64_MAX, &l->size) < 0)
		return bad(e, "a layer has no size");
	if (compression_of(type, &l->compression) < 0) {
		err_set(e, ERR_UNSUPPORTED, 0, "layers of type '%.100s' cannot be read",
			type ? type : "");
		return -EBADMSG;
	}
	(void)snprintf(l->digest, sizeof(l->digest), "%s", digest);
	(void)snprintf(l->diff_id, sizeof(l->diff_id), "%s", diff_id->text);
	return 0;
}

static int read_layers(const struct json_node *manifest, const struct json_node *config,
		       struct arena *a, struct image *ret, struct err *e)
{
	const struct json_node *layers = json_member(manifest, "layers"),
			       *rootfs = json_member(config, "rootfs"),
			       *ids = rootfs ? json_member(rootfs, "diff_ids") : NULL,
			       *id = ids ? ids->first : NULL;

	if (!layers || layers->type != JSON_ARRAY || !ids || ids->type != JSON_ARRAY ||
	    layers->count != ids->count || !layers->count || layers->count > LAYERS_MAX)
		return bad(e, "manifest and configuration do not have the same layers");
	ret->layers = arena_array(a, layers->count, sizeof(*ret->layers));
	if (!ret->layers)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the image layout");
	json_for_each (d, layers) {
		int r = read_layer(d, id, &ret->layers[ret->count++], e);

		if (r < 0)
			return r;
		id = id->next;
	}
	return 0;
}

int image_read(int dir, const char *name, struct arena *a, struct image *ret, struct err *e)
{
	const struct json_node *index, *descriptor, *manifest, *config, *inner;
	cleanup_free char *text = NULL;
	size_t len;
	int r = parse_file(dir, "index.json", a, &text, &len, &index, e);

	if (r == 0)
		r = choose(index, name, &descriptor, e);
	if (r == 0)
		r = read_blob(dir, descriptor, a, &manifest, e);
	if (r < 0)
		return r;
	inner = json_member(manifest, "config");
	if (!inner)
		return bad(e, "the manifest names no configuration");
	r = read_blob(dir, inner, a, &config, e);
	if (r < 0)
		return r;
	*ret = (struct image){ .name = name };
	return read_layers(manifest, config, a, ret, e);
}

int image_open_layer(int dir, const struct image_layer *layer, int *ret, struct err *e)
{
	char path[sizeof(IMAGE_BLOBS) + DIGEST_TEXT];
	cleanup_fd int fd = -EBADF;
	struct stat st;

	blob_path(layer->digest, path, sizeof(path));
	fd = open_file(dir, path);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, -fd, "open '%s' of the image layout", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != layer->size)
		return bad(e, "a layer is not as large as the manifest says");
	*ret = take_fd(&fd);
	return 0;
}

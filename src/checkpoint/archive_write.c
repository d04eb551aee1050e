// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing archives: once over everything for the digests, then manifest, signature, files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "checkpoint/archive.h"
#include "checkpoint/archive_names.h"
#include "checkpoint/images.h"
#include "config.h"
#include "oci/json_out.h"
#include "rootfs/layer_export.h"
#include "rootfs/sinks.h"
#include "util/cleanup.h"
#include "util/there.h"
#include "util/timestamp.h"

enum {
	PIECE = 256 << 10,
};

enum part_kind {
	PART_CONFIG,
	PART_IMAGE,
	PART_LAYER,
};

struct part {
	char name[ARCHIVE_NAME_MAX]; /* in the archive */
	enum part_kind kind;
	size_t where; /* which directory of images, or which layer */
	uint64_t size;
	char digest[DIGEST_TEXT];
};

struct writing {
	const struct archive_source *s;
	int dirs[ARCHIVE_PARENTS_MAX +
		 1]; /* of images: the own ones, then what they are based on */
	size_t dir_count;
	struct part *parts;
	size_t count, room;
	char *piece;
};

static void end_writing(struct writing *w)
{
	for (size_t i = 0; i < w->dir_count; i++)
		close_fd(&w->dirs[i]);
	free(w->parts);
	free(w->piece);
}

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d); /* was only read */
}

/* ---- what there is ---- */

static int add_part(struct writing *w, const struct part *p, struct err *e)
{
	if (w->count == ARCHIVE_FILES_MAX)
		return err_set(e, ERR_STATE, EFBIG, "there are more than %d images",
			       ARCHIVE_FILES_MAX);
	if (w->count == w->room) {
		size_t room = w->room ? w->room * 2 : 64;
		struct part *parts = reallocarray(w->parts, room, sizeof(*parts));

		if (!parts)
			return err_set(e, ERR_SYSTEM, ENOMEM, "list the images");
		w->parts = parts;
		w->room = room;
	}
	w->parts[w->count++] = *p;
	return 0;
}

static bool is_log(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".log") == 0;
}

static int add_image(struct writing *w, size_t where, const char *name, struct err *e)
{
	struct part p = { .kind = PART_IMAGE, .where = where };
	int n;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "parent") == 0 ||
	    is_log(name) || !name[strspn(name, "0123456789")])
		return 0; /* pre-dumps have numbers, and come as parents */
	if (!images_name_is_known(name))
		return err_set(e, ERR_STATE, 0,
			       "'%s' among the images is none that can be restored", name);
	if (where)
		n = snprintf(p.name, sizeof(p.name), "parents/%zu/%s", where - 1, name);
	else
		n = snprintf(p.name, sizeof(p.name), "images/%s", name);
	return n < (int)sizeof(p.name) ? add_part(w, &p, e)
				       : err_set(e, ERR_STATE, ENAMETOOLONG, "list the images");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct part *)a)->name, ((const struct part *)b)->name);
}

static int add_images(struct writing *w, size_t where, struct err *e)
{
	int fd = openat(w->dirs[where], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_(close_dir) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t first = w->count;
	int r = 0;

	if (!d) {
		r = err_set(e, ERR_SYSTEM, errno, "list the images");
		close_fd(&fd);
		return r;
	}
	for (struct dirent *entry; r == 0 && (errno = 0, entry = readdir(d));)
		r = add_image(w, where, entry->d_name, e);
	if (r == 0 && errno)
		r = err_set(e, ERR_SYSTEM, errno, "list the images");
	if (r == 0 && w->count > first)
		qsort(w->parts + first, w->count - first, sizeof(*w->parts), by_name);
	return r;
}

static int open_dirs(struct writing *w, struct err *e)
{
	int dir = fcntl(w->s->images, F_DUPFD_CLOEXEC, 3), r;

	while (dir >= 0) {
		w->dirs[w->dir_count++] = dir;
		r = is_there(dir, "parent");
		if (r <= 0)
			return r < 0 ? err_set(e, ERR_SYSTEM, -r, "look for images below these")
				     : 0;
		if (w->dir_count > ARCHIVE_PARENTS_MAX)
			return err_set(e, ERR_STATE, ELOOP,
				       "the images are based on too many others");
		dir = openat(dir, "parent", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return err_set(e, ERR_SYSTEM, errno, "open the directory of images");
}

static int list_parts(struct writing *w, struct err *e)
{
	const struct part config = { .name = ARCHIVE_CONFIG, .kind = PART_CONFIG };
	int r = add_part(w, &config, e);

	if (r == 0)
		r = open_dirs(w, e);
	for (size_t i = 0; r == 0 && i < w->dir_count; i++)
		r = add_images(w, i, e);
	for (size_t i = 0; r == 0 && i < w->s->layer_count; i++) {
		struct part p = { .kind = PART_LAYER, .where = i };

		(void)snprintf(p.name, sizeof(p.name), "rootfs/%zu.tar", i);
		r = add_part(w, &p, e);
	}
	return r;
}

/* ---- the bytes of one ---- */

static int copy_image(struct writing *w, const struct part *p, const struct tar_sink *to,
		      struct err *e)
{
	const char *name = strrchr(p->name, '/') + 1;
	cleanup_fd int fd = openat(w->dirs[p->where], name,
				   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	ssize_t n;
	int r = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, ERR_SYSTEM, errno, "open image '%s'", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_STATE, 0, "image '%s' is not a regular file", name);
	while (r == 0 && (n = read(fd, w->piece, PIECE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? err_set(e, ERR_SYSTEM, errno, "read image '%s'", name)
			  : to->write(to->data, w->piece, (size_t)n, e);
	}
	return r;
}

static int copy_layer(struct writing *w, const struct part *p, const struct tar_sink *to, bool tell,
		      struct err *e)
{
	const struct layer_export x = {
		.layer = w->s->layers[p->where],
		.sink = *to,
		.exact_times = true,
		.left_out = tell ? w->s->left_out : NULL,
		.data = w->s->data,
	};

	return layer_export(&x, e);
}

/* @first: what is told of it is told now. */
static int put_part(struct writing *w, const struct part *p, const struct tar_sink *to, bool first,
		    struct part *ret, struct err *e)
{
	cleanup_(tee_sink_close) struct tee_sink tee = { 0 };
	struct tar_sink sink;
	int r = tee_sink_open(to, &tee, &sink, e);

	if (r == 0 && p->kind == PART_CONFIG)
		r = sink.write(sink.data, w->s->config, w->s->config_size, e);
	else if (r == 0 && p->kind == PART_IMAGE)
		r = copy_image(w, p, &sink, e);
	else if (r == 0)
		r = copy_layer(w, p, &sink, first, e);
	if (r < 0)
		return r;
	ret->size = tee.size;
	digest_finish(tee.digest, ret->digest);
	return 0;
}

static int swallow(void *data, const void *bytes, size_t size, struct err *e)
{
	(void)data;
	(void)bytes;
	(void)size;
	(void)e;
	return 0;
}

/* ---- manifest and signature ---- */

/* The first processor of /proc/cpuinfo: what a program may have found out it can use. */
static void read_cpu(char *buf, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char *line = NULL;
	size_t room = 0;

	(void)snprintf(buf, size, "unknown");
	while (f && getline(&line, &room, f) > 0) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		(void)snprintf(buf, size, "%.*s", (int)strcspn(colon + 1, "\n") - 1, colon + 2);
		break;
	}
	free(line);
	if (f)
		(void)fclose(f); /* was only read */
}

static void put_files(struct json_out *o, const struct writing *w)
{
	json_out_member_array(o, "files");
	for (size_t i = 0; i < w->count; i++) {
		json_out_object(o);
		json_out_member_string(o, "name", w->parts[i].name);
		json_out_member_uint(o, "size", w->parts[i].size);
		json_out_member_string(o, "digest", w->parts[i].digest);
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

static int make_manifest(const struct writing *w, char **ret, size_t *ret_size, struct err *e)
{
	cleanup_(json_out_free) struct json_out o = { 0 };
	char created[TIMESTAMP_SIZE], cpu[128];
	struct utsname u = { 0 };
	int r = json_out_init(&o, true);

	if (r == 0) {
		timestamp_seconds(created);
		read_cpu(cpu, sizeof(cpu));
		(void)uname(&u); /* cannot fail with a good buffer */
		json_out_object(&o);
		json_out_member_int(&o, "version", ARCHIVE_VERSION);
		json_out_member_string(&o, "container", w->s->id);
		json_out_member_string(&o, "created", created);
		json_out_member_string(&o, "ctr", PACKAGE_VERSION);
		json_out_member_string(&o, "criu", w->s->criu);
		json_out_member_string(&o, "kernel", u.release);
		json_out_member_string(&o, "architecture", u.machine);
		json_out_member_string(&o, "cpu", cpu);
		json_out_member_string(&o, "network", w->s->network);
		json_out_member_string(&o, "token", w->s->token);
		put_files(&o, w);
		json_out_end_object(&o);
		r = json_out_finish(&o, ret, ret_size);
	}
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write the archive") : 0;
}

static int put_entry(const struct tar_sink *sink, const char *name, uint64_t size, struct err *e)
{
	const struct tar_entry t = { .type = TAR_FILE, .path = name, .mode = 0600, .size = size };

	return tar_header(sink, &t, e);
}

static int put_text(const struct tar_sink *sink, const char *name, const char *text, size_t size,
		    struct err *e)
{
	int r = put_entry(sink, name, size, e);

	if (r == 0)
		r = sink->write(sink->data, text, size, e);
	return r < 0 ? r : tar_pad(sink, size, e);
}

static int put_signature(const struct writing *w, const struct tar_sink *sink, const char *manifest,
			 size_t size, struct err *e)
{
	cleanup_(json_out_free) struct json_out o = { 0 };
	cleanup_free char *text = NULL;
	char value[SEAL_HEX];
	size_t len = 0;
	int r = seal_sign(w->s->key, manifest, size, value, e);

	if (r < 0)
		return r;
	r = json_out_init(&o, true);
	if (r == 0) {
		json_out_object(&o);
		json_out_member_string(&o, "algorithm", seal_names[w->s->key->kind]);
		json_out_member_string(&o, "key", w->s->key->name);
		json_out_member_string(&o, "value", value);
		json_out_end_object(&o);
		r = json_out_finish(&o, &text, &len);
	}
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "sign the archive");
	return put_text(sink, ARCHIVE_SIGNATURE, text, len, e);
}

static int put_parts(struct writing *w, const struct tar_sink *sink, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->count; i++) {
		const struct part *p = &w->parts[i];
		struct part again;

		r = put_entry(sink, p->name, p->size, e);
		if (r == 0)
			r = put_part(w, p, sink, false, &again, e);
		if (r == 0 && (again.size != p->size || strcmp(again.digest, p->digest) != 0))
			r = err_set(e, ERR_STATE, ESTALE, "'%s' was changed meanwhile", p->name);
		if (r == 0)
			r = tar_pad(sink, p->size, e);
	}
	return r < 0 ? r : tar_end(sink, e);
}

static int digest_text(const char *text, size_t size, char ret[DIGEST_TEXT], struct err *e)
{
	cleanup_(digest_freep) struct digest *d = NULL;
	int r = digest_new(&d, e);

	if (r < 0)
		return r;
	digest_update(d, text, size);
	digest_finish(d, ret);
	return 0;
}

int archive_write(const struct archive_source *s, const struct tar_sink *sink,
		  char ret_digest[DIGEST_TEXT], struct err *e)
{
	static const struct tar_sink nowhere = { swallow, NULL };
	cleanup_(end_writing) struct writing w = { .s = s, .piece = malloc(PIECE) };
	cleanup_free char *manifest = NULL;
	size_t size = 0;
	int r = w.piece ? list_parts(&w, e) : err_set(e, ERR_SYSTEM, ENOMEM, "write the archive");

	for (size_t i = 0; r == 0 && i < w.count; i++)
		r = put_part(&w, &w.parts[i], &nowhere, true, &w.parts[i], e);
	if (r == 0)
		r = make_manifest(&w, &manifest, &size, e);
	if (r == 0)
		r = digest_text(manifest, size, ret_digest, e);
	if (r == 0)
		r = put_text(sink, ARCHIVE_MANIFEST, manifest, size, e);
	if (r == 0 && s->key)
		r = put_signature(&w, sink, manifest, size, e);
	return r < 0 ? r : put_parts(&w, sink, e);
}

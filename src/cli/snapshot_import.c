// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr snapshot import: a back-up, a layer or an image becomes snapshots of a container. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/transfer.h"
#include "container/overlay_owner.h"
#include "rootfs/archive.h"
#include "rootfs/backup.h"
#include "rootfs/image.h"
#include "util/cleanup.h"
#include "util/io.h"

struct import_options {
	const char *format, *name, *on, *message, *bundle, *tag, *progress;
	bool devices;
};

static const char *const formats[] = { "layer", "oci", "oci-archive", "backup", NULL };

static const struct cli_option options[] = {
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct import_options, format),
	  "layer, oci, oci-archive or backup, when it cannot be guessed", formats },
	{ "name", 'n', CLI_STRING, "SNAPSHOT", offsetof(struct import_options, name),
	  "of the snapshot that a layer or an image becomes (imported)", NULL },
	{ "on", 0, CLI_STRING, "SNAPSHOT", offsetof(struct import_options, on),
	  "what a layer lies on (the newest snapshot)", NULL },
	{ "message", 'm', CLI_STRING, "TEXT", offsetof(struct import_options, message),
	  "of the snapshot that a layer or an image becomes", NULL },
	{ "bundle", 'b', CLI_STRING, "DIR", offsetof(struct import_options, bundle),
	  "make a new container on the root filesystem of this bundle", NULL },
	{ "tag", 0, CLI_STRING, "NAME", offsetof(struct import_options, tag),
	  "which image of a layout", NULL },
	{ "devices", 0, CLI_FLAG, NULL, offsetof(struct import_options, devices),
	  "make device nodes, too", NULL },
	{ "progress", 0, CLI_STRING, "WORD", offsetof(struct import_options, progress),
	  "json: lines on standard error; none: not on a terminal either",
	  transfer_progress_words },
	{ 0 },
};

struct importing {
	const struct import_options *o;
	struct cli *cli;
	const char *id;
	int from;	       /* file, or directory of a layout */
	struct layers *layers; /* NULL: a new container */
	char base_path[PATH_MAX];
	const char *base_dirs[1];
	struct layers_base base;
	struct oci_spec *spec; /* of the bundle of a new container, or NULL */
	struct layers_intake *intake;
	struct transfer_progress progress;
	struct arena arena;
};

static void end_import(struct importing *x)
{
	layers_intake_end(x->intake);
	layers_close(x->layers);
	close_fd(&x->from);
	oci_spec_free(x->spec);
	arena_free(&x->arena);
}

/* ---- layers ---- */

static int begin(struct importing *x, const char *parent, struct err *e)
{
	return layers_intake_begin(x->cli->data, x->layers, x->id, &x->base, parent, &x->intake, e);
}

/* One layer from @fd; @diff_id: what it must be, or NULL. */
static int take(struct importing *x, int fd, const char *diff_id, const char *name, struct err *e)
{
	struct layers_arrival arrival = { .name = name, .message = name ? x->o->message : NULL };
	struct layer_import in = {
		.from = fd,
		.devices = x->o->devices,
		.left_out = transfer_left_out,
		.progress = transfer_progress,
		.data = &x->progress,
	};
	char is[DIGEST_TEXT];
	int r = layers_intake_below(x->intake, &in.below, &in.below_count, e);

	if (r == 0)
		r = layers_intake_next(x->intake, &in.layer, e);
	if (r == 0)
		r = layer_import(&in, is, e);
	if (r < 0)
		return r;
	if (diff_id && strcmp(is, diff_id) != 0) {
		err_set(e, ERR_USAGE, 0, "a layer is damaged: its digest is %s, not %s", is,
			diff_id);
		return -EBADMSG;
	}
	/* of what lies on disk: who packs it later gets that, and not always the same archive */
	r = layers_digest_compute(in.layer, is, e);
	arrival.digest = is;
	return r < 0 ? r : layers_intake_done(x->intake, &arrival, e);
}

static const char *snapshot_name(const struct importing *x)
{
	return x->o->name ? x->o->name : "imported";
}

static int newest(const struct importing *x, struct layers_chain *chain, const char **ret,
		  struct err *e)
{
	int r = layers_chain_open(x->layers, NULL, chain, e);

	*ret = "";
	if (r == -ENOENT)
		return 0; /* no snapshot yet: the base */
	if (r < 0)
		return r;
	*ret = chain->items[chain->count - 1].snapshot;
	if (!*ret)
		return err_set(e, ERR_USAGE, 0,
			       "--on must name the snapshot that the layer lies on");
	return 0;
}

static int import_layer(struct importing *x, struct err *e)
{
	cleanup_(layers_chain_close) struct layers_chain chain = { 0 };
	const char *on = x->o->on ? x->o->on : "";
	int r = 0;

	if (!x->o->on && x->layers)
		r = newest(x, &chain, &on, e);
	if (r == 0)
		r = begin(x, on, e);
	if (r == 0)
		r = take(x, x->from, NULL, snapshot_name(x), e);
	return r < 0 ? r : layers_intake_commit(x->intake, *on ? on : NULL, e);
}

/* ---- images ---- */

static int import_layout(struct importing *x, int dir, struct err *e)
{
	struct image image;
	int r = image_read(dir, x->o->tag, &x->arena, &image, e);

	for (size_t i = 0; r == 0 && i < image.count; i++) {
		cleanup_fd int fd = -EBADF;

		r = image_open_layer(dir, &image.layers[i], &fd, e);
		if (r == 0)
			r = take(x, fd, image.layers[i].diff_id,
				 i == image.count - 1 ? snapshot_name(x) : NULL, e);
	}
	return r < 0 ? r : layers_intake_commit(x->intake, NULL, e);
}

static int new_only(const struct importing *x, struct err *e)
{
	if (!x->layers)
		return 0;
	err_set(e, ERR_STATE, 0, "container '%s' already has layers", x->id);
	err_hint(e, "an image becomes a new container: choose another id");
	return -EEXIST;
}

static int import_image(struct importing *x, struct err *e)
{
	int r = new_only(x, e);

	if (r == 0)
		r = begin(x, "", e);
	return r < 0 ? r : import_layout(x, x->from, e);
}

/* Unpacked like a layer, and as suspicious, to a place from which the layout is read. */
static int import_image_archive(struct importing *x, struct err *e)
{
	struct layer_import in = {
		.from = x->from,
		.plain = true,
		.progress = transfer_progress,
		.data = &x->progress,
	};
	char digest[DIGEST_TEXT];
	int r = new_only(x, e);

	if (r == 0)
		r = begin(x, "", e);
	if (r == 0)
		r = layers_intake_scratch_dir(x->intake, &in.layer, e);
	if (r == 0)
		r = layer_import(&in, digest, e);
	return r < 0 ? r : import_layout(x, in.layer, e);
}

static int import_backup(struct importing *x, struct err *e)
{
	const struct backup_import b = {
		.from = x->from,
		.data = x->cli->data,
		.layers = x->layers,
		.id = x->id,
		.base = &x->base,
		.devices = x->o->devices,
		.left_out = transfer_left_out,
		.progress = transfer_progress,
		.context = &x->progress,
	};

	if (x->o->name || x->o->on || x->o->message)
		return err_set(e, ERR_USAGE, 0,
			       "a back-up brings the names of its snapshots along");
	return backup_read(&b, e);
}

static const struct {
	const char *format;
	int (*run)(struct importing *x, struct err *e);
} kinds[] = {
	{ "layer", import_layer },
	{ "oci", import_image },
	{ "oci-archive", import_image_archive },
	{ "backup", import_backup },
};

/* ---- what it is ---- */

/* The first name in an archive tells. */
static int guess(int fd, const char **ret, struct err *e)
{
	static const char *const of_layout[] = { "blobs", "blobs/", "oci-layout", "index.json" };
	cleanup_(inflate_closep) struct inflate *in = NULL;
	cleanup_(tar_reader_closep) struct tar_reader *tar = NULL;
	struct tar_item item;
	int r = inflate_open(fd, &in, e);

	*ret = "layer";
	if (r == 0)
		r = tar_reader_open(in, NULL, &tar, e);
	while (r >= 0 && (r = tar_reader_next(tar, &item, e)) > 0) {
		const char *path = item.entry.path;

		path += strncmp(path, "./", 2) == 0 ? 2 : 0;
		if (!*path || strcmp(path, ".") == 0)
			continue;
		if (strcmp(path, BACKUP_MANIFEST) == 0)
			*ret = "backup";
		for (size_t i = 0; i < sizeof(of_layout) / sizeof(of_layout[0]); i++)
			if (strcmp(path, of_layout[i]) == 0)
				*ret = "oci-archive";
		break;
	}
	if (r >= 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "read the archive again");
	return r < 0 ? r : 0;
}

/* What cannot be read twice is copied into a file of no name below the data root. */
static int keep_stream(struct importing *x, int fd, struct err *e)
{
	char buffer[64 << 10];
	ssize_t n;

	x->from = openat(x->cli->data, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (x->from < 0)
		return err_set(e, ERR_SYSTEM, errno, "make a temporary file");
	while ((n = read(fd, buffer, sizeof(buffer))) != 0) {
		int r = n < 0 ? -errno : io_write_all(x->from, buffer, (size_t)n);

		if (r == -EINTR)
			continue;
		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "copy what is to be imported");
	}
	return lseek(x->from, 0, SEEK_SET) < 0
		       ? err_set(e, ERR_SYSTEM, errno, "read what is to be imported")
		       : 0;
}

static int open_source(struct importing *x, const char *path, const char **ret, struct err *e)
{
	struct stat st;
	int r = 0;

	if (strcmp(path, "-") == 0) {
		r = keep_stream(x, STDIN_FILENO, e);
	} else {
		x->from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (x->from < 0 || fstat(x->from, &st) < 0)
			return err_set(e, ERR_SYSTEM, errno, "open '%s'", path);
		if (S_ISDIR(st.st_mode)) {
			*ret = "oci";
			return 0;
		}
		if (!S_ISREG(st.st_mode)) {
			cleanup_fd int fd = take_fd(&x->from);

			r = keep_stream(x, fd, e);
		}
	}
	if (r == 0 && x->o->format)
		*ret = x->o->format;
	else if (r == 0)
		r = guess(x->from, ret, e);
	return r;
}

/* ---- where to ---- */

/* The container will have the ids of the bundle, and so have its files. */
static int enter_new(struct importing *x, struct err *e)
{
	struct err none = ERR_INIT;
	int r = transfer_read_spec(x->o->bundle, &x->spec, &none);

	if (r == 0)
		return overlay_owner_enter_new(x->spec, &x->cli->caller, e);
	if (r != -ENOENT)
		*e = none;
	return r == -ENOENT ? 0 : r;
}

static int note_owner(const struct importing *x, struct err *e)
{
	return x->spec ? overlay_owner_note(x->cli->data, x->id, x->cli->store, x->spec,
					    &x->cli->caller, e)
		       : 0;
}

static int open_new(struct importing *x, struct err *e)
{
	cleanup_free char *path = NULL;
	int r;

	if (asprintf(&path, "%s/rootfs", x->o->bundle) < 0) {
		path = NULL;
		return err_set(e, ERR_SYSTEM, ENOMEM, "find the base");
	}
	if (!realpath(path, x->base_path))
		return err_set(e, ERR_SYSTEM, errno, "find the base '%s'", path);
	x->base_dirs[0] = x->base_path;
	x->base = (struct layers_base){ x->base_dirs, 1 };
	r = layers_open(x->cli->data, x->id, &x->layers, e);
	if (r == 0) {
		err_set(e, ERR_STATE, 0, "container '%s' already has layers", x->id);
		err_hint(e, "--bundle is for new ones");
		return -EEXIST;
	}
	return r == -ENOENT ? 0 : r;
}

static int open_target(struct importing *x, struct err *e)
{
	int r;

	if (x->o->bundle) {
		r = enter_new(x, e);
		return r < 0 ? r : open_new(x, e);
	}
	r = overlay_owner_enter(x->cli->data, x->id, &x->cli->caller, e);
	if (r < 0)
		return r;
	r = layers_open(x->cli->data, x->id, &x->layers, e);
	if (r == -ENOENT)
		err_set(e, ERR_STATE, 0, "container '%s' has no layers", x->id);
	if (r == -ENOENT)
		err_hint(e, "--bundle makes a new container");
	return r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct import_options *o = opts;
	cleanup_(end_import) struct importing x = {
		.o = o, .cli = cli, .id = args[0], .from = -EBADF
	};
	const char *format = NULL;
	int r = container_id_check(x.id, e);

	if (r == 0 && o->name && !id_is_valid(o->name))
		r = err_set(e, ERR_USAGE, 0, "invalid name of a snapshot '%s'", o->name);
	if (r == 0)
		r = cli_data_root(cli, true, e);
	if (r == 0)
		r = open_source(&x, args[1], &format, e);
	if (r == 0)
		r = open_target(&x, e);
	if (r < 0)
		return r;
	transfer_progress_begin(&x.progress, cli, "import", o->progress);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (format && strcmp(kinds[i].format, format) == 0)
			r = kinds[i].run(&x, e);
	if (r == 0)
		r = note_owner(&x, e);
	transfer_progress_end(&x.progress, NULL);
	return r;
}

const struct cli_command cli_snapshot_import = {
	.name = "snapshot import",
	.args = "CONTAINER FILE",
	.summary = "Add snapshots from a back-up, a layer or an image",
	.options = options,
	.run = run,
	.options_size = sizeof(struct import_options),
	.min_args = 2,
	.max_args = 2,
};

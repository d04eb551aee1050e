// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr snapshot export: a snapshot as a layer, as an image, or as a back-up of what came since another one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/transfer.h"
#include "oci/spec.h"
#include "rootfs/backup.h"
#include "rootfs/image.h"
#include "rootfs/sinks.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/io.h"

struct export_options {
	const char *output, *format, *compression, *since, *bundle, *tag, *progress;
};

static const char *const formats[] = { "layer", "oci", "oci-archive", "backup", NULL };

static const struct cli_option options[] = {
	{ "output", 'o', CLI_STRING, "PATH", offsetof(struct export_options, output),
	  "file, or directory of an image; - is standard output", NULL },
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct export_options, format),
	  "layer, oci, oci-archive or backup", formats },
	{ "compression", 'c', CLI_STRING, "KIND", offsetof(struct export_options, compression),
	  "none, gzip or zstd", compression_names },
	{ "since", 0, CLI_STRING, "SNAPSHOT", offsetof(struct export_options, since),
	  "a back-up of the layers that this one does not have", NULL },
	{ "bundle", 'b', CLI_STRING, "DIR", offsetof(struct export_options, bundle),
	  "take the image's configuration from its config.json", NULL },
	{ "tag", 0, CLI_STRING, "NAME", offsetof(struct export_options, tag),
	  "name of the image in its layout (latest)", NULL },
	{ "progress", 0, CLI_STRING, "WORD", offsetof(struct export_options, progress),
	  "json: lines on standard error; none: not on a terminal either",
	  transfer_progress_words },
	{ 0 },
};

struct exporting {
	const struct export_options *o;
	struct cli *cli;
	struct transfer_name name;
	struct layers *layers;
	struct layers_chain chain;
	struct transfer_progress progress;
	struct transfer_output output;
	char digest[DIGEST_TEXT]; /* of what was exported */
};

static void end_export(struct exporting *x)
{
	transfer_output_close(&x->output);
	layers_chain_close(&x->chain);
	layers_close(x->layers);
}

static enum compression compression_of(const struct export_options *o, enum compression usual)
{
	for (int i = COMPRESSION_NONE; o->compression && i <= COMPRESSION_ZSTD; i++)
		if (strcmp(o->compression, compression_names[i]) == 0)
			return (enum compression)i;
	return usual;
}

/* ---- one stream: a layer, or a back-up ---- */

/* From what is written to the output: compressed, counted, buffered. */
struct stream {
	struct file_sink file;
	struct tee_sink tee;
	struct deflate *deflate;
	struct tar_sink to_file, to_deflate, sink;
};

static void close_stream(struct stream *s)
{
	tee_sink_close(&s->tee);
	deflate_close(s->deflate);
	file_sink_close(&s->file);
}

static int open_stream(struct exporting *x, struct stream *s, struct err *e)
{
	int r = file_sink_open(x->output.fd, x->output.path, &s->file, &s->to_file, e);

	s->file.progress = transfer_progress;
	s->file.data = &x->progress;
	if (r == 0)
		r = deflate_open(compression_of(x->o, COMPRESSION_NONE), &s->to_file, &s->deflate,
				 &s->to_deflate, e);
	if (r == 0)
		r = tee_sink_open(&s->to_deflate, &s->tee, &s->sink, e);
	return r;
}

static int write_layer(struct exporting *x, const struct tar_sink *sink, struct err *e)
{
	const struct layer_export out = {
		.layer = x->chain.items[x->chain.count - 1].dir,
		.sink = *sink,
		.left_out = transfer_left_out,
		.data = &x->progress,
	};

	return layer_export(&out, e);
}

/* How many layers, from the lowest, the snapshot --since has in common with this one. */
static int find_common(const struct exporting *x, size_t *ret, struct err *e)
{
	cleanup_(layers_chain_close) struct layers_chain old = { 0 };
	size_t n = x->chain.base_count;
	int r;

	if (x->o->since) {
		r = layers_chain_open(x->layers, x->o->since, &old, e);
		if (r < 0)
			return r;
		while (n < x->chain.count && n < old.count &&
		       strcmp(x->chain.items[n].layer, old.items[n].layer) == 0)
			n++;
	}
	*ret = n;
	return 0;
}

static int write_backup(struct exporting *x, const struct tar_sink *sink, struct err *e)
{
	struct backup b = {
		.layers = x->layers,
		.container = x->name.container,
		.chain = &x->chain,
		.since = x->o->since,
		.left_out = transfer_left_out,
		.data = &x->progress,
	};
	int r = find_common(x, &b.from, e);

	return r < 0 ? r : backup_write(&b, sink, e);
}

static int export_stream(struct exporting *x, bool backup, struct err *e)
{
	cleanup_(close_stream) struct stream s = { 0 };
	int r = transfer_output_open(x->o->output, false, &x->output, e);

	if (r == 0)
		r = open_stream(x, &s, e);
	if (r == 0)
		r = (backup ? write_backup : write_layer)(x, &s.sink, e);
	if (r == 0)
		r = deflate_finish(s.deflate, e);
	if (r == 0)
		r = file_sink_flush(&s.file, e);
	if (r == 0)
		digest_finish(s.tee.digest, x->digest);
	return r;
}

static int export_layer(struct exporting *x, struct err *e)
{
	return export_stream(x, false, e);
}

static int export_backup(struct exporting *x, struct err *e)
{
	return export_stream(x, true, e);
}

/* ---- an image ---- */

/* The bundle that is named, or the one whose root filesystem is the base. Without config.json: NULL. */
static int read_config(const struct exporting *x, struct oci_spec **ret, struct err *e)
{
	const char *base = x->chain.base_count ? x->chain.items[0].base : NULL;
	cleanup_free char *above = NULL;
	int r;

	if (x->o->bundle)
		return transfer_read_spec(x->o->bundle, ret, e);
	if (asprintf(&above, "%s/..", base ? base : "") < 0) {
		above = NULL;
		return err_set(e, ERR_SYSTEM, ENOMEM, "read config.json");
	}
	r = transfer_read_spec(above, ret, e);
	return r == -ENOENT ? 0 : r;
}

static void fill_config(const struct oci_spec *spec, struct image_config *c, char *user,
			size_t size)
{
	const struct oci_process *p = spec ? &spec->process : NULL;

	if (!p || !p->set)
		return;
	*c = (struct image_config){
		.args = p->args.items,
		.arg_count = p->args.count,
		.env = p->env.items,
		.env_count = p->env.count,
		.cwd = p->cwd,
		.user = user,
	};
	(void)snprintf(user, size, "%u:%u", p->user.uid, p->user.gid);
}

static int add_layers(struct exporting *x, int dir, struct image *image, struct err *e)
{
	const enum compression kind = compression_of(x->o, COMPRESSION_GZIP);
	int r = image_begin(dir, e);

	for (size_t i = 0; r == 0 && i < x->chain.count; i++) {
		const struct layers_link *link = &x->chain.items[i];
		const struct layer_export out = {
			.layer = link->dir,
			.lowest = i == 0,
			.left_out = transfer_left_out,
			.data = &x->progress,
		};

		r = image_add_layer(dir, &out, kind, transfer_progress, &image->layers[i], e);
		image->layers[i].created = link->created;
		image->layers[i].comment = link->message;
	}
	return r;
}

static int make_image(struct exporting *x, int dir, struct err *e)
{
	cleanup_free struct image_layer *layers = calloc(x->chain.count, sizeof(*layers));
	cleanup_(oci_spec_freep) struct oci_spec *spec = NULL;
	struct image image = {
		.layers = layers,
		.count = x->chain.count,
		.created = x->chain.items[x->chain.count - 1].created,
		.name = x->o->tag ? x->o->tag : "latest",
	};
	char user[32];
	int r = layers ? read_config(x, &spec, e)
		       : err_set(e, ERR_SYSTEM, ENOMEM, "export the image");

	if (r < 0)
		return r;
	fill_config(spec, &image.config, user, sizeof(user));
	r = add_layers(x, dir, &image, e);
	if (r == 0)
		r = image_finish(dir, &image, e);
	if (r == 0)
		(void)snprintf(x->digest, sizeof(x->digest), "%s", layers[image.count - 1].diff_id);
	return r;
}

static int export_image(struct exporting *x, struct err *e)
{
	int r = transfer_output_open(x->o->output, true, &x->output, e);

	return r < 0 ? r : make_image(x, x->output.fd, e);
}

/* The layout is made beside the file, or in the temporary directory, and packed. */
static int export_image_archive(struct exporting *x, struct err *e)
{
	cleanup_(transfer_output_close) struct transfer_output layout = TRANSFER_OUTPUT_EMPTY;
	struct layer_export out = { 0 };
	cleanup_(file_sink_close) struct file_sink file = { 0 };
	int r = transfer_output_open(x->o->output, false, &x->output, e);

	if (r == 0)
		r = transfer_scratch_open(&x->output, &layout, e);
	if (r == 0)
		r = make_image(x, layout.fd, e);
	if (r == 0)
		r = file_sink_open(x->output.fd, x->output.path, &file, &out.sink, e);
	out.layer = layout.fd;
	if (r == 0)
		r = layer_export(&out, e);
	return r < 0 ? r : file_sink_flush(&file, e);
}

static const struct {
	const char *format;
	int (*run)(struct exporting *x, struct err *e);
} kinds[] = {
	{ "layer", export_layer },
	{ "oci", export_image },
	{ "oci-archive", export_image_archive },
	{ "backup", export_backup },
};

/* ---- the verb ---- */

static int check(const struct export_options *o, const char *format, struct err *e)
{
	bool image = strncmp(format, "oci", 3) == 0;

	if (o->since && strcmp(format, "backup") != 0)
		return err_set(e, ERR_USAGE, 0, "--since makes a back-up, not --format %s", format);
	if (!image && (o->bundle || o->tag))
		return err_set(e, ERR_USAGE, 0, "--bundle and --tag are for --format oci");
	return 0;
}

static int run_format(struct exporting *x, const char *format, struct err *e)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].format, format) == 0)
			return kinds[i].run(x, e);
	return -EINVAL;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct export_options *o = opts;
	cleanup_(end_export) struct exporting x = {
		.o = o,
		.cli = cli,
		.output = TRANSFER_OUTPUT_EMPTY,
	};
	const char *format = o->format ? o->format : o->since ? "backup" : "layer";
	int r = check(o, format, e);

	if (r == 0)
		r = transfer_name_parse(args[0], &x.name, e);
	if (r == 0)
		r = transfer_open(cli, x.name.container, &x.layers, e);
	if (r == 0)
		r = layers_chain_open(x.layers, x.name.snapshot, &x.chain, e);
	if (r < 0)
		return r;
	layers_unlock(x.layers);
	transfer_progress_begin(&x.progress, cli, "export", o->progress);
	r = run_format(&x, format, e);
	if (r == 0)
		r = layers_chain_check(x.layers, &x.chain, e);
	if (r == 0)
		r = transfer_output_finish(&x.output, e);
	transfer_progress_end(&x.progress, r == 0 ? x.digest : NULL);
	if (r == 0 && !x.output.is_stdout)
		(void)printf("%s\n", x.digest);
	return r;
}

const struct cli_command cli_snapshot_export = {
	.name = "snapshot export",
	.args = "CONTAINER[@SNAPSHOT]",
	.summary = "Write a snapshot as a layer, an image or a back-up",
	.options = options,
	.run = run,
	.options_size = sizeof(struct export_options),
	.min_args = 1,
	.max_args = 1,
};

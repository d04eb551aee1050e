// SPDX-License-Identifier: GPL-2.0-or-later
/* checkpoint --export: the archive is complete, on disk and in place before the container's tasks end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint/judge.h"
#include "cli/checkpoint_archive.h"
#include "rootfs/layers.h"
#include "rootfs/sinks.h"
#include "util/cleanup.h"

static enum compression compression_of(const char *word)
{
	for (int i = COMPRESSION_NONE; word && i <= COMPRESSION_ZSTD; i++)
		if (strcmp(word, compression_names[i]) == 0)
			return (enum compression)i;
	return COMPRESSION_ZSTD;
}

/* While the container runs on: asking takes a while. Without an answer the dump says why. */
static void note_criu(struct exporting *x)
{
	struct err none = ERR_INIT;
	int v = judge_criu(x->cli->options.criu, &none);

	if (v > 0)
		(void)snprintf(x->criu, sizeof(x->criu), "%d.%d.%d", v / 10000, v / 100 % 100,
			       v % 100);
}

int exporting_open(struct cli *cli, const struct export_words *words, struct exporting *ret,
		   struct err *e)
{
	int r;

	*ret = (struct exporting){
		.cli = cli,
		.words = words,
		.output = TRANSFER_OUTPUT_EMPTY,
		.store = ARCHIVE_STORE_EMPTY,
		.images = -EBADF,
	};
	if (words->token && strlen(words->token) > ARCHIVE_TOKEN_MAX)
		return err_set(e, ERR_USAGE, 0, "option --token: it is longer than %d bytes",
			       ARCHIVE_TOKEN_MAX);
	r = words->sign_key ? seal_key_read(words->sign_key, &ret->key, e) : 0;
	if (r == 0 && words->sign_key && !ret->key.is_private) {
		err_set(e, ERR_USAGE, 0, "option --sign-key: '%s' is a public key",
			words->sign_key);
		err_hint(e, "it can verify, and not sign");
		return -EINVAL;
	}
	if (r == 0)
		r = cli_data_root(cli, true, e);
	if (r == 0)
		r = archive_store_open(cli->data, &ret->store, e);
	if (r == 0)
		r = transfer_output_open(words->file, false, &ret->output, e);
	if (r == 0)
		note_criu(ret);
	if (r == 0)
		transfer_progress_begin(&ret->progress, cli, "export", NULL);
	return r;
}

void exporting_close(struct exporting *x)
{
	transfer_output_close(&x->output);
	archive_store_close(&x->store);
	seal_key_clear(&x->key);
}

/* What lies above the bundle's root filesystem, the lowest first: layers of snapshots, then what was written last. */
static int list_layers(const struct container *c, const struct overlay_stack *s, int **ret,
		       size_t *ret_count, struct err *e)
{
	size_t base = c->record.overlay.base.count, n;
	int *dirs;

	if (s->count < base || s->upper < 0)
		return err_set(e, ERR_STATE, 0,
			       "the container's layers are not those that it was made with");
	n = s->count - base;
	dirs = calloc(n + 1, sizeof(*dirs));
	if (!dirs)
		return err_set(e, ERR_SYSTEM, ENOMEM, "list the container's layers");
	for (size_t i = 0; i < n; i++)
		dirs[i] = s->lowers[n - 1 - i];
	dirs[n] = s->upper;
	*ret = dirs;
	*ret_count = n + 1;
	return 0;
}

/* From what is written to the file: compressed, buffered. */
struct stream {
	struct file_sink file;
	struct deflate *deflate;
	struct tar_sink to_file, sink;
};

static void close_stream(struct stream *s)
{
	deflate_close(s->deflate);
	file_sink_close(&s->file);
}

static int write_stream(struct exporting *x, const struct archive_source *source, struct err *e)
{
	cleanup_(close_stream) struct stream s = { 0 };
	int r = file_sink_open(x->output.fd, x->output.path, &s.file, &s.to_file, e);

	s.file.progress = transfer_progress;
	s.file.data = &x->progress;
	if (r == 0)
		r = deflate_open(compression_of(x->words->compression), &s.to_file, &s.deflate,
				 &s.sink, e);
	if (r == 0)
		r = archive_write(source, &s.sink, x->digest, e);
	if (r == 0)
		r = deflate_finish(s.deflate, e);
	return r < 0 ? r : file_sink_flush(&s.file, e);
}

static void close_layers(struct layers **l)
{
	layers_close(*l);
}

/* "bridge:web,ip=10.1.2.3 macvlan:eth0" */
static void describe_network(const struct net_setup *s, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < s->items.count && len < size; i++) {
		const struct net_attachment *a = &s->items.items[i];
		const struct net_addr *const addresses[] = { &a->ip4, &a->ip6 };
		char address[NET_ADDR_TEXT];

		len += (size_t)snprintf(text + len, size - len, "%s%s%s%s", i ? " " : "",
					net_kind_name(a->kind), a->target ? ":" : "",
					a->target ? a->target : "");
		for (int j = 0; j < 2 && len < size; j++)
			if (addresses[j]->family)
				len += (size_t)snprintf(
					text + len, size - len, ",%s=%s", j ? "ip6" : "ip",
					net_addr_text(addresses[j], false, address));
	}
}

static int write_archive(struct exporting *x, struct container *c, struct err *e)
{
	cleanup_(close_layers) struct layers *layers = NULL;
	cleanup_(overlay_stack_close) struct overlay_stack stack = OVERLAY_STACK_EMPTY;
	cleanup_free int *dirs = NULL;
	const struct container_overlay *o = &c->record.overlay;
	char network[1024];
	struct archive_source source = {
		.id = c->record.id,
		.config = c->config,
		.config_size = c->config_size,
		.images = x->images,
		.criu = x->criu[0] ? x->criu : NULL,
		.network = c->record.network.items.count ? network : NULL,
		.token = x->words->token,
		.key = x->key.kind ? &x->key : NULL,
		.left_out = transfer_left_out,
		.data = &x->progress,
	};
	int r = 0;

	describe_network(&c->record.network, network, sizeof(network));
	if (o->used && o->data) {
		r = layers_open(x->cli->data, c->record.id, &layers, e);
		if (r == 0)
			r = layers_stack(layers, &stack, e);
		if (r == 0)
			r = list_layers(c, &stack, &dirs, &source.layer_count, e);
		source.layers = dirs;
	}
	return r < 0 ? r : write_stream(x, &source, e);
}

int exporting_complete(void *data, struct container *c, struct err *e)
{
	struct exporting *x = data;
	int r = write_archive(x, c, e);

	if (r == 0)
		r = archive_note_ours(x->cli->data, x->digest, e);
	if (r == 0)
		r = transfer_output_finish(&x->output, e);
	transfer_progress_end(&x->progress, x->digest);
	return r < 0 ? err_wrap(e, "export") : 0;
}

void exporting_withdraw(struct exporting *x)
{
	if (x->output.finished && !x->output.is_stdout)
		(void)unlinkat(x->output.parent, x->output.name, 0); /* or it stays, and is good */
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr snapshot verify: are the layers of a snapshot still what they were when their digest was taken? */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/transfer.h"
#include "oci/json_out.h"
#include "util/cleanup.h"

struct verify_options {
	const char *format;
};

static const char *const formats[] = { "text", "json", NULL };

static const struct cli_option options[] = {
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct verify_options, format),
	  "text or json", formats },
	{ 0 },
};

enum verdict {
	VERDICT_GOOD,
	VERDICT_NEW, /* there was no digest: it is recorded now */
	VERDICT_DAMAGED,
};

static const char *const verdict_words[] = { "good", "recorded", "damaged" };

struct result {
	enum verdict verdict;
	char is[DIGEST_TEXT], should[DIGEST_TEXT];
};

static int check_layer(const struct layers *l, const struct layers_link *link, struct result *ret,
		       struct err *e)
{
	int r = layers_digest_recorded(l, link, ret->should, e);

	if (r == 0) {
		ret->verdict = VERDICT_NEW;
		return layers_digest(l, link, false, ret->is, e);
	}
	if (r > 0)
		r = layers_digest(l, link, true, ret->is, e);
	if (r < 0)
		return r;
	ret->verdict = strcmp(ret->is, ret->should) == 0 ? VERDICT_GOOD : VERDICT_DAMAGED;
	return 0;
}

static const char *label(const struct layers_link *link)
{
	return link->snapshot ? link->snapshot : link->layer;
}

static void print_text(const struct layers_chain *c, const struct result *results)
{
	for (size_t i = c->base_count; i < c->count; i++) {
		const struct result *r = &results[i];

		(void)printf("%-9s %s %s\n", verdict_words[r->verdict], r->is, label(&c->items[i]));
	}
}

static int print_json(const struct layers_chain *c, const struct result *results, struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "print the result");
	json_out_array(&o);
	for (size_t i = c->base_count; i < c->count; i++) {
		json_out_object(&o);
		json_out_member_string(&o, "snapshot", c->items[i].snapshot);
		json_out_member_string(&o, "layer", c->items[i].layer);
		json_out_member_string(&o, "result", verdict_words[results[i].verdict]);
		json_out_member_string(&o, "digest", results[i].is);
		if (results[i].verdict == VERDICT_DAMAGED)
			json_out_member_string(&o, "recorded", results[i].should);
		json_out_end_object(&o);
	}
	json_out_end_array(&o);
	return cli_print_json(&o, e);
}

/* The first that is damaged is the error. */
static int judge(const struct layers_chain *c, const struct result *results, struct err *e)
{
	for (size_t i = c->base_count; i < c->count; i++) {
		if (results[i].verdict != VERDICT_DAMAGED)
			continue;
		err_set(e, ERR_STATE, 0,
			"the layer of snapshot '%s' is damaged: its digest is %s, not %s",
			label(&c->items[i]), results[i].is, results[i].should);
		err_hint(e, "restore it from a back-up");
		return -EBADMSG;
	}
	return 0;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct verify_options *o = opts;
	cleanup_(layers_chain_close) struct layers_chain chain = { 0 };
	cleanup_(transfer_closep) struct layers *l = NULL;
	cleanup_free struct result *results = NULL;
	struct transfer_name name;
	int r = transfer_name_parse(args[0], &name, e);

	if (r == 0)
		r = transfer_open(cli, name.container, &l, e);
	if (r == 0)
		r = layers_chain_open(l, name.snapshot, &chain, e);
	if (r < 0)
		return r;
	layers_unlock(l);
	results = calloc(chain.count + 1, sizeof(*results));
	if (!results)
		return err_set(e, ERR_SYSTEM, ENOMEM, "verify the layers");
	for (size_t i = chain.base_count; r == 0 && i < chain.count; i++)
		r = check_layer(l, &chain.items[i], &results[i], e);
	if (r == 0)
		r = layers_chain_check(l, &chain, e);
	if (r < 0)
		return r;
	if (o->format && strcmp(o->format, "json") == 0)
		r = print_json(&chain, results, e);
	else
		print_text(&chain, results);
	return r < 0 ? r : judge(&chain, results, e);
}

const struct cli_command cli_snapshot_verify = {
	.name = "snapshot verify",
	.args = "CONTAINER[@SNAPSHOT]",
	.summary = "Compare the layers of a snapshot with their digests",
	.options = options,
	.run = run,
	.options_size = sizeof(struct verify_options),
	.min_args = 1,
	.max_args = 1,
};

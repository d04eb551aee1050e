// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr gc: what commands left that were killed. Each kind of thing has a collector in the table. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>

#include "checkpoint/archive.h"
#include "container/network.h"
#include "container/overlay_owner.h"
#include "net/collect.h"
#include "rootfs/layers.h"

struct gc_options {
	bool dry_run;
};

static const struct cli_option options[] = {
	{ "dry-run", 'n', CLI_FLAG, NULL, offsetof(struct gc_options, dry_run),
	  "only say what would be removed", NULL },
	{ 0 },
};

static int tell(const char *what, void *context)
{
	const struct gc_options *o = context;

	(void)printf("%s %s\n", o->dry_run ? "would remove" : "removed", what);
	return 0;
}

/* Without a data root nothing was ever made there. 1: it is open. */
static int open_data(struct cli *cli, struct err *e)
{
	struct err none = ERR_INIT;
	int r = cli_data_root(cli, false, &none);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		*e = none;
	return r < 0 ? r : 1;
}

static int collect_layers(struct cli *cli, const struct gc_options *o, struct err *e)
{
	struct gc_options copy = *o;
	int r = open_data(cli, e);

	if (r <= 0)
		return r;
	r = overlay_owner_enter(cli->data, NULL, &cli->caller, e);
	return r < 0 ? r : layers_gc(cli->data, o->dry_run, tell, &copy, e);
}

static int collect_networks(struct cli *cli, const struct gc_options *o, struct err *e)
{
	struct gc_options copy = *o;
	struct process_identity boot;
	const struct net_collect how = { .boot = boot.boot_id,
					 .lives = network_owner_lives,
					 .dry_run = o->dry_run,
					 .tell = tell,
					 .context = &copy };
	struct err none = ERR_INIT;
	int r = open_data(cli, e);

	if (r > 0 && process_boot_id(boot.boot_id, sizeof(boot.boot_id), e) < 0)
		return -EIO;
	if (r > 0)
		r = net_gc(cli->data, &how, &none);
	/* who may not look at the host's network has never made one there */
	if (r == -EPERM && !caller_is_host_root(&cli->caller))
		return 0;
	if (none.kind)
		*e = none;
	return r;
}

static int collect_checkpoints(struct cli *cli, const struct gc_options *o, struct err *e)
{
	struct gc_options copy = *o;
	int r = open_data(cli, e);

	return r > 0 ? archive_gc(cli->data, o->dry_run, tell, &copy, e) : r;
}

static int (*const collectors[])(struct cli *cli, const struct gc_options *o, struct err *e) = {
	collect_networks, collect_checkpoints,
	collect_layers, /* the last: it may end in a user namespace */
};

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	(void)args;
	for (size_t i = 0; i < sizeof(collectors) / sizeof(collectors[0]); i++) {
		int r = collectors[i](cli, opts, e);

		if (r < 0)
			return err_wrap(e, "gc");
	}
	return 0;
}

const struct cli_command cli_gc = {
	.name = "gc",
	.args = "",
	.summary = "Remove what commands left that were killed",
	.options = options,
	.run = run,
	.options_size = sizeof(struct gc_options),
};

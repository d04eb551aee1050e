// SPDX-License-Identifier: GPL-2.0-or-later
/* What the options and ctr.conf say about an overlay: see launch.h. */
#include <errno.h>

#include "cli/launch.h"
#include "util/num.h"

static int refuse_overlay(const char *what, struct err *e)
{
	err_set(e, ERR_USAGE, 0, "%s", what);
	return -EINVAL;
}

static int overlay_size(const struct overlay_options *o, struct overlay_request *ret, struct err *e)
{
	int64_t size = 0;
	int r = o->size ? num_parse_size(o->size, &size) : 0;

	if (r < 0 || (o->size && size <= 0)) {
		err_set(e, ERR_USAGE, 0, "option --size: '%s' is no size", o->size);
		err_hint(e, "write it as 512m or 10g");
		return -EINVAL;
	}
	ret->size = (uint64_t)size;
	return 0;
}

int launch_overlay(struct cli *cli, const struct overlay_options *o, bool plan_only,
		   struct overlay_request *ret, struct err *e)
{
	bool asked = o->overlay || o->ephemeral || o->layers.count;
	int r;

	*ret = (struct overlay_request){
		.wanted = asked || (cli->conf.overlay && !o->no_overlay),
		.ephemeral = o->ephemeral,
		.layers = o->layers.items,
		.layer_count = o->layers.count,
		.data = -EBADF,
	};
	if (asked && o->no_overlay)
		return refuse_overlay(
			"--no-overlay does not go with --overlay, --layer and --ephemeral", e);
	if (o->size && !ret->wanted)
		return refuse_overlay("--size needs --overlay or --ephemeral", e);
	r = overlay_size(o, ret, e);
	if (r < 0 || !ret->wanted || ret->ephemeral || plan_only)
		return r;
	r = cli_data_root(cli, true, e);
	ret->data = cli->data;
	return r;
}

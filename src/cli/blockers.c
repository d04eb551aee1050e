// SPDX-License-Identifier: GPL-2.0-or-later
/* See blockers.h. */
#include "cli/blockers.h"

#include <errno.h>
#include <stdio.h>

#include "oci/json_out.h"
#include "util/cleanup.h"

static int print_json(const struct preflight_report *r, struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "list what is in the way");
	preflight_write(&o, r);
	return cli_print_json(&o, e);
}

static void print_finding(const struct preflight_finding *f)
{
	char object[640];

	preflight_describe(f, object, sizeof(object));
	(void)printf("%-9s %-22s %s\n", f->rule->certain ? "certain" : "possible", f->rule->name,
		     object);
	(void)printf("%9s   %s\n%9s   help: %s\n", "", f->rule->why, "", f->rule->help);
}

static void print_table(const struct preflight_report *r)
{
	if (r->count == 0)
		(void)printf("nothing is in the way of a checkpoint\n");
	for (size_t i = 0; i < r->count; i++)
		print_finding(&r->items[i]);
}

int cli_dry_run(struct cli *cli, struct container *c, const struct checkpoint_flags *flags,
		bool json, struct err *e)
{
	cleanup_(preflight_free) struct preflight_report report = { 0 };
	struct err missing = ERR_INIT;
	unsigned version = 0;
	int r = preflight_look(c, cli->options.criu, flags, &report, &version, &missing, e);

	if (r < 0)
		return r;
	if (version == 0)
		cli_report_warning(&missing);
	if (json)
		r = print_json(&report, e);
	else
		print_table(&report);
	cli->exit_code = report.certain > 0 ? CHECKPOINT_EXIT_BLOCKED : 0;
	return r;
}

int cli_check_blockers(struct cli *cli, struct container *c, const struct checkpoint_flags *flags,
		       struct err *e)
{
	cleanup_(preflight_free) struct preflight_report report = { 0 };
	int r = preflight_look(c, cli->options.criu, flags, &report, NULL, NULL, e);

	if (r == 0)
		r = preflight_refuse(&report, e);
	if (r == -EBUSY)
		cli->failure_code = CHECKPOINT_EXIT_BLOCKED;
	return r;
}

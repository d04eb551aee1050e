/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in the way of a checkpoint, for people and for machines. */
#ifndef CTR_CLI_BLOCKERS_H
#define CTR_CLI_BLOCKERS_H

#include "checkpoint/preflight.h"
#include "cli/cli.h"

/*
 * `checkpoint --dry-run`: look at @c, print what was found, as JSON or as a table, and set cli->exit_code to
 * CHECKPOINT_EXIT_BLOCKED if a dump would fail.
 */
int cli_dry_run(struct cli *cli, struct container *c, const struct checkpoint_flags *flags,
		bool json, struct err *e);

/* Before a dump: -EBUSY, with what is in the way, and cli->failure_code, if one would fail. */
int cli_check_blockers(struct cli *cli, struct container *c, const struct checkpoint_flags *flags,
		       struct err *e);

#endif

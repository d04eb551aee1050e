// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of verbs. */
#include "cli/cli.h"

/* clang-format off */
const struct cli_command *const cli_commands[] = {
	&cli_run,
	&cli_create,
	&cli_start,
	&cli_exec,
	&cli_state,
	&cli_list,
	&cli_ps,
	&cli_top,
	&cli_stats,
	&cli_events,
	&cli_kill,
	&cli_pause,
	&cli_resume,
	&cli_update,
	&cli_delete,
	&cli_spec,
	&cli_explain,
	&cli_validate,
	&cli_wait,
	&cli_snapshot,
	&cli_clone,
	&cli_checkpoint,
	&cli_restore,
	&cli_migrate,
	&cli_receive,
	&cli_replicate,
	&cli_failover,
	&cli_gc,
	&cli_network,
	&cli_features,
	&cli_completion,
	NULL,
};
/* clang-format on */

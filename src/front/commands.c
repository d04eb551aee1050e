// SPDX-License-Identifier: GPL-2.0-or-later
/* The verbs that the small program has, in place of cli/commands.c: those that are called often. */
#include "cli/cli.h"

/* clang-format off */
const struct cli_command *const cli_commands[] = {
	&cli_run,
	&cli_create,
	&cli_start,
	&cli_exec,
	&cli_state,
	&cli_list,
	&cli_kill,
	&cli_pause,
	&cli_resume,
	&cli_delete,
	NULL,
};
/* clang-format on */

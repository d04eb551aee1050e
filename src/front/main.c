// SPDX-License-Identifier: GPL-2.0-or-later
/* argv -> here or over there. See front.h. */
#include "front/front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/whole.h"

/*
 * Words about inherited descriptors: before anything else these are set close-on-exec (R13), and a pipe can be read only
 * once. An argument of a payload with such a word in it costs time and no more.
 */
static bool names_descriptor(const char *word)
{
	static const char *const parts[] = { "preserve-fds", "/fd/", "/dev/std" };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strstr(word, parts[i]))
			return true;
	return false;
}

/* The global options, and a verb of the table behind them. @argv is ours: parsing changes the order. */
static bool has_verb(int argc, char **argv)
{
	const struct cli_command *command;
	struct cli_globals options = { 0 };
	struct cli_parsed parsed;
	struct err ignored = ERR_INIT;

	if (cli_parse(cli_global_options, true, argc, argv, &options, &parsed, &ignored) < 0)
		return false;
	return !options.version && !parsed.help && parsed.count > 0 &&
	       cli_find(cli_commands, parsed.args[0], &command, &ignored) == 0;
}

bool front_takes(int argc, char **argv)
{
	cleanup_free char **copy = calloc((size_t)argc + 1, sizeof(*copy));
	const char *activated = getenv("LISTEN_FDS");

	if (!copy || argc < 1 || (activated && *activated))
		return false;
	for (int i = 1; i < argc; i++)
		if (names_descriptor(argv[i]))
			return false;
	memcpy(copy, argv, (size_t)argc * sizeof(*copy));
	return has_verb(argc - 1, copy + 1);
}

static int fail(const struct err *e)
{
	char line[1024];

	err_format(e, line, sizeof(line));
	(void)fprintf(stderr, "ctr: %s\n", line);
	return 1;
}

int main(int argc, char **argv)
{
	struct err e = ERR_INIT;

	if (!front_takes(argc, argv) && whole_needed(&e) < 0)
		return fail(&e);
	return cli_main(argc, argv);
}

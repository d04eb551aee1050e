// SPDX-License-Identifier: GPL-2.0-or-later
/* How a verb is found in the table, its --help, and its run. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *cli_last_word(const struct cli_command *c)
{
	const char *space = strchr(c->name, ' ');

	return space ? space + 1 : c->name;
}

int cli_find(const struct cli_command *const *table, const char *word,
	     const struct cli_command **ret, struct err *e)
{
	const char *space = strchr((*table)->name, ' ');
	int group = space ? (int)(space - (*table)->name) : 0;

	for (const struct cli_command *const *c = table; *c; c++) {
		if (strcmp(cli_last_word(*c), word) != 0)
			continue;
		*ret = *c;
		return 0;
	}
	err_set(e, ERR_USAGE, 0, "unknown command '%.*s%s%s'", group, (*table)->name,
		group ? " " : "", word);
	err_hint(e, "see ctr %.*s%s--help", group, (*table)->name, group ? " " : "");
	return -EINVAL;
}

static void print_table(const struct cli_command *const *table)
{
	for (; *table; table++)
		(void)printf("  %-12s %s\n", cli_last_word(*table), (*table)->summary);
}

void cli_print_help(const struct cli *cli)
{
	(void)printf("Usage: %s [OPTIONS] COMMAND [ARGUMENTS]\n\n"
		     "Run containers from OCI bundles.\n\nCommands:\n",
		     cli->program);
	print_table(cli_commands);
	(void)printf("\nOptions:\n");
	cli_print_options(cli_global_options);
	(void)printf("\nSee `%s COMMAND --help` and man %s.\n", cli->program, cli->program);
}

static void print_command_help(const struct cli *cli, const struct cli_command *c)
{
	(void)printf("Usage: %s %s [OPTIONS]%s%s\n\n%s.\n\nOptions:\n", cli->program, c->name,
		     *c->args ? " " : "", c->args, c->summary);
	cli_print_options(c->options);
	if (c->also) {
		(void)printf("\n");
		print_command_help(cli, c->also);
	}
}

/* All of it at once: a group is small. */
static void print_group_help(const struct cli *cli, const struct cli_command *group)
{
	(void)printf("Usage: %s %s COMMAND [ARGUMENTS]\n\n%s.\n\nCommands:\n", cli->program,
		     group->name, group->summary);
	print_table(group->verbs);
	for (const struct cli_command *const *c = group->verbs; *c; c++) {
		(void)printf("\n");
		print_command_help(cli, *c);
	}
}

static int check_count(const struct cli_command *c, int count, struct err *e)
{
	if (count >= c->min_args && (c->max_args < 0 || count <= c->max_args))
		return 0;
	err_set(e, ERR_USAGE, 0, "%s: %s", c->name,
		count < c->min_args ? "an argument is missing" : "too many arguments");
	err_hint(e, "usage: ctr %s [OPTIONS]%s%s", c->name, *c->args ? " " : "", c->args);
	return -EINVAL;
}

static int run_parsed(struct cli *cli, const struct cli_command *c, int argc, char **argv,
		      void *options, struct err *e)
{
	struct cli_parsed parsed;
	int r = cli_parse(c->options, c->stop_at_args, argc, argv, options, &parsed, e);

	if (r < 0)
		return err_wrap(e, "%s", c->name);
	if (parsed.help) {
		print_command_help(cli, c);
		return 0;
	}
	r = check_count(c, parsed.count, e);
	if (r < 0)
		return r;
	parsed.args[parsed.count] = NULL;
	return c->run(cli, options, parsed.args, e);
}

static int run_options(struct cli *cli, const struct cli_command *c, int argc, char **argv,
		       struct err *e)
{
	_Alignas(max_align_t) char options[CLI_OPTIONS_MAX] = { 0 };
	int r;

	cli->verb = c->name;
	cli->beyond = c->beyond;
	r = run_parsed(cli, c, argc, argv, options, e);
	cli_free_options(c->options, options);
	return r;
}

static int run_group(struct cli *cli, const struct cli_command *group, int argc, char **argv,
		     struct err *e)
{
	static const struct cli_option none[] = { { 0 } };
	const struct cli_command *command;
	struct cli_parsed parsed;
	int r = cli_parse(none, true, argc, argv, NULL, &parsed, e);

	if (r < 0)
		return err_wrap(e, "%s", group->name);
	if (parsed.help || (parsed.count && strcmp(parsed.args[0], "help") == 0)) {
		print_group_help(cli, group);
		return 0;
	}
	if (!parsed.count) {
		err_set(e, ERR_USAGE, 0, "%s: a command is missing", group->name);
		err_hint(e, "see ctr %s --help", group->name);
		return -EINVAL;
	}
	r = cli_find(group->verbs, parsed.args[0], &command, e);
	return r < 0 ? r : run_options(cli, command, parsed.count - 1, parsed.args + 1, e);
}

int cli_run_command(struct cli *cli, const struct cli_command *c, int argc, char **argv,
		    struct err *e)
{
	if (c->also && argc > 1 && strcmp(argv[0], cli_last_word(c->also)) == 0)
		return run_options(cli, c->also, argc - 1, argv + 1, e);
	return (c->verbs ? run_group : run_options)(cli, c, argc, argv, e);
}

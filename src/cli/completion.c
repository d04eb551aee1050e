// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr completion: shell completion made from the option tables. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct cli_option options[] = { { 0 } };

static void words(const struct cli_option *table)
{
	for (; table->name; table++)
		(void)printf(" --%s", table->name);
	(void)printf(" --help");
}

/* Verbs whose argument is the id of a container that exists. */
static bool takes_id(const struct cli_command *c)
{
	return strncmp(c->args, "CONTAINER", 9) == 0;
}

static void bash(const char *program)
{
	(void)printf("# bash completion of %s; made by: %s completion bash\n"
		     "_%s() {\n"
		     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} verb= i words=\n"
		     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		     "\t\tcase ${COMP_WORDS[i]} in\n"
		     "\t\t--root | --log | --log-format) i=$((i + 1)) ;;\n"
		     "\t\t-*) ;;\n"
		     "\t\t*) verb=${COMP_WORDS[i]}; break ;;\n"
		     "\t\tesac\n"
		     "\tdone\n"
		     "\tcase $verb in\n",
		     program, program, program);
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		(void)printf("\t%s)\n\t\twords=\"", (*c)->name);
		words((*c)->options);
		(void)printf("\"\n");
		if (takes_id(*c))
			(void)printf("\t\t[[ $cur == -* ]] || words=$(%s list -q 2>/dev/null)\n",
				     program);
		(void)printf("\t\t;;\n");
	}
	(void)printf("\t*)\n\t\twords=\"");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		(void)printf("%s ", (*c)->name);
	words(cli_global_options);
	(void)printf("\"\n\t\t;;\n\tesac\n"
		     "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		     "}\n"
		     "complete -o default -F _%s %s\n",
		     program, program);
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	(void)opts;
	if (strcmp(args[0], "bash") != 0) {
		err_set(e, ERR_USAGE, 0, "no completion for the shell '%s'", args[0]);
		err_hint(e, "use bash");
		return -EINVAL;
	}
	bash(cli->program);
	return 0;
}

const struct cli_command cli_completion = {
	.name = "completion",
	.args = "bash",
	.summary = "Print shell completion",
	.options = options,
	.run = run,
	.min_args = 1,
	.max_args = 1,
};

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
		if (table->help) /* the others are hidden */
			(void)printf(" --%s", table->name);
	(void)printf(" --help");
}

/* Verbs whose argument is the id of a container that exists. */
static bool takes_id(const struct cli_command *c)
{
	return strncmp(c->args + (c->args[0] == '['), "CONTAINER", 9) == 0;
}

/* Behind an option with a value: its words, or nothing, which makes bash offer files. */
static void bash_values(const struct cli_option *table)
{
	for (; table->name; table++) {
		if (table->type == CLI_FLAG || !table->help)
			continue;
		(void)printf("\t\tcase $prev in --%s", table->name);
		if (table->letter)
			(void)printf(" | -%c", table->letter);
		(void)printf(") words='");
		for (const char *const *w = table->words; w && *w; w++)
			(void)printf("%s ", *w);
		(void)printf("' ;; esac\n");
	}
}

/* A group of commands: their names; each then has an entry of its own. */
static void bash_group(const struct cli_command *group)
{
	(void)printf("\t%s)\n\t\twords='", group->name);
	for (const struct cli_command *const *c = group->verbs; *c; c++)
		(void)printf("%s ", cli_last_word(*c));
	(void)printf("--help'\n\t\t;;\n");
}

static void bash_command(const struct cli_command *c, const char *program)
{
	(void)printf("\t'%s')\n\t\twords='", c->name);
	words(c->options);
	(void)printf("'\n\t\t[[ $cur == -* ]] || ");
	if (takes_id(c))
		(void)printf("words=$(%s \"${root[@]}\" list -q 2>/dev/null)\n", program);
	else
		(void)printf("words='%s'\n", c == &cli_completion ? "bash zsh" : "");
	bash_values(c->options);
	(void)printf("\t\t;;\n");
}

/* Options before the verb that have a value, which is not the verb; bash makes "=" a word of its own. */
static void bash_globals(void)
{
	const char *between = "\t\t";

	for (const struct cli_option *o = cli_global_options; o->name; o++) {
		if (o->type == CLI_FLAG)
			continue;
		(void)printf("%s--%s", between, o->name);
		between = " | ";
	}
	(void)printf(
		")\n"
		"\t\t\toption=${COMP_WORDS[i]}\n"
		"\t\t\t[[ ${COMP_WORDS[i + 1]} != '=' ]] || i=$((i + 1))\n"
		"\t\t\ti=$((i + 1))\n"
		"\t\t\t[[ $option != --root ]] || root=(--root \"${COMP_WORDS[i]/#~\\//$HOME/}\")\n"
		"\t\t\t;;\n");
}

/* The name of a command in a group has two words. */
static void bash_group_names(void)
{
	const char *between = "\tcase $verb in ";
	bool any = false;

	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		if (!(*c)->verbs)
			continue;
		(void)printf("%s%s", between, (*c)->name);
		between = " | ";
		any = true;
	}
	if (any)
		(void)printf(
			") ((i + 1 >= COMP_CWORD)) || verb+=\" ${COMP_WORDS[i + 1]}\" ;; esac\n");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		if ((*c)->also)
			(void)printf("\t[[ \"$verb ${COMP_WORDS[i + 1]-}\" != '%s' ]] || "
				     "((i + 1 >= COMP_CWORD)) || verb='%s'\n",
				     (*c)->also->name, (*c)->also->name);
}

static void bash_entry(const struct cli_command *c, const char *program)
{
	if (!c->verbs) {
		bash_command(c, program);
		if (c->also)
			bash_command(c->also, program);
		return;
	}
	bash_group(c);
	for (const struct cli_command *const *v = c->verbs; *v; v++)
		bash_command(*v, program);
}

static void bash(const char *program)
{
	(void)printf("# bash completion of %s; made by: %s completion bash\n"
		     "_%s() {\n"
		     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
		     "\tlocal verb='' i words='' option root=()\n"
		     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		     "\t\tcase ${COMP_WORDS[i]} in\n",
		     program, program, program);
	bash_globals();
	(void)printf("\t\t-*) ;;\n"
		     "\t\t*) verb=${COMP_WORDS[i]}; break ;;\n"
		     "\t\tesac\n"
		     "\tdone\n");
	bash_group_names();
	(void)printf("\tcase $verb in\n");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		bash_entry(*c, program);
	(void)printf("\t*)\n\t\twords='");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		(void)printf("%s ", (*c)->name);
	words(cli_global_options);
	(void)printf("'\n");
	bash_values(cli_global_options);
	(void)printf("\t\t;;\n\tesac\n"
		     "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		     "}\n"
		     "complete -o default -F _%s %s\n",
		     program, program);
}

/* ---- zsh ---- */

/* Texts stand in single quotes; @special must not end their part of an _arguments specification. */
static void zsh_text(const char *s, const char *special)
{
	for (; *s; s++) {
		if (*s == '\'')
			(void)printf("'\\''");
		else
			(void)printf(strchr(special, *s) ? "\\%c" : "%c", *s);
	}
}

/* What follows an option: one of its words, or a file. */
static void zsh_value(const struct cli_option *o)
{
	if (o->type == CLI_FLAG)
		return;
	(void)printf(":");
	zsh_text(o->arg, ":\\");
	(void)printf(":");
	if (!o->words) {
		(void)printf(o->type == CLI_STRING ? "_files" : " ");
		return;
	}
	(void)printf("(");
	for (const char *const *w = o->words; *w; w++)
		(void)printf(w == o->words ? "%s" : " %s", *w);
	(void)printf(")");
}

static void zsh_options(const struct cli_option *table)
{
	for (; table->name; table++) {
		const char *equals = table->type == CLI_FLAG ? "" : "=";

		if (!table->help)
			continue;
		if (table->letter && table->type == CLI_LIST)
			(void)printf("\t\t'*'{-%c,--%s%s}'[", table->letter, table->name, equals);
		else if (table->letter)
			(void)printf("\t\t'(-%c --%s)'{-%c,--%s%s}'[", table->letter, table->name,
				     table->letter, table->name, equals);
		else
			(void)printf("\t\t'--%s%s[", table->name, equals);
		zsh_text(table->help, "[]\\");
		(void)printf("]");
		zsh_value(table);
		(void)printf("' \\\n");
	}
	(void)printf("\t\t'(- *)'{-h,--help}'[show this text]' \\\n");
}

/* Commands with their summaries, as _describe wants them. */
static void zsh_commands(const struct cli_command *const *table)
{
	(void)printf("\tcommands=(\n");
	for (const struct cli_command *const *c = table; *c; c++) {
		(void)printf("\t\t'%s:", cli_last_word(*c));
		zsh_text((*c)->summary, "\\");
		(void)printf("'\n");
	}
	(void)printf("\t)\n");
}

static void zsh_command(const struct cli_command *c, const char *program)
{
	(void)printf("\t%s)\n\t\t_arguments \\\n", cli_last_word(c));
	zsh_options(c->options);
	if (takes_id(c))
		(void)printf("\t\t'1:container:_%s_ids'%s\n", program,
			     c->max_args == 1 ? "" : " '*:argument:_files'");
	else
		(void)printf("\t\t'*:argument:%s'\n",
			     c == &cli_completion ? "(bash zsh)" : "_files");
	(void)printf("\t\t;;\n");
}

/* The word that means another command, with something behind it. */
static void zsh_also(const struct cli_command *c, const char *program)
{
	if (!c->also)
		return;
	(void)printf("\t%s)\n\tif (( CURRENT > 2 )) && [[ $words[2] == %s ]]; then\n"
		     "\tshift words; (( CURRENT-- ))\n\tcase $words[1] in\n",
		     c->name, cli_last_word(c->also));
	zsh_command(c->also, program);
	(void)printf("\tesac\n\treturn\n\tfi\n\t;|\n");
}

/* Its first argument is one of its commands, the rest are those of that command. */
static void zsh_entry(const struct cli_command *c, const char *program)
{
	if (!c->verbs) {
		zsh_also(c, program);
		zsh_command(c, program);
		return;
	}
	(void)printf("\t%s)\n", c->name);
	zsh_commands(c->verbs);
	(void)printf("\tif (( CURRENT == 2 )); then _describe command commands; return; fi\n"
		     "\tshift words; (( CURRENT-- ))\n"
		     "\tcase $words[1] in\n");
	for (const struct cli_command *const *v = c->verbs; *v; v++)
		zsh_command(*v, program);
	(void)printf("\tesac\n\t;;\n");
}

static void zsh(const char *program)
{
	(void)printf("#compdef %s\n# zsh completion of %s; made by: %s completion zsh\n"
		     "_%s_ids() {\n"
		     "\tlocal -a ids=(${(f)\"$(%s $root list -q 2>/dev/null)\"})\n"
		     "\tcompadd -a ids\n"
		     "}\n"
		     "_%s() {\n"
		     "\tlocal context state state_descr line curcontext=$curcontext\n"
		     "\ttypeset -A opt_args\n",
		     program, program, program, program, program, program);
	(void)printf("\tlocal -a commands\n");
	zsh_commands(cli_commands);
	(void)printf("\t_arguments -C \\\n");
	zsh_options(cli_global_options);
	(void)printf("\t\t'1:command:{_describe command commands}' '*::argument:->rest'\n"
		     "\t[[ $state == rest ]] || return\n"
		     "\tlocal -a root=(${opt_args[--root]:+--root} ${(Q)opt_args[--root]})\n"
		     "\tcase $line[1] in\n");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		zsh_entry(*c, program);
	(void)printf("\tesac\n}\n"
		     "if [[ $funcstack[1] == _%s ]]; then _%s \"$@\"; else compdef _%s %s; fi\n",
		     program, program, program, program);
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	(void)opts;
	if (strcmp(args[0], "bash") == 0) {
		bash(cli->program);
	} else if (strcmp(args[0], "zsh") == 0) {
		zsh(cli->program);
	} else {
		err_set(e, ERR_USAGE, 0, "no completion for the shell '%s'", args[0]);
		err_hint(e, "use bash or zsh");
		return -EINVAL;
	}
	return 0;
}

const struct cli_command cli_completion = {
	.name = "completion",
	.args = "bash | zsh",
	.summary = "Print shell completion",
	.options = options,
	.run = run,
	.min_args = 1,
	.max_args = 1,
};

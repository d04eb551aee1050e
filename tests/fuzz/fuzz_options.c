// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: a command line, one word per line, through the option table of each verb. The parser
 * only moves pointers about: every argument left over is one of the words, none comes twice, and
 * the words themselves stay as they were.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	MAX_WORDS = 64
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int split(char *text, char **argv)
{
	int argc = 0;

	for (char *p = text; p && argc < MAX_WORDS;) {
		char *end = strchr(p, '\n');

		if (end)
			*end++ = '\0';
		argv[argc++] = p;
		p = end;
	}
	argv[argc] = NULL;
	return argc;
}

/* Values are words of the command line, or stand behind their "=". */
static void check_values(const struct cli_option *o, const void *options, const char *text,
			 size_t size)
{
	for (; o->name; o++) {
		const void *at = (const char *)options + o->offset;
		struct cli_list list = { 0 };
		const char *one;

		if (o->type == CLI_STRING) {
			memcpy(&one, at, sizeof(one));
			require(!one || (one >= text && one <= text + size));
		} else if (o->type == CLI_LIST) {
			memcpy(&list, at, sizeof(list));
			for (size_t i = 0; i < list.count; i++)
				require(list.items[i] >= text && list.items[i] <= text + size);
			free(list.items);
		}
	}
}

static void parse(const struct cli_option *table, bool stop, const char *text, size_t size)
{
	_Alignas(max_align_t) char options[CLI_OPTIONS_MAX] = { 0 };
	char *copy = malloc(size + 1), *argv[MAX_WORDS + 1];
	struct cli_parsed parsed;
	struct err e = ERR_INIT;
	int argc, r;

	require(copy != NULL);
	memcpy(copy, text, size + 1);
	argc = split(copy, argv);
	r = cli_parse(table, stop, argc, argv, options, &parsed, &e);
	require(parsed.count >= 0 && parsed.count <= argc);
	require(r == 0 || (r == -EINVAL && e.kind == ERR_USAGE && e.text[0]));
	for (int i = 0; i < parsed.count; i++) {
		require(parsed.args[i] >= copy && parsed.args[i] <= copy + size);
		require(i == 0 || parsed.args[i] > parsed.args[i - 1]); /* in their order */
	}
	check_values(table, options, copy, size);
	for (size_t i = 0; i < size; i++)
		require(copy[i] == text[i] || (text[i] == '\n' && copy[i] == '\0'));
	free(copy);
}

/* A group has no options of its own, but commands. */
static void parse_all(const struct cli_command *const *table, const char *text, size_t size)
{
	for (; *table; table++) {
		if ((*table)->verbs)
			parse_all((*table)->verbs, text, size);
		else
			parse((*table)->options, (*table)->stop_at_args, text, size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	size = strlen(text);
	parse(cli_global_options, true, text, size);
	parse_all(cli_commands, text, size);
	free(text);
	return 0;
}

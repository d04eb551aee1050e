// SPDX-License-Identifier: GPL-2.0-or-later
/* The option parser and printer; see options.h. */
#include "cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/strbuf.h"

/* Where the parser is. */
struct cursor {
	int argc, at;
	char **argv;
	void *options;
	const struct cli_option *table;
};

static const struct cli_option *find_long(const struct cli_option *table, const char *name,
					  size_t len)
{
	for (; table->name; table++)
		if (strlen(table->name) == len && memcmp(table->name, name, len) == 0)
			return table;
	return NULL;
}

static const struct cli_option *find_letter(const struct cli_option *table, char letter)
{
	for (; table->name; table++)
		if (table->letter && table->letter == letter)
			return table;
	return NULL;
}

static bool is_word(const char *const *words, const char *value)
{
	for (; *words; words++)
		if (strcmp(*words, value) == 0)
			return true;
	return false;
}

static int set_flag(const struct cli_option *o, const char *value, void *to, struct err *e)
{
	static const char *const yes[] = { "true", "1", "t", "T", "TRUE", "True", "yes", NULL };
	static const char *const no[] = { "false", "0", "f", "F", "FALSE", "False", "no", NULL };
	bool on = !value || is_word(yes, value);

	if (!on && !is_word(no, value))
		return err_set(e, ERR_USAGE, 0, "option --%s takes no value, or true or false",
			       o->name);
	*(bool *)to = on;
	return 0;
}

static int set_uint(const struct cli_option *o, const char *value, void *to, struct err *e)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || n > 0xffffffffUL)
		return err_set(e, ERR_USAGE, 0, "option --%s: '%s' is not a number", o->name,
			       value);
	*(unsigned *)to = (unsigned)n;
	return 0;
}

static int add_item(const char *value, struct cli_list *list, struct err *e)
{
	const char **items = reallocarray(list->items, list->count + 1, sizeof(*items));

	if (!items)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the options");
	items[list->count] = value;
	list->items = items;
	list->count++;
	return 0;
}

static int check_word(const struct cli_option *o, const char *value, struct err *e)
{
	const char *const *w = o->words;
	char all[256];
	struct strbuf list = STRBUF_OVER(all, sizeof(all));

	for (; *w; w++) {
		if (strcmp(*w, value) == 0)
			return 0;
		strbuf_addf(&list, "%s%s", list.len ? ", " : "", *w);
	}
	err_set(e, ERR_USAGE, 0, "option --%s: unknown value '%s'", o->name, value);
	err_hint(e, "use one of: %s", all);
	return -EINVAL;
}

static int set_value(struct cursor *c, const struct cli_option *o, const char *value, struct err *e)
{
	void *to = (char *)c->options + o->offset;
	int r = value && o->words ? check_word(o, value, e) : 0;

	if (r < 0)
		return r;
	switch (o->type) {
	case CLI_FLAG: return set_flag(o, value, to, e);
	case CLI_UINT: return set_uint(o, value, to, e);
	case CLI_LIST: return add_item(value, to, e);
	case CLI_STRING: *(const char **)to = value; break;
	}
	return 0;
}

/* The option's argument: behind "=" or the next word. The wording is probed for (checklist 0.8). */
static int take_value(struct cursor *c, const struct cli_option *o, const char *attached,
		      struct err *e)
{
	if (o->type == CLI_FLAG || attached)
		return set_value(c, o, attached, e);
	if (c->at >= c->argc)
		return err_set(e, ERR_USAGE, 0, "flag needs an argument: --%s", o->name);
	return set_value(c, o, c->argv[c->at++], e);
}

static int unknown(const char *word, struct err *e)
{
	err_set(e, ERR_USAGE, 0, "unknown option '%s'", word);
	err_hint(e, "see --help");
	return -EINVAL;
}

static int parse_long(struct cursor *c, const char *word, const char *name, struct cli_parsed *ret,
		      struct err *e)
{
	size_t len = strcspn(name, "=");
	const struct cli_option *o = find_long(c->table, name, len);

	if (!o && strcmp(name, "help") == 0) {
		ret->help = true;
		return 0;
	}
	return o ? take_value(c, o, name[len] == '=' ? name + len + 1 : NULL, e) : unknown(word, e);
}

/* -d, -dk, -d=false, -bDIR, -b DIR, -b=DIR */
static int parse_letters(struct cursor *c, const char *word, struct cli_parsed *ret, struct err *e)
{
	for (const char *p = word + 1; *p; p++) {
		const struct cli_option *o = find_letter(c->table, *p);
		int r;

		if (!o && *p == 'h') {
			ret->help = true;
			continue;
		}
		if (!o)
			return unknown(word, e);
		if (o->type != CLI_FLAG || p[1] == '=')
			return take_value(c, o, p[1] ? p + 1 + (p[1] == '=') : NULL, e);
		r = set_value(c, o, NULL, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_option(struct cursor *c, const char *word, struct cli_parsed *ret, struct err *e)
{
	if (word[1] == '-')
		return parse_long(c, word, word + 2, ret, e);
	/* Go's flag package takes long options with one dash: only whole names, never letters */
	if (word[2] && find_long(c->table, word + 1, strcspn(word + 1, "=")))
		return parse_long(c, word, word + 1, ret, e);
	return parse_letters(c, word, ret, e);
}

int cli_parse(const struct cli_option *table, bool stop, int argc, char **argv, void *options,
	      struct cli_parsed *ret, struct err *e)
{
	struct cursor c = { .argc = argc, .argv = argv, .options = options, .table = table };
	int r = 0;

	ret->help = false;
	ret->args = argv;
	ret->count = 0;
	while (r == 0 && c.at < c.argc) {
		char *word = c.argv[c.at++];

		if (strcmp(word, "--") == 0)
			break;
		if (word[0] == '-' && word[1]) {
			r = parse_option(&c, word, ret, e);
			continue;
		}
		argv[ret->count++] = word; /* the slots before the cursor are free to use */
		if (stop)
			break;
	}
	while (c.at < c.argc)
		argv[ret->count++] = c.argv[c.at++];
	return r;
}

void cli_free_options(const struct cli_option *table, void *options)
{
	for (; table->name; table++)
		if (table->type == CLI_LIST)
			free(((struct cli_list *)(void *)((char *)options + table->offset))->items);
}

void cli_print_options(const struct cli_option *table)
{
	for (; table->name; table++) {
		char left[64];
		int n;

		if (!table->help)
			continue;
		n = table->letter ? snprintf(left, sizeof(left), "-%c, ", table->letter)
				  : snprintf(left, sizeof(left), "    ");

		(void)snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", table->name,
			       table->arg ? " " : "", table->arg ? table->arg : "");
		(void)printf("  %-30s %s\n", left, table->help);
	}
	(void)printf("  %-30s %s\n", "-h, --help", "show this text");
}

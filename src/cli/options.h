/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command line options as tables: parsing, --help, completion and the check of the man pages all come
 * from them. Accepts what Go's and GNU's parsers accept: --x=v, --x v, -xv, -x v, clusters (-dk),
 * long options with one dash (-no-pivot), and "--". A flag takes a value only behind "=": what Go's
 * strconv.ParseBool knows, yes and no.
 */
#ifndef CTR_CLI_OPTIONS_H
#define CTR_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

enum cli_option_type {
	CLI_FLAG,   /* bool; also --x=true and --x=false, -x=true and so on */
	CLI_STRING, /* const char * */
	CLI_UINT,   /* unsigned */
	CLI_LIST,   /* struct cli_list: may be given again and again */
};

struct cli_list {
	const char **items; /* owned by the options, the strings by argv */
	size_t count;
};

struct cli_option {
	const char *name; /* long name without dashes; NULL ends a table */
	char letter;	  /* short name, or 0 */
	enum cli_option_type type;
	const char *arg;  /* what --help calls the argument */
	size_t offset;	  /* into the command's options struct */
	const char *help; /* NULL: hidden, for callers of old; not in --help and completion */
	const char *const *words; /* the only values allowed, NULL-terminated, or NULL */
};

struct cli;

/* What of an existing container only the whole program can deal with (util/whole.h). */
enum cli_beyond {
	CLI_BEYOND_SCOPE = 1,	/* its cgroup is systemd's */
	CLI_BEYOND_NETWORK = 2, /* it was given networks by ctr */
	CLI_BEYOND_MOVE = 4,	/* it came from another host, or goes to one */
};

struct cli_command {
	const char *name;    /* in a group: "GROUP NAME" */
	const char *args;    /* "CONTAINER [SIGNAL]" */
	const char *summary; /* one line */
	const struct cli_option *options;
	int (*run)(struct cli *cli, const void *options, char **args, struct err *e);
	size_t options_size; /* of the options struct, at most CLI_OPTIONS_MAX */
	int min_args, max_args;
	bool stop_at_args; /* options end at the first argument: `kill ID -9` */
	unsigned beyond;   /* enum cli_beyond: with such a container it goes on in the whole program */
	/* A group, NULL-terminated: which command it is, is said by the first argument. Only these do. */
	const struct cli_command *const *verbs;
	/*
	 * "NAME OTHER", which is meant when an argument follows OTHER: `checkpoint inspect FILE`. What has a name of its own,
	 * container or file, that is the same word, is reached behind "--".
	 */
	const struct cli_command *also;
};

enum {
	CLI_OPTIONS_MAX = 512
};

/* Parsing result: --help and -h are understood everywhere. */
struct cli_parsed {
	bool help;
	char **args; /* what is left, inside argv */
	int count;
};

/*
 * Parse @argv (@argc entries, without the program or command name) by @table into the struct
 * @options. @stop: the first argument that is no option ends the options. Reorders argv. -EINVAL.
 */
int cli_parse(const struct cli_option *table, bool stop, int argc, char **argv, void *options,
	      struct cli_parsed *ret, struct err *e);

/* Give back what lists in @options hold. */
void cli_free_options(const struct cli_option *table, void *options);

/* Print one line per option to stdout, as --help does. */
void cli_print_options(const struct cli_option *table);

#endif

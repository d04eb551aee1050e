/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: global options, the table of verbs, and what verbs share. */
#ifndef CTR_CLI_CLI_H
#define CTR_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "container/container.h"
#include "util/err.h"

/* Options that come before the verb. */
struct cli_globals {
	const char *root, *data_root, *config_file, *log, *log_format, *log_level, *cgroup_manager,
		*rootless;
	const char *trace; /* where phase timings go */
	const char *criu;  /* the program for checkpoint and restore, if not the one on PATH */
	bool debug, version, systemd_cgroup;
};

/* What ctr.conf says: defaults for options of the command line. */
struct cli_conf {
	const char *root, *data_root, *cgroup_manager; /* NULL: nothing */
	bool overlay; /* for run and create, unless they say otherwise */
	char *text;   /* of the file: the strings are in it */
};

/*
 * Read ctr.conf(5): the file that --config-file names, else /etc/ctr/ctr.conf for root of the host, and for others
 * ctr/ctr.conf below $XDG_CONFIG_HOME or $HOME/.config, if it is there. -EPERM when somebody else could have
 * written it; -EINVAL with file and line.
 */
int cli_conf_load(struct cli *cli, struct err *e);

struct cli {
	struct cli_conf conf;
	struct cli_globals options;
	const char *program; /* the name we were called by */
	const char *verb;
	unsigned beyond;      /* of the verb: see struct cli_command */
	int failure_code;     /* of the verb, when it fails: 1 unless it says otherwise */
	struct caller caller; /* who we are; what --rootless says */
	int store;	      /* state root once it is open, until cli_main ends; else -EBADF */
	int data;	      /* data root, the same */
	int exit_code;	      /* what a verb wants main to return when it succeeded */
};

/* All verbs, ended by one without a name, and the options that come before them. */
extern const struct cli_command *const cli_commands[];
extern const struct cli_option cli_global_options[];
extern const char *const cli_cgroup_managers[];

/* The whole of main. Returns the exit code. */
int cli_main(int argc, char **argv);

/* The entry of @table with the name @word. -EINVAL. */
int cli_find(const struct cli_command *const *table, const char *word,
	     const struct cli_command **ret, struct err *e);

/* The last word of its name: that behind the name of its group, if it has one. */
const char *cli_last_word(const struct cli_command *c);

/* Parse what follows the name of @c (@argc entries of @argv, NULL behind them), and run it. */
int cli_run_command(struct cli *cli, const struct cli_command *c, int argc, char **argv,
		    struct err *e);

void cli_print_help(const struct cli *cli);
void cli_print_version(void);

/*
 * The state root that --root names, or the default one: opened once, into cli->store. @create: made if
 * it is missing, else that is -ENOENT.
 */
int cli_store(struct cli *cli, bool create, struct err *e);

/* The same for what outlives a reboot: --data-root, or the default, into cli->data. */
int cli_data_root(struct cli *cli, bool create, struct err *e);

/*
 * container_open below that root, which is not made for it: without one no container exists.
 */
int cli_container(struct cli *cli, const char *id, bool lock, struct container **ret,
		  enum container_status *ret_status, struct err *e);

/*
 * Print the error once: a line on stderr, and one object or line in --log. The log can fail; the
 * command does not.
 */
void cli_report(const struct cli *cli, const struct err *e);
/* A failure that does not change the result (a poststop hook's): stderr only, checklist 0.6. */
void cli_report_warning(const struct err *e);
/* Something odd that does not change the result; stderr only, and not when stderr is parsed. */
void cli_warn(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The cgroup driver that --cgroup-manager or --systemd-cgroup asks for, in the mouth of @caller. */
enum cgroup_driver cli_cgroup_driver(const struct cli *cli, const struct caller *caller);

/*
 * Call @fn for each container whose id matches the extended regular expression, and then @rests, unless it is NULL,
 * for each such id below the data root, whether it is that of a container, too, or not.
 */
int cli_each_matching(struct cli *cli, const char *regex, int (*fn)(const char *id, void *data),
		      int (*rests)(const char *id, void *data), void *data, struct err *e);

/* Write a finished JSON text to stdout. */
int cli_print_json(struct json_out *o, struct err *e);

/* "1.5M", in powers of 1024, into @buf. Returns @buf. */
const char *cli_size_text(uint64_t bytes, char *buf, size_t size);

/* Advice for the errors of the kernel that users meet most (hints.c); keeps a hint that is there. */
void cli_hint(struct err *e);

extern const struct cli_command cli_run, cli_spec, cli_explain, cli_create, cli_start, cli_exec,
	cli_state, cli_list, cli_ps, cli_kill, cli_pause, cli_resume, cli_delete, cli_wait,
	cli_features, cli_completion, cli_validate, cli_update, cli_events, cli_stats, cli_top,
	cli_snapshot, cli_snapshot_create, cli_snapshot_list, cli_snapshot_rollback,
	cli_snapshot_delete, cli_snapshot_diff, cli_snapshot_verify, cli_snapshot_export,
	cli_snapshot_import, cli_clone, cli_gc, cli_network, cli_checkpoint, cli_checkpoint_inspect,
	cli_restore, cli_migrate, cli_receive, cli_replicate, cli_failover;

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* argv -> global options -> verb -> exit code. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "container/store.h"
#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "config.h"
#include "util/timestamp.h"
#include "util/trace.h"
#include "util/whole.h"

enum {
	LINE_SIZE = 2048
};

static const char *const log_formats[] = { "text", "json", NULL };

static const char *const log_levels[] = { "debug", "info", "warn", "warning", "error", NULL };
const char *const cli_cgroup_managers[] = { "cgroupfs", "systemd", "disabled", NULL };
static const char *const rootless_words[] = {
	[CALLER_AUTO] = "auto",
	[CALLER_ROOTLESS] = "true",
	[CALLER_NOT_ROOTLESS] = "false",
	NULL,
};

const struct cli_option cli_global_options[] = {
	{ "root", 0, CLI_STRING, "DIR", offsetof(struct cli_globals, root),
	  "where the state of containers is kept", NULL },
	{ "data-root", 0, CLI_STRING, "DIR", offsetof(struct cli_globals, data_root),
	  "where layers, snapshots and networks are kept", NULL },
	{ "config-file", 0, CLI_STRING, "FILE", offsetof(struct cli_globals, config_file),
	  "read this instead of /etc/ctr/ctr.conf; empty: read none", NULL },
	{ "log", 0, CLI_STRING, "FILE", offsetof(struct cli_globals, log),
	  "append errors to this file", NULL },
	{ "log-format", 0, CLI_STRING, "FORMAT", offsetof(struct cli_globals, log_format),
	  "of the log: text or json", log_formats },
	{ "log-level", 0, CLI_STRING, "LEVEL", offsetof(struct cli_globals, log_level),
	  "debug, info, warn or error; debug shows warnings", log_levels },
	{ "cgroup-manager", 0, CLI_STRING, "DRIVER", offsetof(struct cli_globals, cgroup_manager),
	  "who makes cgroups: cgroupfs, systemd or disabled", cli_cgroup_managers },
	{ "systemd-cgroup", 0, CLI_FLAG, NULL, offsetof(struct cli_globals, systemd_cgroup),
	  "the same as --cgroup-manager systemd", NULL },
	{ "rootless", 0, CLI_STRING, "WORD", offsetof(struct cli_globals, rootless),
	  "do without a cgroup that may not be made: true, false, or auto (not for root)",
	  rootless_words },
	{ "debug", 0, CLI_FLAG, NULL, offsetof(struct cli_globals, debug),
	  "show warnings and more detail", NULL },
	{ "criu", 0, CLI_STRING, "PATH", offsetof(struct cli_globals, criu),
	  "the program for checkpoint and restore, if not the installed one", NULL },
	{ "trace", 0, CLI_STRING, "FILE", offsetof(struct cli_globals, trace),
	  "write how long which step took, in Chrome's trace format", NULL },
	{ "version", 'v', CLI_FLAG, NULL, offsetof(struct cli_globals, version), "show the version",
	  NULL },
	{ 0 },
};

enum cgroup_driver cli_cgroup_driver(const struct cli *cli, const struct caller *caller)
{
	const char *word = cli->options.cgroup_manager ? cli->options.cgroup_manager
						       : cli->conf.cgroup_manager;
	enum cgroup_driver driver = CGROUP_DRIVER_CGROUPFS;

	if (cli->options.systemd_cgroup)
		driver = CGROUP_DRIVER_SYSTEMD;
	else if (word)
		(void)cgroup_driver_parse(word, &driver); /* the table checked it */
	if (driver == CGROUP_DRIVER_SYSTEMD && !caller_is_host_root(caller))
		return CGROUP_DRIVER_SYSTEMD_USER;
	return driver;
}

int cli_store(struct cli *cli, bool create, struct err *e)
{
	char path[4096];
	unsigned flags = create ? STORE_CREATE : 0;
	int r;

	if (cli->store >= 0)
		return 0;
	if (cli->options.root || cli->conf.root)
		return store_open(cli->options.root ? cli->options.root : cli->conf.root, flags,
				  &cli->store, e);
	r = store_default_path(&cli->caller, path, sizeof(path), e);
	if (!caller_is_host_root(&cli->caller))
		flags |= STORE_NO_LINK | STORE_STICKY;
	return r < 0 ? r : store_open(path, flags, &cli->store, e);
}

int cli_data_root(struct cli *cli, bool create, struct err *e)
{
	unsigned flags = create ? STORE_CREATE : 0;
	char path[4096];
	int r;

	if (cli->data >= 0)
		return 0;
	if (cli->options.data_root || cli->conf.data_root)
		return store_open(cli->options.data_root ? cli->options.data_root
							 : cli->conf.data_root,
				  flags, &cli->data, e);
	r = store_default_data_path(&cli->caller, path, sizeof(path), e);
	return r < 0 ? r : store_open(path, flags, &cli->data, e);
}

/* Before the verb does anything to it. */
static bool is_beyond(const struct cli *cli, const struct container_record *r)
{
	return (cli->beyond & CLI_BEYOND_SCOPE && cgroup_needs_process(r->cgroup_driver)) ||
	       (cli->beyond & CLI_BEYOND_NETWORK && r->network.items.count) ||
	       (cli->beyond & CLI_BEYOND_MOVE && r->move.token);
}

int cli_container(struct cli *cli, const char *id, bool lock, struct container **ret,
		  enum container_status *ret_status, struct err *e)
{
	int r = container_id_check(id, e);

	if (r < 0)
		return r;
	r = cli_store(cli, false, e);
	if (r == -ENOENT)
		err_set(e, ERR_STATE, 0, "container '%s' does not exist", id);
	if (r == 0)
		r = container_open(cli->store, id, lock, ret, ret_status, e);
	if (r == 0 && is_beyond(cli, &(*ret)->record))
		r = whole_needed(e);
	return r;
}

/* ---- errors ---- */

static char *log_json(const struct err *e, const char *line)
{
	char when[TIMESTAMP_SIZE], *text = NULL;
	struct json_out o;
	size_t len;

	if (json_out_init(&o, false) < 0)
		return NULL;
	timestamp_seconds(when);
	json_out_object(&o);
	json_out_member_string(&o, "level", "error");
	json_out_member_string(&o, "msg", line);
	json_out_member_string(&o, "time", when);
	json_out_member_string(&o, "code", err_kind_name(e->kind));
	if (e->errnum)
		json_out_member_int(&o, "errno", e->errnum);
	if (e->origin[0])
		json_out_member_string(&o, "field", e->origin);
	if (e->hint[0])
		json_out_member_string(&o, "hint", e->hint);
	json_out_end_object(&o);
	(void)json_out_finish(&o, &text, &len);
	json_out_free(&o);
	return text;
}

/* Between the quotes of a text log: what would end them is escaped, so that a line is one message. */
static void escape(const char *text, char *buf, size_t size)
{
	size_t n = 0;

	for (; *text && n + 3 < size; text++) {
		if (*text == '"' || *text == '\\')
			buf[n++] = '\\';
		buf[n++] = *text;
	}
	buf[n] = '\0';
}

/* Never through a symlink, never blocking on a fifo (security.md A17, D16). */
static void write_log(const struct cli *cli, const struct err *e, const char *line)
{
	cleanup_fd int fd =
		open(cli->options.log,
		     O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
		     0644);
	cleanup_free char *json = NULL, *all = NULL;
	char when[TIMESTAMP_SIZE], escaped[2 * LINE_SIZE];
	int n;

	if (fd < 0)
		return;
	if (cli->options.log_format && strcmp(cli->options.log_format, "json") == 0) {
		json = log_json(e, line);
		n = json ? asprintf(&all, "%s\n", json) : -1;
	} else {
		timestamp_seconds(when);
		escape(line, escaped, sizeof(escaped));
		n = asprintf(&all, "time=\"%s\" level=error msg=\"%s\"\n", when, escaped);
	}
	if (n > 0)
		(void)!write(fd, all,
			     (size_t)n); /* one write: lines of several containers do not mix */
}

void cli_report(const struct cli *cli, const struct err *e)
{
	char line[LINE_SIZE];

	err_format(e, line, sizeof(line));
	if (cli->options.log)
		write_log(cli, e, line);
	(void)fprintf(stderr, "ctr: %s\n", line);
}

void cli_report_warning(const struct err *e)
{
	char line[LINE_SIZE];

	err_format(e, line, sizeof(line));
	(void)fprintf(stderr, "ctr: warning: %s\n", line);
}

void cli_warn(const struct cli *cli, const char *fmt, ...)
{
	const char *level = cli->options.log_level;
	char line[LINE_SIZE];
	va_list ap;

	if (!cli->options.debug && (!level || strcmp(level, "debug") != 0))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	err_printable(line);
	(void)fprintf(stderr, "ctr: warning: %s\n", line);
}

int cli_print_json(struct json_out *o, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r = json_out_finish(o, &text, &len);

	json_out_free(o);
	if (r == 0)
		r = io_write_all(STDOUT_FILENO, text, len);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write the result") : 0;
}

/* ---- entry ---- */

/* A careless caller must not lend us, or the container, descriptors that it forgot to close (R13). */
static int prepare_process(struct err *e)
{
	int r;

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return err_set(e, ERR_SYSTEM, errno,
				       "open /dev/null in place of descriptor %d", fd);
	r = kernel_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "keep inherited descriptors to ctr") : 0;
}

static enum caller_rootless rootless_word(const struct cli *cli)
{
	int word = CALLER_AUTO;

	if (!cli->options.rootless)
		return CALLER_AUTO;
	/* the table has made sure that it is one of them */
	while (rootless_words[word] && strcmp(rootless_words[word], cli->options.rootless) != 0)
		word++;
	return (enum caller_rootless)word;
}

/* A trace that cannot be written is no failure of what was traced. */
static int traced(struct cli *cli, const struct cli_command *command, int argc, char **argv,
		  struct err *e)
{
	struct err trouble = ERR_INIT;
	int r;

	{
		TRACE_PHASE(TRACE_CTR, command->name);
		r = cli_run_command(cli, command, argc, argv, e);
	}
	if (trace_finish(command->name, &trouble) < 0)
		cli_report_warning(&trouble);
	return r;
}

static int dispatch(struct cli *cli, int argc, char **argv, struct err *e)
{
	const struct cli_command *command;
	struct cli_parsed parsed;
	int r = cli_parse(cli_global_options, true, argc, argv, &cli->options, &parsed, e);

	if (r < 0)
		return r;
	if (cli->options.version) {
		cli_print_version();
		return 0;
	}
	if (parsed.help || !parsed.count || strcmp(parsed.args[0], "help") == 0) {
		cli_print_help(cli);
		return 0;
	}
	r = cli_find(cli_commands, parsed.args[0], &command, e);
	if (r < 0)
		return r;
	r = cli->options.trace ? trace_open(cli->options.trace, e) : 0;
	if (r < 0)
		return r;
	caller_probe(rootless_word(cli), &cli->caller);
	r = cli_conf_load(cli, e);
	return r < 0 ? r : traced(cli, command, parsed.count - 1, parsed.args + 1, e);
}

int cli_main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	struct cli cli = { .program = slash ? slash + 1 : "ctr",
			   .failure_code = 1,
			   .store = -EBADF,
			   .data = -EBADF };
	struct err e = ERR_INIT;
	int r;

	if (argc < 1)
		return 1;
	umask(022);
	r = prepare_process(&e);
	if (r == 0)
		r = dispatch(&cli, argc - 1, argv + 1, &e);
	free(cli.conf.text);
	close_fd(&cli.store);
	close_fd(&cli.data);
	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = err_set(&e, ERR_SYSTEM, errno, "write to the standard output");
	if (r < 0) {
		cli_hint(&e);
		cli_report(&cli, &e);
		return cli.failure_code;
	}
	return cli.exit_code;
}

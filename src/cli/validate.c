// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr validate: all that is wrong with a bundle, without touching anything. */
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "container/validate.h"
#include "util/cleanup.h"

struct validate_options {
	const char *bundle, *config, *format;
	bool strict, config_only;
};

static const char *const formats[] = { "text", "json", NULL };

static const struct cli_option options[] = {
	{ "bundle", 'b', CLI_STRING, "DIR", offsetof(struct validate_options, bundle),
	  "the bundle, instead of the argument", NULL },
	{ "config", 'f', CLI_STRING, "FILE", offsetof(struct validate_options, config),
	  "read this instead of the bundle's config.json", NULL },
	{ "config-only", 0, CLI_FLAG, NULL, offsetof(struct validate_options, config_only),
	  "check the document, not what this host and this ctr can do", NULL },
	{ "format", 0, CLI_STRING, "FORMAT", offsetof(struct validate_options, format),
	  "text or json", formats },
	{ "strict", 0, CLI_FLAG, NULL, offsetof(struct validate_options, strict),
	  "fail for warnings, too", NULL },
	{ 0 },
};

static const char *severity_name(enum problem_severity severity)
{
	static const char *const names[] = {
		[PROBLEM_ERROR] = "error", [PROBLEM_WARNING] = "warning"
	};

	return names[severity];
}

/* What was wrong, without where and what to do: those are told apart. */
static void message(const struct err *e, char *buf, size_t size)
{
	struct err only = *e;

	only.origin[0] = only.hint[0] = '\0';
	err_format(&only, buf, size);
}

/* "error: /process/args: needs at least one entry: add the program"; the document itself has no pointer. */
static void print_problem(const struct problem *p)
{
	const char *at = problem_pointer(&p->err);
	char text[1400], line[2048];

	message(&p->err, text, sizeof(text));
	(void)snprintf(line, sizeof(line), "%s: %s%s%s%s%s", severity_name(p->severity), at,
		       *at ? ": " : "", text, p->err.hint[0] ? ": " : "", p->err.hint);
	for (char *c = line; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	(void)puts(line);
}

static void print_text(const struct problems *all, bool valid)
{
	size_t errors = problems_count(all, PROBLEM_ERROR);
	size_t warnings = problems_count(all, PROBLEM_WARNING);

	for (size_t i = 0; i < all->count; i++)
		print_problem(&all->items[i]);
	if (all->omitted)
		(void)printf("and %zu more\n", all->omitted);
	(void)printf("%s: %zu error%s, %zu warning%s\n", valid ? "valid" : "not valid", errors,
		     errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

static int print_json(const struct problems *all, bool valid, struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write the result");
	json_out_object(&o);
	json_out_member_bool(&o, "valid", valid);
	json_out_member_uint(&o, "errors", problems_count(all, PROBLEM_ERROR));
	json_out_member_uint(&o, "warnings", problems_count(all, PROBLEM_WARNING));
	json_out_member_uint(&o, "omitted", all->omitted);
	json_out_member_array(&o, "problems");
	for (size_t i = 0; i < all->count; i++) {
		const struct problem *p = &all->items[i];
		char text[1400];

		message(&p->err, text, sizeof(text));
		json_out_object(&o);
		json_out_member_string(&o, "severity", severity_name(p->severity));
		json_out_member_string(&o, "pointer", problem_pointer(&p->err));
		json_out_member_string(&o, "message", text);
		json_out_member_string(&o, "hint", p->err.hint);
		json_out_member_string(&o, "code", err_kind_name(p->err.kind));
		json_out_end_object(&o);
	}
	json_out_end_array(&o);
	json_out_end_object(&o);
	return cli_print_json(&o, e);
}

static int request(const struct cli *cli, const struct validate_options *o, const char *arg,
		   struct validate_request *rq, struct err *e)
{
	if (o->bundle && arg)
		return err_set(e, ERR_USAGE, 0, "validate: two bundles: '%s' and '%s'", o->bundle,
			       arg);
	*rq = (struct validate_request){
		.caller = &cli->caller,
		.bundle = o->bundle ? o->bundle
			  : arg	    ? arg
				    : ".",
		.config = o->config,
		.config_only = o->config_only,
		.driver = cli_cgroup_driver(cli, &cli->caller),
	};
	return 0;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct validate_options *o = opts;
	cleanup_(problems_free) struct problems all = PROBLEMS_INIT;
	struct validate_request rq;
	bool valid;
	int r = request(cli, o, args[0], &rq, e);

	if (r == 0)
		r = container_validate(&rq, &all, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all.count; i++)
		cli_hint(&all.items[i].err);
	valid = !problems_count(&all, PROBLEM_ERROR) && (!o->strict || !all.count);
	cli->exit_code = !valid;
	if (o->format && strcmp(o->format, "json") == 0)
		return print_json(&all, valid, e);
	print_text(&all, valid);
	return 0;
}

const struct cli_command cli_validate = {
	.name = "validate",
	.args = "[BUNDLE]",
	.summary = "Tell everything that is wrong with a bundle, without running it",
	.options = options,
	.run = run,
	.options_size = sizeof(struct validate_options),
	.max_args = 1,
};

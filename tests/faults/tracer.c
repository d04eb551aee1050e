// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of the fault tracer; see README.md. */
#include "tracer.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEADLINE_MS = 20000
};

static const char usage[] =
	"usage: tracer [OPTION...] [--] PROGRAM [ARGUMENT...]\n"
	"  --count              list every system call: point, number, role, errors, arguments\n"
	"  --kill POINT         kill the process right after this call\n"
	"  --kill-before POINT  the same, before the call has any effect\n"
	"  --kill-all POINT     kill all processes that are traced right after this call\n"
	"  --error POINT[:ERRNO] the call is not made and fails; without ERRNO with its first "
	"error\n"
	"  --delay POINT:MS     the call begins so much later\n"
	"  --only ROLES         list only these, with commas: ctr, init, helper, loader\n"
	"  --helpers            trace other programs that ctr executes, too\n"
	"  --also PID           trace this process from the beginning, as 'init'\n"
	"  --deadline MS        then everything is killed, and it is told what hung (20000)\n"
	"  --report FILE        where to say what happened (standard error)\n"
	"A POINT is PROCESS:CALL#COUNT or PROCESS:NUMBER, such as ctr:openat2#3 or ctr.1:57.\n";

static __attribute__((noreturn)) void refuse(const char *what, const char *value)
{
	fprintf(stderr, "tracer: %s '%s'\n%s", what, value, usage);
	exit(EXIT_BROKEN);
}

static unsigned number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n == 0 || n > 100000000)
		refuse("not a number:", text);
	return (unsigned)n;
}

static void set_text(char *to, const char *from, size_t len)
{
	if (len == 0 || len >= NAME_MAX_)
		refuse("not a point:", from);
	memcpy(to, from, len);
	to[len] = '\0';
}

/* What stands behind the second colon: an error, or milliseconds. */
static void set_value(struct fault *f, const char *value)
{
	if (f->action == ACT_DELAY) {
		f->delay_ms = number(value);
		return;
	}
	f->error = call_errno(value);
	if (f->action != ACT_ERROR || !f->error)
		refuse("not an error:", value);
}

/* PROCESS:CALL#COUNT or PROCESS:NUMBER, and then perhaps :VALUE */
static void set_fault(struct fault *f, enum action action, const char *text)
{
	const char *colon = strchr(text, ':'), *value = colon ? strchr(colon + 1, ':') : NULL;
	char where[NAME_MAX_ * 2];
	char *hash;

	if (f->action != ACT_NONE)
		refuse("one fault at a time:", text);
	f->action = action;
	if (!colon || strlen(text) >= sizeof(where))
		refuse("not a point:", text);
	set_text(f->process, text, (size_t)(colon - text));
	(void)snprintf(where, sizeof(where), "%s", colon + 1);
	if (value) {
		where[value - colon - 1] = '\0';
		set_value(f, value + 1);
	} else if (action == ACT_DELAY) {
		refuse("no milliseconds:", text);
	}
	hash = strchr(where, '#');
	if (hash)
		set_text(f->call, where, (size_t)(hash - where));
	f->number = number(hash ? hash + 1 : where);
}

static FILE *open_report(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f) {
		fprintf(stderr, "tracer: %s: %s\n", path, strerror(errno));
		exit(EXIT_BROKEN);
	}
	return f;
}

static void set_option(struct options *opt, int letter)
{
	static const enum action actions[128] = {
		['k'] = ACT_KILL,  ['b'] = ACT_KILL_BEFORE, ['a'] = ACT_KILL_ALL,
		['e'] = ACT_ERROR, ['d'] = ACT_DELAY,
	};

	switch (letter) {
	case 'c': opt->count = true; break;
	case 'h': opt->helpers = true; break;
	case 'o': opt->only = optarg; break;
	case 'p': opt->also = (pid_t)number(optarg); break;
	case 't': opt->deadline_ms = number(optarg); break;
	case 'r': opt->report = open_report(optarg); break;
	case '?': refuse("cannot do this:", optind > 0 ? "option" : ""); break;
	default: set_fault(&opt->fault, actions[letter], optarg);
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "count", no_argument, NULL, 'c' },
		{ "kill", required_argument, NULL, 'k' },
		{ "kill-before", required_argument, NULL, 'b' },
		{ "kill-all", required_argument, NULL, 'a' },
		{ "error", required_argument, NULL, 'e' },
		{ "delay", required_argument, NULL, 'd' },
		{ "only", required_argument, NULL, 'o' },
		{ "helpers", no_argument, NULL, 'h' },
		{ "also", required_argument, NULL, 'p' },
		{ "deadline", required_argument, NULL, 't' },
		{ "report", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	struct options opt = { .deadline_ms = DEADLINE_MS, .report = stderr };
	int letter;

	while ((letter = getopt_long(argc, argv, "+", longs, NULL)) != -1)
		set_option(&opt, letter);
	if (optind >= argc) {
		fputs(usage, stderr);
		return EXIT_BROKEN;
	}
	opt.command = argv + optind;
	return trace_run(&opt);
}

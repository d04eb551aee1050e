/*
 * The reader of the timing core's spec. One directive per line, "KEYWORD TEXT":
 *
 *   meta KEY VALUE    a fact for the JSON file
 *   case NAME         starts a case
 *   note TEXT         a remark printed with the case
 *   runner NAME       starts a runner of the case
 *   pre|main|post|fail   starts a command of the runner
 *   arg TEXT          the next argument of the command, the first is the program's path
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "bench.h"

static const char *const command_names[N_COMMANDS] = {
	[CMD_PRE] = "pre",
	[CMD_MAIN] = "main",
	[CMD_POST] = "post",
	[CMD_FAIL] = "fail",
};

struct reader {
	struct bench *bench;
	struct bench_case *c;
	struct runner *runner;
	char **argv;
	unsigned int line, argc;
};

static void need(const struct reader *r, bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "bench: spec line %u: %s\n", r->line, what);
	exit(1);
}

static char *copy(const struct reader *r, const char *text)
{
	char *s = strdup(text);

	need(r, s, "out of memory");
	return s;
}

static void *zeroed(const struct reader *r, size_t n, size_t size)
{
	void *p = calloc(n, size);

	need(r, p, "out of memory");
	return p;
}

static bool start_command(struct reader *r, const char *key)
{
	for (int i = 0; i < N_COMMANDS; i++) {
		if (strcmp(key, command_names[i]) != 0)
			continue;
		need(r, r->runner, "a command outside of a runner");
		r->argv = r->runner->argv[i] = zeroed(r, MAX_ARGS + 1, sizeof(char *));
		r->argc = 0;
		return true;
	}
	return false;
}

static void add_meta(struct reader *r, char *text)
{
	char *value = strchr(text, ' ');

	need(r, value && r->bench->n_meta < MAX_META, "meta");
	*value++ = '\0';
	r->bench->meta[r->bench->n_meta][0] = copy(r, text);
	r->bench->meta[r->bench->n_meta++][1] = copy(r, value);
}

static void read_line(struct reader *r, const char *key, char *text)
{
	if (strcmp(key, "meta") == 0) {
		add_meta(r, text);
	} else if (strcmp(key, "case") == 0) {
		need(r, r->bench->n_cases < MAX_CASES, "too many cases");
		r->c = &r->bench->cases[r->bench->n_cases++];
		r->c->name = copy(r, text);
		r->runner = NULL;
		r->argv = NULL;
	} else if (strcmp(key, "note") == 0) {
		need(r, r->c && r->c->n_notes < MAX_NOTES, "note");
		r->c->notes[r->c->n_notes++] = copy(r, text);
	} else if (strcmp(key, "runner") == 0) {
		need(r, r->c && r->c->n_runners < MAX_RUNNERS, "runner");
		r->runner = &r->c->runners[r->c->n_runners++];
		r->runner->name = copy(r, text);
		r->argv = NULL;
	} else if (strcmp(key, "arg") == 0) {
		need(r, r->argv && r->argc < MAX_ARGS, "arg");
		r->argv[r->argc++] = copy(r, text);
	} else {
		need(r, start_command(r, key), "unknown keyword");
	}
}

static void check(struct reader *r)
{
	for (unsigned int i = 0; i < r->bench->n_cases; i++) {
		struct bench_case *c = &r->bench->cases[i];

		for (unsigned int j = 0; j < c->n_runners; j++) {
			struct runner *runner = &c->runners[j];

			need(r, runner->argv[CMD_MAIN] && runner->argv[CMD_MAIN][0],
			     "a runner without a main command");
			for (int k = 0; k < N_COMMANDS; k++)
				need(r, !runner->argv[k] || runner->argv[k][0], "an empty command");
			runner->samples = zeroed(r, r->bench->rounds, sizeof(struct sample));
		}
	}
	need(r, r->bench->n_cases > 0, "no case");
}

void bench_read_spec(struct bench *b, FILE *from)
{
	struct reader r = { .bench = b };
	char *line = NULL, *text;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, from)) > 0) {
		r.line++;
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		text = strchrnul(line, ' ');
		if (*text)
			*text++ = '\0';
		read_line(&r, line, text);
	}
	free(line);
	check(&r);
}

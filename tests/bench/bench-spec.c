/*
 * The reader of the timing core's spec. One directive per line, "KEYWORD TEXT":
 *
 *   meta KEY VALUE    a fact for the JSON file
 *   value NAME RUNNER METRIC NUMBER    something that was measured before
 *   target METRIC NAME RUNNER <=|>= LIMIT NAME RUNNER    "- -" at the end: LIMIT itself
 *   group NAME        starts a group of cases
 *   begin|end         starts a command of the group
 *   case NAME         starts a case
 *   rounds N          of this case, if not as many as of the others
 *   note TEXT         a remark printed with the case
 *   runner NAME       starts a runner of the case
 *   pre|post|fail     starts a command of the runner
 *   step [NAME]       starts a command of the runner that is timed
 *   arg TEXT          the next argument of the command, the first is the program's path
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "bench.h"

static const char *const phase_names[N_PHASES] = {
	[PHASE_PRE] = "pre",
	[PHASE_STEP] = "step",
	[PHASE_POST] = "post",
	[PHASE_FAIL] = "fail",
};

struct reader {
	struct bench *bench;
	struct group *group;
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

static char **start_argv(struct reader *r)
{
	r->argc = 0;
	r->argv = zeroed(r, MAX_ARGS + 1, sizeof(char *));
	return r->argv;
}

static bool start_command(struct reader *r, const char *key, const char *text)
{
	for (int i = 0; i < N_PHASES; i++) {
		unsigned int n;

		if (strcmp(key, phase_names[i]) != 0)
			continue;
		need(r, r->runner, "a command outside of a runner");
		n = r->runner->n_commands[i]++;
		need(r, n < MAX_STEPS, "too many commands");
		r->runner->commands[i][n].name = copy(r, text);
		r->runner->commands[i][n].argv = start_argv(r);
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

static void add_value(struct reader *r, char *text)
{
	struct value *v = &r->bench->values[r->bench->n_values];

	need(r, r->bench->n_values++ < MAX_VALUES, "too many values");
	need(r, sscanf(text, "%ms %ms %ms %lf", &v->name, &v->runner, &v->metric, &v->number) == 4,
	     "value");
}

static void add_target(struct reader *r, char *text)
{
	struct target *t = &r->bench->targets[r->bench->n_targets];
	char op[3] = "";

	need(r, r->bench->n_targets++ < MAX_TARGETS, "too many targets");
	need(r,
	     sscanf(text, "%ms %ms %ms %2s %lf %ms %ms", &t->metric, &t->of.name, &t->of.runner, op,
		    &t->limit, &t->to.name, &t->to.runner) == 7,
	     "target");
	t->at_least = strcmp(op, ">=") == 0;
	need(r, t->at_least || strcmp(op, "<=") == 0, "neither <= nor >=");
}

static void add_group(struct reader *r, char *text)
{
	need(r, r->bench->n_groups < MAX_GROUPS, "too many groups");
	r->group = &r->bench->groups[r->bench->n_groups++];
	r->group->name = copy(r, text);
	r->c = NULL;
	r->runner = NULL;
}

static void add_case(struct reader *r, char *text)
{
	need(r, r->bench->n_cases < MAX_CASES, "too many cases");
	r->c = &r->bench->cases[r->bench->n_cases++];
	r->c->name = copy(r, text);
	r->c->group = r->group;
	r->c->rounds = r->bench->rounds;
	r->runner = NULL;
}

static void set_rounds(struct reader *r, char *text)
{
	need(r, r->c && atoi(text) > 0, "rounds");
	r->c->rounds = (unsigned int)atoi(text);
}

static void add_note(struct reader *r, char *text)
{
	need(r, r->c && r->c->n_notes < MAX_NOTES, "note");
	r->c->notes[r->c->n_notes++] = copy(r, text);
}

static void add_runner(struct reader *r, char *text)
{
	need(r, r->c && r->c->n_runners < MAX_RUNNERS, "runner");
	r->runner = &r->c->runners[r->c->n_runners++];
	r->runner->name = copy(r, text);
}

static void set_begin(struct reader *r, char *text)
{
	(void)text;
	need(r, r->group && !r->c, "begin outside of a group");
	r->group->begin = start_argv(r);
}

static void set_end(struct reader *r, char *text)
{
	(void)text;
	need(r, r->group && !r->c, "end outside of a group");
	r->group->end = start_argv(r);
}

static void add_arg(struct reader *r, char *text)
{
	need(r, r->argv && r->argc < MAX_ARGS, "arg");
	r->argv[r->argc++] = copy(r, text);
}

static const struct {
	const char *name;
	void (*read)(struct reader *r, char *text);
} directives[] = {
	{ "meta", add_meta },	  { "value", add_value }, { "target", add_target },
	{ "group", add_group },	  { "begin", set_begin }, { "end", set_end },
	{ "case", add_case },	  { "note", add_note },	  { "rounds", set_rounds },
	{ "runner", add_runner }, { "arg", add_arg },
};

static void read_line(struct reader *r, const char *key, char *text)
{
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
		if (strcmp(key, directives[i].name) != 0)
			continue;
		if (strcmp(key, "arg") != 0)
			r->argv = NULL;
		directives[i].read(r, text);
		return;
	}
	need(r, start_command(r, key, text), "unknown keyword");
}

static void check_runner(const struct reader *r, struct runner *runner, unsigned int rounds)
{
	need(r, runner->n_commands[PHASE_STEP] > 0, "a runner without a step");
	for (int k = 0; k < N_PHASES; k++)
		for (unsigned int n = 0; n < runner->n_commands[k]; n++)
			need(r, runner->commands[k][n].argv[0], "an empty command");
	runner->samples = zeroed(r, rounds, sizeof(struct sample));
}

static void check(struct reader *r)
{
	for (unsigned int i = 0; i < r->bench->n_groups; i++) {
		const struct group *g = &r->bench->groups[i];

		need(r, (!g->begin || g->begin[0]) && (!g->end || g->end[0]), "an empty command");
	}
	for (unsigned int i = 0; i < r->bench->n_cases; i++)
		for (unsigned int j = 0; j < r->bench->cases[i].n_runners; j++)
			check_runner(r, &r->bench->cases[i].runners[j], r->bench->cases[i].rounds);
	need(r, r->bench->n_cases + r->bench->n_values > 0, "nothing to measure");
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

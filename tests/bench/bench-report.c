/*
 * What the timing core says about its samples: a table for people, JSON for everything else.
 * Ratios are ratios of medians.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"

static struct stats summarise(const struct runner *r, enum metric metric, int step)
{
	double *v = bench_numbers(r, metric, step, true);
	struct stats s = bench_stats(v, r->n_samples);

	free(v);
	return s;
}

/* The median wall time of the named runner of a case, or of its step; 0 when it did not take part. */
static double reference(const struct bench_case *c, const char *name, int step)
{
	for (unsigned int i = 0; i < c->n_runners; i++)
		if (strcmp(c->runners[i].name, name) == 0)
			return summarise(&c->runners[i], METRIC_WALL_US, step).median;
	return 0;
}

static void print_ratio(double median, double of, FILE *to)
{
	if (of > 0)
		fprintf(to, " %8.2f", median / of);
	else
		fprintf(to, " %8s", "-");
}

static void print_times(const struct bench_case *c, const struct runner *r, int step, FILE *to)
{
	struct stats wall = summarise(r, METRIC_WALL_US, step);

	fprintf(to, " %9.0f %9.0f %9.0f", wall.median, wall.p95, wall.min);
	if (step < 0)
		fprintf(to, " %9.0f %9.0f", summarise(r, METRIC_CPU_US, -1).median,
			summarise(r, METRIC_RSS_KIB, -1).median);
	else
		fprintf(to, " %9s %9s", "", "");
	print_ratio(wall.median, reference(c, "floor", step), to);
	print_ratio(wall.median, reference(c, "ctr", step), to);
	fputc('\n', to);
}

static void print_runner(const struct bench_case *c, const struct runner *r, FILE *to)
{
	fprintf(to, "  %-14s", r->name);
	print_times(c, r, -1, to);
	for (unsigned int i = 0; r->n_commands[PHASE_STEP] > 1 && i < r->n_commands[PHASE_STEP];
	     i++) {
		fprintf(to, "    %-12s", r->commands[PHASE_STEP][i].name);
		print_times(c, r, (int)i, to);
	}
}

void bench_print_case(const struct bench *b, const struct bench_case *c, FILE *to)
{
	fprintf(to, "\n%s: %u rounds, %u ms gap\n", c->name, c->rounds, b->gap_ms);
	fprintf(to, "  %-14s %9s %9s %9s %9s %9s %8s %8s\n", "", "median us", "p95 us", "min us",
		"CPU us", "RSS KiB", "x floor", "x ctr");
	for (unsigned int i = 0; i < c->n_runners; i++)
		print_runner(c, &c->runners[i], to);
	for (unsigned int i = 0; i < c->n_notes; i++)
		fprintf(to, "  note: %s\n", c->notes[i]);
	fflush(to);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_string(FILE *to, const char *s)
{
	fputc('"', to);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(to, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(to, "\\u%04x", (unsigned int)*s);
		else
			fputc(*s, to);
	}
	fputc('"', to);
}

static void put_ratio(FILE *to, const char *key, double median, double of)
{
	if (of > 0)
		fprintf(to, ", \"%s\": %.4f", key, median / of);
}

static void put_samples(FILE *to, const struct runner *r, enum metric metric, int step)
{
	struct stats s = summarise(r, metric, step);
	double *v = bench_numbers(r, metric, step, false);

	fprintf(to,
		": {\"median\": %.1f, \"p95\": %.1f, \"min\": %.1f, \"max\": %.1f, \"samples\": [",
		s.median, s.p95, s.min, s.max);
	for (unsigned int i = 0; i < r->n_samples; i++)
		fprintf(to, "%s%.1f", i ? ", " : "", v[i]);
	fputs("]}", to);
	free(v);
}

static void put_steps(FILE *to, const struct runner *r)
{
	fputs(",\n       \"steps_us\": {", to);
	for (unsigned int i = 0; i < r->n_commands[PHASE_STEP]; i++) {
		fputs(i ? ", " : "", to);
		put_string(to, r->commands[PHASE_STEP][i].name);
		put_samples(to, r, METRIC_WALL_US, (int)i);
	}
	fputs("}", to);
}

static void put_runner(FILE *to, const struct bench_case *c, const struct runner *r)
{
	double median = summarise(r, METRIC_WALL_US, -1).median;

	fputs("      {\"name\": ", to);
	put_string(to, r->name);
	put_ratio(to, "x_floor", median, reference(c, "floor", -1));
	put_ratio(to, "x_ctr", median, reference(c, "ctr", -1));
	for (enum metric k = 0; k < N_METRICS; k++) {
		fprintf(to, ",\n       \"%s\"", metric_names[k]);
		put_samples(to, r, k, -1);
	}
	if (r->n_commands[PHASE_STEP] > 1)
		put_steps(to, r);
	fputs("}", to);
}

static void put_target(FILE *to, const struct bench *b, const struct target *t)
{
	double of, than;

	fputs("    {\"metric\": ", to);
	put_string(to, t->metric);
	fputs(", \"case\": ", to);
	put_string(to, t->of.name);
	fputs(", \"runner\": ", to);
	put_string(to, t->of.runner);
	fputs(", \"to\": [", to);
	put_string(to, t->to.name);
	fputs(", ", to);
	put_string(to, t->to.runner);
	fprintf(to, "], \"%s\": %.4g", t->at_least ? "at_least" : "at_most", t->limit);
	if (bench_median(b, &t->of, t->metric, &of) && bench_median(b, &t->to, t->metric, &than) &&
	    than > 0)
		fprintf(to, ", \"measured\": %.4f, \"met\": %s", of / than,
			(t->at_least ? of / than >= t->limit : of / than <= t->limit) ? "true"
										      : "false");
	fputs("}", to);
}

static void put_value(FILE *to, const struct value *v)
{
	fputs("    {\"name\": ", to);
	put_string(to, v->name);
	fputs(", \"runner\": ", to);
	put_string(to, v->runner);
	fputs(", \"metric\": ", to);
	put_string(to, v->metric);
	fprintf(to, ", \"value\": %.3f}", v->number);
}

static void put_case(FILE *to, const struct bench_case *c)
{
	fputs("    {\"name\": ", to);
	put_string(to, c->name);
	fprintf(to, ", \"rounds\": %u, \"notes\": [", c->rounds);
	for (unsigned int i = 0; i < c->n_notes; i++) {
		fputs(i ? ", " : "", to);
		put_string(to, c->notes[i]);
	}
	fputs("], \"runners\": [\n", to);
	for (unsigned int i = 0; i < c->n_runners; i++) {
		fputs(i ? ",\n" : "", to);
		put_runner(to, c, &c->runners[i]);
	}
	fputs("]}", to);
}

int bench_write_json(const struct bench *b, const char *path)
{
	FILE *to = fopen(path, "we");
	int bad;

	if (!to)
		return -1;
	fprintf(to, "{\n  \"rounds\": %u, \"warmups\": %u, \"gap_ms\": %u,\n  \"meta\": {",
		b->rounds, b->warmups, b->gap_ms);
	for (unsigned int i = 0; i < b->n_meta; i++) {
		fputs(i ? ",\n    " : "\n    ", to);
		put_string(to, b->meta[i][0]);
		fputs(": ", to);
		put_string(to, b->meta[i][1]);
	}
	fputs("\n  },\n  \"cases\": [\n", to);
	for (unsigned int i = 0; i < b->n_cases; i++) {
		fputs(i ? ",\n" : "", to);
		put_case(to, &b->cases[i]);
	}
	fputs("\n  ],\n  \"values\": [\n", to);
	for (unsigned int i = 0; i < b->n_values; i++) {
		fputs(i ? ",\n" : "", to);
		put_value(to, &b->values[i]);
	}
	fputs("\n  ],\n  \"targets\": [\n", to);
	for (unsigned int i = 0; i < b->n_targets; i++) {
		fputs(i ? ",\n" : "", to);
		put_target(to, b, &b->targets[i]);
	}
	fputs("\n  ]\n}\n", to);
	bad = ferror(to);
	return fclose(to) || bad ? -1 : 0;
}

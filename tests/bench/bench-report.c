/*
 * What the timing core says about its samples: a table for people, JSON for everything else.
 * Ratios are ratios of medians.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"

struct stats {
	double median, p95, min, max;
};

enum column {
	COLUMN_WALL_US,
	COLUMN_CPU_US,
	COLUMN_RSS_KIB,
	N_COLUMNS
};

static const char *const column_names[N_COLUMNS] = { "wall_us", "cpu_us", "peak_rss_kib" };

static double value(const struct sample *s, enum column column)
{
	switch (column) {
	case COLUMN_WALL_US: return (double)s->wall_ns / 1000;
	case COLUMN_CPU_US: return (double)s->cpu_us;
	default: return (double)s->rss_kib;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct stats summarise(const struct runner *r, enum column column)
{
	unsigned int n = r->n_samples;
	double *v = calloc(n ? n : 1, sizeof(*v));
	struct stats s = { 0, 0, 0, 0 };

	if (!v || n == 0) {
		free(v);
		return s;
	}
	for (unsigned int i = 0; i < n; i++)
		v[i] = value(&r->samples[i], column);
	qsort(v, n, sizeof(*v), compare);
	s.median = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
	s.p95 = v[(n * 95 + 99) / 100 - 1]; /* nearest rank */
	s.min = v[0];
	s.max = v[n - 1];
	free(v);
	return s;
}

/* The median wall time of the named runner of a case, 0 when it did not take part. */
static double reference(const struct bench_case *c, const char *name)
{
	for (unsigned int i = 0; i < c->n_runners; i++)
		if (strcmp(c->runners[i].name, name) == 0)
			return summarise(&c->runners[i], COLUMN_WALL_US).median;
	return 0;
}

static void print_ratio(double median, double of, FILE *to)
{
	if (of > 0)
		fprintf(to, " %8.2f", median / of);
	else
		fprintf(to, " %8s", "-");
}

void bench_print_case(const struct bench *b, const struct bench_case *c, FILE *to)
{
	double floor_us = reference(c, "floor"), ctr_us = reference(c, "ctr");

	fprintf(to, "\n%s: %u rounds, %u ms gap\n", c->name, b->rounds, b->gap_ms);
	fprintf(to, "  %-14s %9s %9s %9s %9s %9s %8s %8s\n", "", "median us", "p95 us", "min us",
		"CPU us", "RSS KiB", "x floor", "x ctr");
	for (unsigned int i = 0; i < c->n_runners; i++) {
		const struct runner *r = &c->runners[i];
		struct stats wall = summarise(r, COLUMN_WALL_US);

		fprintf(to, "  %-14s %9.0f %9.0f %9.0f %9.0f %9.0f", r->name, wall.median, wall.p95,
			wall.min, summarise(r, COLUMN_CPU_US).median,
			summarise(r, COLUMN_RSS_KIB).median);
		print_ratio(wall.median, floor_us, to);
		print_ratio(wall.median, ctr_us, to);
		fputc('\n', to);
	}
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

static void put_runner(FILE *to, const struct bench_case *c, const struct runner *r)
{
	double median = summarise(r, COLUMN_WALL_US).median;

	fputs("      {\"name\": ", to);
	put_string(to, r->name);
	put_ratio(to, "x_floor", median, reference(c, "floor"));
	put_ratio(to, "x_ctr", median, reference(c, "ctr"));
	for (enum column k = 0; k < N_COLUMNS; k++) {
		struct stats s = summarise(r, k);

		fprintf(to,
			",\n       \"%s\": {\"median\": %.1f, \"p95\": %.1f, \"min\": %.1f, "
			"\"max\": %.1f"
			", \"samples\": [",
			column_names[k], s.median, s.p95, s.min, s.max);
		for (unsigned int i = 0; i < r->n_samples; i++)
			fprintf(to, "%s%.1f", i ? ", " : "", value(&r->samples[i], k));
		fputs("]}", to);
	}
	fputs("}", to);
}

static void put_case(FILE *to, const struct bench_case *c)
{
	fputs("    {\"name\": ", to);
	put_string(to, c->name);
	fputs(", \"notes\": [", to);
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
	fputs("\n  ]\n}\n", to);
	bad = ferror(to);
	return fclose(to) || bad ? -1 : 0;
}

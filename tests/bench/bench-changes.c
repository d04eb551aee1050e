/*
 * How ctr differs from its base, and whether that is more than noise: the ratio of the medians with an
 * interval that holds the true one in 99 of 100 cases, from a bootstrap. What is drawn are rounds, with what
 * both programs took in them: a slow minute hits both alike and does not count as noise.
 */
#include <stdlib.h>
#include <string.h>
#include "bench.h"

enum {
	DRAWS = 2000,
	FEW = 10, /* rounds, below which an interval says nothing */
};

struct pair {
	const struct runner *base, *now;
};

struct change {
	double base, now, ratio, low, high;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, unsigned int n)
{
	qsort(v, n, sizeof(*v), compare);
	return bench_stats(v, n).median;
}

/* Always the same numbers, so that the same samples always give the same words. */
static unsigned int draw(uint64_t *state, unsigned int n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (unsigned int)((*state >> 11) % n);
}

static double ratio_of(double now, double base)
{
	return base > 0 ? now / base : 1;
}

static struct change estimate(const double *base, const double *now, unsigned int n)
{
	static double ratios[DRAWS];
	double *a = malloc(n * sizeof(*a)), *b = malloc(n * sizeof(*b));
	uint64_t state = 88172645463325252U;
	struct change c;

	if (!a || !b) {
		fprintf(stderr, "bench: out of memory\n");
		exit(1);
	}
	for (unsigned int i = 0; i < DRAWS; i++) {
		for (unsigned int j = 0; j < n; j++) {
			unsigned int k = draw(&state, n);

			a[j] = base[k];
			b[j] = now[k];
		}
		ratios[i] = ratio_of(median(b, n), median(a, n));
	}
	qsort(ratios, DRAWS, sizeof(*ratios), compare);
	memcpy(a, base, n * sizeof(*a));
	memcpy(b, now, n * sizeof(*b));
	c.base = median(a, n);
	c.now = median(b, n);
	c.ratio = ratio_of(c.now, c.base);
	c.low = ratios[DRAWS / 200];
	c.high = ratios[DRAWS - 1 - DRAWS / 200];
	free(a);
	free(b);
	return c;
}

static double percent(double ratio)
{
	return (ratio - 1) * 100;
}

static const char *verdict(const struct change *c, unsigned int rounds)
{
	if (rounds < FEW)
		return "too few rounds";
	if (c->low <= 1 && c->high >= 1)
		return "within noise";
	return c->ratio < 1 ? "LESS" : "MORE";
}

static void print_change(const char *name, const char *part, const struct pair *p,
			 enum metric metric, int step, FILE *to)
{
	double *base = bench_numbers(p->base, metric, step, false);
	double *now = bench_numbers(p->now, metric, step, false);
	struct change c = estimate(base, now, p->now->n_samples);
	char label[64];

	(void)snprintf(label, sizeof(label), "%s%s%s", name, *part ? "/" : "", part);
	fprintf(to, "  %-26s %-12s %10.0f %10.0f %+8.1f%%  %+7.1f%% to %+7.1f%%  %s\n", label,
		metric_names[metric], c.base, c.now, percent(c.ratio), percent(c.low),
		percent(c.high), verdict(&c, p->now->n_samples));
	free(base);
	free(now);
}

static const struct runner *find(const struct bench_case *c, const char *name)
{
	for (unsigned int i = 0; i < c->n_runners; i++)
		if (strcmp(c->runners[i].name, name) == 0)
			return &c->runners[i];
	return NULL;
}

static void print_case(const struct bench *b, const struct bench_case *c, FILE *to)
{
	struct pair p = { .base = find(c, b->base), .now = find(c, "ctr") };

	if (!p.base || !p.now || p.now->n_samples == 0)
		return;
	for (enum metric m = 0; m < N_METRICS; m++)
		print_change(c->name, "", &p, m, -1, to);
	for (unsigned int i = 0;
	     p.now->n_commands[PHASE_STEP] > 1 && i < p.now->n_commands[PHASE_STEP]; i++)
		print_change(c->name, p.now->commands[PHASE_STEP][i].name, &p, METRIC_WALL_US,
			     (int)i, to);
}

/* Counts have no noise. */
static void print_value(const struct bench *b, const struct value *v, FILE *to)
{
	struct place p = { .name = v->name, .runner = b->base };
	double base;

	if (strcmp(v->runner, "ctr") != 0 || !bench_median(b, &p, v->metric, &base))
		return;
	fprintf(to, "  %-26s %-12s %10.0f %10.0f %+8.1f%%\n", v->name, v->metric, base, v->number,
		percent(ratio_of(v->number, base)));
}

void bench_print_changes(const struct bench *b, FILE *to)
{
	fprintf(to, "\nchanges from %s to ctr (with 99%% intervals of the ratio of the medians)\n",
		b->base);
	fprintf(to, "  %-26s %-12s %10s %10s %9s  %s\n", "", "", b->base, "ctr", "change",
		"interval");
	for (unsigned int i = 0; i < b->n_cases; i++)
		print_case(b, &b->cases[i], to);
	for (unsigned int i = 0; i < b->n_values; i++)
		print_value(b, &b->values[i], to);
	fflush(to);
}

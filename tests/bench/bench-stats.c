/* Medians and their kin, and where targets find them. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "bench.h"

const char *const metric_names[N_METRICS] = {
	[METRIC_WALL_US] = "wall_us",
	[METRIC_CPU_US] = "cpu_us",
	[METRIC_RSS_KIB] = "peak_rss_kib",
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double *bench_numbers(const struct runner *r, enum metric metric, int step, bool sorted)
{
	double *v = calloc(r->n_samples ? r->n_samples : 1, sizeof(*v));

	if (!v) {
		fprintf(stderr, "bench: out of memory\n");
		exit(1);
	}
	for (unsigned int i = 0; i < r->n_samples; i++)
		v[i] = step < 0 ? r->samples[i].values[metric] : r->samples[i].step_us[step];
	if (sorted)
		qsort(v, r->n_samples, sizeof(*v), compare);
	return v;
}

struct stats bench_stats(const double *v, unsigned int n)
{
	if (n == 0)
		return (struct stats){ 0, 0, 0, 0 };
	return (struct stats){
		.median = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2,
		.p95 = v[(n * 95 + 99) / 100 - 1], /* nearest rank */
		.min = v[0],
		.max = v[n - 1],
	};
}

static const struct runner *find_runner(const struct bench *b, const char *name, size_t length,
					const char *runner)
{
	for (unsigned int i = 0; i < b->n_cases; i++) {
		const struct bench_case *c = &b->cases[i];

		if (strlen(c->name) != length || strncmp(c->name, name, length) != 0)
			continue;
		for (unsigned int j = 0; j < c->n_runners; j++)
			if (strcmp(c->runners[j].name, runner) == 0)
				return &c->runners[j];
	}
	return NULL;
}

static int find_step(const struct runner *r, const char *name)
{
	for (unsigned int i = 0; i < r->n_commands[PHASE_STEP]; i++)
		if (strcmp(r->commands[PHASE_STEP][i].name, name) == 0)
			return (int)i;
	return -1;
}

static int find_metric(const char *name)
{
	for (int i = 0; i < N_METRICS; i++)
		if (strcmp(metric_names[i], name) == 0)
			return i;
	return -1;
}

static bool find_value(const struct bench *b, const struct place *p, const char *metric,
		       double *ret)
{
	for (unsigned int i = 0; i < b->n_values; i++) {
		const struct value *v = &b->values[i];

		if (strcmp(v->name, p->name) == 0 && strcmp(v->runner, p->runner) == 0 &&
		    strcmp(v->metric, metric) == 0) {
			*ret = v->number;
			return true;
		}
	}
	return false;
}

bool bench_median(const struct bench *b, const struct place *p, const char *metric, double *ret)
{
	const char *slash = strchr(p->name, '/');
	size_t length = slash ? (size_t)(slash - p->name) : strlen(p->name);
	const struct runner *r = find_runner(b, p->name, length, p->runner);
	int m = find_metric(metric), step = r && slash ? find_step(r, slash + 1) : -1;
	double *v;

	if (strcmp(p->name, "-") == 0) {
		*ret = 1;
		return true;
	}
	if (!r || m < 0 || (slash && step < 0))
		return find_value(b, p, metric, ret);
	v = bench_numbers(r, (enum metric)m, step, true);
	*ret = bench_stats(v, r->n_samples).median;
	free(v);
	return r->n_samples > 0;
}

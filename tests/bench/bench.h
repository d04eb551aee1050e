/*
 * bench.h: what the parts of the timing core share.
 *
 * A spec (written by `run`) lists groups of cases; a case lists the runners to compare; a runner has
 * commands. Its steps are timed, one after the other; `pre` and `post` run around them untimed,
 * `fail` cleans up after a failure. A group's `begin` and `end` run once, around all its cases. The
 * word @ID@ in an argument is replaced by an id that is new for every run.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MAX_CASES   64
#define MAX_GROUPS  8
#define MAX_RUNNERS 8
#define MAX_NOTES   8
#define MAX_META    32
#define MAX_ARGS    300
#define MAX_STEPS   4
#define MAX_VALUES  128
#define MAX_TARGETS 96

enum phase {
	PHASE_PRE,
	PHASE_STEP,
	PHASE_POST,
	PHASE_FAIL,
	N_PHASES
};

enum metric {
	METRIC_WALL_US,
	METRIC_CPU_US,	/* user + system, of the processes and all descendants they waited for */
	METRIC_RSS_KIB, /* the largest of them */
	N_METRICS
};

struct command {
	char *name; /* of a step; empty when there is only one */
	char **argv;
};

struct sample {
	double values[N_METRICS]; /* of all steps together */
	double step_us[MAX_STEPS];
};

struct runner {
	char *name;
	struct command commands[N_PHASES][MAX_STEPS];
	unsigned int n_commands[N_PHASES];
	struct sample *samples;
	unsigned int n_samples;
};

struct group {
	char *name;
	char **begin, **end; /* NULL: nothing to do */
};

struct bench_case {
	char *name;
	const struct group *group;
	char *notes[MAX_NOTES];
	struct runner runners[MAX_RUNNERS];
	unsigned int n_notes, n_runners;
	unsigned int rounds;
};

/* A number that something else has measured: system calls, bytes. */
struct value {
	char *name, *runner, *metric;
	double number;
};

/* One side of a target; a step's case is CASE/STEP. Without a case: the number 1. */
struct place {
	char *name, *runner;
};

/* METRIC of @of is at most, or at least, @limit times that of @to. */
struct target {
	char *metric;
	struct place of, to;
	bool at_least;
	double limit;
};

struct bench {
	unsigned int rounds, warmups, gap_ms, timeout_s;
	char *base;		 /* the runner that ctr is compared with, or NULL */
	char *meta[MAX_META][2]; /* key, value: facts about the machine and the programs */
	struct group groups[MAX_GROUPS];
	struct bench_case cases[MAX_CASES];
	struct value values[MAX_VALUES];
	struct target targets[MAX_TARGETS];
	unsigned int n_meta, n_groups, n_cases, n_values, n_targets;
};

struct stats {
	double median, p95, min, max;
};

/* What the numbers are called in targets and in JSON. */
extern const char *const metric_names[N_METRICS];

/* Reads a spec. Ends the program with a message when it is malformed. */
void bench_read_spec(struct bench *b, FILE *from);

/* The numbers of one metric, or with @step >= 0 of one step's time, sorted or in the order of the rounds.
 * Caller frees; ends the program without memory. */
double *bench_numbers(const struct runner *r, enum metric metric, int step, bool sorted);

/* Of @n sorted numbers. */
struct stats bench_stats(const double *sorted, unsigned int n);

/* The median that a target means; false if it was not measured. */
bool bench_median(const struct bench *b, const struct place *p, const char *metric, double *ret);

/* Prints the table of one case. */
void bench_print_case(const struct bench *b, const struct bench_case *c, FILE *to);

/* Prints which targets are met. Nothing without targets. */
void bench_print_targets(const struct bench *b, FILE *to);

/* Prints how ctr differs from the base in each case, and whether that is more than noise. */
void bench_print_changes(const struct bench *b, FILE *to);

/* Writes everything that was measured as JSON: 0, or -1 with errno. */
int bench_write_json(const struct bench *b, const char *path);

#endif

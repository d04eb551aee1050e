/*
 * bench.h: what the parts of the timing core share.
 *
 * A spec (written by `run`) lists cases; a case lists the runners to compare; a runner has commands:
 * `main` is timed, `pre` and `post` run around it untimed, `fail` cleans up after a failure. The
 * word @ID@ in an argument is replaced by an id that is new for every run.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MAX_CASES   16
#define MAX_RUNNERS 8
#define MAX_NOTES   8
#define MAX_META    32
#define MAX_ARGS    300

enum command {
	CMD_PRE,
	CMD_MAIN,
	CMD_POST,
	CMD_FAIL,
	N_COMMANDS
};

struct sample {
	uint64_t wall_ns;
	uint64_t cpu_us;  /* user + system, of the process and all descendants it waited for */
	uint64_t rss_kib; /* the largest of them */
};

struct runner {
	char *name;
	char **argv[N_COMMANDS]; /* NULL: no such command */
	struct sample *samples;
	unsigned int n_samples;
};

struct bench_case {
	char *name;
	char *notes[MAX_NOTES];
	struct runner runners[MAX_RUNNERS];
	unsigned int n_notes, n_runners;
};

struct bench {
	unsigned int rounds, warmups, gap_ms, timeout_s;
	char *meta[MAX_META][2]; /* key, value: facts about the machine and the programs */
	struct bench_case cases[MAX_CASES];
	unsigned int n_meta, n_cases;
};

/* Reads a spec. Ends the program with a message when it is malformed. */
void bench_read_spec(struct bench *b, FILE *from);

/* Prints the table of one case. */
void bench_print_case(const struct bench *b, const struct bench_case *c, FILE *to);

/* Writes everything that was measured as JSON: 0, or -1 with errno. */
int bench_write_json(const struct bench *b, const char *path);

#endif

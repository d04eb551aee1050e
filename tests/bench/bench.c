/*
 * bench: the timing core. Runs the commands of a spec (bench-spec.c) in shuffled order, round after
 * round, and reports wall time, CPU time and peak memory of each (bench-report.c).
 *
 *   bench [--rounds N] [--warmups N] [--gap MS] [--timeout S] [--json FILE] [--id PREFIX]
 *         [--base RUNNER] SPEC
 *
 * Small and static on purpose: a child's peak RSS includes its moments before execve, when it still
 * runs in this program's memory. Knows nothing of containers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

extern char **environ;

static volatile sig_atomic_t interrupted; /* the signal */
static volatile pid_t running;

struct session {
	struct bench bench;
	const char *json, *id_prefix;
	char id[64];
	unsigned long runs;
	uint64_t random;
	int errors; /* a file that takes the stderr of the command that runs */
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
};

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void on_signal(int sig)
{
	if (sig != SIGALRM)
		interrupted = sig;
	else if (running > 0)
		(void)kill(running, SIGKILL); /* gone already: as good */
}

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_us(const struct rusage *u)
{
	return (uint64_t)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000U +
	       (uint64_t)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

static void pause_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	if (ms)
		(void)nanosleep(&t, NULL); /* a signal ends the bench anyway */
}

/* xorshift: only the order of runs depends on it. */
static unsigned int random_below(struct session *s, unsigned int n)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (unsigned int)((s->random >> 11) % n);
}

static void shuffle(struct session *s, unsigned int *order, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		order[i] = i;
	for (unsigned int i = n; i > 1; i--) {
		unsigned int j = random_below(s, i), t = order[i - 1];

		order[i - 1] = order[j];
		order[j] = t;
	}
}

struct usage {
	uint64_t wall_ns, cpu_us, rss_kib;
};

/* Runs one command to its end and returns its wait status. */
static int execute(struct session *s, char *const *argv, unsigned int timeout_s, struct usage *ret)
{
	char *with_id[MAX_ARGS + 1];
	struct rusage usage;
	uint64_t start;
	int status, error, i;
	pid_t pid;

	for (i = 0; argv[i]; i++)
		with_id[i] = strcmp(argv[i], "@ID@") == 0 ? s->id : argv[i];
	with_id[i] = NULL;
	if (ftruncate(s->errors, 0) < 0)
		die("truncate");

	start = now_ns();
	error = posix_spawn(&pid, with_id[0], &s->actions, &s->attr, with_id, environ);
	if (error) {
		errno = error;
		die(with_id[0]);
	}
	running = pid;
	alarm(timeout_s);
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			die("wait");
	ret->wall_ns = now_ns() - start;
	running = 0;
	alarm(0);
	ret->cpu_us = cpu_us(&usage);
	ret->rss_kib = (uint64_t)usage.ru_maxrss;
	return status;
}

static void show_errors(const struct session *s)
{
	char buf[4096];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(s->errors, buf, sizeof(buf), at)) > 0) {
		(void)!write(STDERR_FILENO, buf, (size_t)n); /* nowhere to report it */
		at += n;
	}
}

/* There may be nothing to clean: a failure here says nothing. */
static void clean_up(struct session *s, const struct bench_case *c, const struct runner *r)
{
	struct usage ignored;

	for (unsigned int i = 0; r && i < r->n_commands[PHASE_FAIL]; i++)
		(void)execute(s, r->commands[PHASE_FAIL][i].argv, s->bench.timeout_s, &ignored);
	if (c->group && c->group->end)
		(void)execute(s, c->group->end, 0, &ignored);
}

static void fail(struct session *s, const struct bench_case *c, const struct runner *r, int status)
{
	fprintf(stderr, "bench: %s: %s: ", c->name, r ? r->name : "begin");
	if (WIFEXITED(status))
		fprintf(stderr, "exit status %d", WEXITSTATUS(status));
	else
		fprintf(stderr, "killed by signal %d%s", WTERMSIG(status),
			WTERMSIG(status) == SIGKILL ? " (timeout?)" : "");
	fputs("; its stderr:\n", stderr);
	show_errors(s);
	clean_up(s, c, r);
	exit(1);
}

static int run_phase(struct session *s, const struct runner *r, enum phase phase)
{
	struct usage ignored;
	int status = 0;

	for (unsigned int i = 0; status == 0 && i < r->n_commands[phase]; i++)
		status = execute(s, r->commands[phase][i].argv, s->bench.timeout_s, &ignored);
	return status;
}

static int run_steps(struct session *s, const struct runner *r, struct sample *ret)
{
	int status = 0;

	for (unsigned int i = 0; status == 0 && i < r->n_commands[PHASE_STEP]; i++) {
		struct usage u;

		status = execute(s, r->commands[PHASE_STEP][i].argv, s->bench.timeout_s, &u);
		ret->step_us[i] = (double)u.wall_ns / 1000;
		ret->values[METRIC_WALL_US] += ret->step_us[i];
		ret->values[METRIC_CPU_US] += (double)u.cpu_us;
		if (ret->values[METRIC_RSS_KIB] < (double)u.rss_kib)
			ret->values[METRIC_RSS_KIB] = (double)u.rss_kib;
	}
	return status;
}

static void end_if_interrupted(struct session *s, const struct bench_case *c,
			       const struct runner *r)
{
	if (!interrupted)
		return;
	clean_up(s, c, r);
	fprintf(stderr, "bench: interrupted\n");
	exit(128 + interrupted);
}

static void run_once(struct session *s, const struct bench_case *c, const struct runner *r,
		     struct sample *ret)
{
	int status;

	(void)snprintf(s->id, sizeof(s->id), "%s-%lu", s->id_prefix, ++s->runs);
	status = run_phase(s, r, PHASE_PRE);
	pause_ms(s->bench.gap_ms);
	if (status == 0)
		status = run_steps(s, r, ret);
	if (status == 0)
		status = run_phase(s, r, PHASE_POST);
	end_if_interrupted(s, c, r);
	if (status != 0)
		fail(s, c, r, status);
}

static void run_case(struct session *s, struct bench_case *c)
{
	unsigned int order[MAX_RUNNERS], warmups = s->bench.warmups;

	if (warmups > c->rounds)
		warmups = c->rounds;
	for (unsigned int i = 0; i < warmups + c->rounds; i++) {
		shuffle(s, order, c->n_runners);
		for (unsigned int j = 0; j < c->n_runners; j++) {
			struct runner *r = &c->runners[order[j]];
			struct sample sample = { 0 };

			run_once(s, c, r, &sample);
			if (i >= warmups)
				r->samples[r->n_samples++] = sample;
		}
	}
}

/* What a group needs may take longer than one command of a case. */
static void enter_group(struct session *s, const struct bench_case *c, bool enter)
{
	char **argv = !c->group ? NULL : enter ? c->group->begin : c->group->end;
	struct usage ignored;
	int status;

	if (!argv)
		return;
	status = execute(s, argv, 0, &ignored);
	if (enter)
		end_if_interrupted(s, c, NULL);
	if (status != 0)
		fail(s, c, NULL, status);
}

static void run_cases(struct session *s)
{
	const struct group *current = NULL;

	for (unsigned int i = 0; i < s->bench.n_cases; i++) {
		struct bench_case *c = &s->bench.cases[i];

		if (c->group != current)
			enter_group(s, c, true);
		current = c->group;
		run_case(s, c);
		bench_print_case(&s->bench, c, stdout);
		if (i + 1 == s->bench.n_cases || c[1].group != current)
			enter_group(s, c, false);
	}
}

/* stdin and stdout of what runs are /dev/null; signals are as in a program started by a shell. */
static void prepare(struct session *s)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t defaults;

	sigemptyset(&defaults);
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		if (sigaction(caught[i], &action, NULL) < 0)
			die("sigaction");
		sigaddset(&defaults, caught[i]);
	}
	s->errors = memfd_create("bench-stderr", MFD_CLOEXEC);
	if (s->errors < 0 || fcntl(s->errors, F_SETFL, O_APPEND) < 0)
		die("memfd");
	errno = posix_spawn_file_actions_init(&s->actions) ?:
		posix_spawn_file_actions_addopen(&s->actions, 0, "/dev/null", O_RDONLY, 0) ?:
		posix_spawn_file_actions_addopen(&s->actions, 1, "/dev/null", O_WRONLY, 0) ?:
		posix_spawn_file_actions_adddup2(&s->actions, s->errors, 2) ?:
		posix_spawnattr_init(&s->attr) ?:
		posix_spawnattr_setsigdefault(&s->attr, &defaults) ?:
		posix_spawnattr_setflags(&s->attr, POSIX_SPAWN_SETSIGDEF);
	if (errno)
		die("spawn attributes");
	s->random = now_ns() | 1;
}

static unsigned int number(const char *text, unsigned int min)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < min || n > 1000000) {
		fprintf(stderr, "bench: '%s' is not a number from %u to 1000000\n", text, min);
		exit(2);
	}
	return (unsigned int)n;
}

static const char *parse(struct session *s, char **argv)
{
	int i = 1;

	for (; argv[i] && argv[i + 1]; i += 2) {
		const char *value = argv[i + 1];

		if (strcmp(argv[i], "--rounds") == 0)
			s->bench.rounds = number(value, 1);
		else if (strcmp(argv[i], "--warmups") == 0)
			s->bench.warmups = number(value, 0);
		else if (strcmp(argv[i], "--gap") == 0)
			s->bench.gap_ms = number(value, 0);
		else if (strcmp(argv[i], "--base") == 0)
			s->bench.base = argv[i + 1];
		else if (strcmp(argv[i], "--timeout") == 0)
			s->bench.timeout_s = number(value, 1);
		else if (strcmp(argv[i], "--json") == 0)
			s->json = value;
		else if (strcmp(argv[i], "--id") == 0)
			s->id_prefix = value;
		else
			break;
	}
	if (!argv[i] || argv[i + 1]) {
		fputs("usage: bench [--rounds N] [--warmups N] [--gap MS] [--timeout S]\n"
		      "             [--json FILE] [--id PREFIX] [--base RUNNER] SPEC\n",
		      stderr);
		exit(2);
	}
	return argv[i];
}

int main(int argc, char **argv)
{
	static struct session s = {
		.bench = { .rounds = 60, .warmups = 3, .timeout_s = 60 },
		.id_prefix = "bench",
	};
	const char *path = argc > 0 ? parse(&s, argv) : NULL;
	FILE *spec = path ? fopen(path, "re") : NULL;

	if (!spec)
		die(path);
	bench_read_spec(&s.bench, spec);
	fclose(spec);
	prepare(&s);
	run_cases(&s);
	if (s.bench.base)
		bench_print_changes(&s.bench, stdout);
	else
		bench_print_targets(&s.bench, stdout);
	if (s.json && bench_write_json(&s.bench, s.json) < 0)
		die(s.json);
	return 0;
}

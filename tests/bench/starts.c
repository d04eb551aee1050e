/*
 * starts: runs one command for many containers and says how long each took.
 *
 *   starts [--first N] [--count N] [--workers N] PREFIX COMMAND [ARG...]
 *
 * The word @ID@ is PREFIX-N, with N from the first on. So many at a time as there are workers. Prints
 * "N MICROSECONDS CPU-MICROSECONDS" for each as it ends, then "all MICROSECONDS". One that fails ends the program with
 * exit status 1, after those that run have ended. Stdin and stdout are /dev/null.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_WORKERS = 16,
	MAX_ARGS = 64
};

extern char **environ;

struct worker {
	pid_t pid; /* 0: idle */
	unsigned long n;
	uint64_t start;
};

struct job {
	const char *prefix;
	char **argv;
	unsigned long first, count, workers, started, running;
	struct worker worker[MAX_WORKERS];
	posix_spawn_file_actions_t actions;
	int failed;
};

static uint64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return (uint64_t)t.tv_sec * 1000000U + (uint64_t)t.tv_nsec / 1000;
}

static void die(const char *what)
{
	fprintf(stderr, "starts: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void start(struct job *j, struct worker *w)
{
	char id[128], *argv[MAX_ARGS + 1];
	int i;

	w->n = j->first + j->started++;
	(void)snprintf(id, sizeof(id), "%s-%lu", j->prefix, w->n);
	for (i = 0; j->argv[i] && i < MAX_ARGS; i++)
		argv[i] = strcmp(j->argv[i], "@ID@") == 0 ? id : j->argv[i];
	argv[i] = NULL;
	w->start = now_us();
	errno = posix_spawn(&w->pid, argv[0], &j->actions, NULL, argv, environ);
	if (errno)
		die(argv[0]);
	j->running++;
}

static void fill(struct job *j)
{
	for (unsigned long i = 0; i < j->workers; i++)
		if (!j->failed && !j->worker[i].pid && j->started < j->count)
			start(j, &j->worker[i]);
}

static void reap(struct job *j)
{
	int status;
	struct rusage u;
	pid_t pid = wait4(-1, &status, 0, &u);

	if (pid < 0)
		die("wait");
	for (unsigned long i = 0; i < j->workers; i++) {
		struct worker *w = &j->worker[i];

		if (w->pid != pid)
			continue;
		printf("%lu %llu %lld\n", w->n, (unsigned long long)(now_us() - w->start),
		       (long long)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
			       u.ru_utime.tv_usec + u.ru_stime.tv_usec);
		w->pid = 0;
		j->running--;
		if (status != 0) {
			fprintf(stderr, "starts: %s-%lu has failed\n", j->prefix, w->n);
			j->failed = 1;
		}
	}
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > max) {
		fprintf(stderr, "starts: '%s' is not a number up to %lu\n", text, max);
		exit(2);
	}
	return n;
}

static void parse(struct job *j, char **argv)
{
	int i = 1;

	for (; argv[i] && argv[i + 1] && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--first") == 0)
			j->first = number(argv[i + 1], 1000000);
		else if (strcmp(argv[i], "--count") == 0)
			j->count = number(argv[i + 1], 1000000);
		else if (strcmp(argv[i], "--workers") == 0)
			j->workers = number(argv[i + 1], MAX_WORKERS);
		else
			break;
	}
	if (!argv[i] || !argv[i + 1] || j->workers == 0) {
		fputs("usage: starts [--first N] [--count N] [--workers N] PREFIX COMMAND "
		      "[ARG...]\n",
		      stderr);
		exit(2);
	}
	j->prefix = argv[i];
	j->argv = argv + i + 1;
}

int main(int argc, char **argv)
{
	struct job j = { .first = 1, .count = 1, .workers = 1 };
	uint64_t from;

	(void)argc;
	parse(&j, argv);
	errno = posix_spawn_file_actions_init(&j.actions) ?:
		posix_spawn_file_actions_addopen(&j.actions, 0, "/dev/null", O_RDONLY, 0) ?:
		posix_spawn_file_actions_addopen(&j.actions, 1, "/dev/null", O_WRONLY, 0);
	if (errno)
		die("spawn attributes");
	from = now_us();
	fill(&j);
	while (j.running > 0) {
		reap(&j);
		fill(&j);
	}
	printf("all %llu\n", (unsigned long long)(now_us() - from));
	return j.failed;
}

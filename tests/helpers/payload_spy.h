/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container's root as an attacker: looks at every process that appears beside it. */
#ifndef CTR_TESTS_PAYLOAD_SPY_H
#define CTR_TESTS_PAYLOAD_SPY_H

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "payload.h"

static volatile sig_atomic_t spy_done;

static void spy_stop(int sig)
{
	(void)sig;
	spy_done = 1;
}

/* The number that was given to a process last, in our pid namespace. */
static int newest_pid(void)
{
	FILE *f = fopen("/proc/loadavg", "re");
	int pid = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%*s %*s %*s %*s %d", &pid) != 1)
		pid = 0;
	(void)fclose(f);
	return pid;
}

/* Not one of the programs in /bin; when that cannot be read, nobody knows. */
static int is_foreign(int pid)
{
	char path[64], link[256];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, link, sizeof(link) - 1);
	if (n <= 0)
		return 0;
	link[n] = '\0';
	return strncmp(link, "/bin/", 5) != 0;
}

/* What could be opened, and then still belonged to a program that is not the container's. */
static int spy_on(int pid)
{
	static const char *const files[] = { "exe",  "fd/0", "fd/3", "fd/4", "fd/5",   "fd/6",
					     "fd/7", "root", "cwd",  "mem",  "environ" };
	int found = 0;
	char path[64];

	for (size_t i = 0; i < COUNT(files); i++) {
		int fd;

		(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (is_foreign(pid)) {
			(void)printf("opened %s\n", path);
			found++;
		}
		(void)close(fd);
	}
	return found;
}

static int run_spy(int argc, char **argv)
{
	time_t end = time(NULL) + (argc ? atoi(argv[0]) : 60);
	int looked = 0, found = 0;
	char path[64];

	(void)signal(SIGUSR1, spy_stop);
	(void)puts("spying");
	(void)fflush(stdout);
	while (!spy_done && time(NULL) < end) {
		int newest = newest_pid();

		for (int pid = newest - 2; pid <= newest + 2; pid++) {
			(void)snprintf(path, sizeof(path), "/proc/%d", pid);
			if (pid < 2 || pid == getpid() || access(path, F_OK) < 0)
				continue;
			looked++;
			found += spy_on(pid);
		}
	}
	(void)printf("looked %d\nforeign %d\n", looked, found);
	return 0;
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The attacker of the swap races: flip A B [A B ...] exchanges each A with its B, over and over and as fast
 * as it can, until SIGTERM comes. Then it says how often, and everything is where it was.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static volatile sig_atomic_t done;

static void stop(int sig)
{
	(void)sig;
	done = 1;
}

int main(int argc, char **argv)
{
	unsigned long rounds = 0;

	if (argc < 3 || argc % 2 == 0) {
		(void)fprintf(stderr, "usage: flip A B [A B ...]\n");
		return 2;
	}
	(void)signal(SIGTERM, stop);
	while (!done || rounds % 2) {
		for (int i = 1; i < argc; i += 2)
			if (syscall(SYS_renameat2, AT_FDCWD, argv[i], AT_FDCWD, argv[i + 1],
				    RENAME_EXCHANGE) < 0) {
				perror(argv[i]);
				return 1;
			}
		rounds++;
	}
	(void)printf("%lu\n", rounds);
	return 0;
}

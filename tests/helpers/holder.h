// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of holder share. */
#ifndef TESTS_HELPERS_HOLDER_H
#define TESTS_HELPERS_HOLDER_H

#include <stdio.h>
#include <stdlib.h>

enum {
	EXIT_CANNOT = 77
};

/* Results of system calls: the program has no way to go on without. */
static int must(long r)
{
	if (r < 0) {
		perror("holder");
		exit(EXIT_CANNOT);
	}
	return (int)r;
}

#endif

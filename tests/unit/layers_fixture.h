/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A data root in a directory of the test's own, and a base layer with one file. */
#ifndef CTR_TESTS_LAYERS_FIXTURE_H
#define CTR_TESTS_LAYERS_FIXTURE_H

#include <stdbool.h>

#include "rootfs/layers.h"

struct layers_fixture {
	char path[64], base[96];
	int data;
	struct layers_base bases;
	const char *base_dirs[1];
};

/* For cmocka: *state is a struct layers_fixture. */
int layers_setup(void **state);
int layers_teardown(void **state);

/* Write @text to the file @name of @dir, which is made. */
void put(int dir, const char *name, const char *text);

/* Is this what is in the file? */
bool holds(int dir, const char *name, const char *text);
bool exists(int dir, const char *name);

/* A shell command with printf's arguments; its exit code. */
int shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* How many entries the directory has, "." and ".." left out; -1 when there is none. */
int entries(int dir, const char *name);

#endif

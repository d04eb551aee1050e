/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lexical work on container paths: for comparing and printing, never for reaching a file. */
#ifndef CTR_UTIL_PATH_H
#define CTR_UTIL_PATH_H

#include <stdbool.h>

#include "util/arena.h"

/*
 * "/a//b/./c/../d/" -> "/a/b/d"; a relative path is taken from "/". ".." at the top stays there.
 * NULL when out of memory.
 */
char *path_clean(struct arena *a, const char *path);

/* True when @path (clean) is @dir (clean) or below it. */
bool path_below(const char *path, const char *dir);

#endif

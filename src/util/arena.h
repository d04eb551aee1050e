/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bump allocator: everything that one document or one plan needs lives in one arena and is freed
 * at once. A hard cap bounds what hostile input can make us allocate (security.md R22).
 */
#ifndef CTR_UTIL_ARENA_H
#define CTR_UTIL_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *head;
	size_t used; /* bytes handed out so far */
	size_t cap;  /* 0: no cap */
};

/* Zeroed memory aligned for any type, or NULL when out of memory or over the cap. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((malloc));
/* calloc-like: NULL also when @n * @size overflows. */
void *arena_array(struct arena *a, size_t n, size_t size);
/* NUL-terminated copies; NULL when out of memory. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_memdup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Frees everything; the arena may be used again. Safe on a zeroed arena. */
void arena_free(struct arena *a);

#endif

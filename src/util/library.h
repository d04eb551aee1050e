/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries that few commands need: loaded by the function that uses them, so that all others start
 * without, and one program runs on hosts with and without them.
 *
 *	#define FUNCTIONS(X) X(some_new) X(some_free)
 *	struct some { LIBRARY_TABLE(FUNCTIONS) ... };
 *	#define SYMBOL(f) { #f, offsetof(struct some, f) },
 *	static const struct library_symbol symbols[] = { FUNCTIONS(SYMBOL) };
 */
#ifndef CTR_UTIL_LIBRARY_H
#define CTR_UTIL_LIBRARY_H

#include <stddef.h>

struct library_symbol {
	const char *name;
	size_t offset; /* of the function's pointer in the table */
};

#define LIBRARY_POINTER(f)	 __typeof__(f) *f;
#define LIBRARY_TABLE(FUNCTIONS) FUNCTIONS(LIBRARY_POINTER)

/*
 * Load the shared library @file ("libx.so.1", found where the dynamic linker looks) and put the addresses of @count @symbols
 * into the struct @table. -ENOENT when the library, or one of the symbols, is not there: then
 * @table may be filled in part. The library stays loaded: it may have destructors of threads.
 */
int library_load(const char *file, const struct library_symbol *symbols, size_t count, void *table);

#endif

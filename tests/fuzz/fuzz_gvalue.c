// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: GVariant text of annotations. What is read can be written, and what is written reads as the
 * same value.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/gvalue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	PRINTED_MAX = 1 << 20,
	MEMORY_MAX = 16 << 20
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void print(const struct gvalue *v, char *buf)
{
	struct strbuf b = STRBUF_OVER(buf, PRINTED_MAX);

	gvalue_print(v, &b);
	require(b.len + 1 < PRINTED_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { .cap = MEMORY_MAX };
	char *text = arena_memdup(&a, (const char *)data, size);
	char *first = malloc(PRINTED_MAX), *second = malloc(PRINTED_MAX);
	const char *why = NULL;
	struct gvalue v, again;

	if (first && second && text && size < PRINTED_MAX / 64) {
		int r = gvalue_parse(text, &a, &v, &why);

		require(r == 0 || why || r == -ENOMEM);
		if (r == 0) {
			print(&v, first);
			r = gvalue_parse(first, &a, &again, &why);
			require(r == 0 || r == -ENOMEM);
			if (r == 0) {
				print(&again, second);
				require(strcmp(v.type, again.type) == 0);
				require(strcmp(first, second) == 0);
			}
		}
	}
	free(first);
	free(second);
	arena_free(&a);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: bytes as a log of criu. A cause is one printable line, and known ones come from the table. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/causes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cause c = { .text = "untouched" };

	if (!causes_find((const char *)data, size, &c)) {
		require(strcmp(c.text, "untouched") == 0);
		return 0;
	}
	require(memchr(c.text, '\0', sizeof(c.text)) != NULL && *c.text);
	for (const char *p = c.text; *p; p++)
		require((unsigned char)*p >= ' ' && *p != 0x7f);
	require(c.known || (!c.hint && strncmp(c.text, "criu says \"", 11) == 0));
	return 0;
}

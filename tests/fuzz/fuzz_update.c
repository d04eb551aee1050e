// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: a config.json, a NUL and a resources document, as `ctr update` gets them, and behind
 * another NUL a number. What is laid over a good config is a good config, and doing it twice is doing
 * it once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "container/merge.h"
#include "oci/spec.h"
#include "util/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void numbers(const char *text)
{
	int64_t n;

	if (num_parse_size(text, &n) == 0)
		require(n >= -1);
	if (num_parse_duration(text, &n) == 0)
		require(n >= 0);
	(void)num_parse_i64(text, &n); /* any number will do */
}

static bool is_good_config(const char *text, size_t len)
{
	struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;
	bool good = oci_spec_decode(text, len, &spec, &e) == 0;

	oci_spec_free(spec);
	return good;
}

static bool is_good_update(const char *text, size_t len)
{
	struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;
	bool good = oci_resources_decode("update", text, len, &spec, &e) == 0;

	oci_spec_free(spec);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 3), *update, *number, *once = NULL, *twice = NULL;
	size_t once_len = 0, twice_len = 0;
	struct err e = ERR_INIT;

	if (!text)
		return 0;
	memcpy(text, data, size);
	memset(text + size, 0, 3);
	update = text + strlen(text) + 1;
	number = update <= text + size ? update + strlen(update) + 1 : text + size;
	numbers(number <= text + size ? number : "");
	if (update < text + size && is_good_config(text, strlen(text)) &&
	    is_good_update(update, strlen(update))) {
		require(merge_linux("resources", text, strlen(text), update, strlen(update), &once,
				    &once_len, &e) == 0);
		require(is_good_config(once, once_len));
		require(merge_linux("resources", once, once_len, update, strlen(update), &twice,
				    &twice_len, &e) == 0);
		require(once_len == twice_len && memcmp(once, twice, once_len) == 0);
	}
	free(twice);
	free(once);
	free(text);
	return 0;
}

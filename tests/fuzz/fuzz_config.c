// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: bytes as config.json, as process document and as resources document. The first byte
 * is not special, so that corpus files are plain JSON. Checks more than "does not crash": errors
 * have a text and leave outputs alone, and what is accepted can be validated without an err.
 */
#include <stdint.h>
#include <stdlib.h>

#include "oci/spec.h"

static int decode_process(const char *text, size_t len, struct oci_spec **ret, struct err *e)
{
	return oci_process_decode("process.json", text, len, ret, e);
}

static int decode_resources(const char *text, size_t len, struct oci_spec **ret, struct err *e)
{
	return oci_resources_decode("resources.json", text, len, ret, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int decode_fn(const char *text, size_t len, struct oci_spec **ret_spec, struct err *e);
typedef int validate_fn(const struct oci_spec *spec, struct err *e);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_error(const struct err *e, int r)
{
	char line[2048];

	require(r < 0 && e->kind != ERR_NONE && e->text[0]);
	err_format(e, line, sizeof(line));
	require(line[0] != '\0');
}

static void one(const char *text, size_t len, decode_fn *decode, validate_fn *validate)
{
	struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;
	int r = decode(text, len, &spec, &e);

	if (r < 0) {
		require(!spec);
		check_error(&e, r);
		return;
	}
	require(spec != NULL);
	r = validate(spec, &e);
	if (r < 0)
		check_error(&e, r);
	require(validate(spec, NULL) == r);
	oci_spec_free(spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	one(text, size, oci_spec_decode, oci_spec_validate);
	one(text, size, decode_process, oci_process_validate);
	one(text, size, decode_resources, oci_resources_validate);
	return 0;
}

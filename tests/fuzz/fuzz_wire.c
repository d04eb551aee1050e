// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: what another host says. The input is a stream of messages (checkpoint/wire.h); those that have a
 * form are read: proposals, rounds, hellos.
 */
#include <stdint.h>
#include <stdlib.h>

#include "checkpoint/image_stream.h"
#include "checkpoint/proposal.h"
#include "checkpoint/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* What is read once is written and read the same. */
static void check_proposal(const struct wire_message *m)
{
	struct arena a = { .cap = 16 << 20 };
	const struct json_node *o;
	struct proposal p = { 0 }, again = { 0 };
	struct json_out out;
	char *text = NULL;
	size_t len;

	if (wire_json(m, &a, &o, NULL) == 0 && proposal_read(o, &a, &p, NULL) == 0 &&
	    json_out_init(&out, false) == 0) {
		struct wire_message copy = { .type = WIRE_PROPOSAL };

		json_out_object(&out);
		proposal_write(&out, &p);
		json_out_end_object(&out);
		require(json_out_finish(&out, &text, &len) == 0);
		json_out_free(&out);
		copy.data = text;
		copy.size = len;
		require(wire_json(&copy, &a, &o, NULL) == 0);
		require(proposal_read(o, &a, &again, NULL) == 0);
		require(again.memory == p.memory && again.layers.count == p.layers.count);
		free(text);
	}
	arena_free(&a);
}

static void check_message(const struct wire_message *m)
{
	struct arena a = { .cap = 16 << 20 };
	const struct json_node *o;
	const char *text;
	unsigned round;

	require(m->size <= wire_type_limit(m->type));
	if (m->type == WIRE_PROPOSAL)
		check_proposal(m);
	else if (m->type == WIRE_ROUND && image_stream_round(m, &round, NULL) == 0)
		require(round <= 1000);
	else if (m->type == WIRE_HELLO && wire_json(m, &a, &o, NULL) == 0 &&
		 wire_string(o, "nonce", WIRE_NONCE - 1, false, &text, NULL) == 0)
		(void)wire_nonce_is_valid(text);
	else if (m->type == WIRE_FILE && wire_json(m, &a, &o, NULL) == 0 &&
		 wire_string(o, "name", 64, false, &text, NULL) == 0)
		(void)image_stream_name_is_valid(text);
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_message m;
	ssize_t n;

	while ((n = wire_decode(data, size, &m, NULL)) > 0) {
		require((size_t)n <= size && n >= WIRE_HEADER);
		check_message(&m);
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

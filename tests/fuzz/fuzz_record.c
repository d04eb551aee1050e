// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: bytes as the record of a container. It is complete, or damaged and then empty. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "container/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void use(const struct container_record *r)
{
	const char *strings[] = { r->id, r->bundle, r->rootfs, r->created };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		require(strings[i] && strlen(strings[i]) < SIZE_MAX);
	require(!r->cgroup_path || strlen(r->cgroup_path) < SIZE_MAX);
	require(r->phase <= PHASE_RUNNING && r->init.pid >= 0);
	require(memchr(r->init.boot_id, '\0', sizeof(r->init.boot_id)));
	for (size_t i = 0; i < r->annotations.count; i++)
		require(r->annotations.items[i].key && r->annotations.items[i].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct container_record empty;
	struct container_record r;
	struct arena a = { 0 };
	struct err e = ERR_INIT;
	int rc = record_parse((const char *)data, size, &a, &r, &e);

	if (rc == 0) {
		use(&r);
	} else {
		require(rc == -EBADMSG && e.kind == ERR_STATE);
		require(memcmp(&r, &empty, sizeof(r)) == 0);
	}
	arena_free(&a);
	return 0;
}

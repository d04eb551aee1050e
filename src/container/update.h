/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New limits for a living container. */
#ifndef CTR_CONTAINER_UPDATE_H
#define CTR_CONTAINER_UPDATE_H

#include "container/container.h"

/* A resources document (runtime-spec, linux.resources). */
struct container_update_document {
	const char *name; /* for errors: the file, or what else it comes from */
	const char *text;
	size_t len;
};

/* What to change: the documents in this order, later ones win. */
struct container_update {
	const struct container_update_document *documents;
	size_t count;
	const char *l3_cache_schema, *mem_bw_schema; /* of intelRdt; NULL: leave */
	cgroup_differs_fn *differs; /* told of each file that holds something else afterwards */
	void *data;
};

/*
 * Change the limits of a container that container_open locked and that is created, running or paused
 * (else -EINVAL, ERR_STATE). All or nothing: on failure the kernel has the old values again, and the
 * copy of config.json that later commands go by is replaced only after all have been taken.
 */
int container_update(struct container *c, enum container_status status,
		     const struct container_update *u, struct err *e);

#endif

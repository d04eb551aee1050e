/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.json -> plan: the rooms in their order. */
#ifndef CTR_CONTAINER_COMPILE_H
#define CTR_CONTAINER_COMPILE_H

#include "container/record.h"
#include "oci/spec.h"
#include "plan/plan.h"
#include "security/security.h"
#include "util/err.h"

struct compile_input {
	const struct oci_spec *spec;
	const struct container_record *record; /* for the state that hooks read */
	const char *cgroup_mount;	       /* where the host has its cgroup v2 tree, or NULL */
	const struct seccomp_filter *filter;
	uint64_t capabilities; /* what the runtime itself can grant */
	unsigned keep_fds;     /* fds 3.. that the payload keeps */
	bool wait_start;       /* create: stop before the program until `ctr start` */
};

/*
 * The whole plan. Pure: needs no privileges, opens nothing. The spec must outlive the plan.
 * -EINVAL with the JSON pointer for what cannot be honoured.
 */
int container_compile(const struct compile_input *in, struct plan **ret, struct err *e);

/*
 * Refuse what config.json may ask for and this version does not do: nothing is silently skipped.
 */
int container_check_supported(const struct oci_spec *spec, struct err *e);

#endif

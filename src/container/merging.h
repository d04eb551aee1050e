/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel's same-page merging (KSM) saves a container that runs with --ksm. */
#ifndef CTR_CONTAINER_MERGING_H
#define CTR_CONTAINER_MERGING_H

#include <stdbool.h>
#include <stdint.h>

#include "container/container.h"

struct merging_stats {
	bool known;	/* false: without --ksm, or nobody could be looked at */
	uint64_t pages; /* of its memory that are shared with equal ones */
	int64_t profit_bytes; /* what that saves, less what the kernel needs to know of it: may be negative */
};

/*
 * The sum over the processes of @c, of /proc/PID/ksm_stat (Linux 6.1; proc_pid_ksm_stat in
 * Documentation/admin-guide/mm/ksm.rst). One that ends meanwhile does not count. Needs the right to trace them.
 */
void merging_read(const struct container *c, struct merging_stats *ret);

/* The text of one such file, added to @s. False when it holds neither number. */
bool merging_parse(const char *text, struct merging_stats *s);

#endif

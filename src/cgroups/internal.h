/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this room share; nobody else includes it, except its unit tests. */
#ifndef CTR_CGROUPS_INTERNAL_H
#define CTR_CGROUPS_INTERNAL_H

#include "cgroups/cgroup.h"

#define CGROUP_DEFAULT_PARENT "/ctr"
#define CGROUP_RESOURCES      "/linux/resources/"

/* ---- convert.c: numbers only ---- */

/* cpu.weight (1..10000) for cgroup v1 @shares; @shares is not 0. */
uint64_t cgroup_convert_shares(uint64_t shares);
/* io.weight (1..10000) for a blkio @weight in 10..1000. */
uint64_t cgroup_convert_io_weight(uint64_t weight);

enum cgroup_swap {
	CGROUP_SWAP_UNSET,    /* nothing to write */
	CGROUP_SWAP_MAX,      /* unlimited */
	CGROUP_SWAP_BYTES,    /* *ret bytes */
	CGROUP_SWAP_NEGATIVE, /* errors from here on: a number below -1 */
	CGROUP_SWAP_NO_LIMIT, /* a sum without a memory limit */
	CGROUP_SWAP_TOO_LOW,  /* the sum is below the memory limit */
};

/* memory.swap.max from memory.limit and memory.swap (the sum); 0: not set, -1: unlimited. */
enum cgroup_swap cgroup_convert_swap(int64_t limit, int64_t swap, uint64_t *ret);

/* ---- emit.c: the list of files under construction ---- */

struct cgroup_builder {
	struct arena *a;
	const struct oci_resources *r;
	struct cgroup_plan *plan;
	size_t file_cap, controller_cap;
	struct err *e;
};

/* Append a copy of *@f; a NULL value or origin counts as "out of memory". */
int cgroup_builder_add(struct cgroup_builder *b, struct cgroup_file f);
/* "config.json <pointer>" as the origin of the error that was just set; returns @r. */
int cgroup_builder_fail(struct cgroup_builder *b, int r, const char *pointer);

/* ---- emit_*.c, devices.c: one topic each, all append to the plan ---- */

int cgroup_emit_path(const char *configured, const char *id, struct arena *a,
		     struct cgroup_plan *plan, struct err *e);
int cgroup_emit_legacy(struct cgroup_builder *b); /* refuses v1 features */
int cgroup_emit_devices(struct cgroup_builder *b);
int cgroup_emit_memory(struct cgroup_builder *b);
int cgroup_emit_cpu(struct cgroup_builder *b);
int cgroup_emit_io(struct cgroup_builder *b);
int cgroup_emit_hugetlb(struct cgroup_builder *b);
int cgroup_emit_rdma(struct cgroup_builder *b);
int cgroup_emit_unified(struct cgroup_builder *b);

#endif

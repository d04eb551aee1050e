/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files snapshots*.c share. Each step changes l->record in memory; snapshots_commit makes it so. */
#ifndef CTR_ROOTFS_SNAPSHOTS_INTERNAL_H
#define CTR_ROOTFS_SNAPSHOTS_INTERNAL_H

#include "rootfs/layers_internal.h"
#include "rootfs/snapshots.h"

/* May a new snapshot have this name? NULL always may. -EINVAL, -EEXIST. */
int snapshots_check_name(const struct layers *l, const char *name, struct err *e);

/* A snapshot of the present state, whose directory is @layer: its index. */
int snapshots_add(struct layers *l, const struct snapshot_naming *how, const char *layer,
		  const char **ret_name, struct err *e);

/* Make a new upper directory that looks like @below, and use it. */
int snapshots_new_upper(struct layers *l, int below, struct err *e);

/* Write the record, then bring the directories in line with it: whatever happens, they agree. */
int snapshots_commit(struct layers *l, struct err *e);

/* Merge or remove layers that have lost their name and need not stay any more, as far as it can be done. */
void snapshots_tidy(struct layers *l, bool mounted);

/* Remove the memory of snapshots that there are no more. */
void snapshots_memory_sweep(struct layers *l);

/* 1: neither snapshots, nor the container, nor clones depend on the one at @index. Negative: nobody knows. */
int snapshots_is_free(const struct layers *l, int index, struct err *e);

#endif

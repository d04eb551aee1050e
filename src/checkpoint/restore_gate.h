/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the second gate (restore_gate in restore_work.h). */
#ifndef CTR_CHECKPOINT_RESTORE_GATE_H
#define CTR_CHECKPOINT_RESTORE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "checkpoint/restore_stage.h"
#include "container/container.h"

/* What config.json allows a task. */
struct gate_rules {
	const oci_id_maps *uid_maps, *gid_maps; /* NULL: the host's ids */
	uint64_t bounding;			/* capabilities that it may have in any set */
	bool no_new_privs, seccomp;		/* it must have it */
};

/* Pure. Pointers are those of the spec. */
void gate_rules_of(const struct container *c, struct gate_rules *ret);

/* The text of /proc/PID/status, which is cut up. A zombie passes. -EBADMSG. Pure. */
int gate_status(char *status, const struct gate_rules *rules, struct err *e);

/*
 * The tree that init sees: its root and the trees of the host are those that were given, masks hide and read-only
 * paths are read-only as config.json says. -EBADMSG.
 */
int restore_gate_mounts(const struct container *c, const struct restore_stage *s, struct err *e);

#endif

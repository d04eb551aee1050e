/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the second gate (restore_gate in restore_work.h). */
#ifndef CTR_CHECKPOINT_RESTORE_GATE_H
#define CTR_CHECKPOINT_RESTORE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "checkpoint/external.h"
#include "checkpoint/images_judge.h"
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
 * paths are read-only as config.json says; and there is no mount, seen or hidden, that the config does not ask
 * for, or with fewer restrictions. -EBADMSG.
 */
int restore_gate_mounts(const struct container *c, const struct restore_stage *s,
			const struct gate_rules *rules, struct err *e);

/* The same for another mount namespace of its, that of @pid: only who may mount can have one. -EBADMSG. */
int restore_gate_namespace(const struct container *c, const struct restore_stage *s, pid_t pid,
			   const struct gate_rules *rules, struct err *e);

/* ---- restore_gate_table.c ---- */

/* What the mounts of one namespace are compared with. Nothing is owned. */
struct gate_table {
	const struct image_view *view; /* its places: what the config mounts, masks and protects */
	const struct mount_table *given; /* mounts of CRIU's namespace before the restore */
	bool may_mount; /* CAP_SYS_ADMIN: it may have mounted what it likes of what it had */
	bool readonly_root;
};

/* -EBADMSG with the first mount that must not be, or is missing. Pure. */
int gate_mount_table(const struct gate_table *t, const struct mount_table *all, struct err *e);

/*
 * All mounts of the mount namespace of @pid, from the root of that namespace, which *ret_root is (O_PATH; owned by the
 * caller). Needs a process of its own in there for a moment.
 */
int gate_mounts_read(pid_t pid, struct arena *a, struct mount_table *ret, int *ret_root,
		     struct err *e);

#endif

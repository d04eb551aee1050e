/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container as others see it: its status from kernel facts, and the OCI state document. */
#ifndef CTR_CONTAINER_STATE_H
#define CTR_CONTAINER_STATE_H

#include "container/record.h"
#include "oci/json_out.h"
#include "util/err.h"

enum container_status {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED,
	STATUS_COUNT,
};

/* "creating", "created", ... (runtime-spec runtime.md, "State"; paused is the common extension) */
const char *container_status_name(enum container_status status);

/*
 * The status of what @dir holds, from its record and the kernel. Takes no lock and waits for nobody.
 * A record that is missing or damaged is creating while its creator lives, else stopped. @locked: @dir is
 * the descriptor that holds the lock, so no creator lives.
 * *ret has pid 0 unless a process of the container lives.
 */
int container_status_get(int dir, bool locked, struct arena *a, struct container_record *ret,
			 enum container_status *ret_status, struct err *e);

/* Members of the OCI state object that the spec names, without the braces. */
void container_oci_members(struct json_out *o, const struct container_record *r,
			   enum container_status status);

/* The same for `state` and `list`; owner as a name, rootfs and created added. */
void container_state_members(struct json_out *o, const struct container_record *r,
			     enum container_status status);

/*
 * How many processes of the container the kernel has killed for lack of memory: as recorded when it
 * ended, or as its cgroup, which stays until the container is deleted, says now.
 */
uint64_t container_oom_kills(const struct container_record *r);

/*
 * The state document for a hook: compact, slashes not escaped. @pid < 0: the text is cut in two
 * around the pid, which is filled in by init: *ret_tail then points behind the cut.
 * *ret_text is malloc'ed.
 */
int container_hook_state(const struct container_record *r, enum container_status status, long pid,
			 char **ret_text, const char **ret_tail, struct err *e);

#endif

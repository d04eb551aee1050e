/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another process in a container that exists. */
#ifndef CTR_CONTAINER_EXEC_H
#define CTR_CONTAINER_EXEC_H

#include "container/container.h"

/* What `ctr exec` was told; pointers are borrowed. Unset members keep what the container has. */
struct exec_request {
	const struct caller *caller;
	const char *process_file; /* a whole process document; then the rest of these is not used */
	char *const *args;	  /* NULL-terminated */
	oci_strings env;	  /* added behind the container's */
	oci_strings capabilities; /* added to the container's */
	OCI_ARRAY(uint32_t) additional_gids;
	const char *cwd, *user; /* user: "UID[:GID]", numbers only */
	const char *cgroup;	/* below the container's */
	const char *apparmor, *process_label;
	bool terminal, no_new_privileges, ignore_paused;
	bool strict; /* warnings about the process are errors */
	unsigned keep_fds;
	int interrupt;
};

/*
 * Prepare the process: @c was opened by container_open. Afterwards c->init is the new process, which
 * waits for its last permission, and c->console its terminal. Errors leave no process.
 */
int container_exec(struct container *c, enum container_status status, const struct exec_request *rq,
		   struct err *e);

/* Let it go: 0 when it executes its program. */
int container_exec_start(struct container *c, struct err *e);

#endif

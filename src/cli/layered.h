/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that work on a container's layers share: opening them together with the container. */
#ifndef CTR_CLI_LAYERED_H
#define CTR_CLI_LAYERED_H

#include <stdbool.h>

#include "cli/cli.h"
#include "rootfs/snapshots.h"

/* A container with layers; the container itself may be gone, and only its layers left. */
struct layered {
	struct container
		*container; /* NULL: there is none. Its lock is held until layered_unlock. */
	enum container_status status;
	struct layers *layers; /* locked */
	bool mounted;	       /* its root is, or may be, mounted: layers must stay what they are */
};

#define LAYERED_EMPTY                                                                              \
	{                                                                                          \
		.status = STATUS_STOPPED                                                           \
	}

/*
 * Open both, locked, in the order in which all commands lock. Nobody starts the container between that and
 * layered_close. -ENOENT when it has no layers. From then on ctr is where it may work on them
 * (overlay_owner_enter).
 */
int layered_open(struct cli *cli, const char *id, struct layered *ret, struct err *e);

/* Give the lock of the container back, and keep that of the layers: others may kill it. */
void layered_unlock(struct layered *x);

void layered_close(struct layered *x);

/* Refuse what is only possible while nobody uses the root. @what: "roll back". -EBUSY. */
int layered_refuse_mounted(const struct layered *x, const char *id, const char *what,
			   struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots of files and memory together: `snapshot create --with-memory`, and the way back, `restore --snapshot`. */
#ifndef CTR_CLI_SNAPSHOT_MEMORY_H
#define CTR_CLI_SNAPSHOT_MEMORY_H

#include "checkpoint/checkpoint.h"
#include "cli/capture.h"
#include "cli/layered.h"

/*
 * Dump the container of @x, which is open, and copy its files while its tasks stand still; it goes on afterwards.
 * Sets cli->failure_code as checkpoint does.
 */
int memory_capture(struct cli *cli, struct layered *x, const struct snapshot_naming *how,
		   struct capture_result *ret, struct checkpoint_result *ret_memory, struct err *e);

/*
 * Make the files of container @id, which must be gone but for its layers, those of its snapshot @name: what they are now
 * is kept as another one, and that is printed. *ret_images: the memory that goes with them.
 */
int memory_go_back(struct cli *cli, const char *id, const char *name, int *ret_images,
		   struct err *e);

#endif

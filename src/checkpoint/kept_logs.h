/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What criu writes while a container that came is restored: kept when that fails, for people, below the data root.
 *
 *	DATA/.logs/NAME/	of one restore; the newest KEPT_LOGS of them stay
 */
#ifndef CTR_CHECKPOINT_KEPT_LOGS_H
#define CTR_CHECKPOINT_KEPT_LOGS_H

#include <stdbool.h>

#include "util/err.h"

#define KEPT_LOGS_DIR ".logs"

enum {
	KEPT_LOGS = 8,
	KEPT_LOG_MAX = 4 << 20, /* of each file; the end is what counts */
};

/* A directory for @name, empty, and one that is too many less. */
int kept_logs_begin(int data, const char *name, int *ret_dir, struct err *e);

/* @keep: only logs, and not more of them than that; else it is removed. */
void kept_logs_end(int data, const char *name, bool keep);

#endif

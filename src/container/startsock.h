/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a created container waits for `ctr start`: a socket in its state directory (mode 0700). */
#ifndef CTR_CONTAINER_STARTSOCK_H
#define CTR_CONTAINER_STARTSOCK_H

#include <stdbool.h>

#include "util/err.h"

#define STARTSOCK_NAME "start.sock"

/* A listening SEQPACKET socket below @dir; ctr-init accepts on it. */
int startsock_listen(int dir, int *ret_fd, struct err *e);
/*
 * Connect to it, within ten seconds: others may be asking whether it is open. -ECONNREFUSED, -ENOENT:
 * nobody waits there any more.
 */
int startsock_connect(int dir, int *ret_fd, struct err *e);
/* True while init waits there for its start. Asks by connecting, which init takes for a false alarm. */
bool startsock_is_open(int dir);

#endif

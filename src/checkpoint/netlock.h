/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CRIU leaves in a network namespace that outlives the container: while it dumps, it keeps packets away with
 * a table of nftables named by the number of the container's init, and a restore is to take it away. CRIU
 * (3.17.1) looks for another number then, so that it stays for ever, in a namespace of others.
 */
#ifndef CTR_CHECKPOINT_NETLOCK_H
#define CTR_CHECKPOINT_NETLOCK_H

#include <sys/types.h>

#include "util/err.h"

/* The network namespace of the process @pid, to be kept while that ends: an fd, owned by the caller. -errno. */
int netlock_namespace(pid_t pid);

/*
 * Let packets through again, in the network namespace @ns, that a dump of the container whose init was @pid has
 * kept away. Nothing there: 0. As nft_left_delete.
 */
int netlock_release(int ns, pid_t pid, struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables that a program of ours has left in the firewall of a network namespace that others are in. */
#ifndef CTR_NET_NFT_LEFT_H
#define CTR_NET_NFT_LEFT_H

#include "util/err.h"

/*
 * Delete the tables "inet @name" and "inet @name-...", with all that is in them, in the network namespace @ns (an open
 * file of nsfs(5)), which the calling thread joins for a moment (net_socket_in). The number of those that were there. Needs CAP_SYS_ADMIN,
 * and CAP_NET_ADMIN in the user namespace that owns @ns. -ENOTRECOVERABLE: the thread is in @ns now.
 */
int nft_left_delete(int ns, const char *name, struct err *e);

#endif

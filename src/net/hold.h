/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New TCP connections to a network namespace, and within it, are kept waiting: the first packet (SYN) of each is dropped,
 * and who sent it sends it again, after a second at first (tcp(7), tcp_syn_retries). Connections that are there
 * already, accepted or not, go on.
 *
 * The hold is a table of nftables in that namespace, which belongs to its socket: with the last descriptor of it the table
 * goes, so that nobody who is killed leaves it behind.
 */
#ifndef CTR_NET_HOLD_H
#define CTR_NET_HOLD_H

#include <stdint.h>

/*
 * In the network namespace @ns, as long as the descriptor that is returned is open. -errno: the kernel has no nf_tables, or
 * none with owners (before Linux 5.12), or what net_socket_in says. Needs CAP_NET_ADMIN in the namespace's owner.
 */
int net_hold(int ns);

/*
 * TCP connections of a namespace that no process has in its hands. Those whose other side has not answered for long are not
 * in the other numbers: it is gone, or never was.
 */
struct net_unsettled {
	unsigned listeners;
	unsigned unaccepted; /* complete, in the queues of listeners */
	unsigned opening;    /* half of the handshake is done (SYN_RECV) */
	unsigned closing; /* closed, and data or the end not acknowledged by the other side yet */
	unsigned late;	  /* of these, where something had to be sent again: it may take seconds */
	unsigned stuck;
};

/* @sock: net_diag_socket(), made in the namespace (net_socket_in). 0 or -errno. */
int net_unsettled_count(int sock, struct net_unsettled *ret);

#endif

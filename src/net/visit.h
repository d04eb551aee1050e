/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets of another network namespace: they stay there, whoever has them, and so nobody has to. */
#ifndef CTR_NET_VISIT_H
#define CTR_NET_VISIT_H

/*
 * What @make returns (a descriptor, or -errno) when it is called in the network namespace @ns. -errno of setns(2);
 * -ENOTRECOVERABLE: this thread could not return, and is in that namespace still. Needs CAP_SYS_ADMIN in the
 * user namespaces that own both.
 */
int net_socket_in(int ns, int (*make)(void));

/* A socket of NETLINK_SOCK_DIAG (sock_diag(7)), or -errno: for net_socket_in. */
int net_diag_socket(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firewall (nft.h), ports and names of what a container asks of its network (setup.h). */
#ifndef CTR_NET_FIREWALL_H
#define CTR_NET_FIREWALL_H

#include "net/definition.h"
#include "net/setup.h"

/*
 * The rules know the network: the caller holds its lock, the bridge stands. Internal networks do without
 * where there is no libnftables: the host does not forward anything for them.
 */
int firewall_network_add(const struct net_def *def, struct err *e);
/* The bridge goes. What fails is passed over: elements of bridges that do not exist match nothing. */
void firewall_network_remove(const struct net_def *def);

/*
 * Addresses are leased and recorded: publish the ports, and keep isolated containers apart. Ports that a program
 * of the host has are refused first. @s: of the container @id.
 */
int firewall_open(const struct net_setup *s, const char *id, struct err *e);

/* Take all of it back. May be repeated. */
int firewall_close(const struct net_setup *s, struct err *e);

/*
 * Remove what belongs to no lease of the networks in the directory @data any more. The number of
 * elements, or negative.
 */
int firewall_sweep(int data, struct err *e);

#endif

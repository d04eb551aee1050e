/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports of the host that lead to a container, as a user asks for them. What leads them there: nft.h. */
#ifndef CTR_NET_PORTS_H
#define CTR_NET_PORTS_H

#include <netinet/in.h>

#include "net/setup.h"
#include "util/err.h"

/*
 * [IP:]HOST-PORT:PORT[/tcp|udp], each port a number or a range N-M of the same length; IPv6 in brackets.
 * No IP: all addresses of the host; 0.0.0.0 and [::]: all of that family. Pure. ERR_USAGE, -EINVAL.
 */
int net_port_parse(const char *text, struct net_port *ret, struct err *e);

/* All addresses, of both families or of one. */
bool net_port_any(const struct net_port *p);

/* Together: none twice, and not more than NET_PORTS_MAX. Pure. ERR_USAGE, -EINVAL. */
int net_ports_check(const struct net_port *ports, size_t count, struct err *e);

/*
 * Does anything in our network namespace listen on one of @ports? Tried by binding a socket, which is
 * closed at once (bind(2)). @ip4, @ip6: which addresses the container has. -EADDRINUSE, -EADDRNOTAVAIL
 * for an address that is not the host's; the error names the port.
 */
int net_ports_check_host(const struct net_port *ports, size_t count, bool ip4, bool ip6,
			 struct err *e);

static inline const char *net_port_protocol(const struct net_port *p)
{
	return p->protocol == IPPROTO_UDP ? "udp" : "tcp";
}

#endif

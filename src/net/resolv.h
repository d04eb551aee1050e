/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resolv.conf(5) of a container. */
#ifndef CTR_NET_RESOLV_H
#define CTR_NET_RESOLV_H

#include <stddef.h>

#include "net/setup.h"

enum {
	RESOLV_MAX = 65536 /* of the host's file: more is not read */
};

/*
 * What stands in it. With --dns these servers, else those of @host (text of the host's file) without loopback
 * addresses, which nobody answers in the container; with --dns-search these domains, else those of @host;
 * options always as in @host. malloc'ed into *ret, NUL-terminated. Pure; -ENOMEM.
 */
int resolv_text(const struct net_setup *s, const char *host, char **ret);

/* Does @text name a server that is not of the loopback? Pure. */
bool resolv_usable(const char *text);

/*
 * The text of the host's file: /etc/resolv.conf, or where that only names a local resolver, the one in which
 * systemd-resolved(8) writes the servers that it asks itself. "" when there is none. malloc'ed. -ENOMEM.
 */
int resolv_read_host(char **ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rtnetlink request and its answer (rtnetlink(7)), for the files of this room. A socket stays in the
 * network namespace that it was made in, whoever has it.
 */
#ifndef CTR_NET_NETLINK_H
#define CTR_NET_NETLINK_H

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdint.h>

enum {
	NETLINK_REQUEST_SIZE = 1024
};

struct netlink_request {
	_Alignas(struct nlmsghdr) char buf[NETLINK_REQUEST_SIZE];
	struct nlmsghdr *h;
};

/* An empty request of @type; @flags: NLM_F_* besides NLM_F_REQUEST. */
void netlink_begin(struct netlink_request *r, uint16_t type, uint16_t flags);

/* The same about the link @index (0: another attribute tells which), with NLM_F_ACK. */
struct ifinfomsg *netlink_begin_link(struct netlink_request *r, uint16_t type, uint16_t flags,
				     int index);

/*
 * Send, and feed @cb (or NULL) with what comes back until the kernel says that this was all. 0 or -errno,
 * the kernel's own; -EINTR: something changed during a dump, ask again.
 */
int netlink_run(int sock, const struct netlink_request *r, mnl_cb_t cb, void *data);

/* A dump, repeated until nothing changed meanwhile; @restart forgets what @cb has collected. */
int netlink_dump(int sock, const struct netlink_request *r, mnl_cb_t cb,
		 void (*restart)(void *data), void *data);

#endif

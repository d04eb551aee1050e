// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests are built here with libmnl and sent by ctr-init, which is in the namespace already: ctr
 * itself never joins it.
 */
#include "net/net.h"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

enum {
	LOOPBACK_INDEX = 1
}; /* the first interface of every network namespace */

static void emit_loopback(const struct oci_spec *spec, struct plan *p)
{
	_Alignas(struct nlmsghdr) char buf[256] = { 0 };
	struct nlmsghdr *h;
	struct ifinfomsg *ifi;

	if (!oci_spec_new_namespace(spec, OCI_NS_NETWORK))
		return;
	h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = RTM_NEWLINK;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	h->nlmsg_seq = 1;
	ifi = mnl_nlmsg_put_extra_header(h, sizeof(*ifi));
	ifi->ifi_index = LOOPBACK_INDEX;
	ifi->ifi_flags = IFF_UP;
	ifi->ifi_change = IFF_UP;
	PLAN_ADD(p, NULL, netlink, .what = plan_str(p, "bring the loopback interface up"),
		 .message = plan_blob(p, h, h->nlmsg_len));
}

void net_emit(const struct oci_spec *spec, struct plan *p)
{
	emit_loopback(spec, p);
	if (!spec->linux_.net_devices.count)
		return;
	PLAN_ADD(p, "/linux/netDevices", net_socket, );
	PLAN_ADD(p, "/linux/netDevices", sync, .what = PLAN_SYNC_NETWORK);
}

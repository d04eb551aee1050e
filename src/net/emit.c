// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests are built here and sent by ctr-init, which is in the namespace already: ctr itself never joins it.
 */
#include "net/net.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>

enum {
	LOOPBACK_INDEX = 1
}; /* the first interface of every network namespace */

static void emit_loopback(const struct oci_spec *spec, struct plan *p)
{
	static const struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
	} request = {
		.head = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_NEWLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
			.nlmsg_seq = 1,
		},
		.link = {
			.ifi_index = LOOPBACK_INDEX,
			.ifi_flags = IFF_UP,
			.ifi_change = IFF_UP,
		},
	};

	if (!oci_spec_new_namespace(spec, OCI_NS_NETWORK))
		return;
	PLAN_ADD(p, NULL, netlink, .what = plan_str(p, "bring the loopback interface up"),
		 .message = plan_blob(p, &request, sizeof(request)));
}

static void emit_default(struct plan *p, uint64_t proc, const char *path, const char *value)
{
	PLAN_ADD(p, NULL, sysctl, .proc = proc, .path = plan_str(p, path),
		 .value = plan_str(p, value));
}

/* What an interface finds when it comes; linux.sysctl is laid over it later. */
static void emit_defaults(bool ip6, struct plan *p)
{
	uint64_t proc = plan_proc(p);

	emit_default(p, proc, "sys/net/ipv4/conf/default/arp_notify", "1");
	if (!ip6)
		return;
	emit_default(p, proc, "sys/net/ipv6/conf/default/accept_ra", "0");
	emit_default(p, proc, "sys/net/ipv6/conf/default/ndisc_notify", "1");
}

void net_emit(const struct oci_spec *spec, const struct net_setup *s, bool ip6, struct plan *p)
{
	bool links = net_setup_makes_links(s);
	const char *origin = links ? NULL : "/linux/netDevices";

	emit_loopback(spec, p);
	if (links)
		emit_defaults(ip6, p);
	if (!links && !spec->linux_.net_devices.count)
		return;
	PLAN_ADD(p, origin, net_socket, );
	PLAN_ADD(p, origin, sync, .what = PLAN_SYNC_NETWORK);
}

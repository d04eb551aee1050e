// SPDX-License-Identifier: GPL-2.0-or-later
/* See ip.h. */
#include "net/ip.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <string.h>
#include <sys/socket.h>

#include "net/netlink.h"

/* What is there already is what was wanted. */
static int run(int sock, const struct netlink_request *r)
{
	int n = netlink_run(sock, r, NULL, NULL);

	return n == -EEXIST ? 0 : n;
}

int ip_address_add(int sock, int index, const struct net_addr *a)
{
	struct netlink_request r;
	struct ifaddrmsg *ifa;
	struct net_addr last;

	netlink_begin(&r, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	ifa = mnl_nlmsg_put_extra_header(r.h, sizeof(*ifa));
	ifa->ifa_family = a->family;
	ifa->ifa_prefixlen = a->prefix;
	ifa->ifa_scope = RT_SCOPE_UNIVERSE;
	ifa->ifa_index = (unsigned)index;
	mnl_attr_put(r.h, IFA_LOCAL, net_addr_size(a), a->bytes);
	mnl_attr_put(r.h, IFA_ADDRESS, net_addr_size(a), a->bytes);
	if (a->family == AF_INET6)
		mnl_attr_put_u32(r.h, IFA_FLAGS, IFA_F_NODAD);
	last = net_addr_last(a);
	if (a->family == AF_INET && a->prefix < 31)
		mnl_attr_put(r.h, IFA_BROADCAST, net_addr_size(&last), last.bytes);
	return run(sock, &r);
}

int ip_route_add(int sock, int index, const struct net_addr *to, const struct net_addr *via)
{
	struct netlink_request r;
	struct rtmsg *rt;

	netlink_begin(&r, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	rt = mnl_nlmsg_put_extra_header(r.h, sizeof(*rt));
	rt->rtm_family = to->family;
	rt->rtm_dst_len = to->prefix;
	rt->rtm_table = RT_TABLE_MAIN;
	rt->rtm_protocol = RTPROT_STATIC;
	rt->rtm_scope = net_addr_set(via) ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	rt->rtm_type = RTN_UNICAST;
	if (to->prefix)
		mnl_attr_put(r.h, RTA_DST, net_addr_size(to), to->bytes);
	if (net_addr_set(via))
		mnl_attr_put(r.h, RTA_GATEWAY, net_addr_size(via), via->bytes);
	mnl_attr_put_u32(r.h, RTA_OIF, (uint32_t)index);
	return netlink_run(sock, &r, NULL, NULL);
}

int ip_announce(int sock, int index, const uint8_t mac[NET_MAC_SIZE])
{
	struct netlink_request r;

	(void)netlink_begin_link(&r, RTM_NEWLINK, 0, index);
	mnl_attr_put(r.h, IFLA_ADDRESS, NET_MAC_SIZE, mac);
	return netlink_run(sock, &r, NULL, NULL);
}

int ip_link_up(int sock, int index, uint32_t mtu)
{
	struct netlink_request r;
	struct ifinfomsg *ifi = netlink_begin_link(&r, RTM_NEWLINK, 0, index);

	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	if (mtu)
		mnl_attr_put_u32(r.h, IFLA_MTU, mtu);
	return netlink_run(sock, &r, NULL, NULL);
}

int ip_link_down(int sock, int index)
{
	struct netlink_request r;

	netlink_begin_link(&r, RTM_NEWLINK, 0, index)->ifi_change = IFF_UP;
	return netlink_run(sock, &r, NULL, NULL);
}

/* ---- what the host uses ---- */

struct search {
	const struct net_addr *subnet;
	bool anything, found;
	int except;
};

static int on_route(const struct nlmsghdr *h, void *data)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(h);
	struct search *s = data;
	struct net_addr to = { .family = rt->rtm_family, .prefix = rt->rtm_dst_len };
	const struct nlattr *attr;
	int out = 0;

	if (h->nlmsg_type != RTM_NEWROUTE || rt->rtm_table != RT_TABLE_MAIN ||
	    rt->rtm_family != s->subnet->family || !rt->rtm_dst_len ||
	    (!s->anything && rt->rtm_scope != RT_SCOPE_LINK && rt->rtm_protocol != RTPROT_KERNEL))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, h, sizeof(*rt))
	{
		if (mnl_attr_get_type(attr) == RTA_OIF)
			out = (int)mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == RTA_DST &&
			 mnl_attr_get_payload_len(attr) <= sizeof(to.bytes))
			memcpy(to.bytes, mnl_attr_get_payload(attr),
			       mnl_attr_get_payload_len(attr));
	}
	if ((!out || out != s->except) && net_addr_overlap(&to, s->subnet))
		s->found = true;
	return MNL_CB_OK;
}

static void forget(void *data)
{
	((struct search *)data)->found = false;
}

int ip_subnet_used(int sock, const struct net_addr *subnet, bool anything, int except)
{
	struct search s = { .subnet = subnet, .anything = anything, .except = except };
	struct netlink_request r;
	struct rtmsg *rt;
	int n;

	netlink_begin(&r, RTM_GETROUTE, NLM_F_DUMP);
	rt = mnl_nlmsg_put_extra_header(r.h, sizeof(*rt));
	rt->rtm_family = subnet->family;
	n = netlink_dump(sock, &r, on_route, forget, &s);
	return n < 0 ? n : s.found;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See own.h. */
#include "net/own.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <stdio.h>
#include <string.h>

#include "net/kinds.h"
#include "net/netlink.h"

enum {
	KIND_SIZE = 16,
	ALIAS_SIZE = 256, /* IFALIASZ of the kernel */
	LOOPBACK_INDEX = 1,
	OPER_UP = 6, /* RFC 2863, ifOperStatus, as IFLA_OPERSTATE counts */
};

/* A link as the kernel described it. */
struct seen {
	struct own_link link;
	char name[IFNAMSIZ], kind[KIND_SIZE], alias[ALIAS_SIZE];
	uint8_t mac[NET_MAC_SIZE];
};

/* ---- looking ---- */

static void copy_text(const struct nlattr *attr, char *to, size_t size)
{
	(void)snprintf(to, size, "%.*s", (int)mnl_attr_get_payload_len(attr),
		       mnl_attr_get_str(attr));
}

static void read_kind(const struct nlattr *info, struct seen *s)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info)
	{
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			copy_text(attr, s->kind, sizeof(s->kind));
	}
}

static void read_counters(const struct nlattr *attr, struct own_link *l)
{
	struct rtnl_link_stats64 stats = { 0 };
	size_t n = mnl_attr_get_payload_len(attr);

	memcpy(&stats, mnl_attr_get_payload(attr), n < sizeof(stats) ? n : sizeof(stats));
	l->rx_bytes = stats.rx_bytes;
	l->rx_packets = stats.rx_packets;
	l->rx_dropped = stats.rx_dropped;
	l->tx_bytes = stats.tx_bytes;
	l->tx_packets = stats.tx_packets;
	l->tx_dropped = stats.tx_dropped;
}

static void read_attr(const struct nlattr *attr, struct seen *s)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME: copy_text(attr, s->name, sizeof(s->name)); break;
	case IFLA_IFALIAS: copy_text(attr, s->alias, sizeof(s->alias)); break;
	case IFLA_LINKINFO: read_kind(attr, s); break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(attr) == NET_MAC_SIZE)
			memcpy(s->mac, mnl_attr_get_payload(attr), NET_MAC_SIZE);
		break;
	case IFLA_LINK_NETNSID: s->link.nsid = (int)mnl_attr_get_u32(attr); break;
	case IFLA_OPERSTATE: s->link.running = mnl_attr_get_u8(attr) == OPER_UP; break;
	case IFLA_STATS64: read_counters(attr, &s->link); break;
	default: break;
	}
}

static void read_link(const struct nlmsghdr *h, struct seen *s)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);
	const struct nlattr *attr;

	memset(s, 0, sizeof(*s));
	s->link.index = ifi->ifi_index;
	s->link.up = ifi->ifi_flags & IFF_UP;
	s->link.nsid = -1;
	mnl_attr_for_each(attr, h, sizeof(*ifi))
	{
		read_attr(attr, s);
	}
}

static int on_link(const struct nlmsghdr *h, void *data)
{
	if (h->nlmsg_type == RTM_NEWLINK)
		read_link(h, data);
	return MNL_CB_OK;
}

int own_find(int sock, const char *name, const char *kind, const uint8_t uuid[NET_UUID_SIZE],
	     struct own_link *ret, bool *ret_claimed)
{
	char alias[NET_ALIAS_SIZE];
	uint8_t mac[NET_MAC_SIZE];
	struct netlink_request r;
	struct seen s = { .link.index = 0 };
	bool claimed;
	int n;

	(void)netlink_begin_link(&r, RTM_GETLINK, 0, 0);
	mnl_attr_put_strz(r.h, IFLA_IFNAME, name);
	n = netlink_run(sock, &r, on_link, &s);
	if (n < 0 || !s.link.index)
		return n < 0 ? n : -ENODEV;
	net_uuid_mac(uuid, mac);
	claimed = strcmp(s.alias, net_alias(uuid, alias)) == 0;
	if (strcmp(s.kind, kind) != 0 ||
	    (!claimed && (s.alias[0] || memcmp(s.mac, mac, sizeof(mac)) != 0)))
		return -EEXIST;
	*ret = s.link;
	if (ret_claimed)
		*ret_claimed = claimed;
	return 0;
}

/* ---- making ---- */

static void set_flags(struct ifinfomsg *ifi, unsigned flags)
{
	ifi->ifi_flags = ifi->ifi_change = flags;
}

int own_make_bridge(int sock, const char *name, const uint8_t uuid[NET_UUID_SIZE], uint32_t mtu)
{
	uint8_t mac[NET_MAC_SIZE];
	struct nlattr *info, *data;
	struct netlink_request r;

	(void)netlink_begin_link(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	net_uuid_mac(uuid, mac);
	mnl_attr_put_strz(r.h, IFLA_IFNAME, name);
	mnl_attr_put(r.h, IFLA_ADDRESS, sizeof(mac), mac);
	if (mtu)
		mnl_attr_put_u32(r.h, IFLA_MTU, mtu);
	info = mnl_attr_nest_start(r.h, IFLA_LINKINFO);
	mnl_attr_put_strz(r.h, IFLA_INFO_KIND, "bridge");
	data = mnl_attr_nest_start(r.h, IFLA_INFO_DATA);
	mnl_attr_put_u32(r.h, IFLA_BR_FORWARD_DELAY, 0);
	mnl_attr_put_u32(r.h, IFLA_BR_STP_STATE, 0);
	mnl_attr_nest_end(r.h, data);
	mnl_attr_nest_end(r.h, info);
	return netlink_run(sock, &r, NULL, NULL);
}

static void put_peer(struct nlmsghdr *h, const struct own_veth *v)
{
	struct nlattr *peer = mnl_attr_nest_start(h, VETH_INFO_PEER);

	(void)mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(h, IFLA_IFNAME, v->name);
	mnl_attr_put(h, IFLA_ADDRESS, NET_MAC_SIZE, v->mac);
	mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t)v->ns);
	if (v->mtu)
		mnl_attr_put_u32(h, IFLA_MTU, v->mtu);
	mnl_attr_nest_end(h, peer);
}

int own_make_veth(int sock, const struct own_veth *v)
{
	uint8_t mac[NET_MAC_SIZE];
	struct nlattr *info, *data;
	struct netlink_request r;
	char name[IFNAMSIZ];

	set_flags(netlink_begin_link(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0), IFF_UP);
	net_uuid_mac(v->uuid, mac);
	mnl_attr_put_strz(r.h, IFLA_IFNAME, net_host_name(v->uuid, name));
	mnl_attr_put(r.h, IFLA_ADDRESS, sizeof(mac), mac);
	mnl_attr_put_u32(r.h, IFLA_MASTER, (uint32_t)v->bridge);
	if (v->mtu)
		mnl_attr_put_u32(r.h, IFLA_MTU, v->mtu);
	info = mnl_attr_nest_start(r.h, IFLA_LINKINFO);
	mnl_attr_put_strz(r.h, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(r.h, IFLA_INFO_DATA);
	put_peer(r.h, v);
	mnl_attr_nest_end(r.h, data);
	mnl_attr_nest_end(r.h, info);
	return netlink_run(sock, &r, NULL, NULL);
}

int own_claim_port(int sock, int index, const uint8_t uuid[NET_UUID_SIZE], bool isolate,
		   bool hairpin)
{
	struct nlattr *info, *data;
	struct netlink_request r;
	char alias[NET_ALIAS_SIZE];

	(void)netlink_begin_link(&r, RTM_NEWLINK, 0, index);
	mnl_attr_put_str(r.h, IFLA_IFALIAS, net_alias(uuid, alias));
	info = mnl_attr_nest_start(r.h, IFLA_LINKINFO);
	mnl_attr_put_strz(r.h, IFLA_INFO_SLAVE_KIND, "bridge");
	data = mnl_attr_nest_start(r.h, IFLA_INFO_SLAVE_DATA);
	mnl_attr_put_u8(r.h, IFLA_BRPORT_ISOLATED, isolate);
	mnl_attr_put_u8(r.h, IFLA_BRPORT_MODE, hairpin);
	mnl_attr_nest_end(r.h, data);
	mnl_attr_nest_end(r.h, info);
	return netlink_run(sock, &r, NULL, NULL);
}

int own_claim_bridge(int sock, int index, const uint8_t uuid[NET_UUID_SIZE])
{
	struct netlink_request r;
	char alias[NET_ALIAS_SIZE];

	set_flags(netlink_begin_link(&r, RTM_NEWLINK, 0, index), IFF_UP);
	mnl_attr_put_str(r.h, IFLA_IFALIAS, net_alias(uuid, alias));
	return netlink_run(sock, &r, NULL, NULL);
}

static uint32_t macvlan_mode(const char *word)
{
	if (word && strcmp(word, "private") == 0)
		return MACVLAN_MODE_PRIVATE;
	return word && strcmp(word, "vepa") == 0 ? MACVLAN_MODE_VEPA : MACVLAN_MODE_BRIDGE;
}

int own_make_macvlan(int sock, int parent, int ns, const char *name, const char *mode,
		     const uint8_t *mac, uint32_t mtu)
{
	struct nlattr *info, *data;
	struct netlink_request r;

	(void)netlink_begin_link(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(r.h, IFLA_IFNAME, name);
	mnl_attr_put_u32(r.h, IFLA_LINK, (uint32_t)parent);
	mnl_attr_put_u32(r.h, IFLA_NET_NS_FD, (uint32_t)ns);
	mnl_attr_put(r.h, IFLA_ADDRESS, NET_MAC_SIZE, mac);
	if (mtu)
		mnl_attr_put_u32(r.h, IFLA_MTU, mtu);
	info = mnl_attr_nest_start(r.h, IFLA_LINKINFO);
	mnl_attr_put_strz(r.h, IFLA_INFO_KIND, "macvlan");
	data = mnl_attr_nest_start(r.h, IFLA_INFO_DATA);
	mnl_attr_put_u32(r.h, IFLA_MACVLAN_MODE, macvlan_mode(mode));
	mnl_attr_nest_end(r.h, data);
	mnl_attr_nest_end(r.h, info);
	return netlink_run(sock, &r, NULL, NULL);
}

int own_delete(int sock, int index)
{
	struct netlink_request r;

	(void)netlink_begin_link(&r, RTM_DELLINK, 0, index);
	return netlink_run(sock, &r, NULL, NULL);
}

bool own_namespace_lives(int sock, int nsid)
{
	struct netlink_request r;

	if (nsid < 0)
		return false;
	(void)netlink_begin_link(&r, RTM_GETLINK, 0, LOOPBACK_INDEX);
	mnl_attr_put_u32(r.h, IFLA_TARGET_NETNSID, (uint32_t)nsid);
	return netlink_run(sock, &r, NULL, NULL) == 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See link.h. */
#include "net/link.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/netlink.h"

static int on_link(const struct nlmsghdr *h, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);
	struct link *l = data;

	if (h->nlmsg_type == RTM_NEWLINK) {
		l->index = ifi->ifi_index;
		l->up = ifi->ifi_flags & IFF_UP;
	}
	return MNL_CB_OK;
}

int link_find(int sock, const char *name, struct link *ret)
{
	struct link found = { 0 };
	struct netlink_request r;
	int n;

	(void)netlink_begin_link(&r, RTM_GETLINK, 0, 0);
	mnl_attr_put_strz(r.h, IFLA_IFNAME, name);
	n = netlink_run(sock, &r, on_link, &found);
	if (n == 0 && !found.index)
		n = -ENODEV;
	if (n == 0)
		*ret = found;
	return n;
}

int link_move(int sock, int index, int ns, const char *name)
{
	struct netlink_request r;

	(void)netlink_begin_link(&r, RTM_NEWLINK, 0, index);
	mnl_attr_put_u32(r.h, IFLA_NET_NS_FD, (uint32_t)ns);
	mnl_attr_put_strz(r.h, IFLA_IFNAME, name);
	return netlink_run(sock, &r, NULL, NULL);
}

int link_set_up(int sock, int index)
{
	struct netlink_request r;
	struct ifinfomsg *ifi = netlink_begin_link(&r, RTM_NEWLINK, 0, index);

	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	return netlink_run(sock, &r, NULL, NULL);
}

int link_set_down(int sock, int index)
{
	struct netlink_request r;
	struct ifinfomsg *ifi = netlink_begin_link(&r, RTM_NEWLINK, 0, index);

	ifi->ifi_change = IFF_UP;
	return netlink_run(sock, &r, NULL, NULL);
}

/* ---- addresses ---- */

struct collect {
	int index;
	struct link_addresses *list;
};

static void copy_attr(const struct nlattr *attr, uint8_t *to, uint8_t *len)
{
	size_t n = mnl_attr_get_payload_len(attr);

	if (n > LINK_ADDRESS_SIZE)
		return;
	memcpy(to, mnl_attr_get_payload(attr), n);
	*len = (uint8_t)n;
}

static void read_attrs(const struct nlmsghdr *h, struct link_address *a)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, h, sizeof(struct ifaddrmsg))
	{
		switch (mnl_attr_get_type(attr)) {
		case IFA_LOCAL: copy_attr(attr, a->local, &a->local_len); break;
		case IFA_ADDRESS: copy_attr(attr, a->address, &a->address_len); break;
		case IFA_BROADCAST: copy_attr(attr, a->broadcast, &a->broadcast_len); break;
		case IFA_FLAGS: a->flags = mnl_attr_get_u32(attr); break;
		case IFA_RT_PRIORITY:
			a->metric = mnl_attr_get_u32(attr);
			a->has_metric = true;
			break;
		default: break;
		}
	}
}

static int on_address(const struct nlmsghdr *h, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(h);
	const struct collect *c = data;
	struct link_address a = { .family = ifa->ifa_family,
				  .prefix = ifa->ifa_prefixlen,
				  .flags = ifa->ifa_flags };
	struct link_addresses *list = c->list;

	if (h->nlmsg_type != RTM_NEWADDR || (int)ifa->ifa_index != c->index ||
	    ifa->ifa_scope != RT_SCOPE_UNIVERSE)
		return MNL_CB_OK;
	read_attrs(h, &a);
	if (!(a.flags & IFA_F_PERMANENT))
		return MNL_CB_OK;
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 8;
		struct link_address *bigger = reallocarray(list->items, room, sizeof(a));

		if (!bigger) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
		list->items = bigger;
		list->room = room;
	}
	list->items[list->count++] = a;
	return MNL_CB_OK;
}

static void forget(void *data)
{
	const struct collect *c = data;

	c->list->count = 0;
}

int link_addresses_get(int sock, int index, struct link_addresses *ret)
{
	struct collect c = { .index = index, .list = ret };
	struct netlink_request request;

	netlink_begin(&request, RTM_GETADDR, NLM_F_DUMP);
	(void)mnl_nlmsg_put_extra_header(request.h, sizeof(struct ifaddrmsg));
	return netlink_dump(sock, &request, on_address, forget, &c);
}

/* Flags that say how the address is used; the others tell its state. */
enum {
	KEPT_FLAGS = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |
		     IFA_F_MCAUTOJOIN,
};

int link_address_add(int sock, int index, const struct link_address *a)
{
	struct ifaddrmsg *ifa;
	struct netlink_request r;

	netlink_begin(&r, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	ifa = mnl_nlmsg_put_extra_header(r.h, sizeof(*ifa));
	ifa->ifa_family = a->family;
	ifa->ifa_prefixlen = a->prefix;
	ifa->ifa_scope = RT_SCOPE_UNIVERSE;
	ifa->ifa_index = (unsigned)index;
	if (a->local_len)
		mnl_attr_put(r.h, IFA_LOCAL, a->local_len, a->local);
	if (a->address_len)
		mnl_attr_put(r.h, IFA_ADDRESS, a->address_len, a->address);
	if (a->broadcast_len)
		mnl_attr_put(r.h, IFA_BROADCAST, a->broadcast_len, a->broadcast);
	if (a->has_metric)
		mnl_attr_put_u32(r.h, IFA_RT_PRIORITY, a->metric);
	mnl_attr_put_u32(r.h, IFA_FLAGS, a->flags & KEPT_FLAGS);
	return netlink_run(sock, &r, NULL, NULL);
}

int link_namespace(int sock)
{
	int ns = ioctl(sock, SIOCGSKNS);

	return ns < 0 ? -errno : ns;
}

int link_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

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

enum {
	REPLY_SIZE = 32768, /* as rtnetlink(7) wants it for dumps */
	REQUEST_SIZE = 512,
	DUMP_TRIES = 100, /* somebody is busy on the host, but not for ever */
};

struct request {
	_Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];
	struct nlmsghdr *h;
};

static void request_begin(struct request *r, uint16_t type, uint16_t flags)
{
	memset(r, 0, sizeof(*r));
	r->h = mnl_nlmsg_put_header(r->buf);
	r->h->nlmsg_type = type;
	r->h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	r->h->nlmsg_seq = 1;
}

static struct ifinfomsg *link_begin(struct request *r, uint16_t type, int index)
{
	struct ifinfomsg *ifi;

	request_begin(r, type, NLM_F_ACK);
	ifi = mnl_nlmsg_put_extra_header(r->h, sizeof(*ifi));
	ifi->ifi_index = index;
	return ifi;
}

/*
 * The kernel marks a dump during which something changed, which libmnl takes for its end: the rest would
 * stay in the socket, for whoever asks next. So the marks are taken off, and remembered.
 */
static bool take_marks(char *reply, ssize_t n)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)reply;
	bool marked = false;
	int left = (int)n;

	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		marked |= h->nlmsg_flags & NLM_F_DUMP_INTR;
		h->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
	}
	return marked;
}

/*
 * Send, and feed @cb with what comes back until the kernel says that this was all. -EINTR: something
 * changed meanwhile, ask again.
 */
static int request_run(int sock, const struct request *r, mnl_cb_t cb, void *data)
{
	char *reply = malloc(REPLY_SIZE);
	bool changed = false;
	int more = MNL_CB_OK;
	ssize_t n;

	if (!reply)
		return -ENOMEM;
	errno = 0;
	n = send(sock, r->h, r->h->nlmsg_len, 0);
	while (n >= 0 && more > MNL_CB_STOP) {
		n = recv(sock, reply, REPLY_SIZE, 0);
		if (n > 0)
			changed |= take_marks(reply, n);
		if (n >= 0)
			more = mnl_cb_run(reply, (size_t)n, r->h->nlmsg_seq, 0, cb, data);
	}
	free(reply);
	if (n < 0 || more < 0)
		return errno ? -errno : -EIO;
	return changed ? -EINTR : 0;
}

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
	struct request r;
	int n;

	(void)link_begin(&r, RTM_GETLINK, 0);
	mnl_attr_put_strz(r.h, IFLA_IFNAME, name);
	n = request_run(sock, &r, on_link, &found);
	if (n == 0 && !found.index)
		n = -ENODEV;
	if (n == 0)
		*ret = found;
	return n;
}

int link_move(int sock, int index, int ns, const char *name)
{
	struct request r;

	(void)link_begin(&r, RTM_NEWLINK, index);
	mnl_attr_put_u32(r.h, IFLA_NET_NS_FD, (uint32_t)ns);
	mnl_attr_put_strz(r.h, IFLA_IFNAME, name);
	return request_run(sock, &r, NULL, NULL);
}

int link_set_up(int sock, int index)
{
	struct request r;
	struct ifinfomsg *ifi = link_begin(&r, RTM_NEWLINK, index);

	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	return request_run(sock, &r, NULL, NULL);
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

int link_addresses_get(int sock, int index, struct link_addresses *ret)
{
	struct collect c = { .index = index, .list = ret };
	struct request request;
	int r = -EINTR;

	request_begin(&request, RTM_GETADDR, NLM_F_DUMP);
	(void)mnl_nlmsg_put_extra_header(request.h, sizeof(struct ifaddrmsg));
	for (int i = 0; r == -EINTR && i < DUMP_TRIES; i++) {
		ret->count = 0;
		r = request_run(sock, &request, on_address, &c);
	}
	return r;
}

/* Flags that say how the address is used; the others tell its state. */
enum {
	KEPT_FLAGS = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |
		     IFA_F_MCAUTOJOIN,
};

int link_address_add(int sock, int index, const struct link_address *a)
{
	struct ifaddrmsg *ifa;
	struct request r;

	request_begin(&r, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
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
	return request_run(sock, &r, NULL, NULL);
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

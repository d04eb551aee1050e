// SPDX-License-Identifier: GPL-2.0-or-later
/* See hold.h. The rule is: tcp flags & (syn | ack) == syn drop. */
#include "net/hold.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "net/netlink.h"
#include "net/nft_wire.h"
#include "net/visit.h"
#include "util/cleanup.h"
#include "util/kernel.h"

#define TABLE "ctr-hold"
#define CHAIN "hold"

enum {
	BATCH_SIZE = 2048,
	PRIORITY = -450, /* before connection tracking, and whatever rules the container has */
	FLAGS_OFFSET = 13,
	FLAG_SYN = 0x02,
	FLAG_ACK = 0x10,
	TABLE_OWNED = 2, /* NFT_TABLE_F_OWNER */
};

/* ---- the rule ---- */

static struct nlmsghdr *begin(char *buf, int type, uint16_t flags, uint32_t seq)
{
	return nft_message(buf, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
			   (uint16_t)(NLM_F_CREATE | flags), seq, NFPROTO_INET, 0);
}

static size_t put_table(char *buf, uint32_t seq)
{
	struct nlmsghdr *h = begin(buf, NFT_MSG_NEWTABLE, NLM_F_EXCL, seq);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, TABLE);
	mnl_attr_put_u32(h, NFTA_TABLE_FLAGS, htonl(TABLE_OWNED));
	return h->nlmsg_len;
}

static size_t put_chain(char *buf, uint32_t seq)
{
	struct nlmsghdr *h = begin(buf, NFT_MSG_NEWCHAIN, 0, seq);
	struct nlattr *hook;

	mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, TABLE);
	mnl_attr_put_strz(h, NFTA_CHAIN_NAME, CHAIN);
	hook = mnl_attr_nest_start(h, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(h, NFTA_HOOK_HOOKNUM, htonl(NF_INET_PRE_ROUTING));
	mnl_attr_put_u32(h, NFTA_HOOK_PRIORITY, htonl((uint32_t)PRIORITY));
	mnl_attr_nest_end(h, hook);
	mnl_attr_put_strz(h, NFTA_CHAIN_TYPE, "filter");
	return h->nlmsg_len;
}

struct expression {
	struct nlattr *element, *data;
};

static struct expression begin_expression(struct nlmsghdr *h, const char *name)
{
	struct expression x = { .element = mnl_attr_nest_start(h, NFTA_LIST_ELEM) };

	mnl_attr_put_strz(h, NFTA_EXPR_NAME, name);
	x.data = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	return x;
}

static void end_expression(struct nlmsghdr *h, const struct expression *x)
{
	mnl_attr_nest_end(h, x->data);
	mnl_attr_nest_end(h, x->element);
}

static void put_number(struct nlmsghdr *h, uint16_t type, uint32_t n)
{
	mnl_attr_put_u32(h, type, htonl(n));
}

static void put_byte(struct nlmsghdr *h, uint16_t type, uint8_t byte)
{
	struct nlattr *nest = mnl_attr_nest_start(h, type);

	mnl_attr_put(h, NFTA_DATA_VALUE, sizeof(byte), &byte);
	mnl_attr_nest_end(h, nest);
}

static void put_compare(struct nlmsghdr *h, uint8_t byte)
{
	struct expression x = begin_expression(h, "cmp");

	put_number(h, NFTA_CMP_SREG, NFT_REG_1);
	put_number(h, NFTA_CMP_OP, NFT_CMP_EQ);
	put_byte(h, NFTA_CMP_DATA, byte);
	end_expression(h, &x);
}

static void put_is_tcp(struct nlmsghdr *h)
{
	struct expression x = begin_expression(h, "meta");

	put_number(h, NFTA_META_KEY, NFT_META_L4PROTO);
	put_number(h, NFTA_META_DREG, NFT_REG_1);
	end_expression(h, &x);
	put_compare(h, IPPROTO_TCP);
}

static void put_is_syn(struct nlmsghdr *h)
{
	struct expression x = begin_expression(h, "payload");

	put_number(h, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_number(h, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
	put_number(h, NFTA_PAYLOAD_OFFSET, FLAGS_OFFSET);
	put_number(h, NFTA_PAYLOAD_LEN, 1);
	end_expression(h, &x);
	x = begin_expression(h, "bitwise");
	put_number(h, NFTA_BITWISE_SREG, NFT_REG_1);
	put_number(h, NFTA_BITWISE_DREG, NFT_REG_1);
	put_number(h, NFTA_BITWISE_LEN, 1);
	put_byte(h, NFTA_BITWISE_MASK, FLAG_SYN | FLAG_ACK);
	put_byte(h, NFTA_BITWISE_XOR, 0);
	end_expression(h, &x);
	put_compare(h, FLAG_SYN);
}

static void put_drop(struct nlmsghdr *h)
{
	struct expression x = begin_expression(h, "immediate");
	struct nlattr *data, *verdict;

	put_number(h, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(h, NFTA_IMMEDIATE_DATA);
	verdict = mnl_attr_nest_start(h, NFTA_DATA_VERDICT);
	put_number(h, NFTA_VERDICT_CODE, NF_DROP);
	mnl_attr_nest_end(h, verdict);
	mnl_attr_nest_end(h, data);
	end_expression(h, &x);
}

static size_t put_rule(char *buf, uint32_t seq)
{
	struct nlmsghdr *h = begin(buf, NFT_MSG_NEWRULE, NLM_F_APPEND | NLM_F_ACK, seq);
	struct nlattr *list;

	mnl_attr_put_strz(h, NFTA_RULE_TABLE, TABLE);
	mnl_attr_put_strz(h, NFTA_RULE_CHAIN, CHAIN);
	list = mnl_attr_nest_start(h, NFTA_RULE_EXPRESSIONS);
	put_is_tcp(h);
	put_is_syn(h);
	put_drop(h);
	mnl_attr_nest_end(h, list);
	return h->nlmsg_len;
}

static int make_table(int sock)
{
	_Alignas(struct nlmsghdr) char buf[BATCH_SIZE] = { 0 };
	size_t at = nft_batch_begin(buf, 0);

	at += put_table(buf + at, 1);
	at += put_chain(buf + at, 2);
	at += put_rule(buf + at, 3);
	at += nft_batch_end(buf + at, 4);
	return nft_batch_commit(sock, buf, at, 3);
}

int net_hold(int ns)
{
	cleanup_fd int sock = net_socket_in(ns, nft_socket);
	int r = sock < 0 ? sock : make_table(sock);

	return r < 0 ? r : take_fd(&sock);
}

/* ---- what there is ---- */

enum {
	NEW_SYN_RECV = 12, /* the kernel's own number for most of those that it shows as SYN_RECV */
	/* how often something was sent again: after 1, 3 s; after 0.2, 0.6, ... 12 s */
	OPENING_MAX = 2,
	CLOSING_MAX = 6,
};

#define STATE(s) (1u << (s))

static void count_opening(struct net_unsettled *u, const struct inet_diag_msg *m)
{
	if (m->idiag_retrans >= OPENING_MAX)
		u->stuck++;
	else
		u->opening++;
}

static void count_closing(struct net_unsettled *u, const struct inet_diag_msg *m)
{
	/* of what has a number, a process has a descriptor, and criu saves it */
	if (m->idiag_inode != 0)
		return;
	if (m->idiag_retrans >= CLOSING_MAX) {
		u->stuck++;
		return;
	}
	u->closing++;
	u->late += m->idiag_retrans > 0;
}

static int on_socket(const struct nlmsghdr *h, void *data)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);
	struct net_unsettled *u = data;

	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return MNL_CB_OK;
	if (m->idiag_state == TCP_LISTEN) {
		u->listeners++;
		u->unaccepted += m->idiag_rqueue;
	} else if (m->idiag_state == TCP_SYN_RECV) {
		count_opening(u, m);
	} else {
		count_closing(u, m);
	}
	return MNL_CB_OK;
}

static int count_family(int sock, uint8_t family, struct net_unsettled *u)
{
	struct netlink_request r;
	struct inet_diag_req_v2 *d;
	int n;

	netlink_begin(&r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	d = mnl_nlmsg_put_extra_header(r.h, sizeof(*d));
	d->sdiag_family = family;
	d->sdiag_protocol = IPPROTO_TCP;
	d->idiag_states = STATE(TCP_LISTEN) | STATE(TCP_SYN_RECV) | STATE(NEW_SYN_RECV) |
			  STATE(TCP_FIN_WAIT1) | STATE(TCP_LAST_ACK) | STATE(TCP_CLOSING);
	n = netlink_run(sock, &r, on_socket, u);
	/* somebody came or went meanwhile: good enough for what is asked again and again */
	return n == -EINTR ? 0 : n;
}

int net_unsettled_count(int sock, struct net_unsettled *ret)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct net_unsettled u = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(families); i++)
		r = count_family(sock, families[i], &u);
	if (r == 0)
		*ret = u;
	return r;
}

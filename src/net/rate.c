// SPDX-License-Identifier: GPL-2.0-or-later
/* See rate.h. The token bucket filter of the kernel: sch_tbf, with the attributes of pkt_sched.h. */
#include "net/rate.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "net/netlink.h"
#include "util/num.h"

enum {
	RATE_TEXT = 128,
	BURST_PER_SECOND = 100, /* 10 ms of the rate */
	BURST_MIN = 65536,	/* a packet before segmentation passes in one piece */
	QUEUE_PER_SECOND = 10,	/* 100 ms of the rate wait, what comes then is dropped */
	RATE_MIN = 8000		/* bits: slower than this nothing would ever get through in time */
};

#define RATE_MAX UINT64_C(1000000000000)

/* ---- words ---- */

static int bad(const char *text, const char *why, struct err *e)
{
	err_set(e, ERR_USAGE, 0, "--net-rate '%s': %s", text, why);
	err_hint(e, "10mbit, or in=10mbit,out=2mbit[,in-burst=128k][,out-burst=64k]");
	return -EINVAL;
}

static int parse_rate(const char *text, uint64_t *ret)
{
	static const struct {
		const char *unit;
		uint64_t factor;
	} units[] = { { "bit", 1 }, { "kbit", 1000 }, { "mbit", 1000000 }, { "gbit", 1000000000 } };
	uint64_t n = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9' && n <= RATE_MAX; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	if (p == text || n > RATE_MAX)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(p, units[i].unit) == 0 && n <= RATE_MAX / units[i].factor &&
		    n * units[i].factor >= RATE_MIN) {
			*ret = n * units[i].factor;
			return 0;
		}
	return -EINVAL;
}

static int parse_burst(const char *text, uint64_t *ret)
{
	int64_t size;

	if (num_parse_size(text, &size) < 0 || size < ETH_DATA_LEN || size > UINT32_MAX)
		return -EINVAL;
	*ret = (uint64_t)size;
	return 0;
}

static int parse_word(const char *text, char *word, struct net_rate *ret, struct err *e)
{
	const struct {
		const char *key;
		int (*parse)(const char *text, uint64_t *ret);
		uint64_t *value;
	} keys[] = {
		{ "in", parse_rate, &ret->ingress },
		{ "out", parse_rate, &ret->egress },
		{ "in-burst", parse_burst, &ret->ingress_burst },
		{ "out-burst", parse_burst, &ret->egress_burst },
	};
	char *value = strchr(word, '=');

	if (!value)
		return bad(text, "a word without '='", e);
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(word, keys[i].key) != 0)
			continue;
		if (*keys[i].value)
			return bad(text, "a word twice", e);
		if (keys[i].parse(value, keys[i].value) == 0)
			return 0;
		return bad(text,
			   keys[i].parse == parse_rate
				   ? "a rate is a number and bit, kbit, mbit or gbit, from 8kbit "
				     "to 1000gbit"
				   : "a burst is a size of at least 1500 bytes",
			   e);
	}
	return bad(text, "the words are in, out, in-burst and out-burst", e);
}

int net_rate_parse(const char *text, struct net_rate *ret, struct err *e)
{
	char buf[RATE_TEXT], *rest = buf, *word;
	struct net_rate rate = { 0 };
	int r = 0;

	if ((size_t)snprintf(buf, sizeof(buf), "%s", text) >= sizeof(buf))
		return bad(text, "too long", e);
	if (parse_rate(buf, &rate.ingress) == 0) {
		rate.egress = rate.ingress;
		*ret = rate;
		return 0;
	}
	while (r == 0 && (word = strsep(&rest, ",")))
		r = parse_word(text, word, &rate, e);
	if (r == 0 &&
	    ((rate.ingress_burst && !rate.ingress) || (rate.egress_burst && !rate.egress)))
		r = bad(text, "a burst without a rate", e);
	if (r == 0)
		*ret = rate;
	return r;
}

/* ---- the kernel ---- */

static struct tcmsg *begin(struct netlink_request *r, uint16_t type, uint16_t flags, int index)
{
	struct tcmsg *tc;

	netlink_begin(r, type, flags);
	tc = mnl_nlmsg_put_extra_header(r->h, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = index;
	tc->tcm_parent = TC_H_ROOT;
	return tc;
}

static uint32_t clamp(uint64_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

int net_rate_limit(int sock, int index, uint64_t bits, uint64_t burst)
{
	uint64_t bytes = bits / 8;
	struct tc_tbf_qopt opt = { .rate = { .linklayer = TC_LINKLAYER_ETHERNET,
					     .rate = clamp(bytes) } };
	struct netlink_request r;
	struct nlattr *nest;

	if (!burst)
		burst = bytes / BURST_PER_SECOND > BURST_MIN ? bytes / BURST_PER_SECOND : BURST_MIN;
	opt.limit = clamp(burst + bytes / QUEUE_PER_SECOND);
	(void)begin(&r, RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, index);
	mnl_attr_put_strz(r.h, TCA_KIND, "tbf");
	nest = mnl_attr_nest_start(r.h, TCA_OPTIONS);
	mnl_attr_put(r.h, TCA_TBF_PARMS, sizeof(opt), &opt);
	mnl_attr_put_u32(r.h, TCA_TBF_BURST, clamp(burst));
	if (bytes >= UINT32_MAX)
		mnl_attr_put_u64(r.h, TCA_TBF_RATE64, bytes);
	mnl_attr_nest_end(r.h, nest);
	return netlink_run(sock, &r, NULL, NULL);
}

/* The kernel tells the burst as time, in ticks of 64 ns (PSCHED_SHIFT), at the rate. */
static void read_options(const struct nlattr *options, struct net_rate_state *s)
{
	const struct nlattr *attr;
	struct tc_tbf_qopt opt = { 0 };
	uint64_t bytes = 0;

	mnl_attr_for_each_nested(attr, options)
	{
		size_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == TCA_TBF_PARMS && len >= sizeof(opt))
			memcpy(&opt, mnl_attr_get_payload(attr), sizeof(opt));
		else if (mnl_attr_get_type(attr) == TCA_TBF_RATE64 && len == sizeof(bytes))
			bytes = mnl_attr_get_u64(attr);
	}
	if (!bytes)
		bytes = opt.rate.rate;
	s->bits = bytes * 8;
	s->burst = (uint64_t)opt.buffer * 64 * bytes / 1000000000;
}

static void read_queue(const struct nlattr *stats, struct net_rate_state *s)
{
	const struct nlattr *attr;
	struct gnet_stats_queue queue;

	mnl_attr_for_each_nested(attr, stats)
	{
		if (mnl_attr_get_type(attr) != TCA_STATS_QUEUE ||
		    mnl_attr_get_payload_len(attr) < sizeof(queue))
			continue;
		memcpy(&queue, mnl_attr_get_payload(attr), sizeof(queue));
		s->dropped = queue.drops;
		s->overlimits = queue.overlimits;
	}
}

static int on_qdisc(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *attr, *options = NULL, *stats = NULL;
	bool tbf = false;

	if (h->nlmsg_type != RTM_NEWQDISC)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, h, sizeof(struct tcmsg))
	{
		switch (mnl_attr_get_type(attr)) {
		case TCA_KIND: tbf = strcmp(mnl_attr_get_str(attr), "tbf") == 0; break;
		case TCA_OPTIONS: options = attr; break;
		case TCA_STATS2: stats = attr; break;
		default: break;
		}
	}
	if (tbf && options)
		read_options(options, data);
	if (tbf && stats)
		read_queue(stats, data);
	return MNL_CB_OK;
}

int net_rate_read(int sock, int index, struct net_rate_state *ret)
{
	struct net_rate_state s = { 0 };
	struct netlink_request r;
	int n;

	/* without ECHO the answer goes to whoever listens to everything, but not to us */
	(void)begin(&r, RTM_GETQDISC, NLM_F_ACK | NLM_F_ECHO, index);
	n = netlink_run(sock, &r, on_qdisc, &s);
	if (n == -ENOENT) /* what stands there is nobody's work and has no name */
		n = 0;
	if (n == 0)
		*ret = s;
	return n;
}

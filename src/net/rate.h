/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --net-rate: how fast packets may come to a container and leave it. A token bucket at each end of the
 * veth shapes what this end sends (tc-tbf(8)): nothing of ifb or police is needed. That at the
 * container's end could be taken off by a container with CAP_NET_ADMIN, which is for the caller to refuse.
 */
#ifndef CTR_NET_RATE_H
#define CTR_NET_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/setup.h"
#include "util/err.h"

/*
 * "10mbit": both directions; or any of in=RATE, out=RATE, in-burst=SIZE, out-burst=SIZE, separated by commas.
 * RATE: a number and bit, kbit, mbit, gbit (powers of 1000), SIZE as num_parse_size. Pure. ERR_USAGE, -EINVAL.
 */
int net_rate_parse(const char *text, struct net_rate *ret, struct err *e);

/*
 * What the link @index of @sock's namespace sends is limited to @bits per second, in bursts of @burst
 * bytes (0: what is sent in 10 ms, at least 64 KiB). Replaces a limit of before. 0 or -errno; -ENOENT: the
 * kernel has no tbf. Needs CAP_NET_ADMIN there.
 */
int net_rate_limit(int sock, int index, uint64_t bits, uint64_t burst);

/* A limit that is there, and what it did. */
struct net_rate_state {
	uint64_t bits, burst; /* bits 0: none */
	uint32_t dropped, overlimits;
};

/* 0 or -errno. */
int net_rate_read(int sock, int index, struct net_rate_state *ret);

#endif

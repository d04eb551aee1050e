// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers of the runtime-spec (cgroup v1 units) as numbers of cgroup v2. No strings, no errors. */
#include "cgroups/internal.h"

enum {
	LOG2_BITS = 49, /* behind the point */
};

/*
 * log2 of @x >= 1 by repeated squaring: exact for powers of two, else good to about 1e-14. Written
 * out so that the program does not have to load the mathematics library for one number.
 */
static double log2_of(uint64_t x)
{
	int whole = 63 - __builtin_clzll(x);
	double m = (double)x / (double)(1ULL << whole);
	double log = whole, bit = 1;

	for (int i = 0; i < LOG2_BITS; i++) {
		bit /= 2; /* exact */
		m *= m;
		if (m >= 2) {
			m /= 2;
			log += bit;
		}
	}
	return log;
}

/*
 * weight = ceil(10^((l^2 + 125 l) / 612 - 7 / 34)), l = log2(shares): the curve through (2, 1),
 * (1024, 100) and (262144, 10000) that runc and crun agreed on in 2025. Solved for the smallest
 * weight with 612 log10(weight) >= l^2 + 125 l - 126; the tolerance keeps the exact points exact.
 */
uint64_t cgroup_convert_shares(uint64_t shares)
{
	const double log10_of_2 = 0.301029995663981195214;
	const double tolerance = 1e-9;
	uint64_t low = 1, high = 10000;
	double l, wanted;

	if (shares <= 2)
		return low;
	if (shares >= 262144)
		return high;
	l = log2_of(shares);
	wanted = l * l + 125 * l - 126 - tolerance;
	while (low < high) {
		uint64_t mid = (low + high) / 2;

		if (612 * log10_of_2 * log2_of(mid) >= wanted)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

uint64_t cgroup_convert_io_weight(uint64_t weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

enum cgroup_swap cgroup_convert_swap(int64_t limit, int64_t swap, uint64_t *ret)
{
	if (limit < -1 || swap < -1)
		return CGROUP_SWAP_NEGATIVE;
	if (swap ==
	    0) /* an unlimited memory makes the sum unlimited, or an update would keep the old one */
		return limit == -1 ? CGROUP_SWAP_MAX : CGROUP_SWAP_UNSET;
	if (swap == -1)
		return CGROUP_SWAP_MAX;
	if (limit <= 0)
		return CGROUP_SWAP_NO_LIMIT;
	if (swap < limit)
		return CGROUP_SWAP_TOO_LOW;
	*ret = (uint64_t)(swap - limit);
	return CGROUP_SWAP_BYTES;
}

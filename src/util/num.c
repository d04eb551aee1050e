// SPDX-License-Identifier: GPL-2.0-or-later
/* See num.h. */
#include "util/num.h"

#include <errno.h>
#include <string.h>

int num_parse_id(const char *text, size_t len, uint32_t *ret)
{
	uint64_t n = 0;

	if (!len || len > 10)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	if (n > UINT32_MAX - 1)
		return -EINVAL;
	*ret = (uint32_t)n;
	return 0;
}

static int parse_cpu(const char **text, size_t limit, size_t *ret)
{
	const char *p = *text;
	size_t n = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (size_t)(*p - '0');
		if (n >= limit)
			return -ERANGE;
	}
	*text = p;
	*ret = n;
	return 0;
}

int num_parse_cpus(const char *text, unsigned char *mask, size_t size)
{
	size_t first, last;
	int r;

	memset(mask, 0, size);
	for (;;) {
		r = parse_cpu(&text, size * 8, &first);
		last = first;
		if (r == 0 && *text == '-') {
			text++;
			r = parse_cpu(&text, size * 8, &last);
		}
		if (r < 0 || last < first)
			return r < 0 ? r : -EINVAL;
		for (size_t cpu = first; cpu <= last; cpu++)
			mask[cpu / 8] |= (unsigned char)(1U << cpu % 8);
		if (!*text)
			return 0;
		if (*text++ != ',')
			return -EINVAL;
	}
}

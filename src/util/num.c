// SPDX-License-Identifier: GPL-2.0-or-later
/* See num.h. */
#include "util/num.h"

#include <errno.h>

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

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors that are of no more use are closed many at a time. The kernel hands out the lowest free number, so
 * those of one batch are neighbours: a few close_range calls do for what would be half a hundred of close.
 */
#include "init/init.h"

static void sort(int *fd, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		int value = fd[i];
		unsigned k = i;

		for (; k > 0 && fd[k - 1] > value; k--)
			fd[k] = fd[k - 1];
		fd[k] = value;
	}
}

void init_drop_flush(struct init *in)
{
	unsigned from = 0;

	sort(in->dropped, in->dropped_count);
	for (unsigned i = 1; i <= in->dropped_count; i++) {
		if (i < in->dropped_count && in->dropped[i] == in->dropped[i - 1] + 1)
			continue;
		(void)kernel_close_range((unsigned)in->dropped[from], (unsigned)in->dropped[i - 1],
					 0);
		from = i;
	}
	in->dropped_count = 0;
}

void init_drop(struct init *in, int fd)
{
	if (in->dropped_count == ARRAY_SIZE(in->dropped))
		init_drop_flush(in);
	in->dropped[in->dropped_count++] = fd;
}

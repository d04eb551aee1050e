// SPDX-License-Identifier: GPL-2.0-or-later
/* See rounds.h. */
#include "checkpoint/rounds.h"

#include <stdint.h>

enum {
	SMALL = 1 << 20 /* bytes: a few milliseconds */
};

bool rounds_go_on(const struct checkpoint_result *done, size_t count)
{
	uint64_t last = count ? done[count - 1].bytes_written : UINT64_MAX;

	if (!count)
		return true;
	if (count >= ROUNDS_MAX || last <= SMALL)
		return false;
	/* the first one writes everything, whatever the container does */
	return count == 1 || last <= done[count - 2].bytes_written / 5 * 4;
}

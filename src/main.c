// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cli.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

enum {
	HEAP_STEP = 1024 * 1024
};

int main(int argc, char **argv)
{
#ifdef __GLIBC__
	/* we do not live long: memory comes in one piece, untouched pages cost nothing, and none goes back early */
	(void)mallopt(M_TOP_PAD, HEAP_STEP);
	(void)mallopt(M_TRIM_THRESHOLD, 2 * HEAP_STEP);
#endif
	return cli_main(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Errors of this room as exit codes. */
#include "checkpoint/checkpoint.h"

#include <errno.h>

#include "util/kernel.h"

int checkpoint_exit_code(int r)
{
	static const struct {
		int error;
		enum checkpoint_exit code;
	} codes[] = {
		{ -ENOPKG, CHECKPOINT_EXIT_NO_CRIU },
		{ -EREMOTEIO, CHECKPOINT_EXIT_CRIU_FAILED },
		{ -EBADMSG, CHECKPOINT_EXIT_BAD_IMAGES },
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].error == r)
			return (int)codes[i].code;
	return 1;
}

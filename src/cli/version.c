// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr --version. */
#include "cli/cli.h"

#include <seccomp.h>
#include <stdio.h>

#include "container/initfd.h"
#include "config.h"

/* Line 1 is parsed by engines, and no other line may hold the word of its second field (3.6). */
void cli_print_version(void)
{
	const struct scmp_version *v = seccomp_version();

	(void)printf("ctr version %s\ncommit: %s\nspec: 1.3.0\nlibseccomp: %u.%u.%u\nctr-init: %zu "
		     "bytes\n",
		     PACKAGE_VERSION, CTR_GIT_COMMIT, v->major, v->minor, v->micro, initfd_size());
}

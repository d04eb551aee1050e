// SPDX-License-Identifier: GPL-2.0-or-later
/* See advice.h. */
#include "namespaces/advice.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "util/io.h"
#include "util/kernel.h"

struct kernel_switch {
	const char *file, *off, *hint;
};

static const struct kernel_switch switches[] = {
	{ "/proc/sys/user/max_user_namespaces", "0",
	  "user namespaces are switched off: as root, sysctl -w user.max_user_namespaces=10000" },
	{ "/proc/sys/kernel/unprivileged_userns_clone", "0",
	  "user namespaces are for root only here: as root, sysctl -w "
	  "kernel.unprivileged_userns_clone=1" },
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
	  "AppArmor takes the rights from user namespaces: as root, sysctl -w "
	  "kernel.apparmor_restrict_unprivileged_userns=0, or give ctr a profile with 'userns,'" },
};

void advice_userns(int r, struct err *e)
{
	char value[16];

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		if (io_read_line(AT_FDCWD, switches[i].file, value, sizeof(value)) < 0 ||
		    strcmp(value, switches[i].off) != 0)
			continue;
		err_hint(e, "%s", switches[i].hint);
		return;
	}
	if (r == -ENOSPC)
		err_hint(e, "a limit in /proc/sys/user/max_*_namespaces is reached, or namespaces "
			    "are nested too deep");
	else
		err_hint(e, "a security policy around this process (seccomp, a chroot, an LSM) "
			    "forbids user namespaces");
}

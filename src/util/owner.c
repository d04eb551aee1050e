// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/owner.h"

#include <pwd.h>
#include <stdio.h>

#include "util/whole.h"

const char *owner_name(uint32_t uid, char buf[static OWNER_SIZE])
{
	const struct passwd *owner = getpwuid(uid);
	struct err ignored = ERR_INIT;

	if (owner)
		return owner->pw_name;
	(void)whole_needed(&ignored); /* without it a number has to do */
	(void)snprintf(buf, OWNER_SIZE, "%u", uid);
	return buf;
}

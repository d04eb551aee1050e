// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is there a file? What cannot be known is no answer: whoever took it for "no" would make anew, or remove, what is
 * there.
 */
#ifndef CTR_UTIL_THERE_H
#define CTR_UTIL_THERE_H

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* @path below @dir, a link itself: 1, or 0 when it is not there; -errno when that cannot be known. */
static inline int is_there(int dir, const char *path)
{
	if (faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ownership that the compiler releases: cleanup_fd, cleanup_free and cleanup_(fn) on locals, and
 * take_fd/take_ptr where ownership moves on. An empty fd is -EBADF, never -1 or 0.
 */
#ifndef CTR_UTIL_CLEANUP_H
#define CTR_UTIL_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup_(fn) __attribute__((cleanup(fn)))

static inline void cleanup_close_fd(const int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		(void)close(*fd); /* nothing can be done about a failing close of our own fd */
		errno = saved;
	}
}

static inline void cleanup_free_ptr(void *p)
{
	free(*(void **)p);
}

#define cleanup_fd   cleanup_(cleanup_close_fd)
#define cleanup_free cleanup_(cleanup_free_ptr)

static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -EBADF;
	return taken;
}

/* Close now, and leave the variable empty. */
static inline void close_fd(int *fd)
{
	cleanup_close_fd(fd);
	*fd = -EBADF;
}

#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) _t = (p);                                                            \
		(p) = NULL;                                                                        \
		_t;                                                                                \
	})

#endif

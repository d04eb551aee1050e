/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anonymous sealed files: the copy of ctr-init that a child executes, and plans. */
#ifndef CTR_CONTAINER_INITFD_H
#define CTR_CONTAINER_INITFD_H

#include <stddef.h>

#include "util/err.h"

/*
 * A private copy of the embedded ctr-init, fit for execveat(AT_EMPTY_PATH). A sealed memfd shares no
 * page with any file of the host (security.md A6). Where vm.memfd_noexec forbids that: a read-only
 * file on a tmpfs that is mounted nowhere. The fd is close-on-exec and belongs to the caller.
 */
int initfd_open(int *ret_fd, struct err *e);

/* A sealed, read-only memfd with these contents. */
int initfd_seal(const char *name, const void *data, size_t size, int *ret_fd, struct err *e);

/* Size of the embedded ctr-init in bytes. */
size_t initfd_size(void);

#endif

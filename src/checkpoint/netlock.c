// SPDX-License-Identifier: GPL-2.0-or-later
/* See netlock.h. */
#include "checkpoint/netlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "net/nft_left.h"

int netlock_namespace(pid_t pid)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int netlock_release(int ns, pid_t pid, struct err *e)
{
	char name[32];
	int r;

	(void)snprintf(name, sizeof(name), "CRIU-%d", (int)pid);
	r = nft_left_delete(ns, name, e);
	return r < 0 ? r : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hands a seccomp notify descriptor to the agent that config.json names. */
#ifndef CTR_CONTAINER_NOTIFY_H
#define CTR_CONTAINER_NOTIFY_H

#include "container/container.h"

/*
 * Connect to linux.seccomp.listenerPath (an AF_UNIX stream socket) and send one message: the
 * container process state (runtime-spec config-linux.md, "The Container Process State") with @fd as
 * SCM_RIGHTS. Never waits longer than ten seconds for the agent.
 */
int notify_send(const struct container *c, int fd, struct err *e);

#endif

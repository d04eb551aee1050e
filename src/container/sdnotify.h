/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readiness of a service: sd_notify(3) from inside the container to the service manager outside. The
 * container gets a socket of ours at /run/notify/notify.sock; its READY=1 is passed on to the
 * NOTIFY_SOCKET that ctr was started with.
 */
#ifndef CTR_CONTAINER_SDNOTIFY_H
#define CTR_CONTAINER_SDNOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/err.h"
#include "util/kernel.h"

#define SDNOTIFY_DIR   "notify" /* in the container's state directory */
#define SDNOTIFY_MOUNT "/run/notify"
#define SDNOTIFY_ENV   "NOTIFY_SOCKET=" SDNOTIFY_MOUNT "/notify.sock"

#define SDNOTIFY_ATTR (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/*
 * Make the directory for the socket in the container's state directory @dir. *ret_tree is a detached
 * mount of it, read-only and without devices, set-id or programs (SDNOTIFY_ATTR), for the container,
 * which needs CAP_SYS_ADMIN; without @copy it is the directory, and init makes that mount.
 */
int sdnotify_prepare(int dir, bool copy, int *ret_tree, struct err *e);

/* Bind the socket: whoever waits for the container owns it. */
int sdnotify_bind(int dir, int *ret_fd, struct err *e);

/*
 * A datagram is there: 1 when it said READY=1, and then the manager behind the environment's
 * NOTIFY_SOCKET has been told, with @pid as the main process, and was sent a barrier: *ret_barrier hangs
 * up when the manager has handled it (-EBADF: it could not be sent). NULL for who stays anyway. 0 for any
 * other datagram. Takes a few seconds at most.
 */
int sdnotify_forward(int fd, pid_t pid, int *ret_barrier, struct err *e);

/*
 * Wait for it, and for the barrier for up to 30 seconds more, until the process of @pidfd ends or
 * @interrupt becomes readable.
 */
int sdnotify_wait(int fd, int pidfd, int interrupt, pid_t pid, struct err *e);

#endif

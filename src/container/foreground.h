/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Staying with a container until it ends. */
#ifndef CTR_CONTAINER_FOREGROUND_H
#define CTR_CONTAINER_FOREGROUND_H

#include "container/container.h"

/*
 * Block the signals that are forwarded to a container, and return a signalfd for those that interrupt
 * a create (SIGINT, SIGTERM, SIGHUP, SIGQUIT). Signals that the caller ignored are set back to their
 * default, so that the payload does not inherit that.
 */
int foreground_signals(int *ret_fd, struct err *e);

/*
 * Stay with the started container: forward signals, relay its terminal if it has one, until its init
 * ends. *ret_status is as from waitpid(2). @signal_fd as from above.
 */
int foreground_attend(struct container *c, int signal_fd, int *ret_status, struct err *e);

#endif

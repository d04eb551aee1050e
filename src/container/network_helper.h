/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program that carries packets for a container of an ordinary user, as long as there is that container. */
#ifndef CTR_CONTAINER_NETWORK_HELPER_H
#define CTR_CONTAINER_NETWORK_HELPER_H

#include "container/container.h"

/*
 * Init waits at sync point "network": start the helper that the record asks for, and wait (at most 30 s) until it
 * has made its interface. The record has its pid and start time before it is executed: whenever we are killed,
 * it either never ran or `delete` finds it. An error has its own last words. Nothing to start: 0.
 */
int network_helper_start(struct container *c, struct err *e);

/*
 * End the very process that was recorded, if it lives, and wait for it. SIGKILL: it has nothing to put away.
 * Another process with its pid is left alone. May be repeated.
 */
int network_helper_stop(const struct container_record *r, struct err *e);

#endif

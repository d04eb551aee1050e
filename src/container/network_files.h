/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hosts, resolv.conf and hostname of a container whose network ctr makes: files in its state directory, but the
 * hosts file of a network of kind bridge for all on it (net/names.h), that are bound, read-only, over those in
 * its /etc. What config.json mounts there stays.
 */
#ifndef CTR_CONTAINER_NETWORK_FILES_H
#define CTR_CONTAINER_NETWORK_FILES_H

#include "container/container.h"

/* Add the mounts to the spec. @root: path of the state root. Does nothing for other networks. */
int network_files_mount(struct container *c, const char *root, struct err *e);

/* Write the files, before anything opens them. */
int network_files_write(struct container *c, struct err *e);

/* The container's own addresses are known only now (plugins): its hosts file once more. */
int network_files_again(struct container *c, struct err *e);

#endif

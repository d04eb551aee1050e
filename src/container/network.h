/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network of a container, between its record and src/net. */
#ifndef CTR_CONTAINER_NETWORK_H
#define CTR_CONTAINER_NETWORK_H

#include "container/container.h"

/*
 * c->record.network becomes a copy of @setup (NULL: nothing), and the spec asks for the namespace that this
 * means. Of container:ID the process is looked up and held (c->joined_network). @data: data root.
 */
int network_load(struct container *c, const struct net_setup *setup, int data, struct err *e);

/* hosts, resolv.conf and hostname come into the spec as mounts; once the record has an id. */
int network_mount_files(struct container *c, struct err *e);

/* The copy of config.json is as the user wrote it: lay the record's network over it once more. */
int network_apply_again(struct container *c, struct err *e);

/* A uuid for each attachment; before the record is written. */
int network_identify(struct container *c, struct err *e);

/* net_reserve, with its undo, and the record says what came of it. */
int network_reserve(struct container *c, struct err *e);

/* The namespace of container:ID was opened by a pid: that of whom we hold, if that process lives still. */
int network_check_joined(const struct container *c, struct err *e);

/*
 * Give the container its devices and interfaces: c->net.inside is a socket of its namespace, c->init its init.
 * With an undo for the devices.
 */
int network_connect(struct container *c, struct err *e);

/* A net_owner_lives: by the directory of the container in its state root. */
bool network_owner_lives(const struct net_owner *o, const uint8_t uuid[NET_UUID_SIZE]);

#endif

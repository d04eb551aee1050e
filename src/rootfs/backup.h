/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back-ups of snapshots: a tar archive with the layers that lie between two snapshots of a container, to be
 * added to a container that has the earlier one, here or on another machine.
 *
 *   ctr-backup.json   {"version": 1, "container", "since" (name or null), "parent" (chain digest of what
 *                     the first layer lies on; "" is the bundle's root filesystem), "layers": [{"snapshot" (name or null), "created",
 *                     "message", "size", "digest" (of the archive that follows), "diffId" (of the layer
 *                     as image tools would pack it)}]}
 *   layers/N.tar      the layers, the lowest first, N from 0, with times in nanoseconds
 */
#ifndef CTR_ROOTFS_BACKUP_H
#define CTR_ROOTFS_BACKUP_H

#include "rootfs/layer_import.h"
#include "rootfs/layers_transfer.h"

#define BACKUP_MANIFEST "ctr-backup.json"

struct backup {
	const struct layers *layers;
	const char *container;
	const struct layers_chain *chain; /* of the snapshot that is carried away */
	size_t from;			  /* the first layer that is part of it */
	const char *since;		  /* name of the earlier snapshot, or NULL */
	void (*left_out)(void *data, const char *path, const char *why);
	void *data;
};

/* Each layer is read twice: once for what the manifest says of it. */
int backup_write(const struct backup *b, const struct tar_sink *sink, struct err *e);

struct backup_import {
	int from; /* the archive, plain or compressed */
	int data;
	struct layers *layers; /* of the container, or NULL: it is new */
	const char *id;
	const struct layers_base *base; /* of a new one */
	bool devices;
	void (*left_out)(void *data, const char *path, const char *why);
	void (*progress)(void *data, uint64_t bytes);
	void *context;
};

/*
 * Add what is in the archive, all or nothing. Every layer is compared with its digest, also as it lies on disk
 * afterwards. -EBADMSG: damaged; -ENOENT: what it lies on is not there.
 */
int backup_read(const struct backup_import *b, struct err *e);

#endif

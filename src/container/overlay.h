/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root filesystem as an overlay: from what was asked to a mount, and back. */
#ifndef CTR_CONTAINER_OVERLAY_H
#define CTR_CONTAINER_OVERLAY_H

#include "container/container.h"
#include "rootfs/rootfs.h"

/*
 * Check what is asked, and put it into c->record, where all later commands find it. Looks at the directories
 * that are named, and has no effect. With c->explain it does not even look.
 */
int container_overlay_note(struct container *c, const struct overlay_request *rq, struct err *e);

/* For the plan, from the record and, once it is there, what container_overlay_enter has found. Borrowed from @c. */
void container_overlay_describe(struct container *c, struct rootfs_overlay *ret);

/*
 * Open the layers, which are made if there are none, and mount them, or find out what init needs to mount
 * them. The record is written by now. On failure, and later, container_overlay_undo takes it back.
 */
int container_overlay_enter(struct container *c, struct err *e);
/* Layers that were there before stay as they were. */
void container_overlay_undo(struct container *c);

/* Hand the mount over to the plan. */
void container_overlay_place(struct container *c);

/* The mount is in init's hands: unlock the layers, for snapshots for example. */
void container_overlay_release(struct container *c);

/* Release memory and descriptors. */
void container_overlay_close(struct container *c);

/* delete: remove the layers that the record names, if there are any. */
int container_overlay_remove(const struct container *c, struct err *e);

#endif

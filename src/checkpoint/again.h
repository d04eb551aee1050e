/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a container was launched, as a dump notes it beside CRIU's images (state.json, as in a state directory): restore
 * needs the addresses that connections are bound to, and whoever restores on the same host need not say again
 * what run was told about network and layers. It is a note, and gives no right: addresses are leased as for any
 * container, and the rest counts only where nobody but the caller could have written it.
 */
#ifndef CTR_CHECKPOINT_AGAIN_H
#define CTR_CHECKPOINT_AGAIN_H

#include <stdbool.h>

#include "container/container.h"
#include "util/err.h"

/* Write it for @c into the directory of images. */
int again_note(int images, const struct container *c, struct err *e);

/*
 * Read it; what it says lives in @a. -ENOENT: there is none. -EBADMSG: damaged. *ret_own (or NULL): the directory and the note
 * belong to the caller, and nobody else can write there.
 */
int again_read(int images, struct arena *a, struct container_record *ret, bool *ret_own,
	       struct err *e);

/*
 * A copy of @wanted, in @a, in which attachments to the same network as one of @was ask for the address and the MAC
 * that that one had, unless they ask for others. Pure. NULL: no memory.
 */
struct net_setup *again_addresses(const struct net_setup *wanted, const struct net_setup *was,
				  struct arena *a);

/* All of @was as if somebody asked for it once more: in @a. Pure. NULL: no memory. */
struct net_setup *again_network(const struct net_setup *was, struct arena *a);

/*
 * The same for an overlay on disk or in memory; the data root is the caller's to fill in. False: no memory.
 */
bool again_overlay(const struct container_overlay *was, struct arena *a,
		   struct overlay_request *ret);

#endif

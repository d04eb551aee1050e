/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose layers they are. DATA/ID/user names the state directory that has the container, so that another one does
 * not use or remove them, and the id maps that the files were made with, where only they give the right to work
 * on them: an ordinary user's subordinate ids are nobody's outside of a user namespace. DATA/.user has the maps
 * that were noted last, for what belongs to no container any more.
 */
#ifndef CTR_CONTAINER_OVERLAY_OWNER_H
#define CTR_CONTAINER_OVERLAY_OWNER_H

#include "oci/spec.h"
#include "util/caller.h"
#include "util/err.h"

/* Note @store, a state root, and the maps of @spec if @caller will need them. The layers of @id exist. */
int overlay_owner_note(int data, const char *id, int store, const struct oci_spec *spec,
		       const struct caller *caller, struct err *e);

/* What is noted for @id holds for its clone @clone, too. */
int overlay_owner_copy(int data, const char *id, const char *clone, struct err *e);

/*
 * Go, for the rest of the process, where @caller may work on the layers of @id, or, when it is NULL, on layers that
 * nobody has: into a user namespace with the maps that are noted, if there are any. Files have the ids that they
 * have in the container from then on. Host root stays: it may do everything, and its layers hold these ids.
 */
int overlay_owner_enter(int data, const char *id, const struct caller *caller, struct err *e);

/* The same for the maps of @spec: the layers are about to be made. */
int overlay_owner_enter_new(const struct oci_spec *spec, const struct caller *caller,
			    struct err *e);

/*
 * Is there a container of this id in another state root than @store (negative: we have none), that uses the
 * layers? -EBUSY with both.
 */
int overlay_owner_check(int data, const char *id, int store, struct err *e);

/* layers_remove, where it can be done, for the container that has them. */
int overlay_owner_remove(int data, const char *id, const struct caller *caller, struct err *e);

/*
 * The same for layers without a container. -EBUSY when one of this id has begun to use them meanwhile, in
 * @store or in another state root.
 */
int overlay_owner_remove_unused(int data, const char *id, int store, const struct caller *caller,
				struct err *e);

#endif

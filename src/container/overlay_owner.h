/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing layers whose files belong to subordinate ids of an ordinary user, who has no right to them outside of
 * a user namespace: DATA/ID/ids keeps the maps that they were made with.
 */
#ifndef CTR_CONTAINER_OVERLAY_OWNER_H
#define CTR_CONTAINER_OVERLAY_OWNER_H

#include "oci/spec.h"
#include "util/caller.h"
#include "util/err.h"

/* Keep the maps of @spec, if @caller will need them. The layers of @id exist. */
int overlay_owner_note(int data, const char *id, const struct oci_spec *spec,
		       const struct caller *caller, struct err *e);

/* layers_remove, where it can be done. */
int overlay_owner_remove(int data, const char *id, const struct caller *caller, struct err *e);

#endif

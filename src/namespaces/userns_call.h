/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A piece of work inside a user namespace, for an ordinary user who has subordinate ids only in there. */
#ifndef CTR_NAMESPACES_USERNS_CALL_H
#define CTR_NAMESPACES_USERNS_CALL_H

#include "oci/spec.h"
#include "util/caller.h"
#include "util/err.h"

/*
 * Call @fn in a child of ours, with all capabilities in a new user namespace that has these maps. Returns what it
 * returns, with its error in @e. What it changes in memory is lost; descriptors are the same.
 */
int userns_call(const oci_id_maps *uid, const oci_id_maps *gid, const struct caller *caller,
		int (*fn)(void *data, struct err *e), void *data, struct err *e);

/*
 * Go there ourselves, for the rest of the process: for a command that does nothing else. Ids of files are seen, and
 * given, as they are in there. Only with one thread (setns(2)).
 */
int userns_enter(const oci_id_maps *uid, const oci_id_maps *gid, const struct caller *caller,
		 struct err *e);

#endif

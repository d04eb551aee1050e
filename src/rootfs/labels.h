/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux.mountLabel: which filesystems take a SELinux label, and how (oci-checklist 1.2). Pure. The labels
 * of the program are in security/.
 */
#ifndef CTR_ROOTFS_LABELS_H
#define CTR_ROOTFS_LABELS_H

#include <stdbool.h>

#include "oci/spec.h"
#include "plan/plan.h"
#include "rootfs/rootfs.h"
#include "util/err.h"

enum label_kind {
	LABEL_CONTEXT, /* by an option when it is mounted */
	LABEL_ROOT,    /* its root directory, once it is mounted */
	LABEL_NEVER,   /* one superblock for all, whose labels the policy decides */
};

/* What a new filesystem of @type takes. */
enum label_kind label_kind(const char *type);

/* "context=", "fscontext=", "defcontext=" or "rootcontext=": the config has its own idea. */
bool label_is_option(const char *option);

/*
 * Engines write context="LABEL", because mount(2) splits at the commas of a label. fsconfig(2) does not,
 * and takes the quotes for a part of it: the option without them. Lives in the plan's arena.
 */
const char *label_unquoted(struct plan *p, const char *option);

/*
 * Fill @l->context from @l->mount_label, with the key that the annotation run.oci.mount_context_type
 * names (default: context). NULL when there is no label. -EINVAL for another annotation.
 */
int label_context(const struct oci_spec *spec, struct rootfs_layout *l, struct plan *p,
		  struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Annotations that mean something to a runtime (checklist 3.13), in one table: what ctr honours, what it
 * refuses because it would not do what its author relies on, and what it passes over with a warning. All
 * others are for other programs. Honoured are those that give the container nothing that its config could
 * not ask for without them: whoever writes annotations writes mounts and hooks as well.
 */
#ifndef CTR_OCI_ANNOTATIONS_H
#define CTR_OCI_ANNOTATIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "oci/spec.h"

enum oci_annotation {
	OCI_ANNOTATION_KEEP_GROUPS,
	OCI_ANNOTATION_PIDFD_RECEIVER,
	OCI_ANNOTATION_SECCOMP_RECEIVER,
	OCI_ANNOTATION_SECCOMP_STRICT,
	OCI_ANNOTATION_HOOKS_STDOUT,
	OCI_ANNOTATION_HOOKS_STDERR,
	OCI_ANNOTATION_MOUNT_CONTEXT,
	OCI_ANNOTATION_DELEGATE_CGROUP, /* a name */
	OCI_ANNOTATION_STOP_SIGNAL,	/* asks the program to end; image-spec, config.md */
	OCI_ANNOTATION_HONOURED,	/* from here on they have no number of their own */
};

enum oci_annotation_kind {
	OCI_ANNOTATION_IS_FLAG, /* "1", "true", "0" or "false" */
	OCI_ANNOTATION_IS_PATH, /* absolute */
	OCI_ANNOTATION_IS_WORD, /* who uses it knows which */
	OCI_ANNOTATION_IS_REFUSED,
	OCI_ANNOTATION_IS_IGNORED,
};

struct oci_annotation_info {
	const char *name; /* one that ends with "." stands for all that begin with it */
	enum oci_annotation_kind kind;
	const char *why; /* refused, ignored: the rest of the sentence */
};

/* The first OCI_ANNOTATION_HONOURED entries are in the order of the enum. */
extern const struct oci_annotation_info oci_annotations[];
extern const size_t oci_annotation_count;

/* The entry for @key, or NULL. */
const struct oci_annotation_info *oci_annotation_find(const char *key);

/* The value, or NULL. */
const char *oci_annotation_value(const struct oci_spec *spec, enum oci_annotation which);
/* The value of a flag. */
bool oci_annotation_flag(const struct oci_spec *spec, enum oci_annotation which);

/* False when @value is none of the words of a flag. */
bool oci_annotation_parse_flag(const char *value, bool *ret_on);

/*
 * Who gets the seccomp notify descriptor: linux.seccomp.listenerPath, else the annotation, else NULL.
 * *ret_pointer (may be NULL) is the field that says so.
 */
const char *oci_seccomp_listener(const struct oci_spec *spec, const char **ret_pointer);

#endif

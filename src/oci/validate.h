/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the validate_*.c files share; private to oci/. Each group of rules is one function that
 * looks at one part of the spec. Rules do not depend on each other: all are looked at when all problems
 * are wanted (util/problems.h), and otherwise the first one that is broken counts. Nothing here asks
 * the kernel.
 */
#ifndef CTR_OCI_VALIDATE_H
#define CTR_OCI_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "oci/spec.h"
#include "util/err.h"

struct check {
	const struct oci_spec *spec;
	struct err *e;
	int r;	      /* 0, or negative: the story is in @e, and what comes after it is not told */
	char at[224]; /* the pointer being built by check_at() */
};

/* A group of rules; tells what is broken by check_refuse(). */
typedef void check_fn(struct check *c);

/* Run the @n groups in order, as long as somebody wants to hear it. */
void check_groups(struct check *c, check_fn *const *groups, size_t n);

/* A JSON pointer for check_refuse(), valid until the next call. */
const char *check_at(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "@prefix/@key" with @key escaped. */
const char *check_at_key(struct check *c, const char *prefix, const char *key);

/*
 * Refuse the value at the pointer @at: the error is -EINVAL, or a problem of the list. Returns to go on
 * with the next rule.
 */
void check_refuse(struct check *c, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Id maps found at the pointer @at: sizes, ranges, overlaps, how many the kernel takes. */
void check_id_maps(struct check *c, const char *at, const oci_id_maps *maps);
/* Entries of an environment found at the pointer @at. */
void check_env(struct check *c, const char *at, const oci_strings *env);

/*
 * Is there no entry of @type in linux.namespaces? False as well when some entry could not be read: it
 * may be the one.
 */
bool check_lacks_namespace(const struct check *c, enum oci_namespace_type type);

/* "0-3,7": cpus or nodes as the kernel lists them. */
bool check_is_id_list(const char *s);
/* No control characters: nothing that would break the line it is written into. */
bool check_is_one_line(const char *s);

/* The groups, one line per topic. */
check_fn check_process;	  /* validate_process.c */
check_fn check_linux;	  /* validate_linux.c */
check_fn check_resources; /* validate_resources.c */
check_fn check_seccomp;	  /* validate_seccomp.c */

#endif

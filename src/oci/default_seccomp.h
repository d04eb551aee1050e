/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system call filter of `ctr spec`; private to oci/. */
#ifndef CTR_OCI_DEFAULT_SECCOMP_H
#define CTR_OCI_DEFAULT_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>

#include "oci/json_out.h"

/* Names that are allowed whatever their arguments are, in strcmp order. */
extern const char *const oci_default_syscalls[];
extern const size_t oci_default_syscalls_count;

/*
 * Write the member "seccomp" of the linux object that is open in @o. @namespaces: mounts and namespaces
 * may be made.
 */
void oci_default_seccomp(struct json_out *o, bool namespaces);

#endif

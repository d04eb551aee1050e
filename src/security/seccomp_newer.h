/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of this room: system calls that are newer than a profile. */
#ifndef CTR_SECURITY_SECCOMP_NEWER_H
#define CTR_SECURITY_SECCOMP_NEWER_H

#include "security/security.h"

/*
 * If @s denies what it does not list, put instructions in front of the compiled filter @f that answer
 * ENOSYS to calls above the highest number that @s names, for each of its architectures. Does nothing
 * for a permissive default action, and for one that says ENOSYS already. -E2BIG, -ENOMEM; @f is then as
 * it was.
 */
int seccomp_newer_prepend(const struct oci_seccomp *s, struct seccomp_filter *f, struct err *e);

#endif

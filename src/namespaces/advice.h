/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why this host does not let somebody make a user namespace, and what to do about it. */
#ifndef CTR_NAMESPACES_ADVICE_H
#define CTR_NAMESPACES_ADVICE_H

#include "util/err.h"

/*
 * Add the hint for an attempt of an unprivileged caller that failed with @r (-EPERM, -ENOSPC): the
 * first of the known switches of the kernel and of distributions that is off. Reads /proc/sys.
 */
void advice_userns(int r, struct err *e);

#endif

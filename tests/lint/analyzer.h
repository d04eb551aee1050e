/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included first when clang-tidy looks at the sources. The analyzer does not know that errno is
 * positive and cannot reason about the negative of a symbol, so it would follow paths on which
 * `return -errno` means success. Here errno is one of a few numbers. Never compiled in.
 */
#ifndef CTR_LINT_ANALYZER_H
#define CTR_LINT_ANALYZER_H

#include <errno.h>

unsigned lint_any(void);

static inline int *lint_errno(void)
{
	static const int eio = EIO, enoent = ENOENT, eexist = EEXIST;

	switch (lint_any()) {
	case 0: return (int *)&enoent;
	case 1: return (int *)&eexist;
	default: return (int *)&eio;
	}
}

#undef errno
#define errno (*lint_errno())

/* Which make tells the compiler. */
#define FRONT_WHOLE "/usr/libexec/ctr/ctr-full"

#endif

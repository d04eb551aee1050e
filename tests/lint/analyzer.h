/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included first when clang-tidy looks at the sources. The analyzer does not know that errno is
 * positive and cannot reason about the negative of a symbol, so it would follow paths on which
 * `return -errno` means success. Here errno is one of a few numbers, and decode_fail and the like
 * are known to return a negative number. Never compiled in.
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

#ifndef LINT_DECODE
#include "oci/decode.h"
#define decode_fail(...)      err_negative(decode_fail(__VA_ARGS__))
#define decode_no_memory(...) err_negative(decode_no_memory(__VA_ARGS__))

/* It fills *ret, whatever the pointer's type, which the analyzer does not see through memcpy. */
void *lint_memory(size_t n, size_t size) __attribute__((returns_nonnull));
#define decode_array(d, n, size, ret)                                                              \
	(*(ret) = lint_memory((n), (size)), decode_array((d), (n), (size), (ret)))
#endif

#endif

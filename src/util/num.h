/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as users write them, strictly. */
#ifndef CTR_UTIL_NUM_H
#define CTR_UTIL_NUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * A uid or gid: decimal digits only (no sign, space, prefix), 0 to 2^32-2. @len bytes of @text.
 * -EINVAL.
 */
int num_parse_id(const char *text, size_t len, uint32_t *ret);

/*
 * A list of CPUs as the kernel writes them ("0-3,7") into a bit mask of @size bytes, which is cleared
 * first. -EINVAL for anything else; -ERANGE for a CPU that does not fit.
 */
int num_parse_cpus(const char *text, unsigned char *mask, size_t size);

#endif

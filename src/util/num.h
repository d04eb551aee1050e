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

/*
 * A size: digits, then nothing, b, k, m, g or t in either case, these four also followed by "b" or "ib"
 * ("512m", "1GiB"), for powers of 1024; or "-1". -EINVAL; -ERANGE beyond 2^63-1.
 */
int num_parse_size(const char *text, int64_t *ret);

/* An integer with an optional '-', and nothing else. -EINVAL, -ERANGE. */
int num_parse_i64(const char *text, int64_t *ret);

/* A duration as Go writes it, "1m30s", "250ms", "1.5s"; in milliseconds, rounded down. -EINVAL, -ERANGE. */
int num_parse_duration(const char *text, int64_t *ret_ms);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The current time as text, RFC 3339 in UTC. Reads no file: gmtime(3) reads that of the local zone first. */
#ifndef CTR_UTIL_TIMESTAMP_H
#define CTR_UTIL_TIMESTAMP_H

#include <stdint.h>
#include <time.h>

enum {
	TIMESTAMP_SIZE = 40,
};

/* "2026-01-31T23:59:59Z" */
void timestamp_seconds(char buf[TIMESTAMP_SIZE]);

/* "2026-01-31T23:59:59.000000001Z" */
void timestamp_nanoseconds(char buf[TIMESTAMP_SIZE]);

/* @t seconds since 1970, not before, as struct tm has it: date and time of day only. */
void timestamp_split(int64_t t, struct tm *ret);

#endif

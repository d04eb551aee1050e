/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of users. */
#ifndef CTR_UTIL_OWNER_H
#define CTR_UTIL_OWNER_H

#include <stdint.h>

enum {
	OWNER_SIZE = 16
};

/*
 * The name of the user @uid on this host, or else its number, which is put into @buf. Points to @buf, or to storage of
 * the C library, which the next call overwrites. As whole_needed: where users come from is the C library's business, and
 * the small program knows /etc/passwd only.
 */
const char *owner_name(uint32_t uid, char buf[static OWNER_SIZE]);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* See pages.h: the form of a request. */
#include "checkpoint/pages.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

void pages_want_write(const struct pages_want *want, unsigned char ret[PAGES_WANT_SIZE])
{
	const uint64_t fields[] = { htobe64(want->pid), htobe64(want->address),
				    htobe64(want->count) };

	_Static_assert(sizeof(fields) == PAGES_WANT_SIZE, "three numbers");
	memcpy(ret, fields, sizeof(fields));
}

int pages_want_read(const struct wire_message *m, struct pages_want *ret, struct err *e)
{
	uint64_t fields[3];

	if (m->size != PAGES_WANT_SIZE)
		return err_set(e, ERR_SYSTEM, EBADMSG, "a request for memory of %zu bytes",
			       m->size);
	memcpy(fields, m->data, sizeof(fields));
	*ret = (struct pages_want){ .pid = be64toh(fields[0]),
				    .address = be64toh(fields[1]),
				    .count = be64toh(fields[2]) };
	if (ret->count == 0 || ret->count > PAGES_WANT_MAX || ret->pid == 0 ||
	    ret->pid > INT32_MAX || ret->address > INT64_MAX)
		return err_set(e, ERR_SYSTEM, EBADMSG, "a request for memory that cannot be meant");
	return 0;
}

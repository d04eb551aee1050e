// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/dirscan.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util/kernel.h"

enum {
	BUFFER_SIZE = 4096
};

/* getdents(2): struct linux_dirent64, which no header of a C library has. */
struct entry {
	uint64_t inode;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

static int scan_buffer(int fd, const char *buf, size_t size,
		       int (*fn)(int fd, const char *name, void *data), void *data)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < size;) {
		const struct entry *e = (const struct entry *)(const void *)(buf + at);

		at += e->size;
		if (strcmp(e->name, ".") != 0 && strcmp(e->name, "..") != 0)
			r = fn(fd, e->name, data);
	}
	return r;
}

int dirscan(int fd, int (*fn)(int fd, const char *name, void *data), void *data)
{
	char buf[BUFFER_SIZE] __attribute__((aligned(8)));
	int n, r;

	while ((n = KERNEL_CALL(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		r = scan_buffer(fd, buf, (size_t)n, fn, data);
		if (r != 0)
			return r;
	}
	return n;
}

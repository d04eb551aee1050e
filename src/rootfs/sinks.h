/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What archives are written to: a file, with a buffer; and a place to count and digest on the way. */
#ifndef CTR_ROOTFS_SINKS_H
#define CTR_ROOTFS_SINKS_H

#include <stdint.h>

#include "rootfs/tar.h"
#include "util/digest.h"
#include "util/err.h"

/* Writes to @fd (borrowed; -EBADF: to nowhere). */
struct file_sink {
	int fd;
	const char *name; /* for errors */
	char *buffer;
	size_t used;
	/* Told after each megabyte or so what has been written. Or NULL. */
	void (*progress)(void *data, uint64_t bytes);
	void *data;
	uint64_t total;
};

int file_sink_open(int fd, const char *name, struct file_sink *ret, struct tar_sink *ret_sink,
		   struct err *e);
int file_sink_flush(struct file_sink *f, struct err *e);
void file_sink_close(struct file_sink *f); /* without writing what is left */

/* Passes everything on to @to. */
struct tee_sink {
	const struct tar_sink *to;
	struct digest *digest;
	uint64_t size;
};

int tee_sink_open(const struct tar_sink *to, struct tee_sink *ret, struct tar_sink *ret_sink,
		  struct err *e);
void tee_sink_close(struct tee_sink *t);

#endif

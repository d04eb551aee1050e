// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/sinks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/io.h"

enum {
	BUFFER = 256 << 10,
};

int file_sink_flush(struct file_sink *f, struct err *e)
{
	int r = f->fd < 0 || !f->used ? 0 : io_write_all(f->fd, f->buffer, f->used);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "write %s", f->name);
	f->total += f->used;
	f->used = 0;
	if (f->progress)
		f->progress(f->data, f->total);
	return 0;
}

static int file_write(void *data, const void *bytes, size_t size, struct err *e)
{
	struct file_sink *f = data;
	const char *from = bytes;

	while (size) {
		size_t n = BUFFER - f->used < size ? BUFFER - f->used : size;
		int r;

		memcpy(f->buffer + f->used, from, n);
		f->used += n;
		from += n;
		size -= n;
		r = f->used == BUFFER ? file_sink_flush(f, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int file_sink_open(int fd, const char *name, struct file_sink *ret, struct tar_sink *ret_sink,
		   struct err *e)
{
	*ret = (struct file_sink){ .fd = fd, .name = name, .buffer = malloc(BUFFER) };
	if (!ret->buffer)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write %s", name);
	*ret_sink = (struct tar_sink){ file_write, ret };
	return 0;
}

void file_sink_close(struct file_sink *f)
{
	free(f->buffer);
	f->buffer = NULL;
}

static int tee_write(void *data, const void *bytes, size_t size, struct err *e)
{
	struct tee_sink *t = data;

	digest_update(t->digest, bytes, size);
	t->size += size;
	return t->to->write(t->to->data, bytes, size, e);
}

int tee_sink_open(const struct tar_sink *to, struct tee_sink *ret, struct tar_sink *ret_sink,
		  struct err *e)
{
	*ret = (struct tee_sink){ .to = to };
	*ret_sink = (struct tar_sink){ tee_write, ret };
	return digest_new(&ret->digest, e);
}

void tee_sink_close(struct tee_sink *t)
{
	digest_free(t->digest);
	t->digest = NULL;
}

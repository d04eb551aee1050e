// SPDX-License-Identifier: GPL-2.0-or-later
/* See images.h. */
#include "checkpoint/image_stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/falloc.h>

#include "util/cleanup.h"
#include "util/io.h"

enum {
	NAME_MAX_LENGTH = 64,
	ROUNDS_MAX = 1000,
	FILES_MAX = 1 << 20,
};

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

bool image_stream_name_is_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	if (!*name || *name == '.' || strlen(name) > NAME_MAX_LENGTH || name[strspn(name, allowed)])
		return false;
	return ends_with(name, ".img") || strcmp(name, "descriptors.json") == 0;
}

/* ---- sending ---- */

struct sending {
	struct wire *w;
	int dir;
	bool release;
	const struct image_stream_progress *progress;
	uint64_t bytes;
	char *buffer; /* WIRE_DATA_MAX */
};

static int send_object(struct wire *w, enum wire_type type, const char *name, uint64_t number,
		       struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "send images");
	json_out_object(&o);
	if (name)
		json_out_member_string(&o, "name", name);
	json_out_member_uint(&o, name ? "size" : "round", number);
	return wire_send_json(w, type, &o, e);
}

static int send_contents(struct sending *s, int fd, uint64_t size, struct err *e)
{
	uint64_t at = 0;

	while (at < size) {
		size_t want = size - at < WIRE_DATA_MAX ? (size_t)(size - at) : WIRE_DATA_MAX;
		ssize_t n = pread(fd, s->buffer, want, (off_t)at);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, ERR_SYSTEM, n < 0 ? errno : ESTALE, "read an image");
		r = wire_send(s->w, WIRE_DATA, s->buffer, (size_t)n, e);
		if (r < 0)
			return r;
		at += (uint64_t)n;
		s->bytes += (uint64_t)n;
		if (s->progress && s->progress->fn)
			s->progress->fn(s->progress->data, s->bytes);
	}
	return wire_send(s->w, WIRE_DATA, NULL, 0, e);
}

static int send_file(struct sending *s, const char *name, struct err *e)
{
	cleanup_fd int fd = openat(s->dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the image '%s'", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_SYSTEM, EINVAL, "open the image '%s'", name);
	r = send_object(s->w, WIRE_FILE, name, (uint64_t)st.st_size, e);
	if (r == 0)
		r = send_contents(s, fd, (uint64_t)st.st_size, e);
	/* the next dump looks which pages are there, not what is in them */
	if (r == 0 && s->release && strncmp(name, "pages-", 6) == 0 && st.st_size)
		(void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, st.st_size);
	return r;
}

static int send_all(struct sending *s, struct err *e)
{
	int copy = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *d;

	if (!dir) {
		close_fd(&copy);
		return err_set(e, ERR_SYSTEM, ENOMEM, "list the images");
	}
	while (r == 0 && (d = readdir(dir)))
		if (image_stream_name_is_valid(d->d_name))
			r = send_file(s, d->d_name, e);
	(void)closedir(dir); /* of reading */
	return r;
}

int image_stream_send(struct wire *w, int dir, unsigned round, bool release,
		      const struct image_stream_progress *p, uint64_t *ret_bytes, struct err *e)
{
	cleanup_free char *buffer = malloc(WIRE_DATA_MAX);
	struct sending s = {
		.w = w, .dir = dir, .release = release, .progress = p, .buffer = buffer
	};
	int r;

	if (!buffer)
		return err_set(e, ERR_SYSTEM, ENOMEM, "send images");
	r = send_object(w, WIRE_ROUND, NULL, round, e);
	if (r == 0)
		r = send_all(&s, e);
	if (r == 0)
		r = wire_send_word(w, WIRE_ROUND_END, e);
	if (r == 0)
		*ret_bytes = s.bytes;
	return r;
}

/* ---- receiving ---- */

int image_stream_round(const struct wire_message *m, unsigned *ret, struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = 1 << 20 };
	const struct json_node *o;
	uint64_t n;
	int r = wire_json(m, &a, &o, e);

	if (r == 0)
		r = wire_uint(o, "round", ROUNDS_MAX, &n, e);
	if (r == 0)
		*ret = (unsigned)n;
	return r;
}

static int receive_contents(struct wire *w, int fd, const char *name, uint64_t size, struct err *e)
{
	struct wire_message m;
	uint64_t have = 0;
	int r;

	for (;;) {
		r = wire_expect(w, "source", WIRE_DATA, &m, e);
		if (r < 0)
			return r;
		if (m.size == 0)
			break;
		if (m.size > size - have)
			return err_set(e, ERR_SYSTEM, EBADMSG, "the image '%s' is longer than said",
				       name);
		r = io_write_all(fd, m.data, m.size);
		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "write the image '%s'", name);
		have += m.size;
	}
	return have == size ? 0
			    : err_set(e, ERR_SYSTEM, EBADMSG, "the image '%s' is shorter than said",
				      name);
}

static int receive_file(struct wire *w, const struct wire_message *m, int dir, uint64_t max,
			uint64_t *ret_size, struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = 1 << 20 };
	cleanup_fd int fd = -EBADF;
	const struct json_node *o;
	const char *name;
	int r = wire_json(m, &a, &o, e);

	if (r == 0)
		r = wire_string(o, "name", NAME_MAX_LENGTH, false, &name, e);
	if (r == 0)
		r = wire_uint(o, "size", INT64_MAX, ret_size, e);
	if (r < 0)
		return r;
	if (!image_stream_name_is_valid(name))
		return err_set(e, ERR_SYSTEM, EBADMSG, "'%s' is no name of an image", name);
	if (*ret_size > max)
		return err_set(e, ERR_SYSTEM, ENOSPC, "make room for the image '%s'", name);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "make the image '%s'", name);
	return receive_contents(w, fd, name, *ret_size, e);
}

int image_stream_receive(struct wire *w, int dir, uint64_t max, uint64_t *ret_bytes, struct err *e)
{
	struct wire_message m;
	uint64_t size, all = 0;
	int r;

	for (unsigned files = 0; files < FILES_MAX; files++) {
		r = wire_receive(w, "source", &m, e);
		if (r < 0)
			return r;
		if (m.type == WIRE_ROUND_END) {
			*ret_bytes = all;
			return 0;
		}
		if (m.type != WIRE_FILE)
			return err_set(e, ERR_SYSTEM, EPROTO, "a message %s among images",
				       wire_type_name(m.type));
		r = receive_file(w, &m, dir, max - all, &size, e);
		if (r < 0)
			return r;
		all += size;
	}
	return err_set(e, ERR_SYSTEM, EFBIG, "more than %d images", FILES_MAX);
}

int image_stream_link_parent(int dir, unsigned before, struct err *e)
{
	char target[32];

	(void)snprintf(target, sizeof(target), "../%u", before);
	if (symlinkat(target, dir, "parent") == 0 || errno == EEXIST)
		return 0;
	return err_set(e, ERR_SYSTEM, errno, "link images to those before them");
}

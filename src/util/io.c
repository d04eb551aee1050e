// SPDX-License-Identifier: GPL-2.0-or-later
/* See io.h. */
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

int io_write_all(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

int io_read_file(int fd, size_t max, char **ret_data, size_t *ret_size)
{
	cleanup_free char *data = NULL;
	size_t have = 0, want;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (st.st_size > (off_t)max)
		return -EFBIG;
	want = (size_t)st.st_size;
	data = malloc(want + 1);
	if (!data)
		return -ENOMEM;
	while (have < want) {
		ssize_t n = pread(fd, data + have, want - have, (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break; /* it became shorter meanwhile */
		have += (size_t)n;
	}
	data[have] = '\0';
	*ret_data = take_ptr(data);
	*ret_size = have;
	return 0;
}

int io_read_stream(int fd, size_t max, char **ret_data, size_t *ret_size)
{
	cleanup_free char *data = NULL;
	size_t have = 0, room = 0;
	ssize_t n = 1;

	while (n != 0) {
		if (room - have < 2) {
			size_t more = room ? room * 2 : 16384;
			char *grown = realloc(data, more);

			if (!grown)
				return -ENOMEM;
			data = grown;
			room = more;
		}
		n = read(fd, data + have, room - have - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		have += (size_t)n;
		if (have > max)
			return -EFBIG;
	}
	data[have] = '\0';
	*ret_data = take_ptr(data);
	*ret_size = have;
	return 0;
}

static int create_new(int dir, const char *name, mode_t mode)
{
	return openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

/* A writer holds the container's lock: an old temporary file is a dead writer's. */
static int replace_file(int dir, const char *name, mode_t mode, const void *data, size_t size,
			bool durable)
{
	cleanup_fd int fd = -EBADF;
	char tmp[280];
	int r;

	if ((size_t)snprintf(tmp, sizeof(tmp), ".%s.new", name) >= sizeof(tmp))
		return -ENAMETOOLONG;
	fd = create_new(dir, tmp, mode);
	if (fd < 0 && errno == EEXIST && unlinkat(dir, tmp, 0) == 0)
		fd = create_new(dir, tmp, mode);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, data, size);
	if (r == 0 && durable && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(dir, tmp, dir, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, tmp, 0);
	return r;
}

int io_replace_file(int dir, const char *name, mode_t mode, const void *data, size_t size)
{
	return replace_file(dir, name, mode, data, size, false);
}

int io_replace_file_durable(int dir, const char *name, mode_t mode, const void *data, size_t size)
{
	int r = replace_file(dir, name, mode, data, size, true);

	return r == 0 && fsync(dir) < 0 ? -errno : r;
}

int io_fd_path(int fd, char *buf, size_t size)
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, size);
	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	/* "(unreachable)/..." lies outside our root, and a socket is none */
	return buf[0] == '/' ? 0 : -ENOENT;
}

ssize_t io_read_line(int dir, const char *path, char *buf, size_t size)
{
	cleanup_fd int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n;
}

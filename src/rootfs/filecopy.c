// SPDX-License-Identifier: GPL-2.0-or-later
/* See filecopy.h. */
#include "rootfs/filecopy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <linux/fs.h>

#include "util/cleanup.h"
#include "util/io.h"

enum {
	CHUNK = 4 << 20, /* between two ticks */
	BUFFER = 256 << 10,
	PROBE_SIZE = 4096
};

bool treecopy_can_reflink(int dir)
{
	cleanup_fd int from = openat(dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	cleanup_fd int to = openat(dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	static const char text[PROBE_SIZE] = "x";

	return from >= 0 && to >= 0 && io_write_all(from, text, sizeof(text)) == 0 &&
	       ioctl(to, FICLONE, from) == 0;
}

static int tick(const struct treecopy *c)
{
	return c->tick ? c->tick(c, c->context) : 0;
}

/* Where the kernel cannot do it by itself. */
static ssize_t copy_by_hand(int from, int to, off_t at, size_t size)
{
	cleanup_free char *buf = malloc(BUFFER);
	ssize_t n;
	int r;

	if (!buf)
		return -ENOMEM;
	n = pread(from, buf, size < BUFFER ? size : BUFFER, at);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	if (lseek(to, at, SEEK_SET) < 0)
		return -errno;
	r = io_write_all(to, buf, (size_t)n);
	return r < 0 ? r : n;
}

static ssize_t copy_some(int from, int to, off_t at, size_t size)
{
	off_t in = at, out = at;
	ssize_t n = copy_file_range(from, &in, to, &out, size, 0);

	if (n >= 0)
		return n;
	if (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS)
		return copy_by_hand(from, to, at, size);
	return -errno;
}

/* [@at, @end) holds data. Shorter meanwhile: that is all, then. */
static int copy_data(struct treecopy *c, int from, int to, off_t at, off_t end)
{
	while (at < end) {
		size_t want = end - at < CHUNK ? (size_t)(end - at) : CHUNK;
		ssize_t n = copy_some(from, to, at, want);
		int r;

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		at += n;
		c->bytes += (uint64_t)n;
		r = tick(c);
		if (r != 0)
			return r;
	}
	return 0;
}

static int copy_segments(struct treecopy *c, int from, int to, off_t size)
{
	off_t at = 0;

	while (at < size) {
		off_t data = lseek(from, at, SEEK_DATA), hole;
		int r;

		if (data < 0 && errno == ENXIO) /* nothing but a hole */
			break;
		if (data < 0)
			return -errno;
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		r = copy_data(c, from, to, data, hole < size ? hole : size);
		if (r != 0)
			return r;
		at = hole;
	}
	return ftruncate(to, size) < 0 ? -errno : 0;
}

int filecopy(struct treecopy *c, int from, int to)
{
	struct stat st;

	if (fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ELOOP; /* another thing by now, as a symlink would be */
	if (st.st_size == 0)
		return 0;
	if (c->reflink) {
		if (ioctl(to, FICLONE, from) == 0) {
			c->bytes += (uint64_t)st.st_size;
			return 0;
		}
		if (errno != EOPNOTSUPP && errno != EXDEV && errno != EINVAL)
			return -errno;
		c->reflink = false;
	}
	return copy_segments(c, from, to, st.st_size);
}

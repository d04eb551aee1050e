// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening, reading and writing single files of cgroupfs below a directory descriptor, and picking
 * words out of them. Builds no absolute path and makes no error sentence: the callers know more.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"
#include "util/kernel.h"

static int open_beneath(int dir_fd, const char *path, int flags)
{
	return kernel_openat2(dir_fd, path, (uint64_t)flags, 0,
			      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
				      RESOLVE_NO_XDEV);
}

int cgroup_dir_open(int dir_fd, const char *path)
{
	return open_beneath(dir_fd, path, O_RDONLY | O_DIRECTORY);
}

int cgroup_file_open(int dir_fd, const char *name, int flags)
{
	return dir_fd == -EBADF ? -ENOENT : open_beneath(dir_fd, name, flags | O_NOFOLLOW);
}

int cgroup_file_write(int dir_fd, const char *name, const char *value)
{
	cleanup_fd int fd = cgroup_file_open(dir_fd, name, O_WRONLY);
	size_t len = strlen(value);
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		n = write(fd, value, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

ssize_t cgroup_file_read(int dir_fd, const char *name, char *buf, size_t size)
{
	cleanup_fd int fd = cgroup_file_open(dir_fd, name, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		n = pread(fd, buf, size - 1, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return n;
}

/* Files with one line per device: "8:0 rbps=max ...", "mlx5_1 hca_handle=3 ...", "default 100". */
static bool has_keys(const char *name)
{
	static const char *const keyed[] = { "io.max",	 "io.weight", "io.bfq.weight",
					     "rdma.max", "misc.max",  "io.latency" };

	for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++)
		if (strcmp(name, keyed[i]) == 0)
			return true;
	return false;
}

/* The line of @text that begins with the first word of @value; a lone number is the default. */
static const char *line_of(const char *text, const char *value)
{
	size_t len = strcspn(value, " \n");

	if (!value[len]) {
		value = "default";
		len = strlen(value);
	}
	while (*text) {
		if (strncmp(text, value, len) == 0 && text[len] == ' ')
			return text;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return NULL;
}

int cgroup_file_current(int dir_fd, const struct cgroup_file *f, char *buf, size_t size,
			bool *ret_keyed)
{
	ssize_t n = cgroup_file_read(dir_fd, f->name, buf, size);
	const char *line;
	size_t len;

	if (n < 0)
		return (int)n;
	*ret_keyed = has_keys(f->name);
	if (!*ret_keyed) {
		if (n > 0 && buf[n - 1] == '\n')
			buf[n - 1] = '\0';
		return 0;
	}
	line = line_of(buf, f->value);
	len = line ? strcspn(line, "\n") : 0;
	if (line)
		memmove(buf, line, len);
	buf[len] = '\0';
	return 0;
}

bool cgroup_text_number(const char *text, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) != 0 || line[len] != ' ')
			continue;
		*ret = strtoull(line + len + 1, NULL, 10);
		return true;
	}
	return false;
}

bool cgroup_text_has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	while (*text) {
		size_t n = strcspn(text, " \t\n");

		if (n == len && strncmp(text, word, n) == 0)
			return true;
		text += n;
		text += strspn(text, " \t\n");
	}
	return false;
}

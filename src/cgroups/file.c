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
	return open_beneath(dir_fd, name, flags | O_NOFOLLOW);
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

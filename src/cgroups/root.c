// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding the mounts of cgroup v2 and of resctrl. The usual places come first, because reading mountinfo
 * takes longer the more mounts the host has. Opens the mount and keeps nothing.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

/* -ENODEV when @path is something else than a filesystem of this kind. */
static int mount_open(const char *path, long magic)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if ((long)fs.f_type != magic)
		return -ENODEV;
	return take_fd(&fd);
}

/* mountinfo writes blanks and backslashes as three octal digits; proc(5). */
static void unescape(char *s)
{
	char *out = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*out++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

/* "36 35 98:0 / /mnt rw,noatime shared:1 - cgroup2 none rw": the mount point, or NULL. */
static char *mountinfo_point(char *line, const char *type)
{
	char *save = NULL, *point = NULL, *word = strtok_r(line, " ", &save);

	for (int i = 0; word; i++, word = strtok_r(NULL, " ", &save)) {
		if (i == 4)
			point = word;
		if (i > 5 && strcmp(word, "-") == 0) {
			word = strtok_r(NULL, " ", &save);
			if (!word || strcmp(word, type) != 0)
				return NULL;
			unescape(point);
			return point;
		}
	}
	return NULL;
}

static void close_file(FILE **f)
{
	if (*f)
		(void)fclose(*f); /* read only: nothing to lose */
}

static int mountinfo_search(const char *type, long magic)
{
	cleanup_(close_file) FILE *f = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *line = NULL;
	size_t size = 0;
	int r = -ENODEV;

	if (!f)
		return -errno;
	while (r < 0 && getline(&line, &size, f) > 0) {
		char *point = mountinfo_point(line, type);

		if (point)
			r = mount_open(point, magic);
	}
	return r;
}

int cgroup_mount_find(const char *const *usual, size_t count, const char *type, long magic)
{
	int r = -ENODEV;

	for (size_t i = 0; r < 0 && i < count; i++)
		r = mount_open(usual[i], magic);
	return r < 0 ? mountinfo_search(type, magic) : r;
}

int cgroup_root_open(int *ret_fd, struct err *e)
{
	static const char *const usual[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	int r = cgroup_mount_find(usual, sizeof(usual) / sizeof(usual[0]), "cgroup2",
				  CGROUP2_SUPER_MAGIC);

	if (r < 0) {
		(void)err_set(e, ERR_SYSTEM, -r, "find the mount of cgroup v2");
		err_hint(e, "mount -t cgroup2 none /sys/fs/cgroup");
		return r;
	}
	*ret_fd = r;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See timens.h. */
#include "namespaces/timens.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"

/* True when a line of @text says that @clock has this offset; the kernel prints it in columns. */
static bool has_offset(const char *text, const char *clock, const struct oci_time_offset *t)
{
	char name[16];
	int64_t secs;
	uint32_t nanosecs;

	for (; text && *text; text = strchr(text, '\n'), text = text ? text + 1 : NULL)
		if (sscanf(text, "%15s %" SCNd64 " %" SCNu32, name, &secs, &nanosecs) == 3 &&
		    strcmp(name, clock) == 0)
			return secs == t->secs && nanosecs == t->nanosecs;
	return false;
}

/* The kernel takes a write at the beginning of the file only, so there is a descriptor for each. */
static int write_file(const char *path, const char *text)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int read_file(const char *path, char *buf, size_t size)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n < 0 ? -errno : 0;
}

static int set_clock(const char *path, const char *clock, const struct oci_time_offset *t,
		     struct err *e)
{
	char text[80], now[256];
	int r;

	if (!t->set)
		return 0;
	(void)snprintf(text, sizeof(text), "%s %" PRId64 " %" PRIu32 "\n", clock, t->secs,
		       t->nanosecs);
	r = write_file(path, text);
	if (r == 0)
		r = read_file(path, now, sizeof(now));
	if (r == 0 && !has_offset(now, clock, t))
		r = -EIO;
	if (r == 0)
		return 0;
	err_set(e, ERR_SYSTEM, -r, "set the offset of the clock '%s' to %" PRId64 " s", clock,
		t->secs);
	err_origin(e, "config.json /linux/timeOffsets/%s", clock);
	return r;
}

int timens_write(pid_t pid, const struct oci_linux *l, struct err *e)
{
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/timens_offsets", (int)pid);
	r = set_clock(path, "boottime", &l->boottime, e);
	return r < 0 ? r : set_clock(path, "monotonic", &l->monotonic, e);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Standard streams of a program that is dumped, which come from whoever started ctr. */
#include "config.h"

#ifdef HAVE_CRIU

#include "checkpoint/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/io.h"

#define DESCRIPTORS "descriptors.json"

enum {
	PTS_MAJOR = 136, /* to 143: devices.txt of the kernel */
	PTS_MAJOR_LAST = 143,
	TTY_MAJOR = 4,
	CONSOLE_MAJOR = 5,
	LOOKS = 200, /* at a program that may be redirecting its output at this moment */
	LOOK_NSEC = 50000,
};

static bool is_terminal(const struct stat *st)
{
	unsigned m = major(st->st_rdev);

	return S_ISCHR(st->st_mode) && ((m >= PTS_MAJOR && m <= PTS_MAJOR_LAST) || m == TTY_MAJOR ||
					(m == CONSOLE_MAJOR && minor(st->st_rdev) <= 1));
}

/* The id of the mount through which it was opened: "mnt_id:" in fdinfo (proc(5)); -1: it is not told. */
static int mount_of(int pid, int fd)
{
	char path[64], line[256];
	int id = -1;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "mnt_id: %d", &id) == 1)
			break;
	if (f)
		(void)fclose(f);
	return id;
}

static bool is_inside(const struct mount_table *t, int mount)
{
	for (size_t i = 0; i < t->count; i++)
		if ((int)t->items[i].id == mount)
			return true;
	return false;
}

/* NULL: no memory. "" also when it was replaced while it was looked at. */
static char *name_of(int pid, int fd, const struct mount_table *t, struct arena *a)
{
	char path[64], target[PATH_MAX], again[PATH_MAX];
	struct stat st;
	ssize_t n;
	int mount;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, target, sizeof(target));
	if (n < 0 || stat(path, &st) < 0)
		return arena_strdup(a, "");
	mount = mount_of(pid, fd);
	if (readlink(path, again, sizeof(again)) != n || memcmp(target, again, (size_t)n) != 0)
		return arena_strdup(a, "");
	/* pipes and sockets have no path, and a mount that nobody has */
	if (S_ISSOCK(st.st_mode) || target[0] != '/' || mount < 0 || is_inside(t, mount))
		return arena_memdup(a, target, (size_t)n);
	if (is_terminal(&st))
		return arena_printf(a, "tty[%llx:%llx]", (unsigned long long)st.st_rdev,
				    (unsigned long long)st.st_dev);
	return arena_printf(a, "file[%x:%llx]", (unsigned)mount, (unsigned long long)st.st_ino);
}

bool dump_stdio_is_outside(const char *name)
{
	return strncmp(name, "file[", 5) == 0 || strncmp(name, "tty[", 4) == 0;
}

/* As it was given to the program, and not what that has opened itself: from outside, or the container's terminal. */
static bool is_given(const char *name)
{
	return name && *name && (*name != '/' || strncmp(name, "/dev/pts/", 9) == 0);
}

/* False: one of them may be something else for this moment. */
static bool look(int pid, const struct mount_table *t, struct arena *a, const char *ret[3])
{
	bool all = true;

	for (int fd = 0; fd < 3; fd++) {
		if (!is_given(ret[fd]))
			ret[fd] = name_of(pid, fd, t, a);
		all = all && is_given(ret[fd]);
	}
	return all;
}

/*
 * A shell that redirects the output of one command has what it was given at another number meanwhile, and CRIU is to
 * know of it all the same.
 */
int dump_stdio_find(int pid, struct arena *a, const char *ret[3], struct err *e)
{
	const struct timespec step = { .tv_nsec = LOOK_NSEC };
	struct mount_table table;
	int r = external_read(pid, a, &table, e);

	if (r < 0)
		return r;
	ret[0] = ret[1] = ret[2] = NULL;
	for (int i = 0; i < LOOKS && !look(pid, &table, a, ret); i++)
		(void)nanosleep(&step, NULL);
	return ret[0] && ret[1] && ret[2]
		       ? 0
		       : err_set(e, ERR_SYSTEM, ENOMEM, "look at the program's stdio");
}

int dump_stdio_write(int images, const char *const names[3], struct err *e)
{
	cleanup_free char *text = NULL;
	struct json_out o;
	size_t len;
	int r = json_out_init(&o, false);

	if (r == 0) {
		json_out_array(&o);
		for (int fd = 0; fd < 3; fd++)
			json_out_string(&o, names[fd]);
		json_out_end_array(&o);
		r = json_out_finish(&o, &text, &len);
		json_out_free(&o);
	}
	if (r == 0)
		r = io_replace_file(images, DESCRIPTORS, 0600, text, len);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write %s", DESCRIPTORS) : 0;
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the small program to the whole one, by execve with the same arguments, environment and inherited descriptors. It is
 * found beside this program (where it was built), else where it was installed: never by PATH or a variable. Whoever can
 * put a file beside a program can replace that program as well.
 */
#include "util/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/io.h"

enum {
	COMMAND_LINE_MAX =
		8 * 1024 * 1024 /* more than execve takes: MAX_ARG_STRLEN, a stack's quarter */
};

/* The name as it is in the build directory; the installed one may have been transformed. */
#define BESIDE "ctr-full"

static int beside(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - sizeof(BESIDE));
	char *slash;

	if (n < 0)
		return -errno;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return -ENOENT;
	memcpy(slash + 1, BESIDE, sizeof(BESIDE));
	return 0;
}

/* As they were: the parser has moved ours. All end with a NUL, also empty ones. */
static char **arguments(char *text, size_t size)
{
	size_t count = 0;
	char **argv;

	for (size_t i = 0; i < size; i++)
		count += !text[i];
	argv = calloc(count + 1, sizeof(*argv));
	for (size_t i = 0, n = 0; argv && n < count; i += strlen(text + i) + 1)
		argv[n++] = text + i;
	return argv;
}

static int execute(char **argv)
{
	char path[PATH_MAX];

	if (beside(path, sizeof(path)) == 0)
		(void)execv(path, argv); /* returns where there is none */
	(void)execv(FRONT_WHOLE, argv);
	return -errno;
}

int whole_needed(struct err *e)
{
	cleanup_fd int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	cleanup_free char **argv = NULL;
	size_t size;
	int r = fd < 0 ? -errno : io_read_stream(fd, COMMAND_LINE_MAX, &text, &size);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read /proc/self/cmdline");
	argv = arguments(text, size);
	r = argv ? execute(argv) : -ENOMEM;
	err_set(e, ERR_SYSTEM, -r, "execute '%s'", FRONT_WHOLE);
	err_hint(e, "it is a part of ctr: install it again");
	return r;
}

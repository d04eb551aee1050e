// SPDX-License-Identifier: GPL-2.0-or-later
/* See layers_fixture.h. */
#include "layers_fixture.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/io.h"

int layers_setup(void **state)
{
	struct layers_fixture *x = calloc(1, sizeof(*x));
	char data[96];

	if (!x)
		return -1;
	(void)snprintf(x->path, sizeof(x->path), "/tmp/ctr-test-layers-XXXXXX");
	if (!mkdtemp(x->path))
		return -1;
	(void)snprintf(x->base, sizeof(x->base), "%s/base", x->path);
	if (shell("cd %s && mkdir data base base/d && echo base > base/f && echo sub > base/d/s",
		  x->path) != 0)
		return -1;
	(void)snprintf(data, sizeof(data), "%s/data", x->path);
	x->data = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	x->base_dirs[0] = x->base;
	x->bases = (struct layers_base){ x->base_dirs, 1 };
	*state = x;
	return x->data < 0 ? -1 : 0;
}

int layers_teardown(void **state)
{
	struct layers_fixture *x = *state;
	int r;

	close_fd(&x->data);
	/* not root: a directory that may not be written to is not emptied either */
	r = shell("chmod -R u+rwX %s && rm -rf %s", x->path, x->path);
	free(x);
	return r;
}

void put(int dir, const char *name, const char *text)
{
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || io_write_all(fd, text, strlen(text)) < 0)
		abort();
}

bool holds(int dir, const char *name, const char *text)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	cleanup_free char *data = NULL;
	size_t size;

	return fd >= 0 && io_read_file(fd, 1 << 20, &data, &size) == 0 && strcmp(data, text) == 0;
}

bool exists(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int shell(const char *fmt, ...)
{
	char line[4096];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return system(line);
}

int entries(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = -2;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		return -1;
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

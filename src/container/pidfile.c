// SPDX-License-Identifier: GPL-2.0-or-later
/* Pid files: digits only, complete from the moment they exist. */
#include "container/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/io.h"

/* A device, a fifo, a socket: /dev/null would be gone for all of the host. (A link is replaced, not followed.) */
static bool is_special(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode) &&
	       !S_ISLNK(st.st_mode) && !S_ISDIR(st.st_mode);
}

int container_write_pid_file(const char *path, pid_t pid, struct err *e)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *parent = slash ? strndup(path, (size_t)(slash - path + 1)) : strdup(".");
	cleanup_fd int dir = -EBADF;
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%d", (int)pid), r;

	if (!parent)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write the pid file");
	dir = open(parent, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (dir >= 0 && is_special(dir, slash ? slash + 1 : path)) {
		err_set(e, ERR_SYSTEM, EEXIST, "write the pid file '%s'", path);
		err_hint(e, "it is a device, a fifo or a socket, which ctr does not replace");
		return -EEXIST;
	}
	r = dir < 0 ? -errno
		    : io_replace_file(dir, slash ? slash + 1 : path, 0644, digits, (size_t)n);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write the pid file '%s'", path) : 0;
}

void container_remove_pid_file(const char *path)
{
	if (!is_special(AT_FDCWD, path))
		(void)unlink(path); /* it may not exist yet */
}

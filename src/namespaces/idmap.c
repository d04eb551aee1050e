// SPDX-License-Identifier: GPL-2.0-or-later
/* See idmap.h. */
#include "namespaces/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	MAX_LINES = 340,
	LINE_SIZE = 36
}; /* three 32-bit numbers, two blanks, a newline */

int idmap_text(const oci_id_maps *maps, char **ret, struct err *e)
{
	size_t size = maps->count * LINE_SIZE + 1, len = 0;
	char *text;

	if (maps->count > MAX_LINES)
		return err_set(e, ERR_CONFIG, E2BIG, "id map of %zu lines", maps->count);
	text = malloc(size);
	if (!text)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write id maps");
	text[0] = '\0';
	for (size_t i = 0; i < maps->count; i++)
		len += (size_t)snprintf(
			text + len, size - len, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
			maps->items[i].container_id, maps->items[i].host_id, maps->items[i].size);
	*ret = text;
	return 0;
}

/* The kernel prints the same numbers in columns. */
static bool same_map(const char *text, const oci_id_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		uint32_t c, h, s;
		int n = 0;

		if (sscanf(text, "%" SCNu32 " %" SCNu32 " %" SCNu32 "%n", &c, &h, &s, &n) != 3 ||
		    c != maps->items[i].container_id || s != maps->items[i].size)
			return false;
		text += n;
	}
	return true;
}

static int write_map(pid_t pid, const char *file, const char *what, const oci_id_maps *maps,
		     struct err *e)
{
	char path[64], now[MAX_LINES * LINE_SIZE];
	cleanup_free char *text = NULL;
	cleanup_fd int fd = -EBADF;
	ssize_t n;
	int r = idmap_text(maps, &text, e);

	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "open %s", path);
	if (write(fd, text, strlen(text)) < 0) {
		r = -errno;
		err_set(e, ERR_SYSTEM, -r, "write the %s", what);
		err_origin(e, "config.json /linux/%s", what);
		if (r == -EINVAL)
			err_hint(e, "mappings must not overlap");
		return r;
	}
	n = pread(fd, now, sizeof(now) - 1, 0);
	now[n > 0 ? n : 0] = '\0';
	if (!same_map(now, maps))
		return err_set(e, ERR_SYSTEM, EIO, "the %s that the kernel reports are others",
			       what);
	return 0;
}

int idmap_write(pid_t pid, const oci_id_maps *uid, const oci_id_maps *gid, struct err *e)
{
	int r = write_map(pid, "uid_map", "uidMappings", uid, e);

	return r < 0 ? r : write_map(pid, "gid_map", "gidMappings", gid, e);
}

/*
 * Only the namespace is wanted: its owner kills us. We have copies of its descriptors, locks among
 * them, and must not outlive it: its pid as our parent is what we saw before, or it is dead.
 */
static __attribute__((noreturn)) void hold_namespace(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	for (;;)
		(void)pause();
}

int idmap_userns_open(const oci_id_maps *uid, const oci_id_maps *gid, int *ret_fd, struct err *e)
{
	struct kernel_clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	pid_t parent = getpid();
	char path[64];
	int pid = kernel_clone3(&args), fd = -EBADF, r;

	if (pid < 0)
		return err_set(e, ERR_SYSTEM, -pid, "create a user namespace");
	if (pid == 0)
		hold_namespace(parent);
	r = idmap_write(pid, uid, gid, e);
	if (r == 0) {
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			r = err_set(e, ERR_SYSTEM, errno, "open %s", path);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	if (r == 0)
		*ret_fd = fd;
	return r;
}

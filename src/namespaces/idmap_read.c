// SPDX-License-Identifier: GPL-2.0-or-later
/* See idmap.h: the maps of user namespaces that others made. */
#include "namespaces/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	MAP_LINES = 340, /* user_namespaces(7) */
	LINE_SIZE = 36,	 /* three numbers in columns */
	JOIN_MS = 5000,
};

static int parse(const char *text, struct arena *a, oci_id_maps *ret)
{
	struct oci_id_map *items = arena_array(a, MAP_LINES, sizeof(*items));
	size_t count = 0;

	if (!items)
		return -ENOMEM;
	for (; *text && count < MAP_LINES; count++) {
		struct oci_id_map *m = &items[count];
		int n = 0;

		if (sscanf(text, "%" SCNu32 " %" SCNu32 " %" SCNu32 " %n", &m->container_id,
			   &m->host_id, &m->size, &n) != 3)
			return -EINVAL;
		text += n;
	}
	ret->items = items;
	ret->count = count;
	return 0;
}

/* Files of /proc have no size: to the end, into a buffer that holds any map. */
static int read_file(pid_t pid, const char *name, struct arena *a, oci_id_maps *ret, struct err *e)
{
	char path[64], text[MAP_LINES * LINE_SIZE];
	cleanup_fd int fd = -EBADF;
	size_t len = 0;
	ssize_t n = 1;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "open %s", path);
	while (n > 0 && len < sizeof(text) - 1) {
		n = read(fd, text + len, sizeof(text) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	r = n < 0 ? -errno : parse(text, a, ret);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "read %s", path) : 0;
}

int idmap_read(pid_t pid, struct arena *a, oci_id_maps *ret_uid, oci_id_maps *ret_gid,
	       struct err *e)
{
	int r = read_file(pid, "uid_map", a, ret_uid, e);

	return r < 0 ? r : read_file(pid, "gid_map", a, ret_gid, e);
}

/* A change of credentials, which joining is, takes back that we end with ctr: prctl(2). */
static int end_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -1;
	if (getppid() == parent)
		return 0;
	errno = ESRCH;
	return -1;
}

/* Not dumpable before it joins: nobody in the namespace may look at our memory (security.md R12). */
static __attribute__((noreturn)) void join(int ns, pid_t parent, int tell)
{
	int r = 0;

	if (prctl(PR_SET_DUMPABLE, 0) < 0 || setns(ns, CLONE_NEWUSER) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0) < 0 || end_with(parent) < 0)
		r = errno;
	if (write(tell, &r, sizeof(r)) != (ssize_t)sizeof(r))
		_exit(1);
	for (;;)
		(void)pause(); /* until we are killed, by our parent or with it */
}

/* The namespace's owner may stop whoever is in it: for ever is what we do not wait (R21). */
static int await_joined(int told)
{
	struct pollfd p = { .fd = told, .events = POLLIN };
	int joined, n;

	do
		n = poll(&p, 1, JOIN_MS);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -ETIMEDOUT;
	return read(told, &joined, sizeof(joined)) == sizeof(joined) ? -joined : -EIO;
}

int idmap_read_ns(int ns, struct arena *a, oci_id_maps *ret_uid, oci_id_maps *ret_gid,
		  struct err *e)
{
	struct kernel_clone_args args = { .exit_signal = SIGCHLD };
	pid_t parent = getpid();
	int pipes[2], pid, r;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_set(e, ERR_SYSTEM, errno, "create a pipe");
	pid = kernel_clone3(&args);
	if (pid == 0)
		join(ns, parent, pipes[1]);
	(void)close(pipes[1]);
	r = pid < 0 ? err_set(e, ERR_SYSTEM, -pid, "create a process") : 0;
	if (r == 0)
		r = await_joined(pipes[0]);
	if (r < 0 && pid >= 0)
		err_set(e, ERR_SYSTEM, -r, "join the user namespace");
	if (r == 0)
		r = idmap_read(pid, a, ret_uid, ret_gid, e);
	(void)close(pipes[0]);
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return r;
}

/* Every range of @a is one of @b: in another order they are the same maps. */
static bool covered(const oci_id_maps *a, const oci_id_maps *b)
{
	for (size_t i = 0; i < a->count; i++) {
		bool found = false;

		for (size_t k = 0; k < b->count; k++)
			found |= memcmp(&a->items[i], &b->items[k], sizeof(*a->items)) == 0;
		if (!found)
			return false;
	}
	return true;
}

bool idmap_equal(const oci_id_maps *a, const oci_id_maps *b)
{
	return a->count == b->count && covered(a, b) && covered(b, a);
}

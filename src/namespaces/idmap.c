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

#include "namespaces/advice.h"
#include "namespaces/idmap_helper.h"
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

enum idmap_way idmap_way(const oci_id_maps *maps, uint32_t own, const struct caller *caller)
{
	if (caller->maps_ids)
		return IDMAP_DIRECT;
	if (maps->count == 1 && maps->items[0].size == 1 && maps->items[0].host_id == own)
		return IDMAP_OWN;
	return IDMAP_HELPER;
}

bool idmap_allows_setgroups(const oci_id_maps *gid, const struct caller *caller)
{
	return caller->setgroups && idmap_way(gid, caller->gid, caller) != IDMAP_OWN;
}

/* What tells the two maps apart. */
struct kind {
	const char *file, *field;
	enum idmap_helper helper;
};

static const struct kind uid_kind = { "uid_map", "uidMappings", IDMAP_NEWUIDMAP };
static const struct kind gid_kind = { "gid_map", "gidMappings", IDMAP_NEWGIDMAP };

static int open_proc(pid_t pid, const char *file, int flags, struct err *e)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? err_set(e, ERR_SYSTEM, errno, "open %s", path) : fd;
}

/* Who may not set groups may not give that right away either: user_namespaces(7). */
static int deny_setgroups(pid_t pid, struct err *e)
{
	cleanup_fd int fd = open_proc(pid, "setgroups", O_WRONLY, e);

	if (fd < 0)
		return fd;
	return write(fd, "deny", 4) < 0 ? err_set(e, ERR_SYSTEM, errno, "deny setgroups") : 0;
}

static int write_text(int fd, const struct kind *k, const oci_id_maps *maps,
		      const struct caller *caller, struct err *e)
{
	cleanup_free char *text = NULL;
	int r = idmap_text(maps, &text, e);

	if (!text || write(fd, text, strlen(text)) >= 0)
		return r;
	r = -errno;
	err_set(e, ERR_SYSTEM, -r, "write the %s", k->field);
	err_origin(e, "config.json /linux/%s", k->field);
	if (r == -EINVAL)
		err_hint(e, "mappings must not overlap");
	else if (r == -EPERM && !caller->initial_userns)
		err_hint(e, "only ids that this user namespace has itself can be given on: see "
			    "/proc/self/uid_map and gid_map");
	else if (r == -EPERM && !caller->maps_ids)
		advice_userns(r, e);
	return r;
}

/* To the end: the kernel gives no more than a page at a time, and in columns it is longer than written. */
static ssize_t read_map(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = pread(fd, text + len, size - 1 - len, (off_t)len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len < size - 1);
	text[len] = '\0';
	return n < 0 ? -errno : (ssize_t)len;
}

static int check_map(int fd, const struct kind *k, const oci_id_maps *maps, struct err *e)
{
	char now[MAX_LINES * LINE_SIZE];
	ssize_t n = read_map(fd, now, sizeof(now));

	if (n < 0)
		return err_set(e, ERR_SYSTEM, (int)-n, "read the %s back", k->field);
	if (!same_map(now, maps))
		return err_set(e, ERR_SYSTEM, EIO, "the %s that the kernel reports are others",
			       k->field);
	return 0;
}

static int write_map(pid_t pid, const struct kind *k, const oci_id_maps *maps, uint32_t own,
		     const struct caller *caller, struct err *e)
{
	enum idmap_way way = idmap_way(maps, own, caller);
	cleanup_fd int fd = -EBADF;
	int r = 0;

	if (way == IDMAP_HELPER) {
		r = idmap_helper_run(k->helper, pid, maps, e);
		if (r < 0)
			err_origin(e, "config.json /linux/%s", k->field);
	} else if (way == IDMAP_OWN && k == &gid_kind) {
		r = deny_setgroups(pid, e);
	}
	if (r < 0)
		return r;
	fd = open_proc(pid, k->file, way == IDMAP_HELPER ? O_RDONLY : O_RDWR, e);
	if (fd < 0)
		return fd;
	if (way != IDMAP_HELPER)
		r = write_text(fd, k, maps, caller, e);
	return r < 0 ? r : check_map(fd, k, maps, e);
}

int idmap_write(pid_t pid, const oci_id_maps *uid, const oci_id_maps *gid,
		const struct caller *caller, struct err *e)
{
	int r = write_map(pid, &uid_kind, uid, caller->uid, caller, e);

	return r < 0 ? r : write_map(pid, &gid_kind, gid, caller->gid, caller, e);
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

int idmap_userns_open(const oci_id_maps *uid, const oci_id_maps *gid, const struct caller *caller,
		      int *ret_fd, struct err *e)
{
	struct kernel_clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	pid_t parent = getpid();
	char path[64];
	int pid = kernel_clone3(&args), fd = -EBADF, r;

	if (pid < 0)
		return err_set(e, ERR_SYSTEM, -pid, "create a user namespace");
	if (pid == 0)
		hold_namespace(parent);
	r = idmap_write(pid, uid, gid, caller, e);
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

// SPDX-License-Identifier: GPL-2.0-or-later
/* What a config means on this host, as far as images are compared with it. */
#include "config.h"

#ifdef HAVE_CRIU

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "checkpoint/images_judge.h"
#include "container/sdnotify.h"
#include "rootfs/options.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/num.h"
#include "util/path.h"

_Static_assert(MOUNT_ATTR_RDONLY == MS_RDONLY && MOUNT_ATTR_NOSUID == MS_NOSUID &&
		       MOUNT_ATTR_NODEV == MS_NODEV && MOUNT_ATTR_NOEXEC == MS_NOEXEC,
	       "flags of mounts");

enum {
	RESTRICTING = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
};

/* Made by binding the host's where mknod is not possible; and the terminal. */
static const char *const devices[] = { "/dev/null",    "/dev/zero", "/dev/full",   "/dev/random",
				       "/dev/urandom", "/dev/tty",  "/dev/console" };

int image_no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, ENOMEM, "check the images");
}

/* Where @path is behind symlinks below @root. What is not there yet is where it says. */
static const char *resolve(int root, const char *path, struct arena *a)
{
	char self[64], base[PATH_MAX], real[PATH_MAX];
	cleanup_fd int fd = root < 0 ? -EBADF
				     : kernel_openat2(root, path, O_PATH, 0,
						      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	ssize_t n, m;

	if (fd < 0)
		return path;
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", root);
	n = readlink(self, base, sizeof(base) - 1);
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	m = readlink(self, real, sizeof(real) - 1);
	if (n == 1)
		n = 0; /* "/": of a mount that is attached nowhere, or in another namespace */
	if (n < 0 || m < n || memcmp(base, real, (size_t)n) != 0)
		return path;
	real[m] = '\0';
	return m > n && real[n] == '/' ? arena_strdup(a, real + n) : path;
}

static struct image_place *add(const struct images_rules *rules, struct arena *a,
			       struct image_view *v, const char *path)
{
	struct image_place *p = &v->places[v->place_count];

	p->path = path ? path_clean(a, path) : NULL;
	p->real = p->path ? resolve(rules->root, p->path, a) : NULL;
	if (!p->real)
		return NULL;
	v->place_count++;
	return p;
}

/* Does the file that is hidden or protected exist, here, where it will be seen? Of proc and sys: the kernel's. */
static bool exists(const struct images_rules *rules, const char *path)
{
	cleanup_fd int fd = -EBADF;

	if (path_below(path, "/proc") || path_below(path, "/sys"))
		return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (rules->root < 0)
		return false;
	fd = kernel_openat2(rules->root, path, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	return fd >= 0;
}

/* The last one counts. */
static uint64_t tmpfs_size(const struct mount_options *o)
{
	uint64_t found = 0;
	int64_t size;

	for (size_t i = 0; i < o->data_count; i++)
		if (strncmp(o->data[i], "size=", 5) == 0 &&
		    num_parse_size(o->data[i] + 5, &size) == 0 && size > 0)
			found = (uint64_t)size;
	return found;
}

static int add_mount(const struct images_rules *rules, const struct oci_mount *m, struct arena *a,
		     struct image_view *v, struct err *e)
{
	const char *type = m->type ? m->type : "";
	struct mount_options o = { 0 };
	struct image_place *p;
	int r = mount_options_parse(m, a, &o, e);

	if (r < 0 || o.remount)
		return r;
	p = add(rules, a, v, m->destination);
	if (!p)
		return image_no_memory(e);
	p->outside = o.bind || strcmp(type, "bind") == 0 || strncmp(type, "cgroup", 6) == 0 ||
		     (strcmp(type, "proc") != 0 && strcmp(type, "sysfs") != 0 &&
		      strcmp(type, "tmpfs") != 0 && strcmp(type, "devpts") != 0 &&
		      strcmp(type, "mqueue") != 0);
	p->type = p->outside ? NULL : type;
	p->flags = (o.set | o.rset) & RESTRICTING;
	p->below = o.rset & RESTRICTING;
	p->whole = p->outside;
	p->size = p->outside ? 0 : tmpfs_size(&o);
	p->needed = true;
	return 0;
}

/* Masks, and what is read-only: @type is for those that may also be bound by the container itself. */
static int add_paths(const struct images_rules *rules, const oci_strings *paths, bool mask,
		     struct arena *a, struct image_view *v, struct err *e)
{
	for (size_t i = 0; i < paths->count; i++) {
		struct image_place *p = add(rules, a, v, paths->items[i]);

		if (!p)
			return image_no_memory(e);
		p->outside = true;
		p->flags = mask ? 0 : MS_RDONLY;
		p->mask = mask;
		p->needed = exists(rules, p->real);
	}
	return 0;
}

static int add_device(const struct images_rules *rules, const char *path, struct arena *a,
		      struct image_view *v, struct err *e)
{
	struct image_place *p = add(rules, a, v, path);

	if (!p)
		return image_no_memory(e);
	p->outside = true;
	return 0;
}

static int make_places(const struct images_rules *rules, struct arena *a, struct image_view *v,
		       struct err *e)
{
	const struct oci_linux *l = &rules->spec->linux_;
	size_t n = rules->spec->mounts.count + l->masked_paths.count + l->readonly_paths.count +
		   l->devices.count + ARRAY_SIZE(devices) + 1;
	int r = 0;

	v->places = arena_array(a, n, sizeof(*v->places));
	if (!v->places)
		return image_no_memory(e);
	for (size_t i = 0; r == 0 && i < rules->spec->mounts.count; i++)
		r = add_mount(rules, &rules->spec->mounts.items[i], a, v, e);
	if (r == 0)
		r = add_paths(rules, &l->masked_paths, true, a, v, e);
	if (r == 0)
		r = add_paths(rules, &l->readonly_paths, false, a, v, e);
	for (size_t i = 0; r == 0 && i < l->devices.count; i++)
		r = add_device(rules, l->devices.items[i].path, a, v, e);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(devices); i++)
		r = add_device(rules, devices[i], a, v, e);
	return r < 0 ? r : add_device(rules, SDNOTIFY_MOUNT, a, v, e);
}

static void look_at_self(const struct images_rules *rules, struct image_view *v)
{
	static const char *const names[OCI_NS_COUNT] = {
		[OCI_NS_MOUNT] = "mnt",	  [OCI_NS_CGROUP] = "cgroup", [OCI_NS_UTS] = "uts",
		[OCI_NS_IPC] = "ipc",	  [OCI_NS_USER] = "user",     [OCI_NS_PID] = "pid",
		[OCI_NS_NETWORK] = "net", [OCI_NS_TIME] = "time",
	};
	char line[IMAGE_LABEL_MAX], *mode;
	int64_t score;

	for (int type = 0; type < OCI_NS_COUNT; type++) {
		const struct oci_namespace *ns =
			oci_spec_namespace(rules->spec, (enum oci_namespace_type)type);
		struct stat own, joined;

		(void)snprintf(line, sizeof(line), "/proc/self/ns/%s", names[type]);
		v->joins_own[type] = ns && ns->path && stat(line, &own) == 0 &&
				     stat(ns->path, &joined) == 0 && own.st_dev == joined.st_dev &&
				     own.st_ino == joined.st_ino;
	}
	if (io_read_line(AT_FDCWD, "/proc/self/oom_score_adj", line, sizeof(line)) > 0 &&
	    num_parse_i64(line, &score) == 0)
		v->oom_score_adj = (int)score;
	if (io_read_line(AT_FDCWD, "/proc/self/attr/current", v->label, sizeof(v->label)) <= 0)
		v->label[0] = '\0'; /* no security module is on */
	mode = strstr(v->label, " (");
	if (mode)
		*mode = '\0';
}

int image_view_make(const struct images_rules *rules, struct arena *a, struct image_view *ret,
		    struct err *e)
{
	int r = make_places(rules, a, ret, e);

	if (r == 0)
		look_at_self(rules, ret);
	return r;
}

#endif

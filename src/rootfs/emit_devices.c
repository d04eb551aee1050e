// SPDX-License-Identifier: GPL-2.0-or-later
/* Device nodes and links as operations. Pure. */
#include "rootfs/emit.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "util/kernel.h"
#include "util/path.h"

struct default_device {
	const char *path;
	unsigned major, minor;
};

/* runtime-spec config-linux.md, "Default Devices" */
static const struct default_device default_devices[] = {
	{ "/dev/null", 1, 3 },	 { "/dev/zero", 1, 5 },	   { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const char *const links[][2] = {
	{ "ptmx", "pts/ptmx" },		 { "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },	 { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "core", "/proc/kcore" },
};

/* In a fresh /dev a plain name is enough; everything else goes through the resolver. */
static uint64_t device_dir(const struct rootfs_layout *l, const char **path)
{
	if (l->dev && path_below(*path, "/dev") && !strchr(*path + 5, '/')) {
		*path += 5;
		return l->dev;
	}
	return l->root;
}

/* Where mknod is not possible (in a user namespace), a copy of the host's mount of the node is attached. */
static void emit_clone(struct plan *p, const struct rootfs_layout *l, const char *path, mode_t type,
		       uint64_t rdev, const char *origin)
{
	struct plan_source src = {
		.kind = PLAN_SOURCE_TREE,
		.label = plan_origin(p, "host's %s", path),
		.path = path,
		.origin = origin,
		.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		.prop = MS_PRIVATE,
		.rdev = rdev,
		.rdev_type = type,
		.fd = -EBADF,
	};
	uint64_t tree = rootfs_emit_source(l, &src, p);

	PLAN_ADD(p, origin, mount_tree, .root = l->root, .path = plan_str(p, path), .tree = tree,
		 .flags = PLAN_MOUNT_FILE);
}

static void emit_node(struct plan *p, const struct rootfs_layout *l, const char *path, mode_t mode,
		      uint64_t rdev, uint64_t uid, uint64_t gid, const char *origin)
{
	uint64_t dir = device_dir(l, &path);

	PLAN_ADD(p, origin, mknod, .dir = dir, .path = plan_str(p, path), .mode = mode, .dev = rdev,
		 .uid = uid, .gid = gid);
}

static mode_t node_type(char type)
{
	return type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
}

/* linux.devices may name a default device, with other rights: then the default is left out. */
static bool is_listed(const struct oci_spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->linux_.devices.count; i++)
		if (strcmp(spec->linux_.devices.items[i].path, path) == 0)
			return true;
	return false;
}

static void emit_defaults(const struct oci_spec *spec, const struct rootfs_layout *l,
			  struct plan *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++) {
		const struct default_device *d = &default_devices[i];
		uint64_t rdev = makedev(d->major, d->minor);

		if (is_listed(spec, d->path))
			continue;
		if (l->bind_devices)
			emit_clone(p, l, d->path, S_IFCHR, rdev, NULL);
		else
			emit_node(p, l, d->path, S_IFCHR | 0666, rdev, 0, 0, NULL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		PLAN_ADD(p, NULL, symlink, .dir = l->dev, .path = plan_str(p, links[i][0]),
			 .target = plan_str(p, links[i][1]));
}

/* `podman --privileged` lists all of the host's nodes. In a devpts of its own, ptmx must stay a link. */
static bool is_ptmx(const struct rootfs_layout *l, const char *path, uint64_t rdev)
{
	return l->dev && strcmp(path, "/dev/ptmx") == 0 && rdev == makedev(5, 2);
}

/* The host's node is shown as it is: who owns it, and its mode, cannot be the container's choice. */
static void emit_host_node(struct plan *p, const struct rootfs_layout *l,
			   const struct oci_device *d, const char *path, const char *origin)
{
	uint64_t rdev = makedev((unsigned)d->major.value, (unsigned)d->minor.value);

	if (d->file_mode.set || d->uid.set || d->gid.set)
		plan_warn(p, origin,
			  "fileMode, uid and gid have no effect in a user namespace: the host's "
			  "node is mounted");
	emit_clone(p, l, path, node_type(d->type), rdev, origin);
}

int rootfs_emit_devices(const struct oci_spec *spec, struct rootfs_layout *l, struct plan *p,
			struct err *e)
{
	if (l->dev || spec->linux_.devices.count)
		PLAN_ADD(p, NULL, section, .title = plan_str(p, "Devices"));
	if (l->dev)
		emit_defaults(spec, l, p);
	for (size_t i = 0; i < spec->linux_.devices.count; i++) {
		const struct oci_device *d = &spec->linux_.devices.items[i];
		const char *origin = plan_origin(p, "/linux/devices/%zu", i);
		uint64_t rdev = makedev((unsigned)d->major.value, (unsigned)d->minor.value);
		mode_t mode = d->file_mode.set ? (mode_t)(d->file_mode.value & 07777) : 0666;
		const char *path = path_clean(&p->arena, d->path);

		if (!path)
			return err_set(e, ERR_SYSTEM, ENOMEM, "read devices");
		if (is_ptmx(l, path, rdev))
			continue;
		if (l->bind_devices && d->type != 'p')
			emit_host_node(p, l, d, path, origin);
		else
			emit_node(p, l, path, node_type(d->type) | mode, rdev, d->uid.value,
				  d->gid.value, origin);
	}
	return 0;
}

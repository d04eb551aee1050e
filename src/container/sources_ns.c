// SPDX-License-Identifier: GPL-2.0-or-later
/* Namespaces that are joined by path: what was opened is what was meant. */
#include "container/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <linux/nsfs.h>

#include "namespaces/namespaces.h"
#include "oci/sysctl.h"
#include "util/cleanup.h"

/* Namespaces are compared by the files that stand for them: ioctl_ns(2). */
static bool is_own(int fd, enum oci_namespace_type type)
{
	static const char *const names[OCI_NS_COUNT] = {
		[OCI_NS_IPC] = "/proc/self/ns/ipc",	[OCI_NS_UTS] = "/proc/self/ns/uts",
		[OCI_NS_NETWORK] = "/proc/self/ns/net", [OCI_NS_USER] = "/proc/self/ns/user",
		[OCI_NS_MOUNT] = "/proc/self/ns/mnt",
	};
	struct stat own, st;

	return names[type] && fstat(fd, &st) == 0 && stat(names[type], &own) == 0 &&
	       st.st_dev == own.st_dev && st.st_ino == own.st_ino;
}

/* The kernel lets nobody join the user namespace he is in, and a mount namespace is what isolates. */
static int refuse_own(const char *path, int fd, uint64_t type, struct err *e)
{
	enum oci_namespace_type kind = type == CLONE_NEWUSER ? OCI_NS_USER : OCI_NS_MOUNT;

	if ((type != CLONE_NEWUSER && type != CLONE_NEWNS) || !is_own(fd, kind))
		return 0;
	err_set(e, ERR_CONFIG, 0, "'%s' is the host's own namespace", path);
	err_hint(e, kind == OCI_NS_USER ? "leave the entry out to share it"
					: "a container needs another one");
	return -EINVAL;
}

int sources_open_ns(const char *path, uint64_t want, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct statfs fs;
	int type, r;

	if (fd < 0)
		return err_set(e, ERR_CONFIG, errno, "open the namespace '%s'", path);
	/* the same number may mean something else to another file, a device for example */
	if (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS_MAGIC ||
	    (type = ioctl(fd, NS_GET_NSTYPE)) < 0)
		return err_set(e, ERR_CONFIG, 0, "'%s' is not a namespace", path);
	if ((uint64_t)type != want)
		return err_set(e, ERR_CONFIG, 0, "'%s' is a namespace of another type", path);
	r = refuse_own(path, fd, want, e);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

/* What the config wants to change in namespaces of this type, or NULL. */
static const char *changes(const struct oci_spec *spec, enum oci_namespace_type type)
{
	if (type == OCI_NS_UTS && (spec->hostname || spec->domainname))
		return spec->hostname ? "hostname" : "domainname";
	if (type == OCI_NS_NETWORK && spec->linux_.net_devices.count)
		return "netDevices";
	for (size_t i = 0; i < spec->linux_.sysctl.count; i++) {
		char path[OCI_SYSCTL_MAX];

		if (oci_sysctl_path(spec->linux_.sysctl.items[i].key, path) == 0 &&
		    oci_sysctl_namespace(path) == type)
			return spec->linux_.sysctl.items[i].key;
	}
	return NULL;
}

static int check_source(const struct oci_spec *spec, const struct plan_source *s, struct err *e)
{
	for (int type = 0; type < OCI_NS_COUNT; type++) {
		const char *what;

		if (namespaces_flag(type) != s->ns_type || !is_own(s->fd, type))
			continue;
		what = changes(spec, type);
		if (!what)
			return 0;
		err_set(e, ERR_CONFIG, 0,
			"'%s' is the host's own namespace: '%s' would change the host", s->path,
			what);
		err_origin(e, "config.json %s", s->origin);
		return -EINVAL;
	}
	return 0;
}

int sources_probe_ns(const struct oci_spec *spec, const struct plan_source *s, struct err *e)
{
	struct plan_source copy = *s;
	int r = sources_open_ns(s->path, s->ns_type, &copy.fd, e);

	if (r == 0)
		r = check_source(spec, &copy, e);
	close_fd(&copy.fd);
	return r;
}

int container_check_joined(const struct oci_spec *spec, const struct plan *p, struct err *e)
{
	int r = 0;

	for (size_t i = 1; r == 0 && i < p->reg_count; i++)
		if (p->regs[i].kind == PLAN_SOURCE_NS)
			r = check_source(spec, &p->regs[i], e);
	return r;
}

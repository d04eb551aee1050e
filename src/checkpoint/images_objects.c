// SPDX-License-Identifier: GPL-2.0-or-later
/* What tasks of images hold: open files, sockets, terminals, deleted files; and their cgroups. */
#include "config.h"

#ifdef HAVE_CRIU

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <linux/capability.h>
#include <linux/netlink.h>

#include "checkpoint/criu_images.pb-c.h"
#include "checkpoint/images_judge.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/path.h"

#ifndef CAP_BPF
#define CAP_BPF 39 /* Linux 5.8 */
#endif

enum {
	CGROUP_DEPTH_MAX = 64,
	UNIX_EXTERNAL = 1, /* flag of a socket whose other end is not in the images */
};

/* ---- open files ---- */

struct opened {
	struct judge *j;
	const struct image_file *file;
	const Image__File *m;
};

static int bad_path(const struct opened *o, const char *path, struct err *e)
{
	char at[IMAGES_TEXT];

	return image_refuse(e, o->file, "file %u: '%s' is no plain path", o->m->id,
			    image_shown(path, at, sizeof(at)));
}

static bool is_mount_of_ours(const struct judge *j, int32_t id)
{
	for (size_t i = 0; i < j->mount_count; i++)
		if (j->mounts[i].id == (uint32_t)id)
			return true;
	return false;
}

static bool is_device_of_ours(const struct judge *j, const char *path)
{
	const struct image_place *p = image_place_find(j, path);

	if (strncmp(path, "/dev/pts/", 9) == 0 || strcmp(path, "/dev/ptmx") == 0)
		return true;
	return p && p->outside && strcmp(p->real, path) == 0;
}

static bool is_given(const struct judge *j, const char *name)
{
	for (size_t i = 0; i < j->rules->given_count; i++)
		if (strcmp(j->rules->given[i], name) == 0)
			return true;
	return false;
}

/* The name that CRIU gives to a file that has lost the one it was opened by; it notes no mount, and takes the root. */
static bool is_link_remap(const Image__RegularFile *r)
{
	const char *base = strrchr(r->name, '/');

	return r->mnt_id == -1 && strncmp(base ? base + 1 : r->name, "link_remap.", 11) == 0;
}

static int check_regular(const struct opened *o, struct err *e)
{
	const Image__RegularFile *r = o->m->regular;
	char at[IMAGES_TEXT];

	if (!r)
		return image_refuse(e, o->file, "file %u: it is missing", o->m->id);
	image_shown(r->name, at, sizeof(at));
	if (r->external && is_given(o->j, r->name))
		return 0;
	if (r->external)
		return image_refuse(e, o->file, "file %u: '%s' comes from outside of the container",
				    o->m->id, at);
	if (!image_path_is_plain(r->name))
		return bad_path(o, r->name, e);
	if (o->j->mount_count && !is_mount_of_ours(o->j, r->mnt_id) && !is_link_remap(r))
		return image_refuse(e, o->file,
				    "file %u: '%s' is on mount %d, which is not the container's",
				    o->m->id, at, r->mnt_id);
	if ((S_ISCHR(r->mode) || S_ISBLK(r->mode)) && !is_device_of_ours(o->j, r->name) &&
	    !image_may(o->j, CAP_MKNOD))
		return image_refuse(e, o->file,
				    "file %u: '%s' is a device, which the config does not have",
				    o->m->id, at);
	return 0;
}

static int need(const struct opened *o, int capability, const char *name, const char *what,
		struct err *e)
{
	if (image_may(o->j, capability))
		return 0;
	return image_refuse(e, o->file, "file %u: %s, which needs %s", o->m->id, what, name);
}

static int check_inet(const struct opened *o, struct err *e)
{
	if (o->m->inet && o->m->inet->type == SOCK_RAW)
		return need(o, CAP_NET_RAW, "CAP_NET_RAW", "a raw socket", e);
	return 0;
}

static int check_packet(const struct opened *o, struct err *e)
{
	return need(o, CAP_NET_RAW, "CAP_NET_RAW", "a packet socket", e);
}

static int check_netlink(const struct opened *o, struct err *e)
{
	const Image__NetlinkSocket *n = o->m->netlink;
	bool open_to_all =
		n && (n->protocol == NETLINK_ROUTE || n->protocol == NETLINK_KOBJECT_UEVENT);

	for (size_t i = 0; n && !open_to_all && i < n->n_groups; i++)
		if (n->groups[i])
			return need(o, CAP_NET_ADMIN, "CAP_NET_ADMIN",
				    "a netlink socket that listens to groups", e);
	return 0;
}

static int check_tun(const struct opened *o, struct err *e)
{
	return need(o, CAP_NET_ADMIN, "CAP_NET_ADMIN", "a tun device", e);
}

static int check_bpf(const struct opened *o, struct err *e)
{
	return image_may(o->j, CAP_SYS_ADMIN) ? 0 : need(o, CAP_BPF, "CAP_BPF", "a BPF map", e);
}

static int check_fanotify(const struct opened *o, struct err *e)
{
	return need(o, CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "fanotify", e);
}

static int check_plugin(const struct opened *o, struct err *e)
{
	return image_refuse(e, o->file, "file %u: a plugin of CRIU would open it", o->m->id);
}

/* A handle names a file of a filesystem, not of a container. */
static int check_inotify(const struct opened *o, struct err *e)
{
	const Image__Inotify *in = o->m->inotify;

	for (size_t i = 0; in && i < in->n_watches; i++) {
		const Image__FileHandle *h = in->watches[i]->handle;

		if (h && h->path && *h->path) {
			if (strstr(h->path, ".."))
				return bad_path(o, h->path, e);
		} else if (!o->j->rules->authentic) {
			image_refuse(e, o->file, "file %u: inotify watches a file that has no name",
				     o->m->id);
			err_hint(e, "which file that is cannot be known: only signed images may "
				    "have such");
			return -EBADMSG;
		}
	}
	return 0;
}

static int check_unix(const struct opened *o, struct err *e)
{
	const Image__UnixSocket *u = o->m->unix_;
	const struct checkpoint_flags *flags = o->j->rules->flags;
	char name[128];

	if (!u)
		return image_refuse(e, o->file, "file %u: it is missing", o->m->id);
	if ((u->flags & UNIX_EXTERNAL) && !(flags && flags->ext_unix_sk))
		return image_refuse(
			e, o->file,
			"file %u: a socket that is connected to the outside (--ext-unix-sk)",
			o->m->id);
	(void)snprintf(name, sizeof(name), "%.*s", (int)(u->name.len < 108 ? u->name.len : 108),
		       (const char *)u->name.data);
	if (u->name_dir && !image_path_is_plain(u->name_dir))
		return bad_path(o, u->name_dir, e);
	if (*name == '/' && !image_path_is_plain(name))
		return bad_path(o, name, e);
	/* relative ones may go up: from a directory that is in the container, and no further than its root */
	return 0;
}

/* The host's namespaces have the numbers of the inventory. */
static int check_namespace(const struct opened *o, struct err *e)
{
	const Image__NamespaceFile *n = o->m->namespace_;

	for (int type = 0; n && type < OCI_NS_COUNT; type++)
		if (n->ns_id && n->ns_id == o->j->host_ns[type] &&
		    oci_spec_namespace(o->j->rules->spec, (enum oci_namespace_type)type))
			return image_refuse(e, o->file, "file %u: a namespace of the host",
					    o->m->id);
	return 0;
}

static int harmless(const struct opened *o, struct err *e)
{
	(void)o;
	(void)e;
	return 0;
}

/* By the numbers of CRIU's images. */
static int (*const checks[])(const struct opened *, struct err *) = {
	[1] = check_regular,
	[2] = harmless /* pipe */,
	[3] = harmless /* fifo */,
	[4] = check_inet,
	[5] = check_unix,
	[6] = harmless /* eventfd */,
	[7] = harmless /* epoll */,
	[8] = check_inotify,
	[9] = harmless /* signalfd */,
	[10] = check_packet,
	[11] = harmless /* tty-info.img says more */,
	[12] = check_fanotify,
	[13] = check_netlink,
	[14] = check_namespace,
	[15] = check_tun,
	[16] = check_plugin,
	[17] = harmless /* timerfd */,
	[18] = harmless /* memfd */,
	[19] = check_bpf,
};

static int file(void *data, const struct image_file *f, size_t index,
		const ProtobufCMessage *message, struct err *e)
{
	const struct opened o = { data, f, (const Image__File *)message };

	(void)index;
	if (o.m->type >= ARRAY_SIZE(checks) || !checks[o.m->type])
		return image_refuse(e, f, "file %u: of type %u, which is not known", o.m->id,
				    o.m->type);
	return checks[o.m->type](&o, e);
}

/* ---- terminals, deleted files, files of memory ---- */

static int tty(void *data, const struct image_file *f, size_t index,
	       const ProtobufCMessage *message, struct err *e)
{
	enum {
		PTY = 1,
		CURRENT = 4,
		EXTERNAL = 5
	};
	const Image__TtyInfo *m = (const Image__TtyInfo *)message;

	(void)data;
	(void)index;
	if (m->type != PTY && m->type != CURRENT && m->type != EXTERNAL)
		return image_refuse(e, f, "terminal %u: one of the host's (type %u)", m->id,
				    m->type);
	return 0;
}

static int ghost(void *data, const struct image_file *f, size_t index,
		 const ProtobufCMessage *message, struct err *e)
{
	const Image__Ghost *m = (const Image__Ghost *)message;

	(void)index;
	if ((S_ISCHR(m->mode) || S_ISBLK(m->mode)) && !image_may(data, CAP_MKNOD))
		return image_refuse(e, f, "a deleted file that is a device, which needs CAP_MKNOD");
	if (!image_id_is_ours(data, m->uid, false) || !image_id_is_ours(data, m->gid, true)) {
		const struct judge *j = data;

		/* without a user namespace, files of the image belong to anybody */
		if (oci_spec_namespace(j->rules->spec, OCI_NS_USER))
			return image_refuse(e, f, "a deleted file of user %u and group %u", m->uid,
					    m->gid);
	}
	return 0;
}

static int remap(void *data, const struct image_file *f, size_t index,
		 const ProtobufCMessage *message, struct err *e)
{
	enum {
		LINKED,
		GHOST,
		PROC
	};
	const Image__Remap *m = (const Image__Remap *)message;
	const struct judge *j = data;

	(void)index;
	if (m->has_type && m->type > PROC)
		return image_refuse(e, f, "deleted file %u: of type %u, which is not known",
				    m->original, m->type);
	if (m->has_type && m->type == GHOST && !image_find(j->set, IMAGE_GHOST, m->remap))
		return image_refuse(e, f, "deleted file %u: there is no 'ghost-file-%u.img'",
				    m->original, m->remap);
	return 0;
}

int image_judge_files(struct judge *j, struct err *e)
{
	int r = 0;

	if (!image_find(j->set, IMAGE_FILES, 0)) {
		err_set(e, ERR_STATE, 0,
			"there is no 'files.img': images of CRIU before 3.15 are not read");
		return -EBADMSG;
	}
	r = image_judge_each(j, IMAGE_FILES, file, e);
	if (r == 0)
		r = image_judge_each(j, IMAGE_TTYS, tty, e);
	if (r == 0)
		r = image_judge_each(j, IMAGE_GHOST, ghost, e);
	return r < 0 ? r : image_judge_each(j, IMAGE_REMAPS, remap, e);
}

/* ---- cgroups ---- */

static int bad_cgroup(struct err *e, const struct image_file *f, const char *path)
{
	char at[IMAGES_TEXT];

	return image_refuse(e, f, "cgroup '%s': it is no plain path",
			    image_shown(path, at, sizeof(at)));
}

/* The one of the hierarchy that all tasks are in: its controllers have no name, or there is only one. */
static int find_own(struct judge *j, const Image__Cgroups *m, struct err *e)
{
	for (size_t i = 0; i < m->n_sets; i++)
		if (j->has_cg_set && m->sets[i]->id == j->init_cg_set && m->sets[i]->n_members) {
			j->cgroup = arena_strdup(&j->arena, m->sets[i]->members[0]->path);
			return j->cgroup ? 0 : image_no_memory(e);
		}
	return 0;
}

static int check_member(const struct judge *j, const struct image_file *f,
			const Image__CgroupMember *m, struct err *e)
{
	char at[IMAGES_TEXT], own[IMAGES_TEXT];

	if (!image_path_is_plain(m->path) || strchr(m->name, '/'))
		return bad_cgroup(e, f, m->path);
	if (m->cgns_prefix > strlen(m->path))
		return image_refuse(e, f, "cgroup '%s': its prefix is longer",
				    image_shown(m->path, at, sizeof(at)));
	if (j->cgroup && !*m->name && !path_below(m->path, j->cgroup))
		return image_refuse(e, f, "cgroup '%s': it is not inside the container's, '%s'",
				    image_shown(m->path, at, sizeof(at)),
				    image_shown(j->cgroup, own, sizeof(own)));
	return 0;
}

/* CRIU is told to leave cgroups alone; what cannot be a name is refused all the same. */
static int check_dirs(struct judge *j, const struct image_file *f, const ProtobufCBinaryData *dirs,
		      size_t n, int depth, struct err *e)
{
	int r = 0;

	if (depth == CGROUP_DEPTH_MAX)
		return image_refuse(e, f, "cgroups are nested too deeply");
	for (size_t i = 0; r == 0 && i < n; i++) {
		cleanup_(arena_free) struct arena a = { .cap = 64 << 20 };
		const Image__CgroupDir *d = (const Image__CgroupDir *)image_unpack(
			&a, &image__cgroup_dir__descriptor, dirs[i].data, dirs[i].len);
		char path[4096];

		if (!d)
			return image_refuse(e, f, "a cgroup cannot be understood");
		(void)snprintf(path, sizeof(path), "%s%s", d->name[0] == '/' ? "" : "/", d->name);
		if (!image_path_is_plain(path))
			return bad_cgroup(e, f, d->name);
		for (size_t k = 0; k < d->n_properties; k++)
			if (strchr(d->properties[k]->name, '/'))
				return bad_cgroup(e, f, d->properties[k]->name);
		r = check_dirs(j, f, d->children, d->n_children, depth + 1, e);
	}
	return r;
}

static int cgroups(void *data, const struct image_file *f, size_t index,
		   const ProtobufCMessage *message, struct err *e)
{
	const Image__Cgroups *m = (const Image__Cgroups *)message;
	struct judge *j = data;
	int r = find_own(j, m, e);

	(void)index;
	for (size_t i = 0; r == 0 && i < m->n_sets; i++)
		for (size_t k = 0; r == 0 && k < m->sets[i]->n_members; k++)
			r = check_member(j, f, m->sets[i]->members[k], e);
	for (size_t i = 0; r == 0 && i < m->n_controllers; i++)
		r = check_dirs(j, f, m->controllers[i]->dirs, m->controllers[i]->n_dirs, 0, e);
	return r;
}

int image_judge_cgroups(struct judge *j, struct err *e)
{
	return image_judge_each(j, IMAGE_CGROUP, cgroups, e);
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* Mounts of images: each is one of the config's, at its place, no freer than there; and none is missing. */
#include "config.h"

#ifdef HAVE_CRIU

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <linux/capability.h>

#include "checkpoint/criu_images.pb-c.h"
#include "checkpoint/images_judge.h"
#include "util/kernel.h"
#include "util/num.h"
#include "util/path.h"

enum {
	RESTRICTING = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
	MOUNTS_MAX = 100000, /* fs.mount-max of the kernel */
};

/* Filesystems that CRIU makes anew: the numbers of its images. All others come from outside, or not at all. */
static const char *const types[] = {
	[1] = "proc", [2] = "sysfs", [5] = "tmpfs", [6] = "devpts", [14] = "mqueue",
};

static const char *type_name(const Image__Mount *m)
{
	const char *name = m->fstype < ARRAY_SIZE(types) ? types[m->fstype] : NULL;

	return name ? name : "another";
}

static bool is_external(const Image__Mount *m)
{
	return m->external || (m->external_key && *m->external_key);
}

static const char *flag_name(uint64_t flag)
{
	return flag & MS_RDONLY	  ? "ro"
	       : flag & MS_NOSUID ? "nosuid"
	       : flag & MS_NODEV  ? "nodev"
				  : "noexec";
}

static int check_flags(const struct image_file *f, const Image__Mount *m, uint64_t want,
		       struct err *e)
{
	uint64_t lacks = want & RESTRICTING & ~(uint64_t)m->flags;
	char at[IMAGES_TEXT];

	if (!lacks)
		return 0;
	return image_refuse(e, f, "mount at '%s': without '%s', which the config has",
			    image_shown(m->mountpoint, at, sizeof(at)), flag_name(lacks));
}

/* "size=64k,mode=755": the size in bytes, 0 for none. */
static uint64_t size_option(const char *options)
{
	char text[32];
	int64_t size;

	for (const char *at = options; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		size_t len = strcspn(at, ",");

		if (strncmp(at, "size=", 5) != 0 || len - 5 >= sizeof(text))
			continue;
		(void)snprintf(text, sizeof(text), "%.*s", (int)(len - 5), at + 5);
		if (num_parse_size(text, &size) == 0 && size > 0)
			return (uint64_t)size;
	}
	return 0;
}

/* ---- one that comes from outside ---- */

static bool is_given(const struct judge *j, const Image__Mount *m)
{
	const struct images_rules *r = j->rules;

	for (size_t i = 0; i < r->external_count; i++)
		if (strcmp(r->external[i].key, m->external_key) == 0 &&
		    (!r->external[i].destination ||
		     strcmp(r->external[i].destination, m->mountpoint) == 0))
			return true;
	return !r->external;
}

static int check_external(const struct judge *j, const struct image_file *f, const Image__Mount *m,
			  struct err *e)
{
	const struct image_place *p = image_place_find(j, m->mountpoint);
	char at[IMAGES_TEXT], key[IMAGES_TEXT];

	image_shown(m->mountpoint, at, sizeof(at));
	if (!m->external_key || !*m->external_key)
		return image_refuse(
			e, f, "mount at '%s': it comes from outside, from nowhere that is named",
			at);
	if (!p || !p->outside)
		return image_refuse(
			e, f,
			"mount at '%s': from outside ('%s'), but the config binds nothing there",
			at, image_shown(m->external_key, key, sizeof(key)));
	if (!is_given(j, m))
		return image_refuse(
			e, f,
			"mount at '%s': from outside, as '%s', which the config does not have", at,
			image_shown(m->external_key, key, sizeof(key)));
	return check_flags(f, m, strcmp(p->real, m->mountpoint) == 0 ? p->flags : p->below, e);
}

/* ---- one that is the container's own ---- */

static int check_type(const struct image_file *f, const Image__Mount *m,
		      const struct image_place *p, struct err *e)
{
	char at[IMAGES_TEXT];

	if (p->type && strcmp(p->type, type_name(m)) == 0)
		return 0;
	return image_refuse(
		e, f, "mount at '%s': a filesystem of type %u (%s), but the config has '%s' there",
		image_shown(m->mountpoint, at, sizeof(at)), m->fstype, type_name(m),
		p->type ? p->type : "a mount from outside");
}

/* How other runtimes hide directories. What is in it comes from the images, not from below it. */
static bool is_fresh_tmpfs(const Image__Mount *m)
{
	return strcmp(type_name(m), "tmpfs") == 0 && strcmp(m->root, "/") == 0;
}

static int check_own(const struct judge *j, const struct image_file *f, const Image__Mount *m,
		     struct err *e)
{
	const struct image_place *p = image_place_find(j, m->mountpoint);
	bool exact = p && strcmp(p->real, m->mountpoint) == 0;
	char at[IMAGES_TEXT];
	int r;

	image_shown(m->mountpoint, at, sizeof(at));
	if (!type_name(m) || strcmp(type_name(m), "another") == 0)
		return image_refuse(
			e, f,
			"mount at '%s': a filesystem of type %u, which would come from the host",
			at, m->fstype);
	if (!exact && image_may(j, CAP_SYS_ADMIN))
		return 0; /* the container can mount such itself */
	if (!exact)
		return image_refuse(e, f, "mount at '%s': the config mounts nothing there", at);
	if (p->mask && !is_fresh_tmpfs(m))
		return image_refuse(e, f, "mount at '%s': the config hides what is there", at);
	if (strcmp(m->root, "/") == 0 || !p->outside) {
		r = p->type ? check_type(f, m, p, e) : 0;
		if (r == 0 && p->size && size_option(m->options) > p->size)
			r = image_refuse(
				e, f, "mount at '%s': larger than the config's %" PRIu64 " bytes",
				at, p->size);
		if (r < 0)
			return r;
	}
	return check_flags(f, m, p->flags, e);
}

/* ---- all of them ---- */

static int remember(struct judge *j, const struct image_file *f, const Image__Mount *m,
		    struct err *e)
{
	struct image_known_mount *known = j->mounts;

	if (j->mount_count == MOUNTS_MAX)
		return image_refuse(e, f, "there are more than %d mounts", MOUNTS_MAX);
	if (j->mount_count == j->mount_room) {
		size_t room = j->mount_room ? j->mount_room * 2 : 64;

		known = arena_array(&j->arena, room, sizeof(*known));
		if (!known)
			return image_no_memory(e);
		if (j->mount_count)
			memcpy(known, j->mounts, j->mount_count * sizeof(*known));
		j->mounts = known;
		j->mount_room = room;
	}
	known[j->mount_count++] = (struct image_known_mount){
		.ns = f->id,
		.id = m->mnt_id,
		.parent = m->parent_mnt_id,
		.dev = m->dev,
		.root = arena_strdup(&j->arena, m->root),
		.mountpoint = arena_strdup(&j->arena, m->mountpoint),
	};
	if (!known[j->mount_count - 1].root || !known[j->mount_count - 1].mountpoint)
		return image_no_memory(e);
	return 0;
}

static int mount_entry(void *data, const struct image_file *f, size_t index,
		       const ProtobufCMessage *message, struct err *e)
{
	const Image__Mount *m = (const Image__Mount *)message;
	struct judge *j = data;
	char at[IMAGES_TEXT];
	int r;

	(void)index;
	if (!image_path_is_plain(m->mountpoint) || !image_path_is_plain(m->root))
		return image_refuse(e, f, "mount %u: its place or its root is no plain path: '%s'",
				    m->mnt_id, image_shown(m->mountpoint, at, sizeof(at)));
	if (m->with_plugin)
		return image_refuse(e, f, "mount at '%s': a plugin of CRIU would make it",
				    image_shown(m->mountpoint, at, sizeof(at)));
	r = remember(j, f, m, e);
	if (r < 0)
		return r;
	if (strcmp(m->mountpoint, "/") == 0)
		return check_flags(f, m, j->rules->spec->root.readonly ? MS_RDONLY : 0, e);
	return is_external(m) ? check_external(j, f, m, e) : check_own(j, f, m, e);
}

/* A part of another filesystem comes from one that is there, not from outside of it. */
static int check_root(const struct judge *j, const struct image_known_mount *m,
		      const struct image_file *f, struct err *e)
{
	char at[IMAGES_TEXT], root[IMAGES_TEXT];

	if (strcmp(m->root, "/") == 0 || strcmp(m->mountpoint, "/") == 0)
		return 0;
	for (size_t i = 0; i < j->mount_count; i++) {
		const struct image_known_mount *o = &j->mounts[i];

		if (o != m && o->ns == m->ns && o->dev == m->dev && path_below(m->root, o->root) &&
		    strcmp(m->root, o->root) != 0)
			return 0;
	}
	return image_refuse(
		e, f, "mount at '%s': it shows '%s' of a filesystem that is not the container's",
		image_shown(m->mountpoint, at, sizeof(at)),
		image_shown(m->root, root, sizeof(root)));
}

static int second_look(void *data, const struct image_file *f, size_t index,
		       const ProtobufCMessage *message, struct err *e)
{
	const Image__Mount *m = (const Image__Mount *)message;
	struct judge *j = data;

	(void)index;
	if (is_external(m))
		return 0;
	for (size_t i = 0; i < j->mount_count; i++)
		if (j->mounts[i].ns == f->id && j->mounts[i].id == m->mnt_id)
			return check_root(j, &j->mounts[i], f, e);
	return 0;
}

static bool is_there(const struct judge *j, uint32_t ns, const char *path)
{
	for (size_t i = 0; i < j->mount_count; i++)
		if (j->mounts[i].ns == ns && strcmp(j->mounts[i].mountpoint, path) == 0)
			return true;
	return false;
}

/* In each mount namespace; who can unmount may have done so. */
static int check_missing(struct judge *j, const struct image_file *f, struct err *e)
{
	if (!is_there(j, f->id, "/"))
		return image_refuse(e, f, "there is no root");
	for (size_t i = 0; i < j->view->place_count; i++) {
		const struct image_place *p = &j->view->places[i];

		if (p->needed && !image_may(j, CAP_SYS_ADMIN) && !is_there(j, f->id, p->real))
			return image_refuse(
				e, f, "there is no mount at '%.200s', but there is in the config",
				p->path);
	}
	return 0;
}

int image_judge_mounts(struct judge *j, struct err *e)
{
	uint32_t own = j->init_ns[OCI_NS_MOUNT];
	int r = 0;

	if (!image_find(j->set, IMAGE_MOUNTS, own) && own != j->host_ns[OCI_NS_MOUNT]) {
		err_set(e, ERR_STATE, 0, "there is no 'mountpoints-%u.img'", own);
		return -EBADMSG;
	}
	r = image_judge_each(j, IMAGE_MOUNTS, mount_entry, e);
	if (r == 0)
		r = image_judge_each(j, IMAGE_MOUNTS, second_look, e);
	for (size_t i = 0; r == 0 && i < j->set->count; i++)
		if (j->set->files[i].kind == IMAGE_MOUNTS)
			r = check_missing(j, &j->set->files[i], e);
	return r;
}

#endif

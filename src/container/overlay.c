// SPDX-License-Identifier: GPL-2.0-or-later
/* See overlay.h. */
#include "container/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/overlay_owner.h"
#include "container/sources.h"
#include "container/store.h"
#include "namespaces/idmap.h"
#include "rootfs/layers.h"
#include "rootfs/quota.h"
#include "util/cleanup.h"
#include "util/kernel.h"

/* ---- what was asked ---- */

/* A directory as the record has it: absolute, and the same whatever its name was. */
static int note_dir(struct container *c, const char *dir, const char **ret, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;

	if (c->explain) {
		*ret = dir;
		return 0;
	}
	if (!realpath(dir, path) || stat(path, &st) < 0)
		return err_set(e, ERR_USAGE, errno, "layer '%s'", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_USAGE, ENOTDIR, "layer '%s'", dir);
	*ret = arena_strdup(&c->arena, path);
	return *ret ? 0 : err_set(e, ERR_SYSTEM, ENOMEM, "remember the layers");
}

/* The bundle's rootfs: its last component is no symlink, as without an overlay. */
static int note_rootfs(struct container *c, const char **ret, struct err *e)
{
	cleanup_fd int dir = -EBADF;

	if (!c->explain) {
		dir = container_root_open(c->spec->root.path, c->bundle, e);
		if (dir < 0) {
			err_origin(e, "config.json /root/path");
			return dir;
		}
	}
	return note_dir(c, c->record.rootfs, ret, e);
}

static int note_data(struct container *c, const struct overlay_request *rq, struct err *e)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	if (rq->ephemeral || c->explain) {
		c->record.overlay.data = rq->ephemeral ? NULL : "the data root";
		return 0;
	}
	c->overlay.data = rq->data;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", rq->data);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return err_set(e, ERR_SYSTEM, errno, "find the data root");
	c->record.overlay.data = arena_memdup(&c->arena, path, (size_t)n);
	return c->record.overlay.data ? 0
				      : err_set(e, ERR_SYSTEM, ENOMEM, "remember the data root");
}

static int check_namespaces(const struct container *c, struct err *e)
{
	if (!oci_spec_namespace(c->spec, OCI_NS_MOUNT) ||
	    oci_spec_new_namespace(c->spec, OCI_NS_MOUNT))
		return 0;
	err_set(e, ERR_CONFIG, 0,
		"a mount namespace that is joined has a root of its own: it cannot be an overlay");
	err_origin(e, "config.json /linux/namespaces");
	return -EINVAL;
}

int container_overlay_note(struct container *c, const struct overlay_request *rq, struct err *e)
{
	struct container_overlay *o = &c->record.overlay;
	size_t count = rq->layer_count + 1;
	int r;

	if (!rq->wanted)
		return 0;
	r = check_namespaces(c, e);
	if (r < 0)
		return r;
	o->base.items = arena_array(&c->arena, count, sizeof(*o->base.items));
	if (!o->base.items)
		return err_set(e, ERR_SYSTEM, ENOMEM, "remember the layers");
	/* the last one named is the uppermost, and comes first */
	for (size_t i = 0; r == 0 && i < rq->layer_count; i++)
		r = note_dir(c, rq->layers[rq->layer_count - 1 - i], &o->base.items[i], e);
	if (r == 0)
		r = note_rootfs(c, &o->base.items[rq->layer_count], e);
	if (r == 0)
		r = note_data(c, rq, e);
	if (r < 0)
		return r;
	o->base.count = count;
	o->size = rq->size;
	o->used = true;
	return 0;
}

/* ---- for the plan ---- */

/* Who is confined to a user namespace, or needs a new one for it, cannot mount for the container. */
static bool mounts_late(const struct container *c)
{
	return !caller_is_privileged(&c->caller);
}

static const char *size_text(struct container *c)
{
	return c->record.overlay.size ? arena_printf(&c->arena, "%" PRIu64, c->record.overlay.size)
				      : NULL;
}

void container_overlay_describe(struct container *c, struct rootfs_overlay *ret)
{
	const struct container_overlay *o = &c->record.overlay;
	const struct overlay_late *late = &c->overlay.late;

	*ret = (struct rootfs_overlay){
		.lowers = late->count ? (const char *const *)late->lowers : o->base.items,
		.count = late->count ? late->count : o->base.count,
		.writable = late->count ? late->writable : o->data,
		.size = o->data ? NULL : size_text(c),
		.late = mounts_late(c),
		.options = late->options,
		.files = late->files,
	};
}

/* ---- effects ---- */

/* The directory of all that the container writes, and what is in it: (DATA/ID/layers)/(LAYER)/{fs,work}. */
static int limit_layers(const struct container *c, const struct overlay_stack *s, struct err *e)
{
	cleanup_fd int layer = openat(s->upper, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int all = openat(s->upper, "../..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int dirs[] = { all, layer, s->upper, s->work };

	if (layer < 0 || all < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the layers");
	return quota_limit(dirs, ARRAY_SIZE(dirs), c->overlay.made, c->record.overlay.size, e);
}

static int open_layers(struct container *c, struct overlay_stack *ret, struct err *e)
{
	const struct container_overlay *o = &c->record.overlay;
	const struct layers_base base = { .dirs = o->base.items, .count = o->base.count };
	int r;

	if (!o->data)
		return overlay_stack_open(o->base.items, o->base.count, ret, e);
	r = overlay_owner_check(c->overlay.data, c->record.id, c->store, e);
	if (r < 0)
		return r;
	r = layers_create(c->overlay.data, c->record.id, &base, &c->overlay.layers, e);
	c->overlay.made = r == 0 && layers_is_new(c->overlay.layers);
	if (r == 0)
		r = layers_stack(c->overlay.layers, ret, e);
	if (r == 0)
		r = overlay_owner_note(c->overlay.data, c->record.id, c->store, c->spec, &c->caller,
				       e);
	if (r == 0 && o->size)
		r = limit_layers(c, ret, e);
	/* that the id is taken has another meaning, which `run` acts upon */
	return r == -EEXIST ? -EINVAL : r;
}

static bool is_mapped(const oci_id_maps *maps, uint32_t id)
{
	for (size_t i = 0; i < maps->count; i++)
		if (id >= maps->items[i].container_id &&
		    id - maps->items[i].container_id < maps->items[i].size)
			return true;
	return false;
}

/* One that was shifted for the container would be shifted twice, and belong to nobody in there. */
static int check_owners(const struct container *c, const struct overlay_stack *s, struct err *e)
{
	size_t own =
		s->count - c->record.overlay.base.count; /* those of the container come first */
	struct stat st;

	for (size_t i = own; i < s->count; i++) {
		if (fstat(s->lowers[i], &st) < 0 ||
		    (is_mapped(&c->spec->linux_.uid_mappings, st.st_uid) &&
		     is_mapped(&c->spec->linux_.gid_mappings, st.st_gid)))
			continue;
		err_set(e, ERR_CONFIG, 0,
			"layer '%s' belongs to %u:%u, which the container's user namespace does "
			"not have",
			c->record.overlay.base.items[i - own], st.st_uid, st.st_gid);
		err_origin(e, "config.json /linux/uidMappings");
		err_hint(e, "layers of an overlay hold the ids of the container: shifting them to "
			    "those "
			    "of the host is done by the mount");
		return -EINVAL;
	}
	return 0;
}

static int mount_now(struct container *c, const struct overlay_stack *s,
		     const struct overlay_how *how, struct err *e)
{
	const struct oci_linux *l = &c->spec->linux_;
	struct overlay_how mapped = *how;
	cleanup_fd int userns = -EBADF;
	int r;

	if (oci_spec_namespace(c->spec, OCI_NS_USER) && l->uid_mappings.count) {
		r = check_owners(c, s, e);
		if (r == 0)
			r = idmap_userns_open(&l->uid_mappings, &l->gid_mappings, &c->caller,
					      &userns, e);
		if (r < 0)
			return r;
		mapped.userns = userns;
		mapped.uid = l->uid_mappings.items[0].host_id;
		mapped.gid = l->gid_mappings.items[0].host_id;
		mapped.inner_uid = l->uid_mappings.items[0].container_id;
		mapped.inner_gid = l->gid_mappings.items[0].container_id;
	}
	return overlay_mount(s, &mapped, &c->overlay.mount, e);
}

int container_overlay_enter(struct container *c, struct err *e)
{
	cleanup_(overlay_stack_close) struct overlay_stack s = OVERLAY_STACK_EMPTY;
	struct overlay_how how = OVERLAY_HOW_PLAIN;
	int r = open_layers(c, &s, e);

	if (r < 0)
		return r;
	how.scratch = !c->record.overlay.data;
	how.size = size_text(c);
	how.label = c->spec->linux_.mount_label;
	return mounts_late(c) ? overlay_late_make(&s, &how, &c->overlay.late, e)
			      : mount_now(c, &s, &how, e);
}

void container_overlay_place(struct container *c)
{
	for (size_t i = 1; i < c->plan->reg_count; i++)
		if (c->plan->regs[i].kind == PLAN_SOURCE_OVERLAY)
			c->plan->regs[i].fd = take_fd(&c->overlay.mount);
}

void container_overlay_release(struct container *c)
{
	layers_close(take_ptr(c->overlay.layers));
}

void container_overlay_close(struct container *c)
{
	container_overlay_release(c);
	close_fd(&c->overlay.mount);
	overlay_late_free(&c->overlay.late);
}

void container_overlay_undo(struct container *c)
{
	container_overlay_close(c);
	if (c->overlay.made)
		(void)overlay_owner_remove(c->overlay.data, c->record.id, &c->caller,
					   NULL); /* what cannot be removed, `delete` finds */
}

int container_overlay_remove(const struct container *c, struct err *e)
{
	cleanup_fd int data = -EBADF;
	int r;

	if (!c->record.overlay.data)
		return 0;
	r = store_open(c->record.overlay.data, 0, &data, e);
	if (r == -ENOENT)
		return 0; /* gone, and the layers with it */
	return r < 0 ? r : overlay_owner_remove(data, c->record.id, &c->caller, e);
}

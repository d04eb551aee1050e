// SPDX-License-Identifier: GPL-2.0-or-later
/* What the programs of a container were when a snapshot was taken: directories beside its layers. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/snapshots_internal.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/dirnames.h"

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int make_dir(int at, const char *name)
{
	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	return open_dir(at, name);
}

int snapshots_memory_begin(struct layers *l, int *ret_dir, struct err *e)
{
	cleanup_fd int all = make_dir(l->dir, LAYERS_MEMORY_DIR), dir = -EBADF;
	int r = all;

	/* of somebody who was killed; we have the lock */
	if (r >= 0)
		r = tree_remove(all, LAYERS_MEMORY_DRAFT);
	if (r >= 0)
		r = dir = make_dir(all, LAYERS_MEMORY_DRAFT);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "make a directory for the memory of '%s'", l->id);
	*ret_dir = take_fd(&dir);
	return 0;
}

int snapshots_memory_keep(struct layers *l, const char *name, struct err *e)
{
	cleanup_fd int all = open_dir(l->dir, LAYERS_MEMORY_DIR);
	int r = all < 0 ? all : tree_remove(all, name);

	/* a power cut must not leave half of it under its name */
	if (r >= 0 && (syncfs(all) < 0 || renameat(all, LAYERS_MEMORY_DRAFT, all, name) < 0 ||
		       fsync(all) < 0 || fsync(l->dir) < 0))
		r = -errno;
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "keep the memory of snapshot '%s'", name) : 0;
}

void snapshots_memory_drop(struct layers *l)
{
	cleanup_fd int all = open_dir(l->dir, LAYERS_MEMORY_DIR);

	if (all < 0)
		return;
	/* what stays is removed by the next one that begins */
	(void)tree_remove(all, LAYERS_MEMORY_DRAFT);
	(void)unlinkat(l->dir, LAYERS_MEMORY_DIR, AT_REMOVEDIR); /* unless there are others */
}

int snapshots_memory_open(const struct layers *l, const char *name, int *ret_dir, struct err *e)
{
	cleanup_fd int all = -EBADF;
	int r = layers_record_find(&l->record, name, e);

	if (r < 0)
		return r;
	all = open_dir(l->dir, LAYERS_MEMORY_DIR);
	r = all < 0 ? all : open_dir(all, name);
	if (r == -ENOENT) {
		err_set(e, ERR_STATE, 0, "snapshot '%s' has files only", name);
		err_hint(e, "those of ctr snapshot create --with-memory have more");
		return r;
	}
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "open the memory of snapshot '%s'", name);
	*ret_dir = r;
	return 0;
}

static bool is_known(const struct layers_record *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->snapshots[i].name && strcmp(r->snapshots[i].name, name) == 0)
			return true;
	return false;
}

void snapshots_memory_sweep(struct layers *l)
{
	cleanup_(dirnames_free) struct dirnames names = DIRNAMES_EMPTY;
	cleanup_fd int all = open_dir(l->dir, LAYERS_MEMORY_DIR);

	if (all < 0 || dirnames_read(all, NULL, &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (!is_known(&l->record, names.items[i]))
			(void)tree_remove(all, names.items[i]);	 /* the next sweep tries again */
	(void)unlinkat(l->dir, LAYERS_MEMORY_DIR, AT_REMOVEDIR); /* unless some are left */
}

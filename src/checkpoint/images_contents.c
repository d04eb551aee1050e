// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Contents of tmpfs filesystems, which CRIU has tar(1) unpack into them with all privileges: names that stay
 * below, and no devices but those that the container has anyway.
 */
#include "config.h"

#ifdef HAVE_CRIU

#include <errno.h>
#include <string.h>
#include <linux/capability.h>

#include "checkpoint/images_judge.h"
#include "rootfs/archive.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	ENTRIES_MAX = 1 << 20,
};

#define SIZE_BASE                                                                                  \
	(1ULL << 30) /* of all files, with their holes: that, and so many times what was read */
#define SIZE_FACTOR 1100ULL

/* What every container has (config-linux.md, "Default Devices"). */
static const struct {
	uint32_t major, minor;
} defaults[] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 }, { 5, 0 }, { 5, 1 }, { 5, 2 } };

static bool is_ours(const struct judge *j, const struct tar_entry *t)
{
	const struct oci_linux *l = &j->rules->spec->linux_;

	for (size_t i = 0; t->type == TAR_CHAR && i < ARRAY_SIZE(defaults); i++)
		if (defaults[i].major == t->major && defaults[i].minor == t->minor)
			return true;
	for (size_t i = 0; i < l->devices.count; i++) {
		const struct oci_device *d = &l->devices.items[i];

		if (d->major.set && d->minor.set && d->major.value == t->major &&
		    d->minor.value == t->minor && (d->type == 'b') == (t->type == TAR_BLOCK))
			return true;
	}
	return image_may(j, CAP_MKNOD);
}

static bool stays_below(const char *path)
{
	char full[4200];

	if (path[0] == '/' || strlen(path) >= 4096)
		return false;
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	if (!*path || strcmp(path, ".") == 0)
		return true;
	full[0] = '/';
	(void)memcpy(full + 1, path, strlen(path) + 1);
	if (full[strlen(full) - 1] == '/')
		full[strlen(full) - 1] = '\0';
	return image_path_is_plain(full);
}

static int check_item(const struct judge *j, const struct image_file *f, const struct tar_entry *t,
		      struct err *e)
{
	char name[IMAGES_TEXT];

	image_shown(t->path, name, sizeof(name));
	if (!stays_below(t->path))
		return image_refuse(e, f, "'%s': its name leads out of the filesystem", name);
	switch (t->type) {
	case TAR_LINK:
		if (stays_below(t->target))
			return 0;
		return image_refuse(e, f, "'%s': a hard link to something outside", name);
	case TAR_CHAR:
	case TAR_BLOCK:
		if (is_ours(j, t))
			return 0;
		return image_refuse(e, f, "'%s': device %u:%u, which the config does not have",
				    name, t->major, t->minor);
	case TAR_FILE:
	case TAR_DIRECTORY:
	case TAR_SYMLINK:
	case TAR_FIFO: return 0;
	}
	return image_refuse(e, f, "'%s': of a type that is not known", name);
}

static int check_tar(const struct judge *j, const struct image_file *f, struct err *e)
{
	cleanup_(inflate_closep) struct inflate *in = NULL;
	cleanup_(tar_reader_closep) struct tar_reader *tar = NULL;
	struct tar_item item;
	uint64_t size = 0;
	size_t count = 0;
	int r = inflate_open(f->fd, &in, e);

	if (r == 0)
		r = tar_reader_open(in, NULL, &tar, e);
	while (r >= 0 && (r = tar_reader_next(tar, &item, e)) > 0) {
		if (++count > ENTRIES_MAX)
			return image_refuse(e, f, "it has more than %d files", ENTRIES_MAX);
		if (item.entry.size > UINT64_MAX - size)
			return image_refuse(e, f, "its files are too large");
		size += item.entry.size;
		if (size > SIZE_BASE + SIZE_FACTOR * inflate_consumed(in))
			return image_refuse(e, f, "its files are far larger than the image");
		r = check_item(j, f, &item.entry, e);
		if (r < 0)
			return r;
	}
	if (r == -ENOMEM || r == -EOPNOTSUPP)
		return r;
	return r < 0 ? image_refuse(e, f, "its archive cannot be read") : 0;
}

int image_judge_contents(struct judge *j, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->set->count; i++)
		if (j->set->files[i].kind == IMAGE_TMPFS)
			r = check_tar(j, &j->set->files[i], e);
	return r;
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* Standard streams of a restored program: see restore_work.h. */
#include "config.h"

#ifdef HAVE_CRIU

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include "checkpoint/restore_work.h"
#include "oci/json.h"
#include "util/cleanup.h"
#include "util/io.h"

#define DESCRIPTORS "descriptors.json"

enum {
	DESCRIPTORS_MAX = 64 * 1024
};

int restore_fds_add(struct restore_fds *l, const char *key, int fd)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->items[i].key, key) == 0)
			return 0;
	if (l->count == RESTORE_FDS_MAX)
		return -E2BIG;
	l->items[l->count++] = (struct restore_fd){ key, fd };
	return 0;
}

static int bad(const char *why, struct err *e)
{
	err_set(e, ERR_USAGE, 0, DESCRIPTORS " of the images: %s", why);
	return -EBADMSG;
}

/* What has a name in the container, a file or a terminal of its own, CRIU opens again by itself. */
static bool is_replaced(const char *what)
{
	static const char *const outside[] = { "pipe:", "socket:", "file[", "tty[" };

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		if (strncmp(what, outside[i], strlen(outside[i])) == 0)
			return true;
	return false;
}

int restore_stdio_parse(const char *text, size_t len, struct arena *a, struct restore_fds *ret,
			struct err *e)
{
	const struct json_node *root;
	int fd = 0, r = json_parse(a, text, len, DESCRIPTORS, &root, e);

	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (root->type != JSON_ARRAY || root->count > 3)
		return bad("it is no list of three descriptors", e);
	json_for_each (item, root) {
		if (item->type != JSON_STRING)
			return bad("not everything in it is a string", e);
		r = is_replaced(item->text) ? restore_fds_add(ret, item->text, fd) : 0;
		if (r < 0)
			return bad("there is too much in it", e);
		fd++;
	}
	return 0;
}

int restore_stdio_read(int images, struct arena *a, struct restore_fds *ret, struct err *e)
{
	cleanup_fd int fd =
		openat(images, DESCRIPTORS, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t len;
	int r = fd < 0 ? -errno : io_read_file(fd, DESCRIPTORS_MAX, &text, &len);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, ERR_USAGE, -r, "read " DESCRIPTORS " of the images");
	return restore_stdio_parse(text, len, a, ret, e);
}

static uint32_t on_host(const oci_id_maps *maps, uint64_t id)
{
	for (size_t i = 0; i < maps->count; i++)
		if (id >= maps->items[i].container_id &&
		    id - maps->items[i].container_id < maps->items[i].size)
			return (uint32_t)(id - maps->items[i].container_id) +
			       maps->items[i].host_id;
	return (uint32_t)id;
}

static bool is_stream(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == PIPEFS_MAGIC || fs.f_type == SOCKFS_MAGIC);
}

void restore_stdio_give(const struct container *c, const struct restore_fds *l)
{
	const struct oci_linux *x = &c->spec->linux_;

	for (size_t i = 0; i < c->plan->op_count; i++) {
		const struct plan_arg_stdio_owner *a = (const void *)c->plan->ops[i].slot;

		if (c->plan->ops[i].code != PLAN_CODE_stdio_owner)
			continue;
		for (size_t k = 0; k < l->count; k++)
			if (l->items[k].fd <= STDERR_FILENO && is_stream(l->items[k].fd))
				(void)!fchown(l->items[k].fd, on_host(&x->uid_mappings, a->uid),
					      on_host(&x->gid_mappings, a->gid));
	}
}

#endif

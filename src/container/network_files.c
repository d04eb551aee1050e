// SPDX-License-Identifier: GPL-2.0-or-later
/* See network_files.h. */
#include "container/network_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "net/attach.h"
#include "net/names.h"
#include "net/resolv.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/path.h"

#define ETC "/etc/"

static const char *const names[] = { "hosts", "resolv.conf", "hostname" };

enum {
	FILES = ARRAY_SIZE(names),
	MODE = 0644
};

static const char *const options[] = { "bind", "ro", "nosuid", "nodev", "noexec" };

static bool is_wanted(const struct container *c)
{
	return net_setup_makes_links(&c->record.network);
}

/* Is there a mount at @path or at a directory on the way to it? */
static bool is_mounted(struct container *c, const char *path)
{
	for (size_t i = 0; i < c->spec->mounts.count; i++) {
		const char *dest = path_clean(&c->arena, c->spec->mounts.items[i].destination);

		if (dest && strcmp(dest, "/") != 0 && path_below(path, dest))
			return true;
	}
	return false;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, ENOMEM, "prepare the network's files");
}

int network_files_mount(struct container *c, const char *root, struct err *e)
{
	struct oci_mount *items;
	size_t count = c->spec->mounts.count;

	if (!is_wanted(c))
		return 0;
	items = arena_array(&c->spec->arena, count + FILES, sizeof(*items));
	if (!items)
		return no_memory(e);
	if (count)
		memcpy(items, c->spec->mounts.items, count * sizeof(*items));
	for (size_t i = 0; i < FILES; i++) {
		struct oci_mount m = { .type = "bind" };

		m.options.items = arena_array(&c->spec->arena, ARRAY_SIZE(options), sizeof(char *));
		m.destination = arena_printf(&c->spec->arena, ETC "%s", names[i]);
		m.source = i == 0 && net_names_shared(&c->record.network)
				   ? net_names_path(&c->record.network, &c->spec->arena)
				   : arena_printf(&c->spec->arena, "%s/%s/%s", root, c->record.id,
						  names[i]);
		if (!m.options.items || !m.destination || !m.source)
			return no_memory(e);
		memcpy(m.options.items, options, sizeof(options));
		m.options.count = ARRAY_SIZE(options);
		if (!is_mounted(c, m.destination) && (c->spec->hostname || i != FILES - 1))
			items[count++] = m;
	}
	c->spec->mounts.items = items;
	c->spec->mounts.count = count;
	return 0;
}

/* ---- what is in them ---- */

static int write_hosts(struct container *c)
{
	const struct net_attachment *a = net_setup_primary(&c->record.network);
	cleanup_fd int fd =
		openat(c->dir, names[0], O_RDWR | O_CLOEXEC | O_CREAT | O_NOFOLLOW, MODE);
	cleanup_free char *text = NULL;
	struct names_entry self = { .id = c->record.id, .hostname = c->spec->hostname };
	int r;

	if (fd < 0 || fchmod(fd, MODE) < 0)
		return -errno;
	if (!a)
		a = &c->record.network.items.items[0];
	self.ip4 = a->ip4;
	self.ip6 = a->ip6;
	r = names_hosts_text(&self, &text);
	return r < 0 ? r : names_rewrite(fd, text);
}

static int write_resolv(struct container *c)
{
	cleanup_free char *host = NULL, *text = NULL;
	int r = resolv_read_host(&host);

	if (r < 0)
		return r;
	r = resolv_text(&c->record.network, host, &text);
	return r < 0 ? r : io_replace_file(c->dir, names[1], MODE, text, strlen(text));
}

static int write_hostname(struct container *c)
{
	cleanup_free char *text = NULL;

	if (!c->spec->hostname)
		return 0;
	if (asprintf(&text, "%s\n", c->spec->hostname) < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return io_replace_file(c->dir, names[2], MODE, text, strlen(text));
}

/*
 * Root of a user namespace may not make files in a root filesystem that belongs to root of the host: what is missing
 * there is made by us. What cannot be made, init will tell of.
 */
static void make_mount_points(struct container *c)
{
	cleanup_fd int root = -EBADF, etc = -EBADF;

	if (!oci_spec_namespace(c->spec, OCI_NS_USER))
		return;
	root = open(c->record.rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)mkdirat(root, "etc", 0755);
	etc = kernel_openat2(root, "etc", O_PATH | O_DIRECTORY, 0,
			     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	for (size_t i = 0; etc >= 0 && i < FILES; i++) {
		cleanup_fd int fd = openat(
			etc, names[i], O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);

		(void)fd;
	}
}

int network_files_write(struct container *c, struct err *e)
{
	int r;

	if (!is_wanted(c))
		return 0;
	make_mount_points(c);
	r = net_names_shared(&c->record.network) ? 0 : write_hosts(c);
	if (r == 0)
		r = write_resolv(c);
	if (r == 0)
		r = write_hostname(c);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write the network's files") : 0;
}

int network_files_again(struct container *c, struct err *e)
{
	const struct net_attachment *a = net_setup_primary(&c->record.network);
	int r;

	if (!a || a->kind != NET_CNI)
		return 0;
	r = write_hosts(c);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write the network's files") : 0;
}

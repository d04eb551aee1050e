// SPDX-License-Identifier: GPL-2.0-or-later
/* See overlay_owner.h. */
#include "container/overlay_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "namespaces/idmap.h"
#include "namespaces/userns_call.h"
#include "rootfs/layers.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/strbuf.h"

#define IDS_FILE "ids"
#define BELOW	 (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

enum {
	MAX_MAPS = 340, /* user_namespaces(7) */
	LINE_SIZE = 48,
	IDS_MAX = 2 * MAX_MAPS * LINE_SIZE,
};

static int open_dir(int data, const char *id)
{
	return kernel_openat2(data, id, O_RDONLY | O_DIRECTORY, 0, BELOW);
}

static void print_maps(struct strbuf *out, const char *kind, const oci_id_maps *maps)
{
	for (size_t i = 0; i < maps->count && i < MAX_MAPS; i++)
		strbuf_addf(out, "%s %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", kind,
			    maps->items[i].container_id, maps->items[i].host_id,
			    maps->items[i].size);
}

int overlay_owner_note(int data, const char *id, const struct oci_spec *spec,
		       const struct caller *caller, struct err *e)
{
	const struct oci_linux *l = &spec->linux_;
	cleanup_free char *text = NULL;
	cleanup_fd int dir = -EBADF;
	struct strbuf out;
	int r;

	if (!oci_spec_namespace(spec, OCI_NS_USER) ||
	    (idmap_way(&l->uid_mappings, caller->uid, caller) != IDMAP_HELPER &&
	     idmap_way(&l->gid_mappings, caller->gid, caller) != IDMAP_HELPER))
		return 0;
	text = malloc(IDS_MAX);
	if (!text)
		return err_set(e, ERR_SYSTEM, ENOMEM, "remember the owners of the layers");
	out = (struct strbuf)STRBUF_OVER(text, IDS_MAX);
	print_maps(&out, "uid", &l->uid_mappings);
	print_maps(&out, "gid", &l->gid_mappings);
	dir = open_dir(data, id);
	r = dir < 0 ? dir : io_replace_file(dir, IDS_FILE, 0600, text, out.len);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remember the owners of the layers") : 0;
}

/* ---- and back ---- */

struct ids {
	struct oci_id_map uid[MAX_MAPS], gid[MAX_MAPS];
	oci_id_maps uids, gids;
};

static int parse_line(const char *line, struct ids *ids)
{
	struct oci_id_map m = { 0 };
	oci_id_maps *to;
	char kind[4];

	if (sscanf(line, "%3s %" SCNu32 " %" SCNu32 " %" SCNu32, kind, &m.container_id, &m.host_id,
		   &m.size) != 4)
		return -EINVAL;
	to = strcmp(kind, "uid") == 0 ? &ids->uids : &ids->gids;
	if (to->count == MAX_MAPS)
		return -E2BIG;
	to->items[to->count++] = m;
	return 0;
}

/* -ENOENT when there are none. */
static int read_ids(int data, const char *id, struct ids *ids)
{
	cleanup_fd int dir = open_dir(data, id), fd = -EBADF;
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	if (dir < 0)
		return dir;
	fd = openat(dir, IDS_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	r = fd < 0 ? -errno : io_read_file(fd, IDS_MAX, &text, &size);
	ids->uids.items = ids->uid;
	ids->gids.items = ids->gid;
	for (char *line = text; r == 0 && line && *line; line += *line ? 1 : 0) {
		r = parse_line(line, ids);
		line += strcspn(line, "\n");
	}
	return r;
}

struct removal {
	int data;
	const char *id;
};

static int do_remove(void *data, struct err *e)
{
	const struct removal *r = data;

	return layers_remove(r->data, r->id, e);
}

/* It holds the directory, which layers_remove leaves when there is more in it. */
static void forget_ids(int data, const char *id)
{
	cleanup_fd int dir = open_dir(data, id);

	if (dir < 0 || unlinkat(dir, IDS_FILE, 0) < 0)
		return;
	(void)unlinkat(data, id, AT_REMOVEDIR); /* not empty: it is in use again */
}

int overlay_owner_remove(int data, const char *id, const struct caller *caller, struct err *e)
{
	cleanup_free struct ids *ids = calloc(1, sizeof(*ids));
	struct removal removal = { data, id };
	int r;

	if (!ids)
		return err_set(e, ERR_SYSTEM, ENOMEM, "remove the layers of '%s'", id);
	r = read_ids(data, id, ids);
	if (r < 0 && r != -ENOENT)
		return err_set(e, ERR_STATE, -r, "read the owners of the layers of '%s'", id);
	if (r == -ENOENT || caller_is_host_root(caller))
		r = layers_remove(data, id, e);
	else
		r = userns_call(&ids->uids, &ids->gids, caller, do_remove, &removal, e);
	if (r == 0)
		forget_ids(data, id);
	return r;
}

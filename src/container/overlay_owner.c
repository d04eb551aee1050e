// SPDX-License-Identifier: GPL-2.0-or-later
/* See overlay_owner.h. */
#include "container/overlay_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "namespaces/idmap.h"
#include "namespaces/userns_call.h"
#include "rootfs/layers.h"
#include "util/cleanup.h"
#include "util/id.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/strbuf.h"

#define LAST_FILE ".user" /* in DATA: no container has such an id */
#define BELOW	  (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

enum {
	MAX_MAPS = 340, /* user_namespaces(7) */
	LINE_SIZE = 48,
	USER_MAX = 2 * MAX_MAPS * LINE_SIZE + PATH_MAX,
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

/* The path of a state root; "" when there is none. */
static void store_path(int store, char *buf, size_t size)
{
	char link[64];
	ssize_t n = 0;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", store);
	if (store >= 0)
		n = readlink(link, buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
}

static bool needs_maps(const struct oci_spec *spec, const struct caller *caller)
{
	const struct oci_linux *l = &spec->linux_;

	return oci_spec_namespace(spec, OCI_NS_USER) && l->uid_mappings.count &&
	       l->gid_mappings.count &&
	       idmap_way(&l->uid_mappings, caller->uid, caller) != IDMAP_DIRECT;
}

static int save(int data, const char *id, const char *text, size_t len)
{
	cleanup_fd int dir = open_dir(data, id);

	return dir < 0 ? dir : io_replace_file(dir, LAYERS_USER_FILE, 0600, text, len);
}

int overlay_owner_note(int data, const char *id, int store, const struct oci_spec *spec,
		       const struct caller *caller, struct err *e)
{
	cleanup_free char *text = malloc(USER_MAX);
	char root[PATH_MAX];
	struct strbuf out;
	size_t maps;
	int r = 0;

	if (!text)
		return err_set(e, ERR_SYSTEM, ENOMEM, "remember the owner of the layers");
	out = (struct strbuf)STRBUF_OVER(text, USER_MAX);
	store_path(store, root, sizeof(root));
	if (!strchr(root, '\n')) /* whoever has such a path does without the check */
		strbuf_addf(&out, "root %s\n", root);
	maps = out.len;
	if (needs_maps(spec, caller)) {
		print_maps(&out, "uid", &spec->linux_.uid_mappings);
		print_maps(&out, "gid", &spec->linux_.gid_mappings);
		r = io_replace_file(data, LAST_FILE, 0600, text + maps, out.len - maps);
	}
	if (r == 0)
		r = save(data, id, text, out.len);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remember the owner of the layers") : 0;
}

/* ---- and back ---- */

struct user {
	char root[PATH_MAX];
	struct oci_id_map uid[MAX_MAPS], gid[MAX_MAPS];
	oci_id_maps uids, gids;
};

static int parse_line(const char *line, struct user *u)
{
	size_t len = strcspn(line, "\n");
	struct oci_id_map m = { 0 };
	oci_id_maps *to;
	char kind[4];

	if (strncmp(line, "root ", 5) == 0) {
		if (len - 5 >= sizeof(u->root))
			return -ENAMETOOLONG;
		memcpy(u->root, line + 5, len - 5);
		return 0;
	}
	if (sscanf(line, "%3s %" SCNu32 " %" SCNu32 " %" SCNu32, kind, &m.container_id, &m.host_id,
		   &m.size) != 4)
		return -EINVAL;
	to = strcmp(kind, "uid") == 0 ? &u->uids : &u->gids;
	if (to->count == MAX_MAPS)
		return -E2BIG;
	to->items[to->count++] = m;
	return 0;
}

/* What is noted, *ret NULL when nothing is. */
static int read_text(int data, const char *id, char **ret, size_t *ret_size)
{
	cleanup_fd int dir = id ? open_dir(data, id) : -EBADF, fd = -EBADF;

	if (id && dir < 0)
		return dir == -ENOENT ? 0 : dir;
	fd = openat(id ? dir : data, id ? LAYERS_USER_FILE : LAST_FILE,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return io_read_file(fd, USER_MAX, ret, ret_size);
}

/* Released by the caller. @id NULL: what was noted last. */
static int read_user(int data, const char *id, struct user **ret)
{
	cleanup_free struct user *u = calloc(1, sizeof(*u));
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	if (!u)
		return -ENOMEM;
	u->uids.items = u->uid;
	u->gids.items = u->gid;
	r = read_text(data, id, &text, &size);
	for (char *line = text; r == 0 && line && *line; line += *line ? 1 : 0) {
		r = parse_line(line, u);
		line += strcspn(line, "\n");
	}
	if (r == 0)
		*ret = take_ptr(u);
	return r;
}

static int load_user(int data, const char *id, struct user **ret, struct err *e)
{
	int r = read_user(data, id, ret);

	return r < 0 ? err_set(e, ERR_STATE, -r, "read the owner of the layers of '%s'",
			       id ? id : "nobody")
		     : 0;
}

int overlay_owner_copy(int data, const char *id, const char *clone, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t size;
	int r = read_text(data, id, &text, &size);

	if (r == 0 && text)
		r = save(data, clone, text, size);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remember the owner of the layers") : 0;
}

static bool has_maps(const struct user *u, const struct caller *caller)
{
	return u->uids.count && !caller_is_host_root(caller);
}

int overlay_owner_enter(int data, const char *id, const struct caller *caller, struct err *e)
{
	cleanup_free struct user *u = NULL;
	int r = 0;

	if (id && !id_is_valid(id))
		return 0; /* there is nothing of that name, as whoever opens it says */
	r = load_user(data, id, &u, e);
	return r < 0 || !has_maps(u, caller) ? r : userns_enter(&u->uids, &u->gids, caller, e);
}

int overlay_owner_enter_new(const struct oci_spec *spec, const struct caller *caller, struct err *e)
{
	return needs_maps(spec, caller) ? userns_enter(&spec->linux_.uid_mappings,
						       &spec->linux_.gid_mappings, caller, e)
					: 0;
}

int overlay_owner_check(int data, const char *id, int store, struct err *e)
{
	cleanup_free struct user *u = NULL;
	cleanup_fd int other = -EBADF;
	char own[PATH_MAX];
	int r = load_user(data, id, &u, e);

	if (r < 0)
		return r;
	store_path(store, own, sizeof(own));
	if (!u->root[0] || strcmp(u->root, own) == 0)
		return 0;
	other = open(u->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (other < 0 || faccessat(other, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* it has ended, or the host was booted again */
	err_set(e, ERR_STATE, 0,
		"the layers of '%s' are those of a container in the state directory '%s'", id,
		u->root);
	err_hint(e, "work on it with ctr --root %s, or remove it: ctr --root %s delete %s", u->root,
		 u->root, id);
	return -EBUSY;
}

struct removal {
	int data;
	const char *id;
	int store;
	layers_guard_fn *guard;
};

/* Whoever makes a container makes its state first, and then asks for the lock that we hold. */
static int is_unused(void *context, struct err *e)
{
	const struct removal *r = context;

	if (r->store >= 0 && faccessat(r->store, r->id, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		err_set(e, ERR_STATE, 0, "container '%s' was made meanwhile", r->id);
		return -EBUSY;
	}
	return overlay_owner_check(r->data, r->id, r->store, e);
}

static int do_remove(void *data, struct err *e)
{
	struct removal *r = data;

	return layers_remove_guarded(r->data, r->id, r->guard, r, e);
}

static int owner_remove(struct removal *r, const struct caller *caller, struct err *e)
{
	cleanup_free struct user *u = NULL;
	int ret = load_user(r->data, r->id, &u, e);

	if (ret < 0)
		return ret;
	if (!has_maps(u, caller))
		return do_remove(r, e);
	return userns_call(&u->uids, &u->gids, caller, do_remove, r, e);
}

int overlay_owner_remove(int data, const char *id, const struct caller *caller, struct err *e)
{
	struct removal r = { data, id, -EBADF, NULL };

	return owner_remove(&r, caller, e);
}

int overlay_owner_remove_unused(int data, const char *id, int store, const struct caller *caller,
				struct err *e)
{
	struct removal r = { data, id, store, is_unused };

	return owner_remove(&r, caller, e);
}

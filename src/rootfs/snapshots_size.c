// SPDX-License-Identifier: GPL-2.0-or-later
/* See snapshots.h, snapshots_size: counted once per layer, and noted in its layer.json. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "oci/json.h"
#include "oci/json_out.h"
#include "rootfs/snapshots_internal.h"
#include "rootfs/treewalk.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

#define NOTES_FILE "layer.json"
#define BELOW	   (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

enum {
	NOTES_MAX = 64 << 10,
	BLOCK = 512
};

/* Of a file with several names each counts a part: all of them are in the layer. */
static int count(int tree, uint64_t *ret)
{
	struct treewalk w = { .live = true };
	struct treewalk_entry entry;
	int step, r = treewalk_begin(&w, tree);
	uint64_t sum = 0;

	while (r == 0 && (step = treewalk_next(&w, &entry)) != TREEWALK_END) {
		if (step < 0) {
			r = step;
			break;
		}
		if (step == TREEWALK_LEFT)
			continue;
		sum += (uint64_t)entry.st.st_blocks * BLOCK /
		       (S_ISDIR(entry.st.st_mode) ? 1 : entry.st.st_nlink);
		if (S_ISDIR(entry.st.st_mode))
			r = treewalk_enter(&w, entry.name);
		if (r == -ENOENT)
			r = 0;
	}
	treewalk_end(&w);
	/* somebody writes to it just now: what was counted until then is as true as anything else */
	if (r < 0 && r != -ESTALE)
		return r;
	*ret = sum;
	return 0;
}

/* What stands in the file, NULL when there is none that can be read. The text is needed for as long. */
static const struct json_node *read_notes(int top, struct arena *a, char **ret_text)
{
	cleanup_fd int fd = openat(top, NOTES_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const struct json_node *root;
	size_t len;

	if (fd < 0 || io_read_file(fd, NOTES_MAX, ret_text, &len) < 0 ||
	    json_parse(a, *ret_text, len, NOTES_FILE, &root, NULL) < 0)
		return NULL;
	return root->type == JSON_OBJECT ? root : NULL;
}

/* The other members stay. It saves time and is no more than that: a failure is none. */
static void note_size(int top, const struct json_node *old, const char *old_text, uint64_t size)
{
	cleanup_(json_out_free) struct json_out o = { 0 };
	cleanup_free char *text = NULL;
	size_t len;

	if (json_out_init(&o, true) < 0)
		return;
	json_out_object(&o);
	if (old) {
		json_for_each (m, old) {
			if (strcmp(m->key, "size") == 0)
				continue;
			json_out_key(&o, m->key);
			json_out_raw(&o, old_text + m->start, m->end - m->start);
		}
	}
	json_out_member_uint(&o, "size", size);
	json_out_end_object(&o);
	if (json_out_finish(&o, &text, &len) == 0)
		(void)io_replace_file(top, NOTES_FILE, 0600, text, len);
}

static int size_in(int top, bool noted, uint64_t *ret)
{
	cleanup_fd int tree = kernel_openat2(top, LAYERS_TREE, O_RDONLY | O_DIRECTORY, 0, BELOW);
	const struct json_node *notes = NULL, *size;
	cleanup_free char *text = NULL;
	struct arena a = { 0 };
	int r;

	if (tree < 0)
		return tree;
	if (noted)
		notes = read_notes(top, &a, &text);
	size = notes ? json_member(notes, "size") : NULL;
	if (size && json_to_u64(size, UINT64_MAX, ret) == 0) {
		arena_free(&a);
		return 0;
	}
	r = count(tree, ret);
	if (r == 0 && noted)
		note_size(top, notes, text, *ret);
	arena_free(&a);
	return r;
}

static int layer_size(int data, const char *layer, uint64_t *ret, struct err *e)
{
	cleanup_fd int shared = -EBADF, top = -EBADF;
	int r;

	shared = kernel_openat2(data, LAYERS_SHARED_DIR, O_RDONLY | O_DIRECTORY, 0, BELOW);
	top = shared < 0 ? shared : kernel_openat2(shared, layer, O_RDONLY | O_DIRECTORY, 0, BELOW);
	r = top < 0 ? top : size_in(top, true, ret);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "look at the layer %s", layer) : 0;
}

static int upper_size(int data, const char *id, const char *upper, uint64_t *ret, struct err *e)
{
	char path[sizeof(LAYERS_OWN_DIR) + ID_MAX + LAYERS_NAME_SIZE + 2];
	cleanup_fd int top = -EBADF;
	int r;

	(void)snprintf(path, sizeof(path), "%s/" LAYERS_OWN_DIR "/%s", id, upper);
	top = kernel_openat2(data, path, O_RDONLY | O_DIRECTORY, 0, BELOW);
	r = top < 0 ? top : size_in(top, false, ret);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "look at what container '%s' wrote", id) : 0;
}

int snapshots_size(int data, const char *id, const struct layers_record *rec, int index,
		   struct snapshot_size *ret, struct err *e)
{
	struct snapshot_size sum = { 0 };
	uint64_t one;
	int r, at = index == LAYERS_NONE ? rec->head : rec->snapshots[index].parent;

	if (index == LAYERS_NONE)
		r = upper_size(data, id, rec->upper, &sum.own, e);
	else
		r = layer_size(data, rec->snapshots[index].layer, &sum.own, e);
	for (; r == 0 && at != LAYERS_NONE; at = rec->snapshots[at].parent) {
		r = layer_size(data, rec->snapshots[at].layer, &one, e);
		sum.beneath += r == 0 ? one : 0;
	}
	for (size_t i = 0; r == 0 && i < rec->origin_count; i++) {
		r = layer_size(data, rec->origin_layers[i], &one, e);
		sum.beneath += r == 0 ? one : 0;
	}
	if (r == 0)
		*ret = sum;
	return r;
}

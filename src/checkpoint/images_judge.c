// SPDX-License-Identifier: GPL-2.0-or-later
/* The order in which images are compared with a config, and what the parts of that share. */
#include "config.h"

#ifdef HAVE_CRIU

#include "checkpoint/images_judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/capability.h>

#include "util/path.h"

int image_judge_each(struct judge *j, enum image_kind kind, image_entry_fn *fn, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->set->count; i++)
		if (j->set->files[i].kind == kind)
			r = image_each(&j->set->files[i], fn, j, e);
	return r;
}

bool image_path_is_plain(const char *path)
{
	if (path[0] != '/' || strlen(path) >= 4096)
		return false;
	for (const char *at = path; *at;) {
		size_t n = strcspn(at + 1, "/");

		if ((n == 2 && strncmp(at + 1, "..", 2) == 0) || (n == 1 && at[1] == '.') ||
		    (n == 0 && at[1] == '/'))
			return false;
		at += n + 1;
	}
	return true;
}

static bool in_map(uint32_t id, const oci_id_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct oci_id_map *m = &maps->items[i];

		if (id >= m->container_id && id - m->container_id < m->size)
			return true;
	}
	return false;
}

static bool is_asked_for(const struct oci_user *u, uint32_t id, bool group)
{
	for (size_t i = 0; group && i < u->additional_gids.count; i++)
		if (u->additional_gids.items[i] == id)
			return true;
	return id == (group ? u->gid : u->uid);
}

bool image_id_is_ours(const struct judge *j, uint32_t id, bool group)
{
	const struct oci_spec *s = j->rules->spec;

	if (id == UINT32_MAX)
		return false;
	if (oci_spec_new_namespace(s, OCI_NS_USER) &&
	    !in_map(id, group ? &s->linux_.gid_mappings : &s->linux_.uid_mappings))
		return false;
	/* programs with the set-user-ID bit give any id that a file can have, where they work */
	return is_asked_for(&s->process.user, id, group) || !s->process.no_new_privileges ||
	       image_may(j, group ? CAP_SETGID : CAP_SETUID);
}

/* The deepest one counts. */
const struct image_place *image_place_find(const struct judge *j, const char *path)
{
	const struct image_place *best = NULL;

	for (size_t i = 0; i < j->view->place_count; i++) {
		const struct image_place *p = &j->view->places[i];

		if (strcmp(p->real, path) != 0 && !(p->whole && path_below(path, p->real)))
			continue;
		if (!best || strlen(p->real) >= strlen(best->real))
			best = p;
	}
	return best;
}

const char *image_shown(const char *text, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s", text);
	err_printable(buf);
	return buf;
}

/* What a task can come to: with no_new_privs it keeps, or loses, what it began with. */
static void grants(struct judge *j)
{
	const struct oci_process *p = &j->rules->spec->process;
	const struct oci_capabilities *c = &p->capabilities;
	uint64_t begin = c->permitted | c->inheritable | c->ambient;

	j->bounding = c->bounding;
	j->gained = p->no_new_privileges ? begin : begin | c->bounding;
}

int image_judge(struct judge *j, struct err *e)
{
	int (*const parts[])(struct judge *, struct err *) = {
		image_judge_inventory, image_judge_filters, image_judge_tasks,
		image_judge_mounts,    image_judge_cgroups, image_judge_files,
		image_judge_contents,
	};
	int r = 0;

	grants(j);
	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		r = parts[i](j, e);
	return r;
}

#endif

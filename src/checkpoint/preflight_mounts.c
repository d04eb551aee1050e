// SPDX-License-Identifier: GPL-2.0-or-later
/* Preflight: mounts that the container's processes made, which no config.json can make again at restore. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/external.h"
#include "checkpoint/preflight_internal.h"
#include "util/cleanup.h"

/* File systems that CRIU saves, or mounts anew, without being told (criu.org, "Mount points"). */
static const char *const known[] = {
	"proc",	   "sysfs",   "devtmpfs", "binfmt_misc", "tmpfs",   "devpts",
	"simfs",   "btrfs",   "pstore",	  "mqueue",	 "autofs",  "securityfs",
	"fusectl", "debugfs", "tracefs",  "cgroup",	 "cgroup2", "aufs",
};

/* Of these those that a restore allows, because what they show is the container's own (images_mounts.c). */
static const char *const own[] = { "proc", "sysfs", "tmpfs", "devpts", "mqueue" };

const struct proc_mount *preflight_mount(const struct preflight_scan *s, int id)
{
	for (size_t i = 0; i < s->mount_count; i++)
		if (s->mounts[i].id == id)
			return &s->mounts[i];
	return NULL;
}

void preflight_read_mounts(struct preflight_scan *s)
{
	size_t room = 0;
	struct proc_mount m;
	char *at;

	s->mount_text = preflight_read(preflight_init(s)->dir, "mountinfo");
	at = s->mount_text;
	while (proc_next_mount(&at, &m)) {
		if (s->mount_count == room) {
			struct proc_mount *mounts;

			room = room ? 2 * room : 64;
			mounts = reallocarray(s->mounts, room, sizeof(*mounts));
			if (!mounts) {
				s->error = -ENOMEM;
				return;
			}
			s->mounts = mounts;
		}
		s->mounts[s->mount_count++] = m;
	}
}

static bool is_among(const char *const *types, size_t count, const char *type)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

static bool is_known(const char *type)
{
	return is_among(known, sizeof(known) / sizeof(known[0]), type);
}

static bool is_own(const char *type)
{
	return is_among(own, sizeof(own) / sizeof(own[0]), type);
}

/* Is it declared to CRIU, because it is made anew for a restore (external.h)? */
static bool is_external(const struct external_mounts *list, const char *point)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].mountpoint, point) == 0)
			return true;
	return false;
}

/* The same file system as the root's: a bind mount of what the container has anyway. */
static bool is_of_root(const struct preflight_scan *s, const struct proc_mount *m)
{
	for (size_t i = 0; i < s->mount_count; i++)
		if (strcmp(s->mounts[i].point, "/") == 0 && s->mounts[i].major == m->major &&
		    s->mounts[i].minor == m->minor)
			return true;
	return false;
}

static void look_at_mount(struct preflight_scan *s, const struct proc_mount *m)
{
	enum preflight_what what = PREFLIGHT_MOUNT_TYPE;

	if (is_own(m->type) || is_of_root(s, m))
		return;
	if (is_known(m->type))
		what = PREFLIGHT_MOUNT_HOST;
	else if (strcmp(m->type, "overlay") == 0)
		what = PREFLIGHT_MOUNT_OVERLAY;
	preflight_add(s, what, NULL, -1, "%s (%s)", m->point, m->type);
}

/* ---- mount namespaces in the container ---- */

/* A copy of one that comes from outside: in this namespace CRIU does not know that any more. */
static bool is_copy(const struct preflight_scan *s, const struct external_mounts *external,
		    const struct proc_mount *m)
{
	if (strcmp(m->root, "/") == 0)
		return false;
	for (size_t i = 0; i < s->mount_count; i++)
		if (s->mounts[i].major == m->major && s->mounts[i].minor == m->minor &&
		    strcmp(s->mounts[i].root, m->root) == 0 &&
		    is_external(external, s->mounts[i].point))
			return true;
	return false;
}

/* The first of them is named: there may be as many as in the container. */
static void look_inside(struct preflight_scan *s, const struct external_mounts *external,
			const struct preflight_task *task)
{
	cleanup_free char *text = preflight_read(task->dir, "mountinfo");
	struct proc_mount m;
	char *at = text;

	while (proc_next_mount(&at, &m)) {
		if (strcmp(m.point, "/") == 0 || (is_own(m.type) && !is_copy(s, external, &m)))
			continue;
		preflight_add(s, PREFLIGHT_MOUNT_INNER, task, -1, "%s (%s)", m.point, m.type);
		return;
	}
}

static bool is_first_of_namespace(const struct preflight_scan *s, size_t task)
{
	for (size_t i = 0; i < task; i++)
		if (s->tasks[i].ns[PREFLIGHT_NS_MNT] == s->tasks[task].ns[PREFLIGHT_NS_MNT])
			return false;
	return true;
}

static void look_at_inner(struct preflight_scan *s, const struct external_mounts *external)
{
	for (size_t i = 1; i < s->task_count; i++)
		if (s->tasks[i].in_tree && s->tasks[i].ns[PREFLIGHT_NS_MNT] != 0 &&
		    is_first_of_namespace(s, i))
			look_inside(s, external, &s->tasks[i]);
}

/* ---- all of them ---- */

int preflight_look_at_mounts(struct preflight_scan *s, struct err *e)
{
	struct external_mounts external = { 0 };
	struct arena a = { 0 };
	int r = external_find(s->c->spec, s->c->record.init.pid, &a, &external, e);

	for (size_t i = 0; r == 0 && i < s->mount_count; i++) {
		const struct proc_mount *m = &s->mounts[i];

		if (!is_external(&external, m->point))
			look_at_mount(s, m);
	}
	if (r == 0)
		look_at_inner(s, &external);
	arena_free(&a);
	return r;
}

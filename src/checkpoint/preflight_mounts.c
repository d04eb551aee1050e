// SPDX-License-Identifier: GPL-2.0-or-later
/* Preflight: mounts that the container's processes made, which no config.json can make again at restore. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/external.h"
#include "checkpoint/preflight_internal.h"

/* File systems that CRIU saves, or mounts anew, without being told (criu.org, "Mount points"). */
static const char *const known[] = {
	"proc",	   "sysfs",   "devtmpfs", "binfmt_misc", "tmpfs",   "devpts",
	"simfs",   "btrfs",   "pstore",	  "mqueue",	 "autofs",  "securityfs",
	"fusectl", "debugfs", "tracefs",  "cgroup",	 "cgroup2", "aufs",
};

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

static bool is_known(const char *type)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], type) == 0)
			return true;
	return false;
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
	bool overlay = strcmp(m->type, "overlay") == 0;

	preflight_add(s, overlay ? PREFLIGHT_MOUNT_OVERLAY : PREFLIGHT_MOUNT_TYPE, NULL, -1,
		      "%s (%s)", m->point, m->type);
}

int preflight_look_at_mounts(struct preflight_scan *s, struct err *e)
{
	struct external_mounts external = { 0 };
	struct arena a = { 0 };
	int r = external_find(s->c->spec, s->c->record.init.pid, &a, &external, e);

	for (size_t i = 0; r == 0 && i < s->mount_count; i++) {
		const struct proc_mount *m = &s->mounts[i];

		if (!is_known(m->type) && !is_of_root(s, m) && !is_external(&external, m->point))
			look_at_mount(s, m);
	}
	arena_free(&a);
	return r;
}

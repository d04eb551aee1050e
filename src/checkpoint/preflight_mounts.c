// SPDX-License-Identifier: GPL-2.0-or-later
/* Preflight: mounts that the container's processes made, which no config.json can make again at restore. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/preflight_internal.h"
#include "util/path.h"

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

static bool is_listed(const oci_strings *paths, const char *point)
{
	for (size_t i = 0; i < paths->count; i++)
		if (strcmp(paths->items[i], point) == 0)
			return true;
	return false;
}

static bool is_recursive(const struct oci_mount *m)
{
	return is_listed(&m->options, "rbind");
}

/* Does config.json mount something at @point? That is declared to CRIU, and made by us at restore. */
static bool is_configured(const struct preflight_scan *s, const char *point)
{
	const struct oci_spec *spec = s->c->spec;
	struct arena a = { 0 };
	bool found = is_listed(&spec->linux_.masked_paths, point) ||
		     is_listed(&spec->linux_.readonly_paths, point);

	for (size_t i = 0; !found && i < spec->mounts.count; i++) {
		const struct oci_mount *m = &spec->mounts.items[i];
		const char *place = path_clean(&a, m->destination);

		found = place && (strcmp(point, place) == 0 ||
				  (is_recursive(m) && path_below(point, place)));
	}
	arena_free(&a);
	return found;
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

/* Device nodes and the console are mounts of ours, too: files of the host in /dev. */
static bool is_device_node(const struct proc_mount *m)
{
	return strncmp(m->point, "/dev/", strlen("/dev/")) == 0;
}

void preflight_look_at_mounts(struct preflight_scan *s)
{
	if (!s->c->spec)
		return;
	for (size_t i = 0; i < s->mount_count; i++) {
		const struct proc_mount *m = &s->mounts[i];

		if (is_known(m->type) || is_of_root(s, m) || is_configured(s, m->point) ||
		    is_device_node(m))
			continue;
		preflight_add(s,
			      strcmp(m->type, "overlay") == 0 ? PREFLIGHT_MOUNT_OVERLAY
							      : PREFLIGHT_MOUNT_TYPE,
			      NULL, -1, "%s (%s)", m->point, m->type);
	}
}

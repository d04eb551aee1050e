/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounts of a container that CRIU does not make again by itself: what comes from outside of it (bind mounts,
 * with all that is mounted below them), what ctr makes over its files (masks, device nodes, its own files), and its
 * cgroup. In the images they are known by where config.json, or ctr, puts them, as a clean path; restore
 * takes what belongs there from the caller's config (security.md C1).
 */
#ifndef CTR_CHECKPOINT_EXTERNAL_H
#define CTR_CHECKPOINT_EXTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/spec.h"
#include "util/arena.h"
#include "util/err.h"

/* Namespaces that it has joined; the names are those of runc and crun. */
#define EXTERNAL_NETWORK "extRootNetNS"
#define EXTERNAL_PIDS	 "extRootPidNS"

enum external_scope {
	EXTERNAL_NOT,	/* CRIU makes it again, even if it lies below one that it does not */
	EXTERNAL_MOUNT, /* this one */
	EXTERNAL_TREE,	/* and all that are mounted below it */
};

/* A place where something is mounted, or may be. */
struct external_place {
	const char
		*path; /* clean, as in the config: may lead through symlinks of the container's */
	enum external_scope scope;
};

struct external_places {
	struct external_place *items;
	size_t count;
};

/* One that is there. */
struct external_mount {
	const char *mountpoint; /* as the kernel tells it, from the container's root */
	const char *key;	/* what restore knows it by */
};

struct external_mounts {
	struct external_mount *items;
	size_t count;
};

/*
 * All places that @spec, with what ctr adds to its mounts, speaks of; some may have nothing mounted. Pure.
 * Strings live in @a, or in the spec. -ENOMEM.
 */
int external_places(const struct oci_spec *spec, struct arena *a, struct external_places *ret,
		    struct err *e);

/* From a line of /proc/PID/mountinfo (proc(5)). */
struct mount_line {
	unsigned id, parent;
	unsigned major, minor; /* of the filesystem */
	uint64_t flags; /* MS_RDONLY (also of the filesystem as a whole), NOSUID, NODEV, NOEXEC */
	const char *root, *mountpoint, *type, *source; /* unescaped */
};

struct mount_table {
	struct mount_line *items;
	size_t count;
};

/* Pure. Lines that cannot be understood are -EINVAL. */
int external_parse(const char *mountinfo, struct arena *a, struct mount_table *ret);

/* Read and parse that of the process @pid. */
int external_read(int pid, struct arena *a, struct mount_table *ret, struct err *e);

/*
 * Which mount is at a place: its id, 0 when the place is no mount point, negative errno when it cannot be
 * looked at (-ENOENT: nothing is there).
 */
typedef int external_look_fn(void *data, const char *path);

/* Those of @table that are external, each once. Pure, but for @look. -ENOMEM. */
int external_select(const struct external_places *places, const struct mount_table *table,
		    external_look_fn *look, void *data, struct arena *a,
		    struct external_mounts *ret, struct err *e);

/* The whole of it for the process @pid of the container. */
int external_find(const struct oci_spec *spec, int pid, struct arena *a,
		  struct external_mounts *ret, struct err *e);

#endif

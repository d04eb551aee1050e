// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of mount options and its interpreter. */
#include "rootfs/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "util/kernel.h"

enum option_kind {
	OPT_NOTHING,  /* says what is the default anyway, or has no meaning for the new mount API */
	OPT_ATTR,     /* set/clear on this mount */
	OPT_ATIME_ON, /* not noatime: a strictatime stays */
	OPT_ATIME_OFF, /* not the way of access times in set; what else was said stays */
	OPT_RATTR,     /* set/clear on the whole tree */
	OPT_RATIME_ON,
	OPT_SUPER, /* a flag of the superblock: passed on under the name that fsconfig knows */
	OPT_PROP,
	OPT_BIND,
	OPT_SWITCH, /* a bool of struct mount_options at offset */
};

struct option {
	const char *name;
	enum option_kind kind;
	uint64_t set, clear; /* attributes; PROP: set is the type; SWITCH: set is the offset */
	const char *super;
};

#define ATTR(n, s, c)                                                                              \
	{                                                                                          \
		n, OPT_ATTR, s, c, NULL                                                            \
	}
#define RATTR(n, s, c)                                                                             \
	{                                                                                          \
		n, OPT_RATTR, s, c, NULL                                                           \
	}
#define ATIME(n, s)                                                                                \
	{                                                                                          \
		n, OPT_ATTR, s, MOUNT_ATTR__ATIME, NULL                                            \
	}
#define ATIME_OFF(n, s)                                                                            \
	{                                                                                          \
		n, OPT_ATIME_OFF, s, 0, NULL                                                       \
	}
#define RATIME(n, s)                                                                               \
	{                                                                                          \
		n, OPT_RATTR, s, MOUNT_ATTR__ATIME, NULL                                           \
	}
#define PROP(n, s)                                                                                 \
	{                                                                                          \
		n, OPT_PROP, s, 0, NULL                                                            \
	}
#define SUPER(n, s)                                                                                \
	{                                                                                          \
		n, OPT_SUPER, 0, 0, s                                                              \
	}
#define SWITCH(n, m)                                                                               \
	{                                                                                          \
		n, OPT_SWITCH, offsetof(struct mount_options, m), 0, NULL                          \
	}
#define NOTHING(n)                                                                                 \
	{                                                                                          \
		n, OPT_NOTHING, 0, 0, NULL                                                         \
	}

/* Sorted by name, for bsearch. */
static const struct option options[] = {
	SUPER("async", "async"),
	{ "atime", OPT_ATIME_ON, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME, NULL },
	{ "bind", OPT_BIND, 0, 0, NULL },
	SWITCH("copy-symlink", copy_symlink),
	NOTHING("defaults"),
	SWITCH("dest-nofollow", dest_nofollow),
	ATTR("dev", 0, MOUNT_ATTR_NODEV),
	ATTR("diratime", 0, MOUNT_ATTR_NODIRATIME),
	SUPER("dirsync", "dirsync"),
	ATTR("exec", 0, MOUNT_ATTR_NOEXEC),
	SWITCH("idmap", idmap),
	NOTHING("iversion"), /* no filesystem takes it from fsconfig; those that count do so anyway */
	SUPER("lazytime", "lazytime"),
	NOTHING("loud"),
	SUPER("mand", "mand"),
	ATIME("noatime", MOUNT_ATTR_NOATIME),
	ATTR("nodev", MOUNT_ATTR_NODEV, 0),
	ATTR("nodiratime", MOUNT_ATTR_NODIRATIME, 0),
	ATTR("noexec", MOUNT_ATTR_NOEXEC, 0),
	NOTHING("noiversion"),
	SUPER("nolazytime", "nolazytime"),
	SUPER("nomand", "nomand"),
	ATIME_OFF("norelatime", MOUNT_ATTR_RELATIME),
	ATIME_OFF("nostrictatime", MOUNT_ATTR_STRICTATIME),
	ATTR("nosuid", MOUNT_ATTR_NOSUID, 0),
	ATTR("nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0),
	PROP("private", MS_PRIVATE),
	{ "ratime", OPT_RATIME_ON, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME, NULL },
	{ "rbind", OPT_BIND, 1, 0, NULL },
	RATTR("rdev", 0, MOUNT_ATTR_NODEV),
	RATTR("rdiratime", 0, MOUNT_ATTR_NODIRATIME),
	ATIME("relatime", MOUNT_ATTR_RELATIME),
	SWITCH("remount", remount),
	RATTR("rexec", 0, MOUNT_ATTR_NOEXEC),
	SWITCH("ridmap", idmap_recursive),
	RATIME("rnoatime", MOUNT_ATTR_NOATIME),
	RATTR("rnodev", MOUNT_ATTR_NODEV, 0),
	RATTR("rnodiratime", MOUNT_ATTR_NODIRATIME, 0),
	RATTR("rnoexec", MOUNT_ATTR_NOEXEC, 0),
	RATIME("rnorelatime", MOUNT_ATTR_RELATIME),
	RATIME("rnostrictatime", MOUNT_ATTR_RELATIME),
	RATTR("rnosuid", MOUNT_ATTR_NOSUID, 0),
	RATTR("rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0),
	ATTR("ro", MOUNT_ATTR_RDONLY, 0),
	PROP("rprivate", MS_PRIVATE | MS_REC),
	RATIME("rrelatime", MOUNT_ATTR_RELATIME),
	RATTR("rro", MOUNT_ATTR_RDONLY, 0),
	RATTR("rrw", 0, MOUNT_ATTR_RDONLY),
	PROP("rshared", MS_SHARED | MS_REC),
	PROP("rslave", MS_SLAVE | MS_REC),
	RATIME("rstrictatime", MOUNT_ATTR_STRICTATIME),
	RATTR("rsuid", 0, MOUNT_ATTR_NOSUID),
	RATTR("rsymfollow", 0, MOUNT_ATTR_NOSYMFOLLOW),
	PROP("runbindable", MS_UNBINDABLE | MS_REC),
	ATTR("rw", 0, MOUNT_ATTR_RDONLY),
	PROP("shared", MS_SHARED),
	NOTHING("silent"),
	PROP("slave", MS_SLAVE),
	SWITCH("src-nofollow", src_nofollow),
	ATIME("strictatime", MOUNT_ATTR_STRICTATIME),
	ATTR("suid", 0, MOUNT_ATTR_NOSUID),
	ATTR("symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW),
	SUPER("sync", "sync"),
	SWITCH("tmpcopyup", tmpcopyup),
	PROP("unbindable", MS_UNBINDABLE),
};

static int compare(const void *key, const void *item)
{
	return strcmp(key, ((const struct option *)item)->name);
}

/* A later option of the same group wins: ro,rw is rw. */
static void merge(uint64_t *set, uint64_t *clear, const struct option *o)
{
	*set = (*set & ~o->clear) | o->set;
	*clear = (*clear & ~o->set) | o->clear; /* access times: the whole group or nothing of it */
}

/* Has a way of access times been said, and was it this one? */
static bool is_atime(uint64_t set, uint64_t clear, uint64_t way)
{
	return (clear & MOUNT_ATTR__ATIME) && (set & MOUNT_ATTR__ATIME) == way;
}

static void atime_on(uint64_t *set, uint64_t *clear, const struct option *o)
{
	if (!is_atime(*set, *clear, MOUNT_ATTR_STRICTATIME))
		merge(set, clear, o);
}

/* As if it had not been said; what comes after it may say another. */
static void atime_off(struct mount_options *ret, uint64_t way)
{
	if (!is_atime(ret->set, ret->clear, way))
		return;
	ret->set &= ~(uint64_t)MOUNT_ATTR__ATIME;
	ret->clear &= ~(uint64_t)MOUNT_ATTR__ATIME;
}

static int apply(const struct option *o, struct mount_options *ret)
{
	switch (o->kind) {
	case OPT_NOTHING: break;
	case OPT_ATTR: merge(&ret->set, &ret->clear, o); break;
	case OPT_ATIME_ON: atime_on(&ret->set, &ret->clear, o); break;
	case OPT_ATIME_OFF: atime_off(ret, o->set); break;
	case OPT_RATTR: merge(&ret->rset, &ret->rclear, o); break;
	case OPT_RATIME_ON: atime_on(&ret->rset, &ret->rclear, o); break;
	case OPT_SUPER: ret->data[ret->data_count++] = o->super; break;
	case OPT_BIND:
		ret->bind = true;
		ret->recursive |= o->set != 0;
		break;
	case OPT_SWITCH: *((bool *)ret + o->set) = true; break;
	case OPT_PROP:
		if (ret->prop_count == MOUNT_MAX_PROPS)
			return -E2BIG;
		ret->props[ret->prop_count++] = o->set;
		break;
	}
	return 0;
}

/* The top is part of the tree. runc sets what is said of the tree last, wherever in the list it stands. */
static void tree_wins(struct mount_options *ret)
{
	uint64_t said = ret->rset | ret->rclear;

	ret->set &= ~said;
	ret->clear &= ~said;
}

int mount_options_parse(const struct oci_mount *m, struct arena *a, struct mount_options *ret,
			struct err *e)
{
	memset(ret, 0, sizeof(*ret));
	ret->last_data = SIZE_MAX;
	ret->data = arena_array(a, m->options.count + 1, sizeof(*ret->data));
	if (!ret->data)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read mount options");
	for (size_t i = 0; i < m->options.count; i++) {
		const char *name = m->options.items[i];
		const struct option *o =
			bsearch(name, options, ARRAY_SIZE(options), sizeof(options[0]), compare);

		if (!o) {
			ret->data[ret->data_count++] = name;
			ret->has_mode |= strncmp(name, "mode=", 5) == 0;
			ret->last_data = i;
		} else if (apply(o, ret) < 0) {
			return err_set(e, ERR_CONFIG, 0, "mount '%s': too many propagation options",
				       m->destination);
		}
	}
	tree_wins(ret);
	return 0;
}

const char *mount_option_name(size_t index)
{
	return index < ARRAY_SIZE(options) ? options[index].name : NULL;
}

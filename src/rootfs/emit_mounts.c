// SPDX-License-Identifier: GPL-2.0-or-later
/* config.json's root and mounts as operations. Pure: opens nothing, mounts nothing. */
#include "rootfs/rootfs.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "oci/names.h"
#include "rootfs/emit.h"
#include "rootfs/labels.h"
#include "rootfs/options.h"
#include "util/kernel.h"
#include "util/path.h"

enum {
	MANY = 256 /* of mounts, to compare each with each */
};

/* One entry of mounts[] while it is translated. */
struct entry {
	const struct oci_mount *m;
	size_t index;
	const char *dest; /* clean */
	const char *origin;
	struct mount_options o;
};

/* Files inside /proc that may be covered by a bind mount (runc's list, and lxcfs): nothing else. */
static const char *const proc_files[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/meminfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/uptime",
	"/proc/loadavg",
	"/proc/slabinfo",
	"/proc/version",
	"/proc/pressure",
	"/proc/pressure/cpu",
	"/proc/pressure/io",
	"/proc/pressure/memory",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/sys/crypto/fips_enabled",
};

static const char *where(struct plan *p, const struct entry *t, const char *member)
{
	return plan_origin(p, "/mounts/%zu%s", t->index, member);
}

/* Ends what err_set began. 0 when all problems are wanted: the next rule can be looked at. */
static int bad(struct plan *p, const struct entry *t, const char *member, struct err *e)
{
	err_origin(e, "config.json %s", where(p, t, member));
	return err_keep(e, -EINVAL);
}

/* What an entry cannot be together with, in one place per kind of mount. */
struct conflict {
	bool asked;
	const char *says;
};

static int check_conflicts(struct plan *p, const struct entry *t, const struct conflict *table,
			   size_t count, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		if (!table[i].asked)
			continue;
		err_set(e, ERR_CONFIG, 0, "mount '%s': %s", t->dest, table[i].says);
		r = bad(p, t, "/options", e);
	}
	return r;
}

/* Inside /proc only a few files may be covered, and /proc itself only by a proc filesystem. */
static int check_proc(struct plan *p, const struct entry *t, uint64_t *flags, struct err *e)
{
	bool proc = t->m->type && strcmp(t->m->type, "proc") == 0;

	if (!path_below(t->dest, "/proc") || strcmp(t->dest, "/proc") == 0) {
		if (strcmp(t->dest, "/proc") == 0 && !proc && !t->o.bind) {
			err_set(e, ERR_CONFIG, 0,
				"mount '%s': only a proc filesystem can be mounted there", t->dest);
			return bad(p, t, "/type", e);
		}
		return 0;
	}
	for (size_t i = 0; t->o.bind && i < ARRAY_SIZE(proc_files); i++) {
		if (strcmp(t->dest, proc_files[i]) == 0) {
			*flags |= PLAN_MOUNT_IN_PROC;
			return 0;
		}
	}
	err_set(e, ERR_CONFIG, 0, "mount '%s': cannot be mounted because it is inside /proc",
		t->dest);
	err_hint(e, "only single files such as /proc/meminfo can be covered, by a bind mount");
	return bad(p, t, "/destination", e);
}

/* fsopen'ed filesystems get their attributes from fsmount, which has no "clear". */
static uint64_t fs_attr(const struct mount_options *o)
{
	return o->rset | o->set;
}

static uint64_t fs_options(struct plan *p, const struct rootfs_layout *l, const struct entry *t,
			   const char *type)
{
	oci_strings list = { 0 };
	const char **items = arena_array(&p->arena, t->o.data_count + 2, sizeof(*items));
	bool labelled = false;

	if (!items) {
		p->failed = true;
		return 0;
	}
	list.items = items;
	if (t->m->source && *t->m->source)
		items[list.count++] = plan_origin(p, "source=%s", t->m->source);
	for (size_t i = 0; i < t->o.data_count; i++) {
		labelled |= label_is_option(t->o.data[i]);
		items[list.count++] = label_unquoted(p, t->o.data[i]);
	}
	if (l->context && !labelled && label_kind(type) == LABEL_CONTEXT)
		items[list.count++] = l->context;
	return plan_list(p, &list);
}

static int emit_fs(struct plan *p, struct rootfs_layout *l, const struct entry *t, const char *type,
		   uint64_t flags, struct err *e)
{
	bool tmpfs = strcmp(type, "tmpfs") == 0, dev = strcmp(t->dest, "/dev") == 0;
	uint64_t attr = fs_attr(&t->o), keep = PLAN_REG_NONE, labelled = PLAN_REG_NONE;
	const struct conflict conflicts[] = {
		{ t->o.idmap || t->o.idmap_recursive || t->o.copy_symlink || t->o.src_nofollow,
		  "idmap, copy-symlink and src-nofollow are for bind mounts" },
		{ t->o.tmpcopyup && !tmpfs, "tmpcopyup is for tmpfs" },
	};
	int r = check_conflicts(p, t, conflicts, ARRAY_SIZE(conflicts), e);

	if (r < 0)
		return r;
	if (t->o.tmpcopyup)
		flags |= PLAN_MOUNT_COPY_UP;
	if (tmpfs && !t->o.has_mode)
		flags |= PLAN_MOUNT_MODE_FROM_TARGET;
	if (strcmp(type, "proc") == 0 || strcmp(type, "sysfs") == 0)
		flags |= PLAN_MOUNT_REAL_DIR;
	if (dev)
		keep = l->dev = plan_reg(p, "dev");
	if (l->context && label_kind(type) == LABEL_ROOT)
		keep = labelled = plan_reg(p, plan_origin(p, "%s %s", type, t->dest));
	if (strcmp(type, "proc") == 0 && keep == PLAN_REG_NONE && p->own_proc == PLAN_REG_NONE)
		keep = p->own_proc = plan_reg(p, "the container's proc");
	/* what is mounted or created inside comes first: a tmpfs turns read-only at the end */
	if (tmpfs && attr & MOUNT_ATTR_RDONLY && l->readonly_count < ARRAY_SIZE(l->readonly)) {
		attr &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		if (!dev)
			keep = plan_reg(p, plan_origin(p, "tmpfs %s", t->dest));
		l->readonly[l->readonly_count++] = keep;
	}
	PLAN_ADD(p, t->origin, mount_fs, .root = l->root, .path = plan_str(p, t->dest),
		 .type = plan_str(p, type), .options = fs_options(p, l, t, type), .attr = attr,
		 .flags = flags, .keep = keep);
	if (labelled != PLAN_REG_NONE)
		PLAN_ADD(p, "/linux/mountLabel", relabel, .mount = labelled,
			 .label = plan_str(p, l->mount_label));
	return 0;
}

/* idmap without mappings of its own takes those of the container's user namespace (checklist 1.2). */
static int bind_idmap(const struct oci_spec *spec, struct plan *p, const struct entry *t,
		      struct plan_source *src, struct err *e)
{
	bool mapped = t->m->uid_mappings.count || t->m->gid_mappings.count;
	bool joined =
		oci_spec_namespace(spec, OCI_NS_USER) && !oci_spec_new_namespace(spec, OCI_NS_USER);

	if (!t->o.idmap && !t->o.idmap_recursive && !mapped)
		return 0;
	if (p->late_copies) {
		err_set(e, ERR_CONFIG, 0, "mount '%s': an idmapped mount needs root's privileges",
			t->dest);
		err_hint(e, "remove idmap, ridmap, uidMappings and gidMappings, or run as root");
		return bad(p, t, "/options", e);
	}
	src->uid_idmap = mapped ? &t->m->uid_mappings : &spec->linux_.uid_mappings;
	src->gid_idmap = mapped ? &t->m->gid_mappings : &spec->linux_.gid_mappings;
	src->idmap_recursive = t->o.idmap_recursive;
	/*
	 * One of the two alone is refused by the rules. Those of a namespace that is joined are known
	 * only where it exists: not to explain.
	 */
	if (mapped || joined || (src->uid_idmap->count && src->gid_idmap->count))
		return 0;
	err_set(e, ERR_CONFIG, 0,
		"mount '%s': idmap needs uidMappings and gidMappings, of the mount or of "
		"the container",
		t->dest);
	return bad(p, t, "/options", e);
}

static int emit_bind(const struct oci_spec *spec, struct plan *p, struct rootfs_layout *l,
		     const struct entry *t, uint64_t flags, struct err *e)
{
	struct plan_source src = {
		.kind = PLAN_SOURCE_TREE,
		.path = t->m->source,
		.label = plan_origin(p, "tree %s", t->m->source ? t->m->source : ""),
		.origin = where(p, t, "/source"),
		.recursive = t->o.recursive,
		.nofollow = t->o.src_nofollow || t->o.copy_symlink,
		.set = t->o.set,
		.clear = t->o.clear,
		.rset = t->o.rset,
		.rclear = t->o.rclear,
		.prop = rootfs_base_propagation(spec),
		.must_be_proc = strcmp(t->dest, "/proc") == 0,
		.fd = -EBADF,
	};
	const struct conflict conflicts[] = { { t->o.tmpcopyup, "tmpcopyup is for tmpfs" } };
	uint64_t tree;
	int r = 0;

	if (!t->m->source || !*t->m->source) {
		err_set(e, ERR_CONFIG, 0, "mount '%s': a bind mount needs a source", t->dest);
		r = bad(p, t, "", e);
	}
	if (r == 0 && t->o.last_data != SIZE_MAX) {
		err_set(e, ERR_CONFIG, 0,
			"mount '%s': unknown option '%s' (a bind mount has no filesystem "
			"specific options)",
			t->dest, t->m->options.items[t->o.last_data]);
		r = bad(p, t, plan_origin(p, "/options/%zu", t->o.last_data), e);
	}
	if (r == 0)
		r = check_conflicts(p, t, conflicts, ARRAY_SIZE(conflicts), e);
	if (r == 0)
		r = bind_idmap(spec, p, t, &src, e);
	if (r < 0)
		return r;
	if (t->o.copy_symlink)
		flags |= PLAN_MOUNT_COPY_LINK;
	tree = rootfs_emit_source(l, &src, p);
	PLAN_ADD(p, t->origin, mount_tree, .root = l->root, .path = plan_str(p, t->dest),
		 .tree = tree, .flags = flags);
	return 0;
}

/* In a private cgroup namespace a fresh mount shows just the container's subtree; else its directory
 * is bound from the host's mount, because a fresh one would show everything. */
static int emit_cgroup(const struct oci_spec *spec, struct plan *p, struct rootfs_layout *l,
		       const struct entry *t, struct err *e)
{
	struct plan_source src = {
		.kind = PLAN_SOURCE_TREE,
		.label = "the container's cgroup",
		.origin = t->origin,
		.set = fs_attr(&t->o),
		.prop = MS_PRIVATE,
		.made_later = true,
		.fd = -EBADF,
	};
	uint64_t tree;

	if (oci_spec_namespace(spec, OCI_NS_CGROUP))
		return emit_fs(p, l, t, "cgroup2", 0, e);
	if (!l->cgroup_mount || !l->cgroup_path) {
		err_set(e, ERR_CONFIG, 0, "mount '%s': the container has no cgroup to show",
			t->dest);
		return bad(p, t, "/type", e);
	}
	src.path = plan_origin(p, "%s%s", l->cgroup_mount, l->cgroup_path);
	tree = rootfs_emit_source(l, &src, p);
	PLAN_ADD(p, t->origin, mount_tree, .root = l->root, .path = plan_str(p, t->dest),
		 .tree = tree);
	return 0;
}

/*
 * sysfs shows the network namespace, and only who owns that may mount it. The host's own is bound, with
 * what is mounted below it: those mounts are locked together for anybody but the host's root.
 */
static int emit_host_sysfs(struct plan *p, const struct rootfs_layout *l, const struct entry *t)
{
	struct plan_source src = {
		.kind = PLAN_SOURCE_TREE,
		.label = "the host's /sys",
		.path = "/sys",
		.origin = t->origin,
		.recursive = true,
		.rset = fs_attr(&t->o) & ~(uint64_t)MOUNT_ATTR__ATIME,
		.prop = MS_SLAVE,
		.fd = -EBADF,
	};
	uint64_t tree = rootfs_emit_source(l, &src, p);

	plan_warn(p, t->origin,
		  "a new sysfs needs a new network namespace, or its owner: the host's /sys is "
		  "bound");
	PLAN_ADD(p, t->origin, mount_tree, .root = l->root, .path = plan_str(p, t->dest),
		 .tree = tree);
	return 0;
}

static int emit_remount(struct plan *p, struct rootfs_layout *l, const struct entry *t)
{
	oci_strings list = { .items = t->o.data, .count = t->o.data_count };

	PLAN_ADD(p, t->origin, remount, .root = l->root, .path = plan_str(p, t->dest),
		 .options = plan_list(p, &list), .set = fs_attr(&t->o),
		 .clear = t->o.rclear | t->o.clear);
	return 0;
}

static int emit_entry(const struct oci_spec *spec, struct plan *p, struct rootfs_layout *l,
		      struct entry *t, struct err *e)
{
	const char *type = t->m->type;
	uint64_t flags = 0;
	int r = mount_options_parse(t->m, &p->arena, &t->o, e);

	if (r < 0)
		return bad(p, t, "/options", e);
	if (type && strcmp(type, "bind") == 0 && !t->o.bind) {
		plan_warn(p, t->origin,
			  "type 'bind' without the option bind or rbind: taken as bind");
		t->o.bind = true;
	}
	r = check_proc(p, t, &flags, e);
	if (r < 0)
		return r;
	if (t->o.dest_nofollow)
		flags |= PLAN_MOUNT_NOFOLLOW;
	if (t->o.remount)
		return emit_remount(p, l, t);
	if (t->o.bind)
		return emit_bind(spec, p, l, t, flags, e);
	if (!type || !*type) {
		err_set(e, ERR_CONFIG, 0, "mount '%s': neither a type nor a bind mount", t->dest);
		return bad(p, t, "", e);
	}
	if (strcmp(type, "cgroup") == 0 || strcmp(type, "cgroup2") == 0)
		return emit_cgroup(spec, p, l, t, e);
	if (strcmp(type, "sysfs") == 0 && l->host_sysfs)
		return emit_host_sysfs(p, l, t);
	return emit_fs(p, l, t, type, flags, e);
}

static int emit_mount(const struct oci_spec *spec, struct plan *p, struct rootfs_layout *l,
		      size_t index, struct err *e)
{
	struct entry t = { .m = &spec->mounts.items[index], .index = index };
	int r;

	t.origin = plan_origin(p, "/mounts/%zu", index);
	t.dest = path_clean(&p->arena, t.m->destination);
	if (!t.dest)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read mounts");
	if (t.m->destination[0] != '/')
		plan_warn(p, where(p, &t, "/destination"), "'%s' is relative, taken as '%s'",
			  t.m->destination, t.dest);
	if (strcmp(t.dest, "/") == 0) {
		err_set(e, ERR_CONFIG, 0, "mount '%s': cannot be mounted over the root filesystem",
			t.m->destination);
		return bad(p, &t, "/destination", e);
	}
	r = emit_entry(spec, p, l, &t, e);
	for (size_t i = 0; r == 0 && i < t.o.prop_count; i++)
		PLAN_ADD(p, t.origin, mount_prop, .root = l->root, .path = plan_str(p, t.dest),
			 .prop = t.o.props[i] & ~(uint64_t)MS_REC,
			 .recursive = !!(t.o.props[i] & MS_REC));
	return r;
}

/* What the tree is before options have their say: runc's default is rslave. */
uint64_t rootfs_base_propagation(const struct oci_spec *spec)
{
	uint64_t prop;

	if (spec->linux_.rootfs_propagation &&
	    oci_names_find(&oci_propagation_names, spec->linux_.rootfs_propagation, &prop))
		return prop & ~(uint64_t)MS_REC;
	return MS_SLAVE;
}

static void emit_root(const struct oci_spec *spec, struct rootfs_layout *l, struct plan *p)
{
	uint64_t prop = rootfs_base_propagation(spec);
	struct plan_source src = {
		.kind = PLAN_SOURCE_ROOT,
		.label = "rootfs",
		.path = spec->root.path,
		.origin = "/root/path",
		.recursive = true,
		/* pivot_root refuses shared mounts; shared comes back at the end */
		.prop = prop == MS_SHARED || prop == MS_UNBINDABLE ? MS_PRIVATE : prop,
		.fd = -EBADF,
	};

	PLAN_ADD(p, NULL, section, .title = plan_str(p, "Root filesystem"));
	/* never shared: attaching and detaching trees here would do the same to the host's mounts */
	PLAN_ADD(p, "/linux/rootfsPropagation", propagation,
		 .prop = prop == MS_PRIVATE || prop == MS_UNBINDABLE ? MS_PRIVATE : MS_SLAVE);
	l->root = l->overlay ? rootfs_emit_overlay(l->overlay, p) : rootfs_emit_source(l, &src, p);
	PLAN_ADD(p, "/root/path", root_attach, .root = l->root);
	if (!l->late_pivot)
		rootfs_emit_pivot(l, p);
}

/* A mount over a directory hides what was mounted below it. */
static void warn_hidden(const struct oci_spec *spec, struct plan *p)
{
	const char *later;

	for (size_t i = 0; i + 1 < spec->mounts.count && i < MANY; i++) {
		const char *dest = path_clean(&p->arena, spec->mounts.items[i].destination);

		for (size_t k = i + 1; dest && k < spec->mounts.count && k < MANY; k++) {
			later = path_clean(&p->arena, spec->mounts.items[k].destination);
			if (!later || strcmp(later, dest) == 0 || !path_below(dest, later) ||
			    strcmp(later, "/") == 0)
				continue;
			plan_warn(p, plan_origin(p, "/mounts/%zu", i),
				  "'%s' is hidden by the mount at '%s' "
				  "that comes after it",
				  dest, later);
			break;
		}
	}
}

int rootfs_emit_mounts(const struct oci_spec *spec, struct rootfs_layout *l, struct plan *p,
		       struct err *e)
{
	int r = label_context(spec, l, p, e);

	if (r < 0)
		return r;
	emit_root(spec, l, p);
	PLAN_ADD(p, NULL, section, .title = plan_str(p, "Mounts"));
	for (size_t i = 0; r == 0 && i < spec->mounts.count; i++)
		r = err_keep(e, emit_mount(spec, p, l, i, e));
	warn_hidden(spec, p);
	return r < 0 ? r : rootfs_emit_devices(spec, l, p, e);
}

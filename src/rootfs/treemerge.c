// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See treemerge.h. First comes what the upper layer leaves of the lower one, then the upper one itself: a
 * directory gets its times when the last entry was made in it. Side by side with the walk through one layer
 * goes the way through the other two.
 */
#include "rootfs/treemerge.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "rootfs/treeattr.h"
#include "rootfs/treewalk.h"
#include "util/caller.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	PATH_SHOWN = 400
};

/* The way through a tree that may not have the directories that the other one has. */
struct beside {
	struct dirstack dirs;
	size_t missing; /* how many levels are not there */
};

static int beside_begin(struct beside *b, int root)
{
	int fd = dirstack_open(root, ".");

	return fd < 0 ? fd : dirstack_push(&b->dirs, fd);
}

/* The directory, -EBADF where there is none. */
static int beside_dir(const struct beside *b)
{
	return b->missing ? -EBADF : dirstack_top(&b->dirs);
}

/* @hidden: whatever is there does not count. */
static int beside_enter(struct beside *b, const char *name, bool hidden)
{
	int fd = b->missing || hidden ? -ENOENT : dirstack_open(dirstack_top(&b->dirs), name);

	if (fd >= 0)
		return dirstack_push(&b->dirs, fd);
	if (fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP)
		return fd;
	b->missing++;
	return 0;
}

static int beside_leave(struct beside *b)
{
	if (!b->missing)
		return dirstack_pop(&b->dirs);
	b->missing--;
	return 0;
}

struct merge {
	struct treewalk walk; /* through the layer whose turn it is */
	struct beside other;  /* the other layer */
	struct dirstack out;
	const int *beneath;
	size_t count;
	size_t alone; /* depth from which on nothing beneath shows through; 0: it does */
};

/* 1, 0, or -errno: what cannot be read is not taken for "no", or what was deleted would come back. */
static int has_value(const struct tree_at *at, const char *name, char value)
{
	char buf[8];
	ssize_t n = treeattr_overlay_get(at, name, buf, sizeof(buf));

	if (n < 0 && n != -ENODATA && n != -ERANGE && n != -ENOENT && n != -EOPNOTSUPP)
		return (int)n;
	return n == 1 && buf[0] == value;
}

static int is_opaque(int dir, const char *name)
{
	const struct tree_at at = { dir, name };

	return has_value(&at, "opaque", 'y');
}

static int check_plain(const struct treewalk_entry *entry)
{
	const struct tree_at at = { entry->dir, entry->name };
	char buf[8];
	const char *attribute = S_ISDIR(entry->st.st_mode) ? "redirect" : "metacopy";
	ssize_t n;

	if (!S_ISDIR(entry->st.st_mode) && !S_ISREG(entry->st.st_mode))
		return 0;
	n = treeattr_overlay_get(&at, attribute, buf, sizeof(buf));
	return n == -ENODATA ? 0 : n < 0 && n != -ERANGE ? (int)n : -EOPNOTSUPP;
}

static int link_entry(const struct merge *m, const struct treewalk_entry *entry)
{
	int out = dirstack_top(&m->out);

	if (linkat(entry->dir, entry->name, out, entry->name, 0) == 0)
		return 0;
	/* all whiteouts of an overlay are links to one file, up to the limit of the filesystem */
	if (errno == EMLINK && treeattr_is_whiteout(&entry->st))
		return mknodat(out, entry->name, S_IFCHR, makedev(0, 0)) < 0 ? -errno : 0;
	return -errno;
}

static int enter(struct merge *m, const char *name, bool hidden)
{
	int fd, r = beside_enter(&m->other, name, hidden);

	if (r == 0 && mkdirat(dirstack_top(&m->out), name, 0700) < 0 && errno != EEXIST)
		r = -errno;
	fd = r < 0 ? r : dirstack_open(dirstack_top(&m->out), name);
	if (fd < 0)
		return fd;
	r = dirstack_push(&m->out, fd);
	return r < 0 ? r : treewalk_enter(&m->walk, name);
}

static int copy_attributes(const struct merge *m, const char *name)
{
	const struct tree_at from = { dirstack_top(&m->walk.dirs), name },
			     to = { dirstack_top(&m->out), name };
	struct stat st;

	if (fstatat(from.dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return treeattr_copy(&from, &st, &to, 0);
}

/* ---- the lower layer: what is hidden by the upper one stays behind ---- */

static int lower_entry(struct merge *m, const struct treewalk_entry *entry)
{
	int upper = beside_dir(&m->other), r = check_plain(entry);
	struct stat st;

	if (r < 0)
		return r;
	if (upper >= 0 && fstatat(upper, entry->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISDIR(entry->st.st_mode) || !S_ISDIR(st.st_mode))
			return 0;
		r = is_opaque(upper, entry->name);
		if (r != 0)
			return r < 0 ? r : 0;
		return enter(m, entry->name, false);
	}
	if (upper >= 0 && errno != ENOENT)
		return -errno;
	return S_ISDIR(entry->st.st_mode) ? enter(m, entry->name, true) : link_entry(m, entry);
}

static int lower_leave(struct merge *m)
{
	bool only_here = m->other.missing > 0;
	int r = dirstack_pop(&m->out);

	if (r == 0)
		r = beside_leave(&m->other);
	/* what the upper layer has, too, looks like it does there */
	return r == 0 && only_here ? copy_attributes(m, treewalk_current(&m->walk)) : r;
}

/* ---- what lies beneath ---- */

enum answer {
	SILENT, /* the layer has nothing there */
	HAS,	/* it has the directory */
	HIDES,	/* it has not, and nothing below it shows through */
};

enum kind {
	KIND_NONE,
	KIND_DIR,
	KIND_OPAQUE,
	KIND_OTHER,
	KIND_UNKNOWN,
};

static enum kind kind_of(int layer, const char *path)
{
	cleanup_fd int fd = kernel_openat2(layer, path, O_PATH | O_NOFOLLOW, 0,
					   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	struct stat st;
	int opaque;

	if (fd == -ENOENT)
		return KIND_NONE;
	if (fd == -ENOTDIR || fd == -ELOOP)
		return KIND_OTHER;
	if (fd < 0 || fstat(fd, &st) < 0)
		return KIND_UNKNOWN;
	if (!S_ISDIR(st.st_mode))
		return KIND_OTHER;
	opaque = is_opaque(fd, ".");
	if (opaque < 0)
		return KIND_UNKNOWN;
	return opaque ? KIND_OPAQUE : KIND_DIR;
}

/* What one layer says of the directory @path, which is only written to meanwhile. */
static enum answer ask_layer(int layer, char *path)
{
	bool opaque = false;
	char *end = path;

	while (end) {
		enum kind kind;

		end = strchr(end + 1, '/');
		if (end)
			*end = '\0';
		kind = kind_of(layer, path);
		if (end)
			*end = '/';
		if (kind == KIND_UNKNOWN) /* to keep a whiteout loses nothing */
			return HAS;
		if (kind == KIND_OTHER)
			return HIDES;
		if (kind == KIND_NONE)
			return opaque ? HIDES : SILENT;
		opaque = opaque || kind == KIND_OPAQUE;
	}
	return HAS;
}

/*
 * Is the directory that the walk is in merged with one beneath? Only then a whiteout is of use; in a
 * directory that stands alone, overlayfs shows it as what it is.
 */
static bool shows_beneath(const struct merge *m)
{
	char buf[PATH_MAX], *path, *slash;
	enum answer answer = SILENT;

	if (!treewalk_depth(&m->walk))
		return true;
	path = buf + (treewalk_path(&m->walk, "", buf, sizeof(buf)) - buf);
	if (path - buf < NAME_MAX + 2) /* too long to ask for: to keep it loses nothing */
		return true;
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; answer == SILENT && i < m->count; i++)
		answer = ask_layer(m->beneath[i], path);
	return answer == HAS;
}

/* ---- the upper layer ---- */

/* Does the lower layer end the view at @name, so that what the upper one has there stands alone? */
static int lower_ends(int lower, const char *name)
{
	struct stat st;

	if (lower < 0)
		return 0;
	if (fstatat(lower, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISDIR(st.st_mode) ? is_opaque(lower, name) : 1;
}

static int upper_entry(struct merge *m, const struct treewalk_entry *entry)
{
	int opaque, ends, r = check_plain(entry);

	if (r < 0)
		return r;
	if (treeattr_is_whiteout(&entry->st))
		return m->alone || !shows_beneath(m) ? 0 : link_entry(m, entry);
	if (!S_ISDIR(entry->st.st_mode))
		return link_entry(m, entry);
	opaque = is_opaque(entry->dir, entry->name);
	ends = opaque ? opaque : lower_ends(beside_dir(&m->other), entry->name);
	if (ends < 0)
		return ends;
	r = enter(m, entry->name, opaque);
	if (r == 0 && ends && !m->alone)
		m->alone = treewalk_depth(&m->walk);
	return r;
}

/* Overlayfs notes that a directory has entries from elsewhere, whose numbers it must translate. */
static int keep_impure(int lower, int out, const char *name)
{
	const struct tree_at from = { lower, name }, to = { out, name };

	int r = lower < 0 ? 0 : has_value(&from, "impure", 'y');

	if (r <= 0)
		return r;
	return treeattr_overlay_set(&to, "impure", "y");
}

static int upper_leave(struct merge *m)
{
	const char *name = treewalk_current(&m->walk);
	struct tree_at out;
	int lower, ends, opaque, r = dirstack_pop(&m->out);

	if (r == 0)
		r = beside_leave(&m->other);
	if (r < 0)
		return r;
	if (m->alone > treewalk_depth(&m->walk))
		m->alone = 0;
	out = (struct tree_at){ dirstack_top(&m->out), name };
	lower = beside_dir(&m->other);
	r = copy_attributes(m, name);
	if (r < 0)
		return r;
	ends = lower_ends(lower, name);
	opaque = ends > 0 ? is_opaque(out.dir, name) : 0;
	if (ends < 0 || opaque < 0)
		return ends < 0 ? ends : opaque;
	if (ends && !opaque)
		r = treeattr_overlay_set(&out, "opaque", "y");
	return r == 0 ? keep_impure(lower, out.dir, name) : r;
}

/* ---- both ---- */

struct turn {
	int (*entry)(struct merge *m, const struct treewalk_entry *entry);
	int (*leave)(struct merge *m);
};

static const struct turn lower_turn = { lower_entry, lower_leave };
static const struct turn upper_turn = { upper_entry, upper_leave };

static int describe(const struct merge *m, int r, struct err *e)
{
	char path[PATH_SHOWN];
	const char *shown = treewalk_path(&m->walk, treewalk_current(&m->walk), path, sizeof(path));

	if (r == -EOPNOTSUPP)
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
			       "merge '%s', which refers to another layer", shown);
	return err_set(e, ERR_SYSTEM, -r, "merge '%s'", shown);
}

static int take_turn(struct merge *m, const struct turn *t, struct err *e)
{
	struct treewalk_entry entry;
	int step, r = 0;

	while ((step = treewalk_next(&m->walk, &entry)) != TREEWALK_END) {
		if (step < 0)
			return err_set(e, ERR_SYSTEM, -step, "read a layer");
		r = step == TREEWALK_LEFT ? t->leave(m) : t->entry(m, &entry);
		if (r < 0)
			return describe(m, r, e);
	}
	return 0;
}

static int walk_layer(struct merge *m, const struct turn *t, int layer, int other, int out,
		      struct err *e)
{
	int fd = dirstack_open(out, "."), r = fd < 0 ? fd : dirstack_push(&m->out, fd);

	if (r == 0)
		r = beside_begin(&m->other, other);
	if (r == 0)
		r = treewalk_begin(&m->walk, layer);
	if (r < 0)
		r = err_set(e, ERR_SYSTEM, -r, "read a layer");
	else
		r = take_turn(m, t, e);
	treewalk_end(&m->walk);
	dirstack_close(&m->other.dirs);
	dirstack_close(&m->out);
	m->other.missing = 0;
	return r;
}

int tree_merge(int lower, int upper, int out, const int *beneath, size_t count, struct err *e)
{
	const struct tree_at from = { upper, "." }, to = { out, "." };
	struct merge m = { .beneath = beneath, .count = count };
	struct stat st;
	int r = caller_ask_trusted_xattrs();

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "ask for our privileges");
	r = walk_layer(&m, &lower_turn, lower, upper, out, e);

	if (r == 0)
		r = walk_layer(&m, &upper_turn, upper, lower, out, e);
	if (r < 0)
		return r;
	r = fstat(upper, &st) < 0 ? -errno : treeattr_copy(&from, &st, &to, 0);
	if (r == 0)
		r = keep_impure(lower, out, ".");
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "merge the root directories") : 0;
}

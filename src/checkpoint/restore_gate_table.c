// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The second gate: every mount of a restored mount namespace is one that the config asks for, or comes of one. The
 * kernel is asked, and not the images; hidden mounts count as well. See restore_gate.h.
 */
#include "config.h"

#ifdef HAVE_CRIU

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoint/restore_gate.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/path.h"

/* ---- where a mount comes from ---- */

static bool same_filesystem(const struct mount_line *a, const struct mount_line *b)
{
	return a->major == b->major && a->minor == b->minor;
}

/* It stands on the stage, and so it was opened by what config.json says. Masks are parts of one that does. */
static bool is_given(const struct gate_table *t, const struct mount_line *m)
{
	for (size_t i = 0; i < t->given->count; i++) {
		const struct mount_line *g = &t->given->items[i];

		if (!path_below(g->mountpoint, RESTORE_STAGE) || !same_filesystem(g, m))
			continue;
		if (strcmp(g->root, m->root) == 0)
			return true;
		if (strcmp(g->mountpoint, RESTORE_STAGE "/" RESTORE_MASKS) == 0 &&
		    path_below(m->root, g->root))
			return true;
	}
	return false;
}

/* A filesystem that CRIU made, as a whole. */
static bool is_own(const struct gate_table *t, const struct mount_line *m)
{
	static const char *const types[] = { "proc", "sysfs", "tmpfs", "devpts", "mqueue" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(m->type, types[i]) == 0)
			return strcmp(m->root, "/") == 0 && !is_given(t, m);
	return false;
}

static const struct image_place *place_of_type(const struct gate_table *t,
					       const struct mount_line *m)
{
	for (size_t i = 0; i < t->view->place_count; i++) {
		const struct image_place *p = &t->view->places[i];

		if (p->type && strcmp(p->type, m->type) == 0 && strcmp(p->real, m->mountpoint) == 0)
			return p;
	}
	return NULL;
}

/* It shows something of a filesystem that is there, and not from outside of what is there of that. */
static bool is_part(const struct gate_table *t, const struct mount_table *all,
		    const struct mount_line *m)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct mount_line *o = &all->items[i];

		if (o == m || !same_filesystem(o, m) || !path_below(m->root, o->root))
			continue;
		if (strcmp(m->root, o->root) != 0 || place_of_type(t, o))
			return true;
	}
	return false;
}

/* ---- one of them ---- */

static const char *missing_flag(uint64_t want, const struct mount_line *m)
{
	static const struct {
		uint64_t flag;
		const char *text;
	} flags[] = {
		{ MS_RDONLY, "is not read-only, as the config wants it" },
		{ MS_NOSUID, "is mounted without 'nosuid', which the config has" },
		{ MS_NODEV, "is mounted without 'nodev', which the config has" },
		{ MS_NOEXEC, "is mounted without 'noexec', which the config has" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (want & flags[i].flag & ~m->flags)
			return flags[i].text;
	return NULL;
}

static bool has_kind(const struct gate_table *t, const struct mount_table *all,
		     const struct image_place *p, const struct mount_line *m)
{
	bool given = is_given(t, m);

	if (p->mask)
		return given || (is_own(t, m) && strcmp(m->type, "tmpfs") == 0);
	if (p->type)
		return given || (is_own(t, m) && strcmp(p->type, m->type) == 0);
	return given || (!p->whole && is_part(t, all, m));
}

/* NULL: as the place @p has it. */
static const char *judge_at(const struct gate_table *t, const struct mount_table *all,
			    const struct image_place *p, const struct mount_line *m)
{
	bool exact = strcmp(p->real, m->mountpoint) == 0;

	if (!t->may_mount && !has_kind(t, all, p, m))
		return "is not what the config mounts there";
	return missing_flag(exact ? p->flags : p->below, m);
}

static bool speaks_of(const struct image_place *p, const struct mount_line *m, bool exactly)
{
	if (exactly)
		return strcmp(p->real, m->mountpoint) == 0;
	return p->whole && strcmp(p->real, m->mountpoint) != 0 &&
	       path_below(m->mountpoint, p->real);
}

/* Several mounts of the config can stand at one place, one over the other: it is one of them. */
static const char *judge_places(const struct gate_table *t, const struct mount_table *all,
				const struct mount_line *m, bool exactly, bool *ret_found)
{
	const char *why = NULL;

	for (size_t i = 0; i < t->view->place_count; i++) {
		const struct image_place *p = &t->view->places[i];

		if (!speaks_of(p, m, exactly))
			continue;
		*ret_found = true;
		why = judge_at(t, all, p, m);
		if (!why)
			return NULL;
	}
	return why;
}

static const char *judge_root(const struct gate_table *t, const struct mount_line *m)
{
	if (!is_given(t, m))
		return "is not the container's root filesystem";
	return missing_flag(t->readonly_root ? MS_RDONLY : 0, m);
}

static const char *judge_line(const struct gate_table *t, const struct mount_table *all,
			      const struct mount_line *m)
{
	bool known = false;
	const char *why;

	if (strcmp(m->mountpoint, "/") == 0 && !t->may_mount)
		return judge_root(t, m);
	if (!is_given(t, m) && !is_own(t, m) && !is_part(t, all, m))
		return "is a mount of something that the container does not have";
	why = judge_places(t, all, m, true, &known);
	if (!known && t->may_mount)
		return NULL; /* the container can mount such itself */
	if (!known)
		why = judge_places(t, all, m, false, &known);
	return known ? why : "is a mount, and the config mounts nothing there";
}

/* ---- one over the other ---- */

/* What can be seen at a place has what the last of the config's mounts there has. */
static const char *judge_top(const struct gate_table *t, const struct mount_table *all,
			     const struct mount_line *m)
{
	const struct image_place *last = NULL;

	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].parent == m->id && all->items[i].id != m->id &&
		    strcmp(all->items[i].mountpoint, m->mountpoint) == 0)
			return NULL;
	for (size_t i = 0; i < t->view->place_count; i++) {
		const struct image_place *p = &t->view->places[i];

		/* others are where ctr may have bound a device */
		if (strcmp(p->real, m->mountpoint) == 0 &&
		    (p->type || p->whole || p->mask || p->flags))
			last = p;
	}
	return last ? judge_at(t, all, last, m) : NULL;
}

static bool is_there(const struct mount_table *all, const char *path)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->items[i].mountpoint, path) == 0)
			return true;
	return false;
}

static int refuse(const char *path, const char *why, struct err *e)
{
	err_set(e, ERR_CONFIG, 0, "restored mounts: '%s' %s", path, why);
	return -EBADMSG;
}

int gate_mount_table(const struct gate_table *t, const struct mount_table *all, struct err *e)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct mount_line *m = &all->items[i];
		const char *why = judge_line(t, all, m);

		if (!why && !t->may_mount)
			why = judge_top(t, all, m);
		if (why)
			return refuse(m->mountpoint, why, e);
	}
	for (size_t i = 0; !t->may_mount && i < t->view->place_count; i++) {
		const struct image_place *p = &t->view->places[i];

		if ((p->type || p->whole) && p->needed && !is_there(all, p->real))
			return refuse(p->path, "is not mounted, and the config mounts something",
				      e);
	}
	return 0;
}

/* ---- what is there ---- */

/* It sees the namespace from its very root, wherever the tasks in it have theirs. */
static void stand_in(int ns, int ready, int end)
{
	char byte;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setns(ns, CLONE_NEWNS) < 0 || write(ready, "1", 1) != 1)
		_exit(1);
	(void)!read(end, &byte, 1); /* its end is what counts */
	_exit(0);
}

struct visitor {
	pid_t pid;
	int end; /* a pipe: it goes when this is closed */
};

static void end_visit(struct visitor *v)
{
	close_fd(&v->end);
	while (v->pid > 0 && waitpid(v->pid, NULL, 0) < 0)
		if (errno != EINTR)
			break;
}

static int visit(pid_t pid, struct visitor *v, struct err *e)
{
	char path[64], byte;
	cleanup_fd int ns = -EBADF, told = -EBADF, tell = -EBADF, end = -EBADF;
	int ready[2], word[2];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || pipe2(ready, O_CLOEXEC) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at the restored mounts");
	told = ready[0];
	tell = ready[1];
	if (pipe2(word, O_CLOEXEC) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at the restored mounts");
	end = word[0];
	v->end = word[1];
	v->pid = fork();
	if (v->pid == 0) {
		(void)close(v->end);
		stand_in(ns, tell, end);
	}
	close_fd(&tell);
	if (v->pid < 0 || read(told, &byte, 1) != 1)
		return err_set(e, ERR_SYSTEM, v->pid < 0 ? errno : EPERM,
			       "enter the restored mount namespace");
	return 0;
}

int gate_mounts_read(pid_t pid, struct arena *a, struct mount_table *ret, int *ret_root,
		     struct err *e)
{
	struct visitor v = { .end = -EBADF };
	char path[64];
	int r = visit(pid, &v, e);

	if (r == 0)
		r = external_read(v.pid, a, ret, e);
	if (r == 0) {
		(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)v.pid);
		*ret_root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (*ret_root < 0)
			r = err_set(e, ERR_SYSTEM, errno, "look at the restored root");
	}
	end_visit(&v);
	return r;
}

#endif

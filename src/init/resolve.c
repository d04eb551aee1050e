// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one in-root resolver (security.md R1-R3). The kernel does the lookups: openat2 with
 * RESOLVE_IN_ROOT keeps every symlink inside the container's root. Only where something has to be
 * created does walk() go component by component, each step below a prefix that is free of symlinks.
 * No path string of the host is ever built.
 */
#include "init/init.h"

#include <string.h>
#include <sys/stat.h>

enum {
	MAX_LINKS = 40,
	MAX_STEPS = 4096,
	PATH_SIZE = 4096
};

#define REAL (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

static const char *relative(const char *path)
{
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

int resolve_path(int root, const char *path, uint64_t flags)
{
	return kernel_openat2(root, relative(path), flags, 0,
			      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/* For the kernel, too, "/" and what ".." stops at are the root of this process: no lookup leaves it. */
int resolve_own(const char *path, uint64_t flags)
{
	return path[0] == '/' ? kernel_openat2(AT_FDCWD, path, flags, 0, RESOLVE_NO_MAGICLINKS)
			      : -EINVAL;
}

int resolve_real(int root, const char *path, uint64_t flags)
{
	return kernel_openat2(root, relative(path), flags, 0, REAL);
}

/* State of a walk: @done is a path below root without symlinks, @rest is still to be looked up. */
struct walk {
	int root;
	char done[PATH_SIZE], rest[PATH_SIZE];
	bool file;
	uint32_t mode;
	unsigned links;
};

/* Cut the first component off @rest into @name; false at the end. */
static bool next_component(struct walk *w, char *name)
{
	const char *s = w->rest;
	size_t len;

	while (*s == '/')
		s++;
	len = strcspn(s, "/");
	if (!len)
		return false;
	memcpy(name, s, len);
	name[len] = '\0';
	memmove(w->rest, s + len, strlen(s + len) + 1);
	return true;
}

static bool at_end(const struct walk *w)
{
	return w->rest[strspn(w->rest, "/")] == '\0';
}

static int append_done(struct walk *w, const char *name)
{
	size_t have = strlen(w->done), add = strlen(name);

	if (have + add + 2 > sizeof(w->done))
		return -ENAMETOOLONG;
	if (have)
		w->done[have++] = '/';
	memcpy(w->done + have, name, add + 1);
	return 0;
}

static void strip_done(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	*(slash ? slash : w->done) = '\0';
}

/* A symlink was met: its target comes before the rest. */
static int follow(struct walk *w, int link)
{
	char target[PATH_SIZE];
	ssize_t n = readlinkat(link, "", target, sizeof(target));
	size_t rest = strlen(w->rest);

	if (n < 0)
		return -errno;
	if (++w->links > MAX_LINKS)
		return -ELOOP;
	if ((size_t)n + 1 + rest + 1 > sizeof(w->rest))
		return -ENAMETOOLONG;
	memmove(w->rest + n + 1, w->rest, rest + 1);
	memcpy(w->rest, target, (size_t)n);
	w->rest[n] = '/';
	if (n > 0 && target[0] == '/')
		w->done[0] = '\0';
	return 0;
}

static int create(const struct walk *w, int parent, const char *name)
{
	int fd;

	if (!w->file || !at_end(w))
		return mkdirat(parent, name, w->mode) < 0 ? -errno : 0;
	fd = openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0755);
	if (fd < 0)
		return -errno;
	(void)close(fd);
	return 0;
}

/* One component: create it if missing, follow it if it is a link, else it becomes part of @done. */
static int step(struct walk *w, int parent, const char *name)
{
	int fd = kernel_openat2(parent, name, O_PATH | O_NOFOLLOW, 0,
				RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	struct stat st;
	int r;

	if (fd == -ENOENT) {
		r = create(w, parent, name);
		/* someone else was faster: look again at what it is */
		if (r == -EEXIST)
			fd = kernel_openat2(parent, name, O_PATH | O_NOFOLLOW, 0,
					    RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
		else
			return r < 0 ? r : append_done(w, name);
	}
	if (fd < 0)
		return fd;
	r = fstat(fd, &st) < 0 ? -errno : 0;
	if (r == 0)
		r = S_ISLNK(st.st_mode) ? follow(w, fd) : append_done(w, name);
	(void)close(fd);
	return r;
}

static int walk_all(struct walk *w)
{
	char name[PATH_SIZE];
	int parent, r;

	for (int i = 0; next_component(w, name); i++) {
		if (i > MAX_STEPS)
			return -ELOOP;
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			strip_done(w);
			continue;
		}
		parent = kernel_openat2(w->root, w->done[0] ? w->done : ".", O_PATH | O_DIRECTORY,
					0, REAL);
		if (parent < 0)
			return parent;
		r = step(w, parent, name);
		(void)close(parent);
		if (r < 0)
			return r;
	}
	return kernel_openat2(w->root, w->done[0] ? w->done : ".", O_PATH, 0, REAL);
}

/*
 * The usual case: only the last component is missing, below a path without symlinks. -ENOENT when it is another
 * one, or somebody was faster.
 */
static int create_leaf(int root, const char *path, bool file, uint32_t mode)
{
	const char *start = relative(path), *leaf = strrchr(start, '/');
	struct walk w = { .root = root, .file = file, .mode = mode };
	int parent, r;

	if (!leaf || !leaf[1] || strcmp(leaf + 1, ".") == 0 || strcmp(leaf + 1, "..") == 0 ||
	    (size_t)(leaf - start) >= sizeof(w.done))
		return -ENOENT;
	memcpy(w.done, start, (size_t)(leaf - start));
	parent = kernel_openat2(root, w.done, O_PATH | O_DIRECTORY, 0, REAL);
	if (parent < 0)
		return -ENOENT;
	r = create(&w, parent, leaf + 1);
	if (r == 0)
		r = kernel_openat2(parent, leaf + 1, O_PATH, 0, REAL | RESOLVE_NO_XDEV);
	(void)close(parent);
	return r < 0 ? -ENOENT : r;
}

int resolve_create(int root, const char *path, bool file, uint32_t mode, bool *ret_made)
{
	struct walk w = { .root = root, .file = file, .mode = mode };
	int fd = resolve_path(root, path, O_PATH);

	if (fd == -ENOENT) {
		fd = create_leaf(root, path, file, mode);
		if (fd >= 0 && ret_made)
			*ret_made = true;
	}
	if (fd != -ENOENT)
		return fd;
	if (strlen(path) >= sizeof(w.rest))
		return -ENAMETOOLONG;
	memcpy(w.rest, path, strlen(path) + 1);
	return walk_all(&w);
}

int resolve_parent(int root, const char *path, const char **ret_leaf)
{
	const char *leaf = strrchr(path, '/');
	char dir[PATH_SIZE];

	leaf = leaf ? leaf + 1 : path;
	if (!*leaf || (size_t)(leaf - path) >= sizeof(dir))
		return -EINVAL;
	memcpy(dir, path, (size_t)(leaf - path));
	dir[leaf - path] = '\0';
	*ret_leaf = leaf;
	return resolve_create(root, dir, false, 0755, NULL);
}

int resolve_leaf(int root, const char *path)
{
	return kernel_openat2(root, relative(path), O_PATH | O_NOFOLLOW, 0,
			      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trees: random changes of one, the same for the same seed, and a description of one that is equal for equal
 * trees: names, types, modes, owners, times, links, extended attributes, contents.
 */
#ifndef CTR_TESTS_PAYLOAD_TREE_H
#define CTR_TESTS_PAYLOAD_TREE_H

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "payload.h"

enum {
	TREE_PATH = 4096,
	TREE_VALUE = 65536,
	TREE_LINKS = 4096
};

/* ---- random changes ---- */

static uint64_t tree_seed;

static unsigned tree_random(unsigned below)
{
	tree_seed ^= tree_seed << 13;
	tree_seed ^= tree_seed >> 7;
	tree_seed ^= tree_seed << 17;
	return (unsigned)((tree_seed >> 11) % below);
}

/* A path of one to four components from few names: it often exists, and often is of another kind. */
static void tree_some(const char *top, char path[TREE_PATH])
{
	unsigned depth = 1 + tree_random(4);
	size_t at = (size_t)snprintf(path, TREE_PATH, "%s", top);

	while (depth--)
		at += (size_t)snprintf(path + at, TREE_PATH - at, "/%c", 'a' + tree_random(7));
}

static void tree_remove_all(const char *path)
{
	char below[TREE_PATH];
	const struct dirent *d;
	DIR *dir;

	if (unlink(path) == 0)
		return;
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, d->d_name) < TREE_PATH)
			tree_remove_all(below);
	}
	if (dir)
		(void)closedir(dir);
	(void)rmdir(path);
}

static void tree_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600 + tree_random(0200));
	char text[512];
	size_t n = 1 + tree_random(sizeof(text) - 1);

	if (fd < 0)
		return;
	for (size_t i = 0; i < n; i++)
		text[i] = (char)('A' + tree_random(26));
	/* far out now and then: holes */
	(void)!pwrite(fd, text, n, (off_t)tree_random(3) * 70000);
	if (tree_random(6) == 0)
		(void)!ftruncate(fd, tree_random(200000));
	(void)close(fd);
}

static void tree_attributes(const char *path)
{
	const struct timespec times[2] = { { 1000000000 + tree_random(1000000), tree_random(1000) },
					   { 1100000000 + tree_random(1000000),
					     tree_random(1000000000) } };
	char name[16], value[300];
	struct stat st;

	if (lstat(path, &st) < 0)
		return;
	(void)snprintf(name, sizeof(name), "user.%c", 'a' + tree_random(4));
	memset(value, 'x', sizeof(value));
	switch (tree_random(5)) {
	case 0:
		if (!S_ISLNK(st.st_mode))
			(void)chmod(path,
				    (mode_t)tree_random(04000) | (S_ISDIR(st.st_mode) ? 0700 : 0));
		break;
	case 1: (void)!lchown(path, tree_random(5000), tree_random(5000)); break;
	case 2: (void)utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW); break;
	case 3: (void)lsetxattr(path, name, value, tree_random(sizeof(value)), 0); break;
	default: (void)lremovexattr(path, name);
	}
}

static void tree_change(const char *top)
{
	char path[TREE_PATH], other[TREE_PATH];

	tree_some(top, path);
	tree_some(top, other);
	switch (tree_random(16)) {
	case 0:
	case 1:
	case 2: (void)mkdir(path, 0700 + tree_random(0100)); break;
	case 3:
	case 4:
	case 5:
	case 6: tree_write(path); break;
	case 7: (void)unlink(path); break;
	case 8: tree_remove_all(path); break;
	case 9: /* what was there before must not show through */
		tree_remove_all(path);
		(void)mkdir(path, 0755);
		break;
	case 10: (void)rename(path, other); break;
	case 11: (void)link(path, other); break;
	case 12: (void)symlink(other, path); break;
	case 13: (void)mknod(path, tree_random(2) ? S_IFIFO | 0640 : S_IFSOCK | 0600, 0); break;
	case 14: (void)mknod(path, S_IFCHR | 0600, makedev(1, 3 + tree_random(3))); break;
	default: tree_attributes(path);
	}
}

static int run_churn(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[2]) : 100;

	tree_seed = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
	umask(0);
	for (long i = 0; i < count; i++)
		tree_change(argv[0]);
	return 0;
}

/* ---- a description ---- */

struct tree_link {
	ino_t ino;
	char path[128];
};

static struct tree_link tree_links[TREE_LINKS];
static size_t tree_link_count;

static uint64_t tree_hash(uint64_t h, const void *data, size_t size)
{
	const unsigned char *p = data;

	while (size--)
		h = (h ^ *p++) * 0x100000001b3u;
	return h;
}

static uint64_t tree_hash_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	uint64_t h = 0xcbf29ce484222325u;
	char buf[8192];
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		h = tree_hash(h, buf, (size_t)n);
	if (fd >= 0)
		(void)close(fd);
	return fd < 0 ? 0 : h;
}

static int tree_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Those of overlayfs are how it does its work. */
static void tree_xattrs(const char *path)
{
	static char names[TREE_VALUE], value[TREE_VALUE];
	char *sorted[256];
	ssize_t len = llistxattr(path, names, sizeof(names));
	size_t n = 0;

	for (char *p = names; len > 0 && p < names + len && n < COUNT(sorted); p += strlen(p) + 1)
		if (!strstr(p, ".overlay."))
			sorted[n++] = p;
	qsort(sorted, n, sizeof(*sorted), tree_compare);
	for (size_t i = 0; i < n; i++) {
		ssize_t size = lgetxattr(path, sorted[i], value, sizeof(value));

		(void)printf(" %s=%zd:%llx", sorted[i], size,
			     (unsigned long long)tree_hash(1, value, size > 0 ? (size_t)size : 0));
	}
}

/* The first name of a file with several. */
static const char *tree_first_link(const struct stat *st, const char *path)
{
	for (size_t i = 0; i < tree_link_count; i++)
		if (tree_links[i].ino == st->st_ino)
			return tree_links[i].path;
	if (tree_link_count < TREE_LINKS) {
		tree_links[tree_link_count].ino = st->st_ino;
		(void)snprintf(tree_links[tree_link_count++].path, sizeof(tree_links->path), "%s",
			       path);
	}
	return path;
}

static void tree_line(const char *top, const char *path)
{
	const char *shown = path + strlen(top);
	char target[TREE_PATH];
	struct stat st;
	ssize_t n;

	if (lstat(path, &st) < 0) {
		(void)printf("%s %s\n", shown, error_name(errno));
		return;
	}
	(void)printf("%s %o %u:%u %lld.%09ld", *shown ? shown : "/", st.st_mode, st.st_uid,
		     st.st_gid, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		(void)printf(" dev %u:%u", major(st.st_rdev), minor(st.st_rdev));
	if (S_ISREG(st.st_mode))
		(void)printf(" size %lld %016llx", (long long)st.st_size,
			     (unsigned long long)tree_hash_file(path));
	if (S_ISLNK(st.st_mode)) {
		n = readlink(path, target, sizeof(target) - 1);
		(void)printf(" -> %.*s", n > 0 ? (int)n : 0, target);
	}
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1)
		(void)printf(" %u links, %s", (unsigned)st.st_nlink, tree_first_link(&st, shown));
	tree_xattrs(path);
	(void)putchar('\n');
}

static void tree_describe(const char *top, const char *path)
{
	char below[TREE_PATH];
	struct dirent **names = NULL;
	struct stat st;
	int n;

	tree_line(top, path);
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return;
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0 &&
		    snprintf(below, sizeof(below), "%s/%s", path, names[i]->d_name) < TREE_PATH)
			tree_describe(top, below);
		free(names[i]);
	}
	free(names);
}

static int run_manifest(int argc, char **argv)
{
	(void)argc;
	tree_describe(argv[0], argv[0]);
	return 0;
}

#endif

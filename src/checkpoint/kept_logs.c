// SPDX-License-Identifier: GPL-2.0-or-later
/* See kept_logs.h. */
#include "checkpoint/kept_logs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/io.h"

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int make_dir(int at, const char *name)
{
	return mkdirat(at, name, 0700) < 0 && errno != EEXIST ? -errno : open_dir(at, name);
}

static int is_name(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* The one that nothing was written to for the longest time; 0: there are not more than @max. */
static int find_oldest(int root, int max, char ret[NAME_MAX + 1])
{
	struct dirent **names = NULL;
	int n = scandirat(root, ".", &names, is_name, NULL);
	struct timespec oldest = { 0 };
	struct stat st;

	ret[0] = '\0';
	for (int i = 0; i < n; i++) {
		if (n > max && fstatat(root, names[i]->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (!ret[0] || st.st_mtim.tv_sec < oldest.tv_sec ||
		     (st.st_mtim.tv_sec == oldest.tv_sec && st.st_mtim.tv_nsec < oldest.tv_nsec))) {
			oldest = st.st_mtim;
			(void)snprintf(ret, NAME_MAX + 1, "%s", names[i]->d_name);
		}
		free(names[i]);
	}
	free(names);
	return ret[0] != '\0';
}

static void drop_older(int root, int max)
{
	char name[NAME_MAX + 1];

	while (find_oldest(root, max, name))
		if (tree_remove(root, name) < 0)
			return; /* the next one tries again */
}

int kept_logs_begin(int data, const char *name, int *ret_dir, struct err *e)
{
	cleanup_fd int root = make_dir(data, KEPT_LOGS_DIR);
	int fd = root;

	if (root >= 0) {
		(void)tree_remove(root, name); /* else it is used as it is */
		drop_older(root, KEPT_LOGS - 1);
		fd = make_dir(root, name);
	}
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, -fd, "make a place for logs");
	*ret_dir = fd;
	return 0;
}

/* The last KEPT_LOG_MAX bytes of it stay. */
static void shorten(int dir, const char *name)
{
	cleanup_fd int fd =
		openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= KEPT_LOG_MAX)
		return;
	text = malloc(KEPT_LOG_MAX);
	if (text && pread(fd, text, KEPT_LOG_MAX, st.st_size - KEPT_LOG_MAX) == KEPT_LOG_MAX &&
	    lseek(fd, 0, SEEK_SET) == 0 && io_write_all(fd, text, KEPT_LOG_MAX) == 0 &&
	    ftruncate(fd, KEPT_LOG_MAX) == 0)
		return;
	(void)unlinkat(dir, name, 0);
}

static bool is_log(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".log") == 0;
}

static void keep_logs(int dir)
{
	struct dirent **names = NULL;
	int n = scandirat(dir, ".", &names, is_name, NULL);

	for (int i = 0; i < n; i++) {
		if (is_log(names[i]->d_name))
			shorten(dir, names[i]->d_name);
		else
			(void)tree_remove(dir,
					  names[i]->d_name); /* what stays goes with the others */
		free(names[i]);
	}
	free(names);
}

void kept_logs_end(int data, const char *name, bool keep)
{
	cleanup_fd int root = open_dir(data, KEPT_LOGS_DIR);
	cleanup_fd int dir = root < 0 ? root : open_dir(root, name);

	if (dir >= 0 && keep)
		keep_logs(dir);
	else if (dir >= 0)
		(void)tree_remove(root, name); /* what stays goes with the others */
}

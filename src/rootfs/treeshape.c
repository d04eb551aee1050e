// SPDX-License-Identifier: GPL-2.0-or-later
/* See treeshape.h. */
#include "rootfs/treeshape.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rootfs/treewalk.h"
#include "util/cleanup.h"

enum {
	COPY_SIZE = 128 << 10
};

static int add_contents(struct digest *d, const struct treewalk_entry *at, char *buffer)
{
	cleanup_fd int fd = treewalk_open_plain(at->dir, at->name, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	while ((n = read(fd, buffer, COPY_SIZE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		digest_update(d, buffer, (size_t)n);
	}
	return 0;
}

static int add_entry(struct digest *d, const struct treewalk_entry *at, char *buffer)
{
	const struct stat *st = &at->st;
	char line[160];
	int n;

	/* the NUL behind a name ends it */
	digest_update(d, at->name, strlen(at->name) + 1);
	n = snprintf(line, sizeof(line), "%o %u %u %" PRIu64 " %" PRIu64, st->st_mode, st->st_uid,
		     st->st_gid, S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
		     S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) ? (uint64_t)st->st_rdev : 0);
	digest_update(d, line, (size_t)n + 1);
	if (S_ISLNK(st->st_mode)) {
		ssize_t len = readlinkat(at->dir, at->name, buffer, PATH_MAX);

		if (len < 0)
			return -errno;
		digest_update(d, buffer, (size_t)len);
		digest_update(d, "", 1);
	}
	return 0;
}

static int walk(struct digest *d, struct treewalk *w, bool contents, char *buffer)
{
	struct treewalk_entry at;
	int step, r = 0;

	while (r == 0 && (step = treewalk_next(w, &at)) != TREEWALK_END) {
		if (step < 0)
			return step;
		if (step == TREEWALK_LEFT) {
			digest_update(d, "/", 2); /* no name */
			continue;
		}
		r = add_entry(d, &at, buffer);
		if (r == 0 && contents && S_ISREG(at.st.st_mode))
			r = add_contents(d, &at, buffer);
		if (r == 0 && S_ISDIR(at.st.st_mode))
			r = treewalk_enter(w, at.name);
	}
	return r;
}

int treeshape(int dir, bool contents, char ret[DIGEST_TEXT], struct err *e)
{
	cleanup_(digest_freep) struct digest *d = NULL;
	cleanup_free char *buffer = malloc(COPY_SIZE);
	struct treewalk w = { 0 };
	int r = digest_new(&d, e);

	if (r < 0)
		return r;
	r = buffer ? treewalk_begin(&w, dir) : -ENOMEM;
	if (r == 0)
		r = walk(d, &w, contents, buffer);
	treewalk_end(&w);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read a root filesystem");
	digest_finish(d, ret);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DATA/.checkpoints: where archives are unpacked (in directories of random names, locked as long as somebody uses them),
 * and "written/DIGEST", empty files that say which archives come from here.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint/archive.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/kernel.h"

#define STORE	".checkpoints"
#define WRITTEN "written"
#define PREFIX	"open-"

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)

/* Ours alone, or it is not used. */
static int open_private(int dir, const char *name, bool make, struct err *e)
{
	struct stat st;
	int fd;

	if (make && mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_SYSTEM, errno, "make '%s' in the data root", name);
	fd = kernel_openat2(dir, name, O_RDONLY | O_DIRECTORY, 0, BENEATH);
	if (fd == -ENOENT && !make)
		return fd;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, ERR_SYSTEM, fd < 0 ? -fd : errno, "open '%s' in the data root",
			       name);
	if (st.st_uid != geteuid() || (st.st_mode & 077)) {
		(void)close(fd);
		err_set(e, ERR_STATE, 0, "others can look into '%s' in the data root", name);
		return -EBADMSG;
	}
	return fd;
}

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d); /* was only read */
}

struct collecting {
	bool dry_run;
	int (*tell)(const char *what, void *context); /* or NULL */
	void *context;
};

/* What nobody has locked was left by somebody who was killed. */
static int remove_stale(int parent, const struct collecting *c)
{
	int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_(close_dir) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!d && fd >= 0)
		close_fd(&fd);
	for (struct dirent *entry; r == 0 && d && (entry = readdir(d));) {
		cleanup_fd int dir = -EBADF;
		char what[NAME_MAX + 32];

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		dir = kernel_openat2(parent, entry->d_name, O_RDONLY | O_DIRECTORY, 0, BENEATH);
		if (dir < 0 || flock(dir, LOCK_EX | LOCK_NB) < 0)
			continue;
		(void)snprintf(what, sizeof(what), "unpacked checkpoint %s", entry->d_name);
		if (c->tell)
			r = c->tell(what, c->context);
		if (r == 0 && !c->dry_run)
			(void)tree_remove(parent, entry->d_name); /* or the next time */
	}
	return r;
}

int archive_gc(int data, bool dry_run, int (*tell)(const char *what, void *context), void *context,
	       struct err *e)
{
	const struct collecting c = { dry_run, tell, context };
	cleanup_fd int parent = open_private(data, STORE, false, e);

	if (parent < 0)
		return parent == -ENOENT ? 0 : parent;
	if (flock(parent, LOCK_EX) < 0)
		return err_set(e, ERR_SYSTEM, errno, "lock the store of checkpoints");
	return remove_stale(parent, &c);
}

int archive_store_open(int data, struct archive_store *ret, struct err *e)
{
	cleanup_(archive_store_close) struct archive_store s = ARCHIVE_STORE_EMPTY;
	uint64_t random;

	s.data = data;
	s.parent = open_private(data, STORE, true, e);
	if (s.parent < 0)
		return s.parent;
	/* between making a directory and locking it, nobody removes what is not locked */
	if (flock(s.parent, LOCK_EX) < 0 ||
	    getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_set(e, ERR_SYSTEM, errno, "lock the store of checkpoints");
	(void)remove_stale(s.parent, &(struct collecting){ 0 });
	(void)snprintf(s.name, sizeof(s.name), PREFIX "%016" PRIx64, random);
	if (mkdirat(s.parent, s.name, 0700) < 0)
		return err_set(e, ERR_SYSTEM, errno, "make a directory for the checkpoint");
	s.dir = kernel_openat2(s.parent, s.name, O_RDONLY | O_DIRECTORY, 0, BENEATH);
	if (s.dir < 0 || flock(s.dir, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, ERR_SYSTEM, s.dir < 0 ? -s.dir : errno,
			       "open the directory for the checkpoint");
	(void)flock(s.parent, LOCK_UN); /* our own lock */
	*ret = s;
	s = (struct archive_store)ARCHIVE_STORE_EMPTY;
	s.name[0] = '\0';
	return 0;
}

void archive_store_close(struct archive_store *s)
{
	if (s->parent >= 0 && s->name[0])
		(void)tree_remove(s->parent, s->name); /* or the next one who opens the store */
	close_fd(&s->dir);
	close_fd(&s->parent);
	s->name[0] = '\0';
}

/* ---- what was written here ---- */

int archive_note_ours(int data, const char *digest, struct err *e)
{
	cleanup_fd int store = open_private(data, STORE, true, e), written = -EBADF, fd = -EBADF;

	if (store < 0)
		return store;
	written = open_private(store, WRITTEN, true, e);
	if (written < 0)
		return written;
	fd = openat(written, strchr(digest, ':') + 1, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0 || fsync(fd) < 0 || fsync(written) < 0)
		return err_set(e, ERR_SYSTEM, errno, "note the archive in the data root");
	return 0;
}

int archive_is_ours(int data, const char *digest, struct err *e)
{
	cleanup_fd int store = open_private(data, STORE, false, e), written = -EBADF;

	if (store < 0)
		return store == -ENOENT ? 0 : store;
	written = open_private(store, WRITTEN, false, e);
	if (written < 0)
		return written == -ENOENT ? 0 : written;
	return faccessat(written, strchr(digest, ':') + 1, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workloads: open files, deleted ones, locks, and who watches them.
 */
#ifndef TESTS_HELPERS_WORKLOAD_FILES_H
#define TESTS_HELPERS_WORKLOAD_FILES_H

#include <dirent.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>

#include "workload.h"

/* Offsets, flags, numbers, and two descriptors that share one offset. */
static void run_open_files(void)
{
	int fd = file_with("file", "0123456789", 0), twin = (int)must(dup(fd)),
	    far = (int)must(dup2(fd, 900));
	int append = (int)must(open("file", O_WRONLY | O_APPEND | O_CLOEXEC));
	int path = (int)must(open("file", O_PATH));

	must(lseek(fd, 3, SEEK_SET));
	dumped();
	expect(reads(fd, "34") && reads(twin, "56") && reads(far, "7"));
	expect((fcntl(append, F_GETFD) & FD_CLOEXEC) != 0 &&
	       (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0);
	expect(writes(append, "ab") && lseek(append, 0, SEEK_CUR) == 12);
	expect((fcntl(path, F_GETFL) & O_PATH) != 0);
}

static void run_deleted_file(void)
{
	int fd = file_with("gone", "content of nobody", 0);
	struct stat st;

	must(unlink("gone"));
	dumped();
	expect(lseek(fd, 0, SEEK_SET) == 0 && reads(fd, "content of nobody"));
	expect(fstat(fd, &st) == 0 && st.st_nlink == 0);
	expect(writes(fd, "more"));
}

static void run_tmpfile(void)
{
	int fd = (int)must(open(".", O_TMPFILE | O_RDWR, 0600));

	must(write(fd, "no name", 7));
	dumped();
	expect(lseek(fd, 0, SEEK_SET) == 0 && reads(fd, "no name"));
}

/* Its name is gone, but the file has another one. */
static void run_deleted_name(void)
{
	int fd = file_with("first", "two names", 0);

	must(link("first", "second"));
	must(unlink("first"));
	dumped();
	expect(lseek(fd, 0, SEEK_SET) == 0 && reads(fd, "two names"));
	expect(access("second", F_OK) == 0 && access("first", F_OK) < 0);
	struct stat a, b;
	expect(fstat(fd, &a) == 0 && stat("second", &b) == 0 && a.st_ino == b.st_ino);
}

static void run_deleted_cwd(void)
{
	char path[4096];

	must(mkdir("dir", 0755));
	must(chdir("dir"));
	must(rmdir("../dir"));
	dumped();
	expect(getcwd(path, sizeof(path)) == NULL && errno == ENOENT);
	expect(chdir("..") == 0 && access("why", F_OK) < 0);
}

static void run_directory(void)
{
	for (int i = 0; i < 20; i++) {
		char name[] = { (char)('a' + i), 0 };

		must(close((int)must(open(name, O_CREAT | O_WRONLY, 0644))));
	}
	DIR *dir = opendir(".");
	must(dir == NULL ? -1 : 0);
	int fd = dirfd(dir);
	dumped();
	int count = 0;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		count += entry->d_name[1] == 0 && entry->d_name[0] != '.';
	expect(count == 20);
	expect(faccessat(fd, "a", F_OK, 0) == 0);
}

static void run_fifo(void)
{
	must(mkfifo("fifo", 0644));
	int fd = (int)must(open("fifo", O_RDWR));

	must(write(fd, "in the fifo", 11));
	dumped();
	expect(reads(fd, "in the fifo"));
	int writer = open("fifo", O_WRONLY | O_NONBLOCK);
	expect(writer >= 0 && writes(writer, "again") && reads(fd, "again"));
}

static void run_inotify(void)
{
	int fd = (int)must(inotify_init1(IN_NONBLOCK));
	union {
		struct inotify_event event;
		char bytes[1024];
	} got;

	must(mkdir("watched", 0755));
	int watch = (int)must(inotify_add_watch(fd, "watched", IN_CREATE));
	dumped();
	expect(creat("watched/new", 0644) >= 0);
	ssize_t n = read(fd, &got, sizeof(got));
	expect(n > 0 && got.event.wd == watch && strcmp(got.event.name, "new") == 0);
}

static void run_fanotify(void)
{
	int fd = (int)must(fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY));
	struct fanotify_event_metadata event;
	int file = file_with("watched", "x", 0);

	must(fanotify_mark(fd, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, "watched"));
	dumped();
	expect(writes(file, "y"));
	expect(read(fd, &event, sizeof(event)) == sizeof(event) && (event.mask & FAN_MODIFY) != 0);
}

/* --- locks: a child, which has none of them, is asked what it may --- */

static void try_flock(void *data)
{
	int fd = open(data, O_RDWR);

	_exit(flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK ? 0 : 1);
}

static void run_lock_flock(void)
{
	int fd = file_with("locked", "x", 0);

	must(flock(fd, LOCK_EX));
	dumped();
	expect(child_exits(child_of(try_flock, "locked"), 0));
	expect(flock(fd, LOCK_UN) == 0);
	expect(child_exits(child_of(try_flock, "locked"), 1));
}

static void try_record(void *data)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 3, .l_len = 2 };
	int fd = open(data, O_RDWR);

	_exit(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK && lock.l_start == 2 &&
			      lock.l_len == 4 && lock.l_pid == getppid()
		      ? 0
		      : 1);
}

static void run_lock_posix(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 4 };
	int fd = file_with("locked", "0123456789", 0);

	must(fcntl(fd, F_SETLK, &lock));
	dumped();
	expect(child_exits(child_of(try_record, "locked"), 0));
}

static void run_lock_ofd(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 4 };
	int fd = file_with("locked", "0123456789", 0), other = (int)must(open("locked", O_RDWR));

	must(fcntl(fd, F_OFD_SETLK, &lock));
	dumped();
	expect(fcntl(other, F_OFD_SETLK, &lock) < 0 && errno == EAGAIN);
	expect(close(fd) == 0 && fcntl(other, F_OFD_SETLK, &lock) == 0);
}

static void run_lease(void)
{
	int fd = file_with("leased", "x", 0);

	must(close(fd));
	fd = (int)must(open("leased", O_RDONLY));
	must(fcntl(fd, F_SETLEASE, F_RDLCK));
	dumped();
	expect(fcntl(fd, F_GETLEASE) == F_RDLCK);
}

#define WORKLOADS_FILES                                                                            \
	{ "open-files", run_open_files }, { "deleted-file", run_deleted_file },                    \
		{ "tmpfile", run_tmpfile }, { "deleted-name", run_deleted_name },                  \
		{ "deleted-cwd", run_deleted_cwd }, { "directory", run_directory },                \
		{ "fifo", run_fifo }, { "inotify", run_inotify }, { "fanotify", run_fanotify },    \
		{ "lock-flock", run_lock_flock }, { "lock-posix", run_lock_posix },                \
		{ "lock-ofd", run_lock_ofd },                                                      \
	{                                                                                          \
		"lease", run_lease                                                                 \
	}

#endif

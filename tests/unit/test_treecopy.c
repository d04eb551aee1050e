// SPDX-License-Identifier: GPL-2.0-or-later
/* rootfs/treecopy.h: what a copy keeps, copying ahead and what changes after it, depth, being stopped. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "layers_fixture.h"
#include "rootfs/treecopy.h"
#include "rootfs/treewalk.h"
#include "util/cleanup.h"

struct places {
	struct layers_fixture *x;
	int from, to, links, ahead;
};

static int directory(struct layers_fixture *x, const char *name)
{
	int fd;

	assert_int_equal(mkdirat(x->data, name, 0700), 0);
	fd = openat(x->data, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static struct places begin(void **state)
{
	struct layers_fixture *x = *state;

	return (struct places){ x, directory(x, "from"), directory(x, "to"), directory(x, "links"),
				directory(x, "ahead") };
}

static void end(struct places *p)
{
	close_fd(&p->from);
	close_fd(&p->to);
	close_fd(&p->links);
	close_fd(&p->ahead);
}

static int copy(const struct places *p, struct treecopy *c, struct err *e)
{
	c->links = p->links;
	return treecopy_run(c, p->from, p->to, e);
}

static void copy_all(const struct places *p)
{
	struct treecopy c = { .ahead = -EBADF };
	struct err e = ERR_INIT;

	if (copy(p, &c, &e) != 0)
		fail_msg("%s: %d", e.text, e.errnum);
}

static struct stat status(int dir, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static void test_attributes(void **state)
{
	const struct timespec times[2] = { { 1000000001, 123456789 }, { 1100000002, 987654321 } };
	struct places p = begin(state);
	struct stat st;
	char value[8];
	int fd;

	put(p.from, "f", "text");
	assert_int_equal(fchmodat(p.from, "f", 04751, 0), 0);
	fd = openat(p.from, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fsetxattr(fd, "user.a", "value", 5, 0), 0);
	close_fd(&fd);
	assert_int_equal(utimensat(p.from, "f", times, 0), 0);
	assert_int_equal(mkdirat(p.from, "d", 0700), 0);
	put(p.from, "d/inside", "x");
	assert_int_equal(fchmodat(p.from, "d", 0511, 0), 0);
	assert_int_equal(utimensat(p.from, "d", times, 0), 0);
	copy_all(&p);
	assert_true(holds(p.to, "f", "text"));
	st = status(p.to, "f");
	assert_int_equal(st.st_mode & 07777, 04751);
	assert_int_equal(st.st_mtim.tv_sec, times[1].tv_sec);
	assert_int_equal(st.st_mtim.tv_nsec, times[1].tv_nsec);
	st = status(p.to, "d");
	assert_int_equal(st.st_mode & 07777, 0511);
	assert_int_equal(st.st_mtim.tv_nsec, times[1].tv_nsec);
	assert_true(holds(p.to, "d/inside", "x"));
	fd = openat(p.to, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd, "user.a", value, sizeof(value)), 5);
	close_fd(&fd);
	end(&p);
}

static void test_links_and_special_files(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct places p = begin(state);
	char target[16];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	put(p.from, "a", "text");
	assert_int_equal(linkat(p.from, "a", p.from, "b", 0), 0);
	assert_int_equal(mkdirat(p.from, "d", 0700), 0);
	assert_int_equal(linkat(p.from, "a", p.from, "d/c", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", p.from, "link"), 0);
	assert_int_equal(mkfifoat(p.from, "fifo", 0640), 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/data/from/s", p.x->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close_fd(&fd);
	/* a whiteout may be made by anybody */
	assert_int_equal(mknodat(p.from, "gone", S_IFCHR | 0600, 0), 0);
	copy_all(&p);
	assert_int_equal(entries(p.links, "."), 1); /* the caller removes it */
	assert_int_equal(status(p.to, "a").st_ino, status(p.to, "d/c").st_ino);
	assert_int_equal(status(p.to, "a").st_ino, status(p.to, "b").st_ino);
	assert_int_not_equal(status(p.to, "a").st_ino, status(p.from, "a").st_ino);
	assert_int_equal(readlinkat(p.to, "link", target, sizeof(target)), 11);
	assert_true(S_ISFIFO(status(p.to, "fifo").st_mode));
	assert_true(S_ISSOCK(status(p.to, "s").st_mode));
	assert_true(S_ISCHR(status(p.to, "gone").st_mode));
	assert_int_equal(status(p.to, "gone").st_rdev, 0);
	end(&p);
}

static void test_holes(void **state)
{
	struct places p = begin(state);
	int fd;

	put(p.from, "f", "begin");
	fd = openat(p.from, "f", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "end", 3, 50 << 20), 3);
	assert_int_equal(ftruncate(fd, 100 << 20), 0);
	close_fd(&fd);
	copy_all(&p);
	assert_int_equal(status(p.to, "f").st_size, 100 << 20);
	assert_true(status(p.to, "f").st_blocks < 1000);
	assert_int_equal(shell("cmp %s/data/from/f %s/data/to/f", p.x->path, p.x->path), 0);
	end(&p);
}

static void test_depth(void **state)
{
	struct places p = begin(state);
	struct rlimit old, few;
	int fd = dup(p.from), next;

	for (int i = 0; i < 2000; i++) {
		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		(void)close(fd);
		fd = next;
	}
	put(fd, "f", "text");
	close_fd(&fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ 128, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	copy_all(&p);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	fd = dup(p.to);
	for (int i = 0; i < 2000; i++) {
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		(void)close(fd);
		fd = next;
	}
	assert_true(holds(fd, "f", "text"));
	close_fd(&fd);
	end(&p);
}

/* Files of now count as changing: they must look as if the copy began later. */
static void pretend_later(struct treecopy *c)
{
	c->realtime.tv_sec += 100;
	c->boottime.tv_sec += 100;
}

static int stop_at_once(const struct treecopy *c, void *context)
{
	(void)c;
	(void)context;
	return -ECANCELED;
}

static void test_stopped(void **state)
{
	struct places p = begin(state);
	struct treecopy c = { .ahead = -EBADF, .tick = stop_at_once };
	struct err e = ERR_INIT;

	put(p.from, "f", "text");
	assert_int_equal(copy(&p, &c, &e), -ECANCELED);
	assert_non_null(strstr(e.text, "interrupted"));
	end(&p);
}

/* As if it had been copied ahead; told apart from the file by what is in it. */
static void plant(const struct places *p, const char *name)
{
	const struct stat st = status(p->from, name);
	char key[128];

	(void)snprintf(key, sizeof(key), "%ju-%jd-%ld-%jd", (uintmax_t)st.st_ino,
		       (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec, (intmax_t)st.st_size);
	put(p->ahead, key, "ahead!");
}

/* Until the kernel's clock has ticked: what is as old as it looks is never copied ahead. */
static void rewrite(int dir, const char *name, const char *text)
{
	const struct stat before = status(dir, name);

	do {
		put(dir, name, text);
	} while (status(dir, name).st_ctim.tv_nsec == before.st_ctim.tv_nsec);
}

/* What was copied ahead is used if, and only if, the file is what it was. */
static void test_ahead(void **state)
{
	struct places p = begin(state);
	struct treecopy c = { .links = p.links, .ahead = p.ahead };
	struct err e = ERR_INIT;

	put(p.from, "same", "before");
	put(p.from, "changed", "before");
	assert_int_equal(treecopy_ahead(&c, p.from, &e), 0);
	assert_int_equal(entries(p.ahead, "."), 0); /* too young to tell a change by its time */
	plant(&p, "same");
	plant(&p, "changed");
	pretend_later(&c);
	rewrite(p.from, "changed", "after!");
	assert_int_equal(treecopy_run(&c, p.from, p.to, &e), 0);
	assert_true(holds(p.to, "same", "ahead!"));
	assert_true(holds(p.to, "changed", "after!"));
	assert_int_equal(entries(p.ahead, "."), 1);
	end(&p);
}

/* A clock that was set back could give new contents an old time. */
static void test_ahead_and_the_clock(void **state)
{
	struct places p = begin(state);
	struct treecopy c = { .links = p.links, .ahead = p.ahead };
	struct err e = ERR_INIT;

	put(p.from, "f", "text");
	assert_int_equal(treecopy_ahead(&c, p.from, &e), 0);
	c.realtime.tv_sec += 100;
	plant(&p, "f");
	assert_int_equal(treecopy_run(&c, p.from, p.to, &e), 0);
	assert_true(holds(p.to, "f", "text"));
	end(&p);
}

/* To open a fifo would wait, or wake who waits for a reader; to open a device may do anything. */
static void test_plain_things_only(void **state)
{
	struct places p = begin(state);
	int fd;

	put(p.from, "file", "text");
	assert_int_equal(mkdirat(p.from, "dir", 0700), 0);
	assert_int_equal(mkfifoat(p.from, "fifo", 0600), 0);
	assert_int_equal(symlinkat("file", p.from, "link"), 0);
	for (const char *const *name = (const char *const[]){ "file", "dir", NULL }; *name;
	     name++) {
		fd = treewalk_open_plain(p.from, *name, O_RDONLY);
		assert_true(fd >= 0);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		(void)close(fd);
	}
	assert_int_equal(treewalk_open_plain(p.from, "fifo", O_RDONLY), -ELOOP);
	assert_int_equal(treewalk_open_plain(p.from, "link", O_RDONLY), -ELOOP);
	assert_int_equal(treewalk_open_plain(p.from, "none", O_RDONLY), -ENOENT);
	end(&p);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, layers_setup, layers_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_attributes),
		TEST(test_links_and_special_files),
		TEST(test_holes),
		TEST(test_depth),
		TEST(test_stopped),
		TEST(test_ahead),
		TEST(test_ahead_and_the_clock),
		TEST(test_plain_things_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

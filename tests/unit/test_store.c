// SPDX-License-Identifier: GPL-2.0-or-later
/* container/store.h: ids, the state root and who may own it, directories, locks, walking. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container/container.h"
#include "container/store.h"
#include "util/cleanup.h"

struct fixture {
	char path[64], root_path[96];
	int root;
};

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	struct err e = ERR_INIT;

	if (!x)
		return -1;
	(void)snprintf(x->path, sizeof(x->path), "/tmp/ctr-test-store-XXXXXX");
	if (!mkdtemp(x->path))
		return -1;
	(void)snprintf(x->root_path, sizeof(x->root_path), "%s/root", x->path);
	*state = x;
	x->root = -EBADF;
	return store_open(x->root_path, STORE_CREATE, &x->root, &e);
}

static int teardown(void **state)
{
	struct fixture *x = *state;
	char line[128];

	close_fd(&x->root);
	(void)snprintf(line, sizeof(line), "rm -rf %s", x->path);
	free(x);
	return system(line);
}

/* ---- ids ---- */

static void test_ids(void **state)
{
	static const char *const good[] = {
		"a",	      "A",	     "0",
		"_",	      "+",	     "-",
		"a.",	      "a..",	     "a.b",
		"0123456789", "web-1_2+3.x", "--",
		"-rf",	      "a-",	     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	};
	static const char *const bad[] = {
		".",	"..",	  ".a",	      "...",   "/",	"a/",	 "/a",	"a/b",
		"../a", "a/../b", " ",	      "a b",   " a",	"a ",	 "a\n", "\n",
		"a\tb", "a:b",	  "a@b",      "a,b",   "a*b",	"a?",	 "a%s", "a\\b",
		"a'b",	"a\"b",	  "a$b",      "a=b",   "a~",	"~",	 "a#b", "a(b)",
		"a[b]", "a{b}",	  "a|b",      "a;b",   "a<b",	"a>b",	 "a&b", "a!b",
		"a^b",	"a`b",	  "\xc3\xa4", "a\xff", "a\x7f", "a\x01",
	};
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (container_id_check(good[i], &e) != 0)
			fail_msg("'%s' was refused", good[i]);
	assert_int_equal(e.kind, ERR_NONE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct err)ERR_INIT;
		if (container_id_check(bad[i], &e) != -EINVAL)
			fail_msg("'%s' was accepted", bad[i]);
		assert_int_equal(e.kind, ERR_USAGE);
		assert_non_null(strstr(e.text, "invalid container id"));
		assert_true(e.hint[0] != '\0');
	}
}

static void test_id_length(void **state)
{
	char id[CONTAINER_ID_MAX + 2];
	struct err e = ERR_INIT;

	(void)state;
	memset(id, 'x', sizeof(id));
	id[CONTAINER_ID_MAX + 1] = '\0';
	assert_int_equal(container_id_check(id, &e), -EINVAL);
	assert_string_equal(e.text, "container id is longer than 128 bytes");
	id[CONTAINER_ID_MAX] = '\0';
	assert_int_equal(container_id_check(id, &e), 0);
	assert_int_equal(container_id_check("", &e), -EINVAL);
	assert_string_equal(e.text, "container id is empty");
}

/* ---- the root ---- */

static void open_refused(const char *path, bool create, int want, const char *says)
{
	struct err e = ERR_INIT;
	int fd = -12345, r = store_open(path, create ? STORE_CREATE : 0, &fd, &e);

	if (r != want || !strstr(e.text, says))
		fail_msg("%s: %d '%s'", path, r, e.text);
	assert_int_equal(fd, -12345); /* untouched on failure */
}

static void test_open(void **state)
{
	struct fixture *x = *state;
	struct err e = ERR_INIT;
	char path[160];
	struct stat st;
	int fd = -EBADF;

	assert_int_equal(fstat(x->root, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(fcntl(x->root, F_GETFD), FD_CLOEXEC);
	assert_int_equal(store_open(x->root_path, 0, &fd, &e), 0);
	close_fd(&fd);
	/* with parents, which others may read */
	(void)snprintf(path, sizeof(path), "%s/a/b//c", x->path);
	open_refused(path, false, -ENOENT, "open the state directory");
	assert_int_equal(store_open(path, STORE_CREATE, &fd, &e), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	close_fd(&fd);
	(void)snprintf(path, sizeof(path), "%s/new/", x->path);
	assert_int_equal(store_open(path, STORE_CREATE, &fd, &e), 0);
	close_fd(&fd);
}

static void test_open_refused(void **state)
{
	static const mode_t modes[] = { 0720, 0702, 0777, 01777 };
	struct fixture *x = *state;
	char path[5000];

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(fchmod(x->root, modes[i]), 0);
		open_refused(x->root_path, true, -EPERM, "can be written by, others");
	}
	assert_int_equal(fchmod(x->root, 0755), 0);
	assert_int_equal(store_open(x->root_path, STORE_CREATE, &(int){ -1 }, NULL), 0);
	open_refused("/", true, -EINVAL, "must not be '/'");
	open_refused("/../", true, -EINVAL, "must not be '/'");
	open_refused("", true, -ENOENT, "state directory");
	(void)snprintf(path, sizeof(path), "%s/file", x->path);
	(void)close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	open_refused(path, true, -ENOTDIR, "open the state directory");
	(void)snprintf(path, sizeof(path), "%s/file/x", x->path);
	open_refused(path, true, -ENOTDIR, "state directory");
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	open_refused(path, true, -ENAMETOOLONG, "state directory");
}

static void test_open_foreign(void **state)
{
	struct fixture *x = *state;

	if (geteuid() != 0) {
		open_refused("/usr", true, -EPERM, "belongs to");
		return;
	}
	assert_int_equal(fchown(x->root, 65534, 65534), 0);
	open_refused(x->root_path, true, -EPERM, "belongs to");
}

static void path_is(const struct caller *c, const char *want)
{
	char buf[64];
	struct err e = ERR_INIT;

	assert_int_equal(store_default_path(c, buf, sizeof(buf), &e), 0);
	assert_string_equal(buf, want);
}

static void test_default_path(void **state)
{
	struct caller root = caller_root(), user = caller_user(4294000007U, 7);
	char buf[64], big[200];
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/run/user/7", 1), 0);
	path_is(&root, "/run/ctr"); /* whatever a sudo has left in the environment */
	path_is(&user, "/run/user/7/ctr");
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "relative", 1), 0);
	assert_int_equal(store_default_path(&user, buf, sizeof(buf), &e), -EINVAL);
	assert_non_null(strstr(e.text, "'relative' is not an absolute path"));
	assert_non_null(strstr(e.hint, "--root"));
	memset(big, 'x', sizeof(big) - 1);
	big[0] = '/';
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(setenv("XDG_RUNTIME_DIR", big, 1), 0);
	assert_int_equal(store_default_path(&user, buf, sizeof(buf), &e), -ENAMETOOLONG);
	assert_int_equal(unsetenv("XDG_RUNTIME_DIR"), 0);
	path_is(&root, "/run/ctr");
	path_is(&user, "/tmp/ctr-4294000007"); /* there is no /run/user/4294000007 */
}

/* runc's rule: USER=root in a user namespace is somebody who plays a whole system. */
static void test_default_path_of_namespace_root(void **state)
{
	struct caller c = caller_root();

	(void)state;
	c.initial_userns = false;
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/run/user/7", 1), 0);
	assert_int_equal(unsetenv("USER"), 0);
	path_is(&c, "/run/user/7/ctr");
	assert_int_equal(setenv("USER", "joe", 1), 0);
	path_is(&c, "/run/user/7/ctr");
	assert_int_equal(setenv("USER", "root", 1), 0);
	if (geteuid() == 0)
		path_is(&c, "/run/ctr"); /* /run is its own */
}

static void test_no_link(void **state)
{
	struct fixture *x = *state;
	char link[128];
	struct err e = ERR_INIT;
	cleanup_fd int fd = -EBADF;
	struct stat st;

	(void)snprintf(link, sizeof(link), "%s/link", x->path);
	assert_int_equal(symlink(x->root_path, link), 0);
	assert_int_equal(store_open(link, 0, &fd, &e), 0);
	close_fd(&fd);
	assert_int_equal(store_open(link, STORE_CREATE | STORE_NO_LINK, &fd, &e), -ENOTDIR);
	(void)snprintf(link, sizeof(link), "%s/new", x->path);
	assert_int_equal(store_open(link, STORE_CREATE | STORE_NO_LINK | STORE_STICKY, &fd, &e), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 01700);
}

/* ---- containers ---- */

static void test_create(void **state)
{
	struct fixture *x = *state;
	struct err e = ERR_INIT;
	cleanup_fd int dir = -EBADF;
	int again = -12345;
	struct stat st;

	assert_int_equal(store_create(x->root, "one", &dir, &e), 0);
	assert_int_equal(fstat(dir, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(fcntl(dir, F_GETFD), FD_CLOEXEC);
	assert_int_equal(store_create(x->root, "one", &again, &e), -EEXIST);
	assert_string_equal(e.text, "container with id 'one' already exists");
	assert_int_equal(e.kind, ERR_STATE);
	assert_int_equal(again, -12345);
	/* a file or a dangling link in its place is taken, too */
	(void)close(openat(x->root, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(store_create(x->root, "file", &again, &e), -EEXIST);
	assert_int_equal(symlinkat("/nonexistent", x->root, "link"), 0);
	assert_int_equal(store_create(x->root, "link", &again, &e), -EEXIST);
}

static void test_get(void **state)
{
	struct fixture *x = *state;
	struct err e = ERR_INIT;
	int dir = -EBADF, looking = -12345;

	assert_int_equal(store_get(x->root, "one", STORE_NO_LOCK, &looking, &e), -ENOENT);
	assert_string_equal(e.text, "container 'one' does not exist");
	assert_int_equal(store_get(x->root, "../root", STORE_NO_LOCK, &looking, &e), -EINVAL);
	assert_int_equal(store_get(x->root, ".cache", STORE_NO_LOCK, &looking, &e), -EINVAL);
	assert_int_equal(store_get(x->root, "", STORE_NO_LOCK, &looking, &e), -EINVAL);
	assert_int_equal(looking, -12345);
	assert_int_equal(store_create(x->root, "one", &dir, &e), 0);
	assert_int_equal(store_get(x->root, "one", STORE_NO_LOCK, &looking, &e),
			 0); /* while it is locked */
	assert_true(store_is_busy(looking));
	assert_false(store_is_busy(dir)); /* the lock is our own */
	close_fd(&dir);
	assert_false(store_is_busy(looking));
	assert_int_equal(store_get(x->root, "one", STORE_LOCK, &dir, &e), 0);
	assert_true(store_is_busy(looking));
	close_fd(&dir);
	close_fd(&looking);
	/* never through a link, and never something else */
	assert_int_equal(symlinkat("one", x->root, "link"), 0);
	assert_int_equal(store_get(x->root, "link", STORE_NO_LOCK, &dir, &e), -ELOOP);
	(void)close(openat(x->root, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(store_get(x->root, "file", STORE_NO_LOCK, &dir, &e), -ENOTDIR);
}

/* Run @fn in a child that has opened the container itself; the parent goes on when it has the lock. */
static pid_t in_child(struct fixture *x, void (*fn)(struct fixture *x, int dir))
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e = ERR_INIT;
		int dir = -EBADF;

		if (store_get(x->root, "one", STORE_LOCK, &dir, &e) < 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		fn(x, dir);
		_exit(0);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	(void)close(ready[0]);
	return pid;
}

static void hold_a_while(struct fixture *x, int dir)
{
	(void)x;
	(void)dir;
	(void)usleep(200000);
}

static void remove_it(struct fixture *x, int dir)
{
	struct err e = ERR_INIT;

	(void)dir;
	(void)usleep(100000);
	if (store_remove(x->root, "one", &e) < 0)
		_exit(1);
}

static void replace_it(struct fixture *x, int dir)
{
	struct err e = ERR_INIT;
	int next = -EBADF;

	remove_it(x, dir);
	if (store_create(x->root, "one", &next, &e) < 0)
		_exit(1);
	(void)close(next);
}

static void expect_success(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_lock_waits(void **state)
{
	struct fixture *x = *state;
	struct err e = ERR_INIT;
	int dir = -EBADF;
	pid_t pid;

	assert_int_equal(store_create(x->root, "one", &dir, &e), 0);
	close_fd(&dir);
	pid = in_child(x, hold_a_while);
	assert_int_equal(store_get(x->root, "one", STORE_LOCK, &dir, &e), 0);
	expect_success(pid);
	close_fd(&dir);
}

/* Whoever had the lock removed the container, or even made another of the same name. */
static void test_removed_while_waiting(void **state)
{
	struct fixture *x = *state;
	struct err e = ERR_INIT;
	int dir = -EBADF;
	pid_t pid;

	assert_int_equal(store_create(x->root, "one", &dir, &e), 0);
	close_fd(&dir);
	pid = in_child(x, replace_it);
	assert_int_equal(store_get(x->root, "one", STORE_LOCK, &dir, &e), -ENOENT);
	expect_success(pid);
	pid = in_child(x, remove_it);
	assert_int_equal(store_get(x->root, "one", STORE_LOCK, &dir, &e), -ENOENT);
	expect_success(pid);
	assert_int_equal(dir, -EBADF);
}

/* Somebody who dies with the lock does not keep it. */
static void test_lock_of_the_dead(void **state)
{
	struct fixture *x = *state;
	struct err e = ERR_INIT;
	int dir = -EBADF;
	pid_t pid;

	assert_int_equal(store_create(x->root, "one", &dir, &e), 0);
	close_fd(&dir);
	pid = in_child(x, hold_a_while);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(store_get(x->root, "one", STORE_LOCK, &dir, &e), 0);
	close_fd(&dir);
}

static void test_remove(void **state)
{
	struct fixture *x = *state;
	struct err e = ERR_INIT;
	int dir = -EBADF;

	assert_int_equal(store_remove(x->root, "one", &e), 0); /* gone already */
	assert_int_equal(store_create(x->root, "one", &dir, &e), 0);
	(void)close(openat(dir, "state.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	(void)close(openat(dir, ".state.json.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0000));
	assert_int_equal(symlinkat("/etc/passwd", dir, "link"), 0);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(store_remove(x->root, "one", &e), 0);
	assert_int_equal(faccessat(x->root, "one", F_OK, 0), -1);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
	assert_int_equal(store_remove(x->root, "one", &e), 0);
	close_fd(&dir);
	/* one level of directories is ours; what is deeper is not: say so, and leave it */
	assert_int_equal(store_create(x->root, "two", &dir, &e), 0);
	assert_int_equal(mkdirat(dir, "sub", 0700), 0);
	(void)close(openat(dir, "sub/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(symlinkat("/etc", dir, "sub/link"), 0);
	assert_int_equal(store_remove(x->root, "two", &e), 0);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
	close_fd(&dir);
	assert_int_equal(store_create(x->root, "two", &dir, &e), 0);
	assert_int_equal(mkdirat(dir, "sub", 0700), 0);
	assert_int_equal(mkdirat(dir, "sub/deep", 0700), 0);
	assert_int_equal(store_remove(x->root, "two", &e), -EISDIR);
	assert_non_null(strstr(e.text, "remove the state of container 'two'"));
	assert_int_equal(faccessat(dir, "sub/deep", F_OK, 0), 0);
	close_fd(&dir);
	/* what was left by a remove that was killed after it had taken the name away */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mkdirat(x->root, ".three.removed", 0700), 0);
		(void)close(openat(x->root, ".three.removed/state.json",
				   O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		if (i == 0)
			assert_int_equal(store_remove(x->root, "three", &e), 0);
		else
			assert_int_equal(store_create(x->root, "three", &dir, &e), 0);
		assert_int_equal(faccessat(x->root, ".three.removed", F_OK, 0), -1);
	}
	/* and of ids that are never used again; what only looks like it is not touched */
	assert_int_equal(mkdirat(x->root, ".four.removed", 0700), 0);
	(void)close(
		openat(x->root, ".four.removed/state.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(mkdirat(x->root, ".full.removed", 0700), 0);
	assert_int_equal(mkdirat(x->root, ".full.removed/sub", 0700), 0);
	assert_int_equal(mkdirat(x->root, ".removed", 0700), 0);
	assert_int_equal(store_check_current(x->root, "three", dir), 0);
	assert_int_equal(store_remove(x->root, "three", &e), 0);
	/* others are not looked for by each removal, which would cost more the more there are */
	assert_int_equal(faccessat(x->root, ".four.removed", F_OK, 0), 0);
	store_sweep(x->root);
	assert_int_equal(faccessat(x->root, ".four.removed", F_OK, 0), -1);
	assert_int_equal(faccessat(x->root, ".full.removed", F_OK, 0), 0);
	assert_int_equal(faccessat(x->root, ".removed", F_OK, 0), 0);
	assert_int_equal(store_check_current(x->root, "three", dir), -ENOENT);
	close_fd(&dir);
	/* never outside of the root */
	assert_int_equal(mkdirat(x->root, "../victim", 0700), 0);
	assert_true(store_remove(x->root, "../victim", &e) < 0);
	assert_int_equal(faccessat(x->root, "../victim", F_OK, 0), 0);
	assert_int_equal(symlinkat("../victim", x->root, "link"), 0);
	assert_true(store_remove(x->root, "link", &e) < 0);
	assert_int_equal(faccessat(x->root, "../victim", F_OK, 0), 0);
}

struct seen {
	char names[256];
	int stop_after, count;
};

static int see(const char *id, void *data)
{
	struct seen *s = data;

	(void)strncat(s->names, id, sizeof(s->names) - strlen(s->names) - 1);
	(void)strncat(s->names, " ", sizeof(s->names) - strlen(s->names) - 1);
	return ++s->count == s->stop_after ? 42 : 0;
}

static void test_each(void **state)
{
	static const char *const ids[] = { "b", "a", "c.d", "B", "10", "9" };
	struct fixture *x = *state;
	struct seen s = { 0 };
	struct err e = ERR_INIT;

	assert_int_equal(store_each(x->root, see, &s, &e), 0);
	assert_int_equal(s.count, 0);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		int dir = -EBADF;

		assert_int_equal(store_create(x->root, ids[i], &dir, &e), 0);
		close_fd(&dir);
	}
	assert_int_equal(mkdirat(x->root, ".cache", 0700), 0); /* no container */
	assert_int_equal(mkdirat(x->root, ".old.removed", 0700), 0);
	assert_int_equal(store_each(x->root, see, &s, &e), 0);
	assert_string_equal(s.names, "10 9 B a b c.d ");
	assert_int_equal(faccessat(x->root, ".cache", F_OK, 0), 0);
	assert_int_equal(faccessat(x->root, ".old.removed", F_OK, 0), -1);
	s = (struct seen){ .stop_after = 2 };
	assert_int_equal(store_each(x->root, see, &s, &e), 42);
	assert_string_equal(s.names, "10 9 ");
	assert_int_equal(store_each(-EBADF, see, &s, &e), -EBADF);
}

/* To look at a container without a record must not let go of its lock: its creator may be about to start. */
static void test_looking_keeps_the_lock(void **state)
{
	struct fixture *x = *state;
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	struct err e = ERR_INIT;
	int dir = -EBADF;

	assert_int_equal(store_create(x->root, "web", &dir, &e), 0);
	close_fd(&dir); /* its creator died before there was a record */
	assert_int_equal(container_open(x->root, "web", true, &c, &status, &e), 0);
	assert_int_equal(status, STATUS_STOPPED);
	dir = openat(x->root, "web", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(dir, LOCK_SH | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	close_fd(&dir);
}

/* Of many who want one id, one gets it. */
static void test_race(void **state)
{
	struct fixture *x = *state;
	pid_t pids[8];
	int winners = 0, status;

	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct err e = ERR_INIT;
			int dir = -EBADF;

			_exit(store_create(x->root, "one", &dir, &e) == 0 ? 7
			      : e.kind == ERR_STATE			  ? 0
									  : 1);
		}
	}
	for (int i = 0; i < 8; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 1);
		winners += WEXITSTATUS(status) == 7;
	}
	assert_int_equal(winners, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_id_length),
		cmocka_unit_test_setup_teardown(test_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_foreign, setup, teardown),
		cmocka_unit_test(test_default_path),
		cmocka_unit_test(test_default_path_of_namespace_root),
		cmocka_unit_test_setup_teardown(test_no_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_create, setup, teardown),
		cmocka_unit_test_setup_teardown(test_get, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lock_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed_while_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lock_of_the_dead, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each, setup, teardown),
		cmocka_unit_test_setup_teardown(test_looking_keeps_the_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_race, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

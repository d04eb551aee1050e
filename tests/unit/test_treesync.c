// SPDX-License-Identifier: GPL-2.0-or-later
/* rootfs/treesync.h: what is sent of a tree, that it arrives, and what hostile and damaged streams do. */
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
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "layers_fixture.h"
#include "rootfs/layer_export.h"
#include "rootfs/sinks.h"
#include "rootfs/treeattr.h"
#include "rootfs/treeremove.h"
#include "rootfs/treesync_internal.h"
#include "util/cleanup.h"

enum {
	ROUNDS = 120,
	CHANGES = 12,
};

/* A stream in memory. */
struct stream {
	unsigned char *bytes;
	size_t size, room, at;
};

static int store(void *data, const void *bytes, size_t size, struct err *e)
{
	struct stream *s = data;

	(void)e;
	if (s->room < s->size + size) {
		s->room = (s->size + size) * 2;
		s->bytes = realloc(s->bytes, s->room);
		assert_non_null(s->bytes);
	}
	memcpy(s->bytes + s->size, bytes, size);
	s->size += size;
	return 0;
}

static int fetch(void *data, void *buf, size_t size, struct err *e)
{
	struct stream *s = data;

	if (s->size - s->at < size)
		return err_set(e, ERR_SYSTEM, EPIPE, "the end");
	memcpy(buf, s->bytes + s->at, size);
	s->at += size;
	return 0;
}

static void drop(struct stream *s)
{
	free(s->bytes);
	*s = (struct stream){ 0 };
}

struct places {
	int from, to;
	struct treesync *sync;
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
	struct places p = { directory(x, "from"), directory(x, "to"), NULL };
	struct err e = ERR_INIT;

	assert_int_equal(treesync_new(&p.sync, &e), 0);
	return p;
}

static void end(struct places *p)
{
	close_fd(&p->from);
	close_fd(&p->to);
	treesync_free(p->sync);
}

static struct treesync_count scan(const struct places *p, bool live, struct stream *s)
{
	const struct tar_sink sink = { store, s };
	struct treesync_count count;
	struct err e = ERR_INIT;
	int r = treesync_scan(p->sync, p->from, live, &sink, &count, &e);

	if (r != 0)
		print_error("%s\n", e.text);
	assert_int_equal(r, 0);
	assert_int_equal(count.bytes, s->size);
	return count;
}

static int apply(int dir, struct stream *s, struct err *e)
{
	const struct treesync_source from = { fetch, s };
	struct treesync_count count;

	s->at = 0;
	return treesync_apply(&from, dir, &count, e);
}

static void apply_well(int dir, struct stream *s)
{
	struct err e = ERR_INIT;
	int r = apply(dir, s, &e);

	if (r != 0)
		print_error("%s\n", e.text);
	assert_int_equal(r, 0);
	assert_int_equal(s->at, s->size);
}

/* All that an archive says of a tree: contents, links, attributes, times. */
static void picture(int dir, char ret[DIGEST_TEXT])
{
	struct stream text = { 0 };
	struct layer_export x = { .layer = dir, .sink = { store, &text }, .exact_times = true };
	struct digest *d = NULL;
	struct err e = ERR_INIT;
	int r = layer_export(&x, &e);

	if (r != 0)
		print_error("%s\n", e.text);
	assert_int_equal(r, 0);
	assert_int_equal(digest_new(&d, &e), 0);
	digest_update(d, text.bytes, text.size);
	digest_finish(d, ret);
	digest_free(d);
	drop(&text);
}

static void assert_same(const struct places *p)
{
	char a[DIGEST_TEXT], b[DIGEST_TEXT];

	picture(p->from, a);
	picture(p->to, b);
	assert_string_equal(a, b);
}

/* ---- changes at random ---- */

static void name_of(char buf[32])
{
	static const char *const dirs[] = { "", "a/", "b/", "a/c/", "b/d/" };

	(void)snprintf(buf, 32, "%s%c", dirs[rand() % 5], 'f' + rand() % 6);
}

static void write_some(int dir, const char *name)
{
	static const off_t ends[] = { 0, 5, 70000, 200000 };
	cleanup_fd int fd =
		openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	struct stat st;
	int n = rand();

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	assert_int_equal(pwrite(fd, &n, sizeof(n), rand() % 150000), sizeof(n));
	if (rand() % 3 == 0)
		assert_int_equal(ftruncate(fd, ends[rand() % 4]), 0);
}

static void change(int dir)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { rand(), rand() % 1000000000 } };
	char a[32], b[32];
	int failed = 0; /* as most of them do: the names are there or not */

	name_of(a);
	name_of(b);
	switch (rand() % 14) {
	case 0:
		failed |= mkdirat(dir, "a", 0755);
		failed |= mkdirat(dir, "b", 0711);
		failed |= mkdirat(dir, rand() % 2 ? "a/c" : "b/d", 0700);
		break;
	case 1: (void)tree_remove(dir, rand() % 4 ? a : "a"); break;
	case 2: failed |= symlinkat(b, dir, a); break;
	case 3: failed |= renameat(dir, a, dir, b); break;
	case 4:
		failed |= renameat(dir, rand() % 2 ? "a" : "b/d", dir, rand() % 2 ? "b/d" : "a");
		break;
	case 5: failed |= linkat(dir, a, dir, b, 0); break;
	case 6: failed |= mknodat(dir, a, S_IFCHR, 0); break;
	case 7: failed |= mkfifoat(dir, a, 0640); break;
	case 8: failed |= fchmodat(dir, a, (mode_t)(0600 + rand() % 0200), 0); break;
	case 9: failed |= utimensat(dir, a, times, AT_SYMLINK_NOFOLLOW); break;
	case 10: failed |= mkdirat(dir, a, 0700); break;
	case 11: {
		cleanup_fd int fd = openat(dir, a, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		const struct tree_at at = { fd, "." };
		struct stat st;

		if (fd >= 0 && rand() % 3 == 0)
			(void)fremovexattr(fd, "user.x");
		else if (fd >= 0)
			(void)fsetxattr(fd, "user.x", a, (size_t)(rand() % 3), 0);
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && rand() % 2)
			(void)treeattr_overlay_set(&at, "opaque", "y");
		break;
	}
	default: write_some(dir, a);
	}
	(void)failed;
}

static void test_random_changes(void **state)
{
	struct places p = begin(state);

	srand(4711);
	for (int round = 0; round < ROUNDS; round++) {
		struct stream s = { 0 };

		for (int i = rand() % CHANGES; i > 0; i--)
			change(p.from);
		scan(&p, round % 2, &s);
		apply_well(p.to, &s);
		assert_same(&p);
		drop(&s);
	}
	end(&p);
}

/* Whoever was killed half way begins anew with the same stream. */
static void test_again(void **state)
{
	struct places p = begin(state);

	srand(42);
	for (int round = 0; round < ROUNDS; round++) {
		struct stream s = { 0 }, cut;
		struct err e = ERR_INIT;

		for (int i = rand() % CHANGES; i > 0; i--)
			change(p.from);
		scan(&p, false, &s);
		for (int i = 0; i < 3; i++) {
			cut = s;
			cut.size = (size_t)rand() % s.size;
			assert_int_equal(apply(p.to, &cut, &e), -EPIPE);
		}
		apply_well(p.to, &s);
		assert_same(&p);
		drop(&s);
	}
	end(&p);
}

/* What is remembered survives the process. */
static void test_saved(void **state)
{
	struct layers_fixture *x = *state;
	struct places p = begin(state);

	srand(7);
	for (int round = 0; round < 20; round++) {
		struct stream s = { 0 };
		struct err e = ERR_INIT;

		for (int i = 0; i < CHANGES; i++)
			change(p.from);
		scan(&p, false, &s);
		apply_well(p.to, &s);
		assert_same(&p);
		drop(&s);
		assert_int_equal(treesync_save(p.sync, x->data, "index", &e), 0);
		treesync_free(p.sync);
		assert_int_equal(treesync_load(x->data, "index", &p.sync, &e), 0);
		assert_int_equal(scan(&p, false, &s).files, 0);
		drop(&s);
	}
	end(&p);
}

static void test_saved_damage(void **state)
{
	struct layers_fixture *x = *state;
	struct places p = begin(state);
	struct treesync *t = NULL;
	struct stream s = { 0 };
	struct err e = ERR_INIT;

	put(p.from, "file", "text");
	scan(&p, false, &s);
	drop(&s);
	assert_int_equal(treesync_load(x->data, "index", &t, &e), -ENOENT);
	assert_int_equal(treesync_save(p.sync, x->data, "index", &e), 0);
	assert_int_equal(shell("cd %s/data && printf X | dd of=index bs=1 seek=20 conv=notrunc "
			       "status=none",
			       x->path),
			 0);
	assert_int_equal(treesync_load(x->data, "index", &t, &e), -EBADMSG);
	assert_int_equal(shell("truncate -s 5 %s/data/index", x->path), 0);
	assert_int_equal(treesync_load(x->data, "index", &t, &e), -EBADMSG);
	assert_null(t);
	end(&p);
}

/* ---- cost ---- */

static void test_cost(void **state)
{
	struct places p = begin(state);
	struct treesync_count count;
	struct stream s = { 0 };
	cleanup_fd int fd = openat(p.from, "big", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	for (int i = 0; i < 64; i++)
		assert_int_equal(pwrite(fd, "x", 1, (off_t)i * TREESYNC_BLOCK + i), 1);
	put(p.from, "small", "text");
	count = scan(&p, true, &s);
	assert_true(count.contents >= 64 * TREESYNC_BLOCK - TREESYNC_BLOCK);
	apply_well(p.to, &s);
	drop(&s);
	/* nothing has changed */
	count = scan(&p, true, &s);
	assert_int_equal(count.files, 0);
	assert_int_equal(count.contents, 0);
	apply_well(p.to, &s);
	drop(&s);
	/* one byte: one block */
	assert_int_equal(pwrite(fd, "y", 1, 40 * TREESYNC_BLOCK), 1);
	count = scan(&p, false, &s);
	assert_int_equal(count.files, 1);
	assert_int_equal(count.contents, TREESYNC_BLOCK);
	apply_well(p.to, &s);
	assert_same(&p);
	drop(&s);
	/* a hole costs nothing */
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(ftruncate(fd, (off_t)1 << 36), 0);
	assert_int_equal(ftruncate(fd, (off_t)1 << 24), 0);
	count = scan(&p, false, &s);
	assert_int_equal(count.contents, 0);
	apply_well(p.to, &s);
	assert_same(&p);
	drop(&s);
	end(&p);
}

/* Files that have rested are not read again, and what is written to them later is seen. */
static void test_settled(void **state)
{
	struct places p = begin(state);
	struct stream s = { 0 };
	struct treesync_entry *entry;
	struct err e = ERR_INIT;

	put(p.from, "file", "before");
	(void)nanosleep(&(struct timespec){ .tv_sec = 3, .tv_nsec = 100000000 }, NULL);
	assert_int_equal(treesync_prepare(p.sync, p.from, &e), 0);
	scan(&p, false, &s);
	apply_well(p.to, &s);
	drop(&s);
	entry = treesync_find(p.sync, "file");
	assert_non_null(entry);
	if (!entry->settled) { /* a filesystem whose change times do not tell */
		end(&p);
		skip();
	}
	/* what is believed shows that it was not read */
	memset(entry->blocks, 0xee, TREESYNC_DIGEST);
	assert_int_equal(scan(&p, false, &s).contents, 0);
	drop(&s);
	put(p.from, "file", "behind");
	assert_int_equal(scan(&p, false, &s).contents, 6);
	apply_well(p.to, &s);
	assert_same(&p);
	drop(&s);
	end(&p);
}

/* ---- bad streams ---- */

static void test_damage(void **state)
{
	struct layers_fixture *x = *state;
	struct places p = begin(state);
	struct stream s = { 0 };

	put(p.from, "file", "text");
	assert_int_equal(symlinkat("file", p.from, "link"), 0);
	assert_int_equal(mkdirat(p.from, "dir", 0755), 0);
	scan(&p, false, &s);
	for (size_t i = 0; i < s.size; i++) {
		struct err e = ERR_INIT;
		cleanup_fd int to = directory(x, "victim");

		s.bytes[i] ^= 0x40;
		assert_true(apply(to, &s, &e) < 0);
		assert_true(e.text[0]);
		s.bytes[i] ^= 0x40;
		assert_int_equal(shell("rm -rf %s/data/victim", x->path), 0);
	}
	apply_well(p.to, &s);
	drop(&s);
	end(&p);
}

static void add_record(struct stream *s, char type, const void *bytes, size_t size)
{
	unsigned char head[TREESYNC_HEAD] = { (unsigned char)type };

	treesync_put32(head + 4, (uint32_t)size);
	store(s, head, sizeof(head), NULL);
	store(s, bytes, size, NULL);
}

/* An entry with these, and nothing else. */
static void add_entry(struct stream *s, uint32_t mode, uint32_t flags, uint64_t size,
		      const char *path, const char *target, const char *xattr)
{
	size_t p = strlen(path), t = strlen(target), n = strlen(xattr), x = n ? 8 + n + 1 : 0;
	unsigned char b[1024] = { 0 };

	treesync_put32(b, mode);
	treesync_put32(b + 4, getuid());
	treesync_put32(b + 8, getgid());
	treesync_put32(b + 20, flags);
	treesync_put64(b + 24, size);
	treesync_put32(b + 44, (uint32_t)p);
	treesync_put32(b + 48, (uint32_t)t);
	treesync_put32(b + 52, (uint32_t)x);
	memcpy(b + 56, path, p);
	memcpy(b + 56 + p, target, t);
	if (n) {
		treesync_put32(b + 56 + p + t, (uint32_t)n);
		treesync_put32(b + 60 + p + t, 1);
		memcpy(b + 64 + p + t, xattr, n);
	}
	add_record(s, 'E', b, 56 + p + t + x);
}

static void refused(struct stream *s, int to, int errnum, const char *text)
{
	struct err e = ERR_INIT;

	assert_int_equal(apply(to, s, &e), errnum);
	if (!strstr(e.text, text))
		print_error("'%s' is not in '%s'\n", text, e.text);
	assert_non_null(strstr(e.text, text));
	drop(s);
}

static void test_hostile(void **state)
{
	static const char *const names[] = { "../out", "/out",	"d/../../out", "d//x", "d/",
					     ".",      "./out", "d/./x",       "..",   "link/out" };
	struct layers_fixture *x = *state;
	struct places p = begin(state);
	struct stream s = { 0 };

	assert_int_equal(mkdirat(p.to, "d", 0755), 0);
	assert_int_equal(symlinkat("..", p.to, "link"), 0);
	put(x->data, "secret", "secret");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool link = strncmp(names[i], "link", 4) == 0;

		store(&s, TREESYNC_MAGIC, 8, NULL);
		add_entry(&s, S_IFREG | 0644, TREESYNC_WHOLE, 0, names[i], "", "");
		refused(&s, p.to, link ? -ELOOP : -EBADMSG, link ? "write" : "damaged");
		store(&s, TREESYNC_MAGIC, 8, NULL);
		add_record(&s, 'X', names[i], strlen(names[i]));
		/* behind a link there is nothing of the tree: gone already, then no end */
		refused(&s, p.to, link ? -EPIPE : -EBADMSG, link ? "the end" : "damaged");
		store(&s, TREESYNC_MAGIC, 8, NULL);
		add_entry(&s, S_IFREG, TREESYNC_LINK, 0, "l", names[i], "");
		refused(&s, p.to, -EBADMSG, "damaged");
		assert_false(exists(x->data, "out"));
	}
	store(&s, TREESYNC_MAGIC, 8, NULL);
	add_entry(&s, S_IFREG, TREESYNC_LINK, 0, "l", "link/secret", "");
	refused(&s, p.to, -EBADMSG, "not there");
	store(&s, TREESYNC_MAGIC, 8, NULL);
	add_entry(&s, S_IFREG, 0, 0, "link", "", "");
	refused(&s, p.to, -EBADMSG, "not there");
	store(&s, TREESYNC_MAGIC, 8, NULL);
	add_entry(&s, S_IFREG, 0, 0, "", "", "");
	refused(&s, p.to, -EBADMSG, "root");
	store(&s, TREESYNC_MAGIC, 8, NULL);
	add_entry(&s, 0, 0, 0, "x", "", "");
	refused(&s, p.to, -EBADMSG, "kind");
	store(&s, TREESYNC_MAGIC, 8, NULL);
	add_entry(&s, S_IFDIR | 0700, 0, 0, "x", "", "trusted.overlay.redirect");
	refused(&s, p.to, -EBADMSG, "none that is carried");
	store(&s, TREESYNC_MAGIC, 8, NULL);
	add_entry(&s, S_IFREG | 0700, TREESYNC_WHOLE, 3, "x", "", "");
	add_record(&s, 'D', "\0\0\0\0\0\0\0\0four", 12);
	refused(&s, p.to, -EBADMSG, "behind the end");
	store(&s, TREESYNC_MAGIC, 8, NULL);
	add_record(&s, 'D', "\0\0\0\0\0\0\0\0four", 12);
	refused(&s, p.to, -EBADMSG, "nothing");
	store(&s, TREESYNC_MAGIC, 8, NULL);
	add_record(&s, 'Q', "", 0);
	refused(&s, p.to, -EBADMSG, "type");
	assert_true(holds(x->data, "secret", "secret"));
	end(&p);
}

static void test_no_space(void **state)
{
	struct places p = begin(state);
	struct rlimit old, tight = { 1000, RLIM_INFINITY };
	struct stream s = { 0 };
	struct err e = ERR_INIT;
	char text[3000];
	int r;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	put(p.from, "file", text);
	scan(&p, false, &s);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight.rlim_max = old.rlim_max;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	r = apply(p.to, &s, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(r, -EFBIG);
	assert_string_equal(e.text, "write 'file'");
	apply_well(p.to, &s);
	assert_same(&p);
	drop(&s);
	end(&p);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, layers_setup, layers_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_random_changes), TEST(test_again),   TEST(test_saved),
		TEST(test_saved_damage),   TEST(test_cost),    TEST(test_settled),
		TEST(test_damage),	   TEST(test_hostile), TEST(test_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

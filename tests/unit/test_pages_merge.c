// SPDX-License-Identifier: GPL-2.0-or-later
/* checkpoint/pages_merge.h: pages of several images in one, and what damaged images do. */
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
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint/pages_merge.h"
#include "layers_fixture.h"
#include "util/cleanup.h"
#include "util/io.h"

enum {
	PAGE = 4096,
	IN_PARENT = 1,
	PRESENT = 4,
	SPACE = 64, /* pages that the made-up task may have */
};

/* What the memory of the task is: a letter for each page, 0 for none. */
struct memory {
	char pages[SPACE];
};

static int directory(struct layers_fixture *x, const char *name)
{
	int fd;

	assert_int_equal(mkdirat(x->data, name, 0700), 0);
	fd = openat(x->data, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static size_t put_varint(unsigned char *p, unsigned field, uint64_t v)
{
	size_t n = 0;

	p[n++] = (unsigned char)(field << 3);
	for (; v > 0x7f; v >>= 7)
		p[n++] = (unsigned char)(v | 0x80);
	p[n++] = (unsigned char)v;
	return n;
}

static size_t put_u32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (8 * i));
	return 4;
}

/* Pages that differ from @before are present, the others in the parent's images. */
static void write_images(int dir, const struct memory *m, const struct memory *before)
{
	unsigned char text[8192], *p = text, page[PAGE];
	cleanup_fd int pages = openat(dir, "pages-7.img", O_WRONLY | O_CREAT | O_EXCL, 0600);
	cleanup_fd int map = openat(dir, "pagemap-1.img", O_WRONLY | O_CREAT | O_EXCL, 0600);

	p += put_u32(p, 0x54564319);
	p += put_u32(p, 0x56084025);
	p += put_u32(p, 2);
	p += put_varint(p, 1, 7);
	for (uint64_t i = 0; i < SPACE; i++) {
		bool same = before && m->pages[i] == before->pages[i];
		unsigned char entry[64];
		size_t n = 0;

		if (!m->pages[i])
			continue;
		n += put_varint(entry, 1, (0x400000 + i) * PAGE);
		n += put_varint(entry + n, 2, 1);
		n += put_varint(entry + n, 4, same ? IN_PARENT : PRESENT);
		p += put_u32(p, (uint32_t)n);
		memcpy(p, entry, n);
		p += n;
		memset(page, m->pages[i], sizeof(page));
		if (!same)
			assert_int_equal(io_write_all(pages, page, sizeof(page)), 0);
	}
	assert_int_equal(io_write_all(map, text, (size_t)(p - text)), 0);
	put(dir, "core-1.img", "registers");
}

static void link_parent(int dir, const char *name)
{
	char target[64];

	(void)snprintf(target, sizeof(target), "../%s", name);
	assert_int_equal(symlinkat(target, dir, "parent"), 0);
}

static void assert_file_equal(int a, int b, const char *name)
{
	cleanup_fd int fa = openat(a, name, O_RDONLY | O_CLOEXEC);
	cleanup_fd int fb = openat(b, name, O_RDONLY | O_CLOEXEC);
	cleanup_free char *ta = NULL, *tb = NULL;
	size_t na, nb;

	assert_true(fa >= 0 && fb >= 0);
	assert_int_equal(io_read_file(fa, 1 << 24, &ta, &na), 0);
	assert_int_equal(io_read_file(fb, 1 << 24, &tb, &nb), 0);
	assert_int_equal(na, nb);
	assert_memory_equal(ta, tb, na);
}

/* A task that writes, maps and unmaps; images of ten moments, each on those before, are as the last one taken whole. */
static void test_chain(void **state)
{
	struct layers_fixture *x = *state;
	struct memory now = { { 0 } }, before;
	cleanup_fd int out = directory(x, "out"), whole = directory(x, "whole"), again = -EBADF;
	cleanup_fd int last = -EBADF;
	uint64_t bytes = 0, count = 0;
	struct err e = ERR_INIT;

	srand(3);
	for (int i = 0; i < 10; i++) {
		char name[16], parent[16];

		before = now;
		for (int k = 0; k < 20; k++)
			now.pages[rand() % SPACE] = rand() % 4 ? (char)('a' + rand() % 26) : '\0';
		(void)snprintf(name, sizeof(name), "%d", i);
		(void)snprintf(parent, sizeof(parent), "%d", i - 1);
		close_fd(&last);
		last = directory(x, name);
		write_images(last, &now, i ? &before : NULL);
		if (i)
			link_parent(last, parent);
	}
	for (int i = 0; i < SPACE; i++)
		count += now.pages[i] != '\0';
	assert_int_equal(pages_merge(last, out, &bytes, &e), 0);
	assert_int_equal(bytes, count * PAGE);
	write_images(whole, &now, NULL);
	assert_file_equal(out, whole, "pages-7.img");
	assert_true(holds(out, "core-1.img", "registers"));
	assert_false(exists(out, "parent"));
	/* what is whole stays what it is */
	again = directory(x, "again");
	assert_int_equal(pages_merge(out, again, &bytes, &e), 0);
	assert_file_equal(out, again, "pages-7.img");
	assert_file_equal(out, again, "pagemap-1.img");
}

static void test_page_is_nowhere(void **state)
{
	struct layers_fixture *x = *state;
	struct memory one = { "ab" }, two = { "abc" };
	cleanup_fd int a = directory(x, "a"), b = directory(x, "b"), out = directory(x, "out");
	struct err e = ERR_INIT;
	uint64_t bytes;

	write_images(a, &one, NULL);
	write_images(b, &two, &two); /* says that all of it is in the parent's */
	link_parent(b, "a");
	assert_int_equal(pages_merge(b, out, &bytes, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "a page is nowhere"));
}

static void test_damage(void **state)
{
	struct layers_fixture *x = *state;
	struct memory m = { "abcdef" };
	cleanup_fd int a = directory(x, "a"), out = directory(x, "out");
	struct err e = ERR_INIT;
	uint64_t bytes;

	write_images(a, &m, NULL);
	assert_int_equal(shell("truncate -s 5000 %s/data/a/pages-7.img", x->path), 0);
	assert_int_equal(pages_merge(a, out, &bytes, &e), -EBADMSG);
	assert_int_equal(shell("rm -f %s/data/out/*; truncate -s 21 %s/data/a/pagemap-1.img",
			       x->path, x->path),
			 0);
	assert_int_equal(pages_merge(a, out, &bytes, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "cannot be read"));
	assert_int_equal(shell("rm -f %s/data/out/*; echo what is this >%s/data/a/pagemap-1.img",
			       x->path, x->path),
			 0);
	assert_int_equal(pages_merge(a, out, &bytes, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "another kind"));
	/* a circle of parents ends */
	assert_int_equal(shell("ln -s ../a %s/data/a/parent", x->path), 0);
	assert_int_equal(pages_merge(a, out, &bytes, &e), -ELOOP);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, layers_setup, layers_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_chain),
		TEST(test_page_is_nowhere),
		TEST(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

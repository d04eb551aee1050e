// SPDX-License-Identifier: GPL-2.0-or-later
/* rootfs/layer_import.h: how much an archive may become. */
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
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "rootfs/archive.h"
#include "rootfs/layer_export.h"
#include "rootfs/layer_import.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/io.h"

static int write_fd(void *data, const void *bytes, size_t size, struct err *e)
{
	(void)e;
	return io_write_all(*(int *)data, bytes, size);
}

/* An archive of @count files of @size zeros. */
static int make_archive(size_t count, uint64_t size, enum compression compression)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);
	const struct tar_sink to = { write_fd, &fd };
	cleanup_(deflate_closep) struct deflate *d = NULL;
	static const char zeros[1 << 20];
	struct tar_sink sink;
	struct err e = ERR_INIT;

	assert_int_equal(deflate_open(compression, &to, &d, &sink, &e), 0);
	for (size_t i = 0; i < count; i++) {
		char name[32];
		struct tar_entry t = { .type = TAR_FILE,
				       .path = name,
				       .mode = 0644,
				       .size = size,
				       .uid = getuid(),
				       .gid = getgid(),
				       .mtime = 1 };

		(void)snprintf(name, sizeof(name), "file%zu", i);
		assert_int_equal(tar_header(&sink, &t, &e), 0);
		for (uint64_t left = size; left;) {
			size_t n = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);

			assert_int_equal(sink.write(sink.data, zeros, n, &e), 0);
			left -= n;
		}
		assert_int_equal(tar_pad(&sink, size, &e), 0);
	}
	assert_int_equal(tar_end(&sink, &e), 0);
	assert_int_equal(deflate_finish(d, &e), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Unpack into a directory that is removed. */
static int import(int from, const struct layer_import_limits *limits, struct err *e)
{
	char path[] = "/tmp/ctr-test-import.XXXXXX", digest[DIGEST_TEXT];
	struct layer_import x = { .from = from, .limits = limits };
	int r, tmp;

	assert_non_null(mkdtemp(path));
	x.layer = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(x.layer >= 0);
	r = layer_import(&x, digest, e);
	(void)close(x.layer);
	tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(tree_remove(tmp, strrchr(path, '/') + 1), 0);
	(void)close(tmp);
	(void)close(from);
	return r;
}

static void refused(int from, const struct layer_import_limits *limits, const char *why)
{
	struct err e = ERR_INIT;

	assert_int_equal(import(from, limits, &e), -EPERM);
	assert_non_null(strstr(e.text, why));
}

static void test_entries(void **state)
{
	const struct layer_import_limits limits = { 3, 1 << 20, 10 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(import(make_archive(3, 1, COMPRESSION_NONE), &limits, &e), 0);
	refused(make_archive(4, 1, COMPRESSION_NONE), &limits, "there are too many entries");
}

/* What is as large as its archive always passes, however small the limit. */
static void test_size(void **state)
{
	const struct layer_import_limits limits = { 1000, 1 << 20, 10 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(import(make_archive(1, 20 << 20, COMPRESSION_NONE), &limits, &e), 0);
	assert_int_equal(import(make_archive(1, 1 << 20, COMPRESSION_ZSTD), &limits, &e), 0);
	refused(make_archive(1, 20 << 20, COMPRESSION_ZSTD), &limits,
		"far larger than the archive");
	refused(make_archive(30, 1 << 20, COMPRESSION_GZIP), &limits,
		"far larger than the archive");
}

/* gzip packs a thousand zeros into one byte: by default that is no reason to refuse them. */
static void test_default_limits(void **state)
{
	(void)state;
	assert_true(layer_import_defaults.size_factor > 1032);
	assert_true(layer_import_defaults.size_base >= 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_default_limits),
	};

#ifdef HAVE_ARCHIVES
	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	(void)tests;
	return 77;
#endif
}

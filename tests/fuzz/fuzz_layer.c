// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: bytes as the archive of a layer. It is refused with a reason, or unpacked into its directory and
 * nowhere else; what was unpacked can be packed, and then unpacked to the same again.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/layer_export.h"
#include "rootfs/layer_import.h"
#include "util/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int write_to(void *fd, const void *bytes, size_t size, struct err *e)
{
	int r = io_write_all(*(int *)fd, bytes, size);

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write") : 0;
}

/* Unpack the archive @from in a directory below @base, pack that into @to. */
static int turn(const char *base, const char *name, int from, int to, struct err *e)
{
	static const struct layer_import_limits limits = { 1000, 1 << 20, 64 };
	char path[64], digest[DIGEST_TEXT];
	struct layer_import in = { .from = from, .limits = &limits };
	struct layer_export out = { .sink = { write_to, &to } };
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", base, name);
	require(mkdir(path, 0700) == 0 && lseek(from, 0, SEEK_SET) == 0);
	in.layer = out.layer = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	require(in.layer >= 0);
	r = layer_import(&in, digest, e);
	if (r == 0) {
		require(digest_is_valid(digest));
		require(layer_export(&out, e) == 0);
	}
	(void)close(in.layer);
	return r;
}

static bool same(int a, int b)
{
	char *x, *y;
	size_t m, n;
	bool equal;

	require(io_read_file(a, 64 << 20, &x, &m) == 0 && io_read_file(b, 64 << 20, &y, &n) == 0);
	equal = m == n && memcmp(x, y, n) == 0;
	free(x);
	free(y);
	return equal;
}

static int count_names(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	/* base, base/1 and base/2: no entry has left its directory */
	require(ftw->level != 1 || strlen(strrchr(path, '/')) == 2);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char base[] = "/tmp/ctr-fuzz-layer.XXXXXX";
	int first = memfd_create("first", MFD_CLOEXEC), again = memfd_create("again", MFD_CLOEXEC),
	    last = memfd_create("last", MFD_CLOEXEC);
	struct err e = ERR_INIT;
	int r;

	require(mkdtemp(base) && io_write_all(first, data, size) == 0);
	r = turn(base, "1", first, again, &e);
	if (r < 0)
		require(e.kind != ERR_NONE && e.text[0]);
	else
		require(turn(base, "2", again, last, &e) == 0 && same(again, last));
	require(nftw(base, count_names, 16, FTW_PHYS) == 0);
	require(nftw(base, remove_one, 16, FTW_PHYS | FTW_DEPTH) == 0);
	(void)close(first);
	(void)close(again);
	(void)close(last);
	return 0;
}

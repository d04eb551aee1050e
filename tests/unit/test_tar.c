// SPDX-License-Identifier: GPL-2.0-or-later
/* rootfs/tar.h: headers by the byte, and pax records only where they are needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "rootfs/tar.h"

static char out[16384];
static size_t out_len;

static int keep(void *data, const void *bytes, size_t size, struct err *e)
{
	(void)data;
	(void)e;
	assert_true(out_len + size <= sizeof(out));
	memcpy(out + out_len, bytes, size);
	out_len += size;
	return 0;
}

static const struct tar_sink sink = { keep, NULL };

static void write_entry(const struct tar_entry *t)
{
	struct err e = ERR_INIT;

	memset(out, 0, sizeof(out));
	out_len = 0;
	assert_int_equal(tar_header(&sink, t, &e), 0);
}

static void test_plain(void **state)
{
	struct tar_entry t = { .type = TAR_FILE,
			       .path = "dir/file",
			       .mode = S_ISUID | 0755,
			       .uid = 1000,
			       .gid = 8,
			       .size = 9,
			       .mtime = 1700000000 };

	(void)state;
	write_entry(&t);
	assert_int_equal(out_len, 512);
	assert_string_equal(out, "dir/file");
	assert_string_equal(out + 100, "0004755");
	assert_string_equal(out + 108, "0001750");
	assert_string_equal(out + 116, "0000010");
	assert_string_equal(out + 124, "00000000011");
	assert_string_equal(out + 136, "14524770400");
	assert_int_equal(out[156], '0');
	assert_memory_equal(out + 257,
			    "ustar\0"
			    "00",
			    8);
	assert_string_equal(out + 329, "0000000");
}

/* The records in front of the header, as text. */
static const char *records(const struct tar_entry *t)
{
	write_entry(t);
	assert_int_equal(out[156], 'x');
	assert_int_equal(out_len, 1536);
	return out + 512;
}

static void test_records(void **state)
{
	char name[] = "user.k", value[] = "v";
	const struct tar_xattr x = { name, value, 1 };
	struct tar_entry t = {
		.type = TAR_FILE, .path = "f", .nanoseconds = 500000000, .mtime = 1
	};

	(void)state;
	assert_string_equal(records(&t), "13 mtime=1.5\n");
	t.mtime = -2; /* and half a second: -1.5 */
	assert_string_equal(records(&t), "14 mtime=-1.5\n");
	t.nanoseconds = 0;
	assert_string_equal(records(&t), "12 mtime=-2\n");
	t.mtime = 0;
	t.uid = 2097152;
	t.size = UINT64_C(8) << 30;
	assert_string_equal(records(&t), "19 size=8589934592\n15 uid=2097152\n");
	t.uid = t.size = 0;
	t.xattrs = &x;
	t.xattr_count = 1;
	assert_string_equal(records(&t), "25 SCHILY.xattr.user.k=v\n");
	t.xattr_count = 0;
	t.path = "\xc3\xa9";
	assert_string_equal(records(&t), "11 path=\xc3\xa9\n");
	t.path = "\xe9"; /* no UTF-8 */
	assert_string_equal(records(&t), "21 hdrcharset=BINARY\n9 path=\xe9\n");
}

/* A record whose length needs one digit more because of that digit. */
static void test_record_length(void **state)
{
	char name[] = "user.k", value[80];
	const struct tar_xattr x = { name, value, 75 };
	const struct tar_entry t = {
		.type = TAR_FILE, .path = "f", .xattrs = &x, .xattr_count = 1
	};

	(void)state;
	memset(value, 'v', sizeof(value));
	assert_memory_equal(records(&t), "99 SCHILY", 9);
	assert_int_equal(out[512 + 98], '\n');
	{
		const struct tar_xattr longer = { name, value, 76 };
		const struct tar_entry u = {
			.type = TAR_FILE, .path = "f", .xattrs = &longer, .xattr_count = 1
		};

		assert_memory_equal(records(&u), "101 SCHILY", 10);
		assert_int_equal(out[512 + 100], '\n');
	}
}

/* Up to 100 bytes in the name, up to 155 more before a slash in the prefix; else a record. */
static void test_long_names(void **state)
{
	char path[300];
	struct tar_entry t = { .type = TAR_FILE, .path = path };

	(void)state;
	memset(path, 'n', sizeof(path));
	path[100] = '\0';
	write_entry(&t);
	assert_int_equal(out_len, 512);
	path[100] = 'n';
	path[101] = '\0';
	assert_memory_equal(records(&t), "111 path=nn", 11);
	path[60] = '/';
	write_entry(&t);
	assert_int_equal(out_len, 512);
	assert_int_equal(strlen(out + 345), 60);
	assert_int_equal(strlen(out), 40);
}

static void test_end(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	out_len = 0;
	assert_int_equal(tar_pad(&sink, 512, &e), 0);
	assert_int_equal(out_len, 0);
	assert_int_equal(tar_pad(&sink, 513, &e), 0);
	assert_int_equal(out_len, 511);
	assert_int_equal(tar_end(&sink, &e), 0);
	assert_int_equal(out_len, 511 + 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	      cmocka_unit_test(test_records),
		cmocka_unit_test(test_record_length), cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * security/security.h, the cache of compiled filters: an entry that was tampered with, cut, or made
 * by somebody else is never used. An entry that was changed together with its checksum is used: that
 * is how these tests see whether the cache was asked at all.
 */
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
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "security/security.h"
#include "util/cleanup.h"
#include "util/io.h"

enum {
	HEADER = 32,
	SUM_AT = 24,
	KEY_SIZE_AT = 8,
	MAX_ENTRY = 65536
};

#define PROFILE                                                                                    \
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"getpid\"],\"action\":"  \
	"\"SCMP_ACT_ALLOW\"}]}"

struct fixture {
	char path[64];
	int root, cache;	 /* descriptors of the state root and of .cache/seccomp */
	char name[NAME_MAX + 1]; /* of the entry */
	struct oci_spec *spec;
	struct seccomp_filter good;
	char entry[MAX_ENTRY];
	size_t size;
};

static struct oci_spec *decode(const char *profile)
{
	char text[1024];
	struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;

	(void)snprintf(
		text, sizeof(text),
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"linux\":{\"seccomp\":%s}}",
		profile);
	assert_int_equal(oci_spec_decode(text, strlen(text), &spec, &e), 0);
	return spec;
}

static struct seccomp_filter load(const struct fixture *x, const struct oci_spec *spec)
{
	struct seccomp_filter f = { 0 };
	struct err e = ERR_INIT;

	if (security_filter_load(&spec->linux_.seccomp, x->root, &f, &e) < 0)
		fail_msg("%s", e.text);
	return f;
}

/* Names in @dir, the last one copied into @name. */
static int entries(int dir, char *name)
{
	DIR *d = fdopendir(openat(dir, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC));
	int n = 0;

	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (name)
			(void)snprintf(name, NAME_MAX + 1, "%s", e->d_name);
		n++;
	}
	(void)closedir(d);
	return n;
}

static void read_entry(struct fixture *x)
{
	cleanup_fd int fd = openat(x->cache, x->name, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, x->entry, sizeof(x->entry));

	assert_in_range(n, HEADER + 1, MAX_ENTRY - 1);
	x->size = (size_t)n;
}

static void write_entry(const struct fixture *x, const char *data, size_t size)
{
	cleanup_fd int fd =
		openat(x->cache, x->name, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, data, size), 0);
}

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	if (!x)
		return -1;
	(void)snprintf(x->path, sizeof(x->path), "/tmp/ctr-test-seccomp-XXXXXX");
	if (!mkdtemp(x->path))
		return -1;
	x->root = open(x->path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	x->spec = decode(PROFILE);
	x->good = load(x, x->spec);
	x->cache = openat(x->root, ".cache/seccomp", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	*state = x;
	if (x->root < 0 || x->cache < 0 || entries(x->cache, x->name) != 1)
		return -1;
	read_entry(x);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;
	char line[128];

	security_filter_free(&x->good);
	oci_spec_free(x->spec);
	(void)close(x->cache);
	(void)close(x->root);
	(void)snprintf(line, sizeof(line), "rm -rf %s", x->path);
	free(x);
	return system(line);
}

static uint64_t fnv(const void *data, size_t size)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < size; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h;
}

/* Give the entry another filter, with the right checksum. Byte 4 of it tells. */
static void plant(const struct fixture *x, char *entry)
{
	uint64_t key, sum;
	size_t at;

	memcpy(entry, x->entry, x->size);
	memcpy(&key, entry + KEY_SIZE_AT, sizeof(key));
	at = HEADER + key;
	entry[at + 4] = (char)~entry[at + 4];
	sum = fnv(entry + at, x->size - at);
	memcpy(entry + SUM_AT, &sum, sizeof(sum));
}

static bool is_good(const struct fixture *x, const struct seccomp_filter *f)
{
	return f->size == x->good.size && memcmp(f->data, x->good.data, f->size) == 0 &&
	       f->flags == x->good.flags;
}

/* Load again: true when the result is what the compiler makes. */
static bool loads_good(const struct fixture *x)
{
	struct seccomp_filter f = load(x, x->spec);
	bool good = is_good(x, &f);

	security_filter_free(&f);
	return good;
}

static void test_second(void **state)
{
	struct fixture *x = *state;
	struct stat st;

	assert_true(loads_good(x));
	assert_true(loads_good(x));
	assert_int_equal(entries(x->cache, NULL), 1);
	assert_int_equal(fstat(x->cache, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(fstatat(x->cache, x->name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
}

/* The cache is asked indeed: otherwise all the tests below would prove nothing. */
static void test_is_used(void **state)
{
	struct fixture *x = *state;
	char planted[MAX_ENTRY];

	plant(x, planted);
	write_entry(x, planted, x->size);
	assert_false(loads_good(x));
}

static void test_truncated(void **state)
{
	struct fixture *x = *state;

	for (size_t size = 0; size < x->size; size++) {
		write_entry(x, x->entry, size);
		if (!loads_good(x))
			fail_msg("an entry of %zu bytes was used", size);
	}
	/* each time it was replaced by a whole one */
	read_entry(x);
	assert_true(loads_good(x));
	assert_int_equal(entries(x->cache, NULL), 1);
}

static void test_longer(void **state)
{
	struct fixture *x = *state;

	memset(x->entry + x->size, 0, 16);
	for (size_t more = 1; more <= 16; more++) {
		write_entry(x, x->entry, x->size + more);
		assert_true(loads_good(x));
	}
}

static void test_corrupted(void **state)
{
	struct fixture *x = *state;
	char copy[MAX_ENTRY];

	for (size_t i = 0; i < x->size; i++) {
		memcpy(copy, x->entry, x->size);
		copy[i] = (char)(copy[i] ^ (1 << i % 8));
		write_entry(x, copy, x->size);
		if (!loads_good(x))
			fail_msg("an entry with byte %zu changed was used", i);
	}
}

/* The file name is a digest and could collide: an entry for another profile, whole and valid. */
static void test_other_key(void **state)
{
	struct fixture *x = *state;
	struct oci_spec *other = decode("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
	struct seccomp_filter f = load(x, other);
	DIR *d = NULL;

	assert_false(is_good(x, &f));
	assert_int_equal(entries(x->cache, NULL), 2);
	d = fdopendir(openat(x->cache, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC));
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && strcmp(e->d_name, x->name) != 0)
			assert_int_equal(renameat(x->cache, e->d_name, x->cache, x->name), 0);
	(void)closedir(d);
	assert_true(loads_good(x));
	security_filter_free(&f);
	oci_spec_free(other);
}

/* The same profile written in another way is another key: compiled again, same filter. */
static void test_spelling(void **state)
{
	struct fixture *x = *state;
	struct oci_spec *other = decode(PROFILE " ");
	struct oci_spec *spaced = decode(
		"{ \"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"getpid\"],"
		"\"action\":\"SCMP_ACT_ALLOW\"}]}");
	struct seccomp_filter f = load(x, other), g = load(x, spaced);

	assert_true(is_good(x, &f));
	assert_true(is_good(x, &g));
	assert_int_equal(entries(x->cache, NULL), 2);
	security_filter_free(&f);
	security_filter_free(&g);
	oci_spec_free(other);
	oci_spec_free(spaced);
}

static void test_foreign_owner(void **state)
{
	struct fixture *x = *state;
	char planted[MAX_ENTRY];

	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	plant(x, planted);
	write_entry(x, planted, x->size);
	assert_int_equal(fchownat(x->cache, x->name, 65534, 65534, 0), 0);
	assert_true(loads_good(x));
	/* a directory of somebody else: nothing is read from it and nothing written to it */
	write_entry(x, planted, x->size);
	assert_int_equal(fchown(x->cache, 65534, 65534), 0);
	assert_true(loads_good(x));
}

static void test_writable_by_others(void **state)
{
	static const mode_t modes[] = { 0602, 0620, 0666 };
	struct fixture *x = *state;
	char planted[MAX_ENTRY];

	plant(x, planted);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_entry(x, planted, x->size);
		assert_int_equal(fchmodat(x->cache, x->name, modes[i], 0), 0);
		if (!loads_good(x))
			fail_msg("an entry of mode %o was used", modes[i]);
	}
	for (size_t i = 0; i < 2; i++) {
		write_entry(x, planted, x->size);
		assert_int_equal(fchmod(x->cache, i ? 0720 : 0702), 0);
		assert_true(loads_good(x));
	}
	assert_int_equal(fchmod(x->cache, 0700), 0);
	assert_int_equal(fchmodat(x->root, ".cache", 0777, 0), 0);
	assert_true(loads_good(x));
}

static void test_not_a_file(void **state)
{
	struct fixture *x = *state;
	char planted[MAX_ENTRY];
	struct stat st;

	plant(x, planted);
	write_entry(x, planted, x->size);
	assert_int_equal(renameat(x->cache, x->name, x->root, "elsewhere"), 0);
	assert_int_equal(symlinkat("../../elsewhere", x->cache, x->name), 0);
	assert_true(loads_good(x));
	assert_int_equal(fstatat(x->cache, x->name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(
		st.st_mode)); /* replaced, and the file behind the link was not written to */
	assert_int_equal(fstatat(x->root, "elsewhere", &st, 0), 0);
	assert_int_equal(st.st_size, x->size);
	assert_int_equal(unlinkat(x->cache, x->name, 0), 0);
	assert_int_equal(mkdirat(x->cache, x->name, 0700), 0);
	assert_true(loads_good(x));
	assert_int_equal(entries(x->cache, NULL), 1); /* and no temporary file is left */
}

/* A fifo in the entry's place must not stop us. */
static void test_fifo(void **state)
{
	struct fixture *x = *state;

	assert_int_equal(unlinkat(x->cache, x->name, 0), 0);
	assert_int_equal(mkfifoat(x->cache, x->name, 0600), 0);
	(void)alarm(20);
	assert_true(loads_good(x));
	(void)alarm(0);
}

static void test_symlinked_dir(void **state)
{
	struct fixture *x = *state;
	char planted[MAX_ENTRY];

	plant(x, planted);
	write_entry(x, planted, x->size);
	assert_int_equal(renameat(x->root, ".cache", x->root, "moved"), 0);
	assert_int_equal(symlinkat("moved", x->root, ".cache"), 0);
	assert_true(loads_good(x));
}

/* A cache that cannot be used never fails the operation. */
static void test_unusable(void **state)
{
	struct fixture *x = *state;
	struct seccomp_filter f = { 0 };
	struct err e = ERR_INIT;

	assert_int_equal(unlinkat(x->cache, x->name, 0), 0);
	assert_int_equal(unlinkat(x->root, ".cache/seccomp", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(x->root, ".cache", AT_REMOVEDIR), 0);
	(void)close(openat(x->root, ".cache", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_true(loads_good(x));
	assert_int_equal(security_filter_load(&x->spec->linux_.seccomp, -EBADF, &f, &e), 0);
	assert_true(is_good(x, &f));
	security_filter_free(&f);
	assert_int_equal(security_filter_load(&x->spec->linux_.seccomp, 1000, &f, &e), 0);
	assert_true(is_good(x, &f));
	security_filter_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_second, setup, teardown),
		cmocka_unit_test_setup_teardown(test_is_used, setup, teardown),
		cmocka_unit_test_setup_teardown(test_truncated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_longer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_corrupted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spelling, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writable_by_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fifo, setup, teardown),
		cmocka_unit_test_setup_teardown(test_symlinked_dir, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unusable, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

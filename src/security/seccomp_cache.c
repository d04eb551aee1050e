// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compiled filters kept between runs: compiling takes milliseconds, loading a blob microseconds.
 * An entry holds its whole key, so that a wrong digest or a torn file can never yield a wrong filter.
 */
#include "security/security.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "util/cleanup.h"
#include "util/kernel.h"
#include "config.h"

enum {
	CACHE_MAGIC = 0x43505243,
	CACHE_FORMAT = 3, /* also when ctr makes another filter of the same profile */
	MAX_ENTRY = 32 * 1024 * 1024
};

struct cache_header {
	uint32_t magic, format;
	uint64_t key_size, filter_size, filter_sum;
};

struct cache_key {
	char *data;
	size_t size;
};

/* FNV-1a, 64 bit: names files and detects torn ones; trust comes from comparing the key. */
static uint64_t fnv(const void *data, size_t size)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < size; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h;
}

/*
 * Which libseccomp: its file, which another version would replace, so that the small program finds what the whole one has
 * compiled without having the library. Where that is elsewhere, only the whole one can tell.
 */
static int identify_library(char *buf, size_t size)
{
	struct stat st;
	int n;

	if (stat(SECCOMP_FILE, &st) < 0)
		return security_library_version(buf, size);
	n = snprintf(buf, size, "%ju:%ju %jd %jd.%09ld", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
		     (intmax_t)st.st_size, (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	return n < 0 || (size_t)n >= size ? -ENOSPC : 0;
}

static int make_key(const struct oci_seccomp *s, struct cache_key *ret)
{
	char head[512], library[128];
	struct utsname u;
	int n = identify_library(library, sizeof(library));

	if (n < 0)
		return n;
	if (uname(&u) < 0)
		return -errno;
	n = snprintf(head, sizeof(head), "%d libseccomp %s linux %s %s\n", CACHE_FORMAT, library,
		     u.release, u.machine);
	if (n < 0 || (size_t)n >= sizeof(head))
		return -EINVAL;
	ret->size = (size_t)n + s->raw_len;
	ret->data = malloc(ret->size);
	if (!ret->data)
		return -ENOMEM;
	memcpy(ret->data, head, (size_t)n);
	memcpy(ret->data + n, s->raw, s->raw_len);
	return 0;
}

static bool header_fits(const struct cache_header *h, const struct cache_key *key, off_t size)
{
	return h->magic == CACHE_MAGIC && h->format == CACHE_FORMAT && h->key_size == key->size &&
	       h->filter_size > 0 && h->filter_size <= 4096 * 8 && h->filter_size % 8 == 0 &&
	       size == (off_t)(sizeof(*h) + h->key_size + h->filter_size);
}

/* The entry's filter if it is whole and for this very key; -ENOENT otherwise. */
static int cache_get(int dir, const char *name, const struct cache_key *key,
		     struct seccomp_filter *ret)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *entry = NULL;
	const struct cache_header *h;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & 022 || st.st_size < (off_t)sizeof(*h) || st.st_size > MAX_ENTRY)
		return -ENOENT;
	entry = malloc((size_t)st.st_size);
	if (!entry || read(fd, entry, (size_t)st.st_size) != (ssize_t)st.st_size)
		return -ENOENT;
	h = (const struct cache_header *)(const void *)entry;
	if (!header_fits(h, key, st.st_size) ||
	    memcmp(entry + sizeof(*h), key->data, key->size) != 0 ||
	    fnv(entry + sizeof(*h) + key->size, h->filter_size) != h->filter_sum)
		return -ENOENT;
	ret->data = malloc(h->filter_size);
	if (!ret->data)
		return -ENOMEM;
	ret->size = h->filter_size;
	memcpy(ret->data, entry + sizeof(*h) + key->size, ret->size);
	return 0;
}

static bool write_all(int fd, const void *data, size_t size)
{
	return write(fd, data, size) == (ssize_t)size;
}

/* Best effort: a filter that is not cached is compiled again next time. */
static void cache_put(int dir, const char *name, const struct cache_key *key,
		      const struct seccomp_filter *f)
{
	struct cache_header h = { CACHE_MAGIC, CACHE_FORMAT, key->size, f->size,
				  fnv(f->data, f->size) };
	char tmp[64];
	cleanup_fd int fd = -EBADF;

	(void)snprintf(tmp, sizeof(tmp), ".%s.%d", name, (int)getpid());
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (!write_all(fd, &h, sizeof(h)) || !write_all(fd, key->data, key->size) ||
	    !write_all(fd, f->data, f->size) || renameat(dir, tmp, dir, name) < 0)
		(void)unlinkat(dir, tmp, 0);
}

/* Usually it is there; made when it is not. */
static int open_or_make(int parent, const char *name)
{
	const int how = O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent, name, how);

	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
			return -errno;
		fd = openat(parent, name, how);
	}
	return fd < 0 ? -errno : fd;
}

static int open_dir(int parent, const char *name)
{
	int fd = open_or_make(parent, name);
	struct stat st;

	if (fd < 0)
		return fd;
	/* a directory that others can write to is no cache of ours */
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || st.st_mode & 022) {
		(void)close(fd);
		return -EPERM;
	}
	return fd;
}

static int open_cache(int root_fd)
{
	cleanup_fd int parent = -EBADF;

	if (root_fd < 0)
		return -ENOENT;
	parent = open_dir(root_fd, ".cache");
	return parent < 0 ? parent : open_dir(parent, "seccomp");
}

static bool notifies(const struct oci_seccomp *s)
{
	for (size_t i = 0; i < s->syscalls.count; i++)
		if (s->syscalls.items[i].action == SCMP_ACT_NOTIFY)
			return true;
	return false;
}

static void set_flags(const struct oci_seccomp *s, struct seccomp_filter *f)
{
	f->flags = s->flags & ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC; /* init has one thread */
	/* runc's default, which engines count on, when the profile says nothing (checklist 1.8) */
	if (!s->has_flags)
		f->flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	if (notifies(s))
		f->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else /* it means something only together with a listener; the kernel refuses it alone */
		f->flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
}

int security_filter_load(const struct oci_seccomp *s, int root_fd, struct seccomp_filter *ret,
			 struct err *e)
{
	cleanup_fd int dir = -EBADF;
	struct cache_key key = { 0 };
	char name[24];
	int r;

	if (!s->set)
		return 0;
	dir = open_cache(root_fd);
	r = dir < 0 ? dir : make_key(s, &key);
	if (r == 0) {
		(void)snprintf(name, sizeof(name), "%016" PRIx64, fnv(key.data, key.size));
		r = cache_get(dir, name, &key, ret);
	}
	if (r < 0) {
		r = security_filter_compile(s, ret, e);
		if (r == 0 && dir >= 0 && key.data)
			cache_put(dir, name, &key, ret);
	}
	free(key.data);
	if (r == 0)
		set_flags(s, ret);
	return r;
}

int security_filter_outline(const struct oci_seccomp *s, struct seccomp_filter *ret)
{
	if (!s->set)
		return 0;
	ret->size = sizeof(struct sock_filter);
	ret->data = calloc(1, ret->size);
	if (!ret->data)
		return -ENOMEM;
	set_flags(s, ret);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading archives, which come from anywhere: each entry is what the manifest says comes next, or the end. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "checkpoint/archive.h"
#include "checkpoint/archive_names.h"
#include "checkpoint/images.h"
#include "rootfs/archive.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)

/* Of all that is unpacked: that, and so many times what was read. */
#define SIZE_BASE   (1ULL << 30)
#define SIZE_FACTOR 1100ULL

struct archive {
	struct inflate *in;
	struct tar_reader *tar;
	struct tar_item item; /* the next entry, already read */
	bool have_item;
	struct archive_manifest manifest;
	const struct json_node *files;
};

const struct archive_manifest *archive_manifest(const struct archive *a)
{
	return &a->manifest;
}

void archive_close(struct archive *a)
{
	if (!a)
		return;
	tar_reader_close(a->tar);
	inflate_close(a->in);
	arena_free(&a->manifest.arena);
	free(a);
}

static int damaged(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int damaged(struct err *e, const char *fmt, ...)
{
	char why[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	err_set(e, ERR_STATE, 0, "the archive is damaged: %s", why);
	return -EBADMSG;
}

static int refused(struct err *e, const char *name, const char *why)
{
	err_set(e, ERR_STATE, 0, "'%.150s' in the archive: %s", name, why);
	return -EBADMSG;
}

/* ---- entries ---- */

static int next_item(struct archive *a, struct err *e)
{
	int r;

	if (a->have_item)
		return 1;
	r = tar_reader_next(a->tar, &a->item, e);
	a->have_item = r > 0;
	return r;
}

/* The next entry is the plain file @name. */
static int expect(struct archive *a, const char *name, struct err *e)
{
	const struct tar_entry *t = &a->item.entry;
	int r = next_item(a, e);

	if (r < 0)
		return r;
	if (r == 0)
		return damaged(e, "it ends in front of '%s'", name);
	if (strcmp(t->path, name) != 0)
		return refused(e, t->path, "it is not what the manifest says comes next");
	if (t->type != TAR_FILE)
		return refused(e, t->path, "it is not a regular file");
	if (t->xattr_count)
		return refused(e, t->path, "it has extended attributes");
	a->have_item = false;
	return 0;
}

/* The contents of the current entry, of which all must come, in order. */
struct taking {
	struct archive *a;
	const char *name;
	uint64_t size;
	int (*take)(struct taking *t, const void *bytes, size_t n, struct err *e);
	char *text; /* or */
	int fd;
	struct digest *digest;
};

static int take_contents(struct taking *t, struct err *e)
{
	const void *bytes;
	uint64_t offset, have = 0;
	size_t n;
	int r;

	while ((r = tar_reader_data(t->a->tar, &bytes, &n, &offset, e)) > 0) {
		if (offset != have)
			return refused(e, t->name, "it has holes");
		if (n > t->size - have)
			return refused(e, t->name, "it is longer than it says");
		r = t->take(t, bytes, n, e);
		if (r < 0)
			return r;
		have += n;
	}
	if (r == 0 && have != t->size)
		return damaged(e, "'%s' is cut off", t->name);
	return r;
}

static int into_text(struct taking *t, const void *bytes, size_t n, struct err *e)
{
	(void)e;
	memcpy(t->text, bytes, n);
	t->text += n;
	return 0;
}

static int read_text(struct archive *a, const char *name, uint64_t max, char **ret,
		     size_t *ret_size, struct err *e)
{
	struct taking t = { .a = a, .name = name, .take = into_text };
	cleanup_free char *text = NULL;
	int r = expect(a, name, e);

	if (r < 0)
		return r;
	t.size = a->item.entry.size;
	if (t.size > max)
		return refused(e, name, "it is too large");
	text = calloc(1, t.size + 1);
	if (!text)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read '%s'", name);
	t.text = text;
	r = take_contents(&t, e);
	if (r < 0)
		return r;
	*ret = take_ptr(text);
	*ret_size = (size_t)t.size;
	return 0;
}

/* ---- the manifest ---- */

static const char *string_of(const struct json_node *object, const char *key)
{
	const struct json_node *n = json_member(object, key);

	return n && n->type == JSON_STRING && strlen(n->text) == n->len ? n->text : NULL;
}

/* What is only shown is made fit for that. */
static int shown(struct archive_manifest *m, const struct json_node *root, const char *key,
		 const char **ret, struct err *e)
{
	const char *text = string_of(root, key);
	char *copy;

	if (!text)
		return 0;
	copy = arena_memdup(&m->arena, text, strnlen(text, 512));
	if (!copy)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the manifest");
	err_printable(copy);
	*ret = copy;
	return 0;
}

static bool number(const char **at, size_t max, size_t *ret)
{
	size_t n = 0;

	if (**at < '0' || **at > '9' || (**at == '0' && (*at)[1] >= '0' && (*at)[1] <= '9'))
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		n = n * 10 + (size_t)(**at - '0');
		if (n >= max)
			return false;
	}
	*ret = n;
	return true;
}

/* What a file may be called; how many layers and parents there are, follows from it. */
static bool name_is_good(struct archive_manifest *m, const char *name)
{
	size_t n;

	if (strncmp(name, "images/", 7) == 0)
		return images_name_is_known(name + 7);
	if (strncmp(name, "parents/", 8) == 0) {
		name += 8;
		if (!number(&name, ARCHIVE_PARENTS_MAX, &n) || *name != '/' ||
		    !images_name_is_known(name + 1) || n > m->parent_count)
			return false;
		m->parent_count = n == m->parent_count ? n + 1 : m->parent_count;
		return true;
	}
	if (strncmp(name, "rootfs/", 7) == 0) {
		name += 7;
		if (!number(&name, ARCHIVE_LAYERS_MAX, &n) || strcmp(name, ".tar") != 0 ||
		    n != m->layer_count)
			return false;
		m->layer_count++;
		return true;
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_twice(const struct archive_manifest *m, struct err *e)
{
	cleanup_free const char **names = calloc(m->file_count + 1, sizeof(*names));

	if (!names)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the manifest");
	for (size_t i = 0; i < m->file_count; i++)
		names[i] = m->files[i].name;
	qsort(names, m->file_count, sizeof(*names), by_name);
	for (size_t i = 1; i < m->file_count; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			return refused(e, names[i], "it is there twice");
	return 0;
}

static int read_file_entry(struct archive_manifest *m, const struct json_node *n, struct err *e)
{
	struct archive_file *f = &m->files[m->file_count];
	const struct json_node *size = json_member(n, "size");

	f->name = string_of(n, "name");
	f->digest = string_of(n, "digest");
	if (!f->name || !f->digest || !digest_is_valid(f->digest) || !size ||
	    json_to_u64(size, INT64_MAX, &f->size) < 0)
		return damaged(e, "its manifest describes file %zu wrongly", m->file_count);
	if (m->file_count == 0 ? strcmp(f->name, ARCHIVE_CONFIG) != 0 : !name_is_good(m, f->name))
		return refused(e, f->name, "no file of a checkpoint is called so, or not here");
	m->size += f->size;
	if (m->size > INT64_MAX)
		return damaged(e, "its files are too large");
	m->file_count++;
	return 0;
}

static int read_files(struct archive_manifest *m, const struct json_node *root, struct err *e)
{
	const struct json_node *files = json_member(root, "files");
	int r = 0;

	if (!files || files->type != JSON_ARRAY || !files->count ||
	    files->count > ARCHIVE_FILES_MAX)
		return damaged(e, "its manifest lists no files, or too many");
	m->files = arena_array(&m->arena, files->count, sizeof(*m->files));
	if (!m->files)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the manifest");
	json_for_each (n, files) {
		r = read_file_entry(m, n, e);
		if (r < 0)
			return r;
	}
	return check_twice(m, e);
}

static int read_description(struct archive_manifest *m, const struct json_node *root, struct err *e)
{
	const struct {
		const char *key;
		const char **to;
	} all[] = {
		{ "container", &m->container },
		{ "created", &m->created },
		{ "ctr", &m->ctr },
		{ "criu", &m->criu },
		{ "kernel", &m->kernel },
		{ "architecture", &m->architecture },
		{ "cpu", &m->cpu },
		{ "network", &m->network },
		{ "token", &m->token },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(all); i++)
		r = shown(m, root, all[i].key, all[i].to, e);
	return r;
}

static int parse_manifest(struct archive_manifest *m, struct err *e)
{
	const struct json_node *root, *version;
	uint64_t n;
	int r = json_parse(&m->arena, m->text, m->text_size, ARCHIVE_MANIFEST, &root, e);

	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	version = json_member(root, "version");
	if (!version || json_to_u64(version, UINT64_MAX, &n) < 0)
		return damaged(e, "its manifest has no version");
	if (n != ARCHIVE_VERSION) {
		err_set(e, ERR_UNSUPPORTED, 0, "the archive was written by a newer version of ctr");
		return -EBADMSG;
	}
	r = read_description(m, root, e);
	return r < 0 ? r : read_files(m, root, e);
}

static int read_manifest(struct archive *a, struct err *e)
{
	struct archive_manifest *m = &a->manifest;
	cleanup_(digest_freep) struct digest *d = NULL;
	cleanup_free char *text = NULL;
	int r = read_text(a, ARCHIVE_MANIFEST, ARCHIVE_MANIFEST_MAX, &text, &m->text_size, e);

	if (r < 0) {
		(void)err_wrap(e, "this is no checkpoint's archive"); /* the code stays */
		return r;
	}
	m->text = arena_memdup(&m->arena, text, m->text_size);
	r = m->text ? digest_new(&d, e) : err_set(e, ERR_SYSTEM, ENOMEM, "read the manifest");
	if (r < 0)
		return r;
	digest_update(d, m->text, m->text_size);
	digest_finish(d, m->digest);
	return parse_manifest(m, e);
}

static int parse_signature(struct archive_manifest *m, const char *text, size_t size, struct err *e)
{
	const struct json_node *root;
	const char *algorithm;
	int r = json_parse(&m->arena, text, size, ARCHIVE_SIGNATURE, &root, e);

	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	algorithm = string_of(root, "algorithm");
	for (int i = SEAL_ED25519; algorithm && i <= SEAL_HMAC; i++)
		if (strcmp(seal_names[i], algorithm) == 0)
			m->signature = (enum seal_kind)i;
	m->signature_value = string_of(root, "value");
	if (!m->signature || !m->signature_value)
		return damaged(e, "its signature is of no kind that is known");
	return shown(m, root, "key", &m->signature_key, e);
}

static int read_signature(struct archive *a, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	int r = next_item(a, e);

	if (r <= 0 || strcmp(a->item.entry.path, ARCHIVE_SIGNATURE) != 0)
		return r < 0 ? r : 0;
	r = read_text(a, ARCHIVE_SIGNATURE, ARCHIVE_SIGNATURE_MAX, &text, &size, e);
	return r < 0 ? r : parse_signature(&a->manifest, text, size, e);
}

int archive_open(int fd, struct archive **ret, struct err *e)
{
	cleanup_(archive_closep) struct archive *a = calloc(1, sizeof(*a));
	int r = a ? inflate_open(fd, &a->in, e)
		  : err_set(e, ERR_SYSTEM, ENOMEM, "read the archive");

	if (r == 0)
		r = tar_reader_open(a->in, NULL, &a->tar, e);
	if (r == 0)
		r = read_manifest(a, e);
	if (r == 0)
		r = read_signature(a, e);
	if (r < 0)
		return r;
	*ret = take_ptr(a);
	return 0;
}

int archive_verify(const struct archive *a, const struct seal_key *key, struct err *e)
{
	const struct archive_manifest *m = &a->manifest;

	if (!m->signature) {
		err_set(e, ERR_STATE, 0, "the archive is not signed");
		return -EBADMSG;
	}
	if (m->signature != key->kind) {
		err_set(e, ERR_STATE, 0, "the archive is signed by %s, the key is for %s",
			seal_names[m->signature], seal_names[key->kind]);
		return -EBADMSG;
	}
	return seal_verify(key, m->text, m->text_size, m->signature_value, e);
}

/* ---- unpacking ---- */

static int into_file(struct taking *t, const void *bytes, size_t n, struct err *e)
{
	int r = io_write_all(t->fd, bytes, n);

	digest_update(t->digest, bytes, n);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "unpack '%s'", t->name) : 0;
}

static int make_directory(int dir, const char *path, struct err *e)
{
	if (mkdirat(dir, path, 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_SYSTEM, errno, "unpack '%s'", path);
	return 0;
}

/* The names are those of name_is_good: at most two directories deep. */
static int make_file(int dir, const char *name, struct err *e)
{
	char path[ARCHIVE_NAME_MAX];
	int r = 0, fd;

	if (snprintf(path, sizeof(path), "%s", name) >= (int)sizeof(path))
		return err_set(e, ERR_SYSTEM, ENAMETOOLONG, "unpack '%s'", name);
	for (char *slash = path; r == 0 && (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		r = make_directory(dir, path, e);
		*slash = '/';
	}
	if (r < 0)
		return r;
	fd = kernel_openat2(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, BENEATH);
	return fd < 0 ? err_set(e, ERR_SYSTEM, -fd, "unpack '%s'", name) : fd;
}

static int check_ratio(const struct archive *a, uint64_t done, struct err *e)
{
	if (done <= SIZE_BASE + SIZE_FACTOR * inflate_consumed(a->in))
		return 0;
	err_set(e, ERR_STATE, 0, "the archive is refused: its files are far larger than itself");
	return -EBADMSG;
}

static int unpack_file(struct archive *a, int dir, const struct archive_file *f, struct err *e)
{
	cleanup_(digest_freep) struct digest *d = NULL;
	cleanup_fd int fd = -EBADF;
	struct taking t = { .a = a, .name = f->name, .size = f->size, .take = into_file };
	char digest[DIGEST_TEXT];
	int r = expect(a, f->name, e);

	if (r == 0 && a->item.entry.size != f->size)
		return refused(e, f->name, "its size is not that of the manifest");
	if (r == 0)
		r = digest_new(&d, e);
	if (r < 0)
		return r;
	fd = make_file(dir, f->name, e);
	if (fd < 0)
		return fd;
	t.fd = fd;
	t.digest = d;
	r = take_contents(&t, e);
	if (r < 0)
		return r;
	digest_finish(d, digest);
	if (strcmp(digest, f->digest) != 0)
		return refused(e, f->name, "its digest is not that of the manifest");
	return 0;
}

/* Where images look for what they are based on. */
static int link_parents(const struct archive *a, int dir, struct err *e)
{
	for (size_t i = 0; i < a->manifest.parent_count; i++) {
		char path[64], target[64];

		if (i == 0)
			(void)snprintf(path, sizeof(path), "images/parent");
		else
			(void)snprintf(path, sizeof(path), "parents/%zu/parent", i - 1);
		(void)snprintf(target, sizeof(target), "../%s%zu", i ? "" : "parents/", i);
		if (symlinkat(target, dir, path) < 0)
			return err_set(e, ERR_SYSTEM, errno, "unpack the archive");
	}
	return 0;
}

static int check_space(const struct archive *a, int dir, struct err *e)
{
	struct statvfs v;

	if (fstatvfs(dir, &v) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at the data root");
	if (v.f_frsize && a->manifest.size / v.f_frsize > v.f_bavail) {
		err_set(e, ERR_SYSTEM, ENOSPC, "unpack %" PRIu64 " bytes", a->manifest.size);
		err_hint(e, "below the data root are %" PRIu64 " free: see --data-root",
			 (uint64_t)v.f_bavail * v.f_frsize);
		return -ENOSPC;
	}
	return 0;
}

static int expect_end(struct archive *a, struct err *e)
{
	int r = next_item(a, e);

	if (r > 0)
		return refused(e, a->item.entry.path, "the manifest does not have it");
	return r < 0 ? r : tar_reader_drain(a->tar, e);
}

int archive_unpack(struct archive *a, int dir, void (*told)(void *data, uint64_t bytes), void *data,
		   struct err *e)
{
	const struct archive_manifest *m = &a->manifest;
	uint64_t done = 0;
	int r = check_space(a, dir, e);

	if (r == 0)
		r = make_directory(dir, "images", e);
	for (size_t i = 0; r == 0 && i < m->file_count; i++) {
		r = unpack_file(a, dir, &m->files[i], e);
		done += m->files[i].size;
		if (r == 0)
			r = check_ratio(a, done, e);
		if (told)
			told(data, inflate_consumed(a->in));
	}
	if (r == 0)
		r = expect_end(a, e);
	return r < 0 ? r : link_parents(a, dir, e);
}

int archive_config(struct archive *a, char **ret, size_t *ret_size, struct err *e)
{
	const struct archive_file *f = &a->manifest.files[0];
	cleanup_(digest_freep) struct digest *d = NULL;
	cleanup_free char *text = NULL;
	char digest[DIGEST_TEXT];
	int r = read_text(a, ARCHIVE_CONFIG, JSON_TEXT_MAX, &text, ret_size, e);

	if (r == 0)
		r = digest_new(&d, e);
	if (r < 0)
		return r;
	digest_update(d, text, *ret_size);
	digest_finish(d, digest);
	if (strcmp(digest, f->digest) != 0)
		return refused(e, f->name, "its digest is not that of the manifest");
	*ret = take_ptr(text);
	return 0;
}

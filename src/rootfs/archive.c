// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/archive.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/library.h"

const char *const compression_names[] = {
	[COMPRESSION_NONE] = "none",
	[COMPRESSION_GZIP] = "gzip",
	[COMPRESSION_ZSTD] = "zstd",
	NULL,
};

#ifdef HAVE_ARCHIVES

#include <archive.h>
#include <archive_entry.h>

#define LIBRARY "libarchive.so.13"

enum {
	CHUNK = 64 << 10,
};

#define FUNCTIONS(X)                                                                               \
	X(archive_read_new)                                                                        \
	X(archive_read_free)                                                                       \
	X(archive_read_support_filter_gzip)                                                        \
	X(archive_read_support_filter_zstd)                                                        \
	X(archive_read_support_format_raw)                                                         \
	X(archive_read_support_format_tar)                                                         \
	X(archive_read_open)                                                                       \
	X(archive_read_next_header)                                                                \
	X(archive_read_data_block)                                                                 \
	X(archive_write_new)                                                                       \
	X(archive_write_free)                                                                      \
	X(archive_write_close)                                                                     \
	X(archive_write_set_format_raw)                                                            \
	X(archive_write_add_filter_gzip)                                                           \
	X(archive_write_add_filter_zstd)                                                           \
	X(archive_write_set_filter_option)                                                         \
	X(archive_write_set_bytes_per_block)                                                       \
	X(archive_write_open)                                                                      \
	X(archive_write_header)                                                                    \
	X(archive_write_data)                                                                      \
	X(archive_error_string)                                                                    \
	X(archive_set_error)                                                                       \
	X(archive_entry_new)                                                                       \
	X(archive_entry_free)                                                                      \
	X(archive_entry_set_pathname)                                                              \
	X(archive_entry_set_filetype)                                                              \
	X(archive_entry_pathname)                                                                  \
	X(archive_entry_hardlink)                                                                  \
	X(archive_entry_symlink)                                                                   \
	X(archive_entry_filetype)                                                                  \
	X(archive_entry_perm)                                                                      \
	X(archive_entry_uid)                                                                       \
	X(archive_entry_gid)                                                                       \
	X(archive_entry_size)                                                                      \
	X(archive_entry_mtime)                                                                     \
	X(archive_entry_mtime_nsec)                                                                \
	X(archive_entry_rdevmajor)                                                                 \
	X(archive_entry_rdevminor)                                                                 \
	X(archive_entry_xattr_reset)                                                               \
	X(archive_entry_xattr_next)

struct functions {
	LIBRARY_TABLE(FUNCTIONS)
};

#define SYMBOL(f) { #f, offsetof(struct functions, f) },
static const struct library_symbol symbols[] = { FUNCTIONS(SYMBOL) };
#undef SYMBOL

static int load(struct functions *f, struct err *e)
{
	if (library_load(LIBRARY, symbols, ARRAY_SIZE(symbols), f) == 0)
		return 0;
	err_set(e, ERR_UNSUPPORTED, 0, "archives need " LIBRARY);
	err_hint(e, "install it (Debian: libarchive13)");
	return -EOPNOTSUPP;
}

/* What libarchive says of the failure that its last call had. */
static int failed(const struct functions *f, struct archive *a, struct err *e)
{
	const char *why = f->archive_error_string(a);

	return err_set(e, ERR_SYSTEM, EBADMSG, "read the archive: %s", why ? why : "damaged");
}

/* ---- decompression: libarchive's format "raw" is one entry, the bytes themselves ---- */

struct inflate {
	struct functions f;
	struct archive *archive;
	int fd;
	uint64_t consumed;
	bool empty;
	char chunk[CHUNK];
};

static la_ssize_t read_chunk(struct archive *a, void *data, const void **ret)
{
	struct inflate *in = data;
	ssize_t n;

	do {
		n = read(in->fd, in->chunk, sizeof(in->chunk));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		in->f.archive_set_error(a, errno, "%s", strerror(errno));
	else
		in->consumed += (uint64_t)n;
	*ret = in->chunk;
	return n;
}

/* Where a library for zstd was not built in, libarchive would run a program: that is no option. */
static int begin_inflate(struct inflate *in, struct err *e)
{
	const struct functions *f = &in->f;
	struct archive_entry *entry;
	int r;

	in->archive = f->archive_read_new();
	if (!in->archive)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read an archive");
	if (f->archive_read_support_filter_gzip(in->archive) != ARCHIVE_OK ||
	    f->archive_read_support_filter_zstd(in->archive) != ARCHIVE_OK)
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
			       "libarchive without gzip or zstd of its own");
	if (f->archive_read_support_format_raw(in->archive) != ARCHIVE_OK ||
	    f->archive_read_open(in->archive, in, NULL, read_chunk, NULL) != ARCHIVE_OK)
		return failed(f, in->archive, e);
	r = f->archive_read_next_header(in->archive, &entry);
	in->empty = r == ARCHIVE_EOF || (r != ARCHIVE_OK && !in->consumed);
	return r == ARCHIVE_OK || in->empty ? 0 : failed(f, in->archive, e);
}

int inflate_open(int fd, struct inflate **ret, struct err *e)
{
	cleanup_(inflate_closep) struct inflate *in = calloc(1, sizeof(*in));
	int r;

	if (!in)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read an archive");
	in->fd = fd;
	r = load(&in->f, e);
	if (r == 0)
		r = begin_inflate(in, e);
	if (r < 0)
		return r;
	*ret = take_ptr(in);
	return 0;
}

int inflate_next(struct inflate *in, const void **ret, size_t *ret_size, struct err *e)
{
	la_int64_t offset;
	int r;

	*ret_size = 0;
	if (in->empty)
		return 0;
	do {
		r = in->f.archive_read_data_block(in->archive, ret, ret_size, &offset);
	} while (r == ARCHIVE_OK && *ret_size == 0);
	if (r == ARCHIVE_OK)
		return 0;
	*ret_size = 0;
	in->empty = true;
	return r == ARCHIVE_EOF ? 0 : failed(&in->f, in->archive, e);
}

uint64_t inflate_consumed(const struct inflate *in)
{
	return in->consumed;
}

void inflate_close(struct inflate *in)
{
	if (in && in->archive)
		(void)in->f.archive_read_free(in->archive);
	free(in);
}

/* ---- compression ---- */

struct deflate {
	struct functions f;
	struct archive *archive;
	const struct tar_sink *to;
	struct err *e; /* of the call that runs: for what the sink has to say */
	int failure;   /* of the sink */
};

static la_ssize_t write_out(struct archive *a, void *data, const void *bytes, size_t size)
{
	struct deflate *d = data;
	int r = d->failure < 0 ? d->failure : d->to->write(d->to->data, bytes, size, d->e);

	if (r == 0)
		return (la_ssize_t)size;
	d->failure = r;
	d->f.archive_set_error(a, -r, "not written");
	return -1;
}

static int deflate_result(struct deflate *d, bool good, struct err *e)
{
	const char *why;

	if (good || d->failure < 0)
		return good ? 0 : d->failure;
	why = d->f.archive_error_string(d->archive);
	return err_set(e, ERR_SYSTEM, EIO, "compress: %s", why ? why : "libarchive failed");
}

static int deflate_write(void *data, const void *bytes, size_t size, struct err *e)
{
	struct deflate *d = data;

	d->e = e;
	return deflate_result(
		d, d->f.archive_write_data(d->archive, bytes, size) == (la_ssize_t)size, e);
}

/* No time in gzip's header: the same bytes each time. No padding to the size of tapes' blocks. */
static int begin_deflate(struct deflate *d, enum compression kind, struct err *e)
{
	const struct functions *f = &d->f;
	struct archive *a = d->archive = f->archive_write_new();
	struct archive_entry *entry = f->archive_entry_new();
	bool good = a && entry && f->archive_write_set_format_raw(a) == ARCHIVE_OK &&
		    f->archive_write_set_bytes_per_block(a, 0) == ARCHIVE_OK;

	d->e = e;
	if (good && kind == COMPRESSION_GZIP)
		good = f->archive_write_add_filter_gzip(a) == ARCHIVE_OK &&
		       f->archive_write_set_filter_option(a, "gzip", "timestamp", NULL) ==
			       ARCHIVE_OK;
	else if (good)
		good = f->archive_write_add_filter_zstd(a) == ARCHIVE_OK;
	good = good && f->archive_write_open(a, d, NULL, write_out, NULL) == ARCHIVE_OK;
	if (good) {
		f->archive_entry_set_pathname(entry, "data");
		f->archive_entry_set_filetype(entry, AE_IFREG);
		good = f->archive_write_header(a, entry) == ARCHIVE_OK;
	}
	if (entry)
		f->archive_entry_free(entry);
	return a ? deflate_result(d, good, e) : err_set(e, ERR_SYSTEM, ENOMEM, "compress");
}

int deflate_open(enum compression kind, const struct tar_sink *to, struct deflate **ret,
		 struct tar_sink *ret_sink, struct err *e)
{
	cleanup_(deflate_closep) struct deflate *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return err_set(e, ERR_SYSTEM, ENOMEM, "compress");
	d->to = to;
	if (kind == COMPRESSION_NONE) {
		*ret_sink = *to;
		*ret = take_ptr(d);
		return 0;
	}
	r = load(&d->f, e);
	if (r == 0)
		r = begin_deflate(d, kind, e);
	if (r < 0)
		return r;
	*ret_sink = (struct tar_sink){ deflate_write, d };
	*ret = take_ptr(d);
	return 0;
}

int deflate_finish(struct deflate *d, struct err *e)
{
	if (!d->archive)
		return 0;
	d->e = e;
	return deflate_result(d, d->f.archive_write_close(d->archive) == ARCHIVE_OK, e);
}

void deflate_close(struct deflate *d)
{
	if (d && d->archive) {
		d->e = NULL;
		d->failure = d->failure < 0 ? d->failure : -ECANCELED; /* nothing more is written */
		(void)d->f.archive_write_free(d->archive);
	}
	free(d);
}

/* ---- entries ---- */

struct tar_reader {
	struct functions f;
	struct archive *archive;
	struct inflate *in;
	struct digest *digest;
	locale_t utf8; /* libarchive converts names into the locale's character set */
	struct tar_xattr *xattrs;
	struct err *e; /* of the call that runs */
	int failure;   /* of the stream below */
};

static la_ssize_t read_plain(struct archive *a, void *data, const void **ret)
{
	struct tar_reader *t = data;
	size_t size;
	int r = inflate_next(t->in, ret, &size, t->e);

	if (r < 0) {
		t->failure = r;
		t->f.archive_set_error(a, -r, "not read");
		return -1;
	}
	if (t->digest)
		digest_update(t->digest, *ret, size);
	return (la_ssize_t)size;
}

int tar_reader_open(struct inflate *in, struct digest *digest, struct tar_reader **ret,
		    struct err *e)
{
	cleanup_(tar_reader_closep) struct tar_reader *t = calloc(1, sizeof(*t));
	const struct functions *f;

	if (!t)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read an archive");
	*t = (struct tar_reader){ .f = in->f, .in = in, .digest = digest, .e = e };
	f = &t->f;
	t->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	t->archive = f->archive_read_new();
	if (!t->utf8 || !t->archive)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read an archive");
	if (f->archive_read_support_format_tar(t->archive) != ARCHIVE_OK)
		return failed(f, t->archive, e);
	if (f->archive_read_open(t->archive, t, NULL, read_plain, NULL) != ARCHIVE_OK)
		return t->failure < 0 ? t->failure : failed(f, t->archive, e);
	*ret = take_ptr(t);
	return 0;
}

static enum tar_type type_of(const struct functions *f, struct archive_entry *entry)
{
	static const struct {
		mode_t mode;
		enum tar_type type;
	} types[] = {
		{ S_IFREG, TAR_FILE },	{ S_IFLNK, TAR_SYMLINK },   { S_IFCHR, TAR_CHAR },
		{ S_IFBLK, TAR_BLOCK }, { S_IFDIR, TAR_DIRECTORY }, { S_IFIFO, TAR_FIFO },
	};

	if (f->archive_entry_hardlink(entry))
		return TAR_LINK;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].mode == f->archive_entry_filetype(entry))
			return types[i].type;
	return 0;
}

static int take_xattrs(struct tar_reader *t, struct archive_entry *entry, struct tar_entry *to)
{
	int count = t->f.archive_entry_xattr_reset(entry);
	const char *name;
	const void *value;
	size_t size, n = 0;

	free(t->xattrs);
	t->xattrs = calloc((size_t)count + 1, sizeof(*t->xattrs));
	if (!t->xattrs)
		return -ENOMEM;
	while (n < (size_t)count &&
	       t->f.archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		/* as the table has them for writing; nobody changes these */
		t->xattrs[n++] = (struct tar_xattr){ (char *)(uintptr_t)name,
						     (char *)(uintptr_t)value, size };
	to->xattrs = t->xattrs;
	to->xattr_count = n;
	return 0;
}

static int take_entry(struct tar_reader *t, struct archive_entry *entry, struct tar_item *ret,
		      struct err *e)
{
	const struct functions *f = &t->f;
	const char *target = f->archive_entry_hardlink(entry);

	*ret = (struct tar_item){ 0 };
	ret->entry = (struct tar_entry){
		.type = type_of(f, entry),
		/* a pax name goes up to its first NUL: libarchive does not tell of more */
		.path = f->archive_entry_pathname(entry),
		.target = target ? target : f->archive_entry_symlink(entry),
		.mode = f->archive_entry_perm(entry),
		.uid = (uint64_t)f->archive_entry_uid(entry),
		.gid = (uint64_t)f->archive_entry_gid(entry),
		.size = (uint64_t)f->archive_entry_size(entry),
		.mtime = f->archive_entry_mtime(entry),
		.nanoseconds = (uint32_t)f->archive_entry_mtime_nsec(entry),
		.major = (uint32_t)f->archive_entry_rdevmajor(entry),
		.minor = (uint32_t)f->archive_entry_rdevminor(entry),
	};
	if (!ret->entry.path)
		return err_set(e, ERR_SYSTEM, EBADMSG, "an entry of the archive has no name");
	if (take_xattrs(t, entry, &ret->entry) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read an archive");
	ret->xattrs = t->xattrs;
	return 1;
}

/* With a warning something of the entry was lost: its name, an attribute. That is not the same file. */
int tar_reader_next(struct tar_reader *t, struct tar_item *ret, struct err *e)
{
	struct archive_entry *entry = NULL;
	locale_t before = uselocale(t->utf8);
	int r;

	t->e = e;
	r = t->f.archive_read_next_header(t->archive, &entry);
	if (r == ARCHIVE_OK)
		r = take_entry(t, entry, ret, e);
	else if (r == ARCHIVE_EOF)
		r = 0;
	else
		r = t->failure < 0 ? t->failure : failed(&t->f, t->archive, e);
	(void)uselocale(before);
	return r;
}

int tar_reader_data(struct tar_reader *t, const void **ret, size_t *ret_size, uint64_t *ret_offset,
		    struct err *e)
{
	la_int64_t offset = 0;
	int r;

	t->e = e;
	r = t->f.archive_read_data_block(t->archive, ret, ret_size, &offset);
	*ret_offset = (uint64_t)offset;
	if (r == ARCHIVE_OK || r == ARCHIVE_EOF)
		return r == ARCHIVE_OK;
	return t->failure < 0 ? t->failure : failed(&t->f, t->archive, e);
}

int tar_reader_drain(struct tar_reader *t, struct err *e)
{
	const void *bytes;
	size_t size;
	int r;

	while ((r = inflate_next(t->in, &bytes, &size, e)) == 0 && size)
		if (t->digest)
			digest_update(t->digest, bytes, size);
	return r;
}

void tar_reader_close(struct tar_reader *t)
{
	if (!t)
		return;
	t->e = NULL;
	if (t->archive)
		(void)t->f.archive_read_free(t->archive);
	if (t->utf8)
		freelocale(t->utf8);
	free(t->xattrs);
	free(t);
}

#else

static int unsupported(struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, 0, "this ctr was built without archives");
	err_hint(e, "build it with --with-archives=yes");
	return -EOPNOTSUPP;
}

int inflate_open(int fd, struct inflate **ret, struct err *e)
{
	(void)fd;
	(void)ret;
	return unsupported(e);
}

int inflate_next(struct inflate *in, const void **ret, size_t *ret_size, struct err *e)
{
	(void)in;
	(void)ret;
	(void)ret_size;
	return unsupported(e);
}

uint64_t inflate_consumed(const struct inflate *in)
{
	(void)in;
	return 0;
}

void inflate_close(struct inflate *in)
{
	(void)in;
}

struct deflate {
	char unused;
};

int deflate_open(enum compression kind, const struct tar_sink *to, struct deflate **ret,
		 struct tar_sink *ret_sink, struct err *e)
{
	if (kind != COMPRESSION_NONE)
		return unsupported(e);
	*ret = NULL;
	*ret_sink = *to;
	return 0;
}

int deflate_finish(struct deflate *d, struct err *e)
{
	(void)d;
	(void)e;
	return 0;
}

void deflate_close(struct deflate *d)
{
	(void)d;
}

int tar_reader_open(struct inflate *in, struct digest *digest, struct tar_reader **ret,
		    struct err *e)
{
	(void)in;
	(void)digest;
	(void)ret;
	return unsupported(e);
}

int tar_reader_next(struct tar_reader *t, struct tar_item *ret, struct err *e)
{
	(void)t;
	(void)ret;
	return unsupported(e);
}

int tar_reader_data(struct tar_reader *t, const void **ret, size_t *ret_size, uint64_t *ret_offset,
		    struct err *e)
{
	(void)t;
	(void)ret;
	(void)ret_size;
	(void)ret_offset;
	return unsupported(e);
}

int tar_reader_drain(struct tar_reader *t, struct err *e)
{
	(void)t;
	return unsupported(e);
}

void tar_reader_close(struct tar_reader *t)
{
	(void)t;
}

#endif

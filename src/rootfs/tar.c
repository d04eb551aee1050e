// SPDX-License-Identifier: GPL-2.0-or-later
/* Headers of tar entries: ustar (POSIX.1-1988), and pax records (POSIX.1-2001) where that is too small. */
#include "rootfs/tar.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/json.h"
#include "util/cleanup.h"

enum {
	BLOCK = 512,
	NAME_SIZE = 100,
	PREFIX_SIZE = 155,
};

struct header {
	char name[NAME_SIZE], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type,
		target[NAME_SIZE], magic[6], version[2], user[32], group[32], major[8], minor[8],
		prefix[PREFIX_SIZE], unused[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

/* Records "LENGTH KEY=VALUE\n", in a buffer that grows. */
struct records {
	char *buf;
	size_t len, size;
	bool failed;
};

static void free_records(struct records *r)
{
	free(r->buf);
}

static void append(struct records *r, const void *data, size_t size)
{
	if (!r->failed && r->len + size > r->size) {
		size_t room = (r->len + size) * 2;
		char *bigger = realloc(r->buf, room);

		r->failed = !bigger;
		if (bigger) {
			r->buf = bigger;
			r->size = room;
		}
	}
	if (r->failed || !size)
		return;
	memcpy(r->buf + r->len, data, size);
	r->len += size;
}

/* The length counts its own digits. */
static void add_record(struct records *r, const char *prefix, const char *key, const void *value,
		       size_t size)
{
	size_t rest = strlen(prefix) + strlen(key) + size + 3, total = rest + 1;
	char digits[24];
	int n;

	while ((n = snprintf(digits, sizeof(digits), "%zu", total)) >= 0 &&
	       total != rest + (size_t)n)
		total = rest + (size_t)n;
	append(r, digits, strlen(digits));
	append(r, " ", 1);
	append(r, prefix, strlen(prefix));
	append(r, key, strlen(key));
	append(r, "=", 1);
	append(r, value, size);
	append(r, "\n", 1);
}

static void add_text(struct records *r, const char *key, const char *value)
{
	add_record(r, "", key, value, strlen(value));
}

static void add_number(struct records *r, const char *key, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	add_text(r, key, text);
}

static bool fits_octal(size_t field, int64_t value)
{
	return value >= 0 && value < INT64_C(1) << ((field - 1) * 3);
}

/* Digits up to the field's last byte, which is NUL. What is too large is in a pax record, and here 0. */
static void put_octal(char *field, size_t size, int64_t value)
{
	uint64_t rest = fits_octal(size, value) ? (uint64_t)value : 0;

	field[size - 1] = '\0';
	for (size_t i = size - 1; i-- > 0; rest >>= 3)
		field[i] = (char)('0' + (rest & 7));
}

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* What an old reader shall see of @s: no other bytes than ASCII, no slash where it was cut. */
static void put_ascii(char *field, size_t size, const char *s)
{
	size_t n = 0;

	for (; *s && n < size; s++)
		if ((unsigned char)*s < 0x80)
			field[n++] = *s;
	while (*s && n > 0 && field[n - 1] == '/')
		field[--n] = '\0';
}

/* Where @path can be divided into prefix and name; NULL: nowhere, or there is no need. */
static const char *split(const char *path)
{
	size_t len = strlen(path), end = len;
	const char *slash;

	if (len <= NAME_SIZE || !is_ascii(path))
		return NULL;
	if (end > PREFIX_SIZE + 1)
		end = PREFIX_SIZE + 1;
	else if (path[len - 1] == '/')
		end--;
	slash = memrchr(path, '/', end);
	if (!slash || slash == path || strlen(slash + 1) > NAME_SIZE || !slash[1])
		return NULL;
	return slash;
}

static void seal(struct header *h)
{
	const unsigned char *byte = (const unsigned char *)h;
	unsigned sum = 0;

	memcpy(h->magic, "ustar", sizeof(h->magic));
	memcpy(h->version, "00", sizeof(h->version));
	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += byte[i];
	put_octal(h->checksum, 7, sum);
}

static int put(const struct tar_sink *sink, const void *bytes, size_t size, struct err *e)
{
	return size ? sink->write(sink->data, bytes, size, e) : 0;
}

int tar_pad(const struct tar_sink *sink, uint64_t size, struct err *e)
{
	static const char zeros[BLOCK];

	return put(sink, zeros, (size_t)(-size % BLOCK), e);
}

int tar_end(const struct tar_sink *sink, struct err *e)
{
	static const char zeros[2 * BLOCK];

	return put(sink, zeros, sizeof(zeros), e);
}

/* What this entry says that ustar cannot, sorted by key. */
static void collect(const struct tar_entry *t, struct records *r)
{
	const char *paths[] = { t->path, t->target };
	char text[40];

	for (size_t i = 0; i < t->xattr_count; i++)
		add_record(r, "SCHILY.xattr.", t->xattrs[i].name, t->xattrs[i].value,
			   t->xattrs[i].size);
	if (!fits_octal(8, (int64_t)t->gid))
		add_number(r, "gid", (int64_t)t->gid);
	for (size_t i = 0; i < 2; i++) {
		if (paths[i] && json_utf8_span(paths[i], strlen(paths[i])) < strlen(paths[i])) {
			add_text(r, "hdrcharset", "BINARY");
			break;
		}
	}
	if (t->target && (!is_ascii(t->target) || strlen(t->target) > NAME_SIZE))
		add_text(r, "linkpath", t->target);
	if (t->nanoseconds) {
		/* a fraction counts upwards, also before 1970; as decimal it counts away from 0 */
		bool negative = t->mtime < 0;
		int64_t whole = negative ? -(t->mtime + 1) : t->mtime;
		int n = snprintf(text, sizeof(text), "%s%" PRId64 ".%09" PRIu32,
				 negative ? "-" : "", whole,
				 negative ? 1000000000 - t->nanoseconds : t->nanoseconds);

		while (n > 0 && text[n - 1] == '0')
			text[--n] = '\0';
		add_text(r, "mtime", text);
	} else if (!fits_octal(12, t->mtime)) {
		add_number(r, "mtime", t->mtime);
	}
	if (!is_ascii(t->path) || strlen(t->path) > NAME_SIZE)
		add_text(r, "path", t->path);
	if (!fits_octal(12, (int64_t)t->size))
		add_number(r, "size", (int64_t)t->size);
	if (!fits_octal(8, (int64_t)t->uid))
		add_number(r, "uid", (int64_t)t->uid);
}

/* A prefix makes a record of the path needless; is it the only one? */
static bool needs_pax(const struct tar_entry *t, const struct records *r)
{
	struct records path = { 0 };
	bool only;

	if (!r->len || !split(t->path))
		return r->len > 0;
	add_text(&path, "path", t->path);
	only = path.len == r->len;
	free_records(&path);
	return !only;
}

/* "dir/PaxHeaders.0/name" */
static void pax_name(char *field, const char *path)
{
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path) : 0;
	const char *base = slash ? slash + 1 : path;
	bool name_is_empty = !*base || strcmp(base, ".") == 0; /* a directory, or the root */
	cleanup_free char *name = NULL;

	if (asprintf(&name, "%.*s%sPaxHeaders.0%s%s", dir, path, dir ? "/" : "",
		     name_is_empty ? "" : "/", name_is_empty ? "" : base) >= 0)
		put_ascii(field, NAME_SIZE, name);
	else
		name = NULL;
}

static int write_pax(const struct tar_sink *sink, const char *path, const struct records *r,
		     struct err *e)
{
	struct header h = { .type = 'x' };
	int rc;

	pax_name(h.name, path);
	put_octal(h.mode, sizeof(h.mode), 0);
	put_octal(h.uid, sizeof(h.uid), 0);
	put_octal(h.gid, sizeof(h.gid), 0);
	put_octal(h.size, sizeof(h.size), (int64_t)r->len);
	put_octal(h.mtime, sizeof(h.mtime), 0);
	seal(&h);
	rc = put(sink, &h, sizeof(h), e);
	if (rc == 0)
		rc = put(sink, r->buf, r->len, e);
	return rc < 0 ? rc : tar_pad(sink, r->len, e);
}

static void fill(struct header *h, const struct tar_entry *t)
{
	h->type = (char)t->type;
	put_octal(h->mode, sizeof(h->mode), t->mode & 07777);
	put_octal(h->uid, sizeof(h->uid), (int64_t)t->uid);
	put_octal(h->gid, sizeof(h->gid), (int64_t)t->gid);
	put_octal(h->size, sizeof(h->size), (int64_t)t->size);
	put_octal(h->mtime, sizeof(h->mtime), t->mtime);
	put_octal(h->major, sizeof(h->major), t->major);
	put_octal(h->minor, sizeof(h->minor), t->minor);
	if (t->target)
		put_ascii(h->target, sizeof(h->target), t->target);
}

int tar_header(const struct tar_sink *sink, const struct tar_entry *t, struct err *e)
{
	cleanup_(free_records) struct records r = { 0 };
	struct header h = { 0 };
	bool pax;

	collect(t, &r);
	if (r.failed)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write '%s' to an archive", t->path);
	pax = needs_pax(t, &r);
	fill(&h, t);
	if (!pax && split(t->path)) {
		const char *slash = split(t->path);

		memcpy(h.prefix, t->path, (size_t)(slash - t->path));
		put_ascii(h.name, sizeof(h.name), slash + 1);
	} else {
		put_ascii(h.name, sizeof(h.name), t->path);
	}
	seal(&h);
	if (pax) {
		int rc = write_pax(sink, t->path, &r, e);

		if (rc < 0)
			return rc;
	}
	return put(sink, &h, sizeof(h), e);
}

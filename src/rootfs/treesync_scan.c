// SPDX-License-Identifier: GPL-2.0-or-later
/* See treesync.h: the side that reads. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "rootfs/layer_form.h"
#include "rootfs/treecopy.h"
#include "rootfs/treesync_internal.h"
#include "rootfs/treewalk.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	SETTLED_SECONDS = 2, /* change times of some filesystems have whole seconds only */
};

/* A file with several names: the first one that the walk comes to is told as the file. */
struct first_name {
	uint64_t ino;
	char *path;
};

struct scan {
	struct treesync *t;
	const struct tar_sink *sink;
	struct digest *digest; /* of the stream */
	struct treesync_count count;
	void *links; /* tree of struct first_name */
	unsigned char *buffer, *record;
	size_t record_room;
	char path
		[TREESYNC_PATH_MAX]; /* of the directory that the walk is in, with a slash behind it */
	size_t path_len;
	bool live, trusted; /* trusted: change times tell */
	struct err *e;
};

static int failed(const struct scan *s, int r, const char *path)
{
	return err_set(s->e, ERR_SYSTEM, -r, "read '%s'", *path ? path : "/");
}

/* ---- the stream ---- */

static int put(struct scan *s, const void *bytes, size_t size)
{
	s->count.bytes += size;
	digest_update(s->digest, bytes, size);
	return s->sink->write(s->sink->data, bytes, size, s->e);
}

/* A record of two pieces. */
static int put_record(struct scan *s, enum treesync_record type, const void *a, size_t a_size,
		      const void *b, size_t b_size)
{
	unsigned char head[TREESYNC_HEAD] = { (unsigned char)type };
	int r;

	if (a_size + b_size > TREESYNC_RECORD_MAX)
		return err_set(s->e, ERR_SYSTEM, E2BIG, "a file has too many attributes");
	treesync_put32(head + 4, (uint32_t)(a_size + b_size));
	r = put(s, head, sizeof(head));
	if (r == 0)
		r = put(s, a, a_size);
	return r == 0 && b_size ? put(s, b, b_size) : r;
}

static int put_end(struct scan *s)
{
	unsigned char head[TREESYNC_HEAD] = { TREESYNC_END }, digest[32];
	char text[DIGEST_TEXT];
	int r;

	treesync_put32(head + 4, sizeof(digest));
	r = put(s, head, sizeof(head));
	digest_finish(s->digest, text);
	for (size_t i = 0; i < sizeof(digest); i++) {
		const char pair[3] = { text[7 + 2 * i], text[8 + 2 * i], '\0' };

		digest[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	s->count.bytes += sizeof(digest);
	return r < 0 ? r : s->sink->write(s->sink->data, digest, sizeof(digest), s->e);
}

/* The form as a record's payload in s->record: its size, or -ENOMEM. */
static ssize_t encode(struct scan *s, const struct treesync_form *f)
{
	size_t size = TREESYNC_ENTRY_FIXED + f->path_size + f->target_size + f->xattrs_size;
	const uint32_t numbers[] = { f->mode, f->uid, f->gid, f->major, f->minor, f->flags };
	unsigned char *p;

	if (s->record_room < size) {
		p = realloc(s->record, size * 2);
		if (!p)
			return -ENOMEM;
		s->record = p;
		s->record_room = size * 2;
	}
	p = s->record;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++, p += 4)
		treesync_put32(p, numbers[i]);
	treesync_put64(p, f->size);
	treesync_put64(p + 8, (uint64_t)f->mtime);
	treesync_put32(p + 16, f->nanoseconds);
	treesync_put32(p + 20, (uint32_t)f->path_size);
	treesync_put32(p + 24, (uint32_t)f->target_size);
	treesync_put32(p + 28, (uint32_t)f->xattrs_size);
	p += 32;
	memcpy(p, f->path, f->path_size);
	p += f->path_size;
	if (f->target_size)
		memcpy(p, f->target, f->target_size);
	p += f->target_size;
	if (f->xattrs_size)
		memcpy(p, f->xattrs, f->xattrs_size);
	return (ssize_t)size;
}

/* ---- what a file is besides its contents ---- */

static int encode_xattrs(int fd, char **ret, size_t *ret_size)
{
	cleanup_(layer_xattrs_free) struct layer_xattrs x = { 0 };
	cleanup_free char *text = NULL;
	size_t size = 0;
	char *p;
	int r = layer_xattrs_read(fd, &x);

	if (r < 0)
		return r;
	for (size_t i = 0; i < x.count; i++)
		size += 8 + strlen(x.items[i].name) + x.items[i].size;
	p = text = malloc(size + 1);
	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < x.count; i++) {
		size_t name = strlen(x.items[i].name);

		treesync_put32((unsigned char *)p, (uint32_t)name);
		treesync_put32((unsigned char *)p + 4, (uint32_t)x.items[i].size);
		memcpy(p + 8, x.items[i].name, name);
		memcpy(p + 8 + name, x.items[i].value, x.items[i].size);
		p += 8 + name + x.items[i].size;
	}
	*ret = take_ptr(text);
	*ret_size = size;
	return 0;
}

static void form_of(const struct stat *st, const char *path, struct treesync_form *f)
{
	bool device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);

	*f = (struct treesync_form){
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.major = device ? major(st->st_rdev) : 0,
		.minor = device ? minor(st->st_rdev) : 0,
		.size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
		.mtime = st->st_mtim.tv_sec,
		.nanoseconds = (uint32_t)st->st_mtim.tv_nsec,
		.path = path,
		.path_size = strlen(path),
	};
}

static bool is_before(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

static void note_stamp(const struct scan *s, struct treesync_entry *entry, const struct stat *st)
{
	struct timespec limit = s->t->clean;

	limit.tv_sec -= SETTLED_SECONDS;
	entry->ino = st->st_ino;
	entry->size = (uint64_t)st->st_size;
	entry->mode = st->st_mode;
	entry->ctime = st->st_ctim;
	entry->settled = s->trusted && s->t->prepared && is_before(st->st_ctim, limit);
}

/* Can nothing have changed since it was told? */
static bool is_same(const struct scan *s, const struct treesync_entry *entry, const struct stat *st)
{
	return s->trusted && entry->settled && entry->ino == st->st_ino &&
	       entry->mode == st->st_mode && entry->size == (uint64_t)st->st_size &&
	       entry->ctime.tv_sec == st->st_ctim.tv_sec &&
	       entry->ctime.tv_nsec == st->st_ctim.tv_nsec;
}

/* Each change in a directory changes its times over there: it is told again at the end. */
static struct treesync_entry *parent_of(const struct scan *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[TREESYNC_PATH_MAX];

	if (!*path)
		return NULL;
	(void)snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 0, path);
	return treesync_find(s->t, parent);
}

static void touch_parent(const struct scan *s, const char *path)
{
	struct treesync_entry *entry = parent_of(s, path);

	if (entry)
		entry->touched = true;
}

/* Tell the entry as @f, unless that is what was told last; @whole: it is another one now. 1: it was told. */
static int tell(struct scan *s, struct treesync_entry *entry, struct treesync_form *f, bool whole,
		bool always)
{
	unsigned char digest[TREESYNC_DIGEST];
	ssize_t n = encode(s, f);
	int r;

	if (n < 0)
		return failed(s, (int)n, entry->path);
	treesync_digest(s->t, s->record, (size_t)n, digest);
	if (!always && !whole && memcmp(digest, entry->told, sizeof(digest)) == 0)
		return 0;
	memcpy(entry->told, digest, sizeof(digest));
	if (whole) {
		f->flags |= TREESYNC_WHOLE;
		treesync_put32(s->record + 20, f->flags);
	}
	if (!always || !S_ISDIR(f->mode)) {
		s->count.files++;
		touch_parent(s, entry->path);
	}
	r = put_record(s, TREESYNC_ENTRY, s->record, (size_t)n, NULL, 0);
	return r < 0 ? r : 1;
}

/* ---- contents ---- */

/* A block of the file at @at into s->buffer: its length. Holes are not read. */
static ssize_t read_block(struct scan *s, int fd, uint64_t at, uint64_t size, uint64_t *data)
{
	size_t want = size - at < TREESYNC_BLOCK ? (size_t)(size - at) : TREESYNC_BLOCK, got = 0;

	if (*data < at + want && *data <= at) {
		off_t next = lseek(fd, (off_t)at, SEEK_DATA);

		/* no more data: a hole to the end; a filesystem that cannot tell has no holes */
		*data = next >= 0 ? (uint64_t)next : errno == ENXIO ? UINT64_MAX : at;
	}
	memset(s->buffer, 0, want);
	if (*data >= at + want)
		return (ssize_t)want;
	while (got < want) {
		ssize_t n = pread(fd, s->buffer + got, want - got, (off_t)(at + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) /* cut meanwhile: the next round has it */
			break;
		got += (size_t)n;
	}
	if (got < want && !s->live)
		return -ESTALE;
	return (ssize_t)want;
}

static int put_block(struct scan *s, uint64_t at, size_t size, bool zero)
{
	unsigned char head[16];

	treesync_put64(head, at);
	treesync_put64(head + 8, size);
	if (zero)
		return put_record(s, TREESYNC_HOLE, head, 16, NULL, 0);
	s->count.contents += size;
	return put_record(s, TREESYNC_DATA, head, 8, s->buffer, size);
}

static int grow_blocks(struct treesync_entry *entry, size_t count)
{
	unsigned char *blocks = realloc(entry->blocks, count ? count * TREESYNC_DIGEST : 1);

	if (!blocks)
		return -ENOMEM;
	if (count > entry->block_count)
		memset(blocks + entry->block_count * TREESYNC_DIGEST, 0,
		       (count - entry->block_count) * TREESYNC_DIGEST);
	entry->blocks = blocks;
	entry->block_count = count;
	return 0;
}

/*
 * Compare the blocks with those that were told, and tell those that differ. The form goes first, if it has changed or as
 * soon as there is something to tell.
 */
static int tell_contents(struct scan *s, struct treesync_entry *entry, int fd,
			 struct treesync_form *f, bool whole)
{
	static const unsigned char zeroes[TREESYNC_DIGEST];
	size_t count = (size_t)((f->size + TREESYNC_BLOCK - 1) / TREESYNC_BLOCK);
	uint64_t data = 0;
	int told = tell(s, entry, f, whole, false);
	int r = 0;

	if (told >= 0 && whole)
		entry->block_count = 0;
	if (told >= 0 && grow_blocks(entry, count) < 0)
		return failed(s, -ENOMEM, entry->path);
	for (size_t i = 0; told >= 0 && r == 0 && i < count; i++) {
		uint64_t at = (uint64_t)i * TREESYNC_BLOCK;
		unsigned char *old = entry->blocks + i * TREESYNC_DIGEST, now[TREESYNC_DIGEST];
		ssize_t n = read_block(s, fd, at, f->size, &data);

		if (n < 0)
			return failed(s, (int)n, entry->path);
		treesync_digest(s->t, s->buffer, (size_t)n, now);
		if (memcmp(old, now, sizeof(now)) == 0)
			continue;
		if (!told)
			told = tell(s, entry, f, false, true);
		if (told < 0)
			break;
		memcpy(old, now, sizeof(now));
		r = put_block(s, at, (size_t)n, memcmp(now, zeroes, sizeof(now)) == 0);
	}
	return told < 0 ? told : r;
}

/* ---- entries ---- */

static int compare_first(const void *a, const void *b)
{
	const struct first_name *l = a, *r = b;

	return l->ino < r->ino ? -1 : l->ino > r->ino;
}

static void free_first(void *p)
{
	struct first_name *f = p;

	free(f->path);
	free(f);
}

/* *ret: under which path this file was met before, or NULL. */
static int find_first(struct scan *s, const struct stat *st, const char *path, const char **ret)
{
	struct first_name *f = calloc(1, sizeof(*f)), **found;

	*ret = NULL;
	if (!f)
		return -ENOMEM;
	*f = (struct first_name){ st->st_ino, strdup(path) };
	found = f->path ? tsearch(f, &s->links, compare_first) : NULL;
	if (found && *found == f)
		return 0;
	if (found)
		*ret = (*found)->path;
	free_first(f);
	return found ? 0 : -ENOMEM;
}

static int tell_link(struct scan *s, struct treesync_entry *entry, const struct stat *st,
		     const char *first)
{
	struct treesync_form f;
	int r;

	form_of(st, entry->path, &f);
	f.flags = TREESYNC_LINK;
	f.target = first;
	f.target_size = strlen(first);
	/* of contents and attributes the first name tells: only which file it is counts here */
	f.size = 0;
	f.mtime = 0;
	f.nanoseconds = 0;
	f.uid = f.gid = 0;
	f.mode = st->st_mode & S_IFMT;
	entry->block_count = 0;
	r = tell(s, entry, &f, false, entry->ino != st->st_ino);
	note_stamp(s, entry, st);
	/* one of its names may become the first one, with contents to be told */
	entry->settled = false;
	return r < 0 ? r : 0;
}

static int tell_plain_file(struct scan *s, struct treesync_entry *entry, int dir, const char *name,
			   bool is_new)
{
	cleanup_fd int fd = treewalk_open_plain(dir, name, O_RDONLY | O_NONBLOCK);
	cleanup_free char *xattrs = NULL;
	struct treesync_form f;
	struct stat st;
	bool whole;
	int r;

	if (fd < 0)
		return s->live && (fd == -ENOENT || fd == -ELOOP) ? fd : failed(s, fd, entry->path);
	if (fstat(fd, &st) < 0)
		return failed(s, -errno, entry->path);
	if (!S_ISREG(st.st_mode))
		return -ENOENT; /* replaced meanwhile */
	form_of(&st, entry->path, &f);
	r = encode_xattrs(fd, &xattrs, &f.xattrs_size);
	if (r < 0)
		return failed(s, r, entry->path);
	f.xattrs = xattrs;
	/* what was told as a link has no contents that are known */
	whole = is_new || entry->ino != st.st_ino || !S_ISREG(entry->mode) ||
		(entry->block_count == 0 && entry->size > 0);
	r = tell_contents(s, entry, fd, &f, whole);
	note_stamp(s, entry, &st);
	return r;
}

static int tell_symlink(struct scan *s, struct treesync_entry *entry, int dir, const char *name,
			const struct stat *st, bool is_new)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));
	struct treesync_form f;
	int r;

	if (n < 0 && s->live && (errno == ENOENT || errno == EINVAL))
		return -ENOENT;
	if (n < 0 || n == sizeof(target))
		return failed(s, n < 0 ? -errno : -ENAMETOOLONG, entry->path);
	form_of(st, entry->path, &f);
	f.target = target;
	f.target_size = (size_t)n;
	r = tell(s, entry, &f, is_new, false);
	note_stamp(s, entry, st);
	return r < 0 ? r : 0;
}

static int tell_special(struct scan *s, struct treesync_entry *entry, const struct stat *st,
			bool is_new)
{
	struct treesync_form f;
	int r;

	form_of(st, entry->path, &f);
	r = tell(s, entry, &f, is_new, false);
	note_stamp(s, entry, st);
	return r < 0 ? r : 0;
}

/* @fd: the directory itself. @always: something in it was told. */
static int tell_directory(struct scan *s, struct treesync_entry *entry, int fd, bool always)
{
	cleanup_free char *xattrs = NULL;
	struct treesync_form f;
	struct stat st;
	int r, opaque;

	if (fstat(fd, &st) < 0)
		return failed(s, -errno, entry->path);
	r = layer_is_indirect(fd);
	opaque = r ? r : layer_is_opaque(fd);
	if (opaque < 0)
		return failed(s, opaque, entry->path);
	if (r) {
		err_set(s->e, ERR_STATE, EUCLEAN, "'%s' refers to a lower layer by name",
			entry->path);
		err_hint(s->e,
			 "it was made by an overlay with redirect_dir or metacopy, not by ctr");
		return -EUCLEAN;
	}
	form_of(&st, entry->path, &f);
	f.flags = opaque ? TREESYNC_OPAQUE : 0;
	r = encode_xattrs(fd, &xattrs, &f.xattrs_size);
	if (r < 0)
		return failed(s, r, entry->path);
	f.xattrs = xattrs;
	r = tell(s, entry, &f, entry->round == 0 || !S_ISDIR(entry->mode), always);
	note_stamp(s, entry, &st);
	return r < 0 ? r : 0;
}

static int scan_other(struct scan *s, struct treesync_entry *entry, const struct treewalk_entry *w,
		      bool is_new)
{
	bool many = w->st.st_nlink > 1 && !layer_is_whiteout(&w->st);
	const char *first = NULL;
	int r = 0;

	if (many)
		r = find_first(s, &w->st, entry->path, &first);
	if (r < 0)
		return failed(s, r, entry->path);
	if (first)
		return tell_link(s, entry, &w->st, first);
	if (!is_new && is_same(s, entry, &w->st))
		return 0;
	is_new = is_new || entry->ino != w->st.st_ino ||
		 (entry->mode & S_IFMT) != (w->st.st_mode & S_IFMT);
	if (S_ISREG(w->st.st_mode))
		return tell_plain_file(s, entry, w->dir, w->name, is_new);
	if (S_ISLNK(w->st.st_mode))
		return tell_symlink(s, entry, w->dir, w->name, &w->st, is_new);
	return tell_special(s, entry, &w->st, is_new);
}

/* ---- the walk ---- */

/* The path of @name where the walk is, into @buf. */
static int path_of(const struct scan *s, const char *name, char buf[TREESYNC_PATH_MAX])
{
	size_t len = strlen(name);

	if (s->path_len + len + 2 > TREESYNC_PATH_MAX)
		return err_set(s->e, ERR_STATE, ENAMETOOLONG, "a file in '%.200s...'", s->path);
	memcpy(buf, s->path, s->path_len);
	memcpy(buf + s->path_len, name, len + 1);
	return 0;
}

static bool has_vanished(const struct scan *s, int r)
{
	return s->live && (r == -ENOENT || r == -ENOTDIR || r == -ELOOP);
}

static int enter(struct scan *s, struct treewalk *w, struct treesync_entry *entry, const char *name,
		 const struct stat *st)
{
	size_t len = strlen(name);
	int r = treewalk_enter(w, name);

	if (r < 0)
		return has_vanished(s, r) ? r : failed(s, r, entry->path);
	memcpy(s->path + s->path_len, name, len);
	s->path_len += len;
	s->path[s->path_len++] = '/';
	s->path[s->path_len] = '\0';
	if (entry->round && S_ISDIR(entry->mode) && is_same(s, entry, st))
		return 0;
	return tell_directory(s, entry, dirstack_top(&w->dirs), false);
}

static void leave(struct scan *s)
{
	s->path_len--;
	while (s->path_len && s->path[s->path_len - 1] != '/')
		s->path_len--;
	s->path[s->path_len] = '\0';
}

static int see(struct scan *s, struct treewalk *w, const struct treewalk_entry *at)
{
	char path[TREESYNC_PATH_MAX];
	struct treesync_entry *entry;
	bool is_new;
	int r = path_of(s, at->name, path);

	if (r < 0)
		return r;
	is_new = !treesync_find(s->t, path);
	entry = treesync_add(s->t, path);
	if (!entry)
		return failed(s, -ENOMEM, path);
	r = S_ISDIR(at->st.st_mode) ? enter(s, w, entry, at->name, &at->st)
				    : scan_other(s, entry, at, is_new);
	if (r >= 0)
		entry->round = s->t->round;
	return has_vanished(s, r) ? 0 : r;
}

/* 1: all of it was seen; 0: it moved under our feet, and the next round sees the rest. */
static int walk(struct scan *s, struct treewalk *w)
{
	struct treewalk_entry at;
	int step, r;

	while ((step = treewalk_next(w, &at)) != TREEWALK_END) {
		if (step == -ESTALE && s->live)
			return 0;
		if (step < 0)
			return failed(s, step, s->path);
		if (step == TREEWALK_LEFT) {
			leave(s);
			continue;
		}
		r = see(s, w, &at);
		if (r < 0)
			return r;
	}
	return 1;
}

/* ---- what is gone, and directories at last ---- */

static bool is_seen(const struct scan *s, const struct treesync_entry *entry)
{
	return entry->round == s->t->round;
}

/* Was the directory that it was in seen, so that it is not gone with that? */
static bool is_topmost(const struct scan *s, const struct treesync_entry *entry)
{
	const struct treesync_entry *above = parent_of(s, entry->path);

	return above && is_seen(s, above);
}

static int tell_gone(struct scan *s)
{
	for (size_t i = 0; i < s->t->room; i++) {
		const struct treesync_entry *entry = s->t->table[i];
		int r;

		if (!entry || is_seen(s, entry) || entry->round == 0 || !is_topmost(s, entry))
			continue;
		touch_parent(s, entry->path);
		s->count.files++;
		r = put_record(s, TREESYNC_GONE, entry->path, strlen(entry->path), NULL, 0);
		if (r < 0)
			return r;
	}
	treesync_drop_unseen(s->t);
	return 0;
}

static int tell_touched(struct scan *s, int root)
{
	for (size_t i = 0; i < s->t->room; i++) {
		struct treesync_entry *entry = s->t->table[i];
		cleanup_fd int fd = -EBADF;
		int r;

		if (!entry || !entry->touched)
			continue;
		entry->touched = false;
		fd = kernel_openat2(root, *entry->path ? entry->path : ".", O_RDONLY | O_DIRECTORY,
				    0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
		if (has_vanished(s, fd))
			continue;
		if (fd < 0)
			return failed(s, fd, entry->path);
		r = tell_directory(s, entry, fd, true);
		if (r < 0)
			return r;
	}
	return 0;
}

static int tell_root(struct scan *s, int root)
{
	cleanup_fd int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct treesync_entry *entry = treesync_add(s->t, "");
	int r;

	if (fd < 0 || !entry)
		return failed(s, fd < 0 ? -errno : -ENOMEM, "");
	r = tell_directory(s, entry, fd, false);
	entry->round = s->t->round;
	return r;
}

/* ---- all of it ---- */

/* Real time minus time since boot: it jumps when somebody sets the clock. */
static int64_t clock_offset(void)
{
	struct timespec real, boot;

	(void)clock_gettime(CLOCK_REALTIME, &real); /* cannot fail with these clocks */
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	return (int64_t)real.tv_sec - (int64_t)boot.tv_sec;
}

int treesync_prepare(struct treesync *t, int dir, struct err *e)
{
	int64_t offset = clock_offset();
	bool jumped = t->prepared && (offset - t->clock > 1 || t->clock - offset > 1);

	/* the order matters: what is dirty now will be clean, so that a later write is noticed */
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &t->clean);
	t->clock = offset;
	t->prepared = true;
	for (size_t i = 0; jumped && i < t->room; i++)
		if (t->table[i])
			t->table[i]->settled = false;
	return syncfs(dir) < 0 ? err_set(e, ERR_SYSTEM, errno, "flush the container's files") : 0;
}

static void end_scan(struct scan *s)
{
	tdestroy(s->links, free_first);
	digest_free(s->digest);
	free(s->buffer);
	free(s->record);
}

static int begin_scan(struct scan *s, int dir)
{
	int r = digest_new(&s->digest, s->e);

	s->buffer = malloc(TREESYNC_BLOCK);
	if (r == 0 && !s->buffer)
		r = failed(s, -ENOMEM, "");
	if (r == 0 && s->live)
		r = treesync_prepare(s->t, dir, s->e);
	if (r < 0)
		return r;
	s->trusted = treecopy_can_go_ahead(dir) &&
		     (!s->t->prepared || llabs(clock_offset() - s->t->clock) <= 1);
	s->t->round++;
	return put(s, TREESYNC_MAGIC, 8);
}

int treesync_scan(struct treesync *t, int dir, bool live, const struct tar_sink *sink,
		  struct treesync_count *ret, struct err *e)
{
	cleanup_(end_scan) struct scan s = { .t = t, .sink = sink, .live = live, .e = e };
	struct treewalk w = { .live = live };
	int r = begin_scan(&s, dir);

	if (r == 0)
		r = tell_root(&s, dir);
	if (r == 0) {
		r = treewalk_begin(&w, dir);
		r = r < 0 ? failed(&s, r, "") : walk(&s, &w);
		treewalk_end(&w);
	}
	if (r > 0)
		r = tell_gone(&s);
	if (r == 0)
		r = tell_touched(&s, dir);
	if (r == 0)
		r = put_end(&s);
	if (r == 0)
		*ret = s.count;
	return r;
}

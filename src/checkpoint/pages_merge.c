// SPDX-License-Identifier: GPL-2.0-or-later
/* See pages_merge.h. Of the format only what is needed to find pages is known here. */
#include "checkpoint/pages_merge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

#define MAGIC_COMMON  0x54564319u /* of all images, of CRIU 2.0 and later */
#define MAGIC_PAGEMAP 0x56084025u

enum {
	PAGE = 4096,
	LEVELS_MAX = 512, /* each is open */
	PAGEMAP_MAX = 512 << 20,
	IN_PARENT = 1, /* flags */
	LAZY = 2,
	PRESENT = 4,
	COPY_SIZE = 256 << 10,
};

/* Pages of neighbouring addresses. */
struct extent {
	uint64_t address, pages;
	uint32_t flags;
	uint64_t offset; /* in the file of pages; of those that are present */
};

struct pagemap {
	uint32_t pages_id;
	struct extent *items;
	size_t count;
};

/* Directories of images, the newest first. */
struct chain {
	int *dirs;
	size_t count;
	struct err *e;
};

static int damaged(const struct chain *c, const char *file, const char *what)
{
	err_set(c->e, ERR_SYSTEM, 0, "image '%s' is damaged: %s", file, what);
	return -EBADMSG;
}

static int failed(const struct chain *c, int r, const char *file)
{
	return err_set(c->e, ERR_SYSTEM, -r, "merge image '%s'", file);
}

/* ---- protobuf: fields that are numbers ---- */

struct cursor {
	const unsigned char *at, *end;
};

static bool read_varint(struct cursor *c, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && c->at < c->end; shift += 7) {
		value |= (uint64_t)(*c->at & 0x7f) << shift;
		if (!(*c->at++ & 0x80)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* Fields 1 to @count into @ret, others passed over; nothing but numbers is in these messages. */
static bool read_fields(struct cursor c, uint64_t *ret, unsigned count)
{
	while (c.at < c.end) {
		uint64_t tag, value;

		if (!read_varint(&c, &tag) || (tag & 7) != 0 || !read_varint(&c, &value))
			return false;
		if (tag >> 3 >= 1 && tag >> 3 <= count)
			ret[(tag >> 3) - 1] = value;
	}
	return true;
}

static uint32_t get32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool next_message(struct cursor *c, struct cursor *ret)
{
	uint32_t size;

	if (c->end - c->at < 4)
		return false;
	size = get32(c->at);
	c->at += 4;
	if (size > (size_t)(c->end - c->at))
		return false;
	*ret = (struct cursor){ c->at, c->at + size };
	c->at += size;
	return true;
}

/* ---- pagemaps ---- */

static void free_pagemap(struct pagemap *m)
{
	free(m->items);
}

/* Images of before flags existed say only whether pages are in the parent's. */
static int read_extents(const struct chain *ch, const char *name, struct cursor c,
			struct pagemap *ret)
{
	uint64_t offset = 0, end = 0;
	struct cursor one;

	ret->items = calloc((size_t)(c.end - c.at) / 4 + 1, sizeof(*ret->items));
	if (!ret->items)
		return failed(ch, -ENOMEM, name);
	while (c.at < c.end) {
		uint64_t f[5] = { 0 };
		struct extent x;

		if (!next_message(&c, &one) || !read_fields(one, f, 5))
			return damaged(ch, name, "an entry cannot be read");
		x = (struct extent){ f[0], f[4] ? f[4] : f[1], (uint32_t)f[3], offset };
		if (!x.flags)
			x.flags = f[2] ? IN_PARENT : PRESENT;
		if (x.address % PAGE || x.address < end || !x.pages ||
		    x.pages > (UINT64_MAX - x.address) / PAGE)
			return damaged(ch, name, "addresses overlap");
		if (x.flags & LAZY && !(x.flags & PRESENT))
			return damaged(ch, name, "pages were sent somewhere else");
		end = x.address + x.pages * PAGE;
		if (x.flags & PRESENT)
			offset += x.pages * PAGE;
		ret->items[ret->count++] = x;
	}
	return 0;
}

/* 1; 0: there is none in @dir. */
static int read_pagemap(const struct chain *ch, int dir, const char *name, struct pagemap *ret)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *text = NULL;
	struct cursor c, one;
	uint64_t id = 0;
	size_t size;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : failed(ch, -errno, name);
	r = io_read_file(fd, PAGEMAP_MAX, &text, &size);
	if (r < 0)
		return failed(ch, r, name);
	c = (struct cursor){ (unsigned char *)text, (unsigned char *)text + size };
	if (size < 8 || get32(c.at) != MAGIC_COMMON || get32(c.at + 4) != MAGIC_PAGEMAP)
		return damaged(ch, name, "it is of another kind");
	c.at += 8;
	if (!next_message(&c, &one) || !read_fields(one, &id, 1) || id > UINT32_MAX)
		return damaged(ch, name, "its head cannot be read");
	ret->pages_id = (uint32_t)id;
	r = read_extents(ch, name, c, ret);
	return r < 0 ? r : 1;
}

/* ---- one pagemap through all levels ---- */

struct level {
	struct pagemap map;
	int pages; /* -EBADF: not opened yet */
	bool there;
};

struct merge {
	const struct chain *chain;
	const char *name; /* of the pagemap */
	struct level *levels;
	int out_pages;
	uint64_t written;
	/* the new map, as text */
	FILE *text;
	struct extent last;
	struct err *e;
};

static void end_merge(struct merge *m)
{
	for (size_t i = 0; m->levels && i < m->chain->count; i++) {
		free_pagemap(&m->levels[i].map);
		close_fd(&m->levels[i].pages);
	}
	free(m->levels);
	close_fd(&m->out_pages);
	if (m->text)
		(void)fclose(m->text);
}

static void pages_name(uint32_t id, char buf[32])
{
	(void)snprintf(buf, 32, "pages-%u.img", id);
}

static int open_pages(const struct merge *m, size_t level)
{
	struct level *l = &m->levels[level];
	char name[32];

	if (l->pages >= 0)
		return 0;
	pages_name(l->map.pages_id, name);
	l->pages = openat(m->chain->dirs[level], name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return l->pages < 0 ? failed(m->chain, -errno, name) : 0;
}

static int copy_by_hand(int from, off_t *at, int to, size_t size)
{
	char buffer[64 << 10];
	ssize_t n = pread(from, buffer, size < sizeof(buffer) ? size : sizeof(buffer), *at);

	if (n <= 0)
		return n < 0 ? -errno : -EBADMSG;
	*at += n;
	return io_write_all(to, buffer, (size_t)n) < 0 ? -EIO : (int)n;
}

static int copy_pages(const struct merge *m, size_t level, uint64_t offset, uint64_t size)
{
	off_t at = (off_t)offset;
	int r = open_pages(m, level);

	while (r >= 0 && size) {
		ssize_t n = copy_file_range(m->levels[level].pages, &at, m->out_pages, NULL,
					    size < (1u << 30) ? (size_t)size : 1u << 30, 0);

		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP))
			n = copy_by_hand(m->levels[level].pages, &at, m->out_pages, (size_t)size);
		else if (n < 0)
			n = -errno;
		if (n == 0)
			return damaged(m->chain, m->name, "pages are missing at the end");
		if (n < 0)
			return failed(m->chain, (int)n, m->name);
		size -= (uint64_t)n;
	}
	return r;
}

static void put_varint(FILE *f, unsigned tag, uint64_t value)
{
	(void)fputc((int)(tag << 3), f); /* ferror is asked at the end */
	do {
		(void)fputc((int)(value & 0x7f) | (value > 0x7f ? 0x80 : 0), f);
		value >>= 7;
	} while (value);
}

static unsigned varint_size(uint64_t value)
{
	unsigned n = 1;

	while (value >>= 7)
		n++;
	return n;
}

static void put32(FILE *f, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		(void)fputc((int)(v >> (8 * i) & 0xff), f);
}

static void put_extent(const struct merge *m)
{
	const struct extent *x = &m->last;

	if (!x->pages)
		return;
	put32(m->text, 3 + varint_size(x->address) + varint_size(x->pages) + varint_size(x->flags));
	put_varint(m->text, 1, x->address);
	put_varint(m->text, 2, x->pages);
	put_varint(m->text, 4, x->flags);
}

/* @pages at @address come from @level: into the new files. */
static int emit(struct merge *m, size_t level, uint64_t address, uint64_t pages, uint64_t offset,
		uint32_t flags)
{
	struct extent *x = &m->last;
	int r = copy_pages(m, level, offset, pages * PAGE);

	if (r < 0)
		return r;
	m->written += pages * PAGE;
	if (x->pages && x->address + x->pages * PAGE == address && x->flags == flags &&
	    x->pages + pages <= UINT32_MAX) {
		x->pages += pages;
		return 0;
	}
	put_extent(m);
	*x = (struct extent){ address, pages, flags, 0 };
	return 0;
}

/* The extent of @map with @address in it, or NULL. */
static const struct extent *find(const struct pagemap *map, uint64_t address)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct extent *x = &map->items[mid];

		if (address < x->address)
			high = mid;
		else if (address >= x->address + x->pages * PAGE)
			low = mid + 1;
		else
			return x;
	}
	return NULL;
}

/* Where are the @pages at @address, that are not above @level? Piece by piece. */
static int resolve(struct merge *m, size_t level, uint64_t address, uint64_t pages, uint32_t flags)
{
	while (pages) {
		const struct extent *x = NULL;
		uint64_t n = pages, end;
		size_t at = level;
		int r;

		for (; at < m->chain->count; at++) {
			x = m->levels[at].there ? find(&m->levels[at].map, address) : NULL;
			if (!x)
				break;
			end = (x->address + x->pages * PAGE - address) / PAGE;
			n = end < n ? end : n;
			if (x->flags & PRESENT)
				break;
		}
		if (!x || at == m->chain->count)
			return damaged(m->chain, m->name, "a page is nowhere");
		r = emit(m, at, address, n, x->offset + (address - x->address), flags);
		if (r < 0)
			return r;
		address += n * PAGE;
		pages -= n;
	}
	return 0;
}

static int load_levels(struct merge *m)
{
	const struct chain *c = m->chain;

	m->levels = calloc(c->count, sizeof(*m->levels));
	if (!m->levels)
		return failed(c, -ENOMEM, m->name);
	for (size_t i = 0; i < c->count; i++)
		m->levels[i].pages = -EBADF;
	for (size_t i = 0; i < c->count; i++) {
		int r = read_pagemap(c, c->dirs[i], m->name, &m->levels[i].map);

		if (r < 0)
			return r;
		m->levels[i].there = r == 1;
		if (r == 0)
			break;
	}
	return 0;
}

static int write_map(struct merge *m, int out, const char *text, size_t size)
{
	cleanup_fd int fd =
		openat(out, m->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : io_write_all(fd, text, size);

	return r < 0 ? failed(m->chain, r, m->name) : 0;
}

static int merge_all(struct merge *m)
{
	const struct pagemap *top = &m->levels[0].map;
	FILE *f = m->text;
	int r = 0;

	put32(f, MAGIC_COMMON);
	put32(f, MAGIC_PAGEMAP);
	put32(f, 1 + varint_size(top->pages_id));
	put_varint(f, 1, top->pages_id);
	for (size_t i = 0; r == 0 && i < top->count; i++) {
		const struct extent *x = &top->items[i];

		/* what stays of the flags: whether it may be fetched later */
		r = resolve(m, 0, x->address, x->pages, PRESENT | (x->flags & LAZY));
	}
	put_extent(m);
	return r;
}

static int merge_one(const struct chain *c, const char *name, int out, uint64_t *bytes)
{
	cleanup_free char *text = NULL; /* the stream writes to it until it is closed */
	cleanup_(end_merge) struct merge m = { .chain = c, .name = name, .out_pages = -EBADF };
	char pages[32];
	size_t size = 0;
	int r;

	m.text = open_memstream(&text, &size);
	r = m.text ? load_levels(&m) : failed(c, -ENOMEM, name);
	if (r < 0)
		return r;
	pages_name(m.levels[0].map.pages_id, pages);
	m.out_pages =
		openat(out, pages, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (m.out_pages < 0)
		return failed(c, -errno, pages);
	r = merge_all(&m);
	if (r == 0 && (fflush(m.text) != 0 || ferror(m.text)))
		r = failed(c, -ENOMEM, name);
	if (r == 0)
		r = write_map(&m, out, text, size);
	*bytes += m.written;
	return r;
}

/* ---- the directories ---- */

static void close_chain(struct chain *c)
{
	for (size_t i = 0; i < c->count; i++)
		(void)close(c->dirs[i]);
	free(c->dirs);
}

/* Links are those that who received the images made: they lead to a sibling. */
static int open_chain(struct chain *c, int images)
{
	int dir = openat(images, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (dir >= 0) {
		int *grown = reallocarray(c->dirs, c->count + 1, sizeof(*grown));

		if (!grown || c->count == LEVELS_MAX) {
			c->dirs = grown ? grown : c->dirs;
			(void)close(dir);
			return failed(c, grown ? -ELOOP : -ENOMEM, "parent");
		}
		c->dirs = grown;
		c->dirs[c->count++] = dir;
		dir = openat(dir, "parent", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return errno == ENOENT && c->count ? 0 : failed(c, -errno, "parent");
}

static int take_file(const struct chain *c, const char *name, int out, uint64_t *bytes)
{
	size_t len = strlen(name);

	if (strncmp(name, "pagemap-", 8) == 0 && len > 4 && strcmp(name + len - 4, ".img") == 0)
		return merge_one(c, name, out, bytes);
	if (strncmp(name, "pages-", 6) == 0)
		return 0; /* with its map */
	return linkat(c->dirs[0], name, out, name, 0) < 0 ? failed(c, -errno, name) : 0;
}

static int select_file(const struct dirent *d)
{
	return d->d_name[0] != '.' && strcmp(d->d_name, "parent") != 0;
}

int pages_merge(int images, int out, uint64_t *ret_bytes, struct err *e)
{
	cleanup_(close_chain) struct chain c = { .e = e };
	struct dirent **names = NULL;
	int n = -1, r = open_chain(&c, images);

	*ret_bytes = 0;
	if (r == 0)
		n = scandirat(images, ".", &names, select_file, alphasort);
	if (r == 0 && n < 0)
		r = failed(&c, -errno, ".");
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = take_file(&c, names[i]->d_name, out, ret_bytes);
		free(names[i]);
	}
	free(names);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See treesync.h: what is remembered of a tree, in memory and in a file. */
#include "rootfs/treesync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rootfs/treesync_internal.h"
#include "util/cleanup.h"
#include "util/io.h"

enum {
	ROOM_FIRST = 256,
	SAVED_FIXED = 41 + TREESYNC_DIGEST,
};

#define SAVED_MAGIC "CTRTIDX1"
#define SAVED_MAX   (UINT64_C(4) << 30)

int treesync_new(struct treesync **ret, struct err *e)
{
	cleanup_(treesync_freep) struct treesync *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return err_set(e, ERR_SYSTEM, ENOMEM, "compare trees");
	r = digest_new(&t->digest, e);
	if (r < 0)
		return r;
	t->table = calloc(ROOM_FIRST, sizeof(struct treesync_entry *));
	if (!t->table)
		return err_set(e, ERR_SYSTEM, ENOMEM, "compare trees");
	t->room = ROOM_FIRST;
	*ret = take_ptr(t);
	return 0;
}

static void free_entry(struct treesync_entry *entry)
{
	if (!entry)
		return;
	free(entry->path);
	free(entry->blocks);
	free(entry);
}

void treesync_free(struct treesync *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->room; i++)
		free_entry(t->table[i]);
	free((void *)t->table);
	digest_free(t->digest);
	free(t);
}

/* ---- the table: open addressing ---- */

/* FNV-1a. Names come from a container: crafted ones make it slow for that container, no more. */
static size_t hash(const char *path)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

/* Where @path is, or would be. */
static size_t place_of(struct treesync_entry *const *table, size_t room, const char *path)
{
	size_t at = hash(path) & (room - 1);

	while (table[at] && strcmp(table[at]->path, path) != 0)
		at = (at + 1) & (room - 1);
	return at;
}

struct treesync_entry *treesync_find(const struct treesync *t, const char *path)
{
	return t->table[place_of(t->table, t->room, path)];
}

static int resize(struct treesync *t, size_t room)
{
	struct treesync_entry **table = calloc(room, sizeof(struct treesync_entry *));

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < t->room; i++)
		if (t->table[i])
			table[place_of(table, room, t->table[i]->path)] = t->table[i];
	free((void *)t->table);
	t->table = table;
	t->room = room;
	return 0;
}

struct treesync_entry *treesync_add(struct treesync *t, const char *path)
{
	struct treesync_entry *entry = treesync_find(t, path);

	if (entry)
		return entry;
	if (t->count * 2 >= t->room && resize(t, t->room * 2) < 0)
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->path = strdup(path);
	if (!entry->path) {
		free(entry);
		return NULL;
	}
	t->table[place_of(t->table, t->room, path)] = entry;
	t->count++;
	return entry;
}

/* What remains is put in its place again: a hole would cut chains. */
void treesync_drop_unseen(struct treesync *t)
{
	size_t gone = 0;

	for (size_t i = 0; i < t->room; i++) {
		struct treesync_entry *entry = t->table[i];

		if (!entry || entry->round == t->round)
			continue;
		free_entry(entry);
		t->table[i] = NULL;
		gone++;
	}
	t->count -= gone;
	for (size_t i = 0; gone && i < t->room; i++) {
		struct treesync_entry *entry = take_ptr(t->table[i]);

		if (entry)
			t->table[place_of(t->table, t->room, entry->path)] = entry;
	}
}

/* ---- digests ---- */

static bool is_zero(const unsigned char *p, size_t size)
{
	return size == 0 || (p[0] == 0 && memcmp(p, p + 1, size - 1) == 0);
}

static unsigned char nibble(char c)
{
	return (unsigned char)(c <= '9' ? c - '0' : c - 'a' + 10);
}

void treesync_digest(struct treesync *t, const void *data, size_t size,
		     unsigned char ret[TREESYNC_DIGEST])
{
	char text[DIGEST_TEXT];

	memset(ret, 0, TREESYNC_DIGEST);
	if (is_zero(data, size))
		return;
	digest_update(t->digest, data, size);
	digest_finish(t->digest, text);
	for (size_t i = 0; i < TREESYNC_DIGEST; i++)
		ret[i] = (unsigned char)(nibble(text[7 + 2 * i]) << 4 | nibble(text[8 + 2 * i]));
}

/* ---- in a file ---- */

/*
 * magic, number of entries 64, then each: lengths of path and blocks 32, ino 64, size 64, mode 32, change time 64 and
 * 32, settled 8, digest, path, blocks; at last the digest of all of it.
 */
struct text {
	unsigned char *bytes;
	size_t size, room;
};

static int append(struct text *x, const void *bytes, size_t size)
{
	if (x->room - x->size < size) {
		size_t room = (x->room + size) * 2;
		unsigned char *grown = realloc(x->bytes, room);

		if (!grown)
			return -ENOMEM;
		x->bytes = grown;
		x->room = room;
	}
	if (size)
		memcpy(x->bytes + x->size, bytes, size);
	x->size += size;
	return 0;
}

static int append_entry(struct text *x, const struct treesync_entry *entry)
{
	unsigned char fixed[SAVED_FIXED], *p = fixed;
	size_t path = strlen(entry->path), blocks = entry->block_count * TREESYNC_DIGEST;
	int r;

	treesync_put32(p, (uint32_t)path);
	treesync_put32(p + 4, (uint32_t)entry->block_count);
	treesync_put64(p + 8, entry->ino);
	treesync_put64(p + 16, entry->size);
	treesync_put32(p + 24, entry->mode);
	treesync_put64(p + 28, (uint64_t)entry->ctime.tv_sec);
	treesync_put32(p + 36, (uint32_t)entry->ctime.tv_nsec);
	p[40] = entry->settled;
	memcpy(p + 41, entry->told, TREESYNC_DIGEST);
	r = append(x, fixed, sizeof(fixed));
	if (r == 0)
		r = append(x, entry->path, path);
	return r < 0 ? r : append(x, entry->blocks, blocks);
}

int treesync_save(const struct treesync *t, int dir, const char *name, struct err *e)
{
	cleanup_(digest_freep) struct digest *d = NULL;
	struct text x = { 0 };
	unsigned char number[8];
	char digest[DIGEST_TEXT];
	int r = digest_new(&d, e);

	if (r < 0)
		return r;
	treesync_put64(number, t->count);
	r = append(&x, SAVED_MAGIC, 8);
	if (r == 0)
		r = append(&x, number, sizeof(number));
	for (size_t i = 0; r == 0 && i < t->room; i++)
		if (t->table[i])
			r = append_entry(&x, t->table[i]);
	if (r == 0) {
		digest_update(d, x.bytes, x.size);
		digest_finish(d, digest);
		r = append(&x, digest, DIGEST_TEXT);
	}
	if (r == 0)
		r = io_replace_file_durable(dir, name, 0600, x.bytes, x.size);
	free(x.bytes);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remember what was sent") : 0;
}

/* One entry at @p of @left bytes: how many it takes, or -errno. */
static ssize_t load_entry(struct treesync *t, const unsigned char *p, size_t left)
{
	struct treesync_entry *entry;
	cleanup_free char *path = NULL;
	size_t len, blocks;

	if (left < SAVED_FIXED)
		return -EBADMSG;
	len = treesync_get32(p);
	blocks = (size_t)treesync_get32(p + 4) * TREESYNC_DIGEST;
	if (len >= TREESYNC_PATH_MAX || left - SAVED_FIXED < len + blocks)
		return -EBADMSG;
	path = strndup((const char *)p + SAVED_FIXED, len);
	entry = path ? treesync_add(t, path) : NULL;
	if (!entry)
		return -ENOMEM;
	if (entry->blocks)
		return -EBADMSG; /* twice */
	entry->ino = treesync_get64(p + 8);
	entry->size = treesync_get64(p + 16);
	entry->mode = treesync_get32(p + 24);
	entry->ctime.tv_sec = (time_t)treesync_get64(p + 28);
	entry->ctime.tv_nsec = (long)treesync_get32(p + 36);
	entry->settled = p[40] == 1;
	entry->round = t->round;
	memcpy(entry->told, p + 41, TREESYNC_DIGEST);
	entry->block_count = blocks / TREESYNC_DIGEST;
	entry->blocks = malloc(blocks ? blocks : 1);
	if (!entry->blocks)
		return -ENOMEM;
	memcpy(entry->blocks, p + SAVED_FIXED + len, blocks);
	return (ssize_t)(SAVED_FIXED + len + blocks);
}

static int load_all(struct treesync *t, const unsigned char *p, size_t size)
{
	uint64_t count;
	size_t at = 16;

	if (size < 16 + DIGEST_TEXT || memcmp(p, SAVED_MAGIC, 8) != 0)
		return -EBADMSG;
	count = treesync_get64(p + 8);
	size -= DIGEST_TEXT;
	for (uint64_t i = 0; i < count; i++) {
		ssize_t n = load_entry(t, p + at, size - at);

		if (n < 0)
			return (int)n;
		at += (size_t)n;
	}
	return at == size ? 0 : -EBADMSG;
}

static int check_digest(struct treesync *t, const unsigned char *p, size_t size)
{
	char digest[DIGEST_TEXT];

	if (size < DIGEST_TEXT)
		return -EBADMSG;
	digest_update(t->digest, p, size - DIGEST_TEXT);
	digest_finish(t->digest, digest);
	return memcmp(digest, p + size - DIGEST_TEXT, DIGEST_TEXT) == 0 ? 0 : -EBADMSG;
}

int treesync_load(int dir, const char *name, struct treesync **ret, struct err *e)
{
	cleanup_(treesync_freep) struct treesync *t = NULL;
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t size = 0;
	int r;

	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "read what was sent before");
	r = treesync_new(&t, e);
	if (r < 0)
		return r;
	t->round = 1; /* 0: never told */
	r = io_read_file(fd, SAVED_MAX, &text, &size);
	if (r == 0)
		r = check_digest(t, (unsigned char *)text, size);
	if (r == 0)
		r = load_all(t, (unsigned char *)text, size);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read what was sent before");
	*ret = take_ptr(t);
	return 0;
}

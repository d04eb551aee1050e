// SPDX-License-Identifier: GPL-2.0-or-later
/* See standby.h: making a generation complete, and finding out whether it still is. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "checkpoint/standby_internal.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/there.h"

#define INCOMING "incoming-"
#define DIGESTS	 "digests.json"

enum {
	COPY_SIZE = 256 << 10
};

/* ---- digests ---- */

int standby_file_digest(int dir, const char *name, char ret[DIGEST_TEXT], struct err *e)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_(digest_freep) struct digest *d = NULL;
	cleanup_free char *buffer = malloc(COPY_SIZE);
	ssize_t n = 0;
	int r = digest_new(&d, e);

	if (r < 0)
		return r;
	if (fd < 0 || !buffer)
		return err_set(e, ERR_SYSTEM, fd < 0 ? errno : ENOMEM, "read '%s'", name);
	while ((n = read(fd, buffer, COPY_SIZE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, ERR_SYSTEM, errno, "read '%s'", name);
		digest_update(d, buffer, (size_t)n);
	}
	digest_finish(d, ret);
	return 0;
}

static int is_image(const struct dirent *d)
{
	return d->d_name[0] != '.' && strcmp(d->d_name, "parent") != 0;
}

/* Call @fn for each file of images, sorted. */
static int each_image(int memory,
		      int (*fn)(void *data, int images, const char *name, struct err *e),
		      void *data, struct err *e)
{
	cleanup_fd int images = standby_subdir(memory, STANDBY_IMAGES);
	struct dirent **names = NULL;
	int r = 0, n = images < 0 ? images : scandirat(images, ".", &names, is_image, alphasort);

	if (n < 0)
		return err_set(e, ERR_SYSTEM, images < 0 ? -images : errno, "read the images");
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = fn(data, images, names[i]->d_name, e);
		free(names[i]);
	}
	free(names);
	return r;
}

static int note_image(void *data, int images, const char *name, struct err *e)
{
	struct json_out *o = data;
	char digest[DIGEST_TEXT];
	int r = standby_file_digest(images, name, digest, e);

	if (r == 0)
		json_out_member_string(o, name, digest);
	return r;
}

int standby_memory_note(int memory, struct err *e)
{
	struct json_out o;
	int r;

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write down digests");
	json_out_object(&o);
	r = each_image(memory, note_image, &o, e);
	if (r == 0)
		return standby_json_write(memory, DIGESTS, &o, e);
	json_out_free(&o);
	return r;
}

struct comparing {
	const struct json_node *digests;
	uint64_t generation;
	size_t seen;
};

static int bad(uint64_t generation, const char *file, struct err *e)
{
	err_set(e, ERR_SYSTEM, 0, "generation %llu is damaged: '%s' is not what it was",
		(unsigned long long)generation, file);
	return -EBADMSG;
}

static int compare_image(void *data, int images, const char *name, struct err *e)
{
	struct comparing *c = data;
	const struct json_node *want = json_member(c->digests, name);
	char digest[DIGEST_TEXT];
	int r = standby_file_digest(images, name, digest, e);

	if (r < 0)
		return r;
	if (!want || want->type != JSON_STRING || strcmp(want->text, digest) != 0)
		return bad(c->generation, name, e);
	c->seen++;
	return 0;
}

int standby_memory_verify(int memory, uint64_t generation, struct err *e)
{
	struct comparing c = { .generation = generation };
	struct arena a = { 0 };
	int r = standby_json_read(memory, DIGESTS, &a, &c.digests, e);

	if (r == -ENOENT)
		r = bad(generation, DIGESTS, e);
	if (r == 0)
		r = each_image(memory, compare_image, &c, e);
	if (r == 0 && c.seen != c.digests->count)
		r = bad(generation, "an image that is missing", e);
	arena_free(&a);
	return r;
}

static int compare_file(int dir, const char *name, const char *want, uint64_t generation,
			struct err *e)
{
	char digest[DIGEST_TEXT];
	int r = standby_file_digest(dir, name, digest, e);

	if (r < 0)
		return r;
	return strcmp(digest, want) == 0 ? 0 : bad(generation, name, e);
}

static const struct standby_generation *before(const struct standby_list *l,
					       const struct standby_generation *g)
{
	for (size_t i = 0; g->parent && i < l->count; i++)
		if (l->items[i].number == g->parent)
			return &l->items[i];
	return NULL;
}

static int verify_one(const struct standby *s, const struct standby_generation *g, bool files,
		      bool memory, struct err *e)
{
	cleanup_fd int dir = -EBADF, mem = -EBADF;
	int r = standby_generation_open(s, g->number, &dir, e);

	if (r == 0)
		r = compare_file(dir, "config.json", g->config, g->number, e);
	if (r == 0)
		r = compare_file(dir, "proposal.json", g->proposal, g->number, e);
	if (r == 0 && files && g->files)
		r = compare_file(dir, STANDBY_DELTA, g->delta, g->number, e);
	if (r < 0 || !memory)
		return r;
	mem = standby_subdir(dir, STANDBY_MEMORY);
	return mem < 0 ? err_set(e, ERR_SYSTEM, -mem, "open the memory of generation %llu",
				 (unsigned long long)g->number)
		       : standby_memory_verify(mem, g->number, e);
}

/* Back to where images, and files, build on nothing of another generation. */
int standby_verify(const struct standby *s, const struct standby_list *l,
		   const struct standby_generation *g, struct err *e)
{
	struct standby_base base;
	bool files = true, memory = true;
	int r = standby_base_read(s, &base, e);

	while (r == 0 && g && (files || memory)) {
		char path[64];

		if (base.generation == g->number && !base.folding)
			files = false; /* all that is needed of it is in the base */
		r = verify_one(s, g, files, memory, e);
		(void)snprintf(path, sizeof(path),
			       "%llu/" STANDBY_MEMORY "/" STANDBY_IMAGES "/parent",
			       (unsigned long long)g->number);
		/* if that cannot be known, those below are looked at, too */
		memory = memory && is_there(s->dir, path) != 0;
		files = files && g->files && g->parent && base.folding != g->number &&
			base.generation != g->parent;
		g = before(l, g);
	}
	return r;
}

/* ---- a new one ---- */

int standby_begin(const struct standby *s, char name[64], int *ret, struct err *e)
{
	cleanup_fd int dir = -EBADF;
	unsigned char b[8];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return err_set(e, ERR_SYSTEM, EIO, "find a name");
	(void)snprintf(name, 64, INCOMING "%02x%02x%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
		       b[3], b[4], b[5], b[6], b[7]);
	if (mkdirat(s->dir, name, 0700) < 0)
		return err_set(e, ERR_SYSTEM, errno, "make a place for a generation");
	dir = standby_subdir(s->dir, name);
	if (dir < 0)
		return err_set(e, ERR_SYSTEM, -dir, "make a place for a generation");
	if (flock(dir, LOCK_EX | LOCK_NB) < 0 || mkdirat(dir, STANDBY_MEMORY, 0700) < 0 ||
	    mkdirat(dir, STANDBY_MEMORY "/" STANDBY_IMAGES, 0700) < 0)
		return err_set(e, ERR_SYSTEM, errno, "make a place for a generation");
	*ret = take_fd(&dir);
	return 0;
}

static int is_incoming(const struct dirent *d)
{
	return strncmp(d->d_name, INCOMING, strlen(INCOMING)) == 0;
}

void standby_sweep(const struct standby *s)
{
	struct dirent **names = NULL;
	int n = scandirat(s->dir, ".", &names, is_incoming, NULL);

	for (int i = 0; i < n; i++) {
		cleanup_fd int dir = standby_subdir(s->dir, names[i]->d_name);

		/* what cannot be removed now is tried again by the next one */
		if (dir >= 0 && flock(dir, LOCK_EX | LOCK_NB) == 0)
			(void)tree_remove(s->dir, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

static int write_manifest(int dir, const struct standby_generation *g, struct err *e)
{
	char delta[DIGEST_TEXT], config[DIGEST_TEXT], proposal[DIGEST_TEXT];
	struct json_out o;
	int r = g->files ? standby_file_digest(dir, STANDBY_DELTA, delta, e) : 0;

	if (r == 0)
		r = standby_file_digest(dir, "config.json", config, e);
	if (r == 0)
		r = standby_file_digest(dir, "proposal.json", proposal, e);
	if (r < 0)
		return r;
	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write a manifest");
	json_out_object(&o);
	json_out_member_int(&o, "version", 1);
	json_out_member_uint(&o, "generation", g->number);
	json_out_member_uint(&o, "parent", g->parent);
	json_out_member_string(&o, "instance", g->instance);
	json_out_member_string(&o, "created", g->created);
	json_out_member_string(&o, "bundle", g->bundle);
	json_out_member_uint(&o, "memoryBytes", g->memory_bytes);
	json_out_member_uint(&o, "fileBytes", g->file_bytes);
	json_out_member_uint(&o, "holdMicroseconds", g->hold_us);
	if (g->files)
		json_out_member_string(&o, "delta", delta);
	json_out_member_string(&o, "config", config);
	json_out_member_string(&o, "proposal", proposal);
	return standby_json_write(dir, "manifest.json", &o, e);
}

int standby_complete(const struct standby *s, const char *name, int dir,
		     const struct standby_generation *g, struct err *e)
{
	cleanup_fd int memory = standby_subdir(dir, STANDBY_MEMORY);
	char number[24];
	int r = memory < 0 ? err_set(e, ERR_SYSTEM, -memory, "open the images")
			   : standby_memory_note(memory, e);

	if (r == 0)
		r = write_manifest(dir, g, e);
	if (r < 0)
		return r;
	standby_number(g->number, number);
	/* all of it is on the disk before it has the name by which it counts */
	if (syncfs(dir) < 0 || renameat2(s->dir, name, s->dir, number, RENAME_NOREPLACE) < 0 ||
	    fsync(s->dir) < 0)
		return err_set(e, ERR_SYSTEM, errno, "complete generation %s", number);
	return 0;
}

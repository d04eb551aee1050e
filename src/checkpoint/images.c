// SPDX-License-Identifier: GPL-2.0-or-later
/* From a directory to an answer: read, fork, understand, compare. */
#include "checkpoint/images.h"

#include <errno.h>

#include "config.h"

#ifdef HAVE_CRIU

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint/images_child.h"
#include "checkpoint/images_judge.h"
#include "checkpoint/images_summary.h"
#include "checkpoint/protobuf.h"
#include "rootfs/archive.h"
#include "util/cleanup.h"
#include "util/io.h"

/*
 * libarchive and its locale are loaded by whoever opens an archive. A child that may open nothing finds them
 * loaded, as long as this is open.
 */
struct loaded {
	struct inflate *in;
	struct tar_reader *tar;
};

static void unload(struct loaded *l)
{
	tar_reader_close(l->tar);
	inflate_close(l->in);
}

/* Who needs them, and lacks them, says so. */
static void load_archives(struct loaded *ret)
{
	static const char end_of_archive[1024];
	struct err ignored = ERR_INIT;
	int ends[2] = { -EBADF, -EBADF };

	if (pipe2(ends, O_CLOEXEC) == 0 &&
	    io_write_all(ends[1], end_of_archive, sizeof(end_of_archive)) == 0) {
		close_fd(&ends[1]);
		if (inflate_open(ends[0], &ret->in, &ignored) == 0)
			(void)tar_reader_open(ret->in, NULL, &ret->tar, &ignored);
	}
	close_fd(&ends[0]);
	close_fd(&ends[1]);
}

/* Descriptors that the child reads from. */
static int *list_open(const struct image_set *s, size_t *ret)
{
	int *fds = calloc(s->count + 1, sizeof(*fds));

	*ret = 0;
	for (size_t i = 0; fds && i < s->count; i++)
		if (s->files[i].fd >= 0)
			fds[(*ret)++] = s->files[i].fd;
	return fds;
}

static int read_confined(const struct image_set *s, void (*work)(void *, struct images_answer *),
			 void *data, struct images_answer *ret, struct err *e)
{
	cleanup_(unload) struct loaded loaded = { 0 };
	size_t count;
	cleanup_free int *keep = list_open(s, &count);
	int r;

	if (!keep)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the images");
	if (count)
		load_archives(&loaded);
	r = images_confined(work, data, keep, count, ret, e);
	if (r == 0 && ret->result < 0) {
		*e = ret->err;
		r = ret->result;
	}
	return r;
}

/* What these images are based on: each directory on the next. Nothing is understood, for it is memory. */
static int check_parents(const struct image_set *s, uint64_t *ret_memory, struct err *e)
{
	cleanup_fd int dir = s->parent < 0 ? -EBADF : fcntl(s->parent, F_DUPFD_CLOEXEC, 0);
	int r = 0;

	for (int depth = 0; r == 0 && dir >= 0; depth++) {
		cleanup_(image_set_free) struct image_set base = IMAGE_SET_EMPTY;

		if (depth == IMAGE_DEPTH_MAX) {
			err_set(e, ERR_STATE, 0, "the images are based on more than %d others",
				depth);
			return -EBADMSG;
		}
		r = image_set_read(dir, true, &base, e);
		for (size_t i = 0; r == 0 && i < base.count; i++)
			if (base.files[i].kind == IMAGE_PAGES)
				*ret_memory += base.files[i].size;
		close_fd(&dir);
		dir = take_fd(&base.parent);
	}
	if (r < 0)
		(void)err_wrap(e, "in the images that these are based on"); /* the code stays */
	return r;
}

static void judge_work(void *data, struct images_answer *answer)
{
	answer->result = image_judge(data, &answer->err);
}

int images_check(int dir, const struct images_rules *rules, struct err *e)
{
	cleanup_(image_set_free) struct image_set set = IMAGE_SET_EMPTY;
	cleanup_(arena_free) struct arena arena = { 0 };
	cleanup_free struct images_answer *answer = calloc(1, sizeof(*answer));
	struct image_view view = { 0 };
	struct judge j = { .rules = rules, .view = &view, .set = &set };
	uint64_t ignored = 0;
	int r = answer ? protobuf_load(e) : err_set(e, ERR_SYSTEM, ENOMEM, "check the images");

	if (r == 0)
		r = image_set_read(dir, false, &set, e);
	if (r == 0)
		r = check_parents(&set, &ignored, e);
	if (r == 0)
		r = image_view_make(rules, &arena, &view, e);
	return r < 0 ? r : read_confined(&set, judge_work, &j, answer, e);
}

static void summary_work(void *data, struct images_answer *answer)
{
	answer->result = image_summarize(data, &answer->summary, &answer->err);
}

int images_look(int dir, struct images_summary *ret, struct err *e)
{
	cleanup_(image_set_free) struct image_set set = IMAGE_SET_EMPTY;
	cleanup_free struct images_answer *answer = calloc(1, sizeof(*answer));
	uint64_t parents = 0;
	int r = answer ? protobuf_load(e) : err_set(e, ERR_SYSTEM, ENOMEM, "read the images");

	if (r == 0)
		r = image_set_read(dir, false, &set, e);
	if (r == 0)
		r = check_parents(&set, &parents, e);
	if (r == 0)
		r = read_confined(&set, summary_work, &set, answer, e);
	if (r < 0)
		return r;
	*ret = answer->summary;
	ret->has_parent = set.parent >= 0;
	ret->parent_memory = parents;
	ret->size = set.size;
	ret->file_count = (uint32_t)set.count;
	return 0;
}

#else

static int unsupported(struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, 0, "ctr was built without checkpoint and restore");
	err_hint(e, "configure it --with-criu");
	return -EOPNOTSUPP;
}

int images_check(int dir, const struct images_rules *rules, struct err *e)
{
	(void)dir;
	(void)rules;
	return unsupported(e);
}

int images_look(int dir, struct images_summary *ret, struct err *e)
{
	(void)dir;
	(void)ret;
	return unsupported(e);
}

#endif

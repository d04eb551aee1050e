// SPDX-License-Identifier: GPL-2.0-or-later
/* checkpoint --iterate: pre-dumps and the dump, in directories that refer to each other. */
#include "cli/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/stats.h"
#include "util/cleanup.h"
#include "util/num.h"

enum {
	NAME_SIZE = 32
};

/* Where a round shows what it did. */
struct teller {
	bool json, line;
};

static void tell(const struct teller *t, const struct checkpoint_round *r, size_t number, bool last)
{
	char size[16];

	if (t->json)
		(void)fprintf(stderr,
			      "{\"operation\":\"checkpoint\",\"event\":\"round\",\"round\":%zu,"
			      "\"final\":%s,\"bytes\":%" PRIu64 ",\"microseconds\":%" PRIu64 "}\n",
			      number, last ? "true" : "false", r->result.bytes_written, r->usec);
	else if (t->line)
		(void)fprintf(stderr, "%s %zu: %s in %" PRIu64 ".%03" PRIu64 " s\n",
			      last ? "dump, round" : "pre-dump, round", number,
			      cli_size_text(r->result.bytes_written, size, sizeof(size)),
			      r->usec / 1000000, r->usec / 1000 % 1000);
}

int checkpoint_parse_iterate(const char *text, unsigned *ret_count, struct err *e)
{
	int64_t n = 0;

	if (strcmp(text, "auto") != 0 && (num_parse_i64(text, &n) < 0 || n < 1 || n > ROUNDS_MAX)) {
		err_set(e, ERR_USAGE, 0, "option --iterate: '%s' is neither a number nor auto",
			text);
		err_hint(e, "say how many pre-dumps there are to be, from 1 to %d", ROUNDS_MAX);
		return -EINVAL;
	}
	*ret_count = (unsigned)n;
	return 0;
}

static int one_round(struct container *c, const struct checkpoint_request *rq,
		     struct checkpoint_rounds *rounds, const struct teller *t, struct err *e)
{
	struct checkpoint_round *round = &rounds->items[rounds->count];
	uint64_t began = stats_now_usec();
	int r = checkpoint_dump(c, rq, &round->result, e);

	round->usec = stats_now_usec() - began;
	if (r < 0)
		return r;
	rounds->count++;
	tell(t, round, rounds->count, !rq->pre_dump);
	return 0;
}

/* Images that are there already must not get mixed with new ones. */
static int make_round_dir(int images, const char *name, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = -EBADF;

	if (mkdirat(images, name, 0700) < 0) {
		int saved = errno;

		err_set(e, ERR_USAGE, saved, "make the directory '%s' for a round", name);
		if (saved == EEXIST)
			err_hint(e, "there are images of another checkpoint: remove them, or name "
				    "another directory");
		return -saved;
	}
	fd = openat(images, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the directory '%s'", name);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int pre_dump(struct container *c, const struct checkpoint_request *rq, unsigned number,
		    struct checkpoint_rounds *rounds, const struct teller *t, struct err *e)
{
	struct checkpoint_request round = *rq;
	char name[NAME_SIZE], parent[NAME_SIZE];
	cleanup_fd int dir = -EBADF;
	int r;

	(void)snprintf(name, sizeof(name), "%u", number);
	(void)snprintf(parent, sizeof(parent), "../%u", number - 1);
	r = make_round_dir(rq->images, name, &dir, e);
	if (r < 0)
		return r;
	round.images = round.work = dir;
	round.pre_dump = true;
	round.complete = NULL;
	round.parent = number > 1 ? parent : NULL;
	return one_round(c, &round, rounds, t, e);
}

/* How much each pre-dump wrote decides whether there is another one, unless their number is fixed. */
static bool wants_more(const struct checkpoint_rounds *rounds, unsigned count)
{
	struct checkpoint_result done[ROUNDS_MAX];

	if (count)
		return rounds->count < count;
	for (size_t i = 0; i < rounds->count && i < ROUNDS_MAX; i++)
		done[i] = rounds->items[i].result;
	return rounds_go_on(done, rounds->count);
}

int checkpoint_run_rounds(struct container *c, const struct checkpoint_request *rq,
			  const char *iterate, const char *progress, struct checkpoint_rounds *ret,
			  struct err *e)
{
	struct teller t = { .json = progress && strcmp(progress, "json") == 0,
			    .line = iterate && !progress && isatty(STDERR_FILENO) == 1 };
	struct checkpoint_request last = *rq;
	char parent[NAME_SIZE];
	unsigned count = 0;
	int r = iterate ? checkpoint_parse_iterate(iterate, &count, e) : 0;

	*ret = (struct checkpoint_rounds){ 0 };
	while (r == 0 && iterate && wants_more(ret, count))
		r = pre_dump(c, rq, (unsigned)ret->count + 1, ret, &t, e);
	if (r < 0)
		return r;
	if (ret->count) {
		(void)snprintf(parent, sizeof(parent), "%zu", ret->count);
		last.parent = parent;
	}
	return one_round(c, &last, ret, &t, e);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See failover.h. */
#include "checkpoint/failover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint/judge.h"
#include "checkpoint/proposal.h"
#include "checkpoint/restore.h"
#include "checkpoint/standby_internal.h"
#include "checkpoint/standby_receive.h"
#include "container/made_bundle.h"
#include "container/store.h"
#include "rootfs/layers_rebuild.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"

struct taking {
	const struct failover_request *rq;
	struct failover_result *ret;
	struct arena arena;
	struct standby s;
	struct standby_list list;
	const struct standby_generation *g;
	struct proposal p;
	int dir; /* of the generation */
};

static void end_taking(struct taking *t)
{
	close_fd(&t->dir);
	standby_close(&t->s);
	arena_free(&t->arena);
}

/* ---- which one ---- */

static int check_here(const struct taking *t, struct err *e)
{
	cleanup_fd int dir = -EBADF;

	if (store_get(t->rq->store, t->rq->id, STORE_NO_LOCK, &dir, &(struct err)ERR_INIT) == 0) {
		err_set(e, ERR_STATE, EEXIST, "container '%s'", t->rq->id);
		err_hint(e, "it is here already; see ctr state %s", t->rq->id);
		return -EEXIST;
	}
	if (!t->s.state.active || !t->s.state.started || t->rq->again)
		return 0;
	err_set(e, ERR_STATE, 0,
		"container '%s' was taken over before, from generation %llu, and ran", t->rq->id,
		(unsigned long long)t->s.state.generation);
	err_hint(e, "what it did since would be lost; --again does that");
	return -EALREADY;
}

static int choose_wanted(struct taking *t, struct err *e)
{
	for (size_t i = 0; i < t->list.count; i++)
		if (t->list.items[i].number == t->rq->generation && t->list.items[i].usable) {
			t->g = &t->list.items[i];
			return standby_verify(&t->s, &t->list, t->g, e);
		}
	err_set(e, ERR_STATE, ENOENT, "generation %llu of '%s'",
		(unsigned long long)t->rq->generation, t->rq->id);
	err_hint(e, "ctr failover --list %s shows those that are here", t->rq->id);
	return -ENOENT;
}

/* A damaged one is passed over, and told. */
static int choose(struct taking *t, struct err *e)
{
	if (t->rq->generation)
		return choose_wanted(t, e);
	for (size_t i = t->list.count; i-- > 0;) {
		struct err why = ERR_INIT;

		if (!t->list.items[i].usable)
			continue;
		if (standby_verify(&t->s, &t->list, &t->list.items[i], &why) == 0) {
			t->g = &t->list.items[i];
			return 0;
		}
		(void)problems_add(&t->ret->problems, PROBLEM_WARNING, &why);
	}
	err_set(e, ERR_STATE, ENOENT, "a complete generation of '%s'", t->rq->id);
	err_hint(e, "ctr failover --list %s shows what is here", t->rq->id);
	return -ENOENT;
}

static int read_papers(struct taking *t, struct err *e)
{
	const struct json_node *o;
	int r = standby_generation_open(&t->s, t->g->number, &t->dir, e);

	if (r == 0)
		r = standby_json_read(t->dir, "proposal.json", &t->arena, &o, e);
	if (r == -ENOENT)
		return err_set(e, ERR_SYSTEM, ENOENT, "proposal.json of generation %llu",
			       (unsigned long long)t->g->number);
	return r == 0 ? proposal_read(o, &t->arena, &t->p, e) : r;
}

/* ---- its files ---- */

static int place_files(struct taking *t, struct err *e)
{
	struct layers *l = NULL;
	char name[LAYERS_NAME_SIZE];
	int tree = -EBADF, r;

	if (!t->g->files)
		return 0;
	r = layers_open(t->rq->data, t->rq->id, &l, e);
	if (r < 0)
		return r;
	r = layers_upper_begin(l, name, &tree, e);
	if (r == 0)
		r = standby_files(&t->s, &t->list, t->g, tree, e);
	if (r >= 0)
		r = layers_upper_commit(l, name, e);
	close_fd(&tree);
	layers_close(l);
	return r;
}

/* ---- the start ---- */

/* The last moment before it runs: from here on, what the generation has is not all that there is. */
static int ready(void *data, struct container *c, struct err *e)
{
	struct taking *t = data;
	struct standby_state state = t->s.state;

	(void)c;
	state.started = true;
	return standby_set(&t->s, &state, e);
}

static int open_work(const struct taking *t, int *ret, struct err *e)
{
	int fd;

	if (mkdirat(t->s.dir, "work", 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_SYSTEM, errno, "make a place for logs");
	fd = standby_subdir(t->s.dir, "work");
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, -fd, "make a place for logs");
	*ret = fd;
	return 0;
}

/* Was the bundle made when it was replicated? Then it goes with the container. */
static bool is_made(const char *bundle)
{
	char owner[MADE_BUNDLE_OWNER];

	return made_bundle_owner(bundle, owner) == 0 && strcmp(owner, STANDBY_PURPOSE) == 0;
}

static int restore(struct taking *t, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	cleanup_fd int images = standby_subdir(t->dir, STANDBY_MEMORY "/" STANDBY_IMAGES);
	cleanup_fd int work = -EBADF;
	const char *bundle = t->rq->bundle ? t->rq->bundle : t->g->bundle;
	bool made = is_made(bundle);
	char config[64], data[PATH_MAX];
	struct restore_request rq = {
		.container = {
			.store = t->rq->store,
			.id = t->rq->id,
			.bundle = bundle,
			.made_bundle = made ? STANDBY_PURPOSE : NULL,
			.made_data = made ? data : NULL,
			.config = config,
			.interrupt = -EBADF,
			.driver = t->rq->driver,
			.caller = t->rq->caller,
			.no_keyring = t->p.no_keyring,
			.network = t->p.network.items.count ? &t->p.network : NULL,
			.data = t->rq->data,
			.overlay = { .wanted = t->p.overlay,
				     .size = t->p.overlay_size,
				     .layers = t->p.layers.items,
				     .layer_count = t->p.layers.count,
				     .data = t->rq->data },
		},
		.criu = t->rq->criu,
		.images = images,
		.flags = t->p.flags,
		.ready = ready,
		.data = t,
	};
	int r = images < 0 ? err_set(e, ERR_SYSTEM, -images, "open the images")
			   : open_work(t, &work, e);

	if (r == 0 && judge_data_path(t->rq->data, data, sizeof(data)) < 0)
		r = err_set(e, ERR_SYSTEM, ENAMETOOLONG, "find the data root");
	if (r < 0)
		return r;
	(void)snprintf(config, sizeof(config), "/proc/self/fd/%d/config.json", t->dir);
	rq.work = work;
	return checkpoint_restore(&rq, &c, e);
}

static int take_over(struct taking *t, struct err *e)
{
	const struct standby_state state = { .epoch = t->s.state.epoch + 1,
					     .active = true,
					     .generation = t->g->number };
	int r;

	t->ret->generation = t->g->number;
	t->ret->epoch = state.epoch;
	(void)snprintf(t->ret->created, sizeof(t->ret->created), "%s", t->g->created);
	r = standby_try(&t->s, &state, e);
	if (r < 0)
		return r;
	r = place_files(t, e);
	if (r == 0)
		r = restore(t, e);
	/* nothing runs here, and the lock has kept everybody from hearing that it was our turn */
	if (r < 0)
		standby_take_back(&t->s);
	else
		standby_keep(&t->s);
	return r;
}

int failover_run(const struct failover_request *rq, struct failover_result *ret, struct err *e)
{
	cleanup_(end_taking) struct taking t = {
		.rq = rq, .ret = ret, .s = STANDBY_EMPTY, .dir = -EBADF
	};
	int r = standby_open(rq->data, rq->id, false, &t.s, e);

	*ret = (struct failover_result){ .problems = PROBLEMS_INIT };
	if (r == 0)
		r = standby_lock(&t.s, e);
	if (r == 0)
		r = check_here(&t, e);
	if (r == 0)
		r = standby_look(&t.s, &t.arena, &t.list, e);
	if (r == 0)
		r = choose(&t, e);
	if (r == 0)
		r = read_papers(&t, e);
	return r == 0 ? take_over(&t, e) : r;
}

/* ---- forgetting ---- */

static int is_unused(void *context, struct err *e)
{
	const struct failover_request *rq = context;
	cleanup_fd int dir = -EBADF;

	if (store_get(rq->store, rq->id, STORE_NO_LOCK, &dir, &(struct err)ERR_INIT) < 0)
		return 0;
	err_set(e, ERR_STATE, EBUSY, "container '%s' is here", rq->id);
	return -EBUSY;
}

/* The bundle that was made for it, unless others lie on it. */
static void forget_bundle(const struct standby *s)
{
	cleanup_(arena_free) struct arena a = { 0 };
	const struct standby_generation *g;
	struct standby_list l = { 0 };

	if (standby_look(s, &a, &l, &(struct err)ERR_INIT) < 0 || l.count == 0)
		return; /* a bundle without a container does no harm */
	g = &l.items[l.count - 1];
	if (!layers_lie_on(s->data, g->bundle))
		made_bundle_remove(g->bundle, STANDBY_PURPOSE);
}

int failover_forget(int store, int data, const char *id, struct err *e)
{
	struct failover_request rq = { .store = store, .id = id };
	struct standby s = STANDBY_EMPTY;
	cleanup_fd int root = -EBADF;
	struct err none = ERR_INIT;
	int r = standby_open(data, id, false, &s, e);

	if (r == 0)
		r = standby_lock(&s, e);
	if (r == 0) {
		/* a container that uses them goes on doing so */
		(void)layers_remove_guarded(data, id, is_unused, &rq, &none);
		if (is_unused(&rq, &none) == 0)
			forget_bundle(&s);
		root = standby_subdir(data, STANDBY_DIR);
		r = root < 0 ? root : tree_remove(root, id);
		if (r < 0)
			r = err_set(e, ERR_SYSTEM, -r, "remove the standby of '%s'", id);
	}
	standby_close(&s);
	return r;
}

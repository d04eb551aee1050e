// SPDX-License-Identifier: GPL-2.0-or-later
/* See receive.h: what became of a move whose process is gone. */
#include "checkpoint/receive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "container/overlay_owner.h"
#include "checkpoint/restore.h"
#include "container/made_bundle.h"
#include "container/store.h"
#include "rootfs/layers.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/there.h"

enum {
	STEP_MS = 50,
	CRIU_END_MS = 20000, /* criu, and who guards its tasks, take a while to end */
};

static void pause_ms(int ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	(void)nanosleep(&t, NULL); /* a shorter pause does no harm */
}

/* Does criu still hold it? */
static bool is_traced(pid_t pid)
{
	cleanup_free char *text = NULL;
	cleanup_fd int fd = -EBADF;
	char path[64];
	const char *line;
	size_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || io_read_stream(fd, 1 << 16, &text, &len) < 0)
		return false;
	line = strstr(text, "\nTracerPid:");
	return line && strtol(line + strlen("\nTracerPid:"), NULL, 10) != 0;
}

enum life {
	LIFE_NONE,    /* no container, or somebody else's */
	LIFE_RUNNING, /* ours, let go */
	LIFE_HELD,    /* ours, criu has it still */
	LIFE_OVER,    /* ours, let go, and it has ended since */
	LIFE_WRECK,   /* ours, and no more than remains */
};

static bool has_run(enum life life)
{
	return life == LIFE_RUNNING || life == LIFE_OVER;
}

static int judge_life(const struct journal *j, const struct container *c,
		      enum container_status status, enum life *ret, struct err *e)
{
	const struct container_move *m = &c->record.move;
	bool lives = status == STATUS_RUNNING || status == STATUS_PAUSED;
	int released;

	*ret = LIFE_NONE;
	/* its record has the token from its first moment; what went on from here is somebody else's, too */
	if (!m->token || m->away || strcmp(m->token, j->token) != 0)
		return 0;
	if (lives && is_traced(c->record.init.pid)) {
		*ret = LIFE_HELD;
		return 0;
	}
	/* we have the lock: its creator is dead */
	if (lives && c->record.phase != PHASE_CREATING) {
		*ret = LIFE_RUNNING;
		return 0;
	}
	/* a wreck goes on at the source: nobody may take for one what has run */
	released = is_there(c->dir, RESTORE_RELEASED);
	if (released < 0)
		return err_set(e, ERR_SYSTEM, -released, "find out whether '%s' has run", j->id);
	*ret = released ? LIFE_OVER : LIFE_WRECK;
	return 0;
}

static int destroy(struct container *c, struct err *e)
{
	struct err warning = ERR_INIT;

	return container_destroy(c, STATUS_STOPPED, DESTROY_FORCE, &warning, e);
}

/*
 * Before the word was written down nothing may run, whoever let it go; nor without memory, which nobody fetches any
 * more.
 */
static bool may_run(const struct journal *j)
{
	return j->state == JOURNAL_COMMITTING && !j->post_copy;
}

/* Look at the container, and remove what is left of it if it does not run. */
static int look(const struct receive_request *rq, const struct journal *j, enum life *ret,
		struct err *e)
{
	for (int waited = 0;; waited += STEP_MS) {
		cleanup_(container_freep) struct container *c = NULL;
		enum container_status status;
		int r = container_open(rq->store, j->id, true, &c, &status, e);

		*ret = LIFE_NONE;
		if (r == -ENOENT)
			return 0;
		if (r < 0)
			return r;
		r = judge_life(j, c, status, ret, e);
		if (r < 0)
			return r;
		if (*ret == LIFE_HELD && waited < CRIU_END_MS) {
			container_free(take_ptr(c));
			pause_ms(STEP_MS);
			continue;
		}
		if (*ret == LIFE_NONE)
			return 0;
		return has_run(*ret) && may_run(j) ? 0 : destroy(c, e);
	}
}

/* Layers that came, and have no container. */
static int remove_layers(const struct receive_request *rq, const struct journal *j, struct err *e)
{
	struct layers *l = NULL;

	if (layers_open(rq->data, j->id, &l, e) < 0)
		return 0;
	layers_close(l);
	return overlay_owner_remove_unused(rq->data, j->id, rq->store, rq->caller, e);
}

static void remove_bundle(const struct journal *j)
{
	if (j->bundle[0])
		made_bundle_remove(j->bundle, j->token);
}

/* It may have run: that is to be told. */
static int set_lost(struct journal *j, struct err *e)
{
	struct err none = ERR_INIT;
	int r = journal_set(j, JOURNAL_LOST, e);

	if (r == 0)
		(void)journal_remove_images(j, &none); /* receive_sweep tries again */
	return r;
}

/*
 * A criu lazy-pages that waits for tasks to come does not see that they will not, nor that we are gone: it is told by
 * one who comes and says nothing. One that has tasks does not listen any more, and sees it by itself.
 */
static void dismiss_lazy_pages(const struct journal *j)
{
	cleanup_fd int work = openat(j->dir, "work", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	if (work < 0 || sock < 0)
		return;
	(void)snprintf(name.sun_path, sizeof(name.sun_path), "/proc/self/fd/%d/lazy-pages.socket",
		       work);
	(void)connect(sock, (const struct sockaddr *)&name, sizeof(name));
}

static int abort_move(const struct receive_request *rq, struct journal *j, struct err *e)
{
	enum life life = LIFE_NONE;
	int r = 0;

	if (j->post_copy)
		dismiss_lazy_pages(j);
	if (j->state != JOURNAL_RECEIVING) {
		r = look(rq, j, &life, e);
		if (r == 0 && has_run(life) && may_run(j))
			return journal_set(j, JOURNAL_RUNNING, e);
		if (r == 0)
			r = remove_layers(rq, j, e);
	}
	if (r < 0)
		return r;
	remove_bundle(j);
	if (j->post_copy && j->state >= JOURNAL_COMMITTING && j->state < JOURNAL_RUNNING)
		return set_lost(j, e);
	return journal_abandon(j, e);
}

/*
 * It lives. If it has not begun to let the tasks go, it finds out that it must not; if it waits for memory, that
 * the source has none for it any more.
 */
static int forbid(struct journal *j, struct err *e)
{
	if (j->state < JOURNAL_COMMITTING)
		return journal_set(j, JOURNAL_ABORTED, e);
	return j->state == JOURNAL_FETCHING ? journal_set(j, JOURNAL_RECALLED, e) : 0;
}

static int settle_locked(const struct receive_request *rq, struct journal *j,
			 enum journal_state *ret, struct err *e)
{
	int r = 0;

	if (!journal_is_settled(j->state))
		r = journal_is_alive(j) ? forbid(j, e) : abort_move(rq, j, e);
	*ret = j->state;
	return r;
}

/* It was recalled, and decides within moments: it may just have got all of it. */
static int await_recalled(const struct receive_request *rq, struct journal *j, int wait_ms,
			  enum journal_state *ret, struct err *e)
{
	int r = 0;

	for (int waited = 0; r == 0 && *ret == JOURNAL_RECALLED; waited += STEP_MS) {
		journal_unlock(j);
		if (waited >= wait_ms)
			return 0;
		pause_ms(STEP_MS);
		r = journal_lock(j, wait_ms, e);
		if (r == 0)
			r = settle_locked(rq, j, ret, e);
	}
	return r;
}

/* Was told that it must not run, and has not gone yet: when it has, what it left goes, too. */
static void clear_later(const struct receive_request *rq, struct journal *j, int wait_ms)
{
	enum journal_state ignored;
	struct err none = ERR_INIT;

	journal_unlock(j);
	for (int waited = 0; waited < wait_ms && journal_is_alive(j); waited += STEP_MS)
		pause_ms(STEP_MS);
	if (!journal_is_alive(j) && journal_lock(j, wait_ms, &none) == 0)
		(void)settle_locked(rq, j, &ignored, &none); /* receive_sweep tries again */
}

int receive_settle(const struct receive_request *rq, const char *token, int wait_ms,
		   enum journal_state *ret, struct err *e)
{
	cleanup_(journal_close) struct journal j = JOURNAL_EMPTY;
	int r = journal_open(rq->data, token, &j, e);

	if (r == 0)
		r = journal_lock(&j, wait_ms, e);
	if (r == 0)
		r = settle_locked(rq, &j, ret, e);
	if (r == 0 && *ret == JOURNAL_RECALLED)
		r = await_recalled(rq, &j, wait_ms, ret, e);
	if (r == 0 && *ret == JOURNAL_ABORTED && journal_is_alive(&j))
		clear_later(rq, &j, wait_ms);
	if (r != -ENOENT)
		return r;
	*e = (struct err){ .problems = e->problems };
	*ret = JOURNAL_ABORTED;
	return 0;
}

static int sweep_one(struct journal *j, void *context)
{
	const struct receive_request *rq = context;
	enum journal_state ignored;
	struct err none = ERR_INIT;

	if (journal_is_alive(j))
		return 0;
	if (!journal_is_settled(j->state))
		(void)receive_settle(rq, j->token, 0, &ignored,
				     &none); /* the next one tries again */
	else /* the state stays until the source says that nothing is left there, however late */
		(void)journal_remove_images(j, &none);
	return 0;
}

int receive_sweep(const struct receive_request *rq, struct err *e)
{
	return journal_each(rq->data, sweep_one, (void *)(uintptr_t)rq, e);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* checkpoint/rootsync.h: between two data roots, and what is left when the link is cut behind each message. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoint/rootsync.h"
#include "layers_fixture.h"
#include "rootfs/layers_transfer.h"
#include "rootfs/overlay.h"
#include "rootfs/snapshots.h"
#include "rootfs/treeshape.h"
#include "util/cleanup.h"

enum {
	TIMEOUT_MS = 20000,
	NEVER = 1 << 20,
};

struct hosts {
	struct layers_fixture *x;
	int data; /* of the other host */
	char rootfs[128];
	struct container *c;
	char *data_path;
	bool copy;
	rlim_t limit; /* on the size of files over there; 0: none */
};

static const char *const names[] = { "one", "two" };

static void write_upper(int data, const char *name, const char *text)
{
	cleanup_(overlay_stack_close) struct overlay_stack s = OVERLAY_STACK_EMPTY;
	struct layers *l = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(layers_open(data, "c", &l, &e), 0);
	assert_int_equal(layers_stack(l, &s, &e), 0);
	put(s.upper, name, text);
	layers_close(l);
}

/* A container with two snapshots, and something on top of them. */
static void make_layers(struct hosts *h)
{
	struct layers *l = NULL;
	struct err e = ERR_INIT;
	const char *name;

	assert_int_equal(layers_create(h->x->data, "c", &h->x->bases, &l, &e), 0);
	layers_close(l);
	for (size_t i = 0; i < 2; i++) {
		const struct snapshot_naming how = { names[i], i ? "message" : NULL,
						     "2026-01-02T03:04:05Z" };

		write_upper(h->x->data, names[i], "text");
		assert_int_equal(layers_open(h->x->data, "c", &l, &e), 0);
		assert_int_equal(snapshots_take(l, &how, &name, &e), 0);
		layers_close(l);
	}
	write_upper(h->x->data, "now", "now");
}

static struct hosts begin(void **state)
{
	struct hosts h = { .x = *state };

	assert_int_equal(mkdirat(h.x->data, "../other", 0700), 0);
	h.data = openat(h.x->data, "../other", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(h.data >= 0);
	(void)snprintf(h.rootfs, sizeof(h.rootfs), "%s", h.x->base);
	assert_true(asprintf(&h.data_path, "%s/data", h.x->path) > 0);
	make_layers(&h);
	h.c = container_new();
	assert_non_null(h.c);
	h.c->record.id = "c";
	h.c->record.rootfs = h.x->base;
	h.c->record.overlay.used = true;
	h.c->record.overlay.data = h.data_path;
	return h;
}

static void end(struct hosts *h)
{
	close_fd(&h->data);
	container_free(h->c);
	free(h->data_path);
}

/* ---- the two sides, and what is between them ---- */

static struct wire *wire_over(int fd)
{
	struct wire *w = NULL;
	struct err e = ERR_INIT;

	if (wire_new(fd, fd, TIMEOUT_MS, &w, &e) < 0)
		abort();
	return w;
}

/* The sink's whole life: 0 when it has committed. */
static int be_sink(const struct hosts *h, int fd, bool undo)
{
	const struct rootsync_sink_request rq = { .data = h->data, .id = "c", .rootfs = h->rootfs };
	cleanup_(rootsync_sink_closep) struct rootsync_sink *s = NULL;
	cleanup_(wire_freep) struct wire *w = wire_over(fd);
	struct err e = ERR_INIT;
	bool committed = false;
	const struct rlimit tight = { h->limit, h->limit };
	int r = rootsync_sink_open(&rq, &s, &e);

	(void)signal(SIGXFSZ, SIG_IGN);
	if (h->limit && setrlimit(RLIMIT_FSIZE, &tight) < 0)
		abort();
	while (r == 0 && !committed) {
		struct wire_message m;

		r = wire_receive(w, "source", &m, &e);
		if (r == 0)
			r = rootsync_sink_serve(s, w, &m, &committed, &e);
		if (r < 0)
			wire_send_failure(w, &e);
	}
	if (r == 0 && undo)
		r = rootsync_sink_undo(s, &e);
	return r < 0;
}

/* Passes @count messages on, whichever way they go, and then cuts the link. */
static int be_link(int a, int b, int count)
{
	static unsigned char text[2][8 << 20];
	size_t used[2] = { 0 };
	int fds[2] = { a, b };

	for (;;) {
		struct pollfd p[2] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };

		if (poll(p, 2, -1) < 0)
			return 1;
		for (int i = 0; i < 2; i++) {
			struct wire_message m;
			struct err e = ERR_INIT;
			ssize_t n, size;

			if (!p[i].revents)
				continue;
			n = read(fds[i], text[i] + used[i], sizeof(text[i]) - used[i]);
			if (n <= 0)
				return 0;
			used[i] += (size_t)n;
			while ((size = wire_decode(text[i], used[i], &m, &e)) > 0) {
				if (count-- == 0)
					return 0;
				if (write(fds[!i], text[i], (size_t)size) != size)
					return 0;
				used[i] -= (size_t)size;
				memmove(text[i], text[i] + size, used[i]);
			}
		}
	}
}

struct peers {
	pid_t sink, link;
	int fd;
};

static struct peers start(const struct hosts *h, int count, bool undo)
{
	struct peers p;
	int near[2], far[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, near), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, far), 0);
	(void)fflush(NULL);
	p.sink = fork();
	assert_true(p.sink >= 0);
	if (p.sink == 0) {
		(void)close(near[0]);
		(void)close(near[1]);
		(void)close(far[0]);
		_exit(be_sink(h, far[1], undo));
	}
	p.link = fork();
	assert_true(p.link >= 0);
	if (p.link == 0) {
		(void)close(near[0]);
		(void)close(far[1]);
		_exit(be_link(near[1], far[0], count));
	}
	(void)close(near[1]);
	(void)close(far[0]);
	(void)close(far[1]);
	p.fd = near[0];
	return p;
}

static int finish(const struct peers *p)
{
	int status;

	(void)waitpid(p->link, &status, 0);
	assert_int_equal(waitpid(p->sink, &status, 0), p->sink);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* All of it, as migration does: offer, a round while it runs, the last one, commit. */
static int move(const struct hosts *h, int fd, uint64_t *ret_last, struct err *e)
{
	const struct rootsync_source_request rq = { .copy_rootfs = h->copy };
	cleanup_(rootsync_source_closep) struct rootsync_source *s = NULL;
	cleanup_(wire_freep) struct wire *w = wire_over(fd);
	struct rootsync_round round;
	int r = rootsync_source_open(h->c, &rq, &s, e);

	if (r == 0)
		r = rootsync_source_offer(s, w, e);
	if (r == 0)
		r = rootsync_source_round(s, w, false, &round, e);
	if (r == 0)
		write_upper(h->x->data, "late", "late");
	if (r == 0)
		r = rootsync_source_round(s, w, true, &round, e);
	if (r == 0 && ret_last)
		*ret_last = round.count.contents;
	return r == 0 ? rootsync_source_commit(s, w, e) : r;
}

/* ---- what arrived ---- */

static void shape_of(int data, const char *snapshot, char ret[DIGEST_TEXT])
{
	cleanup_(overlay_stack_close) struct overlay_stack s = OVERLAY_STACK_EMPTY;
	struct layers *l = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(layers_open(data, "c", &l, &e), 0);
	if (snapshot)
		assert_int_equal(layers_snapshot_stack(l, snapshot, &s, &e), 0);
	else
		assert_int_equal(layers_stack(l, &s, &e), 0);
	assert_int_equal(treeshape(snapshot ? s.lowers[0] : s.upper, true, ret, &e), 0);
	layers_close(l);
}

static void assert_arrived(const struct hosts *h)
{
	const char *const states[] = { "one", "two", NULL };
	struct layers_record a, b;
	struct arena arena = { 0 };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < 3; i++) {
		char here[DIGEST_TEXT], there[DIGEST_TEXT];

		shape_of(h->x->data, states[i], here);
		shape_of(h->data, states[i], there);
		assert_string_equal(here, there);
	}
	assert_int_equal(snapshots_look(h->x->data, "c", &arena, &a, &e), 0);
	assert_int_equal(snapshots_look(h->data, "c", &arena, &b, &e), 0);
	assert_int_equal(a.count, b.count);
	assert_int_equal(a.head, b.head);
	assert_int_equal(a.last, b.last);
	assert_int_equal(a.next, b.next);
	for (size_t i = 0; i < a.count; i++) {
		assert_string_equal(a.snapshots[i].name, b.snapshots[i].name);
		assert_string_equal(a.snapshots[i].created, b.snapshots[i].created);
		assert_int_equal(a.snapshots[i].parent, b.snapshots[i].parent);
		assert_int_equal(a.snapshots[i].after, b.snapshots[i].after);
	}
	assert_string_equal(b.snapshots[1].message, "message");
	assert_string_equal(b.base[0], h->rootfs);
	arena_free(&arena);
}

static int nothing(const char *what, void *context)
{
	(void)context;
	print_error("left: %s\n", what);
	return 1;
}

/* Nothing that a container could be, and nothing that only a search would find. */
static void assert_nothing(const struct hosts *h)
{
	struct err e = ERR_INIT;

	assert_false(exists(h->data, "c"));
	assert_int_equal(layers_gc(h->data, false, nothing, NULL, &e), 0);
	assert_true(entries(h->data, ".layers") <= 0);
}

static void test_moves(void **state)
{
	struct hosts h = begin(state);
	struct peers p = start(&h, NEVER, false);
	struct err e = ERR_INIT;
	uint64_t last = 0;
	int r = move(&h, p.fd, &last, &e);

	if (r < 0)
		print_error("%s\n", e.text);
	assert_int_equal(r, 0);
	assert_int_equal(finish(&p), 0);
	assert_arrived(&h);
	assert_int_equal(last, 4); /* "late" */
	/* it is there now */
	p = start(&h, NEVER, false);
	assert_true(move(&h, p.fd, NULL, &e) < 0);
	assert_non_null(strstr(e.text, "container 'c' already has layers"));
	assert_int_equal(finish(&p), 1);
	assert_arrived(&h);
	end(&h);
}

/* Layers that the other host has are not sent. */
static void test_known_layers(void **state)
{
	struct hosts h = begin(state);
	struct peers p = start(&h, NEVER, false);
	struct layers *l = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(move(&h, p.fd, NULL, &e), 0);
	assert_int_equal(finish(&p), 0);
	/* keep them by a clone, and send the container again */
	assert_int_equal(layers_open(h.data, "c", &l, &e), 0);
	assert_int_equal(snapshots_clone(l, "two", "d", &e), 0);
	layers_close(l);
	assert_int_equal(layers_remove(h.data, "c", &e), 0);
	assert_int_equal(entries(h.data, ".layers"), 2);
	p = start(&h, NEVER, false);
	assert_int_equal(move(&h, p.fd, NULL, &e), 0);
	assert_int_equal(finish(&p), 0);
	assert_arrived(&h);
	assert_int_equal(entries(h.data, ".layers"), 2);
	/* whoever goes, the other keeps what it needs */
	assert_int_equal(layers_remove(h.data, "d", &e), 0);
	assert_arrived(&h);
	end(&h);
}

static void test_undo(void **state)
{
	struct hosts h = begin(state);
	struct peers p = start(&h, NEVER, true);
	struct err e = ERR_INIT;

	assert_int_equal(move(&h, p.fd, NULL, &e), 0);
	assert_int_equal(finish(&p), 0);
	assert_nothing(&h);
	end(&h);
}

/* Cut behind each message: the other host has all of it, or nothing; and the next try succeeds. */
static void test_cut(void **state)
{
	struct hosts h = begin(state);
	int count = 0, done = 0;

	while (!done) {
		struct peers p = start(&h, count++, false);
		struct err e = ERR_INIT;
		int r = move(&h, p.fd, NULL, &e), sink = finish(&p);

		if (sink == 0) {
			assert_arrived(&h);
			assert_int_equal(layers_remove(h.data, "c", &e), 0);
			done = r == 0;
		} else {
			assert_true(r < 0);
			assert_true(e.text[0]);
		}
		assert_nothing(&h);
	}
	assert_true(count > 15);
	end(&h);
}

/* No room over there: it says so, and nothing stays. */
static void test_no_room(void **state)
{
	struct hosts h = begin(state);
	struct peers p;
	struct err e = ERR_INIT;

	write_upper(h.x->data, "big", "0123456789012345678901234567890123456789");
	h.limit = 20;
	p = start(&h, NEVER, false);
	assert_int_equal(move(&h, p.fd, NULL, &e), -ECONNABORTED);
	assert_non_null(strstr(e.text, "file too large"));
	assert_int_equal(finish(&p), 1);
	assert_nothing(&h);
	end(&h);
}

static void test_base(void **state)
{
	struct hosts h = begin(state);
	struct peers p;
	struct err e = ERR_INIT;

	(void)snprintf(h.rootfs, sizeof(h.rootfs), "%s/base2", h.x->path);
	p = start(&h, NEVER, false);
	assert_int_equal(move(&h, p.fd, NULL, &e), -ECONNABORTED);
	assert_non_null(strstr(e.text, "base2"));
	assert_non_null(strstr(e.hint, "--copy-rootfs"));
	assert_int_equal(finish(&p), 1);
	assert_int_equal(shell("cp -a %s %s && echo more >> %s/f", h.x->base, h.rootfs, h.rootfs),
			 0);
	p = start(&h, NEVER, false);
	assert_int_equal(move(&h, p.fd, NULL, &e), -ECONNABORTED);
	assert_non_null(strstr(e.text, "not the same on both hosts"));
	assert_int_equal(finish(&p), 1);
	assert_nothing(&h);
	assert_int_equal(shell("rm -r %s", h.rootfs), 0);
	h.copy = true;
	for (int count = 0, done = 0; !done; count++) {
		p = start(&h, count, false);
		done = move(&h, p.fd, NULL, &e) == 0;
		if (finish(&p) == 0) {
			assert_int_equal(shell("diff -r %s %s", h.x->base, h.rootfs), 0);
			assert_arrived(&h);
			assert_int_equal(layers_remove(h.data, "c", &e), 0);
			assert_int_equal(shell("rm -r %s", h.rootfs), 0);
		}
		assert_nothing(&h);
		assert_int_equal(shell("! ls -d %s/base2 %s/.ctr-incoming-* 2>/dev/null", h.x->path,
				       h.x->path),
				 0);
	}
	end(&h);
}

/* A root that is no overlay: sent if asked, else the path must be there. */
static void test_directory(void **state)
{
	struct hosts h = begin(state);
	struct peers p;
	struct err e = ERR_INIT;

	h.c->record.overlay.used = false;
	p = start(&h, NEVER, false);
	assert_int_equal(move(&h, p.fd, NULL, &e), 0);
	assert_int_equal(finish(&p), 0);
	(void)snprintf(h.rootfs, sizeof(h.rootfs), "%s/base2", h.x->path);
	p = start(&h, NEVER, false);
	assert_int_equal(move(&h, p.fd, NULL, &e), -ECONNABORTED);
	assert_int_equal(finish(&p), 1);
	h.copy = true;
	for (int count = 0, done = 0; !done; count++) {
		p = start(&h, count, false);
		done = move(&h, p.fd, NULL, &e) == 0;
		if (finish(&p) == 0) {
			assert_int_equal(shell("diff -r %s %s", h.x->base, h.rootfs), 0);
			assert_int_equal(shell("rm -r %s", h.rootfs), 0);
		}
		assert_int_equal(shell("! ls -d %s/base2 %s/.ctr-incoming-* 2>/dev/null", h.x->path,
				       h.x->path),
				 0);
	}
	/* it must not be there */
	assert_int_equal(mkdir(h.rootfs, 0755), 0);
	p = start(&h, NEVER, false);
	assert_int_equal(move(&h, p.fd, NULL, &e), -ECONNABORTED);
	assert_int_equal(finish(&p), 1);
	end(&h);
}

static void test_ephemeral(void **state)
{
	const struct rootsync_source_request rq = { 0 };
	struct hosts h = begin(state);
	struct rootsync_source *s = NULL;
	struct err e = ERR_INIT;

	h.c->record.overlay.data = NULL;
	assert_int_equal(rootsync_source_open(h.c, &rq, &s, &e), -EOPNOTSUPP);
	assert_non_null(strstr(e.text, "memory only"));
	end(&h);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, layers_setup, layers_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_moves),     TEST(test_known_layers), TEST(test_undo),
		TEST(test_cut),	      TEST(test_base),	       TEST(test_no_room),
		TEST(test_directory), TEST(test_ephemeral),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See pages_sink.h: between criu's lazy-pages and the connection. Never waits for one without listening to the other. */
#include "checkpoint/pages_sink.h"

#include "config.h"

#include <errno.h>

#ifdef HAVE_CRIU

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "checkpoint/causes.h"
#include "checkpoint/criu.h"
#include "checkpoint/pages_daemon.h"
#include "checkpoint/restore_work.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	WINDOW = 32,	     /* requests that are on their way: they fit into any pipe */
	WANTS_MAX = 1 << 20, /* one for each thread that waits, and some for what comes anyway */
	TICK_MS = 500,
};

struct pages_sink {
	struct wire *w;
	struct pages_daemon daemon;
	struct restore_guard guard;
	int epoll, timer;
	int state; /* the directory of the container; -EBADF: it is not made yet */
	int work;  /* not owned */
	size_t page_size;
	struct pages_want *wants; /* in order: on their way, and then those that are not yet */
	size_t count, room, sent;
	uint64_t got; /* bytes of the first one */
	int64_t heard;
	enum wire_type awaited; /* 0: none but memory */
	bool came, ticked, complete;
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what it wants ---- */

static int add_want(struct pages_sink *s, const struct pages_want *want, struct err *e)
{
	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : WINDOW;
		struct pages_want *list =
			room > WANTS_MAX ? NULL : reallocarray(s->wants, room, sizeof(*list));

		if (!list)
			return err_set(e, ERR_SYSTEM, ENOMEM, "fetch memory");
		s->wants = list;
		s->room = room;
	}
	s->wants[s->count++] = *want;
	return 0;
}

static int send_wants(struct pages_sink *s, struct err *e)
{
	unsigned char message[PAGES_WANT_SIZE];
	int r = 0;

	while (r == 0 && s->sent < s->count && s->sent < WINDOW) {
		pages_want_write(&s->wants[s->sent], message);
		if (s->sent == 0)
			s->heard = now_ms();
		r = wire_send(s->w, WIRE_PAGES, message, sizeof(message), e);
		s->sent++;
	}
	return r;
}

/* It says goodbye, whether it has succeeded or not; as long as it is not answered, it keeps what it serves. */
static int part(struct pages_sink *s, struct err *e)
{
	if (pages_daemon_serves(&s->daemon)) {
		err_set(e, ERR_SYSTEM, 0, "criu lazy-pages gave up");
		causes_explain(s->work, PAGES_DAEMON_LOG, e);
		return -EREMOTEIO;
	}
	(void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->daemon.process.sock, NULL);
	return pages_daemon_answer_close(&s->daemon, e);
}

static int take_wants(struct pages_sink *s, struct err *e)
{
	struct pages_want want;
	int r;

	while ((r = pages_daemon_hear(&s->daemon, &want, e)) == PAGES_DAEMON_WANTS) {
		r = add_want(s, &want, e);
		if (r < 0)
			return r;
	}
	return r == PAGES_DAEMON_CLOSES ? part(s, e) : r;
}

/* ---- what comes ---- */

static int tell_daemon(struct pages_sink *s, const void *data, size_t size, struct err *e)
{
	const char *p = data;

	while (size) {
		ssize_t n = send(s->daemon.process.sock, p, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		struct pollfd wait = { .fd = s->daemon.process.sock, .events = POLLIN | POLLOUT };
		int r;

		if (n >= 0) {
			p += n;
			size -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return err_set(e, ERR_SYSTEM, errno, "give memory to criu lazy-pages");
		if (poll(&wait, 1, wire_timeout(s->w)) == 0)
			return err_set(e, ERR_SYSTEM, ETIMEDOUT, "give memory to criu lazy-pages");
		/* it may be waiting for us to listen */
		r = wait.revents & POLLIN ? take_wants(s, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_memory(struct pages_sink *s, const struct wire_message *m, struct err *e)
{
	unsigned char header[PAGES_DAEMON_RECORD];
	struct pages_want *first = s->wants;
	uint64_t size;
	int r = 0;

	if (s->sent == 0 || m->size == 0 || m->size > first->count * s->page_size - s->got)
		return err_set(e, ERR_SYSTEM, EBADMSG, "memory that nobody has asked for");
	size = first->count * s->page_size;
	if (s->got == 0)
		r = tell_daemon(s, header, pages_daemon_header(&s->daemon, first, header), e);
	if (r == 0)
		r = tell_daemon(s, m->data, m->size, e);
	if (r < 0)
		return r;
	s->got += m->size;
	if (s->got < size)
		return 0;
	s->got = 0;
	s->sent--;
	s->count--;
	memmove(s->wants, s->wants + 1, s->count * sizeof(*s->wants));
	return send_wants(s, e);
}

static int take_message(struct pages_sink *s, struct err *e)
{
	struct wire_message m;
	int r = wire_receive(s->w, "source", &m, e);

	if (r < 0)
		return r;
	s->heard = now_ms();
	if (m.type == WIRE_PAGES)
		return take_memory(s, &m, e);
	if (s->awaited && m.type == s->awaited) {
		s->came = true;
		s->awaited = 0;
		return 0;
	}
	return err_set(e, ERR_SYSTEM, EPROTO, "a message %s while memory is due",
		       wire_type_name(m.type));
}

/* ---- both ---- */

static int see_end(struct pages_sink *s, struct err *e)
{
	int r = pages_daemon_reap(&s->daemon, e);

	s->complete = r == 0;
	if (r == 0)
		(void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->daemon.process.pidfd, NULL);
	return r;
}

static int timed_out(const struct pages_sink *s, struct err *e)
{
	return err_set(e, ERR_SYSTEM, ETIMEDOUT, "nothing from the other host for %d ms",
		       wire_timeout(s->w));
}

/* Tasks may wait for memory while criu makes them, and criu would wait for ever. */
static int tick(struct pages_sink *s, struct err *e)
{
	uint64_t times;

	(void)!read(s->timer, &times, sizeof(times)); /* it says no more than that it is time */
	s->ticked = true;
	return s->sent && now_ms() - s->heard > wire_timeout(s->w) ? timed_out(s, e) : 0;
}

static int turn(void *data, struct err *e)
{
	struct pages_sink *s = data;
	static int (*const steps[])(struct pages_sink * s,
				    struct err * e) = { take_wants, take_message, see_end, tick };
	struct epoll_event events[ARRAY_SIZE(steps)];
	bool due[ARRAY_SIZE(steps)] = { false };
	int n = epoll_wait(s->epoll, events, ARRAY_SIZE(events), 0), r = 0;

	for (int i = 0; i < n; i++)
		due[events[i].data.u32] = true;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		if (due[i])
			r = steps[i](s, e);
	return r < 0 ? r : send_wants(s, e);
}

void pages_sink_watch(struct pages_sink *s, struct checkpoint_patience *ret)
{
	*ret = (struct checkpoint_patience){ .turn = turn, .fd = s->epoll, .data = s };
}

static int wait_turn(struct pages_sink *s, int timeout_ms, struct err *e)
{
	struct pollfd p = { .fd = s->epoll, .events = POLLIN };
	int n = poll(&p, 1, timeout_ms);

	if (n < 0 && errno != EINTR)
		return err_set(e, ERR_SYSTEM, errno, "wait for memory");
	return n <= 0 ? 0 : turn(s, e);
}

int pages_sink_await(struct pages_sink *s, enum wire_type type, struct err *e)
{
	int64_t end = now_ms() + wire_timeout(s->w);
	int r = 0;

	s->awaited = type;
	s->came = false;
	while (r == 0 && !s->came) {
		int64_t left = end - now_ms();

		if (left <= 0)
			return timed_out(s, e);
		r = wait_turn(s, (int)left, e);
	}
	return r;
}

static int fetch(struct pages_sink *s, int (*ask)(void *data, struct err *e), void *data,
		 struct err *e)
{
	int r = 0;

	while (r == 0 && !s->complete) {
		r = wait_turn(s, -1, e);
		if (r < 0 || !s->ticked)
			continue;
		s->ticked = false;
		/* the source waits for the last word, and knows by this that we live */
		r = wire_send(s->w, WIRE_ALIVE, NULL, 0, e);
		if (r == 0)
			r = ask(data, e);
	}
	return r;
}

int pages_sink_finish(struct pages_sink *s, int (*ask)(void *data, struct err *e), void *data,
		      struct err *e)
{
	int r = fetch(s, ask, data, e);

	/* whoever is killed before this line has no container any more */
	if (r == 0)
		(void)unlinkat(s->state, RECORD_FETCHING, 0);
	if (r < 0)
		restore_guard_kill(&s->guard);
	else
		restore_guard_dismiss(&s->guard);
	return r;
}

/* ---- life ---- */

/* For ctr state, and for who would save what is not all there. */
static int note_fetching(struct pages_sink *s, const struct container *c, struct err *e)
{
	cleanup_fd int fd = -EBADF;

	s->state = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->state >= 0)
		fd = openat(s->state, RECORD_FETCHING, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			    0600);
	return fd < 0 ? err_set(e, ERR_SYSTEM, errno, "note that memory is fetched") : 0;
}

int pages_sink_guard(struct pages_sink *s, const struct container *c, struct err *e)
{
	int r;

	if (c->cgroup.fd >= 0 && c->record.cgroup_made) {
		r = note_fetching(s, c, e);
		return r < 0 ? r : restore_guard_start(c, s->daemon.process.sock, &s->guard, e);
	}
	err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
		"a container without a cgroup of its own cannot run before its memory is there");
	return -EOPNOTSUPP;
}

static int start_timer(void)
{
	const struct timespec step = { .tv_nsec = TICK_MS * 1000000L };
	const struct itimerspec often = { .it_interval = step, .it_value = step };
	cleanup_fd int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	return fd < 0 || timerfd_settime(fd, 0, &often, NULL) < 0 ? -errno : take_fd(&fd);
}

static int watch(struct pages_sink *s, struct err *e)
{
	int fds[] = { s->daemon.process.sock, wire_input(s->w), s->daemon.process.pidfd, -EBADF };

	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->timer = start_timer();
	if (s->epoll < 0 || s->timer < 0)
		return err_set(e, ERR_SYSTEM, s->epoll < 0 ? errno : -s->timer, "fetch memory");
	fds[3] = s->timer;
	for (uint32_t i = 0; i < ARRAY_SIZE(fds); i++) {
		struct epoll_event event = { .events = EPOLLIN, .data = { .u32 = i } };

		if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fds[i], &event) < 0)
			return err_set(e, ERR_SYSTEM, errno, "fetch memory");
	}
	return 0;
}

int pages_sink_open(const struct pages_sink_request *rq, struct wire *w, struct pages_sink **ret,
		    struct err *e)
{
	struct pages_sink *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(e, ERR_SYSTEM, ENOMEM, "fetch memory");
	*s = (struct pages_sink){ .w = w,
				  .daemon = PAGES_DAEMON_EMPTY,
				  .guard = RESTORE_GUARD_EMPTY,
				  .work = rq->work,
				  .epoll = -EBADF,
				  .state = -EBADF,
				  .timer = -EBADF,
				  .page_size = (size_t)sysconf(_SC_PAGESIZE) };
	r = pages_daemon_start(rq, &s->daemon, e);
	if (r == 0)
		r = watch(s, e);
	if (r < 0) {
		pages_sink_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void pages_sink_close(struct pages_sink *s)
{
	if (!s)
		return;
	restore_guard_kill(&s->guard);
	close_fd(&s->epoll);
	close_fd(&s->state);
	close_fd(&s->timer);
	pages_daemon_end(&s->daemon);
	free(s->wants);
	free(s);
}

#else

static int no_criu(struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, ENOPKG, "this ctr was built without CRIU");
	return -ENOPKG;
}

int pages_sink_open(const struct pages_sink_request *rq, struct wire *w, struct pages_sink **ret,
		    struct err *e)
{
	(void)rq;
	(void)w;
	(void)ret;
	return no_criu(e);
}

void pages_sink_watch(struct pages_sink *s, struct checkpoint_patience *ret)
{
	(void)s;
	*ret = (struct checkpoint_patience){ 0 };
}

int pages_sink_await(struct pages_sink *s, enum wire_type type, struct err *e)
{
	(void)s;
	(void)type;
	return no_criu(e);
}

int pages_sink_guard(struct pages_sink *s, const struct container *c, struct err *e)
{
	(void)s;
	(void)c;
	return no_criu(e);
}

int pages_sink_finish(struct pages_sink *s, int (*ask)(void *data, struct err *e), void *data,
		      struct err *e)
{
	(void)s;
	(void)ask;
	(void)data;
	return no_criu(e);
}

void pages_sink_close(struct pages_sink *s)
{
	(void)s;
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* See wire.h: messages in and out of descriptors, each with a deadline. */
#include "checkpoint/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	LAST_WORD_MS = 1000,
	LINGER_MS = 2000,
};

struct wire {
	int in, out, interrupt;
	int timeout_ms;
	int progress_ms;      /* 0: as slowly as it likes */
	int64_t progress_end; /* of the time in which progress_bytes have come */
	uint64_t progress_bytes;
	uint64_t sent, received;
	char *buffer; /* payload of the message received last */
	size_t room;
};

static int make_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int wire_new(int in, int out, int timeout_ms, struct wire **ret, struct err *e)
{
	struct wire *w = calloc(1, sizeof(*w));
	int r;

	if (!w) {
		close_fd(&in);
		if (out != in)
			close_fd(&out);
		return err_set(e, ERR_SYSTEM, ENOMEM, "make a connection");
	}
	*w = (struct wire){ .in = in, .out = out, .interrupt = -EBADF, .timeout_ms = timeout_ms };
	r = make_nonblocking(in);
	if (r == 0)
		r = make_nonblocking(out);
	if (r < 0) {
		wire_free(w);
		return err_set(e, ERR_SYSTEM, -r, "make a connection");
	}
	*ret = w;
	return 0;
}

void wire_free(struct wire *w)
{
	if (!w)
		return;
	if (w->out != w->in)
		close_fd(&w->out);
	close_fd(&w->in);
	free(w->buffer);
	free(w);
}

void wire_set_timeout(struct wire *w, int timeout_ms)
{
	w->timeout_ms = timeout_ms;
}

int wire_timeout(const struct wire *w)
{
	return w->timeout_ms;
}

int wire_input(const struct wire *w)
{
	return w->in;
}

void wire_set_interrupt(struct wire *w, int fd)
{
	w->interrupt = fd;
}

uint64_t wire_sent(const struct wire *w)
{
	return w->sent;
}

uint64_t wire_received(const struct wire *w)
{
	return w->received;
}

static int hear_why(struct wire *w, enum wire_type type, struct err *e);

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void wire_set_progress(struct wire *w, int ms)
{
	w->progress_ms = ms;
	w->progress_end = now_ms() + ms;
	w->progress_bytes = 0;
}

static void note_progress(struct wire *w, size_t bytes)
{
	w->progress_bytes += bytes;
	if (w->progress_ms && w->progress_bytes >= WIRE_PROGRESS)
		wire_set_progress(w, w->progress_ms);
}

static int check_progress(const struct wire *w, struct err *e)
{
	if (!w->progress_ms || now_ms() < w->progress_end)
		return 0;
	return err_set(e, ERR_SYSTEM, ETIMEDOUT,
		       "less than %d KiB from the other host in %d seconds", WIRE_PROGRESS >> 10,
		       w->progress_ms / 1000);
}

/* The end of waiting, for whichever reason. */
static int64_t wait_end(const struct wire *w)
{
	int64_t end = now_ms() + w->timeout_ms;

	return w->progress_ms && w->progress_end < end ? w->progress_end : end;
}

static int lost(struct err *e)
{
	err_set(e, ERR_SYSTEM, ECONNRESET, "the connection to the other host");
	return -ECONNRESET;
}

/* Wait until @fd can do @events. */
static int await(const struct wire *w, int fd, short events, struct err *e)
{
	int64_t end = wait_end(w);

	for (;;) {
		struct pollfd p[] = { { .fd = fd, .events = events },
				      { .fd = w->interrupt, .events = POLLIN } };
		int64_t left = end - now_ms();
		int n = poll(p, 2, left > 0 ? (int)left : 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, ERR_SYSTEM, errno, "wait for the other host");
		if (n == 0 && check_progress(w, e) < 0)
			return -ETIMEDOUT;
		if (n == 0)
			return err_set(e, ERR_SYSTEM, ETIMEDOUT,
				       "nothing from the other host for %d ms", w->timeout_ms);
		if (p[0].revents)
			return 0;
		if (p[1].revents)
			return err_set(e, ERR_SYSTEM, ECANCELED, "interrupted");
	}
}

/* A pipe or a socket: SIGPIPE is for programs that do not look at errors. */
static ssize_t put(int fd, const void *data, size_t size)
{
	ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

	return n < 0 && errno == ENOTSOCK ? write(fd, data, size) : n;
}

static int send_bytes(struct wire *w, const void *data, size_t size, struct err *e)
{
	const char *p = data;

	while (size) {
		ssize_t n = put(w->out, p, size);
		int r;

		if (n >= 0) {
			p += n;
			size -= (size_t)n;
			w->sent += (uint64_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EPIPE || errno == ECONNRESET)
			return lost(e);
		if (errno != EAGAIN)
			return err_set(e, ERR_SYSTEM, errno, "write to the other host");
		r = await(w, w->out, POLLOUT, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The payload of messages is what counts: that somebody lives is no progress. */
static int receive_bytes(struct wire *w, void *data, size_t size, bool payload, struct err *e)
{
	char *p = data;

	while (size) {
		ssize_t n = read(w->in, p, size);
		int r;

		if (n > 0) {
			p += n;
			size -= (size_t)n;
			w->received += (uint64_t)n;
			note_progress(w, payload ? (size_t)n : 0);
			r = check_progress(w, e);
			if (r < 0)
				return r;
			continue;
		}
		if (n == 0 || errno == ECONNRESET)
			return lost(e);
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return err_set(e, ERR_SYSTEM, errno, "read from the other host");
		r = await(w, w->in, POLLIN, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int wire_send(struct wire *w, enum wire_type type, const void *data, size_t size, struct err *e)
{
	unsigned char header[WIRE_HEADER];
	int r;

	if (size > wire_type_limit(type))
		return err_set(e, ERR_SYSTEM, EMSGSIZE, "send %s: %zu bytes, at most %zu go",
			       wire_type_name(type), size, wire_type_limit(type));
	/* who gives up in the middle of what we send says why, and listens no more */
	r = type == WIRE_DATA && !wire_is_quiet(w) ? -ECONNRESET : 0;
	wire_header_write(type, size, header);
	if (r == 0)
		r = send_bytes(w, header, sizeof(header), e);
	if (r == 0)
		r = send_bytes(w, data, size, e);
	if (r == -ECONNRESET && type != WIRE_FAILED)
		return hear_why(w, type, e);
	return r < 0 ? err_wrap(e, "send %s", wire_type_name(type)) : 0;
}

int wire_send_json(struct wire *w, enum wire_type type, struct json_out *o, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r;

	json_out_end_object(o);
	r = json_out_finish(o, &text, &len);
	json_out_free(o);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "write the message %s", wire_type_name(type));
	return wire_send(w, type, text, len, e);
}

int wire_send_word(struct wire *w, enum wire_type type, struct err *e)
{
	return wire_send(w, type, "{}", 2, e);
}

/* A connection that is closed while something unread is in it takes our last word with it. */
static void linger(struct wire *w)
{
	int64_t end = now_ms() + LINGER_MS;
	char buffer[4096];
	struct err none = ERR_INIT;

	w->timeout_ms = LAST_WORD_MS;
	while (now_ms() < end) {
		ssize_t n = read(w->in, buffer, sizeof(buffer));

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
		if (n < 0 && await(w, w->in, POLLIN, &none) < 0)
			return;
	}
}

void wire_send_failure(struct wire *w, const struct err *why)
{
	struct err none = ERR_INIT;
	struct json_out o;
	char line[sizeof(why->text) + sizeof(why->origin) + 128];
	struct err plain = *why;

	if (json_out_init(&o, false) < 0)
		return;
	plain.hint[0] = '\0';
	err_format(&plain, line, sizeof(line));
	json_out_object(&o);
	json_out_member_string(&o, "error", line);
	json_out_member_string(&o, "kind", err_kind_name(why->kind));
	if (why->hint[0])
		json_out_member_string(&o, "hint", why->hint);
	/* it may be gone: then it knows */
	if (wire_send_json(w, WIRE_FAILED, &o, &none) == 0)
		linger(w);
}

/* Room grows to what arrives, at most to the limit of the largest message. */
static int make_room(struct wire *w, size_t size, struct err *e)
{
	char *p;

	if (size < w->room)
		return 0;
	p = realloc(w->buffer, size + 1);
	if (!p)
		return err_set(e, ERR_SYSTEM, ENOMEM, "receive a message of %zu bytes", size);
	w->buffer = p;
	w->room = size + 1;
	return 0;
}

static int receive_one(struct wire *w, struct wire_message *ret, struct err *e)
{
	unsigned char header[WIRE_HEADER];
	int r = receive_bytes(w, header, sizeof(header), false, e);

	if (r == 0)
		r = wire_header_read(header, &ret->type, &ret->size, e);
	if (r == 0)
		r = make_room(w, ret->size, e);
	if (r == 0)
		r = receive_bytes(w, w->buffer, ret->size, true, e);
	if (r < 0)
		return r;
	w->buffer[ret->size] = '\0';
	ret->data = w->buffer;
	return 0;
}

static int remote_failure(const struct wire_message *m, const char *who, struct err *e)
{
	struct arena a = { .cap = 1 << 20 };
	const struct json_node *o;
	const char *text, *hint;
	int r = wire_json(m, &a, &o, e);

	if (r == 0)
		r = wire_string(o, "error", 4096, false, &text, e);
	if (r == 0)
		r = wire_string(o, "hint", 1024, true, &hint, e);
	if (r == 0) {
		err_set(e, ERR_STATE, 0, "%s: %s", who, text);
		if (hint)
			err_hint(e, "%s", hint);
		r = -ECONNABORTED;
	}
	arena_free(&a);
	return r;
}

int wire_receive(struct wire *w, const char *who, struct wire_message *ret, struct err *e)
{
	int r;

	do {
		r = receive_one(w, ret, e);
	} while (r == 0 && ret->type == WIRE_ALIVE);
	if (r < 0)
		return r;
	return ret->type == WIRE_FAILED ? remote_failure(ret, who, e) : 0;
}

/* The last word of the other end, if it left one. */
static int hear_why(struct wire *w, enum wire_type type, struct err *e)
{
	struct wire_message m;
	int timeout = w->timeout_ms, r;

	w->timeout_ms = LAST_WORD_MS;
	r = wire_receive(w, "destination", &m, e);
	w->timeout_ms = timeout;
	if (r == -ECONNABORTED)
		return r;
	(void)lost(e);
	return err_wrap(e, "send %s", wire_type_name(type));
}

int wire_expect(struct wire *w, const char *who, enum wire_type type, struct wire_message *ret,
		struct err *e)
{
	int r = wire_receive(w, who, ret, e);

	if (r == 0 && ret->type != type)
		return err_set(e, ERR_SYSTEM, EPROTO, "%s: a message %s where %s is due", who,
			       wire_type_name(ret->type), wire_type_name(type));
	return r;
}

int wire_expect_json(struct wire *w, const char *who, enum wire_type type, struct arena *a,
		     const struct json_node **ret, struct err *e)
{
	struct wire_message m;
	int r = wire_expect(w, who, type, &m, e);

	return r < 0 ? r : wire_json(&m, a, ret, e);
}

bool wire_is_quiet(struct wire *w)
{
	struct pollfd p = { .fd = w->in, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

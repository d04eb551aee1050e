// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages to and from criu. See criu.h. */
#include "config.h"

#ifdef HAVE_CRIU

#include "checkpoint/criu.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "checkpoint/protobuf.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

enum {
	MESSAGE_MAX = 64 * 1024,
	PROGRAM_MAX = 64 * 1024 * 1024,
	QUESTION_MS = 30000 /* version and features: criu looks at the kernel for some */
};

struct criu {
	struct criu_process process;
	int version;
	struct checkpoint_patience patience;
};

static const char *const request_names[] = {
	[CRIU__REQUEST_TYPE__EMPTY] = "request",
	[CRIU__REQUEST_TYPE__DUMP] = "dump",
	[CRIU__REQUEST_TYPE__RESTORE] = "restore",
	[CRIU__REQUEST_TYPE__PRE_DUMP] = "pre-dump",
	[CRIU__REQUEST_TYPE__PAGE_SERVER] = "page server",
	[CRIU__REQUEST_TYPE__NOTIFY] = "notification",
	[CRIU__REQUEST_TYPE__FEATURE_CHECK] = "feature check",
	[CRIU__REQUEST_TYPE__VERSION] = "version",
	[CRIU__REQUEST_TYPE__PAGE_SERVER_CHILD] = "page server",
	[CRIU__REQUEST_TYPE__SINGLE_PRE_DUMP] = "pre-dump",
};

static const char *request_name(Criu__RequestType type)
{
	size_t i = (size_t)type;

	return i < ARRAY_SIZE(request_names) && request_names[i] ? request_names[i] : "request";
}

void criu_response_free(Criu__Response *r)
{
	if (r)
		criu__response__free_unpacked(r, NULL);
}

/* ---- one message each way ---- */

static int send_request(struct criu *c, const Criu__Request *rq, struct err *e)
{
	size_t size = criu__request__get_packed_size(rq);
	cleanup_free uint8_t *data = malloc(size + 1);

	if (!data)
		return err_set(e, ERR_SYSTEM, ENOMEM, "talk to criu");
	size = criu__request__pack(rq, data);
	if (send(c->process.sock, data, size, MSG_NOSIGNAL) == (ssize_t)size)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET)
		return criu_process_died(&c->process, e);
	return err_set(e, ERR_SYSTEM, errno, "send criu a %s of %zu bytes", request_name(rq->type),
		       size);
}

/* A process of criu's own may hold the other end for longer than criu lives: both are watched. */
static int wait_message(struct criu *c, int timeout_ms, struct err *e)
{
	const struct checkpoint_patience *how = &c->patience;
	struct pollfd p[] = {
		{ .fd = c->process.sock, .events = POLLIN },
		{ .fd = c->process.pidfd, .events = POLLIN },
		{ .fd = how->turn ? how->fd : -EBADF, .events = POLLIN },
	};
	int n;

	for (;;) {
		bool tick = timeout_ms < 0 && how->tick;
		int r;

		n = poll(p, ARRAY_SIZE(p), tick ? how->every_ms : timeout_ms);
		if (n == 0 && tick) {
			how->tick(how->data);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || p[0].revents || p[1].revents)
			break;
		r = how->turn(how->data, e);
		if (r < 0)
			return r;
	}
	if (n < 0)
		return err_set(e, ERR_SYSTEM, errno, "wait for criu");
	if (n == 0) {
		err_set(e, ERR_SYSTEM, 0, "criu does not answer (%d s)", timeout_ms / 1000);
		return -ETIMEDOUT;
	}
	return p[0].revents & POLLIN ? 0 : criu_process_died(&c->process, e);
}

static int take_control(struct msghdr *msg)
{
	int fd = -EBADF;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS && fd < 0)
			memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}

static int receive(struct criu *c, int timeout_ms, Criu__Response **ret, int *ret_fd, struct err *e)
{
	cleanup_free uint8_t *data = malloc(MESSAGE_MAX);
	struct iovec iov = { .iov_base = data, .iov_len = MESSAGE_MAX };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	Criu__Response *response;
	ssize_t n;
	int r;

	if (!data)
		return err_set(e, ERR_SYSTEM, ENOMEM, "talk to criu");
	r = wait_message(c, timeout_ms, e);
	if (r < 0)
		return r;
	n = recvmsg(c->process.sock, &msg, MSG_CMSG_CLOEXEC);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return criu_process_died(&c->process, e);
	if (n < 0)
		return err_set(e, ERR_SYSTEM, errno, "listen to criu");
	*ret_fd = take_control(&msg);
	response = msg.msg_flags & MSG_TRUNC ? NULL : criu__response__unpack(NULL, (size_t)n, data);
	if (response) {
		*ret = response;
		return 0;
	}
	close_fd(ret_fd);
	err_set(e, ERR_SYSTEM, 0, "criu's answer of %zd bytes cannot be read", n);
	return -EREMOTEIO;
}

/* ---- requests ---- */

/* How it went, for as long as a request is being served. */
struct talk {
	const struct criu_handler *handlers;
	void *data;
	int refused; /* by a handler, negative */
	struct err why;
};

static int call_handler(struct talk *t, const Criu__Notification *n, int *fd)
{
	struct criu_notification told = { .script = n && n->script ? n->script : "",
					  .pid = n && n->has_pid ? n->pid : 0,
					  .fd = fd };

	for (const struct criu_handler *h = t->handlers; h && h->script; h++)
		if (strcmp(h->script, told.script) == 0)
			return h->fn(t->data, &told, &t->why);
	return 0;
}

static int answer(struct criu *c, struct talk *t, const Criu__Notification *n, int *fd,
		  struct err *e)
{
	Criu__Request reply = CRIU__REQUEST__INIT;
	int r = call_handler(t, n, fd);

	if (r < 0 && !t->refused)
		t->refused = r;
	reply.type = CRIU__REQUEST_TYPE__NOTIFY;
	reply.has_notify_success = true;
	reply.notify_success = r >= 0;
	return send_request(c, &reply, e);
}

static int failed(const Criu__Request *rq, const Criu__Response *response, struct err *e)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "%s",
		       response->cr_errmsg && *response->cr_errmsg ? response->cr_errmsg
								   : "no reason given");
	err_printable(text);
	err_set(e, ERR_SYSTEM, 0, "criu: %s failed: %s", request_name(rq->type), text);
	return -EREMOTEIO;
}

/* The handler's reason counts, whatever criu makes of it. */
static int outcome(struct talk *t, int r, struct err *e)
{
	if (!t->refused)
		return r;
	if (e) {
		t->why.problems = e->problems;
		*e = t->why;
	}
	return t->refused;
}

int criu_call(struct criu *c, const Criu__Request *rq, const struct criu_handler *handlers,
	      void *data, int timeout_ms, Criu__Response **ret, struct err *e)
{
	cleanup_(criu_response_freep) Criu__Response *response = NULL;
	struct talk t = { .handlers = handlers, .data = data, .why = ERR_INIT };
	int r = c->process.sock < 0 ? -EREMOTEIO : 0;

	if (r < 0) {
		err_set(e, ERR_SYSTEM, 0, "criu has ended");
		return r;
	}
	r = send_request(c, rq, e);
	while (r == 0) {
		cleanup_fd int fd = -EBADF;

		r = receive(c, timeout_ms, &response, &fd, e);
		if (r < 0 || response->type != CRIU__REQUEST_TYPE__NOTIFY)
			break;
		r = answer(c, &t, response->notify, &fd, e);
		criu_response_free(take_ptr(response));
	}
	if (r == 0 && !response->success)
		r = failed(rq, response, e);
	r = outcome(&t, r, e);
	if (r == 0 && ret)
		*ret = take_ptr(response);
	return r;
}

/* ---- version and features ---- */

static void version_text(int version, char *buf, size_t size)
{
	int sub = version % 100;

	if (sub)
		(void)snprintf(buf, size, "%d.%d.%d", version / 10000, version / 100 % 100, sub);
	else
		(void)snprintf(buf, size, "%d.%d", version / 10000, version / 100 % 100);
}

int criu_need_version(const struct criu *c, int version, const char *what, struct err *e)
{
	char is[32], needed[32];

	if (c->version >= version)
		return 0;
	version_text(c->version, is, sizeof(is));
	version_text(version, needed, sizeof(needed));
	err_set(e, ERR_UNSUPPORTED, 0, "criu %s cannot %s", is, what);
	err_hint(e, "it takes criu %s or newer", needed);
	return -ENOPKG;
}

/* A name that it needs at its start stands in the table of strings of an ELF file. */
bool criu_has_library(const struct criu *c, const char *name)
{
	cleanup_free char *text = NULL;
	size_t size = 0;

	return io_read_file(c->process.exe, PROGRAM_MAX, &text, &size) == 0 &&
	       memmem(text, size, name, strlen(name));
}

static int ask_version(struct criu *c, struct err *e)
{
	cleanup_(criu_response_freep) Criu__Response *response = NULL;
	Criu__Request rq = CRIU__REQUEST__INIT;
	int r;

	rq.type = CRIU__REQUEST_TYPE__VERSION;
	rq.has_keep_open = rq.keep_open = true;
	r = criu_call(c, &rq, NULL, NULL, QUESTION_MS, &response, e);
	if (r < 0) {
		err_hint(e, "is the program criu?");
		return r;
	}
	if (response->version)
		c->version = response->version->major_number * 10000 +
			     response->version->minor_number * 100 +
			     (response->version->has_sublevel ? response->version->sublevel : 0);
	return criu_need_version(c, CRIU_VERSION_MIN, "checkpoint and restore containers", e);
}

int criu_need_features(struct criu *c, const Criu__Features *wanted, struct err *e)
{
	cleanup_(criu_response_freep) Criu__Response *response = NULL;
	Criu__Features asked = *wanted;
	Criu__Request rq = CRIU__REQUEST__INIT;
	const Criu__Features *has;
	const char *lacks = NULL;
	char version[32];
	int r;

	rq.type = CRIU__REQUEST_TYPE__FEATURE_CHECK;
	rq.has_keep_open = rq.keep_open = true;
	rq.features = &asked;
	r = criu_call(c, &rq, NULL, NULL, QUESTION_MS, &response, e);
	if (r == -EREMOTEIO && c->process.sock >= 0) {
		version_text(c->version, version, sizeof(version));
		err_set(e, ERR_UNSUPPORTED, 0, "criu %s does not work on this kernel", version);
		err_hint(e, "`criu check` says what is missing");
		return -ENOPKG;
	}
	if (r < 0)
		return r;
	has = response->features;
	if (wanted->mem_track && !(has && has->mem_track))
		lacks = "soft-dirty tracking of memory, for dumps that build on each other";
	if (wanted->lazy_pages && !(has && has->lazy_pages))
		lacks = "userfaultfd, for lazy pages";
	if (!lacks)
		return 0;
	err_set(e, ERR_UNSUPPORTED, 0, "this kernel, or this criu, has no %s", lacks);
	return -ENOPKG;
}

/* ---- life ---- */

int criu_open(const struct criu_start *how, struct criu **ret, struct err *e)
{
	cleanup_(criu_closep) struct criu *c = calloc(1, sizeof(*c));
	int r = protobuf_load(e);

	if (!c)
		return err_set(e, ERR_SYSTEM, ENOMEM, "start criu");
	c->process = (struct criu_process)CRIU_PROCESS_EMPTY;
	if (r < 0)
		return -ENOPKG;
	r = criu_process_start(how, &c->process, e);
	if (r == 0)
		r = ask_version(c, e);
	if (r == 0)
		*ret = take_ptr(c);
	return r;
}

void criu_close(struct criu *c)
{
	if (!c)
		return;
	criu_process_end(&c->process);
	free(c);
}

void criu_be_patient(struct criu *c, const struct checkpoint_patience *how)
{
	c->patience = *how;
}

int criu_version(const struct criu *c)
{
	return c->version;
}

pid_t criu_pid(const struct criu *c)
{
	return c->process.pid;
}

int criu_socket(const struct criu *c)
{
	return c->process.sock;
}

#endif

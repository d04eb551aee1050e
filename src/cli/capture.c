// SPDX-License-Identifier: GPL-2.0-or-later
/* See capture.h. */
#include "cli/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "cli/progress.h"
#include "container/standstill.h"
#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/kernel.h"

static const int held[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static const char *const methods[] = {
	[SNAPSHOT_RENAME] = "rename",
	[SNAPSHOT_REFLINK] = "reflink",
	[SNAPSHOT_COPY] = "copy",
};

static void hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		sigaddset(&set, held[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL); /* cannot fail with these arguments */
}

static bool is_interrupted(void)
{
	sigset_t set;

	if (sigpending(&set) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		if (sigismember(&set, held[i]) == 1)
			return true;
	return false;
}

struct session {
	struct standstill stand;
	struct progress progress;
};

static int freeze(void *context, struct err *e)
{
	struct session *s = context;

	return standstill_begin(&s->stand, e);
}

static int thaw(void *context, struct err *e)
{
	struct session *s = context;

	return standstill_end(&s->stand, e);
}

static int tick(uint64_t bytes, uint64_t files, void *context)
{
	struct session *s = context;

	progress_show(&s->progress, bytes, files);
	return is_interrupted() ? -ECANCELED : 0;
}

static int capture_running(struct layered *x, const struct snapshot_naming *how, const char *word,
			   struct capture_result *ret, struct err *e)
{
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	struct session s = { .stand = STANDSTILL_OF(x->container, &cg) };
	struct snapshot_capture capture = {
		.freeze = freeze, .thaw = thaw, .tick = tick, .context = &s
	};
	int r = container_open_cgroup(x->container, &cg, e);

	if (r < 0)
		return r;
	layered_unlock(x);
	progress_init(&s.progress, "copy", word);
	r = snapshots_capture(x->layers, how, &capture, &ret->name, e);
	progress_end(&s.progress);
	ret->method = capture.method;
	ret->bytes = capture.bytes;
	ret->files = capture.files;
	ret->frozen_ns = s.stand.lasted;
	return r;
}

int capture_snapshot(struct layered *x, const struct snapshot_naming *how, const char *word,
		     struct capture_result *ret, struct err *e)
{
	*ret = (struct capture_result){ .method = SNAPSHOT_RENAME };
	hold_signals();
	if (!x->mounted)
		return snapshots_take(x->layers, how, &ret->name, e);
	if (x->status == STATUS_STOPPED || x->status == STATUS_CREATING) {
		err_set(e, ERR_STATE, 0, "the container is %s, but its files may be in use",
			container_status_name(x->status));
		return -EBUSY;
	}
	return capture_running(x, how, word, ret, e);
}

const char *capture_text(const struct capture_result *r, char *buf, size_t size)
{
	char bytes[16];

	buf[0] = '\0';
	if (r->method != SNAPSHOT_RENAME)
		(void)snprintf(buf, size, "%s %s in %" PRIu64 " files, frozen for %.1f ms",
			       r->method == SNAPSHOT_REFLINK ? "shared" : "copied",
			       cli_size_text(r->bytes, bytes, sizeof(bytes)), r->files,
			       (double)r->frozen_ns / 1e6);
	return buf;
}

void capture_members(struct json_out *o, const struct capture_result *r)
{
	json_out_member_string(o, "snapshot", r->name);
	json_out_member_string(o, "method", methods[r->method]);
	if (r->method == SNAPSHOT_RENAME)
		return;
	json_out_member_uint(o, "bytes", r->bytes);
	json_out_member_uint(o, "files", r->files);
	json_out_member_uint(o, "frozenMicroseconds", r->frozen_ns / 1000);
}

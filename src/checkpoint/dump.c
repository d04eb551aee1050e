// SPDX-License-Identifier: GPL-2.0-or-later
/* checkpoint_dump: one container, one criu, one request. See checkpoint.h. */
#include "checkpoint/checkpoint.h"

#include "config.h"

#include <errno.h>

#include "checkpoint/protobuf.h"

#ifdef HAVE_CRIU

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "checkpoint/again.h"
#include "checkpoint/causes.h"
#include "checkpoint/criu.h"
#include "checkpoint/drain.h"
#include "checkpoint/dump.h"
#include "checkpoint/netlock.h"
#include "checkpoint/tracking.h"
#include "container/fence.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

#define PARENT "parent" /* a symlink */

enum {
	FREEZE_DEADLINE_MS = 10000,
	VERSION_NFTABLES = 31700,
	VERSION_NETLOCK_SKIP = 31800,
	REAP_STEPS = 200,
	REAP_STEP_NSEC = 10000000
};

struct dump {
	struct container *c;
	const struct checkpoint_request *rq;
	struct cgroup cgroup;
	int freezer; /* the same directory: criu's way to it, by /proc */
	bool paused; /* before */
	struct criu *criu;
	struct dump_facts facts;
	struct drain drain;
	int outer_net; /* the network namespace, when it outlives the container */
	int init;      /* pidfd */
	struct arena arena;
};

/* ---- what there is ---- */

static uint64_t namespace_inode(pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return stat(path, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

static bool joins(const struct oci_spec *spec, enum oci_namespace_type type)
{
	return oci_spec_namespace(spec, type) && !oci_spec_new_namespace(spec, type);
}

static int gather_cgroup(struct dump *d, struct err *e)
{
	int r = container_open_cgroup(d->c, &d->cgroup, e);

	if (r < 0)
		return r;
	d->paused = d->cgroup.fd >= 0 && cgroup_freeze_wanted(&d->cgroup);
	/* in one that was there before may be others, who are not to be stopped */
	if (d->cgroup.fd < 0 || !d->c->record.cgroup_made)
		return 0;
	d->freezer = fcntl(d->cgroup.fd, F_DUPFD_CLOEXEC, 3);
	if (d->freezer < 0)
		return err_set(e, ERR_SYSTEM, errno, "prepare the dump");
	d->facts.freeze_cgroup =
		arena_printf(&d->arena, "/proc/%d/fd/%d", (int)getpid(), d->freezer);
	return d->facts.freeze_cgroup ? 0 : err_set(e, ERR_SYSTEM, ENOMEM, "prepare the dump");
}

static int gather(struct dump *d, struct err *e)
{
	struct container *c = d->c;
	struct dump_facts *f = &d->facts;
	int r = fence_check_memory(c, e);

	if (r < 0)
		return r;
	r = process_open(&c->record.init, &d->init);
	if (r < 0) {
		err_set(e, ERR_STATE, 0, "container not running");
		return -ESRCH;
	}
	r = c->spec ? 0 : container_reload(c, e);
	if (r == 0)
		r = gather_cgroup(d, e);
	if (r < 0)
		return r;
	f->pid = c->record.init.pid;
	f->root = c->record.rootfs;
	f->own_network = oci_spec_new_namespace(c->spec, OCI_NS_NETWORK);
	if (!f->own_network)
		d->outer_net = netlock_namespace(f->pid);
	if (joins(c->spec, OCI_NS_NETWORK))
		f->outer_net = namespace_inode(f->pid, "net");
	if (joins(c->spec, OCI_NS_PID))
		f->outer_pid = namespace_inode(f->pid, "pid");
	r = dump_stdio_find(f->pid, &d->arena, f->stdio, e);
	return r < 0 ? r : external_find(c->spec, f->pid, &d->arena, &f->mounts, e);
}

/* ---- what criu can do ---- */

/* Of libnftables criu needs no program; iptables-restore is one. */
static enum checkpoint_netlock best_netlock(const struct criu *c)
{
	if (criu_version(c) >= VERSION_NFTABLES && criu_has_library(c, "libnftables.so"))
		return CHECKPOINT_NETLOCK_NFTABLES;
	if (!criu_finds("iptables-restore") && criu_version(c) >= VERSION_NETLOCK_SKIP)
		return CHECKPOINT_NETLOCK_SKIP;
	return CHECKPOINT_NETLOCK_DEFAULT;
}

static int check_abilities(struct dump *d, struct err *e)
{
	const struct checkpoint_request *rq = d->rq;
	Criu__Features wanted = CRIU__FEATURES__INIT;
	int r = 0;

	if (rq->flags.netlock == CHECKPOINT_NETLOCK_NFTABLES)
		r = criu_need_version(d->criu, VERSION_NFTABLES, "lock the network with nftables",
				      e);
	if (rq->flags.netlock == CHECKPOINT_NETLOCK_SKIP)
		r = criu_need_version(d->criu, VERSION_NETLOCK_SKIP, "leave the network unlocked",
				      e);
	d->facts.netlock = best_netlock(d->criu);
	wanted.has_mem_track = wanted.mem_track = rq->pre_dump || rq->track_memory || rq->parent;
	wanted.has_lazy_pages = wanted.lazy_pages = rq->flags.lazy_pages;
	if (r == 0 && (wanted.mem_track || wanted.lazy_pages))
		r = criu_need_features(d->criu, &wanted, e);
	return r;
}

/* ---- what criu tells ---- */

static int ask_quiet(const struct dump *d, struct err *e)
{
	const struct checkpoint_quiet *q = &d->drain.quiet;
	int r = d->rq->quiet ? d->rq->quiet(d->rq->data, q) : 0;

	if (r < 0)
		err_set(e, ERR_STATE, -r,
			"%u connections are not accepted yet, %u that were closed not sent",
			q->unaccepted, q->unsent);
	return r;
}

/* Its preparations are over: the next that it does is to stop the tasks. */
static int on_pre_dump(void *data, const struct criu_notification *n, struct err *e)
{
	struct dump *d = data;
	int r;

	(void)n;
	if (d->rq->drain_ms == 0)
		return 0;
	/* who is paused accepts nobody */
	r = drain_running(&d->drain, d->facts.pid, d->paused ? 0 : d->rq->drain_ms, e);
	return r < 0 ? r : ask_quiet(d, e);
}

/* The tasks stand, and it is about to shut their network, when that is one of their own. */
static int on_network_lock(void *data, const struct criu_notification *n, struct err *e)
{
	struct dump *d = data;

	(void)n;
	if (d->rq->drain_ms == 0)
		return 0;
	drain_standing(&d->drain);
	return ask_quiet(d, e);
}

static int on_post_dump(void *data, const struct criu_notification *n, struct err *e)
{
	struct dump *d = data;
	int r = d->rq->complete ? d->rq->complete(d->rq->data, d->c, e) : 0;

	(void)n;
	/* some criu thaw what they let go; what was handed over is out of their reach by then */
	if (fence_is_up(d->c))
		close_fd(&d->freezer);
	return r;
}

static int on_status_ready(void *data, const struct criu_notification *n, struct err *e)
{
	const struct dump *d = data;
	int r = 0;

	(void)n;
	if (d->rq->status_fd >= 0)
		r = io_write_all(d->rq->status_fd, "", 1);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "tell that lazy pages are ready") : 0;
}

static const struct criu_handler handlers[] = {
	{ "pre-dump", on_pre_dump },
	{ "network-lock", on_network_lock },
	{ "post-dump", on_post_dump },
	{ "status-ready", on_status_ready },
	{ 0 },
};

static const struct criu_handler no_handlers[] = { { 0 } };

/* ---- the dump ---- */

/*
 * criu puts the freezer back where it was; when it cannot any more, we do. One that was handed over is frozen by the
 * fence, whatever became of criu meanwhile: only fence_lower() lets it go on.
 */
static void settle(const struct dump *d)
{
	struct err ignored = ERR_INIT;

	if (fence_is_up(d->c) || d->cgroup.fd < 0 || cgroup_freeze_wanted(&d->cgroup) == d->paused)
		return;
	if (d->paused)
		(void)cgroup_freeze(&d->cgroup, FREEZE_DEADLINE_MS, &ignored);
	else
		(void)cgroup_thaw(&d->cgroup, FREEZE_DEADLINE_MS, &ignored);
}

/*
 * The tasks are gone, and nobody else is to be kept waiting. Where connections were saved, packets of theirs must stay away
 * until the restore, or the kernel answers that nobody is there.
 */
static void release_network(const struct dump *d)
{
	const struct checkpoint_request *rq = d->rq;
	struct err ignored = ERR_INIT;

	if (rq->pre_dump || rq->leave_running || rq->flags.tcp_established || d->outer_net < 0)
		return;
	/* the container is saved, and removed: that is not undone because of this */
	(void)netlock_release(d->outer_net, d->facts.pid, &ignored);
}

/*
 * Where the numbers of processes are not the container's own, that of init is to be free for a restore: its parent, the
 * host's init for instance, takes a moment to reap it. Who is not reaped in time stays a matter of that parent.
 */
static void await_reaped(const struct dump *d)
{
	const struct timespec step = { .tv_nsec = REAP_STEP_NSEC };

	if (d->rq->pre_dump || d->rq->leave_running ||
	    oci_spec_new_namespace(d->c->spec, OCI_NS_PID))
		return;
	for (int i = 0; i < REAP_STEPS && kernel_pidfd_signal(d->init, 0) == 0; i++)
		(void)nanosleep(&step, NULL);
}

static int ask(struct dump *d, struct err *e)
{
	Criu__Request rq = CRIU__REQUEST__INIT;
	Criu__Options options;
	cleanup_fd int listen = -EBADF;
	int r = dump_options(d->rq, &d->facts, &d->arena, &options, e);

	if (r == 0 && options.lazy_pages && options.ps)
		r = dump_listen(&d->arena, &options, &listen, e);
	else if (r == 0 && options.lazy_pages && d->rq->pages_given)
		r = dump_listen_nowhere(&d->arena, &options, CRIU_FIRST_FD, &listen, e);
	if (r == 0 && !d->rq->pre_dump)
		r = dump_stdio_write(d->rq->images, d->facts.stdio, e);
	if (r == 0 && !d->rq->pre_dump)
		r = again_note(d->rq->images, d->c, e);
	if (r < 0)
		return r;
	/* criu takes what is there for the parent, and leaves it when there is to be another one */
	(void)unlinkat(d->rq->images, PARENT, 0);
	rq.type = d->rq->pre_dump ? CRIU__REQUEST_TYPE__PRE_DUMP : CRIU__REQUEST_TYPE__DUMP;
	rq.opts = &options;
	/* how long it takes depends on the memory: there is no deadline, but criu's own for freezing */
	criu_be_patient(d->criu, &d->rq->patience);
	r = criu_call(d->criu, &rq, d->rq->pre_dump ? no_handlers : handlers, d, -1, NULL, e);
	if (r == -EREMOTEIO)
		causes_explain(d->rq->work, DUMP_LOG, e);
	return r;
}

/* The changes of memory that the next dump is to tell apart are counted from this one on. */
static bool counts(const struct dump *d)
{
	return d->rq->pre_dump || d->rq->track_memory || d->rq->parent;
}

/* It was given up before criu looked at memory: what there was can still be built on. */
static void count_on(struct dump *d, const char *mark)
{
	struct err ignored = ERR_INIT;

	d->c->record.memory_mark = mark;
	(void)record_save(d->c->dir, &d->c->record, &ignored); /* else the next one says so */
}

static int ask_counting(struct dump *d, struct err *e)
{
	const char *before = d->c->record.memory_mark;
	int r = d->rq->parent ? tracking_check(d->c, d->rq->images, d->rq->parent, e) : 0;

	if (r == 0 && counts(d))
		r = tracking_begin(d->c, e);
	if (r == 0)
		r = ask(d, e);
	if (r == -EAGAIN && counts(d))
		count_on(d, before);
	return r == 0 && counts(d) ? tracking_note(d->c, d->rq->images, e) : r;
}

/* One end of a socket for it, if it is to serve nobody: the other one is closed when this returns. */
static int start_criu(struct dump *d, struct err *e)
{
	struct criu_start start = CRIU_START_INIT;
	int pair[2] = { -EBADF, -EBADF }, r;

	start.program = d->rq->criu;
	start.umask = 077; /* what is in the memory of programs is nobody's business */
	start.fds = pair;
	start.fd_count = d->rq->pages_given;
	if (start.fd_count && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, ERR_SYSTEM, errno, "create a socket");
	r = criu_open(&start, &d->criu, e);
	close_fd(&pair[0]);
	close_fd(&pair[1]);
	return r;
}

static int dump(struct dump *d, struct checkpoint_result *ret, struct err *e)
{
	int r = gather(d, e);

	if (r < 0)
		return r;
	r = start_criu(d, e);
	if (r == 0)
		r = check_abilities(d, e);
	if (r < 0)
		return r;
	r = ask_counting(d, e);
	drain_end(&d->drain);
	criu_close(take_ptr(d->criu));
	if (r < 0 || d->rq->pre_dump || d->rq->leave_running)
		settle(d);
	if (r == 0) {
		release_network(d);
		await_reaped(d);
		dump_stats_read(d->rq->work, ret);
	}
	return r;
}

int checkpoint_dump(struct container *c, const struct checkpoint_request *rq,
		    struct checkpoint_result *ret, struct err *e)
{
	struct checkpoint_result result = { 0 };
	struct dump d = {
		.c = c,
		.rq = rq,
		.cgroup = CGROUP_EMPTY,
		.freezer = -EBADF,
		.outer_net = -EBADF,
		.init = -EBADF,
		.drain = DRAIN_EMPTY,
	};
	int r = dump(&d, &result, e);

	criu_close(d.criu);
	close_fd(&d.freezer);
	close_fd(&d.outer_net);
	close_fd(&d.init);
	cgroup_close(&d.cgroup);
	arena_free(&d.arena);
	if (r == 0 && ret)
		*ret = result;
	return r;
}

#else

int checkpoint_dump(struct container *c, const struct checkpoint_request *rq,
		    struct checkpoint_result *ret, struct err *e)
{
	(void)c;
	(void)rq;
	(void)ret;
	(void)protobuf_load(e); /* it says what ctr lacks */
	return -ENOPKG;
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* checkpoint_restore: the steps of create, with criu in ctr-init's place. See restore.h. */
#include "checkpoint/restore.h"

#include "config.h"

#include <errno.h>

#include "checkpoint/protobuf.h"

#ifdef HAVE_CRIU

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoint/again.h"
#include "checkpoint/causes.h"
#include "checkpoint/images.h"
#include "checkpoint/netlock.h"
#include "checkpoint/restore_work.h"
#include "container/hooks.h"
#include "container/overlay.h"
#include "container/steps.h"
#include "container/terminal.h"
#include "net/attach.h"
#include "util/cleanup.h"
#include "util/kernel.h"

struct restore {
	const struct restore_request *rq;
	struct container *c;
	struct restore_stage stage;
	struct restore_fds fds;
	int images; /* as the tasks can read them; owned */
	struct restore_guard guard;
	struct criu *criu;
	pid_t holder; /* of a scope, until criu is in it */
	bool passed;  /* the tasks were looked at, and may run */
};

/* ---- before criu ---- */

static int check_root(const struct restore_request *rq, struct err *e)
{
	if (caller_is_host_root(rq->container.caller))
		return 0;
	err_set(e, ERR_USAGE, EPERM, "restore requires root");
	err_hint(e, "criu needs privileges over the whole host for this");
	return -EPERM;
}

/* Its socket is a directory of ours that is mounted: the images may have it, so it is always there. */
static struct container_request request_of(const struct restore_request *rq)
{
	struct container_request r = rq->container;

	r.notify = true;
	r.wait_start = false;
	return r;
}

/* The first gate (security.md C4): as files, before criu believes them. The second is restore_gate(). */
static int check_images(const struct restore *x, struct err *e)
{
	const char *given[RESTORE_FDS_MAX];
	const struct images_rules rules = {
		.spec = x->c->spec,
		.filter = &x->c->filter,
		.flags = &x->rq->flags,
		.root = x->stage.root,
		.authentic = !x->rq->stranger,
		.given = given,
		.given_count = x->fds.count,
	};

	for (size_t i = 0; i < x->fds.count; i++)
		given[i] = x->fds.items[i].key;
	return images_check(x->rq->images, &rules, e);
}

static int prepare(struct restore *x, struct err *e)
{
	const struct container_request rq = request_of(x->rq);
	int r = check_root(x->rq, e);

	if (r == 0)
		r = container_prepare(x->c, &rq, e);
	if (r == 0)
		r = container_open_all(x->c, e);
	if (r == 0)
		r = restore_stage_make(x->c, &x->stage, e);
	if (r == 0)
		r = restore_images_open(x->c, x->rq->images, &x->images, e);
	if (r == 0)
		r = restore_stdio_read(x->rq->images, &x->c->arena, &x->fds, e);
	if (r == 0)
		restore_stdio_give(x->c, &x->fds);
	if (r == 0)
		r = restore_namespaces(x->c, &x->fds, e);
	return r < 0 ? r : check_images(x, e);
}

/* ---- criu, where the tasks will be ---- */

/* A scope is made around a process, and criu is born into it: this one stands there meanwhile. */
static pid_t start_holder(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		(void)kernel_close_range(0, ~0U, 0);
	while (getppid() == parent)
		(void)pause();
	_exit(0);
}

static void end_holder(struct restore *x)
{
	if (x->holder <= 0)
		return;
	(void)kill(x->holder, SIGKILL);
	while (waitpid(x->holder, NULL, 0) < 0)
		if (errno != EINTR)
			break;
	x->holder = 0;
}

static int make_scope(struct restore *x, struct err *e)
{
	if (!cgroup_needs_process(x->c->record.cgroup_driver))
		return 0;
	x->holder = start_holder();
	if (x->holder < 0)
		return err_set(e, ERR_SYSTEM, errno, "start a process for the scope");
	return container_settle_cgroup(x->c, x->holder, e);
}

static int start_criu(struct restore *x, struct err *e)
{
	struct criu_start start = CRIU_START_INIT;
	int fds[RESTORE_FDS_MAX];
	int r = make_scope(x, e);

	if (r == 0)
		r = container_filter_devices(x->c, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < x->fds.count; i++)
		fds[i] = x->fds.items[i].fd;
	start.program = x->rq->criu;
	start.fds = fds;
	start.fd_count = x->fds.count;
	start.cgroup = x->c->cgroup.fd;
	start.prepare = restore_stage_enter;
	start.data = &x->stage;
	r = criu_open(&start, &x->criu, e);
	end_holder(x);
	if (r == 0)
		r = container_place_process(x->c, criu_pid(x->criu), e);
	return r < 0 ? r : restore_stage_list(x->c, &x->stage, criu_pid(x->criu), e);
}

/* ---- what criu tells ---- */

static bool has_create_hooks(const struct oci_spec *spec)
{
	return spec->hooks[OCI_HOOK_PRESTART].count || spec->hooks[OCI_HOOK_CREATE_RUNTIME].count;
}

/* The tree's root exists, and its namespaces do; its sockets need addresses. */
static int on_namespaces(void *data, const struct criu_notification *n, struct err *e)
{
	struct restore *x = data;
	struct container *c = x->c;
	int r;

	if (c->init.pid > 0)
		return 0;
	c->init.pidfd = n->pid > 0 ? kernel_pidfd_open(n->pid) : -EPROTO;
	if (c->init.pidfd < 0)
		return err_set(e, ERR_SYSTEM, -c->init.pidfd, "follow the restored init");
	c->init.pid = n->pid;
	container_undo_init_later(c);
	r = container_make_network(c, e);
	if (r == 0 && has_create_hooks(c->spec))
		r = container_runtime_hooks(c, e);
	return r;
}

static int on_terminal(void *data, const struct criu_notification *n, struct err *e)
{
	struct restore *x = data;

	if (*n->fd < 0)
		return err_set(e, ERR_SYSTEM, EPROTO, "take the terminal over from criu");
	close_fd(&x->c->console);
	x->c->console = take_fd(n->fd);
	return 0;
}

/* From here on criu does not listen to us any more, but it waits: they must not run unseen. */
static int on_restored(void *data, const struct criu_notification *n, struct err *e)
{
	struct restore *x = data;

	(void)n;
	return restore_guard_start(x->c, criu_socket(x->criu), &x->guard, e);
}

static int check_terminal(const struct restore *x, struct err *e)
{
	if (!x->c->spec->process.terminal || x->c->console >= 0)
		return 0;
	err_set(e, ERR_CONFIG, 0, "the config wants a terminal, and the images have none");
	err_origin(e, "config.json /process/terminal");
	return -EBADMSG;
}

static int hand_terminal_over(struct restore *x, struct err *e)
{
	int r = check_terminal(x, e);

	if (r == 0 && x->rq->console_socket && x->c->console >= 0) {
		r = terminal_send(x->rq->console_socket, x->c->console, e);
		close_fd(&x->c->console);
	}
	return r;
}

static int note(struct container *c, struct err *e)
{
	int r = process_identify(c->init.pid, c->init.pidfd, &c->record.init, e);

	return r < 0 ? r : container_note_running(c, e);
}

/* In a namespace that was there before, packets are kept away since the dump: see netlock.h. */
static int release_network(const struct restore *x, struct err *e)
{
	struct container_record was = { 0 };
	struct err none = ERR_INIT; /* the images were looked at long before */
	cleanup_fd int ns = -EBADF;
	bool own = false;

	if (oci_spec_new_namespace(x->c->spec, OCI_NS_NETWORK) ||
	    again_read(x->rq->images, &x->c->arena, &was, &own, &none) < 0 || !own ||
	    was.init.pid <= 0)
		return 0;
	ns = netlock_namespace(x->c->init.pid);
	if (ns < 0)
		return err_set(e, ERR_SYSTEM, -ns, "look at the restored network namespace");
	return netlock_release(ns, was.init.pid, e);
}

/* They have got all that they will have, and stand before their next instruction. */
static int on_resume(void *data, const struct criu_notification *n, struct err *e)
{
	struct restore *x = data;
	int r = restore_gate(x->c, &x->stage, &x->rq->flags, e);

	(void)n;
	if (r == 0)
		r = release_network(x, e);
	if (r == 0)
		r = note(x->c, e);
	if (r == 0)
		r = hand_terminal_over(x, e);
	if (r == 0 && x->rq->ready)
		r = x->rq->ready(x->rq->data, x->c, e);
	if (r == 0)
		r = net_release(&x->c->record.network, &x->c->net, e);
	x->passed = r == 0;
	if (x->passed)
		restore_guard_dismiss(&x->guard);
	else
		restore_guard_kill(&x->guard);
	return r;
}

static const struct criu_handler handlers[] = {
	{ "setup-namespaces", on_namespaces },
	{ "orphan-pts-master", on_terminal },
	{ "post-restore", on_restored },
	{ "pre-resume", on_resume },
	{ 0 },
};

/* ---- the restore ---- */

static int check_abilities(const struct restore *x, struct err *e)
{
	Criu__Features wanted = CRIU__FEATURES__INIT;

	if (!x->rq->flags.lazy_pages)
		return 0;
	wanted.has_lazy_pages = wanted.lazy_pages = true;
	return criu_need_features(x->criu, &wanted, e);
}

static int ask(struct restore *x, struct err *e)
{
	const struct restore_facts facts = { .images = x->images,
					     .rq = x->rq,
					     .container = x->c,
					     .stage = &x->stage,
					     .fds = &x->fds };
	Criu__Request rq = CRIU__REQUEST__INIT;
	Criu__Options options;
	int r = check_abilities(x, e);

	if (r == 0)
		r = restore_options(&facts, &x->c->arena, &options, e);
	if (r < 0)
		return r;
	rq.type = CRIU__REQUEST_TYPE__RESTORE;
	rq.opts = &options;
	/* how long it takes depends on the memory, and with lazy pages on others */
	criu_be_patient(x->criu, &x->rq->patience);
	r = criu_call(x->criu, &rq, handlers, x, -1, NULL, e);
	if (r == -EREMOTEIO)
		causes_explain(x->rq->work, RESTORE_LOG, e);
	if (r == 0 && !x->passed) {
		err_set(e, ERR_SYSTEM, 0, "criu let the tasks run without asking");
		return -EREMOTEIO;
	}
	return r;
}

static int restore(struct restore *x, struct err *e)
{
	int r = prepare(x, e);

	if (r == 0)
		r = start_criu(x, e);
	if (r == 0)
		r = ask(x, e);
	/* whatever comes of it: it is in the container's cgroup, and must be gone before that is */
	restore_guard_kill(&x->guard);
	criu_close(take_ptr(x->criu));
	end_holder(x);
	restore_stage_close(&x->stage);
	close_fd(&x->images);
	if (r < 0)
		return r;
	net_announce(&x->c->record.network, &x->c->net);
	return hooks_run(x->c, OCI_HOOK_POSTSTART, STATUS_RUNNING, x->c->init.pid, e);
}

int checkpoint_restore(const struct restore_request *rq, struct container **ret, struct err *e)
{
	struct restore x = {
		.rq = rq,
		.c = container_new(),
		.stage = RESTORE_STAGE_EMPTY,
		.images = -EBADF,
		.guard = RESTORE_GUARD_EMPTY,
	};
	int r = x.c ? restore(&x, e) : err_set(e, ERR_SYSTEM, ENOMEM, "restore the container");

	if (r < 0) {
		if (x.c)
			container_abort(x.c);
		container_free(x.c);
		return r;
	}
	undo_commit(&x.c->undo);
	container_overlay_release(x.c);
	net_devices_close(&x.c->net); /* or we would keep the network namespace when it ends */
	*ret = x.c;
	return 0;
}

#else

int checkpoint_restore(const struct restore_request *rq, struct container **ret, struct err *e)
{
	(void)rq;
	(void)ret;
	(void)protobuf_load(e); /* it says what ctr lacks */
	return -ENOPKG;
}

#endif

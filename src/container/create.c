// SPDX-License-Identifier: GPL-2.0-or-later
/* Create, start, abort: the effects, each with its way back (DESIGN.md section 4). */
#include "container/container.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "container/dialog.h"
#include "container/fence.h"
#include "container/hooks.h"
#include "container/limits.h"
#include "container/overlay.h"
#include "container/network.h"
#include "container/scheduling.h"
#include "container/sdnotify.h"
#include "container/sources.h"
#include "container/startsock.h"
#include "container/steps.h"
#include "container/store.h"
#include "net/attach.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/trace.h"

#define DELEGATE "systemd-run --user --scope -p Delegate=yes ctr ..."

enum {
	REMOVE_DEADLINE_MS = 10000,
	DEATH_MS = 10000,
	FEW_FILES = 16, /* that init has open, generously */
	MIN_MAJOR = 5,
	MIN_MINOR = 14,
	KSM_MAJOR = 6,
	KSM_MINOR = 7
};

static void undo_store(void *data)
{
	struct container *c = data;

	(void)store_remove(c->store, c->record.id,
			   NULL); /* what cannot be removed, `delete -f` finds */
}

static void undo_cgroup(void *data)
{
	struct container *c = data;

	if (c->record.cgroup_made) /* in one that was there, others may live */
		(void)cgroup_kill(&c->cgroup, NULL);
	(void)cgroup_remove(c->cgroup_root, c->record.cgroup_driver, c->record.cgroup_path,
			    c->record.cgroup_made, REMOVE_DEADLINE_MS, NULL);
	cgroup_give_back(&c->cgroup, &c->record.cgroup_before);
}

static void undo_resctrl(void *data)
{
	struct container *c = data;

	(void)resctrl_remove(c->resctrl_root, &c->record.resctrl, NULL);
}

static void undo_init(void *data)
{
	struct container *c = data;

	spawned_kill(&c->init);
}

static void undo_hooks(void *data)
{
	struct container *c = data;

	(void)hooks_run(c, OCI_HOOK_POSTSTOP, STATUS_STOPPED, 0, NULL);
}

/* The record comes before everything that it describes. */
static int enter_store(struct container *c, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "record the container");
	int r = store_create(c->store, c->record.id, &c->dir, e);

	if (r < 0)
		return r;
	undo_push(&c->undo, undo_store, c);
	r = process_boot_id(c->record.init.boot_id, sizeof(c->record.init.boot_id), e);
	if (r == 0 &&
	    (r = io_replace_file(c->dir, "config.json", 0600, c->config, c->config_size)) < 0)
		r = err_set(e, ERR_SYSTEM, -r, "keep a copy of config.json");
	/* what is about to be made is ours even if we die before we can say so */
	if (c->record.cgroup_path && !cgroup_needs_process(c->record.cgroup_driver))
		c->record.cgroup_made = cgroup_missing(c->cgroup_root, c->record.cgroup_path);
	c->record.resctrl = c->resctrl.place;
	if (c->resctrl.place.group)
		c->record.resctrl.made = resctrl_missing(c->resctrl_root, &c->resctrl);
	r = r == 0 ? network_identify(c, e) : r;
	return r < 0 ? r : record_save(c->dir, &c->record, e);
}

static void undo_overlay(void *data)
{
	container_overlay_undo(data);
}

static int enter_overlay(struct container *c, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "mount layers");
	if (!c->record.overlay.used)
		return 0;
	undo_push(&c->undo, undo_overlay, c);
	return container_overlay_enter(c, e);
}

/* What is known only now, descriptors and paths of layers: the plan comes a second time, with them. */
static int plan_again(struct container *c, const struct container_request *rq, struct err *e)
{
	int r = 0;

	if (!rq->wait_start && !rq->notify && !c->overlay.late.count)
		return 0;
	if (rq->wait_start)
		r = startsock_listen(c->dir, &c->listener, e);
	if (r == 0 && rq->notify)
		r = sdnotify_prepare(c->dir, c->caller.copies_mounts, &c->notify_tree, e);
	if (r < 0)
		return r;
	plan_free(take_ptr(c->plan));
	return container_plan(c, e);
}

/*
 * A user may not make cgroups where nobody has delegated any: then there is none, if nothing was asked
 * of it (checklist 1.6). A container with a user namespace needs no device rules.
 */
bool container_can_skip_cgroup(const struct container *c, int r)
{
	const struct cgroup_plan *p = &c->cgroup_plan;

	return c->caller.needs_no_cgroup && cgroup_plan_skippable(p, r) &&
	       (!p->devices.insn_count || oci_spec_namespace(c->spec, OCI_NS_USER) ||
		!c->caller.initial_userns);
}

/*
 * The kernel ends all processes of a pid namespace with its first one. Nothing else is as reliable.
 * @how: where a cgroup would come from.
 */
static int check_pid_namespace(const struct container *c, const char *how, struct err *e)
{
	if (oci_spec_new_namespace(c->spec, OCI_NS_PID))
		return 0;
	err_set(e, ERR_CONFIG, 0,
		"without a cgroup a container needs a pid namespace of its own: its processes "
		"could "
		"not be found again");
	err_origin(e, "config.json /linux/namespaces");
	err_hint(e, "add { \"type\": \"pid\" }, or let ctr have a cgroup: %s", how);
	return err_keep(e, -EINVAL);
}

static int go_without(struct container *c, struct err *e)
{
	int r = check_pid_namespace(c, DELEGATE, e);

	if (r < 0)
		return r;
	c->record.cgroup_driver = CGROUP_DRIVER_NONE;
	c->record.cgroup_path = NULL;
	c->record.cgroup_made = 0;
	*e = (struct err)ERR_INIT;
	/* a mount of the cgroup shows another one now */
	plan_free(take_ptr(c->plan));
	r = container_plan(c, e);
	if (r == 0)
		plan_warn(c->plan, NULL,
			  "no permission to make the cgroup '%s': going on without one",
			  c->cgroup_plan.path);
	return r;
}

static int no_cgroup(const struct container *c, int r, struct err *e)
{
	if (r != -EACCES && r != -EPERM && r != -EROFS)
		return r;
	if (caller_is_host_root(&c->caller))
		err_hint(e, "mount the cgroup tree read-write, or do without: --cgroup-manager "
			    "disabled, or --rootless true");
	else
		err_hint(e, "limits need a cgroup of yours: " DELEGATE
			    "; or remove linux.resources and linux.cgroupsPath");
	return r;
}

/* The kernel took a value and made something else of it: worth knowing, no reason to stop. */
static void note_difference(void *data, const struct cgroup_file *f, const char *found)
{
	plan_warn(data, f->origin, "wrote '%s' to '%s', but it holds '%.200s'", f->value, f->name,
		  found);
}

/* Whoever ends the container gives a cgroup that was there back to whom it belongs now. */
static int note_owner(struct container *c, struct err *e)
{
	int r;

	if (c->cgroup.made || !c->cgroup_plan.handover.owner)
		return 0;
	r = cgroup_owner_read(&c->cgroup, &c->record.cgroup_before, e);
	return r < 0 ? r : record_save(c->dir, &c->record, e);
}

/* An ordinary user can give files only to itself. The container then has to do without. */
static int hand_over(struct container *c, struct err *e)
{
	int r = note_owner(c, e);

	if (r < 0)
		return r;
	r = cgroup_hand_over(&c->cgroup, &c->cgroup_plan, e);
	if (r != -EPERM)
		return r;
	plan_warn(c->plan, "/mounts", "no permission to give the cgroup '%s' to the container",
		  c->cgroup.path);
	*e = (struct err)ERR_INIT;
	return 0;
}

/* One that was there may still have the device program of an earlier container. */
int container_filter_devices(const struct container *c, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "load the device program");

	return cgroup_apply_devices(
		&c->cgroup, &c->cgroup_plan,
		(c->cgroup.made ? 0 : CGROUP_APPLY_REPLACE_DEVICES) |
			(c->caller.makes_devices ? 0 : CGROUP_APPLY_DEVICES_MAY_FAIL),
		e);
}

/* It is there: from here on it goes away with the container. It has no device program yet. */
static int fill_cgroup(struct container *c, struct err *e)
{
	int r;

	c->record.cgroup_made = c->cgroup.made;
	undo_push(&c->undo, undo_cgroup, c);
	r = cgroup_apply(&c->cgroup, &c->cgroup_plan, CGROUP_APPLY_NO_DEVICES, e);
	if (!c->cgroup.made) /* a new one has counted nothing */
		(void)cgroup_oom_kills_read(&c->cgroup, &c->oom_kills_before, NULL);
	if (r == 0)
		cgroup_verify(&c->cgroup, NULL, &c->cgroup_plan, note_difference, c->plan);
	return r < 0 ? r : hand_over(c, e);
}

static int enter_cgroup(struct container *c, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "make the cgroup");
	int r;

	if (cgroup_needs_process(c->record.cgroup_driver))
		return 0; /* settle_cgroup, once there is one */
	r = cgroup_create(c->cgroup_root, c->record.cgroup_driver, &c->cgroup_plan, &c->cgroup, e);
	if (container_can_skip_cgroup(c, r))
		return go_without(c, e);
	return r < 0 ? no_cgroup(c, r, e) : fill_cgroup(c, e);
}

/* It waits before its first step: the cgroup is made around it. */
int container_settle_cgroup(struct container *c, pid_t pid, struct err *e)
{
	int r = cgroup_create_around(c->cgroup_root, c->record.cgroup_driver, &c->cgroup_plan, pid,
				     &c->cgroup, e);

	if (r < 0)
		return r;
	c->record.cgroup_path = c->cgroup.path;
	return fill_cgroup(c, e);
}

static int settle_cgroup(void *data, pid_t pid, struct err *e)
{
	return container_settle_cgroup(data, pid, e);
}

static int enter_resctrl(struct container *c, struct err *e)
{
	int r;

	if (!c->resctrl.place.group)
		return 0;
	r = resctrl_create(c->resctrl_root, &c->resctrl, &c->record.resctrl.made, e);
	if (r < 0)
		return r;
	undo_push(&c->undo, undo_resctrl, c);
	return 0;
}

/* A class of service with a name is for others, too, once there is a container in it. */
static int join_resctrl(struct container *c, pid_t pid, struct err *e)
{
	int r;

	if (!c->resctrl.place.group)
		return 0;
	r = resctrl_join(c->resctrl_root, &c->record.resctrl, pid, e);
	if (r == 0)
		c->record.resctrl.made &= ~(unsigned)RESCTRL_CLASS;
	return r;
}

int container_place_process(struct container *c, pid_t pid, struct err *e)
{
	int r = join_resctrl(c, pid, e);

	return r < 0 ? r : cgroup_subgroup_enter(&c->cgroup, &c->cgroup_plan, pid, e);
}

int container_open_all(struct container *c, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "open sources of mounts");
	int r;

	container_overlay_place(c);
	r = container_open_sources(c->plan, c->bundle, &c->caller, e);
	if (r == 0)
		r = container_check_joined(c->spec, c->plan, e);
	return r < 0 ? r : network_check_joined(c, e);
}

void container_undo_init_later(struct container *c)
{
	/* hooks are part of the environment: from here on a failure runs poststop (checklist L6) */
	undo_push(&c->undo, undo_hooks, c);
	undo_push(&c->undo, undo_init, c);
}

/* Init has yet to accept who starts it, above the descriptors that the payload keeps. */
static unsigned least_files(const struct container *c)
{
	return c->listener >= 0 ? c->keep_fds + FEW_FILES : 0;
}

/*
 * The kernel needs a while for the device program, and init for the mounts: each has a CPU to itself if there are two.
 * Init executes nothing that is not ours before we answer it, hooks included. Poststop hooks have nothing
 * to balance yet.
 */
static int filter_devices_meanwhile(struct container *c, struct err *e)
{
	int r = container_filter_devices(c, e);

	if (r < 0)
		spawned_kill(&c->init);
	return r;
}

static int spawn(struct container *c, struct err *e)
{
	const struct spawn_place place = {
		.cgroup_fd = c->cgroup.fd,
		.settle = cgroup_needs_process(c->record.cgroup_driver) ? settle_cgroup : NULL,
		.data = c,
	};
	struct limits_nofile nofile;
	int r = limits_raise_nofile(c->plan, &nofile, e);

	if (r == 0)
		r = container_open_all(c, e);
	if (r == 0)
		r = container_spawn(c->plan, &c->caller, &place, c->keep_fds, &c->init, e);
	if (r == 0)
		r = filter_devices_meanwhile(c, e);
	if (r < 0)
		return r;
	container_overlay_release(c);
	container_undo_init_later(c);
	r = process_identify(c->init.pid, c->init.pidfd, &c->record.init, e);
	if (r == 0)
		r = dialog_until(c, PLAN_SYNC_READY, e);
	if (r == 0)
		r = limits_set_cpus(c->init.pid, NULL, e);
	if (r == 0)
		r = limits_set(c->plan, &c->spec->process, c->init.pid, &nofile, least_files(c),
			       &c->caller, e);
	if (r == 0)
		r = scheduling_set(c->plan, &c->spec->process, &c->caller, c->init.pid, e);
	if (r == 0)
		r = container_place_process(c, c->init.pid, e);
	if (r == 0 && c->record.init.pid != c->init.pid) /* it went on in a joined pid namespace */
		r = process_identify(c->init.pid, c->init.pidfd, &c->record.init, e);
	if (r < 0)
		return r;
	/* what is started at once is running from here on, as container_note_running has it */
	c->record.phase = c->listener >= 0 ? PHASE_CREATED : PHASE_RUNNING;
	return record_save(c->dir, &c->record, e);
}

struct kernel_need {
	unsigned major, minor;
	const char *who;
};

static int check_kernel(const struct kernel_need *n, struct err *e)
{
	struct utsname u;
	unsigned major, minor;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return err_set(e, ERR_SYSTEM, ENOSYS, "find out the version of the kernel");
	if (major > n->major || (major == n->major && minor >= n->minor))
		return 0;
	err_set(e, ERR_SYSTEM, 0, "the kernel is too old: Linux %s", u.release);
	err_hint(e, "%s needs Linux %u.%u or newer", n->who, n->major, n->minor);
	return -ENOSYS;
}

/* cgroup.kill is the newest thing that we cannot do without; no older kernel gets a silent fallback. */
int container_check_kernel(struct err *e)
{
	return check_kernel(&(struct kernel_need){ MIN_MAJOR, MIN_MINOR, "ctr" }, e);
}

/* Older ones forget at execve that pages may be merged, without a word. */
int container_check_ksm(struct err *e)
{
	return check_kernel(&(struct kernel_need){ KSM_MAJOR, KSM_MINOR, "--ksm" }, e);
}

/* A limit that nobody would keep is refused. Device rules are not limits: the nodes are in our hand. */
int container_check_disabled(const struct container *c, struct err *e)
{
	const struct cgroup_plan *p = &c->cgroup_plan;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->files.count; i++) {
		if (p->files.items[i].need == CGROUP_OPTIONAL)
			continue;
		err_set(e, ERR_USAGE, 0,
			"%s needs a cgroup, and --cgroup-manager disabled makes none",
			p->files.items[i].name);
		err_origin(e, "config.json %s", p->files.items[i].origin);
		r = err_keep(e, -EINVAL);
	}
	return r < 0 ? r : check_pid_namespace(c, "without --cgroup-manager disabled", e);
}

int container_delegate_cgroup(struct container *c, struct err *e)
{
	int r;

	if (caller_is_host_root(&c->caller))
		return 0;
	r = cgroup_needs_process(c->record.cgroup_driver)
		    ? cgroup_plan_scope(c->cgroup_root, c->record.cgroup_driver, &c->cgroup_plan,
					&c->arena, e)
		    : cgroup_plan_delegate(c->cgroup_root, &c->cgroup_plan, &c->arena, e);
	c->record.cgroup_path = c->cgroup_plan.path;
	return r;
}

int container_check_driver(enum cgroup_driver driver, struct err *e)
{
	int r = cgroup_driver_check(driver, e);

	if (r < 0 || !cgroup_needs_process(driver))
		return r;
	if (faccessat(AT_FDCWD, "/run/systemd/system", F_OK, 0) == 0) /* sd_booted(3) */
		return 0;
	err_set(e, ERR_UNSUPPORTED, 0, "systemd does not run here");
	err_hint(e, "without it, use --cgroup-manager cgroupfs");
	return -EOPNOTSUPP;
}

/* Whoever finds the rest of it, should we be killed, must know whose it is. */
static int note_origin(struct container *c, const struct container_request *rq, struct err *e)
{
	int r = rq->move ? fence_note_arrival(c, rq->move, e) : 0;

	if (r < 0 || !rq->made_bundle)
		return r;
	c->record.made_bundle = arena_strdup(&c->arena, rq->made_bundle);
	c->record.made_data = rq->move ? c->record.move.data : NULL;
	if (rq->made_data)
		c->record.made_data = arena_strdup(&c->arena, rq->made_data);
	return c->record.made_bundle && (c->record.made_data || !rq->made_data)
		       ? 0
		       : err_set(e, ERR_SYSTEM, ENOMEM, "remember the bundle");
}

int container_prepare(struct container *c, const struct container_request *rq, struct err *e)
{
	int r = rq->merge_memory ? container_check_ksm(e) : container_check_kernel(e);

	if (r == 0)
		r = container_check_driver(rq->driver, e);
	if (r == 0)
		r = container_load(c, rq, e);
	if (r == 0 && rq->driver == CGROUP_DRIVER_NONE)
		r = container_check_disabled(c, e);

	if (r == 0 && rq->driver != CGROUP_DRIVER_NONE)
		r = cgroup_root_open(&c->cgroup_root, e);
	if (r == 0 && c->cgroup_root >= 0)
		r = container_delegate_cgroup(c, e);
	if (r == 0 && c->resctrl.place.group)
		r = resctrl_root_open(&c->resctrl_root, e);
	/* all that config.json can get wrong is found before anything exists */
	if (r == 0)
		r = container_plan(c, e);
	if (r == 0 && rq->strict)
		r = plan_refuse_warnings(c->plan, e);
	if (r == 0)
		r = note_origin(c, rq, e);
	if (r == 0)
		r = enter_store(c, e);
	if (r == 0)
		r = network_reserve(c, e);
	if (r == 0)
		r = enter_overlay(c, e);
	if (r == 0)
		r = plan_again(c, rq, e);
	if (r == 0)
		r = enter_cgroup(c, e);
	if (r == 0)
		r = enter_resctrl(c, e);
	return r;
}

int container_create(const struct container_request *rq, struct container **ret, struct err *e)
{
	struct container *c = container_new();
	int r;

	if (!c)
		return err_set(e, ERR_SYSTEM, ENOMEM, "create the container");
	r = container_prepare(c, rq, e);
	if (r == 0)
		r = spawn(c, e);
	if (r < 0) {
		container_abort(c);
		container_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

int container_commit(struct container *c, struct err *e)
{
	int r;

	net_announce(&c->record.network, &c->net);
	r = dialog_go(c, e);
	/* ctr-init closes our socket when it no longer needs us */
	if (r == 0)
		r = dialog_released(c, e);
	if (r < 0) {
		container_abort(c);
		return r;
	}
	undo_commit(&c->undo);
	return 0;
}

/* Before it runs: should we die in between, nobody must take a running program for a waiting one. */
int container_note_running(struct container *c, struct err *e)
{
	c->record.phase = PHASE_RUNNING;
	return record_save(c->dir, &c->record, e);
}

static int let_go(struct container *c, struct err *e)
{
	int r = dialog_go(c, e);

	if (r == 0)
		r = dialog_executed(c, e);
	if (r == 0)
		r = hooks_run(c, OCI_HOOK_POSTSTART, STATUS_RUNNING, c->record.init.pid, e);
	return r;
}

int container_start(struct container *c, struct err *e)
{
	int r;

	net_announce(&c->record.network, &c->net);
	r = let_go(c, e); /* that it runs is in the record already */
	if (r < 0)
		container_abort(c);
	else
		undo_commit(&c->undo);
	net_devices_close(&c->net); /* or we would keep the network namespace when it ends */
	return r;
}

static int check_startable(enum container_status status, struct err *e)
{
	static const char *const refusal[STATUS_COUNT] = {
		[STATUS_CREATING] = "cannot start a container that is still being created",
		[STATUS_RUNNING] = "cannot start an already running container",
		[STATUS_PAUSED] = "cannot start a paused container",
		[STATUS_STOPPED] = "cannot start a container that has stopped",
	};

	if (status == STATUS_CREATED)
		return 0;
	err_set(e, ERR_STATE, 0, "%s", refusal[status]);
	return -EINVAL;
}

/* The container was created with a socket for its service if there is a directory for it. */
static int await_ready(struct container *c, struct err *e)
{
	cleanup_fd int pidfd = -EBADF;
	int r = process_open(&c->record.init, &pidfd);

	close_fd(&c->dir); /* others may work on it, end it for example, while we wait */
	/* it may have been ready and gone before we looked */
	return r < 0 ? 0 : sdnotify_wait(c->notify, pidfd, -1, c->record.init.pid, e);
}

/*
 * Make sure that init is dead, and its parent told, before the caller hears of the failure: a manager
 * that looks at once must not find a container that still seems to wait (docker leaves its shim then).
 */
static void end_init(const struct container *c)
{
	struct pollfd p = { .events = POLLIN };
	cleanup_fd int pidfd = -EBADF;

	if (process_open(&c->record.init, &pidfd) < 0 || kernel_pidfd_signal(pidfd, SIGKILL) < 0)
		return;
	p.fd = pidfd;
	(void)poll(&p, 1, DEATH_MS); /* the failure is reported in any case */
}

int container_start_created(struct container *c, enum container_status status, bool notify,
			    struct err *e)
{
	struct err ignored = ERR_INIT;
	int r = check_startable(status, e);

	if (r == 0)
		r = container_reload(c, e);
	if (r == 0)
		r = net_check(&c->record.network, c->record.init.pid, e);
	if (r == 0)
		r = startsock_connect(c->dir, &c->init.sync, e);
	notify = notify && faccessat(c->dir, "notify", F_OK, 0) == 0;
	if (r == 0 && notify)
		r = sdnotify_bind(c->dir, &c->notify, e);
	if (r == 0)
		r = limits_set_files(&c->spec->process, c->record.init.pid, e);
	if (r == 0)
		r = container_note_running(c, e);
	if (r < 0)
		return r; /* it still waits, for another start */
	r = let_go(c, e);
	(void)unlinkat(c->dir, STARTSOCK_NAME, 0); /* nobody listens there any more */
	if (r < 0) { /* the container is stopped, and stays for `delete` (checklist L9, L11) */
		end_init(c);
		(void)hooks_run(c, OCI_HOOK_POSTSTOP, STATUS_STOPPED, 0, &ignored);
		c->record.hooks_done = true;
		(void)record_save(c->dir, &c->record, &ignored);
	}
	return r == 0 && notify ? await_ready(c, e) : r;
}

void container_abort(struct container *c)
{
	undo_all(&c->undo);
}

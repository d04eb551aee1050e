// SPDX-License-Identifier: GPL-2.0-or-later
/* Existing containers: looking them up, signalling them, removing them. */
#include "container/container.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "container/hooks.h"
#include "container/made_bundle.h"
#include "container/network_helper.h"
#include "container/overlay.h"
#include "container/store.h"
#include "container/watchers.h"
#include "net/attach.h"
#include "oci/annotations.h"
#include "oci/json.h"
#include "rootfs/layers.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/path.h"
#include "util/signals.h"
#include "util/trace.h"

enum {
	KILL_DEADLINE_MS = 10000,
	GRACE_MS = 100,
	STRANGERS_MS = 1000
};

/*
 * Nothing is known but the name. No record at all means that nothing was made yet: it is written before
 * all else, and /ctr/ID may belong to a container of another state root. Behind a damaged one there may
 * be the usual cgroup.
 */
static int without_record(struct container *c, const char *id, bool damaged)
{
	struct container_record *r = &c->record;

	r->id = arena_strdup(&c->arena, id);
	r->phase = PHASE_CREATING;
	r->bundle = r->rootfs = r->created = "";
	r->cgroup_driver = damaged ? CGROUP_DRIVER_CGROUPFS : CGROUP_DRIVER_NONE;
	if (!damaged)
		return r->id ? 0 : -ENOMEM;
	r->cgroup_path = arena_printf(&c->arena, "/ctr/%s", id);
	r->cgroup_made = 1;
	return r->id && r->cgroup_path ? 0 : -ENOMEM;
}

int container_open(int store, const char *id, bool lock, struct container **ret,
		   enum container_status *ret_status, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "look the container up");
	cleanup_(container_freep) struct container *c = container_new();
	int r;

	if (!c)
		return err_set(e, ERR_SYSTEM, ENOMEM, "look up container '%s'", id);
	c->store = store;
	r = store_get(store, id, lock ? STORE_LOCK : STORE_NO_LOCK, &c->dir, e);
	if (r < 0)
		return r;
	r = container_status_get(c->dir, lock, &c->arena, &c->record, ret_status, e);
	if (r < 0 && r != -ENOENT && r != -EBADMSG)
		return r;
	/* the record went because the container did */
	if (r == -ENOENT && store_check_current(store, id, c->dir) == -ENOENT) {
		err_set(e, ERR_STATE, 0, "container '%s' does not exist", id);
		return -ENOENT;
	}
	/* a copy of another container's directory: it must not be ended in its name */
	if (c->record.id && strcmp(c->record.id, id) != 0) {
		memset(&c->record, 0, sizeof(c->record));
		*ret_status = STATUS_STOPPED;
		r = -ENOENT;
	}
	if (!c->record.id) {
		r = without_record(c, id, r == -EBADMSG);
		/* we hold the lock, so its creator is dead */
		if (lock)
			*ret_status = STATUS_STOPPED;
	}
	c->caller = c->record.creator;
	if (r == -ENOMEM)
		return err_set(e, ERR_SYSTEM, ENOMEM, "look up container '%s'", id);
	*ret = take_ptr(c);
	return 0;
}

int container_signal(const struct container *c, enum container_status status, int sig,
		     struct err *e)
{
	cleanup_fd int pidfd = -EBADF;
	int r = status == STATUS_STOPPED ? -ESRCH : process_open(&c->record.init, &pidfd);

	if (r == 0)
		r = kernel_pidfd_signal(pidfd, sig);
	if (r == -ESRCH) {
		err_set(e, ERR_STATE, 0, "container not running");
		return -ESRCH;
	}
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "send signal %d", sig) : 0;
}

int container_stop_signal(const struct container *c, struct err *e)
{
	const char *key = oci_annotations[OCI_ANNOTATION_STOP_SIGNAL].name;
	const oci_pairs *list = &c->record.annotations;

	for (size_t i = 0; i < list->count; i++) {
		int sig;

		if (strcmp(list->items[i].key, key) != 0)
			continue;
		sig = signal_parse(list->items[i].value);
		if (sig > 0)
			return sig;
		err_set(e, ERR_CONFIG, 0, "unknown stop signal '%s'", list->items[i].value);
		err_origin(e, "config.json /annotations/%s", key);
		err_hint(e, "say which one to send");
		return -EINVAL;
	}
	return SIGTERM;
}

/* A process that was just killed takes a moment to die; who says delete now means that one. */
static bool ends_soon(const struct container *c)
{
	struct pollfd p = { .events = POLLIN };
	cleanup_fd int pidfd = -EBADF;

	if (process_open(&c->record.init, &pidfd) < 0)
		return false;
	p.fd = pidfd;
	return poll(&p, 1, GRACE_MS) > 0;
}

/* Without a cgroup: its pid namespace is empty when init is gone, which the kernel sees to. */
static int await_end(const struct container *c, struct err *e)
{
	struct pollfd p = { .events = POLLIN };
	cleanup_fd int pidfd = -EBADF;

	if (process_open(&c->record.init, &pidfd) < 0)
		return 0;
	p.fd = pidfd;
	if (poll(&p, 1, KILL_DEADLINE_MS) > 0)
		return 0;
	return err_set(e, ERR_STATE, EBUSY, "wait for the end of process %d",
		       (int)c->record.init.pid);
}

static int refuse(const struct container *c, enum container_status status, struct err *e)
{
	err_set(e, ERR_STATE, 0, "cannot delete container '%s' that is not stopped: %s",
		c->record.id, container_status_name(status));
	err_hint(e, "stop it first, or use --force");
	return -EBUSY;
}

int container_open_cgroup(const struct container *c, struct cgroup *ret, struct err *e)
{
	cleanup_fd int root = -EBADF;
	int r = 0;

	if (!c->record.cgroup_path) {
		*ret = (struct cgroup)CGROUP_EMPTY;
		return 0;
	}
	r = cgroup_root_open(&root, e);
	return r < 0 ? r
		     : cgroup_open(root, c->record.cgroup_driver, c->record.cgroup_path,
				   c->record.cgroup_made, ret, e);
}

/*
 * In a cgroup that was there before may be strangers, who are none of our business. With a pid namespace
 * nothing of the container outlives its init; without one nobody can tell what is whose.
 */
static int await_own(struct container *c, int pidfd, struct err *e)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	struct err ignored = ERR_INIT;
	int r;

	if (pidfd >= 0 && poll(&p, 1, KILL_DEADLINE_MS) == 0) {
		r = cgroup_wait_empty(&c->cgroup, 0, e); /* says who hangs, and where */
		return r < 0 ? r
			     : err_set(e, ERR_SYSTEM, ETIMEDOUT, "wait for the container's end");
	}
	if ((c->spec || container_reload(c, &ignored) == 0) &&
	    oci_spec_new_namespace(c->spec, OCI_NS_PID))
		return 0;
	r = cgroup_wait_empty(&c->cgroup, STRANGERS_MS, e);
	if (r < 0)
		err_hint(e, "the cgroup was there before the container, which shares its pid "
			    "namespace: end them or move them elsewhere");
	return r;
}

/* The kernel objects: whatever of them still exists. @pidfd: of init, if it lived. */
static int remove_cgroup(struct container *c, int pidfd, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "remove the cgroup");
	int r = c->cgroup_root < 0 ? cgroup_root_open(&c->cgroup_root, e) : 0;

	if (r < 0)
		return r;
	/* the usual case after its end: one call tells that nobody is left in it, and removes it */
	if (cgroup_remove_idle(c->cgroup_root, c->record.cgroup_driver, c->record.cgroup_path,
			       c->record.cgroup_made))
		return 0;
	r = cgroup_open(c->cgroup_root, c->record.cgroup_driver, c->record.cgroup_path,
			c->record.cgroup_made, &c->cgroup, e);
	if (r == -ENOENT) { /* a scope that has failed is remembered without its directory */
		if (!cgroup_needs_process(c->record.cgroup_driver))
			return 0;
		*e = (struct err)ERR_INIT;
		return cgroup_remove(c->cgroup_root, c->record.cgroup_driver, c->record.cgroup_path,
				     c->record.cgroup_made, KILL_DEADLINE_MS, e);
	}
	/* a cgroup that we did not make may hold other processes: only our own are killed */
	if (r == 0)
		r = c->record.cgroup_made ? cgroup_kill(&c->cgroup, e) : await_own(c, pidfd, e);
	if (r == 0)
		r = cgroup_remove(c->cgroup_root, c->record.cgroup_driver, c->record.cgroup_path,
				  c->record.cgroup_made, KILL_DEADLINE_MS, e);
	if (r == 0)
		cgroup_give_back(&c->cgroup, &c->record.cgroup_before);
	return r;
}

static int remove_resctrl(struct container *c, struct err *e)
{
	int r;

	if (!c->record.resctrl.made)
		return 0;
	r = resctrl_root_open(&c->resctrl_root, e);
	if (r == -ENODEV)
		return 0; /* unmounted: the groups went with it */
	return r < 0 ? r : resctrl_remove(c->resctrl_root, &c->record.resctrl, e);
}

/* Poststop hooks come from the copy of the config: the bundle may be gone (checklist L4). */
static void poststop(struct container *c, struct err *ret_warning)
{
	struct err ignored = ERR_INIT;

	/* no hook ran before the environment stood: then there is nothing to balance */
	if (c->record.hooks_done || (c->record.phase == PHASE_CREATING && !c->record.hooks_started))
		return;
	if (c->record.no_poststop || (!c->spec && container_reload(c, &ignored) < 0) ||
	    !c->spec->hooks[OCI_HOOK_POSTSTOP].count)
		return;
	(void)hooks_run(c, OCI_HOOK_POSTSTOP, STATUS_STOPPED, 0, ret_warning);
	/* should the rest fail, delete is said again, but not to them; a full disk stops nobody here */
	c->record.hooks_done = true;
	(void)record_save(c->dir, &c->record, &ignored);
}

struct neighbours {
	const struct container *c;
	bool found;
};

static int has_bundle(const char *id, void *data)
{
	struct neighbours *n = data;
	cleanup_(arena_free) struct arena a = { 0 };
	struct container_record other;
	struct err ignored = ERR_INIT;
	cleanup_fd int dir = -EBADF;

	if (strcmp(id, n->c->record.id) == 0 ||
	    store_get(n->c->store, id, STORE_NO_LOCK, &dir, &ignored) < 0 ||
	    record_load(dir, &a, &other, &ignored) < 0)
		return 0;
	n->found |= strcmp(other.bundle, n->c->record.bundle) == 0 ||
		    path_below(other.rootfs, n->c->record.bundle);
	return 0;
}

/* Clones and snapshots lie on the root of the bundle that they began with, and others may have been started from it. */
static bool needs_bundle(const struct container *c)
{
	struct neighbours n = { .c = c };
	struct err ignored = ERR_INIT;
	cleanup_fd int data = -EBADF;

	if (!c->record.made_data || store_open(c->record.made_data, 0, &data, &ignored) < 0 ||
	    layers_lie_on(data, c->record.bundle))
		return true;
	return store_each(c->store, has_bundle, &n, &ignored) < 0 || n.found;
}

int container_destroy(struct container *c, enum container_status status, unsigned flags,
		      struct err *ret_warning, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "delete");
	cleanup_fd int pidfd = -EBADF;
	int r;

	/* created is removed as runc and crun do, although the spec says otherwise (checklist L17) */
	if (!(flags & DESTROY_FORCE) && status != STATUS_STOPPED && status != STATUS_CREATED &&
	    !ends_soon(c))
		return refuse(c, status, e);
	if (process_open(&c->record.init, &pidfd) < 0)
		pidfd = -EBADF; /* dead already */
	r = container_signal(c, status, SIGKILL, e);
	if (r < 0 && r != -ESRCH)
		return r;
	watchers_await(c);
	r = c->record.cgroup_path ? remove_cgroup(c, pidfd, e) : await_end(c, e);
	if (r == 0)
		r = remove_resctrl(c, e);
	if (r == 0)
		r = network_helper_stop(&c->record, e);
	if (r == 0)
		r = net_detach(&c->record.network, e);
	if (r < 0)
		return r;
	poststop(c, ret_warning);
	if (!(flags & DESTROY_KEEP_LAYERS)) {
		r = container_overlay_remove(c, e);
		if (r < 0)
			return r;
		if (c->record.made_bundle && !needs_bundle(c))
			made_bundle_remove(c->record.bundle, c->record.made_bundle);
	}
	return store_remove(c->store, c->record.id, e);
}

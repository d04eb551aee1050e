// SPDX-License-Identifier: GPL-2.0-or-later
/* See state.h. */
#include "container/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "container/startsock.h"
#include "container/store.h"
#include "util/cleanup.h"
#include "util/owner.h"

/* Stands for the pid until init knows it. It comes before anything that a config can fill in. */
#define PID_MARK "\"\\u0001pid\\u0001\""

static const char *const names[STATUS_COUNT] = {
	[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running",
	[STATUS_PAUSED] = "paused",	[STATUS_STOPPED] = "stopped",
};

const char *container_status_name(enum container_status status)
{
	return names[status];
}

/* Stays empty when there is none, or none any more. */
static void open_cgroup(const struct container_record *r, struct cgroup *ret)
{
	cleanup_fd int root = -EBADF;

	if (r->cgroup_path && cgroup_root_open(&root, NULL) == 0)
		(void)cgroup_open(root, r->cgroup_driver, r->cgroup_path, r->cgroup_made, ret,
				  NULL);
}

static bool is_frozen(const struct container_record *r)
{
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	struct cgroup_events events = { 0 };

	open_cgroup(r, &cg);
	(void)cgroup_events_read(&cg, &events, NULL); /* unreadable: not known to be frozen */
	return events.frozen;
}

uint64_t container_oom_kills(const struct container_record *r)
{
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	char boot[sizeof(r->init.boot_id)];
	uint64_t kills = 0;

	/*
	 * The cgroup of a stopped container stays until it is deleted, and its counters with it; but not
	 * over a reboot, after which one of that name is somebody else's.
	 */
	if (process_boot_id(boot, sizeof(boot), NULL) == 0 && strcmp(boot, r->init.boot_id) == 0)
		open_cgroup(r, &cg);
	(void)cgroup_oom_kills_read(&cg, &kills, NULL); /* unreadable: what the record says */
	return kills > r->exit.oom_kills ? kills : r->exit.oom_kills;
}

static enum container_status live_status(int dir, const struct container_record *r)
{
	if (r->phase == PHASE_CREATING)
		return STATUS_CREATING;
	if (is_frozen(r))
		return STATUS_PAUSED;
	/* "running" is recorded before init is let go, and the one who was to do that may have died */
	return r->phase == PHASE_CREATED || startsock_is_open(dir) ? STATUS_CREATED
								   : STATUS_RUNNING;
}

/* Who holds the lock must not ask for it: it would be let go (flock(2)). */
static enum container_status without_process(int dir, bool locked)
{
	return !locked && store_is_busy(dir) ? STATUS_CREATING : STATUS_STOPPED;
}

int container_status_get(int dir, bool locked, struct arena *a, struct container_record *ret,
			 enum container_status *ret_status, struct err *e)
{
	cleanup_fd int pidfd = -EBADF;
	int r = record_load(dir, a, ret, e);

	if (r == -ENOENT || r == -EBADMSG) {
		*ret_status = without_process(dir, locked);
		return r;
	}
	if (r < 0)
		return r;
	r = process_open(&ret->init, &pidfd);
	if (r < 0 && r != -ESRCH) { /* a container that may live must not be taken for a dead one */
		(void)err_set(e, ERR_SYSTEM, -r, "look for the container's process");
		return -EIO; /* -ENOENT means something else here */
	}
	if (r == 0) {
		*ret_status = live_status(dir, ret);
		return 0;
	}
	*ret_status = ret->phase == PHASE_CREATING ? without_process(dir, locked) : STATUS_STOPPED;
	ret->init.pid = 0;
	return 0;
}

static void identity(struct json_out *o, const struct container_record *r,
		     enum container_status status)
{
	json_out_member_string(o, "ociVersion", OCI_SPEC_VERSION);
	json_out_member_string(o, "id", r->id);
	json_out_member_string(o, "status", names[status]);
}

static void annotations(struct json_out *o, const struct container_record *r)
{
	if (!r->annotations.count)
		return;
	json_out_member_object(o, "annotations");
	for (size_t i = 0; i < r->annotations.count; i++)
		json_out_member_string(o, r->annotations.items[i].key,
				       r->annotations.items[i].value);
	json_out_end_object(o);
}

void container_oci_members(struct json_out *o, const struct container_record *r,
			   enum container_status status)
{
	identity(o, r, status);
	json_out_member_int(o, "pid", r->init.pid);
	json_out_member_string(o, "bundle", r->bundle);
	annotations(o, r);
}

/* Not in "annotations": those are what config.json says. */
static void overlay(struct json_out *o, const struct container_record *r)
{
	const struct container_overlay *v = &r->overlay;

	if (!v->used)
		return;
	json_out_member_object(o, "ctr.overlay");
	json_out_member_bool(o, "ephemeral", !v->data);
	if (v->data)
		json_out_member_string(o, "dataRoot", v->data);
	if (v->size)
		json_out_member_uint(o, "size", v->size);
	json_out_member_array(o, "base");
	for (size_t i = 0; i < v->base.count; i++)
		json_out_string(o, v->base.items[i]);
	json_out_end_array(o);
	json_out_end_object(o);
}

void container_state_members(struct json_out *o, const struct container_record *r,
			     enum container_status status)
{
	char number[OWNER_SIZE];
	uint64_t kills;

	identity(o, r, status);
	json_out_member_int(o, "pid", status == STATUS_STOPPED ? 0 : r->init.pid);
	json_out_member_string(o, "bundle", r->bundle);
	json_out_member_string(o, "rootfs", r->rootfs);
	json_out_member_string(o, "created", r->created);
	json_out_member_string(o, "owner", owner_name(r->owner, number));
	kills = container_oom_kills(r);
	if (kills) /* not "oomKilled": cri-o has ideas of its own about that name (checklist 0.14) */
		json_out_member_uint(o, "ctr.oomKills", kills);
	overlay(o, r);
	if (status == STATUS_PAUSED)
		record_write_pause(o, "ctr.pausedBy", &r->pause);
	record_write_move(o, "ctr.move", &r->move, false);
	if (r->fetching)
		json_out_member_bool(o, "ctr.fetchingMemory", true);
	if (cgroup_needs_process(r->cgroup_driver) && r->cgroup_path)
		json_out_member_string(o, "systemd-scope", strrchr(r->cgroup_path, '/') + 1);
	net_setup_state(o, &r->network);
	annotations(o, r);
}

static int hook_json(const struct container_record *r, enum container_status status, long pid,
		     char **ret_text)
{
	struct json_out o;
	size_t len;
	int ret = json_out_init(&o, false);

	if (ret < 0)
		return ret;
	json_out_object(&o);
	identity(&o, r, status);
	json_out_key(&o, "pid");
	if (pid >= 0)
		json_out_int(&o, pid);
	else
		json_out_raw(&o, PID_MARK, strlen(PID_MARK));
	json_out_member_string(&o, "bundle", r->bundle);
	annotations(&o, r);
	json_out_end_object(&o);
	ret = json_out_finish(&o, ret_text, &len);
	json_out_free(&o);
	return ret;
}

int container_hook_state(const struct container_record *r, enum container_status status, long pid,
			 char **ret_text, const char **ret_tail, struct err *e)
{
	int ret = hook_json(r, status, pid, ret_text);
	char *mark;

	if (ret < 0)
		return err_set(e, ERR_SYSTEM, -ret, "write the state for hooks");
	if (pid >= 0)
		return 0;
	mark = strstr(*ret_text, PID_MARK);
	if (!mark)
		return err_set(e, ERR_SYSTEM, EINVAL, "write the state for hooks");
	*mark = '\0';
	*ret_tail = mark + strlen(PID_MARK);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See record.h. */
#include "container/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "oci/decode.h"
#include "oci/json.h"
#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

enum {
	RECORD_VERSION = 1,
	RECORD_MAX = 4 * 1024 * 1024
};

static const char *const phase_names[] = {
	[PHASE_CREATING] = "creating",
	[PHASE_CREATED] = "created",
	[PHASE_RUNNING] = "running",
};

static void write_process(struct json_out *o, const struct process_identity *p)
{
	json_out_member_object(o, "init");
	json_out_member_int(o, "pid", p->pid);
	json_out_member_uint(o, "startTime", p->start_time);
	json_out_member_uint(o, "pidfdInode", p->pidfd_inode);
	json_out_member_string(o, "bootId", p->boot_id);
	json_out_end_object(o);
}

/* The members of struct caller that are yes or no. */
static const struct {
	const char *key;
	size_t at;
} creator_flags[] = {
	{ "initialUserns", offsetof(struct caller, initial_userns) },
	{ "copiesMounts", offsetof(struct caller, copies_mounts) },
	{ "makesDevices", offsetof(struct caller, makes_devices) },
	{ "mapsIds", offsetof(struct caller, maps_ids) },
	{ "setgroups", offsetof(struct caller, setgroups) },
	{ "needsNoCgroup", offsetof(struct caller, needs_no_cgroup) },
};

static void write_creator(struct json_out *o, const struct caller *c)
{
	json_out_member_object(o, "creator");
	json_out_member_uint(o, "uid", c->uid);
	json_out_member_uint(o, "gid", c->gid);
	json_out_member_uint(o, "capabilities", c->capabilities);
	for (size_t i = 0; i < ARRAY_SIZE(creator_flags); i++)
		json_out_member_bool(o, creator_flags[i].key,
				     *(const bool *)((const char *)c + creator_flags[i].at));
	json_out_end_object(o);
}

static void write_resctrl(struct json_out *o, const struct resctrl_place *p)
{
	if (!p->group)
		return;
	json_out_member_object(o, "resctrl");
	json_out_member_string(o, "group", p->group);
	if (p->monitor)
		json_out_member_string(o, "monitor", p->monitor);
	json_out_member_uint(o, "made", p->made);
	json_out_end_object(o);
}

static void write_overlay(struct json_out *o, const struct container_overlay *v)
{
	if (!v->used)
		return;
	json_out_member_object(o, "overlay");
	if (v->data)
		json_out_member_string(o, "data", v->data);
	json_out_member_uint(o, "size", v->size);
	json_out_member_array(o, "base");
	for (size_t i = 0; i < v->base.count; i++)
		json_out_string(o, v->base.items[i]);
	json_out_end_array(o);
	json_out_end_object(o);
}

static void write_exit(struct json_out *o, const struct container_exit *x)
{
	if (!x->known)
		return;
	json_out_member_object(o, "exit");
	json_out_member_int(o, "code", x->code);
	json_out_member_int(o, "signal", x->signal);
	json_out_member_bool(o, "oom", x->oom);
	json_out_member_uint(o, "oomKills", x->oom_kills);
	json_out_member_string(o, "finished", x->finished);
	json_out_end_object(o);
}

void record_write_pause(struct json_out *o, const char *key, const struct container_pause *p)
{
	if (!p->pid)
		return;
	json_out_member_object(o, key);
	json_out_member_int(o, "pid", p->pid);
	json_out_member_uint(o, "uid", p->uid);
	json_out_member_string(o, "command", p->command);
	json_out_member_string(o, "since", p->since);
	json_out_end_object(o);
}

void record_write_move(struct json_out *o, const char *key, const struct container_move *m,
		       bool all)
{
	if (!m->token)
		return;
	json_out_member_object(o, key);
	json_out_member_string(o, "token", m->token);
	json_out_member_string(o, "direction", m->taken ? "taken" : m->away ? "away" : "here");
	json_out_member_string(o, "peer", m->peer);
	json_out_member_string(o, "since", m->since);
	if (all && m->data)
		json_out_member_string(o, "data", m->data);
	if (all)
		json_out_member_strings(o, "words", m->words.items, m->words.count);
	json_out_end_object(o);
}

static void write_record(struct json_out *o, const struct container_record *r)
{
	json_out_object(o);
	json_out_member_int(o, "version", RECORD_VERSION);
	json_out_member_string(o, "id", r->id);
	json_out_member_string(o, "bundle", r->bundle);
	json_out_member_string(o, "rootfs", r->rootfs);
	json_out_member_string(o, "created", r->created);
	json_out_member_string(o, "phase", phase_names[r->phase]);
	write_process(o, &r->init);
	json_out_member_object(o, "cgroup");
	json_out_member_string(o, "driver", cgroup_driver_name(r->cgroup_driver));
	if (r->cgroup_path)
		json_out_member_string(o, "path", r->cgroup_path);
	json_out_member_uint(o, "made", r->cgroup_made);
	if (r->cgroup_before.set) {
		json_out_member_object(o, "before");
		json_out_member_uint(o, "uid", r->cgroup_before.uid);
		json_out_member_uint(o, "gid", r->cgroup_before.gid);
		json_out_end_object(o);
	}
	json_out_end_object(o);
	write_resctrl(o, &r->resctrl);
	json_out_member_uint(o, "owner", r->owner);
	write_creator(o, &r->creator);
	json_out_member_bool(o, "hooksStarted", r->hooks_started);
	json_out_member_bool(o, "hooksDone", r->hooks_done);
	json_out_member_bool(o, "noPoststop", r->no_poststop);
	json_out_member_bool(o, "noKeyring", r->no_keyring);
	if (r->merge_memory)
		json_out_member_bool(o, "ksm", true);
	write_exit(o, &r->exit);
	write_overlay(o, &r->overlay);
	record_write_pause(o, "pause", &r->pause);
	record_write_move(o, "move", &r->move, true);
	if (r->made_bundle)
		json_out_member_string(o, "madeBundle", r->made_bundle);
	if (r->made_data)
		json_out_member_string(o, "madeData", r->made_data);
	if (r->memory_mark)
		json_out_member_string(o, "memoryMark", r->memory_mark);
	net_setup_write(o, &r->network);
	json_out_member_object(o, "annotations");
	for (size_t i = 0; i < r->annotations.count; i++)
		json_out_member_string(o, r->annotations.items[i].key,
				       r->annotations.items[i].value);
	json_out_end_object(o);
	json_out_end_object(o);
}

int record_save(int dir, const struct container_record *r, struct err *e)
{
	cleanup_free char *text = NULL;
	struct json_out o;
	size_t len;
	int ret = json_out_init(&o, false);

	if (ret == 0) {
		write_record(&o, r);
		ret = json_out_finish(&o, &text, &len);
		json_out_free(&o);
	}
	if (ret == 0)
		ret = io_replace_file(dir, RECORD_FILE, 0600, text, len);
	return ret < 0 ? err_set(e, ERR_SYSTEM, -ret, "write the state of container '%s'", r->id)
		       : 0;
}

/* ---- reading: small and fixed, so by hand; anything odd makes the record a damaged one ---- */

static const char *get_string(const struct json_node *node, const char *key, struct arena *a)
{
	const struct json_node *m = json_member(node, key);

	return m && m->type == JSON_STRING ? arena_strdup(a, m->text) : NULL;
}

static uint64_t get_uint(const struct json_node *node, const char *key)
{
	const struct json_node *m = json_member(node, key);
	uint64_t v = 0;

	return m && json_to_u64(m, UINT64_MAX, &v) == 0 ? v : 0;
}

static bool get_bool(const struct json_node *node, const char *key)
{
	const struct json_node *m = json_member(node, key);

	return m && m->type == JSON_BOOL && m->truth;
}

static bool get_phase(const struct json_node *root, enum container_phase *ret)
{
	const struct json_node *m = json_member(root, "phase");

	for (size_t i = 0; m && m->type == JSON_STRING && i < ARRAY_SIZE(phase_names); i++) {
		if (strcmp(m->text, phase_names[i]) == 0) {
			*ret = (enum container_phase)i;
			return true;
		}
	}
	return false;
}

static bool get_process(const struct json_node *root, struct process_identity *ret)
{
	const struct json_node *init = json_member(root, "init");
	const struct json_node *boot = init ? json_member(init, "bootId") : NULL;
	const struct json_node *pid = init ? json_member(init, "pid") : NULL;
	uint64_t number = 0;

	if (!boot || boot->type != JSON_STRING || boot->len >= sizeof(ret->boot_id))
		return false;
	/* cut to 32 bits, another number would be somebody else's pid */
	if (!pid || json_to_u64(pid, INT32_MAX, &number) < 0)
		return false;
	ret->pid = (pid_t)number;
	ret->start_time = get_uint(init, "startTime");
	ret->pidfd_inode = get_uint(init, "pidfdInode");
	memcpy(ret->boot_id, boot->text, boot->len + 1);
	return true;
}

static void get_owner(const struct json_node *cgroup, struct cgroup_owner *ret)
{
	const struct json_node *m = json_member(cgroup, "before");

	if (!m || m->type != JSON_OBJECT)
		return;
	*ret = (struct cgroup_owner){ true, (uint32_t)get_uint(m, "uid"),
				      (uint32_t)get_uint(m, "gid") };
}

static bool get_cgroup(const struct json_node *root, struct arena *a, struct container_record *ret)
{
	const struct json_node *cg = json_member(root, "cgroup");
	const struct json_node *driver = cg ? json_member(cg, "driver") : NULL;

	if (!driver || driver->type != JSON_STRING ||
	    cgroup_driver_parse(driver->text, &ret->cgroup_driver) < 0)
		return false;
	ret->cgroup_path = get_string(cg, "path", a);
	ret->cgroup_made = (unsigned)get_uint(cg, "made");
	get_owner(cg, &ret->cgroup_before);
	return true;
}

/* A record without one is from a version that only root could use. */
static void get_creator(const struct json_node *root, struct caller *ret)
{
	const struct json_node *c = json_member(root, "creator");

	*ret = caller_root();
	if (!c || c->type != JSON_OBJECT)
		return;
	ret->uid = (uint32_t)get_uint(c, "uid");
	ret->gid = (uint32_t)get_uint(c, "gid");
	ret->capabilities = get_uint(c, "capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(creator_flags); i++)
		*(bool *)((char *)ret + creator_flags[i].at) = get_bool(c, creator_flags[i].key);
}

static void get_resctrl(const struct json_node *root, struct arena *a, struct resctrl_place *ret)
{
	const struct json_node *p = json_member(root, "resctrl");

	if (!p)
		return;
	ret->group = get_string(p, "group", a);
	ret->monitor = get_string(p, "monitor", a);
	ret->made = (unsigned)get_uint(p, "made");
	if (!ret->monitor)
		ret->made &= ~(unsigned)RESCTRL_MONITOR;
}

static void get_exit(const struct json_node *root, struct arena *a, struct container_exit *ret)
{
	const struct json_node *x = json_member(root, "exit");

	if (!x)
		return;
	ret->known = true;
	ret->code = (int)get_uint(x, "code");
	ret->signal = (int)get_uint(x, "signal");
	ret->oom = get_bool(x, "oom");
	ret->oom_kills = get_uint(x, "oomKills");
	ret->finished = get_string(x, "finished", a);
}

static bool get_overlay(const struct json_node *root, struct arena *a,
			struct container_overlay *ret)
{
	const struct json_node *m = json_member(root, "overlay");
	const struct json_node *base = m ? json_member(m, "base") : NULL;

	if (!m)
		return true;
	if (!base || base->type != JSON_ARRAY)
		return false;
	ret->used = true;
	ret->data = get_string(m, "data", a);
	ret->size = get_uint(m, "size");
	ret->base.items = arena_array(a, base->count, sizeof(*ret->base.items));
	if (!ret->base.items)
		return false;
	json_for_each (item, base) {
		const char *text = item->type == JSON_STRING ? arena_strdup(a, item->text) : NULL;

		if (!text)
			return false;
		ret->base.items[ret->base.count++] = text;
	}
	return ret->base.count > 0;
}

static bool get_annotations(const struct json_node *root, struct arena *a, oci_pairs *ret)
{
	const struct json_node *m = json_member(root, "annotations");
	size_t n = 0;

	if (!m || m->type != JSON_OBJECT)
		return false;
	ret->items = arena_array(a, m->count, sizeof(*ret->items));
	if (!ret->items)
		return false;
	json_for_each (item, m) {
		if (item->type != JSON_STRING)
			return false;
		ret->items[n].key = arena_strdup(a, item->key);
		ret->items[n].value = arena_strdup(a, item->text);
		if (!ret->items[n].key || !ret->items[n].value)
			return false;
		n++;
	}
	ret->count = n;
	return true;
}

static void get_pause(const struct json_node *root, struct arena *a, struct container_pause *ret)
{
	const struct json_node *p = json_member(root, "pause");
	struct container_pause found;

	if (!p)
		return;
	found.pid = (pid_t)get_uint(p, "pid");
	found.uid = (uint32_t)get_uint(p, "uid");
	found.command = get_string(p, "command", a);
	found.since = get_string(p, "since", a);
	if (found.command && found.since)
		*ret = found;
}

static bool get_words(const struct json_node *move, struct arena *a, oci_strings *ret)
{
	const struct json_node *words = json_member(move, "words");

	if (!words || words->type != JSON_ARRAY)
		return false;
	ret->items = arena_array(a, words->count + 1, sizeof(*ret->items));
	if (!ret->items)
		return false;
	json_for_each (item, words) {
		const char *text = item->type == JSON_STRING ? arena_strdup(a, item->text) : NULL;

		if (!text)
			return false;
		ret->items[ret->count++] = text;
	}
	return true;
}

/* Whoever cannot read it must not take the container for one that may go on here. */
static bool get_move(const struct json_node *root, struct arena *a, struct container_move *ret)
{
	const struct json_node *m = json_member(root, "move");
	const char *direction;

	if (!m)
		return true;
	ret->token = get_string(m, "token", a);
	ret->peer = get_string(m, "peer", a);
	ret->since = get_string(m, "since", a);
	direction = get_string(m, "direction", a);
	if (!ret->token || !ret->peer || !ret->since || !direction)
		return false;
	ret->away = strcmp(direction, "here") != 0;
	ret->taken = strcmp(direction, "taken") == 0;
	ret->data = get_string(m, "data", a);
	return get_words(m, a, &ret->words);
}

static bool parse_record(const struct json_node *root, struct arena *a,
			 struct container_record *ret)
{
	const struct json_node *network = json_member(root, "network");

	if (root->type != JSON_OBJECT || get_uint(root, "version") != RECORD_VERSION)
		return false;
	ret->id = get_string(root, "id", a);
	ret->bundle = get_string(root, "bundle", a);
	ret->rootfs = get_string(root, "rootfs", a);
	ret->created = get_string(root, "created", a);
	ret->owner = (uint32_t)get_uint(root, "owner");
	get_creator(root, &ret->creator);
	ret->hooks_started = get_bool(root, "hooksStarted");
	ret->hooks_done = get_bool(root, "hooksDone");
	ret->no_poststop = get_bool(root, "noPoststop");
	ret->no_keyring = get_bool(root, "noKeyring");
	ret->merge_memory = get_bool(root, "ksm");
	ret->memory_mark = get_string(root, "memoryMark", a);
	ret->made_bundle = get_string(root, "madeBundle", a);
	ret->made_data = get_string(root, "madeData", a);
	get_resctrl(root, a, &ret->resctrl);
	get_exit(root, a, &ret->exit);
	get_pause(root, a, &ret->pause);
	if (network && net_setup_read(network, a, &ret->network) < 0)
		return false;
	return ret->id && ret->bundle && ret->rootfs && ret->created &&
	       get_move(root, a, &ret->move) && get_overlay(root, a, &ret->overlay) &&
	       get_phase(root, &ret->phase) && get_process(root, &ret->init) &&
	       get_cgroup(root, a, ret) && get_annotations(root, a, &ret->annotations);
}

int record_parse(const char *text, size_t len, struct arena *a, struct container_record *ret,
		 struct err *e)
{
	const struct json_node *root;

	memset(ret, 0, sizeof(*ret));
	if (json_parse(a, text, len, RECORD_FILE, &root, e) == 0 && parse_record(root, a, ret))
		return 0;
	memset(ret, 0, sizeof(*ret));
	err_set(e, ERR_STATE, 0, "the state of the container is damaged");
	err_hint(e, "remove it with: ctr delete --force ID");
	return -EBADMSG;
}

int record_load(int dir, struct arena *a, struct container_record *ret, struct err *e)
{
	cleanup_fd int fd =
		openat(dir, RECORD_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t len;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (fd < 0)
		return err_set(e, ERR_STATE, errno, "read the state of the container");
	r = io_read_file(fd, RECORD_MAX, &text, &len);
	if (r < 0)
		return err_set(e, ERR_STATE, -r, "read the state of the container");
	r = record_parse(text, len, a, ret, e);
	if (r == 0 && ret->move.token && !ret->move.away)
		ret->fetching =
			faccessat(dir, RECORD_FETCHING, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return r;
}

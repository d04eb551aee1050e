// SPDX-License-Identifier: GPL-2.0-or-later
/* What is asked of criu for a restore (checklist 4.5). */
#include "config.h"

#ifdef HAVE_CRIU

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "checkpoint/external.h"
#include "checkpoint/restore_work.h"
#include "util/kernel.h"

enum {
	LOG_LEVEL = 4
};

static const Criu__NetlockMethod netlock_methods[] = {
	[CHECKPOINT_NETLOCK_IPTABLES] = CRIU__NETLOCK_METHOD__NETLOCK_IPTABLES,
	[CHECKPOINT_NETLOCK_NFTABLES] = CRIU__NETLOCK_METHOD__NETLOCK_NFTABLES,
	[CHECKPOINT_NETLOCK_SKIP] = CRIU__NETLOCK_METHOD__NETLOCK_SKIP,
};

/* How CRIU is told of a namespace that is joined: by a descriptor under a name, or by a path. */
static const struct {
	uint64_t type;
	const char *key;  /* as dump names it */
	const char *kind; /* of join_ns */
} joined_kinds[] = {
	{ .type = CLONE_NEWNET, .key = EXTERNAL_NETWORK },
	{ .type = CLONE_NEWPID, .key = EXTERNAL_PIDS },
	{ .type = CLONE_NEWIPC, .kind = "ipc" },
	{ .type = CLONE_NEWUTS, .kind = "uts" },
	{ .type = CLONE_NEWTIME, .kind = "time" },
	{ .type = CLONE_NEWUSER, .kind = "user" },
};

/* The generated structs have pointers to what is only read. */
static char *plain(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, ENOMEM, "prepare the restore");
}

int restore_namespaces(const struct container *c, struct restore_fds *fds, struct err *e)
{
	const struct plan *p = c->plan;

	for (size_t i = 1; i < p->reg_count; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(joined_kinds); k++) {
			if (p->regs[i].kind != PLAN_SOURCE_NS || !joined_kinds[k].key ||
			    p->regs[i].ns_type != joined_kinds[k].type)
				continue;
			if (restore_fds_add(fds, joined_kinds[k].key, p->regs[i].fd) < 0)
				return no_memory(e);
		}
	}
	return 0;
}

static int add_joined(const struct container *c, struct arena *a, Criu__Options *o, struct err *e)
{
	const struct plan *p = c->plan;
	size_t room = ARRAY_SIZE(joined_kinds);
	Criu__JoinNamespace *items = arena_array(a, room, sizeof(*items));

	o->join_ns = arena_array(a, room, sizeof(*o->join_ns));
	if (!items || !o->join_ns)
		return no_memory(e);
	for (size_t i = 1; i < p->reg_count; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(joined_kinds) && o->n_join_ns < room; k++) {
			Criu__JoinNamespace *n = &items[o->n_join_ns];

			if (p->regs[i].kind != PLAN_SOURCE_NS || !joined_kinds[k].kind ||
			    p->regs[i].ns_type != joined_kinds[k].type)
				continue;
			criu__join_namespace__init(n);
			n->ns = plain(joined_kinds[k].kind);
			n->ns_file =
				arena_printf(a, "/proc/%d/fd/%d", (int)getpid(), p->regs[i].fd);
			if (!n->ns_file)
				return no_memory(e);
			o->join_ns[o->n_join_ns++] = n;
		}
	}
	return 0;
}

static int add_mounts(const struct restore_stage *s, struct arena *a, Criu__Options *o,
		      struct err *e)
{
	Criu__ExternalMount *items = arena_array(a, s->mounts.count + 1, sizeof(*items));

	o->ext_mnt = arena_array(a, s->mounts.count + 1, sizeof(*o->ext_mnt));
	if (!items || !o->ext_mnt)
		return no_memory(e);
	for (size_t i = 0; i < s->mounts.count; i++) {
		criu__external_mount__init(&items[i]);
		items[i].key = plain(s->mounts.items[i].name);
		items[i].val = plain(s->mounts.items[i].source);
		o->ext_mnt[o->n_ext_mnt++] = &items[i];
	}
	return 0;
}

static int add_fds(const struct restore_fds *l, struct arena *a, Criu__Options *o, struct err *e)
{
	Criu__InheritFd *items = arena_array(a, RESTORE_FDS_MAX, sizeof(*items));

	o->inherit_fd = arena_array(a, RESTORE_FDS_MAX, sizeof(*o->inherit_fd));
	if (!items || !o->inherit_fd)
		return no_memory(e);
	for (size_t i = 0; i < l->count; i++) {
		criu__inherit_fd__init(&items[i]);
		items[i].key = plain(l->items[i].key);
		items[i].fd = CRIU_FIRST_FD + (int)i;
		o->inherit_fd[o->n_inherit_fd++] = &items[i];
	}
	return 0;
}

#define SET(member, value)                                                                         \
	do {                                                                                       \
		o->has_##member = true;                                                            \
		o->member = (value);                                                               \
	} while (0)

static void set_flags(const struct restore_facts *f, Criu__Options *o)
{
	const struct checkpoint_flags *flags = &f->rq->flags;
	bool own = oci_spec_new_namespace(f->container->spec, OCI_NS_NETWORK);

	SET(tcp_established, flags->tcp_established);
	SET(tcp_close, flags->tcp_close);
	SET(tcp_skip_in_flight, flags->tcp_skip_in_flight);
	SET(ext_unix_sk, flags->ext_unix_sk);
	SET(shell_job, flags->shell_job);
	SET(file_locks, flags->file_locks);
	SET(link_remap, flags->link_remap);
	SET(auto_dedup, flags->auto_dedup);
	SET(lazy_pages, flags->lazy_pages);
	SET(evasive_devices, true);
	SET(rst_sibling, true);
	SET(orphan_pts_master, true);
	SET(notify_scripts, true);
	SET(empty_ns, own || flags->empty_netns ? CLONE_NEWNET : 0);
	/* ctr makes cgroup and limits itself; criu would remount the host's cgroup2 (security.md C8) */
	SET(manage_cgroups, true);
	SET(manage_cgroups_mode, CRIU__CGROUP_MODE__CGROUPS_IGNORE);
	if (flags->netlock)
		SET(network_lock, netlock_methods[flags->netlock]);
	o->lsm_profile = plain(flags->lsm_profile);
	o->lsm_mount_context = plain(flags->lsm_mount_context);
}

int restore_options(const struct restore_facts *f, struct arena *a, Criu__Options *o, struct err *e)
{
	int r;

	criu__options__init(o);
	o->images_dir_fd = f->images;
	SET(work_dir_fd, f->rq->work);
	SET(log_level, LOG_LEVEL);
	o->log_file = plain(RESTORE_LOG);
	o->root = plain(RESTORE_STAGE "/" RESTORE_ROOT);
	set_flags(f, o);
	r = add_mounts(f->stage, a, o, e);
	if (r == 0)
		r = add_fds(f->fds, a, o, e);
	return r < 0 ? r : add_joined(f->container, a, o, e);
}

#endif

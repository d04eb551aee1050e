// SPDX-License-Identifier: GPL-2.0-or-later
/* What is asked of criu for a dump. Pure. */
#include "config.h"

#ifdef HAVE_CRIU

#include "checkpoint/dump.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "util/num.h"

enum {
	LOG_LEVEL = 4,
	PORT_MAX = 65535
};

static const Criu__NetlockMethod netlock_methods[] = {
	[CHECKPOINT_NETLOCK_IPTABLES] = CRIU__NETLOCK_METHOD__NETLOCK_IPTABLES,
	[CHECKPOINT_NETLOCK_NFTABLES] = CRIU__NETLOCK_METHOD__NETLOCK_NFTABLES,
	[CHECKPOINT_NETLOCK_SKIP] = CRIU__NETLOCK_METHOD__NETLOCK_SKIP,
};

/* The generated structs have pointers to what is only read. */
static char *plain(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, ENOMEM, "prepare the dump");
}

static int bad_page_server(const char *text, struct err *e)
{
	err_set(e, ERR_USAGE, 0, "option --page-server: '%s' is not ADDRESS:PORT", text);
	err_hint(e, "write it like 192.0.2.1:9000 or [2001:db8::1]:9000");
	return -EINVAL;
}

int dump_page_server(const char *text, struct arena *a, const char **ret_address, int *ret_port,
		     struct err *e)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	int64_t port = 0;

	if (!len || num_parse_i64(colon + 1, &port) < 0 || port < 1 || port > PORT_MAX)
		return bad_page_server(text, e);
	if (text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	*ret_address = arena_memdup(a, text, len);
	*ret_port = (int)port;
	return *ret_address ? 0 : no_memory(e);
}

static int add_page_server(const char *text, struct arena *a, Criu__Options *o, struct err *e)
{
	Criu__PageServer *ps = arena_alloc(a, sizeof(*ps));
	const char *address;
	int port, r;

	if (!ps)
		return no_memory(e);
	r = dump_page_server(text, a, &address, &port, e);
	if (r < 0)
		return r;
	criu__page_server__init(ps);
	ps->address = plain(address);
	ps->has_port = true;
	ps->port = port;
	o->ps = ps;
	return 0;
}

static int add_mounts(const struct external_mounts *m, struct arena *a, Criu__Options *o,
		      struct err *e)
{
	Criu__ExternalMount *items = arena_array(a, m->count + 1, sizeof(*items));

	o->ext_mnt = arena_array(a, m->count + 1, sizeof(*o->ext_mnt));
	if (!items || !o->ext_mnt)
		return no_memory(e);
	for (size_t i = 0; i < m->count; i++) {
		criu__external_mount__init(&items[i]);
		items[i].key = plain(m->items[i].mountpoint);
		items[i].val = plain(m->items[i].key);
		o->ext_mnt[o->n_ext_mnt++] = &items[i];
	}
	return 0;
}

/* The names are those of runc and crun: their images can be told from their namespaces. */
static int add_external(const struct dump_facts *f, struct arena *a, Criu__Options *o,
			struct err *e)
{
	const struct {
		uint64_t inode;
		const char *kind, *name;
	} joined[] = { { f->outer_net, "net", EXTERNAL_NETWORK },
		       { f->outer_pid, "pid", EXTERNAL_PIDS } };

	o->external = arena_array(a, 2 + 3, sizeof(*o->external));
	if (!o->external)
		return no_memory(e);
	for (size_t i = 0; i < 2; i++) {
		char *text;

		if (!joined[i].inode)
			continue;
		text = arena_printf(a, "%s[%llu]:%s", joined[i].kind,
				    (unsigned long long)joined[i].inode, joined[i].name);
		if (!text)
			return no_memory(e);
		o->external[o->n_external++] = text;
	}
	for (size_t i = 0; i < 3; i++)
		if (f->stdio[i] && dump_stdio_is_outside(f->stdio[i]))
			o->external[o->n_external++] = plain(f->stdio[i]);
	o->has_empty_ns = f->own_network;
	o->empty_ns = f->own_network ? CLONE_NEWNET : 0;
	return 0;
}

#define SET(member, value)                                                                         \
	do {                                                                                       \
		o->has_##member = true;                                                            \
		o->member = (value);                                                               \
	} while (0)

static void set_flags(const struct checkpoint_request *rq, Criu__Options *o)
{
	const struct checkpoint_flags *f = &rq->flags;

	SET(leave_running, rq->leave_running);
	SET(tcp_established, f->tcp_established);
	SET(tcp_close, f->tcp_close);
	SET(tcp_skip_in_flight, f->tcp_skip_in_flight);
	SET(ext_unix_sk, f->ext_unix_sk);
	SET(shell_job, f->shell_job);
	SET(file_locks, f->file_locks);
	SET(link_remap, f->link_remap);
	SET(auto_dedup, f->auto_dedup);
	SET(lazy_pages, f->lazy_pages);
	SET(track_mem, rq->track_memory || rq->pre_dump || rq->parent);
	SET(orphan_pts_master, true);
	/* ctr makes cgroup and limits itself; criu would remount the host's cgroup2 (security.md C8) */
	SET(manage_cgroups, true);
	SET(manage_cgroups_mode, CRIU__CGROUP_MODE__CGROUPS_IGNORE);
}

int dump_options(const struct checkpoint_request *rq, const struct dump_facts *f, struct arena *a,
		 Criu__Options *o, struct err *e)
{
	enum checkpoint_netlock lock = rq->flags.netlock ? rq->flags.netlock : f->netlock;
	int r;

	criu__options__init(o);
	o->images_dir_fd = rq->images;
	SET(work_dir_fd, rq->work);
	SET(pid, f->pid);
	SET(log_level, LOG_LEVEL);
	SET(notify_scripts, true);
	o->log_file = plain(DUMP_LOG);
	o->root = plain(f->root);
	o->parent_img = plain(rq->parent);
	o->freeze_cgroup = plain(f->freeze_cgroup);
	set_flags(rq, o);
	if (lock)
		SET(network_lock, netlock_methods[lock]);
	r = add_mounts(&f->mounts, a, o, e);
	if (r == 0)
		r = add_external(f, a, o, e);
	if (r == 0 && rq->page_server)
		r = add_page_server(rq->page_server, a, o, e);
	return r;
}

#endif

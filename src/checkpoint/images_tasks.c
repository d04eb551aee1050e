// SPDX-License-Identifier: GPL-2.0-or-later
/* Tasks of images: ids, capabilities, filters, labels, limits, namespaces. */
#include "config.h"

#ifdef HAVE_CRIU

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>

#include "checkpoint/criu_images.pb-c.h"
#include "checkpoint/external.h"
#include "checkpoint/images_judge.h"
#include "oci/names.h"
#include "util/kernel.h"

enum {
	STATE_ALIVE = 1,
	STATE_DEAD = 2,
	STATE_ZOMBIE = 6,
	IMAGES_VERSION = 2, /* since CRIU 2.0 */
	FILTERS_MAX = 65536,
	FILTER_CHAIN_MAX = 256,
};

/* ---- inventory ---- */

static void take_ids(const Image__Ids *ids, uint32_t ret[OCI_NS_COUNT])
{
	ret[OCI_NS_PID] = ids->pid_ns;
	ret[OCI_NS_NETWORK] = ids->net_ns;
	ret[OCI_NS_IPC] = ids->ipc_ns;
	ret[OCI_NS_UTS] = ids->uts_ns;
	ret[OCI_NS_MOUNT] = ids->mnt_ns;
	ret[OCI_NS_USER] = ids->user_ns;
	ret[OCI_NS_CGROUP] = ids->cgroup_ns;
	ret[OCI_NS_TIME] = ids->time_ns;
}

static int inventory(void *data, const struct image_file *f, size_t index,
		     const ProtobufCMessage *message, struct err *e)
{
	const Image__Inventory *m = (const Image__Inventory *)message;
	struct judge *j = data;

	(void)index;
	if (m->img_version != IMAGES_VERSION || !m->fdinfo_per_id || !m->ns_per_id)
		return image_refuse(e, f, "images of this version of CRIU are not read");
	if (!m->root_ids)
		return image_refuse(e, f, "it does not tell the host's namespaces from others");
	if (m->has_pre_dump_mode && !image_find(j->set, IMAGE_PSTREE, 0))
		return image_refuse(e, f, "it is of a pre-dump: there is memory only");
	take_ids(m->root_ids, j->host_ns);
	return 0;
}

int image_judge_inventory(struct judge *j, struct err *e)
{
	if (!image_find(j->set, IMAGE_INVENTORY, 0)) {
		err_set(e, ERR_STATE, 0, "these are no images: there is no 'inventory.img'");
		return -EBADMSG;
	}
	return image_judge_each(j, IMAGE_INVENTORY, inventory, e);
}

/* ---- filters of system calls ---- */

static int add_filter(struct judge *j, const struct image_file *f, const Image__SeccompFilter *m,
		      size_t i, struct err *e)
{
	const struct seccomp_filter *want = j->rules->filter;
	uint32_t flags = j->rules->spec->linux_.seccomp.flags | SECCOMP_FILTER_FLAG_TSYNC |
			 SECCOMP_FILTER_FLAG_LOG;

	if (m->flags & ~flags)
		return image_refuse(e, f, "filter %zu: flags 0x%x, which the config does not have",
				    i, m->flags);
	j->filters[i] = (struct image_filter){
		.asked = want && want->data && m->program.len == want->size &&
			 memcmp(m->program.data, want->data, want->size) == 0,
		.whole = m->flags & SECCOMP_FILTER_FLAG_TSYNC,
		.prev = m->prev,
		.has_prev = m->has_prev,
	};
	return 0;
}

static int filters(void *data, const struct image_file *f, size_t index,
		   const ProtobufCMessage *message, struct err *e)
{
	const Image__Seccomp *m = (const Image__Seccomp *)message;
	struct judge *j = data;
	int r = 0;

	(void)index;
	if (m->n_filters > FILTERS_MAX)
		return image_refuse(e, f, "it has %zu filters", m->n_filters);
	j->filter_count = m->n_filters;
	j->filters = arena_array(&j->arena, m->n_filters, sizeof(*j->filters));
	if (m->n_filters && !j->filters)
		return image_no_memory(e);
	for (size_t i = 0; r == 0 && i < m->n_filters; i++)
		r = add_filter(j, f, m->filters[i], i, e);
	return r;
}

int image_judge_filters(struct judge *j, struct err *e)
{
	return image_judge_each(j, IMAGE_SECCOMP, filters, e);
}

/* The config's among the filters that lie on each other, @top uppermost; of an unknown one the uppermost. */
static const struct image_filter *asked_in(const struct judge *j, uint32_t top)
{
	for (int depth = 0; depth < FILTER_CHAIN_MAX && top < j->filter_count; depth++) {
		const struct image_filter *filter = &j->filters[top];

		if (filter->asked || !j->rules->filter)
			return filter;
		if (!filter->has_prev)
			return NULL;
		top = filter->prev;
	}
	return NULL;
}

static int take_filter(void *data, const struct image_file *f, size_t index,
		       const ProtobufCMessage *message, struct err *e)
{
	const Image__Core *c = (const Image__Core *)message;

	(void)f;
	(void)index;
	(void)e;
	if (c->task && c->thread && c->thread->seccomp_mode == SECCOMP_MODE_FILTER &&
	    c->thread->has_seccomp_filter)
		*(uint32_t *)data = c->thread->seccomp_filter;
	return 0;
}

/*
 * Where all threads of a process have the same filters, CRIU notes them at the first one only, and that one loads them for all
 * of them. That they have come to all is seen in the second gate.
 */
static bool has_that_of_process(struct judge *j, uint32_t thread)
{
	const struct image_filter *filter;
	const struct image_file *f = NULL;
	uint32_t top = UINT32_MAX;
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < j->thread_count && !f; i++)
		if (j->threads[i].id == thread)
			f = image_find(j->set, IMAGE_CORE, j->threads[i].process);
	if (!f || image_each(f, take_filter, &top, &ignored) < 0)
		return false;
	filter = asked_in(j, top);
	return filter && filter->whole;
}

/* ---- one thread ---- */

/* Whose image is judged, for messages. */
struct thread {
	struct judge *j;
	const struct image_file *file;
	char who[64]; /* "task 7 'sh'" */
};

static int refuse_capability(const struct thread *t, const char *set, uint64_t more, struct err *e)
{
	int lowest = __builtin_ctzll(more);
	const char *name = oci_names_of(&oci_capability_names, (uint64_t)lowest);

	return image_refuse(
		e, t->file, "%s: %s capabilities: %s%s, which the config does not grant", t->who,
		set, name ? name : "an unknown one", more & (more - 1) ? " and others" : "");
}

static int check_set(const struct thread *t, const char *set, const uint32_t *words, size_t n,
		     uint64_t limit, struct err *e)
{
	uint64_t all = 0;

	for (size_t i = 0; i < n; i++) {
		if (i < 2)
			all |= (uint64_t)words[i] << 32 * i;
		else if (words[i])
			return image_refuse(e, t->file, "%s: %s capabilities that do not exist",
					    t->who, set);
	}
	return all & ~limit ? refuse_capability(t, set, all & ~limit, e) : 0;
}

static int check_capabilities(const struct thread *t, const Image__Credentials *c, struct err *e)
{
	const struct judge *j = t->j;
	int r = check_set(t, "bounding", c->bounding, c->n_bounding, j->bounding, e);

	if (r == 0)
		r = check_set(t, "permitted", c->permitted, c->n_permitted, j->gained, e);
	if (r == 0)
		r = check_set(t, "effective", c->effective, c->n_effective, j->gained, e);
	if (r == 0)
		r = check_set(t, "inheritable", c->inheritable, c->n_inheritable, j->gained, e);
	if (r == 0)
		r = check_set(t, "ambient", c->ambient, c->n_ambient, j->gained, e);
	if (r == 0 && (c->securebits & ~(1U << SECURE_KEEP_CAPS)) && !image_may(j, CAP_SETPCAP))
		r = image_refuse(e, t->file, "%s: securebits 0x%x, which need CAP_SETPCAP", t->who,
				 c->securebits);
	return r;
}

static int check_ids(const struct thread *t, const Image__Credentials *c, struct err *e)
{
	const struct {
		const char *name;
		uint32_t id;
		bool group;
	} all[] = {
		{ "uid", c->uid, false },	 { "effective uid", c->euid, false },
		{ "saved uid", c->suid, false }, { "filesystem uid", c->fsuid, false },
		{ "gid", c->gid, true },	 { "effective gid", c->egid, true },
		{ "saved gid", c->sgid, true },	 { "filesystem gid", c->fsgid, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!image_id_is_ours(t->j, all[i].id, all[i].group))
			return image_refuse(e, t->file,
					    "%s: %s %u, which the config does not let it have",
					    t->who, all[i].name, all[i].id);
	for (size_t i = 0; i < c->n_groups; i++)
		if (!image_id_is_ours(t->j, c->groups[i], true))
			return image_refuse(e, t->file,
					    "%s: group %u, which the config does not let it have",
					    t->who, c->groups[i]);
	return 0;
}

static bool same_profile(const char *have, const char *want)
{
	size_t n = strlen(want);

	/* a profile of AppArmor may hold others: "web//helper" */
	return strncmp(have, want, n) == 0 && (!have[n] || strncmp(have + n, "//", 2) == 0);
}

static int check_label(const struct thread *t, const char *name, const char *have, struct err *e)
{
	const struct oci_process *p = &t->j->rules->spec->process;
	const struct checkpoint_flags *flags = t->j->rules->flags;
	const char *want = p->apparmor_profile && *p->apparmor_profile ? p->apparmor_profile
			   : p->selinux_label && *p->selinux_label     ? p->selinux_label
								       : NULL;

	if (flags && flags->lsm_profile)
		return 0; /* all get that one, whatever the images say */
	if (want && strcmp(want, "unconfined") != 0) {
		if (have && same_profile(have, want))
			return 0;
		return image_refuse(e, t->file, "%s: %s '%.100s', but the config says '%.100s'",
				    t->who, name, have ? have : "", want);
	}
	if (!have || !*have || strcmp(have, "unconfined") == 0 ||
	    strcmp(have, t->j->view->label) == 0)
		return 0;
	return image_refuse(e, t->file, "%s: %s '%.100s', which the config does not ask for",
			    t->who, name, have);
}

static int check_credentials(const struct thread *t, const Image__Credentials *c, struct err *e)
{
	const struct oci_process *p = &t->j->rules->spec->process;
	int r = check_ids(t, c, e);

	if (r == 0)
		r = check_capabilities(t, c, e);
	if (r == 0 && c->has_no_new_privs && !c->no_new_privs && p->no_new_privileges)
		r = image_refuse(e, t->file, "%s: no_new_privs is off, but on in the config",
				 t->who);
	if (r == 0)
		r = check_label(t, "LSM profile", c->lsm_profile, e);
	if (r == 0 && c->lsm_sockcreate && *c->lsm_sockcreate)
		r = check_label(t, "label of new sockets", c->lsm_sockcreate, e);
	return r;
}

static int check_filter(const struct thread *t, const Image__ThreadCore *c, struct err *e)
{
	const struct images_rules *rules = t->j->rules;
	bool wanted = rules->filter ? rules->filter->data != NULL : rules->spec->linux_.seccomp.set;

	if (!wanted)
		return 0;
	if (c->seccomp_mode == SECCOMP_MODE_DISABLED && !c->has_seccomp_filter &&
	    has_that_of_process(t->j, t->file->id))
		return 0;
	if (c->seccomp_mode != SECCOMP_MODE_FILTER || !c->has_seccomp_filter ||
	    c->seccomp_filter >= t->j->filter_count)
		return image_refuse(e, t->file,
				    "%s: seccomp mode %u without a filter, but the config has one",
				    t->who, c->seccomp_mode);
	if (rules->filter && !asked_in(t->j, c->seccomp_filter)) {
		image_refuse(e, t->file, "%s: seccomp filter %u is not the config's", t->who,
			     c->seccomp_filter);
		err_hint(e, "it was made by another libseccomp, or from another config");
		return -EBADMSG;
	}
	return 0;
}

static bool is_realtime(uint32_t policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR || policy == 6 /* SCHED_DEADLINE */;
}

static int check_scheduling(const struct thread *t, const Image__ThreadCore *c, struct err *e)
{
	const struct oci_scheduler *s = &t->j->rules->spec->process.scheduler;
	int64_t nice = s->set && s->nice.set && s->nice.value < 0 ? s->nice.value : 0;

	if (image_may(t->j, CAP_SYS_NICE))
		return 0;
	if (is_realtime(c->sched_policy) && !(s->set && (uint32_t)s->policy == c->sched_policy))
		return image_refuse(e, t->file,
				    "%s: scheduling policy %u, which needs CAP_SYS_NICE", t->who,
				    c->sched_policy);
	if (c->nice < nice)
		return image_refuse(e, t->file, "%s: nice value %d, which needs CAP_SYS_NICE",
				    t->who, c->nice);
	return 0;
}

static int check_limits(const struct thread *t, const Image__TaskCore *c, struct err *e)
{
	const struct oci_process *p = &t->j->rules->spec->process;
	int64_t oom = p->oom_score_adj.set ? p->oom_score_adj.value : t->j->view->oom_score_adj;

	if (image_may(t->j, CAP_SYS_RESOURCE))
		return 0;
	if (c->has_oom_score_adj && c->oom_score_adj < oom)
		return image_refuse(e, t->file,
				    "%s: oom_score_adj %d, but %" PRId64 " in the config", t->who,
				    c->oom_score_adj, oom);
	for (size_t i = 0; c->rlimits && i < p->rlimits.count; i++) {
		const struct oci_rlimit *limit = &p->rlimits.items[i];
		size_t n = (size_t)limit->resource;

		if (n < c->rlimits->n_items && c->rlimits->items[n]->hard > limit->hard)
			return image_refuse(e, t->file,
					    "%s: hard limit %s of %" PRIu64 ", but %" PRIu64
					    " in the config",
					    t->who, oci_names_of(&oci_rlimit_names, n),
					    c->rlimits->items[n]->hard, limit->hard);
	}
	return 0;
}

/* Its cgroup is in cgroup.img, which is judged later; without one, it has that of who restores it. */
static int check_cg_set(const struct thread *t, const Image__TaskCore *c, struct err *e)
{
	if (c->has_cg_set && c->cg_set && !image_find(t->j->set, IMAGE_CGROUP, 0))
		return image_refuse(e, t->file, "%s: there is no 'cgroup.img'", t->who);
	return 0;
}

/* ---- namespaces ---- */

static int check_one_namespace(const struct thread *t, enum oci_namespace_type type, uint32_t id,
			       struct err *e)
{
	const struct oci_namespace *ns = oci_spec_namespace(t->j->rules->spec, type);
	uint32_t host = t->j->host_ns[type];
	const char *name = oci_names_of(&oci_namespace_names, type);

	/* criu gives every container one, so that its clocks do not jump: it is there from the second dump on */
	if (!ns && type == OCI_NS_TIME)
		return 0;
	if (!ns && id != host)
		return image_refuse(e, t->file,
				    "%s: a namespace of its own (%s), but the config has none",
				    t->who, name);
	if (ns && (id == host || !id) && !(ns->path && t->j->view->joins_own[type]))
		return image_refuse(e, t->file,
				    "%s: the host's %s namespace, but the config has one for it",
				    t->who, name);
	if (t->j->init_ns[type] && id != t->j->init_ns[type] && !image_may(t->j, CAP_SYS_ADMIN))
		return image_refuse(
			e, t->file,
			"%s: another %s namespace than the container's, which needs CAP_SYS_ADMIN",
			t->who, name);
	return 0;
}

static int check_namespaces(const struct thread *t, const Image__Ids *ids, struct err *e)
{
	uint32_t all[OCI_NS_COUNT];
	int r = 0;

	take_ids(ids, all);
	for (int type = 0; r == 0 && type < OCI_NS_COUNT; type++)
		r = check_one_namespace(t, (enum oci_namespace_type)type, all[type], e);
	return r;
}

static bool extent_is_ours(const Image__IdExtent *x, const oci_id_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct oci_id_map *m = &maps->items[i];
		uint64_t offset = (uint64_t)x->inside - m->container_id;

		if (x->inside >= m->container_id && offset + x->count <= m->size &&
		    x->outside == m->host_id + offset)
			return true;
	}
	return false;
}

static int check_extents(const struct image_file *f, const char *what,
			 Image__IdExtent *const *items, size_t n, const oci_id_maps *maps,
			 struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (!extent_is_ours(items[i], maps))
			return image_refuse(e, f, "%s map %u %u %u, which the config does not have",
					    what, items[i]->inside, items[i]->outside,
					    items[i]->count);
	return 0;
}

static int userns(void *data, const struct image_file *f, size_t index,
		  const ProtobufCMessage *message, struct err *e)
{
	const Image__Userns *m = (const Image__Userns *)message;
	const struct oci_linux *l = &((struct judge *)data)->rules->spec->linux_;
	int r;

	(void)index;
	if (!oci_spec_namespace(((struct judge *)data)->rules->spec, OCI_NS_USER))
		return image_refuse(e, f, "a user namespace, but the config has none");
	r = check_extents(f, "uid", m->uid_map, m->n_uid_map, &l->uid_mappings, e);
	return r < 0 ? r : check_extents(f, "gid", m->gid_map, m->n_gid_map, &l->gid_mappings, e);
}

static int netns(void *data, const struct image_file *f, size_t index,
		 const ProtobufCMessage *message, struct err *e)
{
	const Image__Netns *m = (const Image__Netns *)message;
	const struct oci_spec *spec = ((struct judge *)data)->rules->spec;

	(void)index;
	if (!m->ext_key)
		return image_refuse(e, f, "networks are made by the config, not by images");
	if (!oci_spec_namespace(spec, OCI_NS_NETWORK) ||
	    oci_spec_new_namespace(spec, OCI_NS_NETWORK))
		return image_refuse(e, f,
				    "a network namespace from outside, but the config joins none");
	if (strcmp(m->ext_key, EXTERNAL_NETWORK) != 0)
		return image_refuse(
			e, f, "a network namespace from outside that is not the one to be joined");
	return 0;
}

/* ---- all of them ---- */

static void name_thread(struct thread *t, const Image__Core *c)
{
	char comm[17] = "";

	if (c->task && c->task->has_comm)
		(void)snprintf(comm, sizeof(comm), "%.*s", (int)c->task->comm.len,
			       (const char *)c->task->comm.data);
	(void)snprintf(t->who, sizeof(t->who), "task %u%s%s%s", t->file->id, *comm ? " '" : "",
		       comm, *comm ? "'" : "");
}

static bool is_gone(const Image__Core *c)
{
	return c->task && (c->task->state == STATE_DEAD || c->task->state == STATE_ZOMBIE);
}

static int core(void *data, const struct image_file *f, size_t index,
		const ProtobufCMessage *message, struct err *e)
{
	const Image__Core *c = (const Image__Core *)message;
	struct thread t = { .j = data, .file = f };
	int r = 0;

	(void)index;
	name_thread(&t, c);
	if (is_gone(c))
		return 0;
	if (!c->thread || !c->thread->creds)
		return image_refuse(e, f, "%s: it has no credentials", t.who);
	r = check_credentials(&t, c->thread->creds, e);
	if (r == 0)
		r = check_filter(&t, c->thread, e);
	if (r == 0)
		r = check_scheduling(&t, c->thread, e);
	if (r == 0 && c->task)
		r = check_limits(&t, c->task, e);
	if (r == 0 && c->task)
		r = check_cg_set(&t, c->task, e);
	if (r == 0 && c->ids)
		r = check_namespaces(&t, c->ids, e);
	if (r == 0 && c->task && !c->ids && !image_find(t.j->set, IMAGE_IDS, f->id))
		r = image_refuse(e, f, "%s: its namespaces are not known", t.who);
	return r;
}

static int ids(void *data, const struct image_file *f, size_t index,
	       const ProtobufCMessage *message, struct err *e)
{
	struct thread t = { .j = data, .file = f };

	(void)index;
	(void)snprintf(t.who, sizeof(t.who), "task %u", f->id);
	return check_namespaces(&t, (const Image__Ids *)message, e);
}

/* What the first task has, all others are compared with. */
static int first_ids(void *data, const struct image_file *f, size_t index,
		     const ProtobufCMessage *message, struct err *e)
{
	(void)f;
	(void)index;
	(void)e;
	take_ids((const Image__Ids *)message, ((struct judge *)data)->init_ns);
	return 0;
}

static int first_core(void *data, const struct image_file *f, size_t index,
		      const ProtobufCMessage *message, struct err *e)
{
	const Image__Core *c = (const Image__Core *)message;
	struct judge *j = data;

	(void)f;
	(void)index;
	(void)e;
	if (c->ids)
		take_ids(c->ids, j->init_ns);
	j->has_cg_set = c->task && c->task->has_cg_set;
	j->init_cg_set = j->has_cg_set ? c->task->cg_set : 0;
	return 0;
}

/* Has the task ended? CRIU leaves the list of its threads unset then. */
static int look_if_gone(void *data, const struct image_file *f, size_t index,
			const ProtobufCMessage *message, struct err *e)
{
	(void)f;
	(void)index;
	(void)e;
	*(bool *)data = is_gone((const Image__Core *)message);
	return 0;
}

static int note_thread(struct judge *j, uint32_t id, uint32_t process, struct err *e)
{
	if (id == process)
		return 0;
	if (j->thread_count == j->thread_room) {
		size_t room = j->thread_room ? j->thread_room * 2 : 64;
		struct image_thread *more = arena_array(&j->arena, room, sizeof(*more));

		if (!more)
			return image_no_memory(e);
		if (j->thread_count)
			memcpy(more, j->threads, j->thread_count * sizeof(*more));
		j->threads = more;
		j->thread_room = room;
	}
	j->threads[j->thread_count++] = (struct image_thread){ id, process };
	return 0;
}

/* Every task has an image of its own, and so has each of its threads. */
static int task(void *data, const struct image_file *f, size_t index,
		const ProtobufCMessage *message, struct err *e)
{
	const Image__Task *m = (const Image__Task *)message;
	const struct image_file *own;
	struct judge *j = data;
	bool gone = false;
	int r;

	if (index == 0)
		j->init = m->pid;
	if ((index == 0) != (m->ppid == 0))
		return image_refuse(e, f, "task %u: its parent is task %u", m->pid, m->ppid);
	if (index == 0 && m->pid != 1 && oci_spec_new_namespace(j->rules->spec, OCI_NS_PID))
		return image_refuse(e, f, "the first task has pid %u in a pid namespace of its own",
				    m->pid);
	own = image_find(j->set, IMAGE_CORE, m->pid);
	if (!own)
		return image_refuse(e, f, "task %u: there is no 'core-%u.img'", m->pid, m->pid);
	r = image_each(own, look_if_gone, &gone, e);
	for (size_t i = 0; r == 0 && !gone && i < m->n_threads; i++)
		if (!image_find(j->set, IMAGE_CORE, m->threads[i]))
			r = image_refuse(e, f, "task %u: there is no 'core-%u.img' of its thread",
					 m->pid, m->threads[i]);
		else
			r = note_thread(j, m->threads[i], m->pid, e);
	return r;
}

int image_judge_tasks(struct judge *j, struct err *e)
{
	const struct image_file *f;
	int r;

	if (!image_find(j->set, IMAGE_PSTREE, 0)) {
		err_set(e, ERR_STATE, 0, "there is no 'pstree.img': these images have no tasks");
		return -EBADMSG;
	}
	r = image_judge_each(j, IMAGE_PSTREE, task, e);
	if (r == 0 && !j->init) {
		err_set(e, ERR_STATE, 0, "image 'pstree.img': there is no task");
		return -EBADMSG;
	}
	f = image_find(j->set, IMAGE_CORE, j->init);
	if (r == 0 && f)
		r = image_each(f, first_core, j, e);
	f = image_find(j->set, IMAGE_IDS, j->init);
	if (r == 0 && f)
		r = image_each(f, first_ids, j, e);
	if (r == 0 && !j->init_ns[OCI_NS_MOUNT])
		return image_refuse(e, image_find(j->set, IMAGE_PSTREE, 0),
				    "task %u: its namespaces are not known", j->init);
	if (r == 0)
		r = image_judge_each(j, IMAGE_IDS, ids, e);
	if (r == 0)
		r = image_judge_each(j, IMAGE_CORE, core, e);
	if (r == 0)
		r = image_judge_each(j, IMAGE_USERNS, userns, e);
	if (r == 0)
		r = image_judge_each(j, IMAGE_NETNS, netns, e);
	return r;
}

#endif

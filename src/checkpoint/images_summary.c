// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.h"

#ifdef HAVE_CRIU

#include "checkpoint/images_summary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "checkpoint/criu_images.pb-c.h"
#include "checkpoint/images_judge.h"
#include "util/kernel.h"

enum {
	TCP_ESTABLISHED = 1,
	TCP_LISTEN = 10,
	INET_SOCKET = 4,
	PAGE = 4096,
	PAGE_IS_HERE = 4,
	PAGE_IN_PARENT = 1,
};

struct summing {
	const struct image_set *set;
	struct images_summary *s;
	uint32_t host[8], own[8]; /* namespaces, in the order of their numbers in images */
	uint64_t pages;		  /* of the memory map being read */
};

static int each(struct summing *x, enum image_kind kind, image_entry_fn *fn, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < x->set->count; i++)
		if (x->set->files[i].kind == kind)
			r = image_each(&x->set->files[i], fn, x, e);
	return r;
}

static void take_ids(const Image__Ids *m, uint32_t ret[8])
{
	const uint32_t all[8] = { m->mnt_ns,  m->cgroup_ns, m->uts_ns, m->ipc_ns,
				  m->user_ns, m->pid_ns,    m->net_ns, m->time_ns };

	memcpy(ret, all, sizeof(all));
}

_Static_assert(OCI_NS_MOUNT == 0 && OCI_NS_CGROUP == 1 && OCI_NS_UTS == 2 && OCI_NS_IPC == 3 &&
		       OCI_NS_USER == 4 && OCI_NS_PID == 5 && OCI_NS_NETWORK == 6 &&
		       OCI_NS_TIME == 7 && OCI_NS_COUNT == 8,
	       "take_ids");

static int inventory(void *data, const struct image_file *f, size_t index,
		     const ProtobufCMessage *message, struct err *e)
{
	const Image__Inventory *m = (const Image__Inventory *)message;
	struct summing *x = data;

	(void)f;
	(void)index;
	(void)e;
	if (m->root_ids)
		take_ids(m->root_ids, x->host);
	return 0;
}

static int ids(void *data, const struct image_file *f, size_t index,
	       const ProtobufCMessage *message, struct err *e)
{
	(void)f;
	(void)index;
	(void)e;
	take_ids((const Image__Ids *)message, ((struct summing *)data)->own);
	return 0;
}

static const char *const machines[] = { "unknown", "x86_64", "arm",	    "aarch64", "ppc64",
					"s390",	   "mips",   "loongarch64", "riscv64" };

static int core(void *data, const struct image_file *f, size_t index,
		const ProtobufCMessage *message, struct err *e)
{
	const Image__Core *c = (const Image__Core *)message;
	struct images_summary *s = ((struct summing *)data)->s;
	struct images_task *t = &s->tasks[s->task_count];
	const Image__Credentials *creds = c->thread ? c->thread->creds : NULL;

	(void)f;
	(void)index;
	(void)e;
	(void)snprintf(s->architecture, sizeof(s->architecture), "%s",
		       machines[c->machine < ARRAY_SIZE(machines) ? c->machine : 0]);
	if (c->task && c->task->has_comm)
		(void)snprintf(t->command, sizeof(t->command), "%.*s",
			       (int)(c->task->comm.len < 31 ? c->task->comm.len : 31),
			       (const char *)c->task->comm.data);
	err_printable(t->command);
	t->seccomp = c->thread ? c->thread->seccomp_mode : 0;
	for (size_t i = 0; creds && i < 2 && i < creds->n_permitted; i++)
		t->capabilities |= (uint64_t)creds->permitted[i] << 32 * i;
	t->uid = creds ? creds->euid : 0;
	t->gid = creds ? creds->egid : 0;
	return 0;
}

static int pagemap(void *data, const struct image_file *f, size_t index,
		   const ProtobufCMessage *message, struct err *e)
{
	const Image__Pagemap *m = (const Image__Pagemap *)message;
	struct summing *x = data;

	(void)f;
	(void)e;
	if (index && !(m->in_parent || (m->flags & PAGE_IN_PARENT)))
		x->pages += m->pages;
	return 0;
}

static int task(void *data, const struct image_file *f, size_t index,
		const ProtobufCMessage *message, struct err *e)
{
	const Image__Task *m = (const Image__Task *)message;
	struct summing *x = data;
	struct images_summary *s = x->s;
	const struct image_file *of = image_find(x->set, IMAGE_CORE, m->pid);
	const struct image_file *memory = image_find(x->set, IMAGE_PAGEMAP, m->pid);
	int r = 0;

	(void)f;
	(void)index;
	if (s->task_count < IMAGES_TASKS_SHOWN) {
		struct images_task *t = &s->tasks[s->task_count];

		t->pid = m->pid;
		t->ppid = m->ppid;
		t->threads = (uint32_t)m->n_threads;
		x->pages = 0;
		r = of ? image_each(of, core, x, e) : 0;
		if (r == 0 && memory)
			r = image_each(memory, pagemap, x, e);
		t->memory = x->pages * PAGE;
	}
	s->task_count++;
	return r;
}

/* The numbers of CRIU's images. */
static const char *const types[] = {
	[0] = "other",	[1] = "proc",	  [2] = "sysfs",   [3] = "devtmpfs", [4] = "binfmt_misc",
	[5] = "tmpfs",	[6] = "devpts",	  [12] = "cgroup", [14] = "mqueue",  [15] = "fuse",
	[16] = "other", [17] = "overlay", [18] = "autofs", [23] = "cgroup2",
};

static int mount_entry(void *data, const struct image_file *f, size_t index,
		       const ProtobufCMessage *message, struct err *e)
{
	const Image__Mount *m = (const Image__Mount *)message;
	struct images_summary *s = ((struct summing *)data)->s;
	const char *type =
		m->fstype < ARRAY_SIZE(types) && types[m->fstype] ? types[m->fstype] : "other";

	(void)f;
	(void)index;
	(void)e;
	if (s->mount_count++ < IMAGES_MOUNTS_SHOWN) {
		struct images_mount *to = &s->mounts[s->mount_count - 1];

		image_shown(m->mountpoint, to->destination, sizeof(to->destination));
		(void)snprintf(to->type, sizeof(to->type), "%s", type);
		to->external = m->external || (m->external_key && *m->external_key);
		to->readonly = m->flags & MS_RDONLY;
	}
	return 0;
}

static int file(void *data, const struct image_file *f, size_t index,
		const ProtobufCMessage *message, struct err *e)
{
	const Image__File *m = (const Image__File *)message;
	struct images_summary *s = ((struct summing *)data)->s;

	(void)f;
	(void)index;
	(void)e;
	s->open_files++;
	if (m->type == INET_SOCKET && m->inet && m->inet->protocol == 6) {
		s->tcp_connections += m->inet->state == TCP_ESTABLISHED;
		s->listeners += m->inet->state == TCP_LISTEN;
	}
	return 0;
}

int image_summarize(const struct image_set *set, struct images_summary *ret, struct err *e)
{
	struct summing x = { .set = set, .s = ret };
	const struct image_file *first;
	int r = each(&x, IMAGE_INVENTORY, inventory, e);

	if (r == 0 && !image_find(set, IMAGE_INVENTORY, 0)) {
		err_set(e, ERR_STATE, 0, "these are no images: there is no 'inventory.img'");
		return -EBADMSG;
	}
	ret->pre_dump = !image_find(set, IMAGE_PSTREE, 0);
	if (r == 0)
		r = each(&x, IMAGE_PSTREE, task, e);
	first = ret->task_count ? image_find(set, IMAGE_IDS, ret->tasks[0].pid) : NULL;
	if (r == 0 && first)
		r = image_each(first, ids, &x, e);
	for (int i = 0; i < 8; i++)
		ret->namespaces |= (uint32_t)(x.own[i] && x.own[i] != x.host[i]) << i;
	if (r == 0)
		r = each(&x, IMAGE_MOUNTS, mount_entry, e);
	if (r == 0)
		r = each(&x, IMAGE_FILES, file, e);
	for (size_t i = 0; i < set->count; i++)
		ret->memory += set->files[i].kind == IMAGE_PAGES ? set->files[i].size : 0;
	return r;
}

#endif

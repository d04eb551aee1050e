// SPDX-License-Identifier: GPL-2.0-or-later
/* See exit.h. */
#include "container/exit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container/store.h"
#include "util/cleanup.h"
#include "util/timestamp.h"

/* linux/pidfd.h, struct pidfd_info of Linux 6.13; exit_code is valid with PIDFD_INFO_EXIT (6.15) */
struct pidfd_info_v0 {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};

_Static_assert(sizeof(struct pidfd_info_v0) == 64, "the kernel's first version of the struct");

#define PIDFD_GET_INFO_V0 _IOWR(0xFF, 11, struct pidfd_info_v0)

enum {
	INFO_EXIT = 1 << 3,
	NOTE_TRIES = 100,
	NOTE_MS = 10
};

int container_exit_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* @cg: opened before it ended, because another ctr may remove it right away. */
static void fill(const struct cgroup *cg, int wait_status, struct container_exit *ret)
{
	(void)cgroup_oom_kills_read(cg, &ret->oom_kills, NULL); /* unreadable: none is known */
	ret->known = true;
	ret->signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
	ret->code = container_exit_code(wait_status);
	ret->oom = ret->oom_kills > 0;
}

static int save(struct container *c, const struct container_exit *x, struct err *e)
{
	char now[TIMESTAMP_SIZE];
	cleanup_fd int dir = -EBADF;
	int r = store_get(c->store, c->record.id, STORE_LOCK, &dir, e);

	if (r < 0)
		return r == -ENOENT ? 0 : r; /* deleted meanwhile: nothing to note it in */
	timestamp_nanoseconds(now);
	c->record.exit = *x;
	c->record.exit.finished = now;
	r = record_save(dir, &c->record, e);
	c->record.exit.finished = NULL;
	return r;
}

static int found(struct container *c, const struct cgroup *cg, int wait_status,
		 struct container_exit *ret, struct err *e)
{
	fill(cg, wait_status, ret);
	return save(c, ret, e);
}

/* A parent that is one of us, `run --keep`, needs a moment between reaping its child and noting it. */
static void noted_meanwhile(struct container *c, struct container_exit *ret)
{
	struct container_record now;

	for (int i = 0; i < NOTE_TRIES; i++) {
		if (record_load(c->dir, &c->arena, &now, NULL) < 0)
			return; /* deleted */
		*ret = now.exit;
		if (ret->known)
			return;
		(void)poll(NULL, 0, NOTE_MS); /* only a pause */
	}
}

int container_wait_exit(struct container *c, enum container_status status,
			struct container_exit *ret, struct err *e)
{
	struct pidfd_info_v0 info = { .mask = INFO_EXIT };
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	struct pollfd p = { .events = POLLIN };
	cleanup_fd int pidfd = -EBADF;
	int wait_status;

	*ret = c->record.exit;
	if (ret->known)
		return 0;
	if (status == STATUS_STOPPED || process_open(&c->record.init, &pidfd) < 0) {
		noted_meanwhile(c, ret);
		return 0;
	}
	(void)container_open_cgroup(c, &cg, NULL); /* gone: nothing to tell of memory */
	p.fd = pidfd;
	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return err_set(e, ERR_SYSTEM, errno, "wait for the container");
	/* readable means dead: a zombie, whose parent may take its time to reap it ... */
	if (process_zombie_status(&c->record.init, &wait_status) == 0)
		return found(c, &cg, wait_status, ret, e);
	/* ... or reaped already (POLLHUP), and then the pidfd knows */
	p.events = 0;
	(void)poll(&p, 1, 1000);
	if (ioctl(pidfd, PIDFD_GET_INFO_V0, &info) < 0 || !(info.mask & INFO_EXIT)) {
		noted_meanwhile(c, ret);
		return 0;
	}
	return found(c, &cg, info.exit_code, ret, e);
}

int container_keep_exit(struct container *c, int wait_status, struct err *e)
{
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	struct container_exit x = { 0 };

	(void)container_open_cgroup(c, &cg, NULL); /* gone: nothing to tell of memory */
	fill(&cg, wait_status, &x);
	return save(c, &x, e);
}

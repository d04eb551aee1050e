// SPDX-License-Identifier: GPL-2.0-or-later
/* See container_make_network in steps.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "container/compile.h"
#include "container/dialog.h"
#include "container/steps.h"
#include "util/cleanup.h"

static int open_namespace(pid_t pid, struct err *e)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_set(e, ERR_SYSTEM, errno, "open '%s'", path) : fd;
}

/* It answers for the container meanwhile: dialog.h knows one process, and one plan for its errors. */
static int run_helper(struct container *c, struct plan *p, struct err *e)
{
	const struct spawn_place place = { .cgroup_fd = -EBADF };
	struct spawned helper = SPAWNED_EMPTY;
	struct spawned init = c->init;
	struct plan *plan = c->plan;
	int r = container_spawn(p, &c->caller, &place, 0, &helper, e);

	if (r < 0)
		return r;
	c->init = helper;
	c->plan = p;
	r = dialog_until(c, PLAN_SYNC_READY, e);
	spawned_kill(&c->init);
	c->init = init;
	c->plan = plan;
	return r;
}

int container_make_network(struct container *c, struct err *e)
{
	cleanup_(plan_freep) struct plan *p = NULL;
	cleanup_fd int ns = -EBADF;
	bool ip6 = faccessat(AT_FDCWD, "/proc/sys/net/ipv6", F_OK, 0) == 0;
	int r;

	if (!oci_spec_new_namespace(c->spec, OCI_NS_NETWORK))
		return 0;
	ns = open_namespace(c->init.pid, e);
	r = ns < 0 ? ns : container_compile_network(c->spec, &c->record.network, ns, ip6, &p, e);
	c->net.held = true;
	return r < 0 ? r : run_helper(c, p, e);
}

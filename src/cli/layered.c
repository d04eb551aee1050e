// SPDX-License-Identifier: GPL-2.0-or-later
/* See layered.h. */
#include "cli/layered.h"

#include <errno.h>

#include "container/overlay_owner.h"
#include "util/cleanup.h"

void layered_unlock(struct layered *x)
{
	if (x->container)
		close_fd(&x->container->dir); /* and the lock with it */
}

void layered_close(struct layered *x)
{
	layers_close(x->layers);
	container_free(x->container);
	*x = (struct layered)LAYERED_EMPTY;
}

/* Its init is gone; in a container without a pid namespace others may live on. */
static int has_survivors(const struct container *c, bool *ret, struct err *e)
{
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	struct cgroup_events events = { 0 };
	int r = container_open_cgroup(c, &cg, e);

	if (r == -ENOENT) {
		*ret = false;
		return 0;
	}
	if (r == 0 && cg.fd >= 0)
		r = cgroup_events_read(&cg, &events, e);
	if (r == 0)
		*ret = events.populated;
	return r;
}

static int find_mounted(struct layered *x, struct err *e)
{
	if (x->status != STATUS_STOPPED) {
		x->mounted = true;
		return 0;
	}
	/* nobody knows which processes it had; to take its root for unused would be a guess */
	if (!x->container->record.bundle) {
		x->mounted = true;
		return 0;
	}
	return has_survivors(x->container, &x->mounted, e);
}

static int open_container(struct cli *cli, const char *id, struct layered *x, struct err *e)
{
	struct err none = ERR_INIT;
	int r = cli_container(cli, id, true, &x->container, &x->status, &none);

	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		*e = none;
		return r;
	}
	return find_mounted(x, e);
}

static int open_both(struct cli *cli, const char *id, struct layered *x, struct err *e)
{
	struct container *late = NULL;
	enum container_status status;
	int r = open_container(cli, id, x, e);

	if (r == 0)
		r = layers_open(cli->data, id, &x->layers, e);
	/* of a container that we do not see, nobody can tell whether its root is mounted */
	if (r == 0)
		r = overlay_owner_check(cli->data, id, cli->store, e);
	if (r < 0 || x->container)
		return r;
	/* somebody may have begun to make the container while we waited for its layers */
	if (cli_container(cli, id, false, &late, &status, &(struct err)ERR_INIT) == -ENOENT)
		return 0;
	container_free(late);
	layered_close(x);
	return -EAGAIN;
}

int layered_open(struct cli *cli, const char *id, struct layered *ret, struct err *e)
{
	struct layered x = LAYERED_EMPTY;
	int r = cli_data_root(cli, false, e);

	if (r == -ENOENT) {
		err_set(e, ERR_STATE, 0, "container '%s' has no layers", id);
		err_hint(e, "those of ctr run --overlay have");
		return r;
	}
	if (r == 0)
		r = overlay_owner_enter(cli->data, id, &cli->caller, e);
	if (r < 0)
		return r;
	do {
		r = open_both(cli, id, &x, e);
	} while (r == -EAGAIN);
	if (r < 0)
		layered_close(&x);
	else
		*ret = x;
	return r;
}

int layered_refuse_mounted(const struct layered *x, const char *id, const char *what, struct err *e)
{
	if (!x->mounted)
		return 0;
	err_set(e, ERR_STATE, 0, "%s: container '%s' is %s", what, id,
		x->status == STATUS_STOPPED ? "stopped, but processes of it live on"
					    : container_status_name(x->status));
	err_hint(e, "stop it first: ctr kill %s, or ctr delete --force --keep-layers %s", id, id);
	return -EBUSY;
}

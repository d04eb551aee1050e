/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps by which a container comes to be, for the two who take them: create, whose process is ctr-init,
 * and restore, whose processes come from images. Each pushes on c->undo what takes it back.
 */
#ifndef CTR_CONTAINER_STEPS_H
#define CTR_CONTAINER_STEPS_H

#include "container/container.h"

/*
 * All but the processes: config.json is read and checked, the record written, then addresses are leased,
 * the overlay mounted (detached), cgroup and resctrl group made, but for the device rules. c->plan is final.
 */
int container_prepare(struct container *c, const struct container_request *rq, struct err *e);

/*
 * Open what the plan names in the host's view; namespaces that are joined are checked. Needs
 * CAP_SYS_ADMIN.
 */
int container_open_all(struct container *c, struct err *e);

/* A driver that needs a process (cgroup_needs_process): make the cgroup around @pid, and set its limits. */
int container_settle_cgroup(struct container *c, pid_t pid, struct err *e);

/*
 * Attach the device rules to the cgroup: the two above leave that to do, before anything but ctr-init runs there.
 */
int container_filter_devices(const struct container *c, struct err *e);

/* Into the resctrl group and the subgroup of the cgroup that config.json asks for, if it does. */
int container_place_process(struct container *c, pid_t pid, struct err *e);

/* Should what follows fail: c->init is killed and reaped, then poststop hooks run. */
void container_undo_init_later(struct container *c);

/*
 * The network namespace of c->init.pid is new and empty: what ctr-init and ctr do in one while they create. A
 * ctr-init goes there for it, and ends. Packets are kept away until net_release. Nothing, where config.json asks for no
 * new one.
 */
int container_make_network(struct container *c, struct err *e);

/* prestart and createRuntime hooks, with c->init.pid in their state; the record says that they began. */
int container_runtime_hooks(struct container *c, struct err *e);

/* The record says "running": before it does, so that nobody takes a running program for a waiting one. */
int container_note_running(struct container *c, struct err *e);

#endif

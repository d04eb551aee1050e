/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a container. Creating one goes through these calls:
 *
 *   container_create   config -> plan -> cgroup, record, ctr-init; everything prepared, nothing run
 *   container_start    let it go; returns when the program is executing and poststart hooks are done
 *   container_abort    undo: no process, cgroup, mount or state is left
 *
 * and container_destroy ends one that exists. What they need of privileges, and do without, follows from
 * who the caller is (util/caller.h).
 */
#ifndef CTR_CONTAINER_CONTAINER_H
#define CTR_CONTAINER_CONTAINER_H

#include <stdbool.h>
#include <sys/types.h>

#include "container/record.h"
#include "container/spawn.h"
#include "container/state.h"
#include "container/undo.h"
#include "net/net.h"
#include "oci/spec.h"
#include "plan/plan.h"
#include "rootfs/overlay.h"
#include "security/security.h"
#include "util/err.h"

/* What is asked of the root filesystem beyond config.json. */
struct overlay_request {
	bool wanted;		   /* it is an overlay */
	bool ephemeral;		   /* what is written goes to a tmpfs, and away with it */
	uint64_t size;		   /* limit on that, in bytes; 0: none */
	const char *const *layers; /* directories above the bundle's rootfs, the lowest first */
	size_t layer_count;
	int data; /* data root, unless ephemeral; -EBADF: only a plan is wanted */
};

struct container_request {
	int store;	    /* state root */
	const char *id;	    /* checked by container_create */
	const char *bundle; /* directory */
	unsigned keep_fds;  /* fds 3.. that the payload keeps */
	int interrupt;	    /* becomes readable when the user wants to stop; < 0: never */
	bool wait_start;    /* create: the program waits for `ctr start` */
	bool no_pivot, no_keyring;
	bool merge_memory; /* by KSM (Linux 6.7) */
	bool notify;	   /* the payload gets a socket for sd_notify(3) */
	enum cgroup_driver driver;
	char *extra_env; /* NUL-separated entries before the process' own, or NULL */
	size_t extra_env_len;
	struct overlay_request overlay;
	bool strict;			 /* warnings about the config are errors */
	const char *config;		 /* another file than the bundle's config.json, or NULL */
	const struct net_setup *network; /* what --network says, finished; NULL: nothing */
	/* It comes from another host: in its record from the first moment (fence.h). Or NULL. */
	const struct container_move *move;
	const char *
		made_bundle; /* its bundle was made for it, with that mark (made_bundle.h); or NULL */
	const char *made_data; /* by whom has this data root; NULL: that of move */
	int data;	       /* data root, where networks are defined; network: it must be open */
	struct arena arena;    /* what is made of the command line lives here */
	/*
	 * Only a plan is wanted, for people to read: as if @caller ran it where cgroup v2 is mounted at
	 * /sys/fs/cgroup, so that it does not depend on who asks and where.
	 */
	bool explain;
	const struct caller *caller; /* who asks; explain: who is to be thought of */
};

/* The overlay that is the root, while the container is created (container/overlay.h). */
struct overlay_state {
	int data;		  /* data root; not owned */
	struct layers *layers;	  /* locked; NULL: there are none on disk */
	bool made;		  /* they are ours to remove should the rest fail */
	int mount;		  /* detached; -EBADF: none, or in the plan */
	struct overlay_late late; /* for init, when only that can mount */
};

/* One container while a command works on it. Owns everything it points to. */
struct container {
	struct arena arena;
	struct oci_spec *spec;
	char *config; /* text of config.json */
	size_t config_size;
	struct container_record record;
	struct plan *plan;
	struct seccomp_filter filter;
	struct cgroup_plan cgroup_plan;
	struct cgroup cgroup;
	uint64_t oom_kills_before; /* in the cgroup, before our process was in it */
	struct resctrl_plan resctrl;
	int resctrl_root;
	int store, dir, bundle, cgroup_root, interrupt, listener;
	int notify_tree; /* directory of the notify socket, for the container; -EBADF: none */
	int notify;	 /* the socket itself, once somebody waits on it */
	struct spawned init;
	int joined_network;	/* pidfd of the container whose network is joined; -EBADF: none */
	struct net_devices net; /* moved into the container's network namespace */
	bool announced;		/* init has said that the program comes next */
	struct overlay_state overlay;
	int console; /* master of the terminal, -EBADF if none */
	unsigned keep_fds;
	bool no_pivot, no_keyring, explain;
	struct caller caller;  /* who works on it: its creator until somebody else asks */
	const char *extra_env; /* borrowed */
	size_t extra_env_len;
	struct undo undo;
};

struct container *container_new(void); /* NULL when out of memory */
/* Releases memory and fds; leaves the container itself alone. NULL is fine. */
void container_free(struct container *c);
static inline void container_freep(struct container **c)
{
	container_free(*c);
}

/*
 * Read and check the bundle's config.json into @c (spec, record without process, cgroup plan).
 * No effect on the system: also the first half of explain.
 */
int container_load(struct container *c, const struct container_request *rq, struct err *e);

/* The first step of it: open the bundle, read and decode the config. */
int container_read_config(struct container *c, const char *bundle, const char *config,
			  struct err *e);

/*
 * When there is to be no cgroup (driver none), refuse limits, and a container whose processes only a
 * cgroup would hold together: one without a new pid namespace. -EINVAL.
 */
int container_check_disabled(const struct container *c, struct err *e);

/* Can @driver make cgroups here? -EOPNOTSUPP when it is not built, or systemd does not run. */
int container_check_driver(enum cgroup_driver driver, struct err *e);

/* -ENOSYS for a kernel that is too old. */
int container_check_kernel(struct err *e);
/* The same for merging of memory. */
int container_check_ksm(struct err *e);

/* The plan for what container_load read. No effect on the system. */
int container_plan(struct container *c, struct err *e);

/* Spec and bundle of an existing container, from the copy in its directory (checklist 0.3). */
int container_reload(struct container *c, struct err *e);

/*
 * The whole of "create" up to the point where only the program is left to execute. On failure all is
 * undone, poststop hooks included, and *ret is untouched.
 */
int container_create(const struct container_request *rq, struct container **ret, struct err *e);

/*
 * Execute the program: 0 once it runs and the poststart hooks are done. On failure the container is
 * undone as container_abort does.
 */
int container_start(struct container *c, struct err *e);

/* After container_create with wait_start: leave the container to itself, created. Undone on failure. */
int container_commit(struct container *c, struct err *e);

/*
 * `ctr start` of a container that container_open locked. On failure it is stopped and its poststop
 * hooks have run; delete removes it. @notify: if it was created with a notify socket, wait until its
 * service says that it is ready.
 */
int container_start_created(struct container *c, enum container_status status, bool notify,
			    struct err *e);

/* Take everything back: kill, poststop hooks, cgroup, state. */
void container_abort(struct container *c);

/*
 * Look an existing container up by id, with its lock if asked. *ret_status and c->record are filled;
 * c->record is zeroed when the record is missing or damaged, and that is no error here.
 */
int container_open(int store, const char *id, bool lock, struct container **ret,
		   enum container_status *ret_status, struct err *e);

enum destroy_flags {
	DESTROY_FORCE = 1,
	DESTROY_KEEP_LAYERS = 2,
};

/*
 * Remove a container that container_open locked: kill what lives with DESTROY_FORCE, else refuse unless it is
 * stopped or merely created; then cgroup, poststop hooks, layers unless DESTROY_KEEP_LAYERS, state. May be
 * repeated after any failure.
 * Poststop hooks that fail are warnings: *ret_warning (an err) says so, its kind stays ERR_NONE else.
 */
int container_destroy(struct container *c, enum container_status status, unsigned flags,
		      struct err *ret_warning, struct err *e);

/* Send @sig to the container's init. -ESRCH with "container not running" when there is none. */
int container_signal(const struct container *c, enum container_status status, int sig,
		     struct err *e);

/*
 * The signal that asks the container's program to end: what the annotation
 * org.opencontainers.image.stopSignal says, else SIGTERM. -EINVAL when it names no signal.
 */
int container_stop_signal(const struct container *c, struct err *e);

/*
 * Open the cgroup of an existing container. -ENOENT when it is gone. A container without a cgroup
 * yields one on which every call succeeds and does nothing.
 */
int container_open_cgroup(const struct container *c, struct cgroup *ret, struct err *e);

/* May it go on without a cgroup after cgroup_create failed with @r, or would? */
bool container_can_skip_cgroup(const struct container *c, int r);

/* For others than root of the host: cgroup_plan_delegate, for plan and record. */
int container_delegate_cgroup(struct container *c, struct err *e);

/*
 * Write the pid, digits only, under a temporary name and rename it to @path (checklist 3.5). -EEXIST when a device, a fifo
 * or a socket is there: they are not replaced.
 */
int container_write_pid_file(const char *path, pid_t pid, struct err *e);

/* Take back a pid file of something that has failed, if there is one, under the same condition. */
void container_remove_pid_file(const char *path);

#endif

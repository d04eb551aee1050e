/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host, this kernel and this user would refuse of a plan, found out by looking: nothing is
 * made, mounted, started or changed. Where init would fail, its report is made up, so that the words
 * are those of `ctr run`. What cannot be known without trying is not told. Private to container/.
 */
#ifndef CTR_CONTAINER_HOST_H
#define CTR_CONTAINER_HOST_H

#include <stdbool.h>

#include "cgroups/cgroup.h"
#include "cgroups/resctrl.h"
#include "oci/spec.h"
#include "plan/plan.h"
#include "util/caller.h"
#include "util/err.h"
#include "util/problems.h"

struct host_check {
	const struct oci_spec *spec;
	struct plan *plan;		       /* the whole of it */
	const struct cgroup_plan *cgroup_plan; /* NULL: no cgroup is wanted */
	const struct resctrl_plan *resctrl;
	int bundle, rootfs; /* rootfs: O_PATH, or -EBADF when there is none */
	int cgroup_root;    /* or -EBADF */
	const struct caller *caller;
	struct err *e; /* with the list of problems */
};

/* Looks at one thing; 0, or what err_keep() does not take (-ENOMEM). */
typedef int host_fn(struct host_check *h);

/* All checks, in the order of a container's life. 0 or -ENOMEM; the problems are in h->e->problems. */
int host_check_all(struct host_check *h);

/* Operation @op of the plan would fail with @errnum at @stage; @text is the detail, may be "". */
int host_op_fails(struct host_check *h, size_t op, enum plan_stage stage, int errnum,
		  const char *text);
/* Something else is not to be had: @errnum may be 0, @hint NULL. */
int host_lacks(struct host_check *h, const char *at, int errnum, const char *hint, const char *fmt,
	       ...) __attribute__((format(printf, 5, 6)));
/* Likewise when it may go well. */
int host_doubts(struct host_check *h, const char *at, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static inline bool host_can(const struct host_check *h, int cap)
{
	return h->caller->capabilities >> cap & 1;
}

/* host_files.c */
host_fn host_sources;	   /* rootfs, sources of mounts, namespace files */
host_fn host_mount_points; /* what they are mounted over */
host_fn host_program;	   /* process.args in the rootfs */
host_fn host_hooks;	   /* their executables */
host_fn host_hook_outputs; /* the files that annotations name for what they write */
host_fn host_listener;	   /* the agent's socket */

/* host_kernel.c */
host_fn host_namespaces, host_id_maps, host_filesystems, host_devices, host_sysctls, host_limits;
host_fn host_net_devices;

#endif

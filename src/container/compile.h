/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.json -> plan: the rooms in their order. */
#ifndef CTR_CONTAINER_COMPILE_H
#define CTR_CONTAINER_COMPILE_H

#include "container/record.h"
#include "oci/spec.h"
#include "plan/plan.h"
#include "rootfs/rootfs.h"
#include "security/security.h"
#include "util/caller.h"
#include "util/err.h"

struct compile_input {
	const struct oci_spec *spec;
	const struct container_record *record; /* for the state that hooks read */
	const char *cgroup_mount;	       /* where the host has its cgroup v2 tree, or NULL */
	const char *cgroup_path; /* the cgroup that the container will be in, or NULL */
	const struct seccomp_filter *filter;
	const struct caller *caller;
	unsigned lsms;		 /* enum security_lsm: what is on */
	unsigned keep_fds;	 /* fds 3.. that the payload keeps */
	bool ip6;		 /* the kernel has IPv6 */
	bool no_keyring;	 /* stay in the caller's session keyring */
	bool merge_memory;	 /* by KSM */
	bool no_pivot;		 /* move the root and chroot instead of pivot_root */
	int listener;		 /* create: socket that `ctr start` connects to; < 0: run at once */
	int notify;		 /* mount for the notify socket; < 0: none */
	const char *notify_path; /* where its directory is, for a caller who may not copy mounts */
	const char *document;	 /* exec: what the process was read from, or NULL */
	const struct rootfs_overlay *overlay; /* the root is one; NULL: it is not */
	const char *extra_env; /* NUL-separated entries that go before the process' own, or NULL */
	size_t extra_env_len;
};

/* Where `ctr exec` goes. */
struct compile_join {
	int pidfd;	  /* the container's init; not owned */
	uint64_t flags;	  /* CLONE_NEW* of the namespaces that are not ours */
	bool keep_groups; /* its user namespace denies setgroups */
};

/*
 * The whole plan. Pure: needs no privileges, opens nothing. The spec must outlive the plan.
 * -EINVAL with the JSON pointer for what cannot be honoured.
 */
int container_compile(const struct compile_input *in, struct plan **ret, struct err *e);

/*
 * The plan of `ctr exec`: join, then the same last steps as for the container's own program, with
 * @process instead of that of @in->spec. Pure.
 */
int container_compile_exec(const struct compile_input *in, const struct compile_join *join,
			   const struct oci_process *process, struct plan **ret, struct err *e);

/*
 * For the new network namespace @ns of processes that are restored: what the whole plan does in one, up to
 * PLAN_SYNC_READY. Pure.
 */
int container_compile_network(const struct oci_spec *spec, const struct net_setup *network, int ns,
			      bool ip6, struct plan **ret, struct err *e);

/* oom_score_adj as an operation, for a caller who could not write that of a ctr-init. */
void compile_oom_score(const struct compile_input *in, const struct oci_process *process,
		       struct plan *p);

/* Between the files of this topic: from the working directory to execve. */
int compile_process(const struct compile_input *in, const struct oci_process *process, bool hooks,
		    struct plan *p, struct err *e);

/*
 * Pure. The specification lets a config be without process until start; ctr refuses it at create
 * (doc/CONFORMANCE.md, L14). Error: ERR_UNSUPPORTED.
 */
int container_check_process_set(const struct oci_spec *spec, struct err *e);

#endif

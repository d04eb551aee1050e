/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the process that calls ctr may do, found out once. Everything that has to go another way for an
 * ordinary user, or for root of a user namespace, asks this value and not geteuid(): rooms that emit
 * get it (or single members of it) as an argument, so that plans for any caller can be tested.
 */
#ifndef CTR_UTIL_CALLER_H
#define CTR_UTIL_CALLER_H

#include <stdbool.h>
#include <stdint.h>

/* --rootless: what a lack of permission on cgroups means. */
enum caller_rootless {
	CALLER_AUTO,	     /* as who we are */
	CALLER_ROOTLESS,     /* go on without a cgroup, where nothing was asked of it */
	CALLER_NOT_ROOTLESS, /* an error */
};

struct caller {
	uint32_t uid, gid;     /* effective, in our user namespace */
	uint64_t capabilities; /* permitted, in our user namespace */
	bool initial_userns;   /* our user namespace is that of the host */
	bool copies_mounts;    /* open_tree(OPEN_TREE_CLONE) works in our mount namespace */
	bool makes_devices;    /* mknod and device programs: CAP_MKNOD of the initial namespace */
	bool maps_ids;	       /* CAP_SETUID and CAP_SETGID: any id map of ours can be given on */
	bool setgroups;	       /* not denied in our user namespace (and in all below it) */
	bool needs_no_cgroup;  /* see enum caller_rootless */
};

/* Ask the kernel. For root of the host this is three system calls. */
void caller_probe(enum caller_rootless word, struct caller *ret);

/* Root of the host with everything, and an ordinary user with nothing: for plans that nobody runs. */
struct caller caller_root(void);
struct caller caller_user(uint32_t uid, uint32_t gid);

/*
 * The uid on the host: root of a user namespace that maps its first id is whoever made that. For names in
 * /tmp and /run/user, which are the host's.
 */
uint32_t caller_host_uid(const struct caller *c);

/* May do in its mount namespace what root of the host may. */
static inline bool caller_is_privileged(const struct caller *c)
{
	return c->initial_userns && c->copies_mounts;
}

/* Neither an ordinary user nor confined to a user namespace. */
static inline bool caller_is_host_root(const struct caller *c)
{
	return c->initial_userns && c->uid == 0;
}

/*
 * Are attributes trusted.* there for this process (xattr(7): CAP_SYS_ADMIN of the host)? Then overlays are
 * mounted with trusted.overlay.*, and user.overlay.* are the container's own; otherwise it is user.overlay.*.
 * The kernel is asked once.
 */
bool caller_has_trusted_xattrs(void);

/* The same, for who must not take a failure for "no": 1, 0 or -errno. A later question has the same answer. */
int caller_ask_trusted_xattrs(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that give a container a network through sockets of the caller, who needs no privileges for it:
 * pasta(1) and slirp4netns(1). Here is what they are called with; container/network_helper.h runs them.
 */
#ifndef CTR_NET_HELPER_H
#define CTR_NET_HELPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "net/setup.h"
#include "util/err.h"

enum {
	NET_HELPER_FD = 3, /* where slirp4netns says that it is ready; pasta does on its stdout */
};

/* Does a program make networks of this kind? Its name is that of the kind. */
bool net_kind_has_helper(enum net_kind kind);

/* The attachment that has one; NULL: there is none. There is one at most: they stand alone. */
struct net_attachment *net_setup_helper(const struct net_setup *s);

/*
 * The executable, opened (O_PATH): a regular file in one of a few directories of the system that only root can
 * change. -ENOENT when it is not installed, with the package as advice; -EPERM when others can change it.
 */
int net_helper_open(enum net_kind kind, struct err *e);

/* What --network user stands for: the first of them that is installed, else the first. */
enum net_kind net_helper_default(void);

/*
 * Its arguments, NULL-terminated, in @a (pasta finds the network namespace on its stdin): for the network namespace of the process @pid, and its user namespace
 * unless @same_userns, when it is ours. NULL: out of memory. Pure.
 */
char **net_helper_argv(const struct net_setup *s, const struct net_attachment *at, pid_t pid,
		       bool same_userns, struct arena *a);

#endif

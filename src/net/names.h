/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the containers of a network. Each container has a hosts file of its own in its state directory
 * (ROOT/ID/hosts), which is bound into it; the network's directory has `names`, a list of who is there, and the
 * whole of each file follows from it. Files are changed in place, since what is bound is the file and
 * not its name.
 *
 * Changes are made under the lock of the network. Killed in between, some file lags behind, until the next
 * change writes all of them. A list of an earlier boot is void.
 */
#ifndef CTR_NET_NAMES_H
#define CTR_NET_NAMES_H

#include "net/setup.h"
#include "util/err.h"

/* One container of the list. */
struct names_entry {
	uint8_t uuid[NET_UUID_SIZE]; /* of the attachment */
	struct net_addr ip4, ip6;
	const char *id, *root; /* its state directory is root/id */
	const char *hostname;  /* "" or NULL: none; "-" stands for none in the list */
};

/* The file that one container sees: itself with @hostname, and those of @others. malloc'ed; -ENOMEM. Pure. */
int names_hosts_text(const struct names_entry *self, const struct names_entry *others, size_t count,
		     char **ret);

/*
 * Change the regular file @fd to hold @text, so that whoever reads it at any moment finds the old or the new
 * lines: it never is shorter than what is in it. 0 or -errno.
 */
int names_rewrite(int fd, const char *text);

/*
 * Put @e into the list of the network @dir (a directory, locked), or in the place of one with its uuid, and write
 * the files of all who are in it. Those whose state directory is gone are dropped from the list. Its own
 * file must be there already.
 */
int names_add(int dir, const char *boot, const struct names_entry *self, struct err *e);

/* Take it out, and write the files of the others. Not in it: 0. */
int names_remove(int dir, const uint8_t uuid[NET_UUID_SIZE], struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the containers of a network: one hosts file for all of them, `hosts` in the network's directory,
 * which is bound, read-only, into each. One more container, or one less, costs a few system calls, however many
 * there are. What is bound is the inode, so the file is changed in place, under the lock of the network.
 *
 * It consists of slots: lines of 64, 128 or 256 bytes, filled up with spaces, at multiples of their size. So no
 * slot lies across two pages, or two blocks of whoever reads by 1024 bytes or more. A slot that is free is a
 * comment. To fill one, its text is written behind the '#' first, and then the '#' is overwritten; to free
 * one, a '#' is put over its first byte. What a reader finds thus changes with the write of one byte, and a
 * writer that is killed leaves a comment. Free slots are used again; free ones at the end are cut off.
 *
 * Of a container there is a line for each address, with its id, which is told by the address: that is leased once.
 * A hostname other than the id has one line, "127.0.1.1 HOSTNAME", whoever has it, for as long as some line names
 * it in its comment: every container finds itself by it, and none another. An id goes before a hostname.
 *
 * The first line has the boot id: a file of an earlier boot is void, and replaced. Its owner is a user who
 * does not exist: otherwise root in a container could take a lease on it (fcntl(2), F_SETLEASE), and keep us
 * from opening it for writing.
 */
#ifndef CTR_NET_NAMES_H
#define CTR_NET_NAMES_H

#include "net/setup.h"
#include "util/err.h"

#define NAMES_FILE "hosts"

/* One container. */
struct names_entry {
	struct net_addr ip4, ip6;
	const char *id;
	const char *hostname; /* "" or NULL: none */
};

/* The file of a container that has none of a network: itself, with its hostname. malloc'ed; -ENOMEM. Pure. */
int names_hosts_text(const struct names_entry *self, char **ret);

/*
 * Change the regular file @fd to hold @text, so that whoever reads it at any moment finds the old or the new
 * lines: it never is shorter than what is in it. 0 or -errno.
 */
int names_rewrite(int fd, const char *text);

/*
 * Put @self into the hosts file of the network @dir (a directory, locked), which is made if need be. Lines of its
 * addresses that are there go first: a stale one's. An id or hostname that means this host, and a hostname with
 * bytes that no hostname has, is left out.
 */
int names_add(int dir, const char *boot, const struct names_entry *self, struct err *e);

/* Take out the lines of the address @a. Not in it, or no such file: 0. */
int names_remove(int dir, const struct net_addr *a, struct err *e);

/* Take out each address of which @lives (called with its text) is false, and hostnames that nobody has. */
int names_sweep(int dir, bool (*lives)(const char *address, void *data), void *data, struct err *e);

#endif

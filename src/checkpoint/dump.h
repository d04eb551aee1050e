/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the dump side (checkpoint.h). */
#ifndef CTR_CHECKPOINT_DUMP_H
#define CTR_CHECKPOINT_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/criu.h"
#include "checkpoint/external.h"

#define DUMP_LOG   "dump.log"
#define DUMP_STATS "stats-dump"

/* What is known of the container when its dump begins. */
struct dump_facts {
	pid_t pid;
	const char *root; /* path of the root filesystem */
	const char *
		freeze_cgroup; /* path of its cgroup's directory, or NULL: there is none to freeze */
	struct external_mounts mounts;
	const char *stdio[3];		 /* what descriptors.json says: see dump_stdio_find */
	bool own_network;		 /* a network namespace of its own: ctr makes it again */
	uint64_t outer_net, outer_pid;	 /* inodes of namespaces that it joined, 0: none */
	enum checkpoint_netlock netlock; /* what DEFAULT means here */
};

/*
 * The request to criu as checklist 4.4 has it. Pure; all that is allocated lives in @a. -ENOMEM; -EINVAL for a
 * page server that is no ADDRESS:PORT.
 */
int dump_options(const struct checkpoint_request *rq, const struct dump_facts *f, struct arena *a,
		 Criu__Options *ret, struct err *e);

/* "127.0.0.1:9000", "[::1]:9000": the address, in @a, and the port. -EINVAL. */
int dump_page_server(const char *text, struct arena *a, const char **ret_address, int *ret_port,
		     struct err *e);

/*
 * With lazy pages: let criu listen at the address of @o->ps, and at no other one. @o, its strings in @a, names the
 * descriptor *ret (owned by the caller) until criu has read it. -EINVAL unless it is an IP address.
 */
int dump_listen(struct arena *a, Criu__Options *o, int *ret, struct err *e);

/*
 * With lazy pages that somebody else gives: criu's page server gets the descriptor @number of its own, whose other end is
 * closed, and has nothing to do. @o and *ret as above.
 */
int dump_listen_nowhere(struct arena *a, Criu__Options *o, int number, int *ret, struct err *e);

/*
 * What fds 0, 1 and 2 of the process @pid are, as restore gives them new ones: a file or device that is not below its mounts as
 * CRIU names what it is told to leave out ("file[1c:4]", "tty[8803:18]": ids of mount and inode, or of device
 * and filesystem, in hexadecimal); anything else as readlink(2) of /proc/PID/fd has it ("pipe:[123]", "/etc/motd");
 * "" for one that is closed. In @a.
 */
int dump_stdio_find(int pid, struct arena *a, const char *ret[3], struct err *e);

/* Must CRIU be told of it? */
bool dump_stdio_is_outside(const char *name);

/* The array of these as descriptors.json (checklist 4.2) in the directory @images. */
int dump_stdio_write(int images, const char *const names[3], struct err *e);

/* The file stats-dump: two magic numbers, a size, one message. -EBADMSG. Pure. */
int dump_stats_decode(const void *data, size_t size, size_t page_size,
		      struct checkpoint_result *ret);

/* The same, from the directory @work; nothing but zeros when there is none. */
void dump_stats_read(int work, struct checkpoint_result *ret);

#endif

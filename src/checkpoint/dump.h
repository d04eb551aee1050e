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

/* The file stats-dump: two magic numbers, a size, one message. -EBADMSG. Pure. */
int dump_stats_decode(const void *data, size_t size, size_t page_size,
		      struct checkpoint_result *ret);

/* The same, from the directory @work; nothing but zeros when there is none. */
void dump_stats_read(int work, struct checkpoint_result *ret);

#endif

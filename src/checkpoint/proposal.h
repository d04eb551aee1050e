/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the source says of a container before it sends it, so that the destination can tell everything that is
 * in the way at once, before anything stands still: plain data, and its two forms (a struct, JSON).
 */
#ifndef CTR_CHECKPOINT_PROPOSAL_H
#define CTR_CHECKPOINT_PROPOSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/wire.h"
#include "container/container.h"
#include "oci/json.h"
#include "oci/json_out.h"
#include "util/digest.h"
#include "util/err.h"

/* What a host is, as far as running tasks may depend on it. */
struct host_facts {
	const char *name, *kernel, *arch; /* uname(2) */
	const char *cpu;		  /* instruction set extensions, separated by blanks */
	const char *boot_id;
	uint64_t netns; /* inode of our network namespace */
	int criu;	/* 31701 is 3.17.1; 0: there is none */
};

/* Strings live in @a. @criu: the version, which the caller has asked for. */
int host_facts_get(struct arena *a, int criu, struct host_facts *ret, struct err *e);

/*
 * The words of @wanted that are not in @have, but may be used by programs, into @buf (cut to fit): how many. @wanted and
 * @have as in /proc/cpuinfo. Pure.
 */
size_t host_cpu_missing(const char *wanted, const char *have, char *buf, size_t size);

/* "6.1.0-18-amd64" against "5.14": negative, 0, positive, by the first two numbers. Pure. */
int host_kernel_compare(const char *a, const char *b);

struct proposal {
	const char *token, *bundle;
	const char *id;		   /* what it is to be called there */
	const char *from;	   /* and is called here */
	const char *config_digest; /* of the message CONFIG */
	struct host_facts host;
	uint64_t memory; /* bytes that its tasks use now */
	bool overlay;	 /* its root is an overlay on the disk */
	uint64_t overlay_size;
	oci_strings layers; /* --layer: directories above the bundle's root, the lowest first */
	struct net_setup network;
	struct checkpoint_flags flags;
	bool no_keyring;
	bool dry_run;
	bool post_copy; /* it is to run there before its memory has come */
};

/* Of the container @c and its record; p->id stays if it is set. Borrows from @c; the rest lives in @a. -ENOMEM. */
int proposal_describe(const struct container *c, struct arena *a, struct proposal *p);

/* As members of the object that is open. */
void proposal_write(struct json_out *o, const struct proposal *p);

/*
 * Read it back; strings live in @a, which must live as long. What cannot be believed is -EBADMSG. The network is
 * made ready to be asked for again: same addresses and MACs, nothing of the other host.
 */
int proposal_read(const struct json_node *o, struct arena *a, struct proposal *ret, struct err *e);

/* The digest of @size bytes, as it stands in a proposal. */
int proposal_digest(const void *data, size_t size, char ret[DIGEST_TEXT], struct err *e);

#endif

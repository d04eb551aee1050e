/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What checkpoint and restore have in common on the command line, and the rounds of a checkpoint. */
#ifndef CTR_CLI_CHECKPOINT_H
#define CTR_CLI_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/rounds.h"
#include "cli/cli.h"
#include "cli/progress.h"

/* Of both commands. */
struct checkpoint_words {
	const char *image_path, *work_path, *manage_cgroups, *empty_ns, *network_lock;
	bool tcp_established, ext_unix_sk, shell_job, file_locks, lazy_pages, auto_dedup;
};

extern const char *const checkpoint_cgroup_words[], *const checkpoint_netlock_words[],
							    *const checkpoint_empty_words[];

/* clang-format off */
#define CHECKPOINT_OPTION(at, field) (at) + offsetof(struct checkpoint_words, field)
#define CHECKPOINT_OPTIONS(at)                                                                        \
	{ "image-path", 0, CLI_STRING, "DIR", CHECKPOINT_OPTION(at, image_path),                      \
	  "where the images are (default ./checkpoint)", NULL },                                      \
	{ "work-path", 0, CLI_STRING, "DIR", CHECKPOINT_OPTION(at, work_path),                        \
	  "where logs and statistics go (default: to the images)", NULL },                            \
	{ "tcp-established", 0, CLI_FLAG, NULL, CHECKPOINT_OPTION(at, tcp_established),               \
	  "keep TCP connections", NULL },                                                             \
	{ "ext-unix-sk", 0, CLI_FLAG, NULL, CHECKPOINT_OPTION(at, ext_unix_sk),                       \
	  "unix sockets may have their other end outside of the container", NULL },                   \
	{ "shell-job", 0, CLI_FLAG, NULL, CHECKPOINT_OPTION(at, shell_job),                           \
	  "its session and terminal may be the caller's", NULL },                                     \
	{ "file-locks", 0, CLI_FLAG, NULL, CHECKPOINT_OPTION(at, file_locks),                         \
	  "keep locks on files, which nobody else must hold meanwhile", NULL },                       \
	{ "lazy-pages", 0, CLI_FLAG, NULL, CHECKPOINT_OPTION(at, lazy_pages),                         \
	  "memory is fetched when it is used", NULL },                                                \
	{ "auto-dedup", 0, CLI_FLAG, NULL, CHECKPOINT_OPTION(at, auto_dedup),                         \
	  "free the room of pages that newer images replace", NULL },                                 \
	{ "manage-cgroups-mode", 0, CLI_STRING, "MODE", CHECKPOINT_OPTION(at, manage_cgroups),        \
	  "soft, full, strict or ignore: ctr makes cgroups itself, as for create", checkpoint_cgroup_words }, \
	{ "empty-ns", 0, CLI_STRING, "network", CHECKPOINT_OPTION(at, empty_ns),                      \
	  "ctr makes the network itself: always so", checkpoint_empty_words },                        \
	{ "network-lock", 0, CLI_STRING, "METHOD", CHECKPOINT_OPTION(at, network_lock),               \
	  "keep packets away with iptables or nftables, or skip that", checkpoint_netlock_words }
/* clang-format on */

/* The same as the lower rooms want it. */
void checkpoint_flags_of(const struct checkpoint_words *w, struct checkpoint_flags *ret);

/* The directory of images that --image-path names, or the default one; @create: made (0700) if it is missing. */
int checkpoint_open_images(const struct checkpoint_words *w, bool create, int *ret_fd,
			   struct err *e);
/* That of logs; a copy of @images when there is no other. */
int checkpoint_open_work(const struct checkpoint_words *w, int images, bool create, int *ret_fd,
			 struct err *e);

/* Only root of the host can: ERR_UNSUPPORTED "VERB requires root". */
int checkpoint_check_caller(const struct cli *cli, const char *verb, struct err *e);

/* ---- rounds ---- */

struct checkpoint_round {
	struct checkpoint_result result;
	uint64_t usec; /* all of it */
};

struct checkpoint_rounds {
	struct checkpoint_round
		items[ROUNDS_MAX + 1]; /* the last one is the dump, unless it is pre_dump */
	size_t count;
};

/*
 * Dump @c as @rq says. @iterate: pre-dumps before it, "auto" or how many, in the directories 1, 2, ... of
 * rq->images, or NULL. Lines on a terminal, or JSON lines, by @progress.
 */
int checkpoint_run_rounds(struct container *c, const struct checkpoint_request *rq,
			  const char *iterate, const char *progress, struct checkpoint_rounds *ret,
			  struct err *e);

/* -EINVAL unless it is "auto" or a number from 1 to ROUNDS_MAX; *ret_count is 0 for "auto". */
int checkpoint_parse_iterate(const char *text, unsigned *ret_count, struct err *e);

#endif

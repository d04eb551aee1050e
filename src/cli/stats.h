/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `ctr events` and `ctr stats` share. */
#ifndef CTR_CLI_STATS_H
#define CTR_CLI_STATS_H

#include "cgroups/cgroup.h"
#include "cli/cli.h"
#include "oci/json_out.h"

/* The object that containerd and others know from `runc events --stats` as "data" (checklist 3.12). */
void stats_json(struct json_out *o, const struct cgroup_stats *s, const struct net_setup *net);

/*
 * The value of an --interval option, in milliseconds; @fallback when it is not given. -EINVAL unless it is
 * a duration of at least one millisecond.
 */
int stats_interval(const char *text, int64_t fallback, int64_t *ret_ms, struct err *e);

/* CLOCK_MONOTONIC in microseconds. */
uint64_t stats_now_usec(void);

/* Finish @o and write it to stdout as one line, at once. Releases @o in any case. */
int stats_print_line(struct json_out *o, struct err *e);

/*
 * Open a container that lives, and its cgroup, without its lock. A stopped one is -EINVAL: "container with
 * id ... is not running", one that has no cgroup -EOPNOTSUPP.
 */
int stats_open(struct cli *cli, const char *id, struct container **ret, struct cgroup *ret_cg,
	       struct err *e);

#endif

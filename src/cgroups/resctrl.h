/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux.intelRdt: a class of service (CLOS) of the CPU's cache and memory bandwidth, and a monitoring
 * group, in resctrl. resctrl_emit is pure; the rest works below a descriptor of the mount, on the host.
 * Where config.json has no intelRdt nothing here is called.
 *
 * Sources: runtime-spec 1.3 config-linux.md ("IntelRdt"), oci-checklist 1.7, and
 * Documentation/arch/x86/resctrl.rst of the kernel.
 */
#ifndef CTR_CGROUPS_RESCTRL_H
#define CTR_CGROUPS_RESCTRL_H

#include <stdbool.h>
#include <sys/types.h>

#include "oci/spec.h"
#include "util/arena.h"
#include "util/err.h"

#define RESCTRL_ROOT_GROUP "/" /* the class of everything that is in no other */

enum resctrl_made {
	RESCTRL_GROUP = 1, /* the container's own */
	RESCTRL_MONITOR = 2,
	RESCTRL_CLASS = 4, /* one with a name; others may have come to it meanwhile */
};

/* Where a container is. Goes into the record before anything is made. */
struct resctrl_place {
	const char *group;   /* a directory below the mount, or RESCTRL_ROOT_GROUP; NULL: nowhere */
	const char *monitor; /* a directory in mon_groups of the group; NULL: none */
	unsigned made;	     /* enum resctrl_made: what is removed with the container */
};

struct resctrl_plan {
	struct resctrl_place place; /* made: 0 */
	bool named;		    /* by closID: others may be in it, now or later */
	const char *schemata;	    /* lines, each with its newline; NULL: leave them as they are */
};

/*
 * Translate linux.intelRdt of @spec for the container @id; *@ret lives in @a and in @spec. A group of
 * NULL when there is none. -ENOMEM.
 */
int resctrl_emit(const struct oci_spec *spec, const char *id, struct arena *a,
		 struct resctrl_plan *ret, struct err *e);

/* The mount of resctrl: /sys/fs/resctrl, else as in mountinfo. -ENODEV with advice when there is none. */
int resctrl_root_open(int *ret_fd, struct err *e);

/* What resctrl_create is going to make, for the record that is written before it. */
unsigned resctrl_missing(int root_fd, const struct resctrl_plan *plan);

/* Would resctrl_create find what it needs? Its errors, as far as they show without making anything. */
int resctrl_probe(int root_fd, const struct resctrl_plan *plan, struct err *e);

/*
 * Make the group and the monitoring group and write the schemata, under the lock that resctrl.rst asks
 * for (it is waited for up to ten seconds: -ETIMEDOUT). *@ret_made says what was made.
 * A class with a name that exists is taken as it is, if its schemata are those of the plan: else
 * -EEXIST; without schemata it must exist: else -ENOENT. What is named after the container must not
 * exist: -EEXIST. What the kernel rejects is said with info/last_cmd_status.
 * On failure nothing that was made here is left.
 */
int resctrl_create(int root_fd, const struct resctrl_plan *plan, unsigned *ret_made, struct err *e);

/*
 * Write @schemata, lines, to the group of a container that exists; *ret_old is what it had before, for
 * the way back by the same call, malloc'ed (@ret_old may be NULL). The class of everybody else,
 * RESCTRL_ROOT_GROUP, is refused (-EINVAL). What the kernel rejects is said as above.
 */
int resctrl_update(int root_fd, const struct resctrl_place *place, const char *schemata,
		   char **ret_old, struct err *e);

/* Put the process into the groups. Its children are born there. */
int resctrl_join(int root_fd, const struct resctrl_place *place, pid_t pid, struct err *e);

/*
 * Remove what place->made says. What is gone already is no error, and a RESCTRL_CLASS with a process in it
 * stays: the kernel would let it out.
 */
int resctrl_remove(int root_fd, const struct resctrl_place *place, struct err *e);

/*
 * Do the lines of @is, a file "schemata", say all that those of @wanted say? Blanks, the order of domains
 * and leading zeros do not count; what @wanted does not mention may be anything. Else *@ret_line is
 * the first line of @wanted that they do not.
 */
bool resctrl_schemata_hold(const char *is, const char *wanted, const char **ret_line);

#endif

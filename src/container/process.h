/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who a process is, beyond its pid: a recycled pid is never mistaken for ours (security.md R15). */
#ifndef CTR_CONTAINER_PROCESS_H
#define CTR_CONTAINER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

struct process_identity {
	pid_t pid;	      /* 0: none */
	uint64_t start_time;  /* clock ticks since boot, field 22 of /proc/PID/stat */
	uint64_t pidfd_inode; /* of pidfs (Linux 6.9), 0 before */
	char boot_id[40];
};

/* Describe the live process @pid; @pidfd is a pidfd of it. */
int process_identify(pid_t pid, int pidfd, struct process_identity *ret, struct err *e);

/* The boot id alone, for a record without a process. */
int process_boot_id(char *buf, size_t size, struct err *e);

/*
 * A pidfd for the very process that was identified. -ESRCH when it is gone, is a zombie, or its pid
 * belongs to somebody else now; another error when that cannot be told (no /proc, no descriptors left).
 */
int process_open(const struct process_identity *id, int *ret_pidfd);

/*
 * True when @id has ended, or is about to, without having executed anything but ctr-init. False when
 * it lives, when it ended as something else, and when it was reaped, because then nobody knows. A start
 * time of 0 is that of a child of ours that was not waited for.
 */
bool process_ended_as_init(const struct process_identity *id);

/*
 * The wait status of a process that has ended and was not yet reaped; -ESRCH when it was, or is not
 * dead, or we may not look at it (then the kernel would show 0); the caller has made sure that it lived in this boot.
 */
int process_zombie_status(const struct process_identity *id, int *ret_status);

/* The cgroup (v2) of the process, as a path below the root of our cgroup namespace. -ESRCH. */
int process_cgroup(pid_t pid, char *buf, size_t size);

#endif

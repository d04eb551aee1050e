/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clocks of a new time namespace: written from the host's side. */
#ifndef CTR_NAMESPACES_TIMENS_H
#define CTR_NAMESPACES_TIMENS_H

#include <sys/types.h>

#include "oci/spec.h"
#include "util/err.h"

/*
 * Write linux.timeOffsets to /proc/PID/timens_offsets of a process that has unshared its time
 * namespace and has no child in it yet, and read them back. time_namespaces(7), Linux 5.6; needs
 * CAP_SYS_TIME in the namespace's owner.
 */
int timens_write(pid_t pid, const struct oci_linux *l, struct err *e);

#endif

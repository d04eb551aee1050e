/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network inside a container's own namespace, as netlink requests in the plan. Pure. */
#ifndef CTR_NET_NET_H
#define CTR_NET_NET_H

#include "oci/spec.h"
#include "plan/plan.h"

/* A new network namespace gets its loopback brought up (rtnetlink(7), RTM_NEWLINK with IFF_UP). */
void net_emit(const struct oci_spec *spec, struct plan *p);

#endif

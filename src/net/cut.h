/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container is taken off its networks, and nothing of it is given up: the host's side of its links goes down, so that
 * its kernel answers to nobody in its name (not even acknowledges what came for its connections).
 */
#ifndef CTR_NET_CUT_H
#define CTR_NET_CUT_H

#include "net/setup.h"
#include "util/err.h"

/* Links that are gone already are passed over. Need CAP_NET_ADMIN in our network namespace. */
int net_cut(const struct net_setup *s, struct err *e);
int net_mend(const struct net_setup *s, struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a new network is given that its user did not choose. Between the files of this topic. */
#ifndef CTR_NET_DEFINITION_NEW_H
#define CTR_NET_DEFINITION_NEW_H

#include "net/definition.h"

/*
 * Check @def and fill it in, next to the networks that there are and to what the host uses. The caller
 * holds the lock that keeps others from making one meanwhile.
 */
int net_def_complete(int data, struct net_def *def, bool both, struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The purpose "replicate" of a connection (receive.h): generations of a container come, and are kept (standby.h).
 *
 *   source                                       here
 *   STANDBY {id, epoch}                     -->
 *                                           <--  STANDBY {fenced, epoch, newest, instance}
 *   PROPOSAL, CONFIG                        -->
 *                                           <--  ANSWER, as for a move
 *   ROOT ... (rootsync.h: layers, COMMIT)   <->
 *   and for each generation:
 *   STANDBY {generation, parent, ...}       -->
 *   ROUND, FILE, DATA ..., ROUND_END        -->  images
 *   ROOT (ROUND, DATA ..., END)             -->  what its files changed
 *   STANDBY {complete}                      -->  on the disk
 *                                           <--  STANDBY {fenced, epoch, newest, instance}
 */
#ifndef CTR_CHECKPOINT_STANDBY_RECEIVE_H
#define CTR_CHECKPOINT_STANDBY_RECEIVE_H

#include "checkpoint/receive.h"

#define STANDBY_PURPOSE "replicate"

/* Serve one connection after its hello. When it fails the other end was told. */
int standby_receive(const struct receive_request *rq, struct wire *w, struct err *e);

#endif

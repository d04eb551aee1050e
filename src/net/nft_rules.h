/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of the table "inet ctr", which never change. Only files of this room include this. */
#ifndef CTR_NET_NFT_RULES_H
#define CTR_NET_NFT_RULES_H

#include "util/err.h"

/* The sets and maps that the rules look things up in. Data is where a map leads to. */
#define NFT_BRIDGES   "bridges"	  /* interface */
#define NFT_SAME      "same"	  /* interface . the same: traffic within a network */
#define NFT_MASQ4     "masq4"	  /* interface */
#define NFT_MASQ6     "masq6"	  /* interface */
#define NFT_INTERNAL  "internal"  /* interface */
#define NFT_ISOLATED4 "isolated4" /* address */
#define NFT_ISOLATED6 "isolated6" /* address */
#define NFT_ADDR4     "addr4"	  /* protocol . address . port -> address . port */
#define NFT_ADDR6     "addr6"
#define NFT_ANY4      "any4" /* protocol . port -> address . port */
#define NFT_ANY6      "any6"

/*
 * Make table, sets and rules in one transaction unless they are there. @sock: nft_socket(). libnftables
 * is loaded for it. -EOPNOTSUPP: without it, or built without it.
 */
int nft_rules_ensure(int sock, struct err *e);

#endif

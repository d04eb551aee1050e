/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements of sets and maps of nftables, over nfnetlink: what is done for each container. The rules that
 * look them up are made once, by nft_rules.c. Every change is one transaction: all of it or nothing.
 * Only files of this room, and tests, include this.
 *
 * Sources: linux/netfilter/nf_tables.h, nfnetlink.h (Linux 5.14); the layout of a concatenated key (each
 * part padded to four bytes) and of comments (libnftnl's udata.h: type, length, text with NUL) is what
 * nft(8) reads back.
 */
#ifndef CTR_NET_NFT_WIRE_H
#define CTR_NET_NFT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/setup.h"

#define NFT_TABLE "ctr"

enum {
	NFT_KEY_MAX = 32,
	NFT_DATA_MAX = 20,
	NFT_OWNER_MAX = 120, /* with NUL; a comment has room for 128 */
	NFT_CHANGES_MAX =
		2 * NET_PORTS_MAX + 2 /* ports and addresses of one container, of both families */
};

struct nft_element {
	const char *set; /* name of the set or map, of static storage */
	uint8_t key[NFT_KEY_MAX], data[NFT_DATA_MAX];
	uint8_t key_len, data_len; /* data_len 0: a set */
	char owner[NFT_OWNER_MAX]; /* its comment */
};

struct nlmsghdr; /* linux/netlink.h */

/* A socket of NETLINK_NETFILTER in our network namespace, or -errno. */
int nft_socket(void);

/* The number of the ruleset: it changes with every transaction of anybody in this network namespace. */
int nft_generation(int sock, uint32_t *ret);

/* Is there this chain in our table? 1, 0 or -errno. */
int nft_chain_exists(int sock, const char *chain);

/*
 * Fill in what the kernel knows of @el->set and @el->key: its data and owner. -ENOENT when there is no
 * such element (or set, or table).
 */
int nft_element_get(int sock, struct nft_element *el);

struct nft_elements {
	struct nft_element *items; /* malloc'ed, owned by the caller */
	size_t count, room;
};

/* All elements of a set, in no order, through a socket of its own. Without set or table there are none. */
int nft_elements_read(const char *set, struct nft_elements *ret);

/*
 * Add, or delete, @count elements in one transaction. @generation: only if the ruleset is still that one,
 * else -ERESTART. Adding what is there is -EEXIST, deleting what is not is -ENOENT; *ret_failed is
 * the index of the first element that was refused. Needs CAP_NET_ADMIN in the network namespace's owner.
 */
int nft_elements_change(int sock, bool add, const struct nft_element *list, size_t count,
			uint32_t generation, size_t *ret_failed);

/* ---- a transaction, message by message: for nft_hold.c ---- */

/*
 * The head of a message of @type (NFNL_SUBSYS_... << 8 | NFT_MSG_...) at @buf, which is zeroed and has room; attributes
 * follow. @res_id: 0 unless it begins or ends a batch.
 */
struct nlmsghdr *nft_message(void *buf, uint16_t type, uint16_t flags, uint32_t seq, uint8_t family,
			     uint16_t res_id);
/* Each returns its length. @generation 0: whatever the ruleset is. */
size_t nft_batch_begin(char *buf, uint32_t generation);
size_t nft_batch_end(char *buf, uint32_t seq);
/* Send it; @last: number of the message that wants an answer (NLM_F_ACK). 0, or -errno of the first that was refused. */
int nft_batch_commit(int sock, const char *buf, size_t len, uint32_t last);

/* Delete the table @name with all that is in it, if the ruleset is still @generation, else -ERESTART. -ENOENT. */
int nft_table_delete(int sock, const char *name, uint32_t generation);

enum {
	NFT_NAME_MAX = 256 /* of a table, with NUL: NFT_TABLE_MAXNAMELEN */
};

/* The first table of the family inet of which @wanted says so: its name. -ENOENT. */
int nft_table_find(int sock, bool (*wanted)(const char *name, const void *data), const void *data,
		   char ret[NFT_NAME_MAX]);

#endif

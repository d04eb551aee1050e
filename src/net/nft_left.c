// SPDX-License-Identifier: GPL-2.0-or-later
/* See nft_left.h. */
#include "net/nft_left.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "net/nft_wire.h"
#include "net/visit.h"
#include "util/cleanup.h"

enum {
	TRIES = 1000 /* others change the ruleset at the same time */
};

static bool is_named(const char *name, const void *data)
{
	size_t len = strlen(data);

	return strncmp(name, data, len) == 0 && (name[len] == '\0' || name[len] == '-');
}

/* 1: there was one. */
static int delete_one(int sock, const char *name)
{
	char table[NFT_NAME_MAX];
	uint32_t generation = 0;
	int r = nft_generation(sock, &generation);

	if (r == 0)
		r = nft_table_find(sock, is_named, name, table);
	if (r == 0)
		r = nft_table_delete(sock, table, generation);
	return r == 0 ? 1 : r == -ENOENT ? 0 : r;
}

int nft_left_delete(int ns, const char *name, struct err *e)
{
	cleanup_fd int sock = net_socket_in(ns, nft_socket);
	int count = 0, r = sock < 0 ? sock : 1;

	for (int i = 0; (r == 1 || r == -ERESTART) && i < TRIES; i++) {
		r = delete_one(sock, name);
		count += r == 1;
	}
	if (r == -ENOTRECOVERABLE) {
		err_set(e, ERR_SYSTEM, 0, "leave a container's network namespace");
		return r;
	}
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remove the firewall table 'inet %s'", name)
		     : count;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See netlink.h. */
#include "net/netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	REPLY_SIZE = 32768, /* as rtnetlink(7) wants it for dumps */
	DUMP_TRIES = 100,   /* somebody is busy on the host, but not for ever */
};

void netlink_begin(struct netlink_request *r, uint16_t type, uint16_t flags)
{
	memset(r, 0, sizeof(*r));
	r->h = mnl_nlmsg_put_header(r->buf);
	r->h->nlmsg_type = type;
	r->h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	r->h->nlmsg_seq = 1;
}

struct ifinfomsg *netlink_begin_link(struct netlink_request *r, uint16_t type, uint16_t flags,
				     int index)
{
	struct ifinfomsg *ifi;

	netlink_begin(r, type, (uint16_t)(NLM_F_ACK | flags));
	ifi = mnl_nlmsg_put_extra_header(r->h, sizeof(*ifi));
	ifi->ifi_index = index;
	return ifi;
}

/*
 * The kernel marks a dump during which something changed, which libmnl takes for its end: the rest would
 * stay in the socket, for whoever asks next. So the marks are taken off, and remembered.
 */
static bool take_marks(char *reply, ssize_t n)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)reply;
	bool marked = false;
	int left = (int)n;

	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		marked |= h->nlmsg_flags & NLM_F_DUMP_INTR;
		h->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
	}
	return marked;
}

int netlink_run(int sock, const struct netlink_request *r, mnl_cb_t cb, void *data)
{
	char *reply = malloc(REPLY_SIZE);
	bool changed = false;
	int more = MNL_CB_OK;
	ssize_t n;

	if (!reply)
		return -ENOMEM;
	errno = 0;
	n = send(sock, r->h, r->h->nlmsg_len, 0);
	while (n >= 0 && more > MNL_CB_STOP) {
		n = recv(sock, reply, REPLY_SIZE, 0);
		if (n > 0)
			changed |= take_marks(reply, n);
		if (n >= 0)
			more = mnl_cb_run(reply, (size_t)n, r->h->nlmsg_seq, 0, cb, data);
	}
	free(reply);
	if (n < 0 || more < 0)
		return errno ? -errno : -EIO;
	return changed ? -EINTR : 0;
}

int netlink_dump(int sock, const struct netlink_request *r, mnl_cb_t cb,
		 void (*restart)(void *data), void *data)
{
	int n = -EINTR;

	for (int i = 0; n == -EINTR && i < DUMP_TRIES; i++) {
		restart(data);
		n = netlink_run(sock, r, cb, data);
	}
	return n;
}

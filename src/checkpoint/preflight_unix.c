// SPDX-License-Identifier: GPL-2.0-or-later
/* Preflight: unix sockets and who is at their other ends, by unix_diag (sock_diag(7)). */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "checkpoint/preflight_internal.h"
#include "net/visit.h"
#include "util/cleanup.h"

/* What is known of one unix socket of the namespace. */
struct unix_socket {
	uint32_t inode, peer; /* of the other end, 0: none */
	uint32_t unread;      /* bytes that wait at the other end */
	bool connected;
	uint8_t type;
	char name[sizeof(((struct sockaddr_un *)0)->sun_path) + 1]; /* "@" in front: abstract */
};

struct unix_sockets {
	struct unix_socket *items;
	size_t count, room;
	int error;
};

static void free_sockets(struct unix_sockets *l)
{
	free(l->items);
}

static const struct unix_socket *find(const struct unix_sockets *l, uint32_t inode)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].inode == inode)
			return &l->items[i];
	return NULL;
}

/* ---- asking the kernel ---- */

static void set_name(struct unix_socket *u, const struct nlattr *attr)
{
	const char *name = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	if (len >= sizeof(u->name))
		len = sizeof(u->name) - 1;
	memcpy(u->name, name, len);
	if (len > 0 && u->name[0] == '\0')
		u->name[0] = '@';
}

static void read_attributes(const struct nlmsghdr *h, struct unix_socket *u)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, h, sizeof(struct unix_diag_msg))
	{
		if (mnl_attr_get_type(attr) == UNIX_DIAG_NAME)
			set_name(u, attr);
		if (mnl_attr_get_type(attr) == UNIX_DIAG_PEER &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) == 0) {
			u->peer = mnl_attr_get_u32(attr);
			u->connected = true;
		}
		if (mnl_attr_get_type(attr) == UNIX_DIAG_RQLEN &&
		    mnl_attr_get_payload_len(attr) == sizeof(struct unix_diag_rqlen))
			u->unread = ((const struct unix_diag_rqlen *)mnl_attr_get_payload(attr))
					    ->udiag_wqueue;
	}
}

static int collect(const struct nlmsghdr *h, void *data)
{
	const struct unix_diag_msg *m = mnl_nlmsg_get_payload(h);
	struct unix_sockets *l = data;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return MNL_CB_OK;
	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct unix_socket *items = reallocarray(l->items, room, sizeof(*items));

		if (!items) {
			l->error = -ENOMEM;
			return MNL_CB_ERROR;
		}
		l->items = items;
		l->room = room;
	}
	l->items[l->count] = (struct unix_socket){ .inode = m->udiag_ino, .type = m->udiag_type };
	read_attributes(h, &l->items[l->count++]);
	return MNL_CB_OK;
}

static int send_request(int fd)
{
	struct {
		struct nlmsghdr h;
		struct unix_diag_req r;
	} request = {
		.h = { .nlmsg_len = sizeof(request),
		       .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.r = { .sdiag_family = AF_UNIX,
		       .udiag_states = UINT32_MAX,
		       .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN },
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

static int dump(int fd, struct unix_sockets *l)
{
	_Alignas(struct nlmsghdr) char buf[32768];
	int r = send_request(fd);

	if (r < 0)
		return r;
	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		r = mnl_cb_run(buf, (size_t)n, 0, 0, collect, l);
		if (l->error < 0)
			return l->error;
		if (r < 0)
			return -errno;
		if (r == MNL_CB_STOP)
			return 0;
	}
}

/* A socket of the kind that asks, in the task's network namespace. As net_socket_in. */
static int open_diag(const struct preflight_task *task)
{
	cleanup_fd int ns = openat(task->dir, "ns/net", O_RDONLY | O_CLOEXEC);

	return ns < 0 ? -errno : net_socket_in(ns, net_diag_socket);
}

/* ---- what it means ---- */

static void look_at(struct preflight_scan *s, const struct unix_sockets *l,
		    const struct unix_socket *u)
{
	const struct preflight_end *end = preflight_end_find(&s->sockets, u->inode);
	const struct unix_socket *peer = find(l, u->peer);
	const char *name = peer ? peer->name : "";
	enum preflight_what what = PREFLIGHT_UNIX_OUTSIDE;

	/* a peer that was not accepted yet has no number, and CRIU makes the connection again */
	if (end && u->connected && u->peer == 0 && u->type != SOCK_DGRAM && u->unread > 0)
		preflight_add(s, PREFLIGHT_UNIX_NOT_ACCEPTED, end->task, end->fd, "unix socket");
	if (!end || u->peer == 0 || preflight_end_find(&s->sockets, u->peer))
		return;
	if (u->type != SOCK_DGRAM)
		what = PREFLIGHT_UNIX_STREAM_OUTSIDE;
	else if (!*name)
		what = PREFLIGHT_UNIX_UNSEEN_OUTSIDE;
	preflight_add(s, what, end->task, end->fd, "unix socket%s%s", *name ? " to " : "", name);
}

int preflight_look_at_unix(struct preflight_scan *s, const struct preflight_task *task,
			   struct err *e)
{
	cleanup_(free_sockets) struct unix_sockets l = { 0 };
	cleanup_fd int fd = open_diag(task);
	int r = fd < 0 ? fd : dump(fd, &l);

	if (fd == -ENOTRECOVERABLE)
		return err_set(e, ERR_SYSTEM, 0, "leave a container's network namespace");
	if (r == -ENOMEM)
		s->error = r;
	else if (r == -ENOENT || r == -EOPNOTSUPP)
		preflight_add(s, PREFLIGHT_KERNEL, NULL, -1, "unix_diag");
	else if (r < 0)
		preflight_add(s, PREFLIGHT_SOCKET_UNSEEN, task, -1, "unix sockets");
	for (size_t i = 0; r == 0 && i < l.count; i++)
		look_at(s, &l, &l.items[i]);
	return 0;
}

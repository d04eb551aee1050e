// SPDX-License-Identifier: GPL-2.0-or-later
/* See nft_wire.h. */
#include "net/nft_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "util/cleanup.h"

enum {
	REQUEST_SIZE = 512,
	REPLY_SIZE = 65536,
	ELEMENT_SIZE = 384,    /* of a message with one element, at most */
	BATCH_OVERHEAD = 256,  /* its begin and end */
	BUFFER_SIZE = 4 << 20, /* of the socket: room for the answers to a large transaction */
	UDATA_COMMENT = 0,     /* NFTNL_UDATA_SET_ELEM_COMMENT */
	READ_TRIES = 100,      /* somebody is busy on the host, but not for ever */
	TIMEOUT_SECONDS = 30
};

int nft_socket(void)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT_SECONDS };
	const int one = 1, size = BUFFER_SIZE;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return -errno;
	/* of these the kernel may refuse any: then answers are longer, and a batch has to be shorter */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	return fd;
}

/* ---- messages ---- */

struct nlmsghdr *nft_message(void *buf, uint16_t type, uint16_t flags, uint32_t seq, uint8_t family,
			     uint16_t res_id)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = seq;
	nfg = mnl_nlmsg_put_extra_header(h, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(res_id);
	return h;
}

static struct nlmsghdr *inet_message(void *buf, int type, uint16_t flags, uint32_t seq)
{
	return nft_message(buf, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, seq,
			   NFPROTO_INET, 0);
}

static struct nlmsghdr *table_message(void *buf, int type, uint16_t flags, uint32_t seq)
{
	struct nlmsghdr *h = inet_message(buf, type, flags, seq);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, NFT_TABLE);
	return h;
}

static void put_value(struct nlmsghdr *h, uint16_t type, const uint8_t *value, size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(h, type);

	mnl_attr_put(h, NFTA_DATA_VALUE, len, value);
	mnl_attr_nest_end(h, nest);
}

static void put_comment(struct nlmsghdr *h, const char *owner)
{
	uint8_t udata[2 + NFT_OWNER_MAX];
	size_t len = strnlen(owner, NFT_OWNER_MAX - 1);

	udata[0] = UDATA_COMMENT;
	udata[1] = (uint8_t)(len + 1);
	memcpy(udata + 2, owner, len);
	udata[2 + len] = '\0';
	mnl_attr_put(h, NFTA_SET_ELEM_USERDATA, 3 + len, udata);
}

/* @whole: with data and owner, as it is added; without them it is only looked for. */
static void put_element(struct nlmsghdr *h, const struct nft_element *el, bool whole)
{
	struct nlattr *list, *item;

	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, el->set);
	list = mnl_attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
	item = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
	put_value(h, NFTA_SET_ELEM_KEY, el->key, el->key_len);
	if (whole && el->data_len)
		put_value(h, NFTA_SET_ELEM_DATA, el->data, el->data_len);
	if (whole && el->owner[0])
		put_comment(h, el->owner);
	mnl_attr_nest_end(h, item);
	mnl_attr_nest_end(h, list);
}

/* ---- asking ---- */

static int ask(int sock, const struct nlmsghdr *h, mnl_cb_t cb, void *data)
{
	cleanup_free char *reply = malloc(REPLY_SIZE);
	int more = MNL_CB_OK;
	ssize_t n;

	if (!reply)
		return -ENOMEM;
	errno = 0;
	n = send(sock, h, h->nlmsg_len, 0);
	while (n >= 0 && more > MNL_CB_STOP) {
		n = recv(sock, reply, REPLY_SIZE, 0);
		if (n >= 0)
			more = mnl_cb_run(reply, (size_t)n, h->nlmsg_seq, 0, cb, data);
	}
	return n < 0 || more < 0 ? (errno ? -errno : -EIO) : 0;
}

static int on_generation(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, h,
			  sizeof(struct nfgenmsg)) if (mnl_attr_get_type(attr) == NFTA_GEN_ID) *
		(uint32_t *)data = ntohl(mnl_attr_get_u32(attr));
	return MNL_CB_OK;
}

int nft_generation(int sock, uint32_t *ret)
{
	_Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];

	return ask(sock,
		   nft_message(buf, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, NLM_F_ACK, 1,
			       AF_UNSPEC, 0),
		   on_generation, ret);
}

int nft_chain_exists(int sock, const char *chain)
{
	_Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];
	struct nlmsghdr *h = table_message(buf, NFT_MSG_GETCHAIN, NLM_F_ACK, 1);
	int r;

	mnl_attr_put_strz(h, NFTA_CHAIN_NAME, chain);
	r = ask(sock, h, NULL, NULL);
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* ---- what comes back ---- */

static uint8_t read_value(const struct nlattr *nest, uint8_t *to, size_t max)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
	{
		size_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) != NFTA_DATA_VALUE || len > max)
			continue;
		memcpy(to, mnl_attr_get_payload(attr), len);
		return (uint8_t)len;
	}
	return 0;
}

/* Somebody else's element may hold anything here. */
static void read_comment(const struct nlattr *attr, char owner[NFT_OWNER_MAX])
{
	const uint8_t *p = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr);

	while (left >= 2 && p[1] <= left - 2) {
		if (p[0] == UDATA_COMMENT) {
			size_t len = strnlen((const char *)p + 2, p[1]);

			if (len >= NFT_OWNER_MAX)
				len = NFT_OWNER_MAX - 1;
			memcpy(owner, p + 2, len);
			owner[len] = '\0';
			return;
		}
		left -= 2u + p[1];
		p += 2 + p[1];
	}
}

static void read_element(const struct nlattr *item, struct nft_element *el)
{
	const struct nlattr *attr;

	el->key_len = el->data_len = 0;
	el->owner[0] = '\0';
	mnl_attr_for_each_nested(attr, item)
	{
		switch (mnl_attr_get_type(attr)) {
		case NFTA_SET_ELEM_KEY: el->key_len = read_value(attr, el->key, NFT_KEY_MAX); break;
		case NFTA_SET_ELEM_DATA:
			el->data_len = read_value(attr, el->data, NFT_DATA_MAX);
			break;
		case NFTA_SET_ELEM_USERDATA: read_comment(attr, el->owner); break;
		default: break;
		}
	}
}

static int collect(struct nft_elements *list, const char *set, const struct nlattr *item)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 8;
		struct nft_element *more = reallocarray(list->items, room, sizeof(*more));

		if (!more) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
		list->items = more;
		list->room = room;
	}
	list->items[list->count].set = set;
	read_element(item, &list->items[list->count]);
	list->count++;
	return MNL_CB_OK;
}

struct reading {
	struct nft_elements *list;
	const char *set;
};

static int on_elements(const struct nlmsghdr *h, void *data)
{
	const struct reading *rd = data;
	const struct nlattr *attr, *item;

	mnl_attr_for_each(attr, h, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(item, attr)
		{
			if (collect(rd->list, rd->set, item) < 0)
				return MNL_CB_ERROR;
		}
	}
	return MNL_CB_OK;
}

int nft_element_get(int sock, struct nft_element *el)
{
	_Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];
	struct nft_elements list = { 0 };
	cleanup_free struct nft_element *items = NULL;
	struct nlmsghdr *h = table_message(buf, NFT_MSG_GETSETELEM, NLM_F_ACK, 1);
	int r;

	put_element(h, el, false);
	r = ask(sock, h, on_elements, &(struct reading){ .list = &list, .set = el->set });
	items = list.items;
	if (r == 0 && list.count != 1)
		r = -ENOENT;
	if (r == 0)
		*el = items[0];
	return r;
}

static int read_once(const char *set, struct nft_elements *ret)
{
	_Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];
	cleanup_fd int sock = nft_socket();
	struct nlmsghdr *h;

	if (sock < 0)
		return sock;
	h = table_message(buf, NFT_MSG_GETSETELEM, NLM_F_DUMP, 1);
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, set);
	return ask(sock, h, on_elements, &(struct reading){ .list = ret, .set = set });
}

int nft_elements_read(const char *set, struct nft_elements *ret)
{
	struct nft_elements list = { 0 };
	int r = -EINTR;

	/* EINTR: something changed meanwhile */
	for (int i = 0; r == -EINTR && i < READ_TRIES; i++) {
		list.count = 0;
		r = read_once(set, &list);
	}
	if (r < 0 && r != -ENOENT) {
		free(list.items);
		return r;
	}
	if (r == -ENOENT)
		list.count = 0;
	*ret = list;
	return 0;
}

/* ---- transactions ---- */

/* The answers to messages 1 to @count; the last was asked for one in any case. */
struct answers {
	uint32_t last;
	int result;
	uint32_t failed; /* number of the first that was refused */
	bool done;
};

static void note_answer(const struct nlmsghdr *h, struct answers *a)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(h);

	if (h->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(h) < sizeof(*error))
		return;
	if (error->error < 0 && a->result == 0) {
		a->result = error->error;
		a->failed = h->nlmsg_seq;
	}
	/* number 0 is the transaction as a whole: nothing else is answered then */
	if (h->nlmsg_seq == a->last || h->nlmsg_seq == 0)
		a->done = true;
}

static int read_answers(int sock, struct answers *a)
{
	cleanup_free char *reply = malloc(REPLY_SIZE);

	if (!reply)
		return -ENOMEM;
	while (!a->done) {
		ssize_t n = recv(sock, reply, REPLY_SIZE, 0);
		const struct nlmsghdr *h = (void *)reply;
		int left = (int)n;

		if (n < 0)
			return -errno;
		for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			note_answer(h, a);
	}
	return 0;
}

size_t nft_batch_begin(char *buf, uint32_t generation)
{
	struct nlmsghdr *h =
		nft_message(buf, NFNL_MSG_BATCH_BEGIN, 0, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

	mnl_attr_put_u32(h, NFNL_BATCH_GENID, htonl(generation));
	return h->nlmsg_len;
}

size_t nft_batch_end(char *buf, uint32_t seq)
{
	return nft_message(buf, NFNL_MSG_BATCH_END, 0, seq, AF_UNSPEC, NFNL_SUBSYS_NFTABLES)
		->nlmsg_len;
}

static size_t write_batch(char *buf, bool add, const struct nft_element *list, size_t count,
			  uint32_t generation)
{
	uint16_t flags = add ? NLM_F_CREATE | NLM_F_EXCL : 0;
	size_t at = nft_batch_begin(buf, generation);

	for (size_t i = 0; i < count; i++) {
		struct nlmsghdr *h = table_message(
			buf + at, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
			(uint16_t)(flags | (i + 1 == count ? NLM_F_ACK : 0)), (uint32_t)i + 1);

		put_element(h, &list[i], add);
		at += h->nlmsg_len;
	}
	return at + nft_batch_end(buf + at, (uint32_t)count + 1);
}

static int commit(int sock, const char *buf, size_t len, struct answers *a)
{
	int r = send(sock, buf, len, 0) < 0 ? -errno : read_answers(sock, a);

	return r < 0 ? r : a->result;
}

int nft_batch_commit(int sock, const char *buf, size_t len, uint32_t last)
{
	return commit(sock, buf, len, &(struct answers){ .last = last });
}

int nft_elements_change(int sock, bool add, const struct nft_element *list, size_t count,
			uint32_t generation, size_t *ret_failed)
{
	struct answers a = { .last = (uint32_t)count };
	cleanup_free char *buf = NULL;
	int r;

	if (!count)
		return 0;
	if (count > NFT_CHANGES_MAX)
		return -E2BIG;
	buf = calloc(1, BATCH_OVERHEAD + count * ELEMENT_SIZE);
	if (!buf)
		return -ENOMEM;
	r = commit(sock, buf, write_batch(buf, add, list, count, generation), &a);
	if (r < 0 && a.failed && ret_failed)
		*ret_failed = a.failed - 1;
	return r;
}

int nft_table_delete(int sock, const char *name, uint32_t generation)
{
	_Alignas(struct nlmsghdr) char buf[REQUEST_SIZE + NFT_NAME_MAX] = { 0 };
	size_t at = nft_batch_begin(buf, generation);
	struct nlmsghdr *h = inet_message(buf + at, NFT_MSG_DELTABLE, NLM_F_ACK, 1);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, name);
	at += h->nlmsg_len;
	at += nft_batch_end(buf + at, 2);
	return nft_batch_commit(sock, buf, at, 1);
}

/* ---- tables of others ---- */

struct finding {
	bool (*wanted)(const char *name, const void *data);
	const void *data;
	char *name;
	bool found;
};

static int on_table(const struct nlmsghdr *h, void *data)
{
	struct finding *f = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, h, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) != NFTA_TABLE_NAME || f->found ||
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0 ||
		    mnl_attr_get_payload_len(attr) > NFT_NAME_MAX)
			continue;
		f->found = f->wanted(mnl_attr_get_str(attr), f->data);
		if (f->found)
			memcpy(f->name, mnl_attr_get_str(attr), mnl_attr_get_payload_len(attr));
	}
	return MNL_CB_OK;
}

int nft_table_find(int sock, bool (*wanted)(const char *name, const void *data), const void *data,
		   char ret[NFT_NAME_MAX])
{
	_Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];
	struct finding f = { .wanted = wanted, .data = data, .name = ret };
	int r = -EINTR;

	/* EINTR: something changed meanwhile */
	for (int i = 0; r == -EINTR && !f.found && i < READ_TRIES; i++)
		r = ask(sock, inet_message(buf, NFT_MSG_GETTABLE, NLM_F_DUMP, 1), on_table, &f);
	return f.found ? 0 : r < 0 ? r : -ENOENT;
}

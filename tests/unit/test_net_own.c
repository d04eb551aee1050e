// SPDX-License-Identifier: GPL-2.0-or-later
/* net/own.h: which links are ours, and what is asked of the kernel. The kernel is a socket with answers in it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "net/kinds.h"
#include "net/own.h"

static const uint8_t uuid[NET_UUID_SIZE] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
};

struct kernel {
	int ours, its;
};

static void open_kernel(struct kernel *k)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	k->ours = fds[0];
	k->its = fds[1];
}

static void close_kernel(struct kernel *k)
{
	(void)close(k->ours);
	(void)close(k->its);
}

static void acknowledge(const struct kernel *k, int error)
{
	_Alignas(struct nlmsghdr) char buf[128] = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nlmsgerr *e;

	h->nlmsg_type = NLMSG_ERROR;
	h->nlmsg_seq = 1;
	e = mnl_nlmsg_put_extra_header(h, sizeof(*e));
	e->error = error;
	assert_true(send(k->its, buf, h->nlmsg_len, 0) > 0);
}

/* A link, and that this was all. NULL: it has none of that. */
static void describe(const struct kernel *k, const char *kind, const char *alias,
		     const uint8_t *mac)
{
	_Alignas(struct nlmsghdr) char buf[1024] = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;
	struct nlattr *info;

	h->nlmsg_type = RTM_NEWLINK;
	h->nlmsg_seq = 1;
	ifi = mnl_nlmsg_put_extra_header(h, sizeof(*ifi));
	ifi->ifi_index = 17;
	ifi->ifi_flags = 1; /* IFF_UP */
	mnl_attr_put_u8(h, IFLA_OPERSTATE, 6);
	mnl_attr_put_u32(h, IFLA_LINK_NETNSID, 4);
	if (alias)
		mnl_attr_put_strz(h, IFLA_IFALIAS, alias);
	if (mac)
		mnl_attr_put(h, IFLA_ADDRESS, NET_MAC_SIZE, mac);
	if (kind) {
		info = mnl_attr_nest_start(h, IFLA_LINKINFO);
		mnl_attr_put_strz(h, IFLA_INFO_KIND, kind);
		mnl_attr_nest_end(h, info);
	}
	assert_true(send(k->its, buf, h->nlmsg_len, 0) > 0);
	acknowledge(k, 0);
}

static int find(const char *kind, const char *alias, const uint8_t *mac, bool *ret_claimed)
{
	struct own_link link = { .index = 0 };
	struct kernel k;
	int r;

	open_kernel(&k);
	describe(&k, kind, alias, mac);
	r = own_find(k.ours, "ctrx", "veth", uuid, &link, ret_claimed);
	if (r == 0) {
		assert_int_equal(link.index, 17);
		assert_int_equal(link.nsid, 4);
		assert_true(link.up && link.running);
	} else {
		assert_int_equal(link.index, 0);
	}
	close_kernel(&k);
	return r;
}

static void test_whose_it_is(void **state)
{
	uint8_t mac[NET_MAC_SIZE], other_mac[NET_MAC_SIZE] = { 2 };
	char alias[NET_ALIAS_SIZE], other[NET_ALIAS_SIZE];
	bool claimed = false;

	(void)state;
	net_uuid_mac(uuid, mac);
	(void)net_alias(uuid, alias);
	memcpy(other, alias, sizeof(other));
	other[strlen(other) - 1] = 'f';
	assert_int_equal(find("veth", alias, mac, &claimed), 0);
	assert_true(claimed);
	assert_int_equal(find("veth", alias, other_mac, &claimed),
			 0); /* somebody set another MAC */
	assert_true(claimed);
	/* whoever made it was killed before the alias stood */
	assert_int_equal(find("veth", NULL, mac, &claimed), 0);
	assert_false(claimed);
	assert_int_equal(find("veth", NULL, other_mac, &claimed), -EEXIST);
	assert_int_equal(find("veth", NULL, NULL, &claimed), -EEXIST);
	assert_int_equal(find("veth", other, mac, &claimed), -EEXIST);
	assert_int_equal(find("bridge", alias, mac, &claimed), -EEXIST);
	assert_int_equal(find("vet", alias, mac, &claimed), -EEXIST);
	assert_int_equal(find(NULL, alias, mac, &claimed), -EEXIST);
}

static void test_none(void **state)
{
	struct own_link link;
	struct kernel k;

	(void)state;
	open_kernel(&k);
	acknowledge(&k, -ENODEV);
	assert_int_equal(own_find(k.ours, "ctrx", "veth", uuid, &link, NULL), -ENODEV);
	acknowledge(&k, 0); /* no link, and no error either */
	assert_int_equal(own_find(k.ours, "ctrx", "veth", uuid, &link, NULL), -ENODEV);
	close_kernel(&k);
}

/* What @type of attribute holds in the message or nest; it must be there. */
static const struct nlattr *get(const struct nlattr *first, size_t len, uint16_t type)
{
	const char *at = (const char *)first, *end = at + len;

	while (at + sizeof(struct nlattr) <= end) {
		const struct nlattr *a = (const void *)at;

		if (mnl_attr_get_type(a) == type)
			return a;
		at += MNL_ALIGN(mnl_attr_get_len(a));
	}
	fail_msg("there is no attribute %d", type);
	return NULL;
}

static const struct nlattr *within(const struct nlattr *nest, size_t skip, uint16_t type)
{
	return get((const void *)((const char *)mnl_attr_get_payload(nest) + skip),
		   mnl_attr_get_payload_len(nest) - skip, type);
}

static void test_the_message_of_a_veth(void **state)
{
	static const uint8_t inside[NET_MAC_SIZE] = { 2, 0, 0, 0, 0, 9 };
	const struct own_veth v = {
		.uuid = uuid, .bridge = 5, .ns = 9, .name = "eth0", .mac = inside, .mtu = 1400
	};
	_Alignas(struct nlmsghdr) char buf[2048];
	const struct nlmsghdr *h = (const void *)buf;
	const size_t skip = sizeof(struct ifinfomsg);
	const struct nlattr *first, *info, *peer;
	const struct ifinfomsg *ifi;
	char name[IFNAMSIZ];
	struct kernel k;
	size_t len;

	(void)state;
	open_kernel(&k);
	acknowledge(&k, 0);
	assert_int_equal(own_make_veth(k.ours, &v), 0);
	assert_true(recv(k.its, buf, sizeof(buf), 0) > (ssize_t)sizeof(*h));
	assert_int_equal(h->nlmsg_type, RTM_NEWLINK);
	assert_int_equal(h->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	ifi = mnl_nlmsg_get_payload(h);
	assert_int_equal(ifi->ifi_flags & ifi->ifi_change, 1); /* IFF_UP: of the host's side */
	first = mnl_nlmsg_get_payload_offset(h, skip);
	len = h->nlmsg_len - MNL_ALIGN(sizeof(*h)) - MNL_ALIGN(skip);
	assert_string_equal(mnl_attr_get_str(get(first, len, IFLA_IFNAME)),
			    net_host_name(uuid, name));
	assert_int_equal(mnl_attr_get_u32(get(first, len, IFLA_MASTER)), 5);
	info = get(first, len, IFLA_LINKINFO);
	assert_string_equal(mnl_attr_get_str(within(info, 0, IFLA_INFO_KIND)), "veth");
	peer = within(within(info, 0, IFLA_INFO_DATA), 0, VETH_INFO_PEER);
	assert_int_equal(mnl_attr_get_u32(within(peer, skip, IFLA_NET_NS_FD)), 9);
	assert_string_equal(mnl_attr_get_str(within(peer, skip, IFLA_IFNAME)), "eth0");
	assert_int_equal(mnl_attr_get_u32(within(peer, skip, IFLA_MTU)), 1400);
	assert_memory_equal(mnl_attr_get_payload(within(peer, skip, IFLA_ADDRESS)), inside,
			    sizeof(inside));
	close_kernel(&k);
}

static void test_does_the_namespace_live(void **state)
{
	struct kernel k;

	(void)state;
	open_kernel(&k);
	acknowledge(&k, -EINVAL); /* no reference to it is left */
	assert_false(own_namespace_lives(k.ours, 3));
	acknowledge(&k, 0);
	assert_true(own_namespace_lives(k.ours, 3));
	assert_false(own_namespace_lives(k.ours, -1)); /* nobody is asked */
	close_kernel(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose_it_is),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_the_message_of_a_veth),
		cmocka_unit_test(test_does_the_namespace_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

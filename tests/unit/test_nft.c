// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * net/nft.h and net/ports.h. The firewall is that of a network namespace of the test's own, with a user
 * namespace around it where the caller is not root.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/nft.h"
#include "net/nft_left.h"
#include "net/nft_rules.h"
#include "net/nft_wire.h"
#include "net/ports.h"
#include "util/cleanup.h"

static const uint8_t uuid_a[NET_UUID_SIZE] = { 0xaa, 1 }, uuid_b[NET_UUID_SIZE] = { 0xbb, 2 };

static struct net_addr addr(const char *text)
{
	struct net_addr a;

	assert_int_equal(net_addr_parse(text, 0, &a), 0);
	return a;
}

static struct net_port port(const char *text)
{
	struct net_port p;
	struct err e = ERR_INIT;

	assert_int_equal(net_port_parse(text, &p, &e), 0);
	return p;
}

static struct nft_target target(const uint8_t *uuid, const char *id, const char *ip4)
{
	return (struct nft_target){ .ip4 = addr(ip4), .uuid = uuid, .id = id, .root = "/run/ctr" };
}

/* Each test has its own. */
static void own_network(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	cleanup_fd int sock = -EBADF;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		skip();
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(ioctl(sock, SIOCSIFFLAGS, &up), 0);
}

static size_t count_of(const char *set)
{
	struct nft_elements list = { 0 };

	assert_int_equal(nft_elements_read(set, &list), 0);
	free(list.items);
	return list.count;
}

static void with_rules(void)
{
	const struct nft_network n = { .bridge = "ctr0", .masquerade4 = true };
	struct err e = ERR_INIT;
	int r = nft_network_add(&n, &e);

	if (r == -EOPNOTSUPP) /* built, or running, without libnftables */
		skip();
	if (r < 0)
		print_message("%s\n", e.text);
	assert_int_equal(r, 0);
}

static void test_network_again(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	own_network();
	assert_int_equal(nft_network_remove("ctr0", &e), 0);
	with_rules();
	with_rules();
	assert_int_equal(count_of(NFT_BRIDGES), 1);
	assert_int_equal(count_of(NFT_SAME), 1);
	assert_int_equal(count_of(NFT_MASQ4), 1);
	assert_int_equal(count_of(NFT_MASQ6), 0);
	assert_int_equal(nft_network_remove("ctr0", &e), 0);
	assert_int_equal(nft_network_remove("ctr0", &e), 0);
	assert_int_equal(count_of(NFT_BRIDGES) + count_of(NFT_SAME) + count_of(NFT_MASQ4), 0);
}

/* What begins with a name, and is followed by anything but "-", is somebody else's. */
static void test_left(void **state)
{
	struct err e = ERR_INIT;
	cleanup_fd int ns = -EBADF;

	(void)state;
	own_network();
	with_rules();
	ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(ns >= 0);
	assert_int_equal(nft_left_delete(ns, "CRIU-1", &e), 0);
	assert_int_equal(nft_left_delete(ns, "ct", &e), 0);
	assert_int_equal(count_of(NFT_BRIDGES), 1);
	assert_int_equal(nft_left_delete(ns, NFT_TABLE, &e), 1);
	assert_int_equal(nft_left_delete(ns, NFT_TABLE, &e), 0);
	assert_int_equal(count_of(NFT_BRIDGES), 0);
}

static void test_ports_and_back(void **state)
{
	struct nft_target t = target(uuid_a, "web1", "10.88.0.5/24");
	const struct net_port ports[] = { port("8080:80"), port("127.0.0.1:5000-5009:53-62/udp") };
	struct err e = ERR_INIT;

	(void)state;
	own_network();
	with_rules();
	t.isolate = true;
	t.ip6 = addr("fd00::5");
	assert_int_equal(nft_container_add(&t, ports, 2, &e), 0);
	assert_int_equal(nft_container_add(&t, ports, 2, &e), 0); /* it is there */
	assert_int_equal(count_of(NFT_ANY4), 1);
	assert_int_equal(count_of(NFT_ANY6), 1);
	assert_int_equal(count_of(NFT_ADDR4), 10);
	assert_int_equal(count_of(NFT_ISOLATED4) + count_of(NFT_ISOLATED6), 2);
	assert_int_equal(nft_container_remove(&t, ports, 2, &e), 0);
	assert_int_equal(nft_container_remove(&t, ports, 2, &e), 0);
	assert_int_equal(count_of(NFT_ANY4) + count_of(NFT_ANY6) + count_of(NFT_ADDR4), 0);
	assert_int_equal(count_of(NFT_ISOLATED4) + count_of(NFT_ISOLATED6), 0);
}

static void refused(const char *first, const char *second, const char *text)
{
	const struct nft_target a = target(uuid_a, "web1", "10.88.0.5"),
				b = target(uuid_b, "web2", "10.88.0.6");
	const struct net_port pa = port(first), pb[] = { port("9999:9"), port(second) };
	struct err e = ERR_INIT;

	with_rules();
	assert_int_equal(nft_container_add(&a, &pa, 1, &e), 0);
	assert_int_equal(nft_container_add(&b, pb, 2, &e), -EADDRINUSE);
	assert_string_equal(e.text, text);
	/* nothing of it was made, and what it does not own stays */
	assert_int_equal(nft_container_remove(&b, pb, 2, &e), 0);
	assert_int_equal(count_of(NFT_ANY4) + count_of(NFT_ADDR4), 1);
	assert_int_equal(nft_container_remove(&a, &pa, 1, &e), 0);
	assert_int_equal(count_of(NFT_ANY4) + count_of(NFT_ADDR4), 0);
}

static void test_taken(void **state)
{
	(void)state;
	own_network();
	refused("8080:80", "8080:81", "publish port 8080/tcp: container 'web1' has it");
	refused("8080:80", "127.0.0.1:8080:80", "publish port 8080/tcp: container 'web1' has it");
	refused("127.0.0.1:53:53/udp", "53:53/udp", "publish port 53/udp: container 'web1' has it");
	refused("127.0.0.1:80:80", "127.0.0.1:80:80",
		"publish port 80/tcp: container 'web1' has it");
}

static void test_not_taken(void **state)
{
	const struct nft_target a = target(uuid_a, "web1", "10.88.0.5"),
				b = target(uuid_b, "web2", "10.88.0.6");
	const struct net_port pa = port("127.0.0.1:53:53/udp"),
			      pb[] = { port("53:53/tcp"), port("127.0.0.2:53:53/udp") };
	struct err e = ERR_INIT;

	(void)state;
	own_network();
	with_rules();
	assert_int_equal(nft_container_add(&a, &pa, 1, &e), 0);
	assert_int_equal(nft_container_add(&b, pb, 2, &e), 0);
	assert_int_equal(nft_container_remove(&a, &pa, 1, &e), 0);
	assert_int_equal(nft_container_remove(&b, pb, 2, &e), 0);
}

static int nothing(void *data, struct err *e)
{
	(void)data;
	(void)e;
	return 0;
}

static bool only_b(const uint8_t uuid[NET_UUID_SIZE], void *data)
{
	(void)data;
	return memcmp(uuid, uuid_b, NET_UUID_SIZE) == 0;
}

static void test_sweep(void **state)
{
	struct nft_target a = target(uuid_a, "web1", "10.88.0.5"),
			  b = target(uuid_b, "web2", "10.88.0.6"), other = a;
	const struct net_port pa = port("8000-8999:80-1079"), pb = port("80:80"),
			      po = port("81:81");
	struct err e = ERR_INIT;

	(void)state;
	own_network();
	with_rules();
	other.root = "/run/other";
	assert_int_equal(nft_container_add(&a, &pa, 1, &e), 0);
	assert_int_equal(nft_container_add(&b, &pb, 1, &e), 0);
	assert_int_equal(nft_container_add(&other, &po, 1, &e), 0);
	assert_int_equal(nft_sweep("/run/ctr", nothing, only_b, NULL, &e), 1000);
	assert_int_equal(count_of(NFT_ANY4), 2);
	assert_int_equal(nft_sweep("/run/ctr", nothing, only_b, NULL, &e), 0);
	assert_int_equal(nft_container_remove(&b, &pb, 1, &e), 0);
	assert_int_equal(nft_container_remove(&other, &po, 1, &e), 0);
}

/* A container that comes while it is looked who lives: nobody has told of it. */
static int another_comes(void *data, struct err *e)
{
	struct nft_target b = target(uuid_b, "web2", "10.88.0.6");
	const struct net_port p = port("81:81");
	unsigned *looks = data;

	return (*looks)++ == 0 ? nft_container_add(&b, &p, 1, e) : 0;
}

/* The second look finds it. */
static bool known(const uint8_t uuid[NET_UUID_SIZE], void *data)
{
	const unsigned *looks = data;

	return *looks > 1 && memcmp(uuid, uuid_b, NET_UUID_SIZE) == 0;
}

static void test_sweep_while_another_comes(void **state)
{
	struct nft_target a = target(uuid_a, "web1", "10.88.0.5");
	const struct net_port p = port("80:80");
	struct err e = ERR_INIT;
	unsigned looks = 0;

	(void)state;
	own_network();
	with_rules();
	assert_int_equal(nft_container_add(&a, &p, 1, &e), 0);
	assert_int_equal(nft_sweep("/run/ctr", another_comes, known, &looks, &e), 1);
	assert_int_equal(looks, 2);
	assert_int_equal(count_of(NFT_ANY4), 1);
}

static int cannot_look(void *data, struct err *e)
{
	(void)data;
	return err_set(e, ERR_SYSTEM, EIO, "look");
}

static void test_sweep_blind(void **state)
{
	struct nft_target a = target(uuid_a, "web1", "10.88.0.5");
	const struct net_port p = port("80:80");
	struct err e = ERR_INIT;

	(void)state;
	own_network();
	with_rules();
	/* nothing of ours: nobody has to be looked for */
	assert_int_equal(nft_sweep("/run/ctr", cannot_look, only_b, NULL, &e), 0);
	assert_int_equal(nft_container_add(&a, &p, 1, &e), 0);
	assert_int_equal(nft_sweep("/run/ctr", cannot_look, only_b, NULL, &e), -EIO);
	assert_int_equal(count_of(NFT_ANY4), 1);
}

/* All that one container may publish, of both families. */
static void test_most_ports(void **state)
{
	struct nft_target t = target(uuid_a, "web1", "10.88.0.5");
	const struct net_port p = port("1001-5096:1001-5096");
	struct err e = ERR_INIT;

	(void)state;
	own_network();
	with_rules();
	t.ip6 = addr("fd00::5");
	t.isolate = true;
	assert_int_equal(net_ports_check(&p, 1, &e), 0);
	assert_int_equal(nft_container_add(&t, &p, 1, &e), 0);
	assert_int_equal(count_of(NFT_ANY4), NET_PORTS_MAX);
	assert_int_equal(count_of(NFT_ANY6), NET_PORTS_MAX);
	assert_int_equal(nft_container_remove(&t, &p, 1, &e), 0);
	assert_int_equal(count_of(NFT_ANY4), 0);
	assert_int_equal(count_of(NFT_ANY6), 0);
}

static void test_another_generation(void **state)
{
	struct nft_element el = { .set = NFT_ISOLATED4, .key = { 10, 0, 0, 1 }, .key_len = 4 };
	cleanup_fd int sock = nft_socket();
	uint32_t generation;
	size_t failed = 7;

	(void)state;
	own_network();
	with_rules();
	assert_int_equal(nft_generation(sock, &generation), 0);
	assert_int_equal(nft_elements_change(sock, true, &el, 1, generation - 1, &failed),
			 -ERESTART);
	assert_int_equal(nft_element_get(sock, &el), -ENOENT);
	assert_int_equal(nft_elements_change(sock, true, &el, 1, generation, &failed), 0);
	assert_int_equal(nft_generation(sock, &generation), 0);
	assert_int_equal(nft_elements_change(sock, true, &el, 1, generation, &failed), -EEXIST);
	assert_int_equal(failed, 0);
	assert_int_equal(nft_elements_change(sock, false, &el, 1, generation, &failed), 0);
}

static void test_without_rules(void **state)
{
	const struct nft_target t = target(uuid_a, "web1", "10.88.0.5");
	const struct net_port p = port("80:80");
	struct err e = ERR_INIT;

	(void)state;
	own_network();
	/* nothing to remove, and no rules are made for it */
	assert_int_equal(nft_container_remove(&t, &p, 1, &e), 0);
	assert_int_equal(nft_network_remove("ctr0", &e), 0);
	assert_int_equal(nft_sweep("/run/ctr", nothing, only_b, NULL, &e), 0);
	assert_int_equal(nft_container_add(&t, &p, 1, &e), -ENOENT);
}

/* ---- ports.h ---- */

static void test_parse(void **state)
{
	struct net_port p = port("[fd00::1]:8000-8009:80-89/udp");

	(void)state;
	assert_int_equal(p.address.family, AF_INET6);
	assert_int_equal(p.host_port, 8000);
	assert_int_equal(p.port, 80);
	assert_int_equal(p.count, 10);
	assert_int_equal(p.protocol, IPPROTO_UDP);
	p = port("0.0.0.0:1:65535");
	assert_int_equal(p.address.family, AF_INET);
	assert_true(net_port_any(&p));
	p = port("80:80");
	assert_int_equal(p.address.family, 0);
	assert_true(net_port_any(&p));
}

static void test_parse_nonsense(void **state)
{
	static const char *const nonsense[] = {
		"",
		"80",
		":80",
		"80:",
		"0:80",
		"80:0",
		"65536:80",
		"80:65536",
		"80-79:80-79",
		"80-81:80",
		"80:80/sctp",
		"80:80/",
		":80:80",
		"fd00::1:80:80",
		"[::1:80:80",
		"1.2.3:80:80",
		"127.0.0.1/8:80:80",
		"[10.0.0.1]:80:80",
		"localhost:80:80",
		"-80:80",
		"80 :80",
		"+80:80",
		"1-65536:1-65536",
		"80-:80",
		"80::80",
		"[::1]:80:80",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		struct net_port p;
		struct err e = ERR_INIT;

		if (net_port_parse(nonsense[i], &p, &e) != -EINVAL)
			fail_msg("'%s' was taken", nonsense[i]);
		assert_int_equal(e.kind, ERR_USAGE);
	}
}

static void check_twice(const char *a, const char *b, int expected)
{
	const struct net_port list[] = { port(a), port(b) };
	struct err e = ERR_INIT;

	assert_int_equal(net_ports_check(list, 2, &e), expected);
}

static void test_twice(void **state)
{
	(void)state;
	check_twice("80:80", "80:81", -EINVAL);
	check_twice("80-90:80-90", "85:1", -EINVAL);
	check_twice("80:80", "127.0.0.1:80:80", -EINVAL);
	check_twice("0.0.0.0:80:80", "127.0.0.1:80:80", -EINVAL);
	check_twice("80:80", "80:80/udp", 0);
	check_twice("80:80", "81:80", 0);
	check_twice("127.0.0.2:80:80", "127.0.0.1:80:80", 0);
	check_twice("0.0.0.0:80:80", "[::]:80:80", 0);
	check_twice("1-4000:1-4000", "5001-5097:1-97", -EINVAL); /* too many */
}

static void test_host_listens(void **state)
{
	cleanup_fd int fd = -EBADF;
	const struct sockaddr_in in = { .sin_family = AF_INET,
					.sin_port = htons(8080),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct net_port list[] = { port("8079:80"), port("8080:80") };
	struct err e = ERR_INIT;

	(void)state;
	own_network();
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (const void *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(net_ports_check_host(list, 2, true, true, &e), -EADDRINUSE);
	assert_string_equal(e.text, "publish port 8080/tcp of the host");
	assert_int_equal(net_ports_check_host(list, 1, true, true, &e), 0);
	list[0] = port("127.0.0.2:8080:80");
	list[1] = port("8080:80/udp");
	assert_int_equal(net_ports_check_host(list, 2, true, true, &e), 0);
	assert_int_equal(net_ports_check_host(list, 2, false, true, &e), -EINVAL);
	list[0] = port("192.0.2.1:8080:80");
	assert_int_equal(net_ports_check_host(list, 1, true, true, &e), -EADDRNOTAVAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_nonsense),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_host_listens),
		cmocka_unit_test(test_network_again),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_ports_and_back),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_not_taken),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_sweep_while_another_comes),
		cmocka_unit_test(test_sweep_blind),
		cmocka_unit_test(test_most_ports),
		cmocka_unit_test(test_another_generation),
		cmocka_unit_test(test_without_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

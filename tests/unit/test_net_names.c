// SPDX-License-Identifier: GPL-2.0-or-later
/* net/names.h and net/resolv.h: texts, and the files of a network in a directory of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/names.h"
#include "net/resolv.h"
#include "util/cleanup.h"
#include "util/io.h"

#define LOCAL "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"

struct place {
	char path[64];
	int fd;
};

static struct names_entry entry(const struct place *p, const char *id, const char *ip4,
				const char *ip6, const char *hostname)
{
	struct names_entry e = { .uuid = { (uint8_t)id[3] }, .id = id, .root = p ? p->path : "/" };

	e.hostname = hostname;
	assert_int_equal(net_addr_parse(ip4, 0, &e.ip4), 0);
	if (ip6)
		assert_int_equal(net_addr_parse(ip6, 0, &e.ip6), 0);
	return e;
}

static struct place make_place(void)
{
	struct place p = { .path = "/tmp/ctr-names-XXXXXX" };

	assert_non_null(mkdtemp(p.path));
	p.fd = open(p.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p.fd >= 0);
	return p;
}

static void make_container(const struct place *p, const char *id)
{
	char name[80];
	int fd;

	assert_int_equal(mkdirat(p->fd, id, 0700), 0);
	(void)snprintf(name, sizeof(name), "%s/hosts", id);
	fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	(void)close(fd);
}

static void remove_container(const struct place *p, const char *id)
{
	char name[80];

	(void)snprintf(name, sizeof(name), "%s/hosts", id);
	assert_int_equal(unlinkat(p->fd, name, 0), 0);
	assert_int_equal(unlinkat(p->fd, id, AT_REMOVEDIR), 0);
}

static void remove_place(struct place *p)
{
	(void)unlinkat(p->fd, "names", 0); /* some tests have no list at the end */
	(void)close(p->fd);
	assert_int_equal(rmdir(p->path), 0);
}

static void holds(const struct place *p, const char *id, const char *expected)
{
	char name[80], *text;
	cleanup_fd int fd = -EBADF;
	size_t size;

	(void)snprintf(name, sizeof(name), "%s/hosts", id);
	fd = openat(p->fd, name, O_RDONLY | O_CLOEXEC);
	assert_int_equal(io_read_file(fd, 65536, &text, &size), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void test_text(void **state)
{
	const struct names_entry list[] = { entry(NULL, "web1", "10.0.0.2", "fd00::2", "shop"),
					    entry(NULL, "web2", "10.0.0.3", NULL, "") };
	char *text;

	(void)state;
	assert_int_equal(names_hosts_text(&list[0], list, 2, &text), 0);
	assert_string_equal(text,
			    LOCAL "10.0.0.2\tshop web1\nfd00::2\tshop web1\n10.0.0.3\tweb2\n");
	free(text);
	assert_int_equal(names_hosts_text(&list[1], list, 2, &text), 0);
	assert_string_equal(text, LOCAL "10.0.0.3\tweb2\n10.0.0.2\tweb1\nfd00::2\tweb1\n");
	free(text);
}

/* A hostname that would be lines of its own, in hosts files and in the list that says where these are. */
static void test_hostile_hostname(void **state)
{
	static const char *const hostile[] = {
		"x\nctr:77000000000000000000000000000000 10.0.0.9 - - web3 ",
		"two words",
		"x#",
		"tab\there",
		"\x7f",
		"\n",
	};
	struct place p = make_place();
	struct err e = ERR_INIT;

	(void)state;
	make_container(&p, "web1");
	make_container(&p, "web2");
	make_container(&p, "web3"); /* not of this network */
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		char hostname[160];
		const struct names_entry one = entry(&p, "web1", "10.0.0.2", NULL, hostname),
					 two = entry(&p, "web2", "10.0.0.3", NULL, "web2");

		(void)snprintf(hostname, sizeof(hostname), "%s%s\n", hostile[i], i ? "" : p.path);
		assert_int_equal(names_add(p.fd, "boot", &one, &e), 0);
		assert_int_equal(names_add(p.fd, "boot", &two, &e), 0);
		holds(&p, "web1", LOCAL "10.0.0.2\tweb1\n10.0.0.3\tweb2\n");
		holds(&p, "web2", LOCAL "10.0.0.3\tweb2\n10.0.0.2\tweb1\n");
		holds(&p, "web3", "");
		assert_int_equal(names_remove(p.fd, one.uuid, &e), 0);
		assert_int_equal(names_remove(p.fd, two.uuid, &e), 0);
	}
	remove_container(&p, "web1");
	remove_container(&p, "web2");
	remove_container(&p, "web3");
	remove_place(&p);
}

static void test_come_and_go(void **state)
{
	struct place p = make_place();
	const struct names_entry one = entry(&p, "web1", "10.0.0.2", NULL, "web1"),
				 two = entry(&p, "web2", "10.0.0.3", "fd00::3", NULL);
	struct err e = ERR_INIT;

	(void)state;
	make_container(&p, "web1");
	make_container(&p, "web2");
	assert_int_equal(names_remove(p.fd, one.uuid, &e), 0);
	assert_int_equal(names_add(p.fd, "boot", &one, &e), 0);
	holds(&p, "web1", LOCAL "10.0.0.2\tweb1\n");
	holds(&p, "web2", "");
	assert_int_equal(names_add(p.fd, "boot", &two, &e), 0);
	assert_int_equal(names_add(p.fd, "boot", &two, &e), 0); /* once is enough */
	holds(&p, "web1", LOCAL "10.0.0.2\tweb1\n10.0.0.3\tweb2\nfd00::3\tweb2\n");
	holds(&p, "web2", LOCAL "10.0.0.3\tweb2\nfd00::3\tweb2\n10.0.0.2\tweb1\n");
	assert_int_equal(names_remove(p.fd, one.uuid, &e), 0);
	holds(&p, "web2", LOCAL "10.0.0.3\tweb2\nfd00::3\tweb2\n");
	remove_container(&p, "web1");
	remove_container(&p, "web2");
	remove_place(&p);
}

static void test_one_is_gone(void **state)
{
	struct place p = make_place();
	const struct names_entry one = entry(&p, "web1", "10.0.0.2", NULL, NULL),
				 two = entry(&p, "web2", "10.0.0.3", NULL, NULL);
	struct err e = ERR_INIT;

	(void)state;
	make_container(&p, "web1");
	assert_int_equal(names_add(p.fd, "boot", &one, &e), 0);
	remove_container(&p, "web1");
	make_container(&p, "web2");
	assert_int_equal(names_add(p.fd, "boot", &two, &e), 0);
	holds(&p, "web2", LOCAL "10.0.0.3\tweb2\n");
	remove_container(&p, "web2");
	remove_place(&p);
}

/* After a reboot the list names containers that are gone, even if others have their ids now. */
static void test_another_boot(void **state)
{
	struct place p = make_place();
	const struct names_entry one = entry(&p, "web1", "10.0.0.2", NULL, NULL),
				 two = entry(&p, "web2", "10.0.0.3", NULL, NULL);
	struct err e = ERR_INIT;

	(void)state;
	make_container(&p, "web1");
	make_container(&p, "web2");
	assert_int_equal(names_add(p.fd, "boot", &one, &e), 0);
	assert_int_equal(names_add(p.fd, "next boot", &two, &e), 0);
	holds(&p, "web2", LOCAL "10.0.0.3\tweb2\n");
	remove_container(&p, "web1");
	remove_container(&p, "web2");
	remove_place(&p);
}

static void test_torn_list(void **state)
{
	static const char *const torn[] = { "",
					    "ctr-names",
					    "ctr-names 1 boot",
					    "ctr-names 1 boot\nctr:00 - - - web3",
					    "ctr-names 1 boot\n\n\n",
					    "ctr-names 1 boot\nx x x x x /\n" };
	struct place p = make_place();
	const struct names_entry one = entry(&p, "web1", "10.0.0.2", NULL, NULL);
	struct err e = ERR_INIT;

	(void)state;
	make_container(&p, "web1");
	for (size_t i = 0; i < sizeof(torn) / sizeof(torn[0]); i++) {
		assert_int_equal(io_replace_file(p.fd, "names", 0600, torn[i], strlen(torn[i])), 0);
		assert_int_equal(names_add(p.fd, "boot", &one, &e), 0);
		holds(&p, "web1", LOCAL "10.0.0.2\tweb1\n");
	}
	remove_container(&p, "web1");
	remove_place(&p);
}

static void resolves(const char *dns, const char *search, const char *host, const char *expected)
{
	struct net_addr server;
	struct net_setup s = { 0 };
	const char *domains[] = { search };
	char *text;

	if (dns) {
		assert_int_equal(net_addr_parse(dns, 0, &server), 0);
		s.dns.items = &server;
		s.dns.count = 1;
	}
	if (search) {
		s.dns_search.items = domains;
		s.dns_search.count = 1;
	}
	assert_int_equal(resolv_text(&s, host, &text), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void test_resolv(void **state)
{
	static const char host[] =
		"# of the host\nsearch example.org\nnameserver 127.0.0.53\n"
		"nameserver  192.0.2.1 \nnameserver ::1\nnameserver fe80::1%eth0\n"
		"options ndots:2\nsortlist 10.0.0.0";

	(void)state;
	resolves(NULL, NULL, "", "");
	resolves(NULL, NULL, host, "search example.org\nnameserver  192.0.2.1 \noptions ndots:2\n");
	resolves("192.0.2.7", NULL, host,
		 "nameserver 192.0.2.7\nsearch example.org\noptions ndots:2\n");
	resolves("127.0.0.1", "a.b", host, "search a.b\nnameserver 127.0.0.1\noptions ndots:2\n");
	resolves(NULL, "a.b", "nameserver fd00::1\ndomain x", "search a.b\nnameserver fd00::1\n");
}

static void test_usable(void **state)
{
	(void)state;
	assert_false(resolv_usable(""));
	assert_false(
		resolv_usable("nameserver 127.0.0.53\nnameserver\nnameserver x\nnameserver ::1"));
	assert_false(resolv_usable("nameserver192.0.2.1"));
	assert_true(resolv_usable("nameserver 127.0.0.53\nnameserver\t192.0.2.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_hostname), cmocka_unit_test(test_text),
		cmocka_unit_test(test_come_and_go),	 cmocka_unit_test(test_one_is_gone),
		cmocka_unit_test(test_another_boot),	 cmocka_unit_test(test_torn_list),
		cmocka_unit_test(test_resolv),		 cmocka_unit_test(test_usable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

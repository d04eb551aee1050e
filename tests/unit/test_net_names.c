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

static struct names_entry entry(const char *id, const char *ip4, const char *ip6,
				const char *hostname)
{
	struct names_entry e = { .id = id, .hostname = hostname };

	if (ip4)
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

static void remove_place(struct place *p)
{
	assert_int_equal(unlinkat(p->fd, NAMES_FILE, 0), 0);
	(void)close(p->fd);
	assert_int_equal(rmdir(p->path), 0);
}

static struct stat stat_of(const struct place *p)
{
	struct stat st;

	assert_int_equal(fstatat(p->fd, NAMES_FILE, &st, 0), 0);
	return st;
}

static char *read_hosts(const struct place *p)
{
	cleanup_fd int fd = openat(p->fd, NAMES_FILE, O_RDONLY | O_CLOEXEC);
	char *text;
	size_t size;

	assert_int_equal(io_read_file(fd, 1 << 20, &text, &size), 0);
	return text;
}

/* What a resolver finds: without comments and what fills up; a line begins where its size says. */
static void holds(const struct place *p, const char *expected)
{
	char *text = read_hosts(p), *rest = text, *line, seen[4096] = "";

	while ((line = strsep(&rest, "\n")) && rest) {
		size_t size = (size_t)(rest - line);

		assert_true(size == 64 || size == 128 || size == 256);
		assert_int_equal((line - text) % (ptrdiff_t)size, 0);
		line[strcspn(line, "#")] = '\0';
		while (*line && strchr(" \t", line[strlen(line) - 1]))
			line[strlen(line) - 1] = '\0';
		if (*line)
			(void)strcat(strcat(seen, line), "\n"); /* the tests' are short */
	}
	assert_non_null(line); /* nothing behind the last line */
	assert_int_equal(*line, '\0');
	assert_string_equal(seen, expected);
	free(text);
}

static void add(const struct place *p, struct names_entry e)
{
	struct err err = ERR_INIT;

	assert_int_equal(names_add(p->fd, "boot", &e, &err), 0);
}

static void take_out(const struct place *p, const char *address)
{
	struct names_entry e = entry("", address, NULL, NULL);
	struct err err = ERR_INIT;

	assert_int_equal(names_remove(p->fd, &e.ip4, &err), 0);
}

static void test_text(void **state)
{
	const struct names_entry one = entry("web1", "10.0.0.2", "fd00::2", "shop"),
				 two = entry("web2", "10.0.0.3", NULL, "");
	char *text;

	(void)state;
	assert_int_equal(names_hosts_text(&one, &text), 0);
	assert_string_equal(text, LOCAL "10.0.0.2\tshop web1\nfd00::2\tshop web1\n");
	free(text);
	assert_int_equal(names_hosts_text(&two, &text), 0);
	assert_string_equal(text, LOCAL "10.0.0.3\tweb2\n");
	free(text);
}

static void test_come_and_go(void **state)
{
	struct place p = make_place();
	struct stat first, st;

	(void)state;
	take_out(&p, "10.0.0.2");
	add(&p, entry("web1", "10.0.0.2", NULL, "web1"));
	first = stat_of(&p);
	assert_int_equal(first.st_mode & 07777, 0644);
	assert_int_equal(first.st_size % 64, 0);
	add(&p, entry("web2", "10.0.0.3", "fd00::3", NULL));
	add(&p, entry("web2", "10.0.0.3", "fd00::3", NULL)); /* once is enough */
	holds(&p, LOCAL "10.0.0.2\tweb1\n10.0.0.3\tweb2\nfd00::3\tweb2\n");
	take_out(&p, "10.0.0.2");
	take_out(&p, "10.0.0.2");
	holds(&p, LOCAL "10.0.0.3\tweb2\nfd00::3\tweb2\n");
	add(&p, entry("a", "10.0.0.4", NULL, NULL)); /* where web1 was */
	holds(&p, LOCAL "10.0.0.4\ta\n10.0.0.3\tweb2\nfd00::3\tweb2\n");
	take_out(&p, "10.0.0.3");
	take_out(&p, "fd00::3");
	assert_int_equal(stat_of(&p).st_size, first.st_size);
	take_out(&p, "10.0.0.4");
	holds(&p, LOCAL);
	st = stat_of(&p);
	assert_int_equal(st.st_size, first.st_size - 64);
	assert_int_equal(st.st_ino, first.st_ino);
	remove_place(&p);
}

/* Its address is somebody else's now: the lease was stale. */
static void test_address_taken_over(void **state)
{
	struct place p = make_place();

	(void)state;
	add(&p, entry("web1", "10.0.0.2", NULL, NULL));
	add(&p, entry("web2", "10.0.0.2", NULL, NULL));
	add(&p, entry("web3", "10.0.0.20", NULL, NULL));
	holds(&p, LOCAL "10.0.0.2\tweb2\n10.0.0.20\tweb3\n");
	remove_place(&p);
}

static void test_hostnames(void **state)
{
	struct place p = make_place();

	(void)state;
	add(&p, entry("web1", "10.0.0.2", "fd00::2", "shop"));
	add(&p, entry("web2", "10.0.0.3", NULL, "Shop"));
	add(&p, entry("web3", "10.0.0.4", NULL, "WEB1")); /* ids go first */
	holds(&p, LOCAL "10.0.0.2\tweb1\nfd00::2\tweb1\n127.0.1.1\tshop\n"
			"10.0.0.3\tweb2\n10.0.0.4\tweb3\n");
	take_out(&p, "10.0.0.2");
	take_out(&p, "fd00::2");
	holds(&p, LOCAL "127.0.1.1\tshop\n10.0.0.3\tweb2\n10.0.0.4\tweb3\n");
	add(&p, entry("shop", "10.0.0.5", NULL, NULL));
	holds(&p, LOCAL "10.0.0.5\tshop\n10.0.0.3\tweb2\n10.0.0.4\tweb3\n");
	take_out(&p, "10.0.0.5");
	add(&p, entry("web4", "10.0.0.6", NULL, "shop"));
	take_out(&p, "10.0.0.3");
	holds(&p, LOCAL "10.0.0.6\tweb4\n127.0.1.1\tshop\n10.0.0.4\tweb3\n");
	take_out(&p, "10.0.0.6");
	holds(&p, LOCAL "10.0.0.4\tweb3\n");
	remove_place(&p);
}

static void test_names_that_are_left_out(void **state)
{
	static const char *const hostnames[] = {
		"localhost", "LocalHost", "a b", "a\n10.0.0.9 b", "a#b", "ip6-localhost", "a\t"
	};
	struct place p = make_place();

	(void)state;
	for (size_t i = 0; i < sizeof(hostnames) / sizeof(hostnames[0]); i++) {
		add(&p, entry("web1", "10.0.0.2", NULL, hostnames[i]));
		holds(&p, LOCAL "10.0.0.2\tweb1\n");
	}
	add(&p, entry("localhost", "10.0.0.2", NULL, NULL));
	holds(&p, LOCAL);
	remove_place(&p);
}

/* Slots of another size begin at a multiple of it, and no line becomes part of another one's slot. */
static void test_long_names(void **state)
{
	struct place p = make_place();
	char id[129], host[65], expected[1024];

	(void)state;
	(void)snprintf(id, sizeof(id), "%0128d", 1);
	(void)snprintf(host, sizeof(host), "%064d", 2);
	add(&p, entry(id, "fd00:1111:2222:3333:4444:5555:6666:7777", NULL, host));
	add(&p, entry("a", "10.0.0.2", NULL, NULL));
	(void)snprintf(expected, sizeof(expected),
		       LOCAL "10.0.0.2\ta\nfd00:1111:2222:3333:4444:5555:6666:7777\t%s\n"
			     "127.0.1.1\t%s\n",
		       id, host);
	holds(&p, expected);
	take_out(&p, "fd00:1111:2222:3333:4444:5555:6666:7777");
	add(&p, entry("b", "10.0.0.3", NULL, NULL));
	add(&p, entry("c", "10.0.0.4", NULL, NULL));
	holds(&p, LOCAL "10.0.0.2\ta\n10.0.0.3\tb\n10.0.0.4\tc\n");
	remove_place(&p);
}

/* After a reboot the file names containers that are gone, even if others have their ids now. */
static void test_another_boot(void **state)
{
	struct place p = make_place();
	const struct names_entry two = entry("web2", "10.0.0.3", NULL, NULL);
	struct err e = ERR_INIT;

	(void)state;
	add(&p, entry("web1", "10.0.0.2", NULL, NULL));
	assert_int_equal(names_add(p.fd, "next boot", &two, &e), 0);
	holds(&p, LOCAL "10.0.0.3\tweb2\n");
	remove_place(&p);
}

/* Killed in the middle of any write: the next one mends it, and the inode stays. */
static void test_torn(void **state)
{
	struct place p = make_place();
	cleanup_fd int fd = -EBADF;
	struct stat st;

	(void)state;
	add(&p, entry("web1", "10.0.0.2", NULL, NULL));
	st = stat_of(&p);
	fd = openat(p.fd, NAMES_FILE, O_RDWR | O_CLOEXEC);
	for (off_t n = 1; n < 64; n++) {
		assert_int_equal(
			pwrite(fd, "#0.0.0.3\tweb2", (size_t)(n < 13 ? n : 13), st.st_size),
			n < 13 ? n : 13);
		assert_int_equal(ftruncate(fd, st.st_size + n), 0);
		take_out(&p, "10.0.0.9");
		holds(&p, LOCAL "10.0.0.2\tweb1\n");
	}
	/* before the '#' of the first address is gone */
	assert_int_equal(pwrite(fd, "#", 1, st.st_size - 64), 1);
	add(&p, entry("web1", "10.0.0.2", NULL, NULL));
	holds(&p, LOCAL "10.0.0.2\tweb1\n");
	assert_int_equal(stat_of(&p).st_ino, st.st_ino);
	assert_int_equal(stat_of(&p).st_size, st.st_size);
	remove_place(&p);
}

/* Nothing of ours: who comes next gets a new one. */
static void test_damaged(void **state)
{
	static const char *const bad[] = { "", "# ctr hosts 1 boot", "x\n",
					   "# ctr hosts 1 boot\n\n" };
	struct place p = make_place();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(io_replace_file(p.fd, NAMES_FILE, 0600, bad[i], strlen(bad[i])),
				 0);
		take_out(&p, "10.0.0.2");
		add(&p, entry("web1", "10.0.0.2", NULL, NULL));
		holds(&p, LOCAL "10.0.0.2\tweb1\n");
	}
	remove_place(&p);
}

static bool is_three(const char *address, void *data)
{
	(void)data;
	return strcmp(address, "10.0.0.3") == 0;
}

static void test_sweep(void **state)
{
	struct place p = make_place();
	cleanup_fd int fd = -EBADF;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(names_sweep(p.fd, is_three, NULL, &e), 0);
	add(&p, entry("web1", "10.0.0.2", NULL, "shop"));
	add(&p, entry("web2", "10.0.0.3", NULL, "cafe"));
	add(&p, entry("web3", "10.0.0.4", NULL, "bank"));
	/* killed between the line of web3 and its hostname's */
	fd = openat(p.fd, NAMES_FILE, O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "#", 1, stat_of(&p).st_size - 128), 1);
	holds(&p, LOCAL "10.0.0.2\tweb1\n127.0.1.1\tshop\n10.0.0.3\tweb2\n127.0.1.1\tcafe\n"
			"127.0.1.1\tbank\n");
	assert_int_equal(names_sweep(p.fd, is_three, NULL, &e), 0);
	holds(&p, LOCAL "10.0.0.3\tweb2\n127.0.1.1\tcafe\n");
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
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_come_and_go),
		cmocka_unit_test(test_address_taken_over),
		cmocka_unit_test(test_hostnames),
		cmocka_unit_test(test_names_that_are_left_out),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_another_boot),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_resolv),
		cmocka_unit_test(test_usable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

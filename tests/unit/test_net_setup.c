// SPDX-License-Identifier: GPL-2.0-or-later
/* net/setup.h and net/address.h: words of --network, addresses, and what a record keeps of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <errno.h>

#include <cmocka.h>

#include "net/helper.h"
#include "net/kinds.h"
#include "net/setup.h"
#include "util/kernel.h"

static struct net_addr addr(const char *text)
{
	struct net_addr a;

	assert_int_equal(net_addr_parse(text, 0, &a), 0);
	return a;
}

static void is(const struct net_addr *a, const char *text)
{
	char buf[NET_ADDR_TEXT];

	assert_string_equal(net_addr_text(a, true, buf), text);
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {
		"",	  "10.0.0",	  "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08",
		"::/129", "fe80::1%eth0", "::1/-1",	 "10.0.0.1 ", "1.2.3.4/24/8",
		"x",	  "10.0.0.0/1e"
	};
	struct net_addr a = addr("10.88.7.9/16"), b = addr("fd00:0:0::ff/120"), c;

	(void)state;
	is(&a, "10.88.7.9/16");
	is(&b, "fd00::ff/120");
	c = net_addr_network(&a);
	is(&c, "10.88.0.0/16");
	c = net_addr_last(&a);
	is(&c, "10.88.255.255/16");
	c = net_addr_plus(&b, 1);
	is(&c, "fd00::100/120");
	c = net_addr_plus(&a, 65536);
	is(&c, "10.89.7.9/16");
	c = addr("255.255.255.255");
	c = net_addr_plus(&c, 1);
	is(&c, "0.0.0.0/32");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(net_addr_parse(bad[i], 0, &c), -EINVAL);
	assert_int_equal(net_addr_parse("::1", AF_INET, &c), -EINVAL);
	assert_int_equal(net_addr_parse("1.2.3.4", AF_INET6, &c), -EINVAL);
}

static void test_within_and_overlap(void **state)
{
	struct net_addr net = addr("10.88.0.0/16"), odd = addr("10.88.128.0/17"),
			other = addr("10.89.0.0/16"), six = addr("::/0"), all = addr("0.0.0.0/0"),
			host = addr("10.88.255.1"), none = { 0 };

	(void)state;
	assert_true(net_addr_within(&host, &net) && net_addr_within(&host, &all));
	assert_false(net_addr_within(&host, &other) || net_addr_within(&host, &six));
	assert_false(net_addr_within(&none, &net) || net_addr_within(&host, &none));
	assert_true(net_addr_overlap(&net, &odd) && net_addr_overlap(&odd, &net));
	assert_false(net_addr_overlap(&net, &other) || net_addr_overlap(&net, &six));
	assert_false(net_addr_overlap(&net, &none) || net_addr_overlap(&none, &none));
}

static void test_macs(void **state)
{
	static const char *const bad[] = { "",
					   "02:00:00:00:00",
					   "02:00:00:00:00:00:00",
					   "01:00:5e:00:00:01",
					   "00:00:00:00:00:00",
					   "02-00-00-00-00-01",
					   "02:00:00:00:00:0g" };
	uint8_t mac[NET_MAC_SIZE];
	char text[NET_MAC_TEXT];

	(void)state;
	assert_int_equal(net_mac_parse("02:aB:00:00:00:0f", mac), 0);
	assert_string_equal(net_mac_text(mac, text), "02:ab:00:00:00:0f");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(net_mac_parse(bad[i], mac), -EINVAL);
}

static void test_uuids(void **state)
{
	uint8_t a[NET_UUID_SIZE] = { 1, 2, 3, 4, 5, 6, 7, 8 }, b[NET_UUID_SIZE], mac[NET_MAC_SIZE];
	char one[IFNAMSIZ], two[IFNAMSIZ], alias[NET_ALIAS_SIZE];

	(void)state;
	assert_int_equal(net_alias_parse(net_alias(a, alias), b), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(net_alias_parse("ctr:0102", b), -EINVAL);
	assert_int_equal(net_alias_parse("xtr:01020304050607080000000000000000", b), -EINVAL);
	assert_int_equal(net_alias_parse("ctr:0102030405060708000000000000000g", b), -EINVAL);
	assert_int_equal(strlen(net_host_name(a, one)), IFNAMSIZ - 1);
	assert_true(net_ifname_ok(one));
	/* each of the first 60 bits tells two apart */
	for (unsigned bit = 0; bit < 60; bit++) {
		memcpy(b, a, sizeof(b));
		b[7 - bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_string_not_equal(one, net_host_name(b, two));
	}
	memset(b, 0xff, sizeof(b));
	net_uuid_mac(b, mac);
	assert_int_equal(mac[0] & 3, 2); /* locally administered, not a group */
	assert_int_equal(net_uuid_make(a), 0);
	assert_int_equal(net_uuid_make(b), 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

static int parse(struct arena *a, struct net_setup *s, const char *text)
{
	struct err e = ERR_INIT;

	return net_setup_parse(text, a, s, &e);
}

static void test_words(void **state)
{
	const struct net_attachment *a;
	struct net_setup s = { 0 };
	struct err e = ERR_INIT;
	struct arena arena = { 0 };

	(void)state;
	assert_int_equal(parse(&arena, &s, "bridge"), 0);
	assert_int_equal(
		parse(&arena, &s,
		      "bridge:web,name=lan,ip=10.1.2.3/24,ip6=fd00::3,gw=10.1.2.1,gw=fd00::1,"
		      "mac=02:00:00:00:00:01,mtu=1400,route=default via 10.1.2.9,route=fd01::/64"),
		0);
	assert_int_equal(parse(&arena, &s, "macvlan:eth7,mode=vepa,name=eth0,gw=none"), 0);
	assert_int_equal(s.items.count, 3);
	assert_int_equal(net_setup_finish(&s, &e), 0);
	a = s.items.items;
	assert_string_equal(a[0].target, "default");
	assert_string_equal(a[0].name, "eth1"); /* eth0 is chosen */
	assert_string_equal(a[1].target, "web");
	assert_string_equal(a[1].name, "lan");
	assert_true(a[1].has_ip4 && a[1].has_ip6 && a[1].has_gw4 && a[1].has_gw6 && a[1].has_mac);
	is(&a[1].ip4, "10.1.2.3/24");
	is(&a[1].gw6, "fd00::1/128");
	assert_int_equal(a[1].routes.count, 2);
	is(&a[1].routes.items[0].to, "0.0.0.0/0");
	is(&a[1].routes.items[0].via, "10.1.2.9/32");
	assert_false(net_addr_set(&a[1].routes.items[1].via));
	assert_true(a[2].has_gw4 && !net_addr_set(&a[2].gw4));
	assert_true(net_setup_makes_links(&s));
	assert_ptr_equal(net_setup_primary(&s), &a[0]);
	arena_free(&arena);
}

static void test_too_many(void **state)
{
	struct net_setup s = { 0 };
	struct arena arena = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < NET_ATTACHMENTS_MAX; i++)
		assert_int_equal(parse(&arena, &s, "bridge"), 0);
	assert_int_equal(net_setup_finish(&s, &e), 0);
	assert_int_equal(parse(&arena, &s, "bridge"), 0);
	assert_int_equal(net_setup_finish(&s, &e), -EINVAL);
	assert_int_equal(parse(&arena, &s, "bridge"), -EINVAL);
	arena_free(&arena);
}

static char *write_text(const struct net_setup *s)
{
	struct json_out o;
	char *text;
	size_t len;

	assert_int_equal(json_out_init(&o, false), 0);
	json_out_object(&o);
	net_setup_write(&o, s);
	json_out_end_object(&o);
	assert_int_equal(json_out_finish(&o, &text, &len), 0);
	json_out_free(&o);
	return text;
}

static int read_text(const char *text, struct arena *a, struct net_setup *ret)
{
	const struct json_node *root;
	struct err e = ERR_INIT;

	assert_int_equal(json_parse(a, text, strlen(text), "record", &root, &e), 0);
	return net_setup_read(json_member(root, "network"), a, ret);
}

static void fill(struct arena *arena, struct net_setup *s)
{
	static struct net_port ports[] = {
		{ .host_port = 8080, .port = 80, .count = 1, .protocol = 6 },
		{ .host_port = 53, .port = 5353, .count = 7, .protocol = 17 }
	};
	static struct net_addr dns[1];
	static const char *search[] = { "example.org" };
	struct net_attachment *a;
	struct err e = ERR_INIT;

	assert_int_equal(
		parse(arena, s, "bridge:web,ip=10.1.2.3/24,route=10.9.0.0/16 via 10.1.2.9"), 0);
	assert_int_equal(parse(arena, s, "macvlan:eth7,mode=vepa,mac=02:00:00:00:00:01,mtu=1500"),
			 0);
	assert_int_equal(net_setup_finish(s, &e), 0);
	a = s->items.items;
	memset(a->uuid, 0xa5, sizeof(a->uuid));
	a->host_index = 17;
	a->isolate = true;
	(void)strncpy(a->bridge, "ctr-web", sizeof(a->bridge) - 1);
	a->subnet6 = addr("fd00::/64");
	a[1].result = "{\"cniVersion\": \"1.0.0\"}";
	a[1].helper_pid = 4711;
	a[1].helper_start = UINT64_MAX;
	ports[0].address = addr("127.0.0.1");
	dns[0] = addr("9.9.9.9");
	s->ports.items = ports;
	s->ports.count = 2;
	s->dns.items = dns;
	s->dns.count = 1;
	s->dns_search.items = search;
	s->dns_search.count = 1;
	s->rate.egress = 1000000;
	s->data = "/var/lib/ctr";
	s->hosts = true;
}

static void test_record(void **state)
{
	struct net_setup s = { 0 }, again;
	struct arena arena = { 0 };
	char *first, *second;

	(void)state;
	first = write_text(&s);
	assert_string_equal(first, "{}"); /* nothing was asked for */
	free(first);
	fill(&arena, &s);
	first = write_text(&s);
	assert_int_equal(read_text(first, &arena, &again), 0);
	second = write_text(&again);
	assert_string_equal(first, second);
	assert_int_equal(again.items.items[0].host_index, 17);
	assert_memory_equal(again.items.items[0].uuid, s.items.items[0].uuid, NET_UUID_SIZE);
	assert_int_equal(again.ports.items[1].protocol, 17);
	free(first);
	free(second);
	arena_free(&arena);
}

static void test_damaged_record(void **state)
{
	static const char *const bad[] = {
		"{\"network\":5}",
		"{\"network\":{}}",
		"{\"network\":{\"items\":{}}}",
		"{\"network\":{\"items\":[{}]}}",
		"{\"network\":{\"items\":[{\"kind\":\"wifi\"}]}}",
		"{\"network\":{\"items\":[{\"kind\":\"bridge\",\"name\":\"averyverylongname\"}]}}",
		"{\"network\":{\"items\":[{\"kind\":\"bridge\",\"ip\":\"x\"}]}}",
		"{\"network\":{\"items\":[{\"kind\":\"bridge\",\"ip\":5}]}}",
		"{\"network\":{\"items\":[{\"kind\":\"bridge\",\"uuid\":\"ctr:00\"}]}}",
		"{\"network\":{\"items\":[{\"kind\":\"bridge\",\"hostIndex\":-1}]}}",
		"{\"network\":{\"items\":[{\"kind\":\"bridge\",\"mtu\":\"9\"}]}}",
		"{\"network\":{\"items\":[{\"kind\":\"bridge\",\"mac\":\"01:00:00:00:00:00\"}]}}",
		"{\"network\":{\"items\":[{\"kind\":\"bridge\",\"isolate\":1}]}}",
		"{\"network\":{\"items\":[{\"kind\":\"bridge\",\"routes\":[{}]}]}}",
		"{\"network\":{\"items\":[],\"ports\":[{\"port\":70000,\"protocol\":\"tcp\"}]}}",
		"{\"network\":{\"items\":[],\"dns\":[\"x\"]}}",
		"{\"network\":{\"items\":[],\"dnsSearch\":[5]}}",
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct net_setup s = { .data = "untouched" };

		assert_int_equal(read_text(bad[i], &arena, &s), -EBADMSG);
		assert_string_equal(s.data, "untouched");
	}
	arena_free(&arena);
}

static const char config[] =
	"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":["
	"{\"type\":\"mount\"},{\"type\":\"network\"%s},{\"type\":\"pid\"}]}}";

static struct oci_spec *spec_with(const char *more)
{
	struct oci_spec *spec;
	struct err e = ERR_INIT;
	char text[512];
	int n = snprintf(text, sizeof(text), config, more);

	assert_int_equal(oci_spec_decode(text, (size_t)n, &spec, &e), 0);
	return spec;
}

static int apply(const char *words, const char *path, struct oci_spec *spec, struct err *e)
{
	struct net_setup s = { 0 };
	struct arena arena = { 0 };
	int r;

	assert_int_equal(parse(&arena, &s, words), 0);
	*e = (struct err)ERR_INIT;
	r = net_setup_apply(&s, path, spec, e);
	arena_free(&arena);
	return r;
}

static void test_namespaces(void **state)
{
	struct oci_spec *spec = spec_with("");
	struct err e;

	(void)state;
	assert_int_equal(apply("bridge", NULL, spec, &e), 0);
	assert_true(oci_spec_new_namespace(spec, OCI_NS_NETWORK));
	assert_int_equal(apply("host", NULL, spec, &e), 0);
	assert_null(oci_spec_namespace(spec, OCI_NS_NETWORK));
	assert_int_equal(spec->linux_.namespaces.count, 2);
	assert_true(oci_spec_new_namespace(spec, OCI_NS_PID));
	assert_int_equal(apply("host", NULL, spec, &e), 0);
	assert_int_equal(apply("none", NULL, spec, &e), 0);
	assert_true(oci_spec_new_namespace(spec, OCI_NS_NETWORK));
	assert_int_equal(apply("ns:/x", "/x", spec, &e), 0);
	assert_string_equal(oci_spec_namespace(spec, OCI_NS_NETWORK)->path, "/x");
	assert_true(oci_spec_namespace(spec, OCI_NS_NETWORK)->from_option);
	oci_spec_free(spec);
}

static void test_namespace_of_a_manager(void **state)
{
	struct oci_spec *spec = spec_with(",\"path\":\"/run/netns/managed\"");
	static const char *const words[] = { "bridge", "none", "host", "ns:/other", "macvlan:x" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(apply(words[i], i == 3 ? "/other" : NULL, spec, &e), -EINVAL);
		assert_string_equal(e.origin, "config.json /linux/namespaces/1/path");
	}
	assert_int_equal(apply("ns:/run/netns/managed", "/run/netns/managed", spec, &e), 0);
	assert_string_equal(oci_spec_namespace(spec, OCI_NS_NETWORK)->path, "/run/netns/managed");
	assert_false(oci_spec_namespace(spec, OCI_NS_NETWORK)->from_option);
	oci_spec_free(spec);
}

static void has_argv(const struct net_setup *s, bool same_userns, const char *want)
{
	struct arena a = { 0 };
	char text[512] = "";
	char **argv = net_helper_argv(s, net_setup_helper(s), 7, same_userns, &a);
	size_t n = 0;

	assert_non_null(argv);
	for (; *argv; argv++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", *argv);
	assert_string_equal(text, want);
	arena_free(&a);
}

/* Whatever the programs connect by themselves is turned off. */
static void test_helper_arguments(void **state)
{
	struct arena a = { 0 };
	struct net_setup s = { 0 }, slirp = { 0 };
	struct net_port ports[] = {
		{ .host_port = 80, .port = 8080, .count = 1, .protocol = IPPROTO_TCP },
		{ .address = addr("::1"),
		  .host_port = 5,
		  .port = 6,
		  .count = 3,
		  .protocol = IPPROTO_TCP },
		{ .address = addr("192.0.2.1"),
		  .host_port = 53,
		  .port = 53,
		  .count = 1,
		  .protocol = IPPROTO_UDP },
	};

	(void)state;
	assert_null(net_setup_helper(&s));
	assert_int_equal(net_setup_parse("pasta,mtu=1400", &a, &s, NULL), 0);
	assert_int_equal(net_setup_finish(&s, NULL), 0);
	has_argv(&s, true,
		 "pasta --foreground --quiet --config-net --no-map-gw -T none -U none --pid "
		 "/proc/self/fd/1 -t none -u none --mtu 1400 --ns-ifname eth0 --netns-only "
		 "--no-netns-quit --netns "
		 "/proc/self/fd/0");
	s.ports.items = ports;
	s.ports.count = ARRAY_SIZE(ports);
	has_argv(&s, false,
		 "pasta --foreground --quiet --config-net --no-map-gw -T none -U none --pid "
		 "/proc/self/fd/1 -t 80:8080 -t ::1/5-7:6-8 -u 192.0.2.1/53:53 --mtu 1400 "
		 "--ns-ifname "
		 "eth0 --userns /proc/7/ns/user --no-netns-quit --netns "
		 "/proc/self/fd/0");
	assert_int_equal(net_setup_parse("slirp4netns,name=up0", &a, &slirp, NULL), 0);
	assert_int_equal(net_setup_finish(&slirp, NULL), 0);
	has_argv(
		&slirp, false,
		"slirp4netns --configure --enable-sandbox --enable-seccomp --disable-host-loopback "
		"--ready-fd=3 7 up0");
	assert_int_equal(net_setup_parse("pasta", &a, &slirp, NULL), 0);
	assert_int_equal(net_setup_finish(&slirp, NULL), -EINVAL);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_within_and_overlap),
		cmocka_unit_test(test_macs),
		cmocka_unit_test(test_uuids),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_damaged_record),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_namespace_of_a_manager),
		cmocka_unit_test(test_helper_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

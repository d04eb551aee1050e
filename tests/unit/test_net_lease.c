// SPDX-License-Identifier: GPL-2.0-or-later
/* net/lease.h: who gets which address, and when one is free again. The kernel has no links. */
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

#include "net/lease.h"

#define BOOT  "11111111-2222-3333-4444-555555555555"
#define OTHER "99999999-2222-3333-4444-555555555555"

struct fixture {
	char path[64];
	struct net_dir dir;
	struct lease_context ctx;
};

static bool owner_lives(const struct net_owner *o, const uint8_t uuid[NET_UUID_SIZE])
{
	(void)uuid;
	return strncmp(o->id, "dead", 4) != 0;
}

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	(void)snprintf(x->path, sizeof(x->path), "/tmp/ctr-test-lease-XXXXXX");
	assert_non_null(mkdtemp(x->path));
	x->dir.fd = open(x->path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	assert_int_equal(mkdirat(x->dir.fd, "leases", 0700), 0);
	x->dir.leases = openat(x->dir.fd, "leases", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	(void)snprintf(x->dir.def.name, sizeof(x->dir.def.name), "web");
	assert_int_equal(net_addr_parse("10.0.0.0/29", 0, &x->dir.def.subnet4), 0);
	assert_int_equal(net_addr_parse("fd00::/125", 0, &x->dir.def.subnet6), 0);
	assert_int_equal(net_def_check(&x->dir.def, NULL), 0);
	/* no socket: asking for a link fails, so there is none */
	x->ctx = (struct lease_context){ .owner = { "one", "/run/ctr", BOOT },
					 .lives = owner_lives,
					 .sock = -1 };
	*state = x;
	return 0;
}

static int forget(const struct lease *l, void *data)
{
	return unlinkat(((struct net_dir *)data)->leases, l->address, 0);
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	(void)lease_each(&x->dir, forget, &x->dir);
	(void)unlinkat(x->dir.fd, "leases", AT_REMOVEDIR);
	(void)unlinkat(x->dir.fd, "next", 0);
	(void)unlinkat(x->dir.fd, "next6", 0);
	(void)unlinkat(x->dir.fd, "lease", 0);
	net_dir_close(&x->dir);
	assert_int_equal(rmdir(x->path), 0);
	free(x);
	return 0;
}

/* A lease for the container @id: what it got, or the error. */
static int take(struct fixture *x, const char *id, struct net_attachment *a)
{
	struct err e = ERR_INIT;

	x->ctx.owner.id = id;
	a->uuid[0] = (uint8_t)id[strlen(id) - 1];
	return lease_take(&x->dir, &x->ctx, true, a, &e);
}

static void got(const struct net_attachment *a, const char *four, const char *six)
{
	char text[NET_ADDR_TEXT];

	assert_string_equal(net_addr_text(&a->ip4, true, text), four);
	assert_string_equal(net_addr_text(&a->ip6, true, text), six);
}

static void test_in_turn(void **state)
{
	struct fixture *x = *state;
	struct net_attachment a = { 0 }, b = { 0 }, c = { 0 };

	assert_int_equal(take(x, "a", &a), 0);
	got(&a, "10.0.0.2/29", "fd00::2/125");
	assert_int_equal(take(x, "b", &b), 0);
	got(&b, "10.0.0.3/29", "fd00::3/125");
	a.bridge[0] = 'x';
	lease_return(&x->dir, &a);
	assert_true(lease_any(&x->dir));
	/* what was given back rests until its turn comes */
	assert_int_equal(take(x, "c", &c), 0);
	got(&c, "10.0.0.4/29", "fd00::4/125");
	lease_return(&x->dir, &c); /* by its uuid: nothing says that all is written down */
	b.bridge[0] = 'x';
	lease_return(&x->dir, &b);
	assert_false(lease_any(&x->dir));
}

static void test_all_taken(void **state)
{
	struct fixture *x = *state;
	struct net_attachment last = { 0 };
	char id[2] = "a";

	/* 8 addresses, of which are the network's, the bridge's, and the broadcast address */
	for (; id[0] < 'f'; id[0]++) {
		struct net_attachment a = { 0 };

		assert_int_equal(take(x, id, &a), 0);
	}
	assert_int_equal(take(x, "last", &last), -ENOSPC);
	assert_int_equal(faccessat(x->dir.leases, "fd00::7", F_OK, 0), -1); /* none is half taken */
}

static void test_chosen(void **state)
{
	static const char *const bad[] = { "10.0.0.1", "10.0.0.0", "10.0.0.7", "10.0.0.9",
					   "10.0.0.5/24" };
	struct fixture *x = *state;
	struct net_attachment a = { .has_ip4 = true }, b = { .has_ip4 = true }, c = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(net_addr_parse(bad[i], 0, &a.ip4), 0);
		assert_int_equal(take(x, "a", &a), -EINVAL);
		assert_false(lease_any(&x->dir));
	}
	assert_int_equal(net_addr_parse("10.0.0.2", 0, &a.ip4), 0);
	assert_int_equal(take(x, "a", &a), 0);
	got(&a, "10.0.0.2/29", "fd00::2/125");
	assert_int_equal(net_addr_parse("10.0.0.2/29", 0, &b.ip4), 0);
	assert_int_equal(take(x, "b", &b), -EINVAL);
	assert_int_equal(take(x, "c", &c), 0);
	got(&c, "10.0.0.3/29", "fd00::3/125");
}

struct count {
	const struct lease_context *ctx;
	int gone;
};

static int count_one(const struct lease *l, void *data)
{
	struct count *c = data;

	c->gone += lease_gone(l, c->ctx);
	return 0;
}

static int count_gone(struct fixture *x)
{
	struct count c = { .ctx = &x->ctx };

	assert_int_equal(lease_each(&x->dir, count_one, &c), 0);
	return c.gone;
}

static void test_stale(void **state)
{
	struct fixture *x = *state;
	struct net_attachment a = { .has_ip4 = true }, b;

	assert_int_equal(net_addr_parse("10.0.0.5", 0, &a.ip4), 0);
	b = a;
	assert_int_equal(take(x, "dead-a", &a), 0);
	assert_int_equal(count_gone(x), 2);
	assert_int_equal(take(x, "b", &b), 0); /* taken over */
	a.bridge[0] = 'x';
	lease_return(&x->dir, &a);	    /* it is no longer its own */
	assert_int_equal(count_gone(x), 0); /* it has let go of the other one, too */
	x->ctx.owner.boot = OTHER;
	assert_int_equal(count_gone(x), 2);
}

static void test_damaged(void **state)
{
	struct fixture *x = *state;
	struct net_attachment a = { .has_ip4 = true };
	int fd = openat(x->dir.leases, "10.0.0.5", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "ctr:zz\n", 7), 7);
	(void)close(fd);
	assert_int_equal(net_addr_parse("10.0.0.5", 0, &a.ip4), 0);
	assert_int_equal(take(x, "a", &a), 0);
	got(&a, "10.0.0.5/29", "fd00::2/125");
}

static void test_without_ip6(void **state)
{
	struct fixture *x = *state;
	struct net_attachment a = { .uuid = { 1 } }, b = { .has_ip6 = true };
	struct err e = ERR_INIT;

	assert_int_equal(lease_take(&x->dir, &x->ctx, false, &a, &e), 0);
	got(&a, "10.0.0.2/29", "");
	assert_int_equal(net_addr_parse("fd00::5", 0, &b.ip6), 0);
	assert_int_equal(lease_take(&x->dir, &x->ctx, false, &b, &e), -EAFNOSUPPORT);
}

static void test_definition_text(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"{\"name\":\"web\",\"bridge\":\"a b\",\"uuid\":\"ctr:00\"}",
		"{\"name\":\"../"
		"x\",\"bridge\":\"br\",\"uuid\":\"ctr:00112233445566778899aabbccddeeff\"}",
		"{\"name\":\"x\",\"bridge\":\"br\",\"uuid\":\"ctr:"
		"00112233445566778899aabbccddeeff\","
		"\"subnet\":\"10.0.0.1/24\"}",
		"{\"name\":\"x\",\"bridge\":\"br\",\"uuid\":\"ctr:"
		"00112233445566778899aabbccddeeff\","
		"\"subnet\":\"10.0.0.0/24\",\"gateway\":\"10.1.0.1/24\"}"
	};
	struct fixture *x = *state;
	struct net_def def, *mine = &x->dir.def;
	struct json_out o;
	char *text;
	size_t len;

	(void)snprintf(mine->bridge, sizeof(mine->bridge), "br-web");
	mine->mtu = 1400;
	mine->internal = true;
	mine->uuid[15] = 7;
	assert_int_equal(json_out_init(&o, false), 0);
	json_out_object(&o);
	net_def_members(&o, mine);
	json_out_end_object(&o);
	assert_int_equal(json_out_finish(&o, &text, &len), 0);
	json_out_free(&o);
	assert_int_equal(net_def_read(text, len, &def), 0);
	assert_string_equal(def.name, "web");
	assert_string_equal(def.bridge, "br-web");
	assert_int_equal(def.mtu, 1400);
	assert_true(def.internal && !def.isolate && net_addr_equal(&def.gw6, &mine->gw6));
	assert_memory_equal(def.uuid, mine->uuid, sizeof(def.uuid));
	free(text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(net_def_read(bad[i], strlen(bad[i]), &def), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chosen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_ip6, setup, teardown),
		cmocka_unit_test_setup_teardown(test_definition_text, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

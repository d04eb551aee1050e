// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * plan/plan.h and plan/layout.h: building, encoding, and the bounds check (one wrong value anywhere in
 * the tables must be refused).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "plan/plan.h"

/* ---- building ---- */

static void test_pool(void **state)
{
	struct plan *p = plan_new();
	uint64_t a, b, c;

	(void)state;
	assert_non_null(p);
	assert_int_equal(plan_str(p, NULL), 0);
	assert_int_equal(plan_str(p, ""), 0);
	assert_string_equal(p->pool, "");
	a = plan_str(p, "/mounts/0");
	assert_string_equal(p->pool + a, "/mounts/0");
	assert_int_equal(plan_str(p, "/mounts/0"), a); /* the same word again costs nothing */
	b = plan_str(p, "0");			       /* and so does the end of the last one */
	assert_string_equal(p->pool + b, "0");
	assert_int_equal(b, a + 8);
	c = plan_str(p, "other");
	assert_true(c > a);
	assert_string_equal(p->pool + a, "/mounts/0");
	assert_string_equal(p->pool + c, "other");
	plan_free(p);
	plan_free(NULL);
}

static void test_blobs(void **state)
{
	const char *items[] = { "one", "", "three" };
	const oci_strings list = { .items = items, .count = 3 };
	struct plan *p = plan_new();
	uint64_t blob = plan_blob(p, "\x01\0\x02", 3), none = plan_blob(p, NULL, 0), words;

	(void)state;
	assert_int_equal(PLAN_BLOB_LEN(blob), 3);
	assert_memory_equal(p->pool + PLAN_BLOB_OFF(blob), "\x01\0\x02", 3);
	assert_int_equal(PLAN_BLOB_LEN(none), 0);
	words = plan_list(p, &list);
	assert_int_equal(PLAN_BLOB_LEN(words), 4 + 1 + 6);
	assert_memory_equal(p->pool + PLAN_BLOB_OFF(words), "one\0\0three", 11);
	assert_int_equal(PLAN_BLOB_LEN(plan_list(p, &(const oci_strings){ 0 })), 0);
	assert_false(p->failed);
	plan_free(p);
}

static void test_grows(void **state)
{
	struct plan *p = plan_new();
	char name[32];
	uint64_t at[3000];

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "name number %u!", i);
		at[i] = plan_str(p, name);
		PLAN_ADD(p, name, hostname, .name = at[i]);
		assert_int_equal(plan_reg(p, "r"), i + 1);
	}
	assert_false(p->failed);
	for (unsigned i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "name number %u!", i);
		assert_string_equal(p->pool + at[i], name);
		assert_string_equal(p->pool + p->ops[i].origin, name);
		assert_int_equal(p->ops[i].slot[0], at[i]);
	}
	assert_int_equal(p->op_count, 3000);
	plan_free(p);
}

static void test_limits(void **state)
{
	struct plan *p = plan_new();
	void *data = (void *)1;
	struct err e = ERR_INIT;
	size_t size;

	(void)state;
	while (p->reg_count < PLAN_MAX_REGS)
		assert_int_not_equal(plan_reg(p, "r"), 0);
	assert_false(p->failed);
	assert_int_equal(plan_reg(p, "one more"), 0);
	assert_true(p->too_large);
	assert_int_equal(plan_encode(p, 3, &data, &size, &e), -E2BIG);
	assert_ptr_equal(data, (void *)1);
	plan_free(p);

	p = plan_new();
	while (p->op_count < PLAN_MAX_OPS)
		assert_non_null(plan_append(p, PLAN_CODE_no_new_privs, NULL));
	assert_null(plan_append(p, PLAN_CODE_no_new_privs, NULL));
	assert_true(p->too_large);
	plan_free(p);

	p = plan_new();
	assert_int_equal(plan_blob(p, "", (size_t)PLAN_MAX_SIZE + 1), 0);
	assert_true(p->too_large);
	plan_free(p);

	p = plan_new();
	assert_int_equal(plan_blob(p, "", SIZE_MAX), 0);
	assert_true(p->too_large);
	plan_free(p);
}

/* The pool alone fits, together with the tables it does not. */
static void test_too_big(void **state)
{
	struct plan *p = plan_new();
	size_t chunk = 1 << 20, size;
	void *data = NULL, *zeros = calloc(1, chunk);
	struct err e = ERR_INIT;

	(void)state;
	PLAN_ADD(p, NULL, umask, .mask = 022);
	for (int i = 0; i < 63; i++)
		(void)plan_blob(p, zeros, chunk);
	(void)plan_blob(p, zeros, chunk - 8);
	assert_false(p->failed);
	assert_int_equal(plan_encode(p, 3, &data, &size, &e), -E2BIG);
	assert_null(data);
	free(zeros);
	plan_free(p);
}

static void test_warnings(void **state)
{
	struct plan *p = plan_new();
	char big[2000];

	(void)state;
	assert_null(p->warnings);
	plan_warn(p, "/first", "first %d", 1);
	plan_warn(p, NULL, "second");
	assert_string_equal(p->warnings->text, "first 1"); /* in the order in which they came */
	plan_warning_text(p, p->warnings, big, sizeof(big));
	assert_string_equal(big, "config.json /first: first 1");
	plan_warning_text(p, p->warnings->next, big, sizeof(big));
	assert_string_equal(big, "second");
	memset(big, 'w', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	plan_warn(p, NULL, "%s", big);
	assert_int_equal(strlen(p->warnings->next->next->text), 511);
	assert_null(p->warnings->next->next->next);
	assert_string_equal(plan_origin(p, "%s", big),
			    big); /* a mount's options are made with it */
	assert_false(p->failed);
	plan_free(p);
}

/* --strict: the first one that is about the config; others are about the host. */
static void test_refuse_warnings(void **state)
{
	struct plan *p = plan_new();
	struct err e = ERR_INIT;

	(void)state;
	plan_warn(p, NULL, "of the host");
	assert_int_equal(plan_refuse_warnings(p, &e), 0);
	assert_int_equal(e.kind, ERR_NONE);
	plan_warn(p, "/process/args", "first");
	plan_warn(p, "/mounts/1", "second");
	assert_int_equal(plan_refuse_warnings(p, &e), -EINVAL);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_string_equal(e.text, "first");
	assert_string_equal(e.origin, "config.json /process/args");
	assert_string_equal(e.hint, "correct it, or do without --strict");
	/* of exec: another document, or the command line */
	p->other_process = true;
	p->process_file = "p.json";
	e = (struct err)ERR_INIT;
	assert_int_equal(plan_refuse_warnings(p, &e), -EINVAL);
	assert_string_equal(e.origin, "p.json /args");
	p->process_file = NULL;
	e = (struct err)ERR_INIT;
	assert_int_equal(plan_refuse_warnings(p, &e), -EINVAL);
	assert_string_equal(e.origin, "");
	plan_free(p);
}

/* plan_free closes what the registers own. */
static void test_closes(void **state)
{
	struct plan *p = plan_new();
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	(void)plan_source(p, &(struct plan_source){ .label = "x", .fd = fd });
	plan_free(p);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* ---- encoding and the check ---- */

/* One operation of each kind, with arguments that are valid and tell apart. */
static struct plan *sample(void)
{
	struct plan *p = plan_new();
	uint64_t first, reg;

	assert_non_null(p);
	first = plan_reg(p, "rootfs");
	for (int i = 0; i < 7; i++)
		(void)plan_reg(p, "other");
	for (unsigned code = 0; code < PLAN_CODE_COUNT; code++) {
		const struct plan_op_info *info = &plan_op_table[code];
		uint64_t slot[PLAN_SLOTS] = { 0 };
		struct plan_op *op;

		reg = first;
		for (int i = 0; i < PLAN_SLOTS; i++) {
			switch (info->arg[i].kind) {
			case PLAN_STR: slot[i] = plan_str(p, info->arg[i].name); break;
			case PLAN_BLOB: slot[i] = plan_blob(p, "abc", 3); break;
			case PLAN_LIST: slot[i] = plan_blob(p, "a\0bc", 5); break;
			case PLAN_GIDS: slot[i] = plan_blob(p, "\1\0\0\0\2\0\0\0", 8); break;
			case PLAN_REG:
			case PLAN_REGN: slot[i] = reg++; break;
			case PLAN_SYNC: slot[i] = PLAN_SYNC_READY; break;
			case PLAN_NOTHING: break;
			default: slot[i] = 8; break;
			}
		}
		op = plan_append(p, (enum plan_code)code, info->name);
		assert_non_null(op);
		memcpy(op->slot, slot, sizeof(slot));
	}
	assert_false(p->failed);
	return p;
}

struct bytes {
	char *data;
	size_t size;
};

static struct bytes encode(const struct plan *p)
{
	struct bytes b = { 0 };
	struct err e = ERR_INIT;
	void *data = NULL;

	assert_int_equal(plan_encode(p, 7, &data, &b.size, &e), 0);
	b.data = data;
	return b;
}

static struct plan_header *header(const struct bytes *b)
{
	return (struct plan_header *)(void *)b->data;
}

static struct plan_op *op_at(const struct bytes *b, uint32_t i)
{
	return (struct plan_op *)(void *)(b->data + header(b)->op_off) + i;
}

static void test_encode(void **state)
{
	struct plan *p = sample();
	struct bytes b;
	const struct plan_header *h;

	(void)state;
	p->regs[2].fd = 42;
	b = encode(p);
	h = header(&b);
	assert_int_equal(plan_check(b.data, b.size), 0);
	assert_int_equal(h->magic, PLAN_MAGIC);
	assert_int_equal(h->abi, PLAN_ABI);
	assert_int_equal(h->size, b.size);
	assert_int_equal(h->sync_fd, 7);
	assert_int_equal(h->op_count, PLAN_CODE_COUNT);
	assert_int_equal(h->reg_count, 9);
	assert_int_equal(((int32_t *)(void *)(b.data + h->reg_off))[1], -1);
	assert_int_equal(((int32_t *)(void *)(b.data + h->reg_off))[2], 42);
	assert_memory_equal(op_at(&b, 0), p->ops, p->op_count * sizeof(*p->ops));
	assert_memory_equal(b.data + h->pool_off, p->pool, p->pool_size);
	assert_int_equal(b.data[b.size - 1], '\0');
	p->regs[2].fd = -EBADF;
	plan_free(p);
	free(b.data);
}

static void test_no_operations(void **state)
{
	struct plan *p = plan_new();
	struct bytes b = encode(p);

	(void)state;
	assert_int_equal(plan_check(b.data, b.size), -EINVAL); /* nothing to run is no plan */
	plan_free(p);
	free(b.data);
}

/* Encoding is the same bytes each time: the cache of nothing, and no stack in a plan. */
static void test_deterministic(void **state)
{
	struct plan *p = sample(), *q = sample();
	struct bytes a = encode(p), b = encode(q);

	(void)state;
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
	plan_free(p);
	plan_free(q);
	free(a.data);
	free(b.data);
}

static void refused(const struct bytes *b, const char *what)
{
	if (plan_check(b->data, b->size) != -EINVAL)
		fail_msg("%s was accepted", what);
}

/* Set one 32-bit field of the header to @value: must be refused. */
#define BREAK_HEADER(b, field, value)                                                              \
	do {                                                                                       \
		__typeof__(header(b)->field) _old = header(b)->field;                              \
		header(b)->field = (__typeof__(_old))(value);                                      \
		refused((b), #field " = " #value);                                                 \
		header(b)->field = _old;                                                           \
	} while (0)

static void test_broken_header(void **state)
{
	struct plan *p = sample();
	struct bytes b = encode(p);
	const struct plan_header h = *header(&b);

	(void)state;
	BREAK_HEADER(&b, magic, 0);
	BREAK_HEADER(&b, magic, h.magic + 1);
	BREAK_HEADER(&b, abi, 0);
	BREAK_HEADER(&b, abi, h.abi + 1);
	BREAK_HEADER(&b, size, 0);
	BREAK_HEADER(&b, size, h.size - 1);
	BREAK_HEADER(&b, size, h.size + 1);
	BREAK_HEADER(&b, op_off, 0);
	BREAK_HEADER(&b, op_off, 8);
	BREAK_HEADER(&b, op_off, sizeof(h) - 8);
	BREAK_HEADER(&b, op_off, h.op_off + 1);
	BREAK_HEADER(&b, op_off, h.op_off + 4);
	BREAK_HEADER(&b, op_off, h.size & ~7U);
	BREAK_HEADER(&b, op_off, h.size + 8);
	BREAK_HEADER(&b, op_off, 0xfffffff8);
	BREAK_HEADER(&b, op_count, 0);
	BREAK_HEADER(&b, op_count, PLAN_MAX_OPS);
	BREAK_HEADER(&b, op_count, PLAN_MAX_OPS + 1);
	BREAK_HEADER(&b, op_count, 0x4000000); /* times 64 is 2^32 */
	BREAK_HEADER(&b, op_count, 0xffffffff);
	BREAK_HEADER(&b, reg_off, 0);
	BREAK_HEADER(&b, reg_off, h.reg_off + 4);
	BREAK_HEADER(&b, reg_off, 0xfffffff8);
	BREAK_HEADER(&b, reg_count, 0);
	BREAK_HEADER(&b, reg_count, 1); /* the operations use more */
	BREAK_HEADER(&b, reg_count, PLAN_MAX_REGS + 1);
	BREAK_HEADER(&b, reg_count, 0x40000000);
	BREAK_HEADER(&b, pool_off, 0);
	BREAK_HEADER(&b, pool_off, h.pool_off + 1);
	BREAK_HEADER(&b, pool_off, h.pool_off + 8); /* it would end behind the plan */
	BREAK_HEADER(&b, pool_off, 0xfffffff8);
	BREAK_HEADER(&b, pool_size, 0);
	BREAK_HEADER(&b, pool_size, 1);
	BREAK_HEADER(&b, pool_size, h.pool_size + 1);
	BREAK_HEADER(&b, pool_size, 0xffffffff);
	b.data[b.size - 1] = 'x';
	refused(&b, "a pool without a final NUL");
	b.data[b.size - 1] = '\0';
	assert_int_equal(plan_check(b.data, b.size), 0);
	plan_free(p);
	free(b.data);
}

/* Every length below the real one, and every alignment but the right one. */
static void test_truncated(void **state)
{
	struct plan *p = sample();
	struct bytes b = encode(p);
	char *copy = malloc(b.size + 16);

	(void)state;
	for (size_t size = 0; size < b.size; size++) {
		char *exact =
			malloc(size ? size : 1); /* so that a sanitizer sees reads behind it */

		memcpy(exact, b.data, size);
		assert_int_equal(plan_check(exact, size), -EINVAL);
		if (size >= sizeof(struct plan_header)) {
			((struct plan_header *)(void *)exact)->size = (uint32_t)size;
			assert_int_equal(plan_check(exact, size), -EINVAL);
		}
		free(exact);
	}
	for (size_t shift = 1; shift < 8; shift++) {
		memcpy(copy + shift, b.data, b.size);
		assert_int_equal(plan_check(copy + shift, b.size), -EINVAL);
	}
	assert_int_equal(plan_check(b.data, (size_t)PLAN_MAX_SIZE + 1), -EINVAL);
	free(copy);
	plan_free(p);
	free(b.data);
}

/* The values that a slot of @kind must not have; how many. */
static size_t bad_values(const struct plan_header *h, enum plan_kind kind, uint32_t first,
			 uint64_t bad[8])
{
	size_t n = 7;

	switch (kind) {
	case PLAN_STR:
		bad[0] = h->pool_size;
		bad[1] = (uint64_t)h->pool_size + 1;
		bad[2] = 1ULL << 32;
		bad[3] = UINT64_MAX;
		return 4;
	case PLAN_LIST:
	case PLAN_GIDS:
		bad[7] = PLAN_BLOB(first, 1); /* ends inside of a string, or of a number */
		n = 8;
		/* fall through */
	case PLAN_BLOB:
		bad[0] = PLAN_BLOB(h->pool_size, 1);
		bad[1] = PLAN_BLOB(0, h->pool_size + 1);
		bad[2] = PLAN_BLOB(h->pool_size - 1, 2);
		bad[3] = PLAN_BLOB(UINT32_MAX, 1); /* wraps around in 32 bits */
		bad[4] = PLAN_BLOB(UINT32_MAX, UINT32_MAX);
		bad[5] = PLAN_BLOB(1, UINT32_MAX);
		bad[6] = PLAN_BLOB(h->pool_size + 1, 0);
		return n;
	case PLAN_REG:
		bad[0] = 0;
		bad[1] = h->reg_count;
		bad[2] = 1ULL << 32 | 1;
		bad[3] = UINT64_MAX;
		return 4;
	case PLAN_REGN:
		bad[0] = h->reg_count;
		bad[1] = 1ULL << 32;
		bad[2] = UINT64_MAX;
		return 3;
	case PLAN_SYNC:
		bad[0] = PLAN_SYNC_COUNT;
		bad[1] = UINT64_MAX;
		return 2;
	case PLAN_NOTHING:
		bad[0] = 1;
		bad[1] = 1ULL << 63;
		return 2;
	default: return 0; /* plain numbers: the kernel judges them */
	}
}

static void test_broken_slots(void **state)
{
	struct plan *p = sample();
	struct bytes b = encode(p);

	(void)state;
	for (uint32_t i = 0; i < header(&b)->op_count; i++) {
		struct plan_op *op = op_at(&b, i);

		for (int k = 0; k < PLAN_SLOTS; k++) {
			const struct plan_arg_info *arg = &plan_op_table[op->code].arg[k];
			uint64_t bad[8], good = op->slot[k];
			size_t n = bad_values(header(&b), arg->kind, PLAN_BLOB_OFF(good), bad);

			for (size_t j = 0; j < n; j++) {
				op->slot[k] = bad[j];
				if (plan_check(b.data, b.size) != -EINVAL)
					fail_msg("%s.%s = 0x%llx was accepted",
						 plan_op_table[op->code].name,
						 arg->name ? arg->name : "-",
						 (unsigned long long)bad[j]);
			}
			op->slot[k] = good;
		}
	}
	assert_int_equal(plan_check(b.data, b.size), 0);
	plan_free(p);
	free(b.data);
}

static void test_broken_op(void **state)
{
	struct plan *p = sample();
	struct bytes b = encode(p);
	uint32_t pool = header(&b)->pool_size;

	(void)state;
	for (uint32_t i = 0; i < header(&b)->op_count; i++) {
		struct plan_op *op = op_at(&b, i), good = *op;

		op->code = PLAN_CODE_COUNT;
		refused(&b, "an unknown operation");
		op->code = UINT16_MAX;
		refused(&b, "an unknown operation");
		*op = good;
		op->zero = 1;
		refused(&b, "a reserved field");
		*op = good;
		op->origin = pool;
		refused(&b, "an origin behind the pool");
		op->origin = UINT32_MAX;
		refused(&b, "an origin behind the pool");
		*op = good;
	}
	/* the extremes that are just inside */
	op_at(&b, 0)->origin = pool - 1;
	assert_int_equal(plan_check(b.data, b.size), 0);
	op_at(&b, PLAN_CODE_netlink)->slot[1] = PLAN_BLOB(pool, 0);
	assert_int_equal(plan_check(b.data, b.size), 0);
	op_at(&b, PLAN_CODE_netlink)->slot[1] = PLAN_BLOB(0, pool);
	assert_int_equal(plan_check(b.data, b.size), 0);
	op_at(&b, PLAN_CODE_hook)->slot[1] = PLAN_REG_NONE; /* REGN: none */
	assert_int_equal(plan_check(b.data, b.size), 0);
	plan_free(p);
	free(b.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_blobs),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_refuse_warnings),
		cmocka_unit_test(test_closes),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_no_operations),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_broken_header),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_broken_slots),
		cmocka_unit_test(test_broken_op),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: bytes as a plan. What plan_check accepts is then used the way ctr-init and the printer
 * use it, every argument of every operation, without any further check: a sanitizer sees what the
 * check forgot.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct view {
	const struct plan_header *h;
	const struct plan_op *ops;
	const char *pool;
	const int32_t *given;
	int *regs;
};

static volatile size_t sink; /* so that nothing read is optimized away */

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void read_bytes(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sink += (unsigned char)p[i];
}

/* As init_vector: as many strings as NULs, so that its array is large enough. */
static void read_list(const char *list, size_t len)
{
	size_t nuls = 0, strings = 0;

	for (size_t i = 0; i < len; i++)
		nuls += list[i] == '\0';
	for (const char *s = list; s < list + len; s += strlen(s) + 1) {
		read_bytes(s, strlen(s));
		strings++;
	}
	require(strings == nuls);
}

static void use_slot(const struct view *v, enum plan_kind kind, uint64_t slot)
{
	const char *blob = v->pool + PLAN_BLOB_OFF(slot);

	switch (kind) {
	case PLAN_NOTHING: require(slot == 0); break;
	case PLAN_STR: read_bytes(v->pool + slot, strlen(v->pool + slot) + 1); break;
	case PLAN_BLOB: read_bytes(blob, PLAN_BLOB_LEN(slot)); break;
	case PLAN_LIST: read_list(blob, PLAN_BLOB_LEN(slot)); break;
	case PLAN_GIDS:
		require(PLAN_BLOB_LEN(slot) % sizeof(uint32_t) == 0);
		read_bytes(blob, PLAN_BLOB_LEN(slot));
		break;
	case PLAN_REG:
		require(slot > 0);
		v->regs[slot]++;
		break;
	case PLAN_REGN: v->regs[slot]++; break;
	case PLAN_SYNC: require(slot < PLAN_SYNC_COUNT); break;
	default: break; /* numbers: the kernel judges them */
	}
}

static void use_ops(const struct view *v)
{
	for (uint32_t i = 0; i < v->h->reg_count; i++)
		v->regs[i] = v->given[i] < 0 ? -1 : 0;
	for (uint32_t i = 0; i < v->h->op_count; i++) {
		const struct plan_op *op = &v->ops[i];

		require(op->code < PLAN_CODE_COUNT);
		read_bytes(v->pool + op->origin, strlen(v->pool + op->origin) + 1);
		for (int k = 0; k < PLAN_SLOTS; k++)
			use_slot(v, plan_op_table[op->code].arg[k].kind, op->slot[k]);
	}
}

/* What the printer sees: the same arrays in a builder's clothes. */
static void print_ops(const struct view *v)
{
	struct plan p = {
		.ops = (struct plan_op *)(uintptr_t)v->ops,
		.op_count = v->h->op_count,
		.pool = (char *)(uintptr_t)v->pool,
		.pool_size = v->h->pool_size,
		.reg_count = v->h->reg_count,
	};
	char line[512];

	p.regs = calloc(p.reg_count, sizeof(*p.regs));
	require(p.regs != NULL);
	for (size_t i = 0; i < p.reg_count; i++)
		p.regs[i].label = "register";
	for (uint32_t i = 0; i < v->h->op_count; i++) {
		struct plan_message m = { .op = i,
					  .stage = i % (PLAN_STAGE_COUNT + 1),
					  .errnum = (int)(i % 200) };
		struct err e = ERR_INIT;

		plan_sentence(&p, i, line, sizeof(line));
		require(strlen(line) < sizeof(line));
		require(plan_error(&p, &m, &e) < 0);
	}
	free(p.regs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1); /* aligned, and exactly as long as the plan */
	struct view v;

	require(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	if (plan_check(copy, size) == 0) {
		v.h = (const struct plan_header *)(const void *)copy;
		v.ops = (const struct plan_op *)(const void *)(copy + v.h->op_off);
		v.given = (const int32_t *)(const void *)(copy + v.h->reg_off);
		v.pool = copy + v.h->pool_off;
		v.regs = calloc(v.h->reg_count, sizeof(*v.regs));
		require(v.regs != NULL);
		use_ops(&v);
		print_ops(&v);
		free(v.regs);
	}
	free(copy);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of operations and the bounds check. Compiled into ctr and into ctr-init: no libc.
 * This is the only code that may look at an unchecked plan.
 */
#include <errno.h>

#include "plan/layout.h"

#define STR(n)			      { PLAN_STR, #n },
#define BLOB(n)			      { PLAN_BLOB, #n },
#define LIST(n)			      { PLAN_LIST, #n },
#define GIDS(n)			      { PLAN_GIDS, #n },
#define REG(n)			      { PLAN_REG, #n },
#define REGN(n)			      { PLAN_REGN, #n },
#define INT(n)			      { PLAN_INT, #n },
#define OCT(n)			      { PLAN_OCT, #n },
#define HEX(n)			      { PLAN_HEX, #n },
#define ATTR(n)			      { PLAN_ATTR, #n },
#define NS(n)			      { PLAN_NS, #n },
#define PROP(n)			      { PLAN_PROP, #n },
#define CAPS(n)			      { PLAN_CAPS, #n },
#define ID(n)			      { PLAN_ID, #n },
#define SYNC(n)			      { PLAN_SYNC, #n },
#define PLAN_OP(name, sentence, args) [PLAN_CODE_##name] = { #name, sentence, { args } },
const struct plan_op_info plan_op_table[PLAN_CODE_COUNT] = {
#include "plan/ops.def"
};
#undef PLAN_OP

static int blob_ok(const struct plan_header *h, uint64_t v)
{
	return (uint64_t)PLAN_BLOB_OFF(v) + PLAN_BLOB_LEN(v) <= h->pool_size;
}

/* Every string of a list ends inside of it: init counts its NULs to know how many there are. */
static int list_ok(const struct plan_header *h, uint64_t v)
{
	const char *pool = (const char *)h + h->pool_off;

	return blob_ok(h, v) &&
	       (!PLAN_BLOB_LEN(v) || !pool[PLAN_BLOB_OFF(v) + PLAN_BLOB_LEN(v) - 1]);
}

static int slot_ok(const struct plan_header *h, enum plan_kind kind, uint64_t v)
{
	switch (kind) {
	case PLAN_STR: return v < h->pool_size;
	case PLAN_BLOB: return blob_ok(h, v);
	case PLAN_LIST: return list_ok(h, v);
	case PLAN_GIDS: return blob_ok(h, v) && PLAN_BLOB_LEN(v) % sizeof(uint32_t) == 0;
	case PLAN_REG: return v > PLAN_REG_NONE && v < h->reg_count;
	case PLAN_REGN: return v < h->reg_count;
	case PLAN_SYNC: return v < PLAN_SYNC_COUNT;
	case PLAN_NOTHING: return v == 0;
	default: return 1;
	}
}

static int op_ok(const struct plan_header *h, const struct plan_op *op)
{
	if (op->code >= PLAN_CODE_COUNT || op->zero || op->origin >= h->pool_size)
		return 0;
	for (unsigned i = 0; i < PLAN_SLOTS; i++)
		if (!slot_ok(h, plan_op_table[op->code].arg[i].kind, op->slot[i]))
			return 0;
	return 1;
}

/* A table of @count items of @item bytes at @off lies inside the plan and is aligned. */
static int table_ok(uint64_t off, uint64_t count, uint64_t item, uint64_t size)
{
	return off % 8 == 0 && off >= sizeof(struct plan_header) && off <= size &&
	       count * item <= size - off;
}

static int header_ok(const struct plan_header *h, size_t size)
{
	return h->magic == PLAN_MAGIC && h->abi == PLAN_ABI && h->size == size && h->op_count > 0 &&
	       h->op_count <= PLAN_MAX_OPS && h->reg_count > 0 && h->reg_count <= PLAN_MAX_REGS &&
	       h->pool_size > 0 && table_ok(h->op_off, h->op_count, sizeof(struct plan_op), size) &&
	       table_ok(h->reg_off, h->reg_count, sizeof(int32_t), size) &&
	       table_ok(h->pool_off, h->pool_size, 1, size);
}

int plan_check(const void *data, size_t size)
{
	const struct plan_header *h = data;
	const struct plan_op *ops;

	if (size < sizeof(*h) || size > PLAN_MAX_SIZE || (uintptr_t)data % 8 || !header_ok(h, size))
		return -EINVAL;
	if (((const char *)data)[h->pool_off + h->pool_size - 1] != '\0')
		return -EINVAL;
	ops = (const struct plan_op *)((const char *)data + h->op_off);
	for (uint32_t i = 0; i < h->op_count; i++)
		if (!op_ok(h, &ops[i]))
			return -EINVAL;
	return 0;
}

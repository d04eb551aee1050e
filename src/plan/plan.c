// SPDX-License-Identifier: GPL-2.0-or-later
/* The plan's builder and encoder. Pure: no effect on the system. */
#include "plan/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

struct plan *plan_new(void)
{
	struct plan *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	(void)plan_blob(p, "", 1); /* offset 0 is the empty string */
	(void)plan_reg(p, "none"); /* register 0 stays empty */
	return p;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->reg_count; i++)
		close_fd(&p->regs[i].fd);
	free(p->ops);
	free(p->regs);
	free(p->pool);
	arena_free(&p->arena);
	free(p);
}

/* Make room for @extra more items; remembers a failure in the plan. */
static bool grow(struct plan *p, void **items, size_t *room, size_t need, size_t item)
{
	size_t want = *room ? *room : 64;
	void *bigger;

	while (want < need)
		want *= 2;
	if (want == *room)
		return true;
	bigger = reallocarray(*items, want, item);
	if (!bigger) {
		p->failed = true;
		return false;
	}
	*items = bigger;
	*room = want;
	return true;
}

uint64_t plan_blob(struct plan *p, const void *data, size_t len)
{
	size_t off = p->pool_size;

	p->too_large |= len > PLAN_MAX_SIZE || off + len > PLAN_MAX_SIZE;
	if (p->too_large || !grow(p, (void **)&p->pool, &p->pool_room, off + len, 1))
		return 0;
	if (len)
		memcpy(p->pool + off, data, len);
	p->pool_size += len;
	return PLAN_BLOB(off, len);
}

/* Origins and repeated words come one after the other: look at the last few strings only. */
uint64_t plan_str(struct plan *p, const char *s)
{
	size_t len;

	if (!s || !*s)
		return 0;
	len = strlen(s) + 1;
	if (p->pool_size >= len && memcmp(p->pool + p->pool_size - len, s, len) == 0)
		return p->pool_size - len;
	return PLAN_BLOB_OFF(plan_blob(p, s, len));
}

uint64_t plan_list(struct plan *p, const oci_strings *list)
{
	size_t start = p->pool_size;

	for (size_t i = 0; i < list->count; i++)
		(void)plan_blob(p, list->items[i], strlen(list->items[i]) + 1);
	return PLAN_BLOB(start, p->pool_size - start);
}

static uint64_t reg_add(struct plan *p, const struct plan_source *src)
{
	p->too_large |= p->reg_count >= PLAN_MAX_REGS;
	if (p->too_large ||
	    !grow(p, (void **)&p->regs, &p->reg_room, p->reg_count + 1, sizeof(*p->regs)))
		return 0;
	p->regs[p->reg_count] = *src;
	return p->reg_count++;
}

int plan_copy_fd(struct plan *p, int fd)
{
	int copy = fd < 0 ? -EBADF : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0 && fd >= 0)
		p->fd_errno = errno;
	return copy < 0 ? -EBADF : copy;
}

uint64_t plan_reg(struct plan *p, const char *label)
{
	return reg_add(p, &(struct plan_source){ .label = label, .fd = -EBADF });
}

uint64_t plan_source(struct plan *p, const struct plan_source *src)
{
	return reg_add(p, src);
}

struct plan_op *plan_append(struct plan *p, enum plan_code code, const char *origin)
{
	struct plan_op *op;
	uint64_t where = plan_str(p, origin);

	p->too_large |= p->op_count >= PLAN_MAX_OPS;
	if (p->too_large ||
	    !grow(p, (void **)&p->ops, &p->op_room, p->op_count + 1, sizeof(*p->ops)))
		return NULL;
	op = &p->ops[p->op_count++];
	memset(op, 0, sizeof(*op));
	op->code = (uint16_t)code;
	op->origin = (uint32_t)where;
	return op;
}

uint64_t plan_proc(struct plan *p)
{
	if (p->proc)
		return p->proc;
	p->proc = plan_reg(p, "private proc");
	PLAN_ADD(p, NULL, proc_open, .proc = p->proc);
	return p->proc;
}

const char *plan_origin(struct plan *p, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = n < 0 ? NULL : arena_alloc(&p->arena, (size_t)n + 1);
	if (!s) {
		p->failed = true;
		return NULL;
	}
	va_start(ap, fmt);
	(void)vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

int plan_finish(const struct plan *p, struct err *e)
{
	if (p->too_large) {
		err_set(e, ERR_CONFIG, E2BIG, "make the plan");
		err_hint(e, "the config asks for more mounts, devices, paths or text than one "
			    "container can have");
		return -E2BIG;
	}
	if (p->fd_errno)
		return err_set(e, ERR_SYSTEM, p->fd_errno, "copy a descriptor for the plan");
	return p->failed ? err_set(e, ERR_SYSTEM, ENOMEM, "make the plan") : 0;
}

static size_t align8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

int plan_encode(const struct plan *p, int sync_fd, void **ret_data, size_t *ret_size, struct err *e)
{
	size_t reg_off = sizeof(struct plan_header);
	size_t op_off, pool_off, size;
	struct plan_header *h;
	char *data;
	int r;

	reg_off = align8(reg_off);
	op_off = align8(reg_off + p->reg_count * sizeof(int32_t));
	pool_off = op_off + p->op_count * sizeof(struct plan_op);
	size = pool_off + p->pool_size + 1;
	r = plan_finish(p, e);
	if (r < 0)
		return r;
	if (size > PLAN_MAX_SIZE)
		return err_set(e, ERR_CONFIG, E2BIG, "make the plan");
	data = calloc(1, size);
	if (!data)
		return err_set(e, ERR_SYSTEM, ENOMEM, "make the plan");
	h = (struct plan_header *)data;
	*h = (struct plan_header){
		.magic = PLAN_MAGIC,
		.abi = PLAN_ABI,
		.size = (uint32_t)size,
		.op_off = (uint32_t)op_off,
		.op_count = (uint32_t)p->op_count,
		.reg_off = (uint32_t)reg_off,
		.reg_count = (uint32_t)p->reg_count,
		.pool_off = (uint32_t)pool_off,
		.pool_size = (uint32_t)p->pool_size + 1,
		.sync_fd = sync_fd,
	};
	for (size_t i = 0; i < p->reg_count; i++)
		((int32_t *)(data + reg_off))[i] = p->regs[i].fd >= 0 ? p->regs[i].fd : -1;
	if (p->op_count)
		memcpy(data + op_off, p->ops, p->op_count * sizeof(struct plan_op));
	memcpy(data + pool_off, p->pool, p->pool_size);
	*ret_data = data;
	*ret_size = size;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * malloc(3) and its kin for a program that lives for milliseconds and has one thread: memory comes from one piece that is
 * there from the start, and goes back to lists of blocks of its size, never to the kernel, but for large ones. musl's own asks
 * the kernel some sixty times in one `run`. A block that is freed twice, or was never one, ends the program.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	HEAD = 16,	   /* in front of each block, which is aligned to it */
	SMALLEST = 5,	   /* 32 bytes with its head */
	LARGEST = 17,	   /* 128 KiB; what is larger is mapped by itself */
	PIECE = 512 * 1024 /* untouched pages of it cost nothing */
};

enum state {
	LIVE = 0x4c495645,
	FREE = 0x46524545,
	MAPPED = 0x4d415050,
	SHIFTED = 0x53484946, /* in a block that begins before it, for its alignment */
};

struct head {
	size_t size; /* with this head */
	uint32_t state;
	uint32_t shift; /* SHIFTED: so far behind the block that it is in */
};

struct free_block {
	struct head head;
	_Alignas(HEAD) struct free_block *next;
};

_Static_assert(sizeof(struct head) == HEAD, "a block behind it is aligned");
_Static_assert(sizeof(struct free_block) <= 1 << SMALLEST, "the smallest can be in a list");

static _Alignas(4096) char first[PIECE];

/* A heap is a mutable global by its nature. */
static struct {
	char *at, *end;
	struct free_block *lists[LARGEST + 1];
} heap = { first, first + PIECE, { 0 } };

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void *block_of(struct head *h)
{
	return (char *)h + HEAD;
}

static struct head *head_of(void *block)
{
	struct head *h = (struct head *)(void *)((char *)block - HEAD);

	if (h->state != LIVE && h->state != MAPPED && h->state != SHIFTED)
		abort();
	return h;
}

static unsigned class_of(size_t size)
{
	unsigned bits = SMALLEST;

	while ((size_t)1 << bits < size)
		bits++;
	return bits;
}

/* The rest of a piece that is too small is left behind: there are few pieces. */
static struct head *cut(size_t size)
{
	struct head *h;

	if ((size_t)(heap.end - heap.at) < size) {
		char *piece = map(PIECE);

		if (!piece)
			return NULL;
		heap.at = piece;
		heap.end = piece + PIECE;
	}
	h = (struct head *)(void *)heap.at;
	heap.at += size;
	return h;
}

/* @ret_clean: it is all zeros. */
static void *take(size_t wanted, bool *ret_clean)
{
	size_t size = wanted + HEAD;
	struct head *h;
	unsigned class;

	*ret_clean = true;
	if (wanted > PTRDIFF_MAX - HEAD) {
		h = NULL;
	} else if (size > (size_t)1 << LARGEST) {
		h = map(size);
		if (h)
			*h = (struct head){ size, MAPPED, 0 };
	} else {
		class = class_of(size);
		h = (struct head *)(void *)heap.lists[class];
		*ret_clean = !h;
		if (h)
			heap.lists[class] = heap.lists[class]->next;
		else
			h = cut((size_t)1 << class);
		if (h)
			*h = (struct head){ (size_t)1 << class, LIVE, 0 };
	}
	if (!h)
		errno = ENOMEM;
	return h ? block_of(h) : NULL;
}

void *malloc(size_t size)
{
	bool clean;

	return take(size, &clean);
}

void *calloc(size_t count, size_t each)
{
	size_t size;
	bool clean;
	void *p;

	if (__builtin_mul_overflow(count, each, &size)) {
		errno = ENOMEM;
		return NULL;
	}
	p = take(size, &clean);
	return p && !clean ? memset(p, 0, size) : p;
}

void free(void *block)
{
	int saved = errno;
	struct free_block *f;
	struct head *h;
	unsigned class;

	if (!block)
		return;
	h = head_of(block);
	if (h->state == SHIFTED) {
		h->state = FREE;
		h = head_of((char *)block - h->shift);
	}
	if (h->state == MAPPED) {
		(void)munmap(h, h->size);
		errno = saved;
		return;
	}
	class = class_of(h->size);
	h->state = FREE;
	f = (struct free_block *)(void *)h;
	f->next = heap.lists[class];
	heap.lists[class] = f;
}

void *realloc(void *block, size_t size)
{
	struct head *h = block ? head_of(block) : NULL;
	void *p;

	if (h && size <= h->size - HEAD)
		return block;
	p = malloc(size);
	if (p && h) {
		memcpy(p, block, h->size - HEAD);
		free(block);
	}
	return p;
}

/* @align: a power of two. */
void *aligned_alloc(size_t align, size_t size)
{
	uintptr_t shift;
	struct head *h;
	char *p;

	if (align <= HEAD || size > PTRDIFF_MAX - align)
		return malloc(size); /* too large a size is too large there as well */
	p = malloc(size + align);
	shift = p ? -(uintptr_t)p & (align - 1) : 0;
	if (!shift)
		return p;
	h = (struct head *)(void *)(p + shift - HEAD);
	*h = (struct head){ size + HEAD, SHIFTED, (uint32_t)shift };
	return p + shift;
}

void *memalign(size_t align, size_t size)
{
	return aligned_alloc(align, size);
}

int posix_memalign(void **ret, size_t align, size_t size)
{
	void *p = aligned_alloc(align, size);

	if (!p)
		return ENOMEM;
	*ret = p;
	return 0;
}

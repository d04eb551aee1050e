// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file of images (criu.org/Images): two magic numbers (or one), then entries, each a length of 32 bits and a
 * message of protocol buffers; behind the entry of some come bytes of other kinds.
 */
#include "config.h"

#ifdef HAVE_CRIU

#include <errno.h>
#include <string.h>

#include "checkpoint/criu_images.pb-c.h"
#include "checkpoint/images_files.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	MAGIC_COMMON = 0x54564319,
	MEMORY_MAX = 256 << 20, /* for what one entry becomes */
};

struct kind {
	uint32_t magic;
	const ProtobufCMessageDescriptor *head, *entry;
	bool one;  /* there is exactly one entry */
	bool tail; /* and then bytes */
	bool old; /* there is only the second magic number: of the first file read, which says how others look */
};

static const struct kind kinds[] = {
	[IMAGE_INVENTORY] = { 0x58313116, NULL, &image__inventory__descriptor, true, false, true },
	[IMAGE_PSTREE] = { 0x50273030, NULL, &image__task__descriptor, false, false },
	[IMAGE_CORE] = { 0x55053847, NULL, &image__core__descriptor, true, false },
	[IMAGE_IDS] = { 0x54432030, NULL, &image__ids__descriptor, true, false },
	[IMAGE_USERNS] = { 0x55474906, NULL, &image__userns__descriptor, true, false },
	[IMAGE_NETNS] = { 0x55933752, NULL, &image__netns__descriptor, true, false },
	[IMAGE_SECCOMP] = { 0x64413049, NULL, &image__seccomp__descriptor, true, false },
	[IMAGE_MOUNTS] = { 0x55563928, NULL, &image__mount__descriptor, false, false },
	[IMAGE_CGROUP] = { 0x59383330, NULL, &image__cgroups__descriptor, true, false },
	[IMAGE_FILES] = { 0x56303138, NULL, &image__file__descriptor, false, false },
	[IMAGE_TTYS] = { 0x59453036, NULL, &image__tty_info__descriptor, false, false },
	[IMAGE_REMAPS] = { 0x59133954, NULL, &image__remap__descriptor, false, false },
	[IMAGE_GHOST] = { 0x52583605, NULL, &image__ghost__descriptor, true, true },
	[IMAGE_MEMFD] = { 0x48453499, NULL, &image__memfd__descriptor, false, false },
	[IMAGE_PAGEMAP] = { 0x56084025, &image__pagemap_head__descriptor,
			    &image__pagemap__descriptor, false, false },
};

/* ---- memory for messages: all of it goes at once ---- */

static void *allocate(void *arena, size_t size)
{
	return arena_alloc(arena, size ? size : 1);
}

static void leave(void *arena, void *pointer)
{
	(void)arena;
	(void)pointer;
}

const ProtobufCMessage *image_unpack(struct arena *a, const ProtobufCMessageDescriptor *form,
				     const uint8_t *data, size_t size)
{
	ProtobufCAllocator memory = { .alloc = allocate, .free = leave, .allocator_data = a };

	return protobuf_c_message_unpack(form, &memory, size, data);
}

static uint32_t word(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static int one_entry(const struct image_file *f, const struct kind *k, size_t index, uint64_t *at,
		     image_entry_fn *fn, void *data, struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = MEMORY_MAX };
	const ProtobufCMessage *message;
	uint32_t size;

	if (f->size - *at < 4)
		return image_refuse(e, f, "it is cut off in front of entry %zu", index);
	size = word(f->data + *at);
	*at += 4;
	if (size > IMAGE_ENTRY_MAX || size > f->size - *at)
		return image_refuse(e, f, "it is cut off in entry %zu", index);
	message = image_unpack(&a, k->head && index == 0 ? k->head : k->entry, f->data + *at, size);
	if (!message)
		return image_refuse(e, f, "entry %zu cannot be understood", index);
	*at += size;
	return fn(data, f, index, message, e);
}

int image_each(const struct image_file *f, image_entry_fn *fn, void *data, struct err *e)
{
	const struct kind *k = &kinds[f->kind];
	uint64_t at = k->old ? 4 : 8;
	size_t index = 0;
	int r = 0;

	if (f->size < at || word(f->data + at - 4) != k->magic ||
	    (!k->old && word(f->data) != MAGIC_COMMON))
		return image_refuse(e, f, "it does not begin as such an image of CRIU does");
	while (r == 0 && at < f->size && !(k->tail && index)) {
		if (index == IMAGE_ENTRIES_MAX || (k->one && index))
			return image_refuse(e, f, "it has more than %zu entries", index);
		r = one_entry(f, k, index, &at, fn, data, e);
		index++;
	}
	if (r == 0 && k->one && !index)
		return image_refuse(e, f, "it is empty");
	return r;
}

#endif

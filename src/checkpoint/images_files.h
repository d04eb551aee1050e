/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a directory of images: which ones there may be, their bytes in memory, and the entries in them.
 * What an entry says is not known here. Private to checkpoint/images*.c.
 */
#ifndef CTR_CHECKPOINT_IMAGES_FILES_H
#define CTR_CHECKPOINT_IMAGES_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "checkpoint/images_names.h"
#include "util/arena.h"
#include "util/err.h"

enum {
	IMAGE_NAME_MAX = 64,
	IMAGE_FILES_MAX = 65536,
	IMAGE_ENTRY_MAX = 16 << 20,
	IMAGE_ENTRIES_MAX = 1 << 20,
	IMAGE_FILE_MAX = 64 << 20, /* of those that are looked at */
	IMAGE_TOTAL_MAX = 256 << 20,
	IMAGE_DEPTH_MAX = 64, /* images based on others */
};

struct image_file {
	char name[IMAGE_NAME_MAX];
	enum image_kind kind;
	uint32_t id; /* the number in its name, or 0 */
	int fd;	     /* of a TMPFS; else -EBADF */
	uint64_t size;
	const uint8_t *data; /* NULL: not read */
};

/* One directory. */
struct image_set {
	struct image_file *files; /* sorted by kind, then id, then name */
	size_t count;
	uint64_t size; /* of all files */
	int parent;    /* the directory that these are based on; -EBADF: none */
};

#define IMAGE_SET_EMPTY                                                                            \
	{                                                                                          \
		.parent = -EBADF                                                                   \
	}

/*
 * Read the directory @dir. @base: images that others are based on, of which only those about memory count. -EBADMSG: what
 * is in it does not belong there, or others than root and its owner can write.
 */
int image_set_read(int dir, bool base, struct image_set *ret, struct err *e);
void image_set_free(struct image_set *s);

/* The first of @kind with @id, NULL when there is none. */
const struct image_file *image_find(const struct image_set *s, enum image_kind kind, uint32_t id);

/*
 * Called for each entry. @message belongs to the caller, and is gone after it.
 */
typedef int image_entry_fn(void *data, const struct image_file *f, size_t index,
			   const ProtobufCMessage *message, struct err *e);

/* All entries of @f. -EBADMSG, or the first result of @fn that is not 0. */
int image_each(const struct image_file *f, image_entry_fn *fn, void *data, struct err *e);

/* One message that is part of another. NULL when it is none. Memory of @a, to be freed with that. */
const ProtobufCMessage *image_unpack(struct arena *a, const ProtobufCMessageDescriptor *form,
				     const uint8_t *data, size_t size);

/* The image @f is damaged, or says what is not allowed: why. -EBADMSG. */
int image_refuse(struct err *e, const struct image_file *f, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files standby*.c share. */
#ifndef CTR_CHECKPOINT_STANDBY_INTERNAL_H
#define CTR_CHECKPOINT_STANDBY_INTERNAL_H

#include "checkpoint/standby.h"
#include "oci/json.h"
#include "oci/json_out.h"

/* The files as of one generation. */
struct standby_base {
	uint64_t generation; /* 0: there is no base */
	uint64_t
		folding; /* the next one is being applied: only together with it is the tree something */
	char dir[32]; /* its name */
};

int standby_base_read(const struct standby *s, struct standby_base *ret, struct err *e);
int standby_base_write(const struct standby *s, const struct standby_base *b, struct err *e);

/* The object in the file @name of @dir, in @a. -ENOENT without a text. */
int standby_json_read(int dir, const char *name, struct arena *a, const struct json_node **ret,
		      struct err *e);
/* The object that was begun in @o, which is ended and released: as the file @name of @dir, on the disk. */
int standby_json_write(int dir, const char *name, struct json_out *o, struct err *e);

/* The digest of the file @name of @dir. */
int standby_file_digest(int dir, const char *name, char ret[DIGEST_TEXT], struct err *e);

/* Write digests.json for the images in @memory; compare them with it. */
int standby_memory_note(int memory, struct err *e);
int standby_memory_verify(int memory, uint64_t generation, struct err *e);

/* Open one directory @name of @dir. */
int standby_subdir(int dir, const char *name);

/* The name of the directory of a generation. */
static inline void standby_number(uint64_t number, char buf[24])
{
	(void)snprintf(buf, 24, "%llu", (unsigned long long)number);
}

#endif

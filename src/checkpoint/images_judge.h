/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing images with a config: what checkpoint/images_*.c share. The view is what has to be asked of the
 * system, by who has the privileges; the rest is pure, and runs where nothing can be asked any more.
 */
#ifndef CTR_CHECKPOINT_IMAGES_JUDGE_H
#define CTR_CHECKPOINT_IMAGES_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "checkpoint/images.h"
#include "checkpoint/images_files.h"
#include "util/arena.h"

enum {
	IMAGE_LABEL_MAX = 256
};

/* A place where the config, or ctr for it, has something mounted. */
struct image_place {
	const char *path; /* clean */
	const char *real; /* the same behind symlinks of the root filesystem; often the same */
	const char *type; /* of the filesystem; NULL: anything, for it comes from outside */
	uint64_t flags;	  /* MS_* that it must have: read-only, nosuid, nodev, noexec */
	uint64_t below;	  /* the same of mounts below it */
	uint64_t size;	  /* limit of a tmpfs, in bytes; 0: none */
	bool outside;	  /* comes from outside of the container, and so may what is below it */
	bool mask;	  /* hides what is there: nothing of the container's own may be */
	bool whole;	  /* what is mounted below it comes along */
	bool needed;	  /* it must be there: it hides, or protects, something that exists here */
};

struct image_view {
	struct image_place *places;
	size_t place_count;
	bool joins_own
		[OCI_NS_COUNT];	     /* a namespace that the config joins is that of this process */
	char label[IMAGE_LABEL_MAX]; /* of this process, "" for none */
	int oom_score_adj;	     /* of this process */
};

/* Ask the system. Strings live in @a. */
int image_view_make(const struct images_rules *rules, struct arena *a, struct image_view *ret,
		    struct err *e);

struct image_filter {
	bool asked; /* it is the config's */
	bool whole; /* whoever loads it does so for all threads of the process (SECCOMP_FILTER_FLAG_TSYNC) */
	uint32_t prev;
	bool has_prev;
};

struct image_thread {
	uint32_t id, process;
};

struct image_known_mount {
	uint32_t ns, id, parent, dev;
	const char *root, *mountpoint;
};

struct judge {
	const struct images_rules *rules;
	const struct image_view *view;
	const struct image_set *set;
	struct arena arena;
	uint64_t bounding, gained; /* capabilities: the limit, and what a task can have of it */
	uint32_t host_ns[OCI_NS_COUNT], init_ns[OCI_NS_COUNT];
	uint32_t init; /* pid */
	struct image_filter *filters;
	size_t filter_count;
	struct image_thread *threads; /* but for the first of each process */
	size_t thread_count, thread_room;
	struct image_known_mount *mounts;
	size_t mount_count, mount_room;
	const char *cgroup; /* of the init */
	uint32_t init_cg_set;
	bool has_cg_set;
};

/* All of it. 0, -EBADMSG, -ENOMEM. */
int image_judge(struct judge *j, struct err *e);

/* Its parts, in this order. */
int image_judge_inventory(struct judge *j, struct err *e);
int image_judge_filters(struct judge *j, struct err *e);
int image_judge_tasks(struct judge *j, struct err *e);
int image_judge_mounts(struct judge *j, struct err *e);
int image_judge_cgroups(struct judge *j, struct err *e);
int image_judge_files(struct judge *j, struct err *e);
int image_judge_contents(struct judge *j, struct err *e); /* of tmpfs filesystems */

/* ---- shared ---- */

static inline bool image_may(const struct judge *j, int capability)
{
	return j->bounding >> capability & 1;
}

/* Call @fn for the entries of each file of @kind. */
int image_judge_each(struct judge *j, enum image_kind kind, image_entry_fn *fn, struct err *e);

/* Absolute, and nothing in it leads up. */
bool image_path_is_plain(const char *path);

/* Could a task of the container have that id? */
bool image_id_is_ours(const struct judge *j, uint32_t id, bool group);

/* Is it mounted at @place, or below one that takes along what is below it? */
const struct image_place *image_place_find(const struct judge *j, const char *path);

int image_no_memory(struct err *e);

/* The JSON of strings that may be anything, cut: for messages. */
const char *image_shown(const char *text, char *buf, size_t size);

#endif

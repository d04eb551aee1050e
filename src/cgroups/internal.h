/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this room share; nobody else includes it, except its unit tests. */
#ifndef CTR_CGROUPS_INTERNAL_H
#define CTR_CGROUPS_INTERNAL_H

#include "cgroups/cgroup.h"
#include "oci/annotations.h"

#define CGROUP_DEFAULT_PARENT "/ctr"
#define CGROUP_RESOURCES      "/linux/resources/"

/*
 * ---- driver.c: what a driver does ----
 *
 * The functions behind the public calls of the same name, whose contracts (cgroup.h) they keep. A new
 * driver fills one of these and may borrow the functions of cgroupfs: the files are the same, whoever
 * made the directory. What only reads (events, processes, statistics) is no driver's business.
 */
struct cgroup_driver_ops {
	/* one of these two, see cgroup_needs_process */
	int (*create_around)(int root_fd, const struct cgroup_plan *plan, pid_t pid,
			     struct cgroup *ret, struct err *e);
	int (*create)(int root_fd, const struct cgroup_plan *plan, struct cgroup *ret,
		      struct err *e);
	/* NULL: who may, does so by clone3 */
	int (*attach)(const struct cgroup *cg, const char *below, pid_t pid, struct err *e);
	int (*open)(int root_fd, const char *path, unsigned made, struct cgroup *ret,
		    struct err *e);
	int (*apply)(const struct cgroup *cg, const struct cgroup_plan *plan, unsigned flags,
		     struct err *e);
	int (*update)(int root_fd, const struct cgroup *cg, const struct cgroup_plan *before,
		      const struct cgroup_plan *after, struct err *e);
	int (*freeze)(const struct cgroup *cg, bool frozen, int timeout_ms, struct err *e);
	int (*kill)(const struct cgroup *cg, struct err *e);
	/* NULL: there is no short way */
	bool (*remove_idle)(int root_fd, const char *path, unsigned made);
	int (*remove)(int root_fd, const char *path, unsigned made, int timeout_ms, struct err *e);
};

int cgroupfs_create(int root_fd, const struct cgroup_plan *plan, struct cgroup *ret, struct err *e);
int cgroupfs_open(int root_fd, const char *path, unsigned made, struct cgroup *ret, struct err *e);
int cgroupfs_apply(const struct cgroup *cg, const struct cgroup_plan *plan, unsigned flags,
		   struct err *e);
int cgroupfs_update(int root_fd, const struct cgroup *cg, const struct cgroup_plan *before,
		    const struct cgroup_plan *after, struct err *e);
int cgroupfs_freeze(const struct cgroup *cg, bool frozen, int timeout_ms, struct err *e);
int cgroupfs_kill(const struct cgroup *cg, struct err *e);
int cgroupfs_remove(int root_fd, const char *path, unsigned made, int timeout_ms, struct err *e);
bool cgroupfs_remove_idle(int root_fd, const char *path, unsigned made);

/* ---- systemd.c ---- */

extern const struct cgroup_driver_ops systemd_driver, systemd_user_driver;

/* ---- apply.c, shared with update.c ---- */

/* memory.checkBeforeUpdate: -EBUSY when a limit of the plan is below what is in use. */
int cgroup_memory_check(const struct cgroup *cg, const struct cgroup_plan *plan, struct err *e);
/* Write @files[0..@count) in order; the first failure wins. */
int cgroup_files_write(const struct cgroup *cg, const struct cgroup_file *files, size_t count,
		       struct err *e);

/* ---- update.c, verify.c ---- */

/* Does cgroup_update write @f, an entry of the plan after @before? */
bool cgroup_file_changed(const struct cgroup_plan *before, const struct cgroup_file *f);
/* Does @found, which cgroup_file_current read, mean the same as @f->value? */
bool cgroup_value_matches(const struct cgroup_file *f, bool keyed, const char *found);

/* ---- convert.c: numbers only ---- */

/* cpu.weight (1..10000) for cgroup v1 @shares; @shares is not 0. */
uint64_t cgroup_convert_shares(uint64_t shares);
/* io.weight (1..10000) for a blkio @weight in 10..1000. */
uint64_t cgroup_convert_io_weight(uint64_t weight);

enum cgroup_swap {
	CGROUP_SWAP_UNSET,    /* nothing to write */
	CGROUP_SWAP_MAX,      /* unlimited */
	CGROUP_SWAP_BYTES,    /* *ret bytes */
	CGROUP_SWAP_NEGATIVE, /* errors from here on: a number below -1 */
	CGROUP_SWAP_NO_LIMIT, /* a sum without a memory limit */
	CGROUP_SWAP_TOO_LOW,  /* the sum is below the memory limit */
};

/* memory.swap.max from memory.limit and memory.swap (the sum); 0: not set, -1: unlimited. */
enum cgroup_swap cgroup_convert_swap(int64_t limit, int64_t swap, uint64_t *ret);

/* ---- emit.c: the list of files under construction ---- */

struct cgroup_builder {
	struct arena *a;
	const struct oci_resources *r;
	struct cgroup_plan *plan;
	size_t file_cap, controller_cap;
	struct err *e;
};

/* Append a copy of *@f; a NULL value or origin counts as "out of memory". */
int cgroup_builder_add(struct cgroup_builder *b, struct cgroup_file f);
/*
 * "config.json <pointer>" as the origin of the error that was just set; returns @r, or 0 to go on with
 * the next field when all problems are wanted.
 */
int cgroup_builder_fail(struct cgroup_builder *b, int r, const char *pointer);

/* ---- emit_*.c, devices.c: one topic each, all append to the plan ---- */

int cgroup_emit_path(const char *configured, const char *id, struct arena *a,
		     struct cgroup_plan *plan, struct err *e);
int cgroup_emit_legacy(struct cgroup_builder *b); /* refuses v1 features */
int cgroup_emit_devices(struct cgroup_builder *b);
/* devices_program.c: the instructions for the plan's device rules. */
int cgroup_devices_program(struct cgroup_builder *b);
int cgroup_emit_memory(struct cgroup_builder *b);
int cgroup_emit_cpu(struct cgroup_builder *b);
int cgroup_emit_io(struct cgroup_builder *b);
int cgroup_emit_hugetlb(struct cgroup_builder *b);
int cgroup_emit_rdma(struct cgroup_builder *b);
int cgroup_emit_unified(struct cgroup_builder *b);

/* ---- file.c: one directory, one file. All return a negative errno and set no struct err. ---- */

/* Nothing outside @dir_fd's mount and nothing behind a symlink is ever reached (openat2). */
int cgroup_dir_open(int dir_fd, const char *path);
/* A cgroup without a directory (-EBADF) has no files: -ENOENT. */
int cgroup_file_open(int dir_fd, const char *name, int flags);
/* One write(2) of the whole value. */
int cgroup_file_write(int dir_fd, const char *name, const char *value);
/* The first @size - 1 bytes, NUL-terminated; the number of bytes on success. */
ssize_t cgroup_file_read(int dir_fd, const char *name, char *buf, size_t size);
/* The number after "key " at the start of a line of @text; false when there is none. */
bool cgroup_text_number(const char *text, const char *key, uint64_t *ret);
/* Is @word one of the words in @text, which are separated by white space? */
bool cgroup_text_has_word(const char *text, const char *word);

/*
 * What the file @f->name holds now about the thing that @f->value sets: the line of the same device in
 * files with a line per device ("" when there is none, and *ret_keyed), else all of it, without the last
 * newline. 0 or a negative errno.
 */
int cgroup_file_current(int dir_fd, const struct cgroup_file *f, char *buf, size_t size,
			bool *ret_keyed);

/* What the kernel answers below a cgroup that has been removed. */
static inline bool cgroup_errno_gone(int r)
{
	return r == -ENOENT || r == -ENODEV;
}

/* ---- root.c ---- */

/*
 * The first of the @count paths @usual that is a filesystem with the magic number @magic, else the first
 * mount of @type in /proc/self/mountinfo that is one: a directory fd, or a negative errno.
 */
int cgroup_mount_find(const char *const *usual, size_t count, const char *type, long magic);

/* ---- apply.c ---- */

/* Tell that writing @f failed with @r; only @cg's path and fd (may be -EBADF) matter. Returns @r. */
int cgroup_file_refused(const struct cgroup *cg, const struct cgroup_file *f, int r, struct err *e);

/* ---- path steps, cgroupfs.c ---- */

/* Open the directory above the leaf of @path ("/a/b" -> "a", "/a" -> the root itself). */
int cgroup_parent_open(int root_fd, const char *path);
/* rmdir up to @count directories, from @path[0..@len) upwards, as far as they are empty. */
void cgroup_dirs_remove(int root_fd, const char *path, size_t len, unsigned count);
/* Where the name of the parent ends: strlen of "/a" for "/a/b". */
size_t cgroup_parent_len(const char *path);

/* An existing leaf is taken over when nobody and nothing is in it: else -EBUSY (ERR_STATE). */
int cgroup_leaf_check(int fd, const char *path, struct err *e);

/* ---- controllers.c ---- */

/* Enable the plan's controllers for the children of @dir_fd, whose path is @path[0..@len). */
int cgroup_controllers_enable_in(int dir_fd, const char *path, size_t len,
				 const struct cgroup_plan *plan, struct err *e);
/*
 * Are there processes in @dir_fd itself, so that it cannot give controllers to cgroups below? The kernel
 * refuses that for some; cpu, cpuset and pids it enables, and no process can enter the cgroups below
 * any more, which are "domain invalid" (cgroup-v2.rst, "Threads").
 */
bool cgroup_is_occupied(int dir_fd);
/* The sentence for a controller that the cgroup @path[0..@len) does not have; -EOPNOTSUPP. */
int cgroup_controller_missing(const struct cgroup_controller *c, const char *path, size_t len,
			      struct err *e);

/* ---- handover.c ---- */

/* Fill plan->handover. -ENOMEM. */
int cgroup_emit_handover(const struct oci_spec *spec, struct arena *a, struct cgroup_plan *plan);
/* @id of the container as the id outside; false when the maps do not have it. */
bool cgroup_map_id(const oci_id_maps *maps, uint32_t id, uint32_t *ret);
/* subgroup.c: fill plan->subgroup from the annotation @which, if it is there. -EINVAL. */
int cgroup_emit_subgroup(const struct oci_spec *spec, enum oci_annotation which,
			 struct cgroup_plan *plan, struct err *e);
/* Enable what a container may want to divide for the children of @dir_fd, as far as it can be had. */
void cgroup_controllers_offer_in(int dir_fd);
/* Change the owner of the cgroup @fd and of the files that go with it. */
int cgroup_give(int fd, uint32_t uid, uint32_t gid);

/* ---- walk.c ---- */

struct cgroup_walk_ops {
	/* Called with each directory, the top included, before those below it. < 0 ends the walk. */
	int (*enter)(int dir_fd, void *ctx);
	/* Called for each child before it is opened; 1: done with it, do not go in. */
	int (*skip)(int parent_fd, const char *name, void *ctx);
	/* Called after everything below the child was visited. */
	int (*leave)(int parent_fd, const char *name, void *ctx);
};

/*
 * Depth-first over all cgroups below @top_fd. Holds two descriptors at any depth; directories that
 * vanish meanwhile are passed over. Any op may be NULL. 0 or a negative errno.
 */
int cgroup_walk(int top_fd, const struct cgroup_walk_ops *ops, void *ctx);

/* ---- control.c, pids.c ---- */

/* CLOCK_MONOTONIC in ms plus @timeout_ms; INT64_MAX when that is negative. */
int64_t cgroup_deadline(int timeout_ms);
/* Time left as poll(2) wants it: -1 for never, 0 when over. */
int cgroup_deadline_left(int64_t deadline);
/* Wait for "populated" or "frozen" in cgroup.events to become @wanted. Gone counts as 0. */
int cgroup_events_wait(int dir_fd, const char *key, uint64_t wanted, int64_t deadline);
/*
 * "12 (sleep, S, hrtimer_nanosleep), 13 (...), ..." into @buf; "no process" when there is none.
 * Tasks in uninterruptible sleep come first. @unfrozen: leave out those that the freezer holds.
 */
void cgroup_pids_describe(const struct cgroup *cg, bool unfrozen, char *buf, size_t size);
/* The same of the processes in @dir_fd itself, without the cgroups below. */
void cgroup_pids_describe_own(int dir_fd, char *buf, size_t size);

#endif

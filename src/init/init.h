/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctr-init: executes a plan inside the container, then becomes the payload. It has no parser, no
 * allocator and no configuration of its own. Every operation is one function
 * `int op_NAME(struct init *, const struct plan_arg_NAME *)` that returns 0 or -errno; the table that
 * calls them is made from plan/ops.def.
 */
#ifndef CTR_INIT_INIT_H
#define CTR_INIT_INIT_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/layout.h"
#include "util/kernel.h"

enum {
	/* how many more files than needed are open at most; low limits are raised by ctr (limits_raise_nofile) */
	INIT_DROPPED_MAX = 32
};

struct init {
	const struct plan_header *plan;
	const struct plan_op *ops;
	const char *pool;
	uint32_t now; /* index of the running operation */
	int *regs;    /* fds by register, -1 when empty */
	int sync;     /* socket to ctr, or to `ctr start` later */

	enum plan_stage stage; /* detail for the error report */
	char text[sizeof(((struct plan_message *)0)->text)];
	int64_t value;

	int console;		/* slave of the terminal, -1 */
	int hook_out, hook_err; /* where hooks write, -1: nowhere in particular */
	char **argv, **envp;
	char program[4096]; /* what PATH lookup found */

	int dropped[INIT_DROPPED_MAX]; /* to be closed, see init_drop */
	unsigned dropped_count;
};

/* The slots of an operation as their values. plan_check has made sure that they are in range. */
static inline const char *init_str(const struct init *in, uint64_t slot)
{
	return in->pool + slot;
}

static inline const char *init_blob(const struct init *in, uint64_t slot, size_t *ret_len)
{
	*ret_len = PLAN_BLOB_LEN(slot);
	return in->pool + PLAN_BLOB_OFF(slot);
}

static inline int init_reg(const struct init *in, uint64_t slot)
{
	return in->regs[slot];
}

/* Store an fd in a register (register 0 takes nothing: then the fd is closed). */
void init_reg_set(struct init *in, uint64_t slot, int fd);
void init_reg_close(struct init *in, uint64_t slot);

/*
 * Close @fd, but not at once: with others, when there are many. For what nothing depends on being closed (paths, trees,
 * contexts of filesystems), never for a file that was opened to be written: its mount could not become read-only.
 */
void init_drop(struct init *in, int fd);
/* Close all of them now: before other processes, or a long wait, could keep alive what they refer to. */
void init_drop_flush(struct init *in);

/* The root directory of this process, for lookups. */
int init_open_root(void);

/* Remember where in the operation it failed; returns @r (negative errno) for `return init_fail(...)`. */
int init_fail(struct init *in, enum plan_stage stage, const char *text, int r);

/* Send a message of @type with @value, and @fd as SCM_RIGHTS unless negative. */
int init_send(const struct init *in, enum plan_message_type type, int64_t value, int fd);
/* Wait for ctr's permission; -ECONNRESET when ctr is gone. */
int init_wait_go(const struct init *in);

/*
 * argv-like array from a NUL-separated list, with room for @extra more entries before the final
 * NULL. Memory is mapped and never given back. -ENOMEM.
 */
int init_vector(const char *list, size_t len, size_t extra, char ***ret);

/* Zeroed memory that is never given back: of a few pages that are there anyway, else mapped. NULL: none. */
void *init_memory(size_t size);

/* Text without a libc formatter: decimal into @buf (at least 24 bytes); returns the start. */
char *init_decimal(int64_t v, char *buf, size_t size);

/* ---- resolve.c: the one in-root resolver ---- */

/* O_PATH fd of @path inside @root; symlinks stay inside, magic links are refused. */
int resolve_path(int root, const char *path, uint64_t flags);
/*
 * As resolve_path, of an absolute @path below our own root, which must be the container's by now. (What has escaped from
 * it as the working directory is not looked at, and getcwd tells.)
 */
int resolve_own(const char *path, uint64_t flags);
/* The same as resolve_path, but -ELOOP on any symlink. */
int resolve_real(int root, const char *path, uint64_t flags);
/* O_PATH fd of @path, where a symlink at its very end is not followed. */
int resolve_leaf(int root, const char *path);
/*
 * As resolve_path; what is missing is created: directories with @mode, and a file at the end if @file.
 * @ret_made, unless NULL: whether the end of the path is new.
 */
int resolve_create(int root, const char *path, bool file, uint32_t mode, bool *ret_made);
/* The directory that holds the last component of @path (created if missing), and that component. */
int resolve_parent(int root, const char *path, const char **ret_leaf);

/* ---- copies.c ---- */

/* init_fail for a mount_setattr that the kernel refused with EPERM: the report names the locked flags. */
int fail_locked(struct init *in, int mount, int r);

/* ---- mounts.c ---- */

/*
 * The file or directory to mount on, created if missing, below the register @root. Nothing is mounted inside a procfs unless
 * ctr allowed it by name: a symlink in the image must not turn /data into /proc/self.
 */
int mount_target(struct init *in, uint64_t root, const char *path, uint64_t flags);

/* Give the filesystem context @fs the options of the LIST slot @blob: "key=value" or "key". */
int mount_options(struct init *in, int fs, uint64_t blob);

/* ---- proc.c ---- */

/* The capability bounding set of this process, as the proc whose root is @proc has it; security.md R9. */
int proc_bounding(int proc, uint64_t *ret);

/* ---- copyup.c ---- */

/* Copy what the directory @target holds into the detached mount @mnt. */
int copyup(int target, int mnt);

#define PLAN_OP(name, sentence, args)                                                              \
	int op_##name(struct init *in, const struct plan_arg_##name *a);
#include "plan/ops.def"
#undef PLAN_OP

#endif

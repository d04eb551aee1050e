/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan while it is being made, on the host side: a growing list of operations, the registers
 * with what the parent has to open for them, and what the parent does itself (clone flags, id
 * maps). Rooms add to it through PLAN_ADD; nothing here touches the kernel except plan_encode's
 * caller. Out of memory is remembered and reported once, by plan_finish.
 */
#ifndef CTR_PLAN_PLAN_H
#define CTR_PLAN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "oci/spec.h"
#include "plan/layout.h"
#include "util/err.h"

/* What the parent opens, in the host's view, before the child exists. */
enum plan_source_kind {
	PLAN_SOURCE_NONE, /* filled by init while it runs */
	PLAN_SOURCE_TREE, /* a detached copy of a mount: open_tree(OPEN_TREE_CLONE); see late_copies */
	PLAN_SOURCE_ROOT,    /* the same for the rootfs: its last component is no symlink */
	PLAN_SOURCE_OVERLAY, /* the rootfs as an overlay, which container/overlay.c has mounted */
	PLAN_SOURCE_NS,	     /* a namespace file */
	PLAN_SOURCE_EXE,     /* the executable of a hook */
	PLAN_SOURCE_LOG,     /* a file that is made if it is missing, and appended to */
	PLAN_SOURCE_FD,	     /* supplied by the caller (listening socket, device clone, ...) */
};

struct plan_source {
	enum plan_source_kind kind;
	const char *label; /* what people call it */
	const char *path;  /* in the host's view; relative: below the bundle */
	const char *origin;
	bool recursive;	       /* TREE: with all mounts below */
	uint64_t set, clear;   /* MOUNT_ATTR_* for the top mount */
	uint64_t rset, rclear; /* MOUNT_ATTR_* for all mounts of the tree */
	uint64_t prop;	       /* MS_* propagation of the detached tree, 0: leave */
	uint64_t ns_type;      /* NS: CLONE_NEW* that it must be */
	uint64_t rdev;	       /* TREE: it must be this device node, 0: anything */
	uint32_t rdev_type;    /* S_IFCHR or S_IFBLK of it */
	bool made_later;       /* TREE: not there before the container is made */
	bool must_be_proc;     /* TREE: only a proc filesystem will do */
	bool nofollow;	       /* TREE: the last component of path is not followed */
	bool idmap_recursive;
	const oci_id_maps *uid_idmap, *gid_idmap; /* TREE: idmapped by these, NULL: not */
	int fd;					  /* -EBADF until opened; owned by the plan */
};

struct plan {
	struct arena arena;
	struct plan_op *ops;
	size_t op_count, op_room;
	struct plan_source *regs; /* regs[0] is unused */
	size_t reg_count, reg_room;
	char *pool;
	size_t pool_size, pool_room;
	bool failed, too_large; /* no memory; more than init's tables hold */
	int fd_errno;		/* a descriptor could not be copied */
	/* origins point into config.json, but exec has another process: of this file, or (NULL) none */
	bool other_process;
	const char *process_file;

	/* what the parent does when it makes the child */
	uint64_t clone_flags; /* CLONE_NEW* */
	oci_id_maps uid_maps, gid_maps;
	uint32_t base_uid, base_gid; /* ids that init takes inside a new user namespace */
	uint64_t own_proc;	     /* register: a proc that init mounts, which shows init; or 0 */
	bool keep_groups;	     /* the caller's supplementary groups are left alone */
	/*
	 * The caller may not copy mounts, its child in the new namespaces may: sources of mounts are opened
	 * (O_PATH) by the parent, and copied by init with the operation tree_copy.
	 */
	bool late_copies;
	bool want_console;	       /* init will send the master of a terminal */
	uint64_t proc;		       /* register of the private proc; use plan_proc() */
	struct plan_warning *warnings; /* oldest first */
};

/* Something odd that changes nothing: shown with explain, and by --debug; an error with --strict. */
struct plan_warning {
	struct plan_warning *next;
	const char *origin; /* JSON pointer, or NULL when the config has no part in it */
	const char *text;
};

/* @origin must outlive the plan, as that of a source. */
void plan_warn(struct plan *p, const char *origin, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "config.json /the/field: text" into @buf. */
void plan_warning_text(const struct plan *p, const struct plan_warning *w, char *buf, size_t size);

/* --strict: -EINVAL for the first warning that is about the config, 0 when there is none. */
int plan_refuse_warnings(const struct plan *p, struct err *e);

/*
 * Where a JSON pointer of this plan stands: "config.json /the/field", or for exec "FILE /field"; empty
 * when @origin is NULL or its process comes from the command line.
 */
void plan_origin_text(const struct plan *p, const char *origin, char *buf, size_t size);

struct plan *plan_new(void);	/* NULL when out of memory; owned by the caller */
void plan_free(struct plan *p); /* closes the fds of all registers; NULL is fine */
static inline void plan_freep(struct plan **p)
{
	plan_free(*p);
}

/* Offsets into the pool, for STR and BLOB slots. NULL is the empty string. Equal short strings share. */
uint64_t plan_str(struct plan *p, const char *s);
uint64_t plan_blob(struct plan *p, const void *data, size_t len);
/* NUL-separated list, in order. */
uint64_t plan_list(struct plan *p, const oci_strings *list);

/*
 * A copy of a descriptor of the caller for a source of the plan, which owns it; -EBADF for one that is not
 * there. When it cannot be made, plan_finish() fails.
 */
int plan_copy_fd(struct plan *p, int fd);

/* A register that init fills itself; @label is for people. Returns its number (0 after a failure). */
uint64_t plan_reg(struct plan *p, const char *label);
/* A register that the parent fills; the source is copied, its strings must outlive the plan. */
uint64_t plan_source(struct plan *p, const struct plan_source *src);

/*
 * The register of a proc filesystem that is attached nowhere, in which nothing of the image can stand
 * in the way (security.md R9). The first call adds the operation that mounts it.
 */
uint64_t plan_proc(struct plan *p);

struct plan_op *plan_append(struct plan *p, enum plan_code code, const char *origin);

/* PLAN_ADD(p, "/hostname", hostname, .name = plan_str(p, "web")) */
#define PLAN_ADD(p, from, op, ...)                                                                 \
	do {                                                                                       \
		struct plan_arg_##op _a = { __VA_ARGS__ };                                         \
		struct plan_op *_o = plan_append((p), PLAN_CODE_##op, (from));                     \
		if (_o)                                                                            \
			__builtin_memcpy(_o->slot, &_a, sizeof(_a));                               \
	} while (0)

/* Printf into the plan's arena, for origins and options: plan_origin(p, "/mounts/%zu/options", i). */
const char *plan_origin(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Everything was added: 0, -ENOMEM, or -E2BIG for a config with more mounts, masks and so on than a
 * plan can hold (PLAN_MAX_OPS, PLAN_MAX_REGS, PLAN_MAX_SIZE).
 */
int plan_finish(const struct plan *p, struct err *e);

/* Lay the plan out as bytes (malloc'ed, *ret_size long). @sync_fd is the number init will see. */
int plan_encode(const struct plan *p, int sync_fd, void **ret_data, size_t *ret_size,
		struct err *e);

/*
 * The sentence of operation @index into @buf, for example: mount proc at '/proc' (nosuid,noexec).
 * Works on the builder's plan, so registers are shown by label.
 */
void plan_sentence(const struct plan *p, size_t index, char *buf, size_t size);

/*
 * Where @origin, a pointer into config.json, stands for the reader of @e: exec has another process,
 * of a file of its own or of the command line. No effect on an @e that has an origin.
 */
void plan_error_origin(const struct plan *p, const char *origin, struct err *e);

/*
 * Turn init's report of a failed operation into an error: sentence, stage, errno, origin, advice. Of "name=value" in
 * lists only the name is shown, unless the value is known to be no secret.
 */
int plan_error(const struct plan *p, const struct plan_message *m, struct err *e);

/* Value of an argument as text ("nosuid,nodev", "0755", a quoted list, ...). */
void plan_arg_text(const struct plan *p, enum plan_kind kind, uint64_t value, char *buf,
		   size_t size);

#endif

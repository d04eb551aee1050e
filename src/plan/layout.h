/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan as bytes: what ctr writes into a sealed memfd and ctr-init maps read-only.
 * Position-independent: a header, the register table, the operations, and a pool of strings and
 * blobs addressed by offset. Included by init: no libc beyond the fixed-width types.
 */
#ifndef CTR_PLAN_LAYOUT_H
#define CTR_PLAN_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

enum {
	PLAN_MAGIC = 0x6c507243, /* "CrPl" */
	PLAN_ABI = 1,
	PLAN_MAX_REGS = 16384,
	PLAN_MAX_OPS = 65536,
	PLAN_MAX_SIZE = 64 * 1024 * 1024,
	PLAN_SLOTS = 7,
	PLAN_REG_NONE = 0, /* register 0 never holds anything */
};

struct plan_header {
	uint32_t magic, abi;
	uint32_t size; /* of the whole plan in bytes */
	uint32_t op_off, op_count;
	uint32_t reg_off, reg_count;  /* int32_t per register: an inherited fd number, or -1 */
	uint32_t pool_off, pool_size; /* the last byte of the pool is NUL */
	int32_t sync_fd;	      /* SEQPACKET socket to ctr */
};

struct plan_op {
	uint16_t code;	 /* enum plan_code */
	uint16_t zero;	 /* must be 0 */
	uint32_t origin; /* pool offset of the JSON pointer that asked for this, "" if none */
	uint64_t slot[PLAN_SLOTS];
};

_Static_assert(sizeof(struct plan_op) == 64, "one cache line per operation");

/* A BLOB slot is offset << 32 | length; LIST and GIDS are blobs whose bytes are known. */
#define PLAN_BLOB(off, len) ((uint64_t)(off) << 32 | (uint32_t)(len))
#define PLAN_BLOB_OFF(slot) ((uint32_t)((slot) >> 32))
#define PLAN_BLOB_LEN(slot) ((uint32_t)(slot))

enum plan_kind {
	PLAN_NOTHING,
	PLAN_STR,
	PLAN_BLOB,
	PLAN_LIST,
	PLAN_GIDS,
	PLAN_REG,
	PLAN_REGN,
	PLAN_INT,
	PLAN_OCT,
	PLAN_HEX,
	PLAN_ATTR,
	PLAN_NS,
	PLAN_PROP,
	PLAN_CAPS,
	PLAN_ID,
	PLAN_SYNC,
};

/* The moments at which init stops and waits for one byte of permission from ctr. */
enum plan_sync {
	PLAN_SYNC_IDS,	   /* the user namespace exists: write the id maps */
	PLAN_SYNC_TIME,	   /* the time namespace exists, nobody is in it: write its offsets */
	PLAN_SYNC_NETWORK, /* the network namespace exists, ctr has a socket of it: move devices */
	PLAN_SYNC_RUNTIME, /* the environment stands, before pivot_root: run the runtime's hooks */
	PLAN_SYNC_READY,   /* everything is prepared, only the program is left to execute */
	PLAN_SYNC_COUNT,
};

enum plan_mount_flags {
	PLAN_MOUNT_MODE_FROM_TARGET =
		1,		   /* tmpfs without mode=: take the mode of the directory below */
	PLAN_MOUNT_FILE = 2,	   /* the mount point is a file */
	PLAN_MOUNT_REAL_DIR = 4,   /* proc and sysfs: the path must not lead through symlinks */
	PLAN_MOUNT_IN_PROC = 8,	   /* the path is one of the few allowed inside /proc */
	PLAN_MOUNT_KEEP = 16,	   /* the register stays open: later operations need it */
	PLAN_MOUNT_COPY_UP = 32,   /* a tmpfs starts with what it hides */
	PLAN_MOUNT_COPY_LINK = 64, /* a source that is a symlink is made again, not mounted */
	PLAN_MOUNT_NOFOLLOW =
		128, /* a symlink at the end of the path is mounted on, not followed */
};

enum plan_copy_flags {
	PLAN_COPY_RECURSIVE = 1, /* with all mounts below */
	PLAN_COPY_NOFOLLOW = 2,	 /* the last component of the path is not followed */
};

enum plan_program_flags {
	PLAN_PROGRAM_HOME = 1, /* HOME is unset or empty: take it from the container's passwd */
};

/* One member per operation, all slots 64 bit: PLAN_OP(mkdir, ...) becomes .mkdir.{dir,path,mode} */
#define STR(n)	uint64_t n;
#define BLOB(n) uint64_t n;
#define LIST(n) uint64_t n;
#define GIDS(n) uint64_t n;
#define REG(n)	uint64_t n;
#define REGN(n) uint64_t n;
#define INT(n)	uint64_t n;
#define OCT(n)	uint64_t n;
#define HEX(n)	uint64_t n;
#define ATTR(n) uint64_t n;
#define NS(n)	uint64_t n;
#define PROP(n) uint64_t n;
#define CAPS(n) uint64_t n;
#define ID(n)	uint64_t n;
#define SYNC(n) uint64_t n;
#define PLAN_OP(name, sentence, args)                                                              \
	struct plan_arg_##name {                                                                   \
		args                                                                               \
	};
#include "plan/ops.def"
#undef PLAN_OP

#define PLAN_OP(name, sentence, args)                                                              \
	_Static_assert(sizeof(struct plan_arg_##name) <= sizeof(uint64_t) * PLAN_SLOTS,            \
		       "too many arguments for " #name);
#include "plan/ops.def"
#undef PLAN_OP
#undef STR
#undef BLOB
#undef LIST
#undef GIDS
#undef REG
#undef REGN
#undef INT
#undef OCT
#undef HEX
#undef ATTR
#undef NS
#undef PROP
#undef CAPS
#undef ID
#undef SYNC

enum plan_code {
#define PLAN_OP(name, sentence, args) PLAN_CODE_##name,
#include "plan/ops.def"
#undef PLAN_OP
	PLAN_CODE_COUNT,
};

/* What a slot means, and for people its name. */
struct plan_arg_info {
	enum plan_kind kind;
	const char *name;
};

struct plan_op_info {
	const char *name, *sentence;
	struct plan_arg_info arg[PLAN_SLOTS];
};

extern const struct plan_op_info plan_op_table[PLAN_CODE_COUNT];

/*
 * Check that every offset, length, opcode and register of the @size bytes at @data is inside its
 * table, so that the code that runs the plan needs no checks. Returns 0 or -EINVAL. Never writes.
 */
int plan_check(const void *data, size_t size);

/* ---- what travels over the sync socket: one packet per message ---- */

enum plan_message_type {
	PLAN_MSG_SYNC = 1, /* init -> ctr: value = enum plan_sync; waits for PLAN_MSG_GO */
	PLAN_MSG_GO,	   /* ctr -> init */
	PLAN_MSG_ERROR,	   /* init -> ctr: op, errnum, stage, text; init exits */
	PLAN_MSG_PID, /* init -> ctr: value = pid of the child that goes on (in ctr's pid namespace) */
	PLAN_MSG_CONSOLE, /* init -> ctr: SCM_RIGHTS carries the terminal's master */
	PLAN_MSG_NOTIFY,  /* init -> ctr: SCM_RIGHTS carries the seccomp notify fd */
	PLAN_MSG_NETWORK, /* init -> ctr: SCM_RIGHTS carries a socket of its network namespace */
	PLAN_MSG_EXEC, /* init -> ctr: nothing is left but execve; a socket that closes without it
			* is that of a process that died */
};

/* Where inside an operation it went wrong; names for people are in plan/print.c. */
enum plan_stage {
	PLAN_STAGE_NONE,
	PLAN_STAGE_TARGET,    /* resolving or creating the path in the container */
	PLAN_STAGE_FSOPEN,    /* the kernel does not know the filesystem */
	PLAN_STAGE_OPTION,    /* text: the option */
	PLAN_STAGE_CREATE,    /* creating the superblock */
	PLAN_STAGE_COPY,      /* copying into a tmpfs what it hides */
	PLAN_STAGE_ATTACH,    /* move_mount */
	PLAN_STAGE_ATTR,      /* mount_setattr */
	PLAN_STAGE_LOCKED,    /* mount_setattr; text: flags that cannot be taken away */
	PLAN_STAGE_SYMLINK,   /* the path leads through a symlink where that is not allowed */
	PLAN_STAGE_OUTSIDE,   /* the directory is outside of the container's root */
	PLAN_STAGE_MISMATCH,  /* text: what was found instead */
	PLAN_STAGE_LABEL,     /* writing a label; text: the file below /proc */
	PLAN_STAGE_HOOK_EXIT, /* value: wait status; text: tail of the output */
	PLAN_STAGE_HOOK_TIMEOUT,
	PLAN_STAGE_LAYER,  /* opening a directory of an overlay; text: its path */
	PLAN_STAGE_MERGE,  /* mounting the overlay */
	PLAN_STAGE_LOOKUP, /* the program was not found in PATH */
	PLAN_STAGE_EXEC,   /* execve */
	PLAN_STAGE_PLAN,   /* the plan did not pass plan_check */
	PLAN_STAGE_START,  /* before ctr-init itself was executed: no operation is to blame */
	PLAN_STAGE_COUNT,
};

struct plan_message {
	uint32_t type;
	uint32_t op; /* index of the operation */
	int32_t errnum;
	uint32_t stage;
	int64_t value;
	char text[232];
};

_Static_assert(sizeof(struct plan_message) == 256, "messages have one size");

#endif

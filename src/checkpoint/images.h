/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory of CRIU's images as what it is: data of somebody else. Whoever writes images decides on
 * uids, capabilities, filters, mounts and open files of what is restored, and CRIU believes them; so they are read here
 * before CRIU sees them, and compared with what the caller's config.json allows (security.md C1 and C4, the first
 * of the two gates).
 *
 * The bytes are read by the caller's process, and understood by a child that has no privileges, no files and
 * hardly a system call left (R26). Nothing of CRIU's formats is known elsewhere; the files' contents beyond what
 * is compared (memory, registers) are not looked at.
 */
#ifndef CTR_CHECKPOINT_IMAGES_H
#define CTR_CHECKPOINT_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkpoint/checkpoint.h"
#include "oci/spec.h"
#include "security/security.h"
#include "util/err.h"

/* A mount that CRIU is given, and does not make: "--external mnt[KEY]:..." of a restore. */
struct images_external {
	const char *key;
	const char *
		destination; /* the one place where it may be; NULL: any that the config speaks of */
};

/* What the restored container may be. Strings and arrays are the caller's. */
struct images_rules {
	const struct oci_spec *spec; /* validated */
	/*
	 * The system call filter that is compiled from it here: every task must have that very one, whatever others it has
	 * besides. NULL: only that each has a filter, if the config wants one.
	 */
	const struct seccomp_filter *filter;
	/* All that CRIU will be given; NULL: it is not compared by key, only by place. */
	const struct images_external *external;
	size_t external_count;
	/* Names of files and pipes for which CRIU is given a descriptor of the caller's: "pipe:[12]", "file[18:4]". */
	const char *const *given;
	size_t given_count;
	const struct checkpoint_flags *flags; /* those of the restore; NULL: none */
	/*
	 * The root filesystem as it will be restored, O_PATH: symlinks in destinations are looked up below it.
	 * < 0: destinations are taken literally.
	 */
	int root;
	/*
	 * It is known who wrote the images (a signature, or a directory of root's): then they may have what cannot be
	 * compared with anything, watches of inotify on files that only a handle names.
	 */
	bool authentic;
};

/*
 * May these images be restored as a container with that config? If not, -EBADMSG: the message names the file, the task, the field, and what the config allows; @e's origin is
 * the file. Command's exit code: CHECKPOINT_EXIT_BAD_IMAGES.
 *
 * @dir: the directory, open for reading, in which nobody but the caller and root can write; borrowed. The images that it is
 * based on (its link "parent") are checked as well: nothing but memory is taken from them. Needs to read the files,
 * and nothing else; libprotobuf-c (-EOPNOTSUPP).
 */
int images_check(int dir, const struct images_rules *rules, struct err *e);

/* ---- looking ---- */

enum {
	IMAGES_TASKS_SHOWN = 256,
	IMAGES_MOUNTS_SHOWN = 256,
	IMAGES_TEXT = 128,
};

struct images_task {
	uint32_t pid, ppid, uid, gid, threads;
	uint64_t capabilities; /* permitted */
	uint64_t memory;       /* bytes in these images; what is in the parent's does not count */
	uint32_t seccomp;      /* its mode, as in /proc/PID/status */
	char command[32];
};

struct images_mount {
	char destination[IMAGES_TEXT], type[32];
	bool external, readonly;
};

/* What is in them, of a size that hostile images have no influence on. Strings are printable. */
struct images_summary {
	uint32_t task_count, mount_count; /* all; that many at most are in the arrays: */
	struct images_task tasks[IMAGES_TASKS_SHOWN];
	struct images_mount mounts[IMAGES_MOUNTS_SHOWN];
	uint64_t memory;	/* bytes of pages in these images */
	uint64_t parent_memory; /* bytes of pages that the parent's have */
	uint64_t size;		/* of all files */
	uint32_t file_count;
	uint32_t open_files;		     /* of all kinds */
	uint32_t tcp_connections, listeners; /* established; waiting for some */
	uint32_t namespaces;		     /* bits of enum oci_namespace_type: its own ones */
	bool has_parent, pre_dump;
	char architecture[16];
};

/*
 * Fill *ret from the directory @dir, under the same conditions; nothing is judged but that it can be read.
 * -EBADMSG.
 */
int images_look(int dir, struct images_summary *ret, struct err *e);

/* Is this a name that CRIU, or ctr, gives to a file of images? Others are refused, in archives as well. */
bool images_name_is_known(const char *name);

#endif

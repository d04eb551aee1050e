/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credentials, capabilities and system call filters of the payload. */
#ifndef CTR_SECURITY_SECURITY_H
#define CTR_SECURITY_SECURITY_H

#include <stdbool.h>
#include <stdlib.h>

#include "oci/spec.h"
#include "plan/plan.h"
#include "util/err.h"

/* A compiled filter: an array of struct sock_filter. */
struct seccomp_filter {
	void *data; /* malloc'ed, owned; NULL: no filter */
	size_t size;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* for seccomp(2) */
};

static inline void security_filter_free(struct seccomp_filter *f)
{
	free(f->data);
	f->data = NULL;
}

/*
 * Capability sets as they will be: unknown names and what the caller cannot grant become warnings of
 * the plan, as runtime-spec demands ("MUST generate a warning"). @grantable is the mask of what the
 * runtime itself holds; all ones when a new user namespace grants everything.
 */
struct security_caps {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};
void security_caps_resolve(const struct oci_process *process, uint64_t grantable, struct plan *p,
			   struct security_caps *ret);

/*
 * umask, groups, ids, bounding set: everything that comes before the program is looked up. What was set
 * is read back (R16), before there is a filter. Pure.
 */
void security_emit_ids(const struct oci_process *process, const struct security_caps *caps,
		       bool keep_groups, struct plan *p);
/*
 * The last steps before execve, in an order that lets the filter be loaded last (R18): with
 * no_new_privs the capabilities are gone before it, without it they go right after, and are read back if the profile lets that through.
 * Pure.
 */
void security_emit_caps(const struct oci_process *process, const struct security_caps *caps,
			bool filtered, struct plan *p);
void security_emit_filter(const struct oci_process *process, const struct security_caps *caps,
			  const struct oci_seccomp *profile, const struct seccomp_filter *filter,
			  struct plan *p);

enum security_lsm {
	SECURITY_LSM_APPARMOR = 1,
	SECURITY_LSM_SELINUX = 2,
	SECURITY_LSM_ALL = 3,
};

/*
 * The security modules that are on in the running kernel: enum security_lsm. Reads /sys and /proc, but
 * only if a label is asked for; else 0.
 */
unsigned security_lsms_probe(const struct oci_process *process, const char *mount_label);

/*
 * Does the host (@lsms) have what the labels need? -EOPNOTSUPP with the JSON pointer if not (checklist
 * 1.3); but "unconfined" needs nothing. Empty labels are none. Pure, as all that follow.
 */
int security_check_labels(const struct oci_process *process, const char *mount_label, unsigned lsms,
			  const struct plan *p, struct err *e);
/* Before the session keyring is made (if @keyring), and before mounts may hide a proc. */
void security_emit_key_label(const struct oci_process *process, unsigned lsms, bool keyring,
			     struct plan *p);
/* What the kernel is to do at execve; before no_new_privs, which can forbid it (checklist 1.3). */
void security_emit_labels(const struct oci_process *process, unsigned lsms, struct plan *p);

/*
 * Compile linux.seccomp with libseccomp. Unknown system call names are skipped, as all runtimes do; a
 * profile that denies by default says ENOSYS to what is newer than itself (seccomp_newer.h).
 * -EINVAL with the JSON pointer for what libseccomp refuses.
 */
int security_filter_compile(const struct oci_seccomp *s, struct seccomp_filter *ret, struct err *e);

/*
 * What of the filter this kernel and this libseccomp do not have: actions and flags are errors (-EINVAL;
 * all of them when all problems are wanted), names of system calls that are unknown, and therefore
 * skipped, warnings, for which @e needs a list.
 */
int security_filter_probe(const struct oci_seccomp *s, struct err *e);

/* Does the kernel take this SECCOMP_FILTER_FLAG_*? */
bool security_filter_flag_works(uint64_t flag);

/*
 * The same through a cache in the directory @dir (0700; made below @root_fd as ".cache/seccomp" if
 * missing). The key is the profile's JSON text, which libseccomp is installed and the kernel's release; the
 * whole key is compared, the file name is only its digest. A damaged entry is ignored and replaced;
 * a cache that cannot be used never fails the operation. @root_fd < 0: no cache.
 */
int security_filter_load(const struct oci_seccomp *s, int root_fd, struct seccomp_filter *ret,
			 struct err *e);

/* The version of libseccomp as text. -ENOENT where there is none (src/front). */
int security_library_version(char *buf, size_t size);

/*
 * In place of a filter, for a plan that nobody runs: its operations are those that the filter of @s would give. Released as
 * one; -ENOMEM.
 */
int security_filter_outline(const struct oci_seccomp *s, struct seccomp_filter *ret);

/* All names of system calls are known to libseccomp; else -EINVAL, with the pointer of the first other. */
int security_filter_check_names(const struct oci_seccomp *s, struct err *e);

/*
 * True when the profile surely lets the system call @name through, whatever its arguments: for what
 * ctr-init itself still does when the filter is in force. Pure.
 */
bool security_filter_permits(const struct oci_seccomp *s, const char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of config.json that stand for numbers: capabilities, rlimits, seccomp actions, ...
 * One table per kind, used by the decoder, by `ctr features` and by printers. Values are the
 * kernel's or libseccomp's own; nothing here asks the kernel what it supports.
 */
#ifndef CTR_OCI_NAMES_H
#define CTR_OCI_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oci_name {
	const char *name;
	uint64_t value;
};

struct oci_names {
	const char *what; /* "capability": for messages */
	const struct oci_name *items;
	size_t count;
};

extern const struct oci_names oci_capability_names;	    /* CAP_* numbers */
extern const struct oci_names oci_rlimit_names;		    /* RLIMIT_* */
extern const struct oci_names oci_namespace_names;	    /* enum oci_namespace_type */
extern const struct oci_names oci_hook_names;		    /* enum oci_hook_kind */
extern const struct oci_names oci_seccomp_action_names;	    /* SCMP_ACT_* without data */
extern const struct oci_names oci_seccomp_arch_names;	    /* SCMP_ARCH_* */
extern const struct oci_names oci_seccomp_operator_names;   /* enum scmp_compare */
extern const struct oci_names oci_seccomp_flag_names;	    /* SECCOMP_FILTER_FLAG_* */
extern const struct oci_names oci_scheduler_policy_names;   /* SCHED_* */
extern const struct oci_names oci_scheduler_flag_names;	    /* SCHED_FLAG_* */
extern const struct oci_names oci_ioprio_class_names;	    /* IOPRIO_CLASS_* */
extern const struct oci_names oci_memory_policy_names;	    /* MPOL_* */
extern const struct oci_names oci_memory_policy_flag_names; /* MPOL_F_* */
extern const struct oci_names oci_personality_names;	    /* PER_* */
extern const struct oci_names oci_propagation_names; /* MS_SHARED and so on, maybe with MS_REC */

/* False when @name is unknown; names are case sensitive. */
bool oci_names_find(const struct oci_names *names, const char *name, uint64_t *ret_value);

/* The first name of @value in the table, or NULL. */
const char *oci_names_of(const struct oci_names *names, uint64_t value);

#endif

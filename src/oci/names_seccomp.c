// SPDX-License-Identifier: GPL-2.0-or-later
/* Name tables of linux.seccomp, with libseccomp's tokens as values; see names.h. */
#include "oci/names.h"

#include <linux/seccomp.h>
#include <seccomp.h>

#include "util/kernel.h"

#define TABLE(name, word)                                                                          \
	const struct oci_names name = { word, name##_items,                                        \
					sizeof(name##_items) / sizeof(name##_items[0]) }

#define N(x)                                                                                       \
	{                                                                                          \
#x, x                                                                              \
	}

/* KILL is the old word for KILL_THREAD: the newer one comes first, for oci_names_of(). */
static const struct oci_name oci_seccomp_action_names_items[] = {
	N(SCMP_ACT_KILL_THREAD),
	N(SCMP_ACT_KILL),
	N(SCMP_ACT_KILL_PROCESS),
	N(SCMP_ACT_TRAP),
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) },
	{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) },
	N(SCMP_ACT_ALLOW),
	N(SCMP_ACT_LOG),
	N(SCMP_ACT_NOTIFY),
};
TABLE(oci_seccomp_action_names, "seccomp action");

static const struct oci_name oci_seccomp_arch_names_items[] = {
	N(SCMP_ARCH_X86),	  N(SCMP_ARCH_X86_64),	 N(SCMP_ARCH_X32),
	N(SCMP_ARCH_ARM),	  N(SCMP_ARCH_AARCH64),
#ifdef SCMP_ARCH_LOONGARCH64
	N(SCMP_ARCH_LOONGARCH64),
#endif
#ifdef SCMP_ARCH_M68K
	N(SCMP_ARCH_M68K),
#endif
	N(SCMP_ARCH_MIPS),	  N(SCMP_ARCH_MIPS64),	 N(SCMP_ARCH_MIPS64N32),
	N(SCMP_ARCH_MIPSEL),	  N(SCMP_ARCH_MIPSEL64), N(SCMP_ARCH_MIPSEL64N32),
	N(SCMP_ARCH_PARISC),	  N(SCMP_ARCH_PARISC64), N(SCMP_ARCH_PPC),
	N(SCMP_ARCH_PPC64),	  N(SCMP_ARCH_PPC64LE),	 N(SCMP_ARCH_RISCV64),
	N(SCMP_ARCH_S390),	  N(SCMP_ARCH_S390X),
#ifdef SCMP_ARCH_SH
	N(SCMP_ARCH_SH),
#endif
#ifdef SCMP_ARCH_SHEB
	N(SCMP_ARCH_SHEB),
#endif
};
TABLE(oci_seccomp_arch_names, "seccomp architecture");

static const struct oci_name oci_seccomp_operator_names_items[] = {
	N(SCMP_CMP_NE), N(SCMP_CMP_LT), N(SCMP_CMP_LE),	       N(SCMP_CMP_EQ),
	N(SCMP_CMP_GE), N(SCMP_CMP_GT), N(SCMP_CMP_MASKED_EQ),
};
TABLE(oci_seccomp_operator_names, "seccomp operator");

static const struct oci_name oci_seccomp_flag_names_items[] = {
	N(SECCOMP_FILTER_FLAG_TSYNC),
	N(SECCOMP_FILTER_FLAG_LOG),
	N(SECCOMP_FILTER_FLAG_SPEC_ALLOW),
	N(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV),
};
TABLE(oci_seccomp_flag_names, "seccomp flag");

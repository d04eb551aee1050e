// SPDX-License-Identifier: GPL-2.0-or-later
/* Name tables of process, namespaces, hooks and memory policy; see names.h. */
#include "oci/names.h"

#include <string.h>

#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "oci/spec.h"

/* Reserved in the kernel's header, never implemented; the kernel says EINVAL. */
#define CTR_SCHED_ISO 4

/* Younger than some headers we build with. */
#define CTR_MPOL_WEIGHTED_INTERLEAVE 6

#define TABLE(name, word)                                                                          \
	const struct oci_names name = { word, name##_items,                                        \
					sizeof(name##_items) / sizeof(name##_items[0]) }

#define N(x)                                                                                       \
	{                                                                                          \
#x, x                                                                              \
	}
#define CAP(x)                                                                                     \
	{                                                                                          \
		"CAP_" #x, CAP_##x                                                                 \
	}

static const struct oci_name oci_capability_names_items[] = {
	CAP(CHOWN),
	CAP(DAC_OVERRIDE),
	CAP(DAC_READ_SEARCH),
	CAP(FOWNER),
	CAP(FSETID),
	CAP(KILL),
	CAP(SETGID),
	CAP(SETUID),
	CAP(SETPCAP),
	CAP(LINUX_IMMUTABLE),
	CAP(NET_BIND_SERVICE),
	CAP(NET_BROADCAST),
	CAP(NET_ADMIN),
	CAP(NET_RAW),
	CAP(IPC_LOCK),
	CAP(IPC_OWNER),
	CAP(SYS_MODULE),
	CAP(SYS_RAWIO),
	CAP(SYS_CHROOT),
	CAP(SYS_PTRACE),
	CAP(SYS_PACCT),
	CAP(SYS_ADMIN),
	CAP(SYS_BOOT),
	CAP(SYS_NICE),
	CAP(SYS_RESOURCE),
	CAP(SYS_TIME),
	CAP(SYS_TTY_CONFIG),
	CAP(MKNOD),
	CAP(LEASE),
	CAP(AUDIT_WRITE),
	CAP(AUDIT_CONTROL),
	CAP(SETFCAP),
	CAP(MAC_OVERRIDE),
	CAP(MAC_ADMIN),
	CAP(SYSLOG),
	CAP(WAKE_ALARM),
	CAP(BLOCK_SUSPEND),
	CAP(AUDIT_READ),
	CAP(PERFMON),
	CAP(BPF),
	CAP(CHECKPOINT_RESTORE),
};
TABLE(oci_capability_names, "capability");

static const struct oci_name oci_rlimit_names_items[] = {
	N(RLIMIT_AS),	  N(RLIMIT_CORE),   N(RLIMIT_CPU),	  N(RLIMIT_DATA),
	N(RLIMIT_FSIZE),  N(RLIMIT_LOCKS),  N(RLIMIT_MEMLOCK),	  N(RLIMIT_MSGQUEUE),
	N(RLIMIT_NICE),	  N(RLIMIT_NOFILE), N(RLIMIT_NPROC),	  N(RLIMIT_RSS),
	N(RLIMIT_RTPRIO), N(RLIMIT_RTTIME), N(RLIMIT_SIGPENDING), N(RLIMIT_STACK),
};
TABLE(oci_rlimit_names, "rlimit type");

static const struct oci_name oci_namespace_names_items[] = {
	{ "mount", OCI_NS_MOUNT }, { "cgroup", OCI_NS_CGROUP },	  { "uts", OCI_NS_UTS },
	{ "ipc", OCI_NS_IPC },	   { "user", OCI_NS_USER },	  { "pid", OCI_NS_PID },
	{ "time", OCI_NS_TIME },   { "network", OCI_NS_NETWORK },
};
TABLE(oci_namespace_names, "namespace type");
_Static_assert(sizeof(oci_namespace_names_items) / sizeof(oci_namespace_names_items[0]) ==
		       OCI_NS_COUNT,
	       "every namespace type has a name");

static const struct oci_name oci_hook_names_items[] = {
	{ "prestart", OCI_HOOK_PRESTART },
	{ "createRuntime", OCI_HOOK_CREATE_RUNTIME },
	{ "createContainer", OCI_HOOK_CREATE_CONTAINER },
	{ "startContainer", OCI_HOOK_START_CONTAINER },
	{ "poststart", OCI_HOOK_POSTSTART },
	{ "poststop", OCI_HOOK_POSTSTOP },
};
TABLE(oci_hook_names, "hook");
_Static_assert(sizeof(oci_hook_names_items) / sizeof(oci_hook_names_items[0]) == OCI_HOOK_COUNT,
	       "every hook kind has a name");

static const struct oci_name oci_scheduler_policy_names_items[] = {
	{ "SCHED_OTHER", SCHED_NORMAL }, N(SCHED_FIFO), N(SCHED_RR),	   N(SCHED_BATCH),
	{ "SCHED_ISO", CTR_SCHED_ISO },	 N(SCHED_IDLE), N(SCHED_DEADLINE),
};
TABLE(oci_scheduler_policy_names, "scheduler policy");

static const struct oci_name oci_scheduler_flag_names_items[] = {
	N(SCHED_FLAG_RESET_ON_FORK),  N(SCHED_FLAG_RECLAIM),	 N(SCHED_FLAG_DL_OVERRUN),
	N(SCHED_FLAG_KEEP_POLICY),    N(SCHED_FLAG_KEEP_PARAMS), N(SCHED_FLAG_UTIL_CLAMP_MIN),
	N(SCHED_FLAG_UTIL_CLAMP_MAX),
};
TABLE(oci_scheduler_flag_names, "scheduler flag");

static const struct oci_name oci_ioprio_class_names_items[] = {
	N(IOPRIO_CLASS_RT),
	N(IOPRIO_CLASS_BE),
	N(IOPRIO_CLASS_IDLE),
};
TABLE(oci_ioprio_class_names, "io priority class");

static const struct oci_name oci_memory_policy_names_items[] = {
	N(MPOL_DEFAULT),
	N(MPOL_PREFERRED),
	N(MPOL_BIND),
	N(MPOL_INTERLEAVE),
	N(MPOL_LOCAL),
	N(MPOL_PREFERRED_MANY),
	{ "MPOL_WEIGHTED_INTERLEAVE", CTR_MPOL_WEIGHTED_INTERLEAVE },
};
TABLE(oci_memory_policy_names, "memory policy mode");

static const struct oci_name oci_memory_policy_flag_names_items[] = {
	N(MPOL_F_STATIC_NODES),
	N(MPOL_F_RELATIVE_NODES),
	N(MPOL_F_NUMA_BALANCING),
};
TABLE(oci_memory_policy_flag_names, "memory policy flag");

static const struct oci_name oci_personality_names_items[] = {
	{ "LINUX", PER_LINUX },
	{ "LINUX32", PER_LINUX32 },
};
TABLE(oci_personality_names, "personality domain");

static const struct oci_name oci_propagation_names_items[] = {
	{ "private", MS_PRIVATE },	 { "rprivate", MS_PRIVATE | MS_REC },
	{ "shared", MS_SHARED },	 { "rshared", MS_SHARED | MS_REC },
	{ "slave", MS_SLAVE },		 { "rslave", MS_SLAVE | MS_REC },
	{ "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC },
};
TABLE(oci_propagation_names, "rootfs propagation");

bool oci_names_find(const struct oci_names *names, const char *name, uint64_t *ret_value)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->items[i].name, name) == 0) {
			*ret_value = names->items[i].value;
			return true;
		}
	}
	return false;
}

const char *oci_names_of(const struct oci_names *names, uint64_t value)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->items[i].value == value)
			return names->items[i].name;
	return NULL;
}

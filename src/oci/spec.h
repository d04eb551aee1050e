/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What config.json says, as plain structs (runtime-spec 1.3, config.md and config-linux.md).
 * Knows nothing of the kernel. Everything is owned by the document's arena; strings are
 * NUL-terminated and hold no NUL inside. An absent string is NULL, an absent number has set == false.
 */
#ifndef CTR_OCI_SPEC_H
#define CTR_OCI_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/err.h"

/* The version of runtime-spec that the structs below follow. */
#define OCI_SPEC_VERSION "1.3.0"

/* All arrays have this layout, so that the decoder can fill any of them by offset. */
#define OCI_ARRAY(type)                                                                            \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t count;                                                                      \
	}

/* Typedefs only for arrays: an anonymous type needs a name to be used twice. */
typedef OCI_ARRAY(const char *) oci_strings;

struct opt_i64 {
	bool set;
	int64_t value;
};

struct opt_u64 {
	bool set;
	uint64_t value;
};

struct oci_pair { /* one member of a JSON object that maps string to string */
	const char *key, *value;
};

typedef OCI_ARRAY(struct oci_pair) oci_pairs;

/* Linux name tables: the index is the value that the kernel knows, see oci/names.h. */
enum oci_namespace_type {
	OCI_NS_MOUNT,
	OCI_NS_CGROUP,
	OCI_NS_UTS,
	OCI_NS_IPC,
	OCI_NS_USER,
	OCI_NS_PID,
	OCI_NS_NETWORK,
	OCI_NS_TIME,
	OCI_NS_COUNT,
};

struct oci_namespace {
	enum oci_namespace_type type;
	const char *path; /* NULL: create a new one */
	bool from_option; /* the path is that of --network, not of the document */
};

struct oci_id_map {
	uint32_t container_id, host_id, size;
};

typedef OCI_ARRAY(struct oci_id_map) oci_id_maps;

struct oci_mount {
	const char *destination, *type, *source;
	oci_strings options;
	oci_id_maps uid_mappings, gid_mappings;
};

struct oci_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

struct oci_user {
	uint32_t uid, gid;
	struct opt_u64 umask;
	OCI_ARRAY(uint32_t) additional_gids;
};

/* Capability sets as bit masks of CAP_* numbers; names that are unknown are kept for the warning. */
struct oci_capabilities {
	bool set; /* the object was present */
	uint64_t bounding, effective, permitted, inheritable, ambient;
	oci_strings unknown;
};

struct oci_scheduler {
	bool set;
	int policy; /* SCHED_* */
	struct opt_i64 nice, priority;
	uint64_t flags; /* SCHED_FLAG_* */
	struct opt_u64 runtime, deadline, period;
};

struct oci_io_priority {
	bool set;
	int class; /* IOPRIO_CLASS_* */
	int64_t priority;
};

struct oci_process {
	bool set;
	bool terminal, no_new_privileges;
	struct {
		bool set;
		uint64_t width, height;
	} console_size;
	const char *cwd;
	oci_strings args, env;
	struct oci_user user;
	struct oci_capabilities capabilities;
	OCI_ARRAY(struct oci_rlimit) rlimits;
	struct opt_i64 oom_score_adj;
	const char *apparmor_profile, *selinux_label;
	struct oci_scheduler scheduler;
	struct oci_io_priority io_priority;
	const char *exec_cpu_initial, *exec_cpu_final;
};

enum oci_hook_kind {
	OCI_HOOK_PRESTART,
	OCI_HOOK_CREATE_RUNTIME,
	OCI_HOOK_CREATE_CONTAINER,
	OCI_HOOK_START_CONTAINER,
	OCI_HOOK_POSTSTART,
	OCI_HOOK_POSTSTOP,
	OCI_HOOK_COUNT,
};

struct oci_hook {
	const char *path;
	oci_strings args, env;
	bool has_env;		/* "env" was present, even if empty */
	struct opt_i64 timeout; /* seconds, > 0 */
};

typedef OCI_ARRAY(struct oci_hook) oci_hooks;

struct oci_device {
	const char *path;
	char type; /* 'c', 'b', 'p'; 'u' is decoded to 'c' */
	struct opt_i64 major, minor;
	struct opt_u64 file_mode;
	struct opt_u64 uid, gid;
};

struct oci_device_rule {
	bool allow;
	char type;		     /* 'a', 'b', 'c' */
	struct opt_i64 major, minor; /* not set or negative: any */
	const char *access;	     /* subset of "rwm"; NULL: all */
};

struct oci_weight_device {
	int64_t major, minor;
	struct opt_u64 weight, leaf_weight;
};

struct oci_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};

typedef OCI_ARRAY(struct oci_throttle_device) oci_throttles;

struct oci_memory {
	struct opt_i64 limit, reservation, swap, kernel, kernel_tcp;
	struct opt_u64 swappiness;
	bool disable_oom_killer, use_hierarchy, check_before_update;
};

struct oci_cpu {
	struct opt_u64 shares, period, burst, realtime_period;
	struct opt_i64 quota, realtime_runtime, idle;
	const char *cpus, *mems;
};

struct oci_block_io {
	struct opt_u64 weight, leaf_weight;
	OCI_ARRAY(struct oci_weight_device) weight_devices;
	oci_throttles read_bps, write_bps, read_iops, write_iops;
};

struct oci_hugepage_limit {
	const char *page_size;
	uint64_t limit;
};

struct oci_rdma {
	const char *device; /* the key of the object's member */
	struct opt_u64 hca_handles, hca_objects;
};

struct oci_net_priority {
	const char *name;
	uint64_t priority;
};

struct oci_resources {
	bool set;
	OCI_ARRAY(struct oci_device_rule) devices;
	struct oci_memory memory;
	struct oci_cpu cpu;
	struct {
		struct opt_i64 limit;
	} pids;
	struct oci_block_io block_io;
	OCI_ARRAY(struct oci_hugepage_limit) hugepage_limits;
	struct {
		struct opt_u64 class_id;
		OCI_ARRAY(struct oci_net_priority) priorities;
	} network;
	OCI_ARRAY(struct oci_rdma) rdma;
	oci_pairs unified;
};

struct oci_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	uint32_t op; /* enum scmp_compare of libseccomp */
};

struct oci_seccomp_rule {
	oci_strings names;
	uint32_t action; /* SCMP_ACT_* without data */
	struct opt_u64 errno_ret;
	OCI_ARRAY(struct oci_seccomp_arg) args;
};

struct oci_seccomp {
	bool set;
	uint32_t default_action; /* SCMP_ACT_* without data */
	struct opt_u64 default_errno_ret;
	OCI_ARRAY(uint32_t) architectures; /* SCMP_ARCH_* tokens of libseccomp */
	bool has_flags;			   /* "flags" was present, even if empty */
	uint32_t flags;			   /* SECCOMP_FILTER_FLAG_* */
	const char *listener_path, *listener_metadata;
	OCI_ARRAY(struct oci_seccomp_rule) syscalls;
	const char *raw; /* the JSON text of the object, for the cache key */
	size_t raw_len;
};

struct oci_time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

struct oci_net_device {
	const char *host_name, *name; /* name NULL: keep */
};

struct oci_memory_policy {
	bool set;
	int mode;	/* MPOL_* */
	uint32_t flags; /* MPOL_F_* */
	const char *nodes;
};

struct oci_intel_rdt {
	bool set;
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	oci_strings schemata;
	bool enable_monitoring;
};

struct oci_linux {
	bool set;
	OCI_ARRAY(struct oci_namespace) namespaces;
	oci_id_maps uid_mappings, gid_mappings;
	struct oci_time_offset boottime, monotonic;
	OCI_ARRAY(struct oci_device) devices;
	OCI_ARRAY(struct oci_net_device) net_devices;
	const char *cgroups_path;
	struct oci_resources resources;
	const char *rootfs_propagation;
	struct oci_seccomp seccomp;
	oci_pairs sysctl;
	oci_strings masked_paths, readonly_paths;
	const char *mount_label;
	struct {
		bool set;
		uint64_t domain; /* PER_LINUX, PER_LINUX32 */
		oci_strings flags;
	} personality;
	struct oci_memory_policy memory_policy;
	struct oci_intel_rdt intel_rdt;
};

struct oci_spec {
	const char *oci_version;
	struct {
		bool set;
		const char *path;
		bool readonly;
	} root;
	OCI_ARRAY(struct oci_mount) mounts;
	struct oci_process process;
	const char *hostname, *domainname;
	oci_hooks hooks[OCI_HOOK_COUNT];
	oci_pairs annotations;
	struct oci_linux linux_;
	/* For error origins: which document this is, and where its process and resources stand in it. */
	const char *file, *process_at, *resources_at;
	struct arena arena;
};

/*
 * Read and decode a whole config.json from @text (@len bytes, no terminator needed). Limits:
 * 16 MiB, nesting 64. On failure -EINVAL (or -ENOMEM, -E2BIG) and @e names the JSON pointer.
 * Does structural checks only (types, required members, known values); oci_spec_validate does the rest.
 * When all problems are wanted (e->problems), mistakes of structure end up there, and the result is a spec
 * without what could not be read: even required strings may be NULL (ociVersion, root.path,
 * process.cwd). Only what is no JSON fails then.
 * On success *@ret_spec is owned by the caller: oci_spec_free.
 */
int oci_spec_decode(const char *text, size_t len, struct oci_spec **ret_spec, struct err *e);

/*
 * A bare process document (exec --process); same limits and errors, which name @file. That must live as
 * long as the result.
 */
int oci_process_decode(const char *file, const char *text, size_t len, struct oci_spec **ret_spec,
		       struct err *e);

/* The same for a bare resources document (update --resources): linux.resources. */
int oci_resources_decode(const char *file, const char *text, size_t len, struct oci_spec **ret_spec,
			 struct err *e);

/*
 * Cross-field rules of runtime-spec 1.3 that need no kernel: ociVersion, absolute paths,
 * duplicates (namespaces, rlimits), hostname without a UTS namespace, maps without a user
 * namespace, hook timeouts, seccomp errnoRet misuse, ... First problem wins; @e has its pointer.
 * When all are wanted, they are in e->problems, and the result is 0.
 */
int oci_spec_validate(const struct oci_spec *spec, struct err *e);

/* The part of it that is about spec->process, also for what oci_process_decode made. */
int oci_process_validate(const struct oci_spec *spec, struct err *e);

/* The part of it that is about linux.resources, also for what oci_resources_decode made. */
int oci_resources_validate(const struct oci_spec *spec, struct err *e);

void oci_spec_free(struct oci_spec *spec); /* NULL is fine */

static inline void oci_spec_freep(struct oci_spec **spec)
{
	oci_spec_free(*spec);
}

/* The namespace entry of @type, or NULL when the container shares the runtime's. */
const struct oci_namespace *oci_spec_namespace(const struct oci_spec *spec,
					       enum oci_namespace_type type);
/* True when the container gets a new namespace of @type (listed, without a path). */
bool oci_spec_new_namespace(const struct oci_spec *spec, enum oci_namespace_type type);

#endif

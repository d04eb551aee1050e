// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of the process object. windows' commandLine and user.username are unknown members here. */
#include "oci/tables.h"

#include <string.h>

static const struct decode_field console_size_fields[] = {
	F_U64(struct oci_process, "width", console_size.width, .required = true),
	F_U64(struct oci_process, "height", console_size.height, .required = true),
};
static const struct decode_table console_size_table = DECODE_TABLE(console_size_fields);

static const struct decode_field user_fields[] = {
	F_U32(struct oci_user, "uid", uid),
	F_U32(struct oci_user, "gid", gid),
	F_OPT_U64(struct oci_user, "umask", umask, UINT32_MAX),
	F_U32S(struct oci_user, "additionalGids", additional_gids),
};
static const struct decode_table user_table = DECODE_TABLE(user_fields);

static const struct decode_field rlimit_fields[] = {
	F_NAME(struct oci_rlimit, "type", resource, oci_rlimit_names, .required = true),
	F_U64(struct oci_rlimit, "soft", soft, .required = true),
	F_U64(struct oci_rlimit, "hard", hard, .required = true),
};
static const struct decode_table rlimit_table = DECODE_TABLE(rlimit_fields);

static const struct decode_field scheduler_fields[] = {
	F_NAME(struct oci_scheduler, "policy", policy, oci_scheduler_policy_names,
	       .required = true),
	F_OPT_I64(struct oci_scheduler, "nice", nice),
	F_OPT_I64(struct oci_scheduler, "priority", priority),
	F_FLAGS(struct oci_scheduler, "flags", flags, oci_scheduler_flag_names),
	F_OPT_U64(struct oci_scheduler, "runtime", runtime, UINT64_MAX),
	F_OPT_U64(struct oci_scheduler, "deadline", deadline, UINT64_MAX),
	F_OPT_U64(struct oci_scheduler, "period", period, UINT64_MAX),
};
static const struct decode_table scheduler_table = DECODE_TABLE(scheduler_fields);

static const struct decode_field io_priority_fields[] = {
	F_NAME(struct oci_io_priority, "class", class, oci_ioprio_class_names, .required = true),
	F_I64(struct oci_io_priority, "priority", priority),
};
static const struct decode_table io_priority_table = DECODE_TABLE(io_priority_fields);

static const struct decode_field affinity_fields[] = {
	F_STRING(struct oci_process, "initial", exec_cpu_initial),
	F_STRING(struct oci_process, "final", exec_cpu_final),
};
static const struct decode_table affinity_table = DECODE_TABLE(affinity_fields);

/* How far back a repeated unknown name is looked for, so that it is reported once. */
enum {
	UNKNOWN_MEMORY = 64
};

static bool known_unknown(const oci_strings *unknown, const char *name)
{
	size_t i = unknown->count > UNKNOWN_MEMORY ? unknown->count - UNKNOWN_MEMORY : 0;

	for (; i < unknown->count; i++)
		if (strcmp(unknown->items[i], name) == 0)
			return true;
	return false;
}

/*
 * One of the five sets. The spec wants a warning for names that are not known, so they are
 * collected; room for all names of the object was made by capabilities_field().
 */
static int capability_set(struct decode *d, const struct json_node *node, void *object,
			  const struct decode_field *field)
{
	struct oci_capabilities *caps = object;
	uint64_t mask = 0, number;
	int r = decode_expect(d, node, JSON_ARRAY);

	if (r < 0)
		return r;
	json_for_each (item, node) {
		r = decode_expect(d, item, JSON_STRING);
		if (decode_without(d, r) < 0)
			return r;
		if (r < 0)
			continue;
		if (oci_names_find(&oci_capability_names, item->text, &number))
			mask |= UINT64_C(1) << number;
		else if (!known_unknown(&caps->unknown, item->text))
			caps->unknown.items[caps->unknown.count++] = item->text;
	}
	memcpy((char *)object + field->offset, &mask, sizeof(mask));
	return 0;
}

static const struct decode_field capability_fields[] = {
	F_CUSTOM(struct oci_capabilities, "bounding", bounding, capability_set),
	F_CUSTOM(struct oci_capabilities, "effective", effective, capability_set),
	F_CUSTOM(struct oci_capabilities, "permitted", permitted, capability_set),
	F_CUSTOM(struct oci_capabilities, "inheritable", inheritable, capability_set),
	F_CUSTOM(struct oci_capabilities, "ambient", ambient, capability_set),
};
static const struct decode_table capability_table = DECODE_TABLE(capability_fields);

static int capabilities_field(struct decode *d, const struct json_node *node, void *object,
			      const struct decode_field *field)
{
	struct oci_capabilities *caps = &((struct oci_process *)object)->capabilities;
	size_t names = 0;
	int r;

	(void)field;
	json_for_each (set, node)
		names += set->count;
	r = decode_array(d, names, sizeof(*caps->unknown.items), &caps->unknown.items);
	if (r < 0)
		return r;
	return decode_object(d, node, &capability_table, caps);
}

static const struct decode_field process_fields[] = {
	F_BOOL(struct oci_process, "terminal", terminal),
	F_INLINE("consoleSize", console_size_table,
		 F_PRESENT(struct oci_process, console_size.set)),
	F_STRING(struct oci_process, "cwd", cwd, .required = true),
	F_STRINGS(struct oci_process, "args", args),
	F_STRINGS(struct oci_process, "env", env),
	F_OBJECT(struct oci_process, "user", user, user_table),
	F_CUSTOM(struct oci_process, "capabilities", capabilities, capabilities_field,
		 F_PRESENT(struct oci_process, capabilities.set)),
	F_OBJECTS(struct oci_process, "rlimits", rlimits, rlimit_table),
	F_BOOL(struct oci_process, "noNewPrivileges", no_new_privileges),
	F_OPT_I64(struct oci_process, "oomScoreAdj", oom_score_adj),
	F_STRING(struct oci_process, "apparmorProfile", apparmor_profile),
	F_STRING(struct oci_process, "selinuxLabel", selinux_label),
	F_OBJECT(struct oci_process, "scheduler", scheduler, scheduler_table,
		 F_PRESENT(struct oci_process, scheduler.set)),
	F_OBJECT(struct oci_process, "ioPriority", io_priority, io_priority_table,
		 F_PRESENT(struct oci_process, io_priority.set)),
	F_INLINE("execCPUAffinity", affinity_table),
};
const struct decode_table oci_process_table = DECODE_TABLE(process_fields);

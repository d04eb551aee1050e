// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of linux.seccomp. */
#include "oci/tables.h"

static const struct decode_field arg_fields[] = {
	F_U32(struct oci_seccomp_arg, "index", index, .required = true),
	F_U64(struct oci_seccomp_arg, "value", value, .required = true),
	F_U64(struct oci_seccomp_arg, "valueTwo", value_two),
	F_NAME(struct oci_seccomp_arg, "op", op, oci_seccomp_operator_names, .required = true),
};
static const struct decode_table arg_table = DECODE_TABLE(arg_fields);

static const struct decode_field rule_fields[] = {
	F_STRINGS(struct oci_seccomp_rule, "names", names, .required = true),
	F_NAME(struct oci_seccomp_rule, "action", action, oci_seccomp_action_names,
	       .required = true),
	F_OPT_U64(struct oci_seccomp_rule, "errnoRet", errno_ret, UINT32_MAX),
	F_OBJECTS(struct oci_seccomp_rule, "args", args, arg_table),
};
static const struct decode_table rule_table = DECODE_TABLE(rule_fields);

static const struct decode_field seccomp_fields[] = {
	F_NAME(struct oci_seccomp, "defaultAction", default_action, oci_seccomp_action_names,
	       .required = true),
	F_OPT_U64(struct oci_seccomp, "defaultErrnoRet", default_errno_ret, UINT32_MAX),
	F_NAMES(struct oci_seccomp, "architectures", architectures, oci_seccomp_arch_names),
	F_FLAGS(struct oci_seccomp, "flags", flags, oci_seccomp_flag_names,
		F_PRESENT(struct oci_seccomp, has_flags)),
	F_STRING(struct oci_seccomp, "listenerPath", listener_path),
	F_STRING(struct oci_seccomp, "listenerMetadata", listener_metadata),
	F_OBJECTS(struct oci_seccomp, "syscalls", syscalls, rule_table),
};
static const struct decode_table seccomp_table = DECODE_TABLE(seccomp_fields);

/* The text of the object is kept as well: it is the key of the cache of compiled filters. */
int oci_seccomp_field(struct decode *d, const struct json_node *node, void *object,
		      const struct decode_field *field)
{
	struct oci_seccomp *seccomp = &((struct oci_linux *)object)->seccomp;
	char *raw;
	int r = decode_object(d, node, &seccomp_table, seccomp);

	(void)field;
	if (r < 0)
		return r;
	raw = arena_memdup(d->arena, d->text + node->start, node->end - node->start);
	if (!raw)
		return decode_no_memory(d, node->end - node->start);
	seccomp->raw = raw;
	seccomp->raw_len = node->end - node->start;
	return 0;
}

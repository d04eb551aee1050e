// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of the top level of config.json: root, mounts, hooks. Other platforms' parts are unknown. */
#include "oci/tables.h"

static const struct decode_field root_fields[] = {
	F_STRING(struct oci_spec, "path", root.path, .required = true),
	F_BOOL(struct oci_spec, "readonly", root.readonly),
};
static const struct decode_table root_table = DECODE_TABLE(root_fields);

static const struct decode_field id_map_fields[] = {
	F_U32(struct oci_id_map, "containerID", container_id, .required = true),
	F_U32(struct oci_id_map, "hostID", host_id, .required = true),
	F_U32(struct oci_id_map, "size", size, .required = true),
};
const struct decode_table oci_id_map_table = DECODE_TABLE(id_map_fields);

static const struct decode_field mount_fields[] = {
	F_STRING(struct oci_mount, "destination", destination, .required = true),
	F_STRING(struct oci_mount, "type", type),
	F_STRING(struct oci_mount, "source", source),
	F_STRINGS(struct oci_mount, "options", options),
	F_OBJECTS(struct oci_mount, "uidMappings", uid_mappings, oci_id_map_table),
	F_OBJECTS(struct oci_mount, "gidMappings", gid_mappings, oci_id_map_table),
};
static const struct decode_table mount_table = DECODE_TABLE(mount_fields);

static const struct decode_field hook_fields[] = {
	F_STRING(struct oci_hook, "path", path, .required = true),
	F_STRINGS(struct oci_hook, "args", args),
	F_STRINGS(struct oci_hook, "env", env, F_PRESENT(struct oci_hook, has_env)),
	F_OPT_I64(struct oci_hook, "timeout", timeout),
};
static const struct decode_table hook_table = DECODE_TABLE(hook_fields);

#define HOOKS(json, kind) F_OBJECTS(struct oci_spec, json, hooks[kind], hook_table)

static const struct decode_field hooks_fields[] = {
	HOOKS("prestart", OCI_HOOK_PRESTART),
	HOOKS("createRuntime", OCI_HOOK_CREATE_RUNTIME),
	HOOKS("createContainer", OCI_HOOK_CREATE_CONTAINER),
	HOOKS("startContainer", OCI_HOOK_START_CONTAINER),
	HOOKS("poststart", OCI_HOOK_POSTSTART),
	HOOKS("poststop", OCI_HOOK_POSTSTOP),
};
const struct decode_table oci_hooks_table = DECODE_TABLE(hooks_fields);

static const struct decode_field spec_fields[] = {
	F_STRING(struct oci_spec, "ociVersion", oci_version, .required = true),
	F_INLINE("root", root_table, F_PRESENT(struct oci_spec, root.set), .partial = true),
	F_OBJECTS(struct oci_spec, "mounts", mounts, mount_table),
	F_OBJECT(struct oci_spec, "process", process, oci_process_table,
		 F_PRESENT(struct oci_spec, process.set), .partial = true),
	F_STRING(struct oci_spec, "hostname", hostname),
	F_STRING(struct oci_spec, "domainname", domainname),
	F_INLINE("hooks", oci_hooks_table),
	F_PAIRS(struct oci_spec, "annotations", annotations),
	F_OBJECT(struct oci_spec, "linux", linux_, oci_linux_table,
		 F_PRESENT(struct oci_spec, linux_.set)),
};
const struct decode_table oci_spec_table = DECODE_TABLE(spec_fields);

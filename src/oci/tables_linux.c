// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of the linux object but for resources and seccomp, which have files of their own. */
#include "oci/tables.h"

static const struct decode_field namespace_fields[] = {
	F_NAME(struct oci_namespace, "type", type, oci_namespace_names, .required = true),
	F_STRING(struct oci_namespace, "path", path),
};
static const struct decode_table namespace_table = DECODE_TABLE(namespace_fields);

static const struct decode_field boottime_fields[] = {
	F_I64(struct oci_time_offset, "secs", secs),
	F_U32(struct oci_time_offset, "nanosecs", nanosecs),
};
static const struct decode_table offset_table = DECODE_TABLE(boottime_fields);

/* The member names are clocks: an unknown one is an unknown value. */
static const struct decode_field time_offsets_fields[] = {
	F_OBJECT(struct oci_linux, "boottime", boottime, offset_table,
		 F_PRESENT(struct oci_linux, boottime.set)),
	F_OBJECT(struct oci_linux, "monotonic", monotonic, offset_table,
		 F_PRESENT(struct oci_linux, monotonic.set)),
};
static const struct decode_table time_offsets_table = {
	.fields = time_offsets_fields,
	.count = sizeof(time_offsets_fields) / sizeof(time_offsets_fields[0]),
	.strict = true,
};

/* 'u' is another word for 'c' (config-linux.md, Devices). */
static int device_type(struct decode *d, const struct json_node *node, void *object,
		       const struct decode_field *field)
{
	struct oci_device *device = object;
	int r = decode_expect(d, node, JSON_STRING);

	(void)field;
	if (r < 0)
		return r;
	switch (node->len == 1 ? node->text[0] : '\0') {
	case 'c':
	case 'u': device->type = 'c'; return 0;
	case 'b': device->type = 'b'; return 0;
	case 'p': device->type = 'p'; return 0;
	default:
		return decode_fail(d, node, "unknown device type '%.100s' (known: c, b, u, p)",
				   node->text);
	}
}

/* Some engines hand over st_mode with its type bits; rootfs/ strips them. */
enum {
	FILE_MODE_MAX = 0177777
};

static const struct decode_field device_fields[] = {
	F_STRING(struct oci_device, "path", path, .required = true),
	F_CUSTOM(struct oci_device, "type", type, device_type, .required = true),
	F_OPT_I64(struct oci_device, "major", major),
	F_OPT_I64(struct oci_device, "minor", minor),
	F_OPT_U64(struct oci_device, "fileMode", file_mode, FILE_MODE_MAX),
	F_OPT_U64(struct oci_device, "uid", uid, UINT32_MAX),
	F_OPT_U64(struct oci_device, "gid", gid, UINT32_MAX),
};
static const struct decode_table device_table = DECODE_TABLE(device_fields);

static const struct decode_field net_device_fields[] = {
	F_STRING(struct oci_net_device, "name", name),
};
static const struct decode_table net_device_table = DECODE_TABLE(net_device_fields);

static int net_devices(struct decode *d, const struct json_node *node, void *object,
		       const struct decode_field *field)
{
	struct oci_linux *linux_ = object;
	struct oci_net_device *device = NULL;
	size_t count = 0;
	int r = decode_expect(d, node, JSON_OBJECT);

	(void)field;
	if (r == 0)
		r = decode_array(d, node->count, sizeof(*device), &device);
	if (r < 0)
		return r;
	json_for_each (m, node) {
		device[count].host_name = m->key;
		r = decode_object(d, m, &net_device_table, &device[count]);
		count += r == 0;
		r = decode_without(d, r);
		if (r < 0)
			return r;
	}
	linux_->net_devices.items = device;
	linux_->net_devices.count = count;
	return 0;
}

static const struct decode_field personality_fields[] = {
	F_NAME(struct oci_linux, "domain", personality.domain, oci_personality_names,
	       .required = true),
	F_STRINGS(struct oci_linux, "flags", personality.flags),
};
static const struct decode_table personality_table = DECODE_TABLE(personality_fields);

static const struct decode_field memory_policy_fields[] = {
	F_NAME(struct oci_memory_policy, "mode", mode, oci_memory_policy_names, .required = true),
	F_FLAGS(struct oci_memory_policy, "flags", flags, oci_memory_policy_flag_names),
	F_STRING(struct oci_memory_policy, "nodes", nodes),
};
static const struct decode_table memory_policy_table = DECODE_TABLE(memory_policy_fields);

static const struct decode_field intel_rdt_fields[] = {
	F_STRING(struct oci_intel_rdt, "closID", clos_id),
	F_STRING(struct oci_intel_rdt, "l3CacheSchema", l3_cache_schema),
	F_STRING(struct oci_intel_rdt, "memBwSchema", mem_bw_schema),
	F_STRINGS(struct oci_intel_rdt, "schemata", schemata),
	F_BOOL(struct oci_intel_rdt, "enableMonitoring", enable_monitoring),
};
static const struct decode_table intel_rdt_table = DECODE_TABLE(intel_rdt_fields);

static const struct decode_field linux_fields[] = {
	F_OBJECTS(struct oci_linux, "namespaces", namespaces, namespace_table),
	F_OBJECTS(struct oci_linux, "uidMappings", uid_mappings, oci_id_map_table),
	F_OBJECTS(struct oci_linux, "gidMappings", gid_mappings, oci_id_map_table),
	F_INLINE("timeOffsets", time_offsets_table),
	F_OBJECTS(struct oci_linux, "devices", devices, device_table),
	F_CUSTOM(struct oci_linux, "netDevices", net_devices, net_devices),
	F_STRING(struct oci_linux, "cgroupsPath", cgroups_path),
	F_OBJECT(struct oci_linux, "resources", resources, oci_resources_table,
		 F_PRESENT(struct oci_linux, resources.set)),
	F_STRING(struct oci_linux, "rootfsPropagation", rootfs_propagation),
	F_CUSTOM(struct oci_linux, "seccomp", seccomp, oci_seccomp_field,
		 F_PRESENT(struct oci_linux, seccomp.set)),
	F_PAIRS(struct oci_linux, "sysctl", sysctl),
	F_STRINGS(struct oci_linux, "maskedPaths", masked_paths),
	F_STRINGS(struct oci_linux, "readonlyPaths", readonly_paths),
	F_STRING(struct oci_linux, "mountLabel", mount_label),
	F_INLINE("personality", personality_table, F_PRESENT(struct oci_linux, personality.set)),
	F_OBJECT(struct oci_linux, "memoryPolicy", memory_policy, memory_policy_table,
		 F_PRESENT(struct oci_linux, memory_policy.set)),
	F_OBJECT(struct oci_linux, "intelRdt", intel_rdt, intel_rdt_table,
		 F_PRESENT(struct oci_linux, intel_rdt.set)),
};
const struct decode_table oci_linux_table = DECODE_TABLE(linux_fields);

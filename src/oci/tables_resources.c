// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of linux.resources, also the whole of what `ctr update --resources` reads. */
#include "oci/tables.h"

#include <string.h>

static int rule_type(struct decode *d, const struct json_node *node, void *object,
		     const struct decode_field *field)
{
	struct oci_device_rule *rule = object;
	int r = decode_expect(d, node, JSON_STRING);

	(void)field;
	if (r < 0)
		return r;
	if (node->len != 1 || !strchr("abc", node->text[0]))
		return decode_fail(d, node, "unknown device type '%.100s' (known: a, b, c)",
				   node->text);
	rule->type = node->text[0];
	return 0;
}

/* Unlike other optional strings, an empty one is a mistake: it would allow or deny nothing. */
static int rule_access(struct decode *d, const struct json_node *node, void *object,
		       const struct decode_field *field)
{
	struct oci_device_rule *rule = object;
	int r = decode_expect(d, node, JSON_STRING);

	(void)field;
	if (r < 0)
		return r;
	if (!node->len || node->text[strspn(node->text, "rwm")])
		return decode_fail(d, node, "bad device access '%.100s' (letters of 'rwm')",
				   node->text);
	rule->access = node->text;
	return 0;
}

static const struct decode_field rule_fields[] = {
	F_BOOL(struct oci_device_rule, "allow", allow, .required = true),
	F_CUSTOM(struct oci_device_rule, "type", type, rule_type),
	F_OPT_I64(struct oci_device_rule, "major", major),
	F_OPT_I64(struct oci_device_rule, "minor", minor),
	F_CUSTOM(struct oci_device_rule, "access", access, rule_access),
};
static const struct decode_table rule_table = DECODE_TABLE(rule_fields);

/* A rule without a type is about all devices. */
static int device_rules(struct decode *d, const struct json_node *node, void *object,
			const struct decode_field *field)
{
	struct oci_resources *resources = object;
	struct oci_device_rule *rule = NULL;
	size_t count = 0, index = 0;
	int r = decode_expect(d, node, JSON_ARRAY);

	(void)field;
	if (r == 0)
		r = decode_array(d, node->count, sizeof(*rule), &rule);
	if (r < 0)
		return r;
	json_for_each (item, node) {
		rule[count] = (struct oci_device_rule){ .type = 'a' };
		r = decode_object(d, item, &rule_table, &rule[count]);
		count += r == 0;
		r = decode_leave_out(d, node, index++, r);
		if (r < 0)
			return r;
	}
	resources->devices.items = rule;
	resources->devices.count = count;
	return 0;
}

static const struct decode_field memory_fields[] = {
	F_OPT_I64(struct oci_memory, "limit", limit),
	F_OPT_I64(struct oci_memory, "reservation", reservation),
	F_OPT_I64(struct oci_memory, "swap", swap),
	F_OPT_I64(struct oci_memory, "kernel", kernel),
	F_OPT_I64(struct oci_memory, "kernelTCP", kernel_tcp),
	F_OPT_U64(struct oci_memory, "swappiness", swappiness, UINT64_MAX),
	F_BOOL(struct oci_memory, "disableOOMKiller", disable_oom_killer),
	F_BOOL(struct oci_memory, "useHierarchy", use_hierarchy),
	F_BOOL(struct oci_memory, "checkBeforeUpdate", check_before_update),
};
static const struct decode_table memory_table = DECODE_TABLE(memory_fields);

static const struct decode_field cpu_fields[] = {
	F_OPT_U64(struct oci_cpu, "shares", shares, UINT64_MAX),
	F_OPT_I64(struct oci_cpu, "quota", quota),
	F_OPT_U64(struct oci_cpu, "burst", burst, UINT64_MAX),
	F_OPT_U64(struct oci_cpu, "period", period, UINT64_MAX),
	F_OPT_I64(struct oci_cpu, "realtimeRuntime", realtime_runtime),
	F_OPT_U64(struct oci_cpu, "realtimePeriod", realtime_period, UINT64_MAX),
	F_OPT_I64(struct oci_cpu, "idle", idle),
	F_STRING(struct oci_cpu, "cpus", cpus),
	F_STRING(struct oci_cpu, "mems", mems),
};
static const struct decode_table cpu_table = DECODE_TABLE(cpu_fields);

static const struct decode_field pids_fields[] = {
	F_OPT_I64(struct oci_resources, "limit", pids.limit),
};
static const struct decode_table pids_table = DECODE_TABLE(pids_fields);

static const struct decode_field weight_fields[] = {
	F_I64(struct oci_weight_device, "major", major, .required = true),
	F_I64(struct oci_weight_device, "minor", minor, .required = true),
	F_OPT_U64(struct oci_weight_device, "weight", weight, UINT16_MAX),
	F_OPT_U64(struct oci_weight_device, "leafWeight", leaf_weight, UINT16_MAX),
};
static const struct decode_table weight_table = DECODE_TABLE(weight_fields);

static const struct decode_field throttle_fields[] = {
	F_I64(struct oci_throttle_device, "major", major, .required = true),
	F_I64(struct oci_throttle_device, "minor", minor, .required = true),
	F_U64(struct oci_throttle_device, "rate", rate),
};
static const struct decode_table throttle_table = DECODE_TABLE(throttle_fields);

static const struct decode_field block_io_fields[] = {
	F_OPT_U64(struct oci_block_io, "weight", weight, UINT16_MAX),
	F_OPT_U64(struct oci_block_io, "leafWeight", leaf_weight, UINT16_MAX),
	F_OBJECTS(struct oci_block_io, "weightDevice", weight_devices, weight_table),
	F_OBJECTS(struct oci_block_io, "throttleReadBpsDevice", read_bps, throttle_table),
	F_OBJECTS(struct oci_block_io, "throttleWriteBpsDevice", write_bps, throttle_table),
	F_OBJECTS(struct oci_block_io, "throttleReadIOPSDevice", read_iops, throttle_table),
	F_OBJECTS(struct oci_block_io, "throttleWriteIOPSDevice", write_iops, throttle_table),
};
static const struct decode_table block_io_table = DECODE_TABLE(block_io_fields);

static const struct decode_field hugepage_fields[] = {
	F_STRING(struct oci_hugepage_limit, "pageSize", page_size, .required = true),
	F_U64(struct oci_hugepage_limit, "limit", limit, .required = true),
};
static const struct decode_table hugepage_table = DECODE_TABLE(hugepage_fields);

static const struct decode_field priority_fields[] = {
	F_STRING(struct oci_net_priority, "name", name, .required = true),
	F_U64(struct oci_net_priority, "priority", priority, .required = true),
};
static const struct decode_table priority_table = DECODE_TABLE(priority_fields);

static const struct decode_field network_fields[] = {
	F_OPT_U64(struct oci_resources, "classID", network.class_id, UINT32_MAX),
	F_OBJECTS(struct oci_resources, "priorities", network.priorities, priority_table),
};
static const struct decode_table network_table = DECODE_TABLE(network_fields);

static const struct decode_field rdma_fields[] = {
	F_OPT_U64(struct oci_rdma, "hcaHandles", hca_handles, UINT32_MAX),
	F_OPT_U64(struct oci_rdma, "hcaObjects", hca_objects, UINT32_MAX),
};
static const struct decode_table rdma_table = DECODE_TABLE(rdma_fields);

static int rdma_devices(struct decode *d, const struct json_node *node, void *object,
			const struct decode_field *field)
{
	struct oci_resources *resources = object;
	struct oci_rdma *rdma = NULL;
	size_t count = 0;
	int r = decode_expect(d, node, JSON_OBJECT);

	(void)field;
	if (r == 0)
		r = decode_array(d, node->count, sizeof(*rdma), &rdma);
	if (r < 0)
		return r;
	json_for_each (m, node) {
		rdma[count].device = m->key;
		r = decode_object(d, m, &rdma_table, &rdma[count]);
		count += r == 0;
		r = decode_without(d, r);
		if (r < 0)
			return r;
	}
	resources->rdma.items = rdma;
	resources->rdma.count = count;
	return 0;
}

static const struct decode_field resources_fields[] = {
	F_CUSTOM(struct oci_resources, "devices", devices, device_rules),
	F_OBJECT(struct oci_resources, "memory", memory, memory_table),
	F_OBJECT(struct oci_resources, "cpu", cpu, cpu_table),
	F_INLINE("pids", pids_table),
	F_OBJECT(struct oci_resources, "blockIO", block_io, block_io_table),
	F_OBJECTS(struct oci_resources, "hugepageLimits", hugepage_limits, hugepage_table),
	F_INLINE("network", network_table),
	F_CUSTOM(struct oci_resources, "rdma", rdma, rdma_devices),
	F_PAIRS(struct oci_resources, "unified", unified),
};
const struct decode_table oci_resources_table = DECODE_TABLE(resources_fields);

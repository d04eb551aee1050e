// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of linux.resources, of config.json and of update's document alike. */
#include "oci/validate.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
	WEIGHT_MIN = 10,
	WEIGHT_MAX = 1000,
	SWAPPINESS_MAX = 100
};

static const struct oci_resources *resources(const struct check *c)
{
	return &c->spec->linux_.resources;
}

static const char *at(struct check *c, const char *member)
{
	return check_at(c, "%s/%s", c->spec->resources_at, member);
}

static const char *at_item(struct check *c, const char *member, size_t i)
{
	return check_at(c, "%s/%s/%zu", c->spec->resources_at, member, i);
}

static void devices(struct check *c)
{
	for (size_t i = 0; i < resources(c)->devices.count; i++) {
		const struct oci_device_rule *d = &resources(c)->devices.items[i];

		if ((d->major.set && d->major.value > UINT32_MAX) ||
		    (d->minor.set && d->minor.value > UINT32_MAX))
			check_refuse(c, at_item(c, "devices", i), "no device has such a number");
	}
}

/* -1 is "no limit"; other negative numbers mean nothing. */
static void bytes(struct check *c, const char *member, const struct opt_i64 *v)
{
	if (v->set && v->value < -1)
		check_refuse(c, at(c, member), "%lld is below -1", (long long)v->value);
}

static void memory(struct check *c)
{
	const struct oci_memory *m = &resources(c)->memory;
	int64_t limit = m->limit.set ? m->limit.value : 0;
	int64_t swap = m->swap.set ? m->swap.value : 0;

	bytes(c, "memory/limit", &m->limit);
	bytes(c, "memory/reservation", &m->reservation);
	bytes(c, "memory/swap", &m->swap);
	/* swap counts memory and swap together (config-linux.md, Memory) */
	if (swap > 0 && limit <= 0)
		check_refuse(c, at(c, "memory/swap"), "needs a memory limit");
	else if (swap > 0 && swap < limit)
		check_refuse(c, at(c, "memory/swap"),
			     "is memory and swap together, and must not be below the limit");
	if (m->swappiness.set && m->swappiness.value > SWAPPINESS_MAX)
		check_refuse(c, at(c, "memory/swappiness"), "greater than %d", SWAPPINESS_MAX);
}

static void cpu(struct check *c)
{
	const struct oci_cpu *v = &resources(c)->cpu;

	if (v->idle.set && v->idle.value != 0 && v->idle.value != 1)
		check_refuse(c, at(c, "cpu/idle"), "must be 0 or 1");
	if (v->burst.set && v->quota.set && v->quota.value > 0 &&
	    v->burst.value > (uint64_t)v->quota.value)
		check_refuse(c, at(c, "cpu/burst"), "must not be above quota");
	if (v->cpus && !check_is_one_line(v->cpus))
		check_refuse(c, at(c, "cpu/cpus"), "has control characters");
	if (v->mems && !check_is_one_line(v->mems))
		check_refuse(c, at(c, "cpu/mems"), "has control characters");
}

/* Zero stands for "not set". */
static bool bad_weight(const struct opt_u64 *w)
{
	return w->set && w->value && (w->value < WEIGHT_MIN || w->value > WEIGHT_MAX);
}

static void weights(struct check *c)
{
	const struct oci_block_io *io = &resources(c)->block_io;

	if (bad_weight(&io->weight))
		check_refuse(c, at(c, "blockIO/weight"), "must be %d to %d", WEIGHT_MIN,
			     WEIGHT_MAX);
	for (size_t i = 0; i < io->weight_devices.count; i++) {
		const struct oci_weight_device *d = &io->weight_devices.items[i];

		if (d->major < 0 || d->minor < 0)
			check_refuse(c, at_item(c, "blockIO/weightDevice", i),
				     "device number below 0");
		if (bad_weight(&d->weight))
			check_refuse(c, at_item(c, "blockIO/weightDevice", i),
				     "weight must be %d to %d", WEIGHT_MIN, WEIGHT_MAX);
	}
}

static void throttles(struct check *c)
{
	const struct oci_block_io *io = &resources(c)->block_io;
	const struct {
		const char *member;
		const oci_throttles *list;
	} lists[] = {
		{ "blockIO/throttleReadBpsDevice", &io->read_bps },
		{ "blockIO/throttleWriteBpsDevice", &io->write_bps },
		{ "blockIO/throttleReadIOPSDevice", &io->read_iops },
		{ "blockIO/throttleWriteIOPSDevice", &io->write_iops },
	};

	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++)
		for (size_t i = 0; i < lists[l].list->count; i++)
			if (lists[l].list->items[i].major < 0 || lists[l].list->items[i].minor < 0)
				check_refuse(c, at_item(c, lists[l].member, i),
					     "device number below 0");
}

/* "2MB": the kernel's file names have it (config-linux.md, Huge page limits). */
static bool is_page_size(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && n < 16 && s[0] != '0' && s[n] && strchr("KMG", s[n]) &&
	       strcmp(s + n + 1, "B") == 0;
}

static void hugepages(struct check *c)
{
	for (size_t i = 0; i < resources(c)->hugepage_limits.count; i++) {
		const char *size = resources(c)->hugepage_limits.items[i].page_size;

		if (!is_page_size(size))
			check_refuse(c,
				     check_at(c, "%s/hugepageLimits/%zu/pageSize",
					      c->spec->resources_at, i),
				     "'%.100s' is not a page size like '64KB', '2MB', '1GB'", size);
	}
}

static void rdma(struct check *c)
{
	char where[64];

	(void)snprintf(where, sizeof(where), "%s/rdma", c->spec->resources_at);
	for (size_t i = 0; i < resources(c)->rdma.count; i++) {
		const struct oci_rdma *r = &resources(c)->rdma.items[i];

		/* device and limits are words of one line in rdma.max */
		if (!r->device[0] || strchr(r->device, ' ') || !check_is_one_line(r->device))
			check_refuse(c, check_at_key(c, where, r->device),
				     "'%.100s' cannot be the name of a device", r->device);
		if (!r->hca_handles.set && !r->hca_objects.set)
			check_refuse(c, check_at_key(c, where, r->device),
				     "needs hcaHandles or hcaObjects");
	}
}

/*
 * A file of a controller, "memory.high". The core's own files move or kill processes; only its
 * limits may be set here (security.md A8).
 */
static bool is_cgroup_file(const char *key)
{
	if (!isalpha((unsigned char)key[0]) || strlen(key) > NAME_MAX || !strchr(key, '.') ||
	    strstr(key, ".."))
		return false;
	for (const char *s = key; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("._-", *s))
			return false;
	return strncmp(key, "cgroup.", 7) != 0 || strncmp(key, "cgroup.max.", 11) == 0 ||
	       strcmp(key, "cgroup.pressure") == 0;
}

static void unified(struct check *c)
{
	char where[64];

	(void)snprintf(where, sizeof(where), "%s/unified", c->spec->resources_at);
	for (size_t i = 0; i < resources(c)->unified.count; i++) {
		const char *key = resources(c)->unified.items[i].key;

		if (!is_cgroup_file(key))
			check_refuse(c, check_at_key(c, where, key),
				     "'%.100s' is not a file of a cgroup controller", key);
	}
}

void check_resources(struct check *c)
{
	static check_fn *const groups[] = {
		devices, memory, cpu, weights, throttles, hugepages, rdma, unified,
	};

	check_groups(c, groups, sizeof(groups) / sizeof(groups[0]));
}

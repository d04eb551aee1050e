// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * linux.resources.blockIO, hugepageLimits, rdma and unified as files. Names that end up as file
 * names go through a strict grammar (security.md R24), so that no key can leave the directory or
 * reach the files with which the runtime itself controls the cgroup. Pure.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cgroups/internal.h"

enum {
	IO_WEIGHT_MIN = 10,
	IO_WEIGHT_MAX = 1000,
	FILE_NAME_LENGTH_MAX = 64
};

static const char *io_weight_formula(void)
{
	return "1 + (weight - 10) * 9999 / 990";
}

/* BFQ has weights of its own, with the range of config.json; all else listens to io.weight. */
static int io_weight_add(struct cgroup_builder *b, const char *device, uint64_t weight,
			 const char *origin)
{
	unsigned long long w = weight, converted;
	struct cgroup_file f = { .controller = "io", .origin = origin, .name = "io.bfq.weight" };
	int r;

	if (weight < IO_WEIGHT_MIN || weight > IO_WEIGHT_MAX) {
		r = err_set(b->e, ERR_CONFIG, 0, "bad block I/O weight %llu: must be 10 to 1000",
			    w);
		return cgroup_builder_fail(b, r, origin ? origin : CGROUP_RESOURCES "blockIO");
	}
	f.need = CGROUP_ALTERNATIVE;
	f.value = device ? arena_printf(b->a, "%s %llu", device, w) : arena_printf(b->a, "%llu", w);
	r = cgroup_builder_add(b, f);
	if (r < 0)
		return r;
	converted = cgroup_convert_io_weight(weight);
	f.name = "io.weight";
	f.need = CGROUP_REQUIRED;
	f.value = arena_printf(b->a, "%s %llu", device ? device : "default", converted);
	f.formula = io_weight_formula();
	return cgroup_builder_add(b, f);
}

static int io_device_weight_add(struct cgroup_builder *b, size_t i)
{
	const struct oci_weight_device *d = &b->r->block_io.weight_devices.items[i];
	const char *origin = arena_printf(b->a, CGROUP_RESOURCES "blockIO/weightDevice/%zu", i);
	const char *device =
		arena_printf(b->a, "%lld:%lld", (long long)d->major, (long long)d->minor);
	int r;

	if (d->leaf_weight.set && d->leaf_weight.value) {
		r = err_set(b->e, ERR_UNSUPPORTED, 0,
			    "block I/O leaf weight is a cgroup v1 feature, cgroup v2 has none");
		return cgroup_builder_fail(b, r, origin ? origin : "");
	}
	if (!d->weight.set || !d->weight.value)
		return 0;
	if (!device)
		return err_set(b->e, ERR_SYSTEM, ENOMEM, "prepare the cgroup");
	return io_weight_add(b, device, d->weight.value, origin);
}

static int io_throttles_add(struct cgroup_builder *b, const oci_throttles *list, const char *key,
			    const char *field)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->count; i++) {
		const struct oci_throttle_device *d = &list->items[i];
		long long major = d->major, minor = d->minor;
		unsigned long long rate = d->rate;
		struct cgroup_file f = { .name = "io.max", .controller = "io" };

		f.origin = arena_printf(b->a, CGROUP_RESOURCES "blockIO/%s/%zu", field, i);
		f.value = rate ? arena_printf(b->a, "%lld:%lld %s=%llu", major, minor, key, rate)
			       : arena_printf(b->a, "%lld:%lld %s=max", major, minor, key);
		f.formula = rate ? NULL : "rate 0 is unlimited";
		f.need = rate ? CGROUP_REQUIRED : CGROUP_OPTIONAL;
		r = cgroup_builder_add(b, f);
	}
	return r;
}

int cgroup_emit_io(struct cgroup_builder *b)
{
	const struct oci_block_io *io = &b->r->block_io;
	int r = 0;

	if (io->weight.set && io->weight.value)
		r = io_weight_add(b, NULL, io->weight.value, CGROUP_RESOURCES "blockIO/weight");
	for (size_t i = 0; r == 0 && i < io->weight_devices.count; i++)
		r = io_device_weight_add(b, i);
	if (r == 0)
		r = io_throttles_add(b, &io->read_bps, "rbps", "throttleReadBpsDevice");
	if (r == 0)
		r = io_throttles_add(b, &io->write_bps, "wbps", "throttleWriteBpsDevice");
	if (r == 0)
		r = io_throttles_add(b, &io->read_iops, "riops", "throttleReadIOPSDevice");
	if (r == 0)
		r = io_throttles_add(b, &io->write_iops, "wiops", "throttleWriteIOPSDevice");
	return r;
}

/* "64KB", "2MB", "1GB": a number without leading zero and an IEC unit, as in the file names. */
static bool page_size_valid(const char *s)
{
	size_t digits = s ? strspn(s, "0123456789") : 0;

	if (digits == 0 || digits > 7 || s[0] == '0')
		return false;
	s += digits;
	return strcmp(s, "KB") == 0 || strcmp(s, "MB") == 0 || strcmp(s, "GB") == 0;
}

int cgroup_emit_hugetlb(struct cgroup_builder *b)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->r->hugepage_limits.count; i++) {
		const struct oci_hugepage_limit *h = &b->r->hugepage_limits.items[i];
		struct cgroup_file f = { .controller = "hugetlb" };

		f.origin = arena_printf(b->a, CGROUP_RESOURCES "hugepageLimits/%zu", i);
		if (!page_size_valid(h->page_size)) {
			r = err_set(b->e, ERR_CONFIG, 0, "bad huge page size '%.32s'",
				    h->page_size ? h->page_size : "");
			err_hint(b->e, "write it like 64KB, 2MB or 1GB");
			r = cgroup_builder_fail(b, r, f.origin ? f.origin : "");
			continue;
		}
		f.value = arena_printf(b->a, "%llu", (unsigned long long)h->limit);
		/* reservations first: they are what a program trips over before it touches a page */
		f.name = arena_printf(b->a, "hugetlb.%s.rsvd.max", h->page_size);
		f.need = CGROUP_OPTIONAL;
		r = cgroup_builder_add(b, f);
		f.name = arena_printf(b->a, "hugetlb.%s.max", h->page_size);
		f.need = CGROUP_REQUIRED;
		if (r == 0)
			r = cgroup_builder_add(b, f);
	}
	return r;
}

static bool word_valid(const char *s, const char *extra)
{
	size_t len = s ? strlen(s) : 0;

	if (len == 0 || len > FILE_NAME_LENGTH_MAX)
		return false;
	for (; *s; s++)
		if (!isascii((unsigned char)*s) ||
		    (!isalnum((unsigned char)*s) && !strchr(extra, *s)))
			return false;
	return true;
}

static int rdma_add(struct cgroup_builder *b, const struct oci_rdma *d)
{
	struct cgroup_file f = { .name = "rdma.max", .controller = "rdma" };
	unsigned long long handles = d->hca_handles.value, objects = d->hca_objects.value;
	bool valid = word_valid(d->device, "_-.:");
	int r;

	if (!valid || (!d->hca_handles.set && !d->hca_objects.set)) {
		r = err_set(b->e, ERR_CONFIG, 0,
			    valid ? "rdma device '%.64s' has neither hcaHandles nor hcaObjects"
				  : "bad rdma device name '%.64s'",
			    d->device ? d->device : "");
		return cgroup_builder_fail(b, r, CGROUP_RESOURCES "rdma");
	}
	f.origin = arena_printf(b->a, CGROUP_RESOURCES "rdma/%s", d->device);
	if (d->hca_handles.set && d->hca_objects.set)
		f.value = arena_printf(b->a, "%s hca_handle=%llu hca_object=%llu", d->device,
				       handles, objects);
	else if (d->hca_handles.set)
		f.value = arena_printf(b->a, "%s hca_handle=%llu", d->device, handles);
	else
		f.value = arena_printf(b->a, "%s hca_object=%llu", d->device, objects);
	return cgroup_builder_add(b, f);
}

int cgroup_emit_rdma(struct cgroup_builder *b)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->r->rdma.count; i++)
		r = rdma_add(b, &b->r->rdma.items[i]);
	return r;
}

/* Two or more words joined by '.'; of the core's files only those that are mere limits. */
static bool unified_key_valid(const char *key)
{
	static const char *const core[] = { "cgroup.max.depth", "cgroup.max.descendants",
					    "cgroup.pressure" };

	if (!word_valid(key, "_.") || !islower((unsigned char)key[0]) || !strchr(key, '.'))
		return false;
	if (strstr(key, "..") || key[strlen(key) - 1] == '.')
		return false;
	if (strncmp(key, "cgroup.", 7) != 0)
		return true;
	for (size_t i = 0; i < sizeof(core) / sizeof(core[0]); i++)
		if (strcmp(key, core[i]) == 0)
			return true;
	return false;
}

/* One entry per line: the kernel takes one setting per write. */
static int unified_add(struct cgroup_builder *b, const char *key, const char *value)
{
	struct cgroup_file f = { .name = key };
	size_t word = strcspn(key, ".");
	int r = 0;

	f.origin = arena_printf(b->a, CGROUP_RESOURCES "unified/%s", key);
	if (strncmp(key, "cgroup.", 7) != 0) {
		f.controller = arena_memdup(b->a, key, word);
		if (!f.controller)
			return err_set(b->e, ERR_SYSTEM, ENOMEM, "prepare the cgroup");
	}
	if (!*value) { /* an empty value empties a set; write(2) of nothing would do nothing */
		f.value = "\n";
		return cgroup_builder_add(b, f);
	}
	while (r == 0 && *value) {
		size_t len = strcspn(value, "\n");

		if (len) {
			f.value = arena_memdup(b->a, value, len);
			r = cgroup_builder_add(b, f);
		}
		value += len + (value[len] == '\n');
	}
	return r;
}

int cgroup_emit_unified(struct cgroup_builder *b)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->r->unified.count; i++) {
		const struct oci_pair *p = &b->r->unified.items[i];

		if (!unified_key_valid(p->key)) {
			r = err_set(b->e, ERR_CONFIG, 0,
				    "unified key '%.64s' is not a settable cgroup file", p->key);
			r = cgroup_builder_fail(b, r, CGROUP_RESOURCES "unified");
			continue;
		}
		r = unified_add(b, p->key, p->value);
	}
	return r;
}

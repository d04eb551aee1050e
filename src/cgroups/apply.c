// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing a plan into an opened cgroup: memory check, device program, files in order. Decides
 * nothing about values; that was done by the emit files.
 */
#include <stdlib.h>
#include <string.h>

#include "cgroups/internal.h"

static uint64_t bytes_in_use(const struct cgroup *cg, const char *file)
{
	char text[64];

	/* no file: no controller or no swap, hence nothing that a limit could be too low for */
	return cgroup_file_read(cg->fd, file, text, sizeof(text)) < 0 ? 0
								      : strtoull(text, NULL, 10);
}

/* memory.checkBeforeUpdate: the kernel would reclaim and then kill instead of refusing. */
int cgroup_memory_check(const struct cgroup *cg, const struct cgroup_plan *plan, struct err *e)
{
	unsigned long long limit, used;
	const char *field = "limit";

	if (!plan->memory_check.set || plan->memory_check.limit <= 0)
		return 0;
	limit = (unsigned long long)plan->memory_check.limit;
	used = bytes_in_use(cg, "memory.current");
	if (used <= limit && plan->memory_check.swap > 0) {
		field = "swap";
		limit = (unsigned long long)plan->memory_check.swap;
		used += bytes_in_use(cg, "memory.swap.current");
	}
	if (used <= limit)
		return 0;
	(void)err_set(e, ERR_CONFIG, EBUSY,
		      "unable to set memory limit to %llu in cgroup '%s': %llu bytes are in use",
		      limit, cg->path, used);
	err_origin(e, "config.json " CGROUP_RESOURCES "memory/%s", field);
	return -EBUSY;
}

static int file_missing(const struct cgroup *cg, const struct cgroup_file *f, struct err *e)
{
	struct cgroup_controller c = { f->controller, f->origin };
	char have[1024];
	int r;

	if (f->controller &&
	    cgroup_file_read(cg->fd, "cgroup.controllers", have, sizeof(have)) >= 0 &&
	    !cgroup_text_has_word(have, f->controller))
		return cgroup_controller_missing(&c, cg->path, strlen(cg->path), e);
	r = err_set(e, ERR_SYSTEM, ENOENT, "cgroup '%s' has no file '%s'", cg->path, f->name);
	err_origin(e, "config.json %s", f->origin);
	if (f->controller && strcmp(f->controller, "hugetlb") == 0)
		err_hint(e, "/sys/kernel/mm/hugepages lists the page sizes of this host");
	else
		err_hint(e, "the kernel is too old or built without it");
	return r;
}

int cgroup_file_refused(const struct cgroup *cg, const struct cgroup_file *f, int r, struct err *e)
{
	if (r == -ENOENT)
		return file_missing(cg, f, e);
	(void)err_set(e, ERR_SYSTEM, -r, "write '%s' to '%s' of cgroup '%s'", f->value, f->name,
		      cg->path);
	err_origin(e, "config.json %s", f->origin);
	return r;
}

/* 1: written, 0: not written and no harm done. */
static int file_apply(const struct cgroup *cg, const struct cgroup_file *f)
{
	int r = cgroup_file_write(cg->fd, f->name, f->value);

	if (r == -ENOENT && f->need == CGROUP_OPTIONAL)
		return 0;
	/* BFQ's file exists as soon as BFQ is loaded, but refuses devices that do not use it */
	if ((r == -ENOENT || r == -EOPNOTSUPP) && f->need == CGROUP_ALTERNATIVE)
		return 0;
	return r < 0 ? r : 1;
}

int cgroup_files_write(const struct cgroup *cg, const struct cgroup_file *files, size_t count,
		       struct err *e)
{
	const struct cgroup_file *late = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct cgroup_file *f = &files[i];
		int r = file_apply(cg, f);

		if (r == -EINVAL && f->retry_after_next && i + 1 < count) {
			late = f;
			continue;
		}
		if (r < 0)
			return cgroup_file_refused(cg, f, r, e);
		if (r == 1 && f->need == CGROUP_ALTERNATIVE)
			i++;
		if (!late)
			continue;
		r = file_apply(cg, late);
		if (r < 0)
			return cgroup_file_refused(cg, late, r, e);
		late = NULL;
	}
	return 0;
}

int cgroup_apply_devices(const struct cgroup *cg, const struct cgroup_plan *plan, unsigned flags,
			 struct err *e)
{
	int r;

	if (cg->driver == CGROUP_DRIVER_NONE)
		return 0;
	r = cgroup_devices_attach(cg->fd, plan->devices.insns, plan->devices.insn_count,
				  flags & CGROUP_APPLY_REPLACE_DEVICES, e);
	if (r == -EPERM && (flags & CGROUP_APPLY_DEVICES_MAY_FAIL))
		return 0;
	if (r < 0)
		err_origin(e, "config.json " CGROUP_RESOURCES "devices");
	return r;
}

int cgroupfs_apply(const struct cgroup *cg, const struct cgroup_plan *plan, unsigned flags,
		   struct err *e)
{
	int r = cgroup_memory_check(cg, plan, e);

	if (r == 0 && !(flags & CGROUP_APPLY_NO_DEVICES))
		r = cgroup_apply_devices(cg, plan, flags, e);
	if (r == 0)
		r = cgroup_files_write(cg, plan->files.items, plan->files.count, e);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changing the limits of a living cgroup, all or nothing: what the files hold is read first, and written
 * back when one of the new values is refused.
 */
#include <linux/bpf.h>
#include <string.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

enum {
	TEXT_SIZE = 16384,
	/* some values depend on others (cpu.max.burst on cpu.max), whatever the order */
	RESTORE_PASSES = 2
};

/* What is to be written, and what was there. */
struct change {
	struct arena arena;
	struct cgroup_file *files, *old;
	size_t count, old_count;
	bool devices;
};

static void change_free(struct change *c)
{
	arena_free(&c->arena);
}

bool cgroup_file_changed(const struct cgroup_plan *before, const struct cgroup_file *f)
{
	if (f->asked)
		return true;
	for (size_t i = 0; i < before->files.count; i++) {
		const struct cgroup_file *old = &before->files.items[i];

		if (strcmp(old->name, f->name) == 0 && strcmp(old->value, f->value) == 0)
			return false;
	}
	return true;
}

static bool devices_changed(const struct cgroup_plan *a, const struct cgroup_plan *b)
{
	size_t n = a->devices.insn_count;

	return n != b->devices.insn_count ||
	       (n && memcmp(a->devices.insns, b->devices.insns, n * sizeof(struct bpf_insn)) != 0);
}

/* Two entries that are written with an eye on each other are written both or not at all. */
static bool pair_starts(const struct cgroup_file *f)
{
	return f->need == CGROUP_ALTERNATIVE || f->retry_after_next;
}

static int change_collect(struct change *c, const struct cgroup_plan *before,
			  const struct cgroup_plan *after)
{
	size_t n = after->files.count;
	const struct cgroup_file *f = after->files.items;

	c->files = arena_array(&c->arena, n + 1, sizeof(*c->files));
	c->old = arena_array(&c->arena, n + 1, sizeof(*c->old));
	if (!c->files || !c->old)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		bool pair = pair_starts(&f[i]) && i + 1 < n;

		if (cgroup_file_changed(before, &f[i]) ||
		    (pair && cgroup_file_changed(before, &f[i + 1]))) {
			c->files[c->count++] = f[i];
			if (pair)
				c->files[c->count++] = f[i + 1];
		}
		i += pair;
	}
	c->devices = devices_changed(before, after);
	return 0;
}

/* What to write when a device had no line of its own. */
static const char *reset_of(struct arena *a, const struct cgroup_file *f)
{
	int len = (int)strcspn(f->value, " \n");

	if (strcmp(f->name, "io.max") == 0)
		return arena_printf(a, "%.*s rbps=max wbps=max riops=max wiops=max", len, f->value);
	if (strcmp(f->name, "rdma.max") == 0)
		return arena_printf(a, "%.*s hca_handle=max hca_object=max", len, f->value);
	return arena_printf(a, "%.*s default", len, f->value);
}

static int change_remember(struct change *c, const struct cgroup *cg)
{
	char text[TEXT_SIZE];

	for (size_t i = 0; i < c->count; i++) {
		struct cgroup_file *old = &c->old[c->old_count];
		bool keyed;

		if (cgroup_file_current(cg->fd, &c->files[i], text, sizeof(text), &keyed) < 0)
			continue; /* not there, or write only: nothing to restore */
		*old = c->files[i];
		if (keyed && !text[0])
			old->value = reset_of(&c->arena, old);
		else
			old->value = text[0] ? arena_strdup(&c->arena, text) : "\n";
		if (!old->value)
			return -ENOMEM;
		c->old_count++;
	}
	return 0;
}

/* Back to what was there; the name of a file that stays different is noted in @e, for the user. */
static void change_undo(const struct change *c, const struct cgroup *cg,
			const struct cgroup_plan *before, bool devices, struct err *e)
{
	const char *stuck = NULL;

	for (int pass = 0; pass < RESTORE_PASSES; pass++) {
		stuck = NULL;
		for (size_t i = c->old_count; i > 0; i--)
			if (cgroup_file_write(cg->fd, c->old[i - 1].name, c->old[i - 1].value) < 0)
				stuck = c->old[i - 1].name;
	}
	if (devices && cgroup_devices_attach(cg->fd, before->devices.insns,
					     before->devices.insn_count, true, NULL) < 0)
		stuck = "device program";
	if (stuck)
		err_hint(e, "not all could be restored, look at '%s'", stuck);
}

int cgroupfs_update(int root_fd, const struct cgroup *cg, const struct cgroup_plan *before,
		    const struct cgroup_plan *after, struct err *e)
{
	cleanup_(change_free) struct change c = { 0 };
	bool devices = false;
	int r = cgroup_controllers_enable(root_fd, after, e);

	if (r < 0)
		return r;
	r = change_collect(&c, before, after);
	if (r == 0)
		r = change_remember(&c, cg);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "prepare the update");
	r = cgroup_memory_check(cg, after, e);
	if (r == 0 && c.devices) {
		r = cgroup_devices_attach(cg->fd, after->devices.insns, after->devices.insn_count,
					  true, e);
		devices = r == 0;
		if (r < 0)
			err_origin(e, "config.json " CGROUP_RESOURCES "devices");
	}
	if (r < 0)
		return r;
	r = cgroup_files_write(cg, c.files, c.count, e);
	if (r < 0)
		change_undo(&c, cg, before, devices, e);
	return r;
}

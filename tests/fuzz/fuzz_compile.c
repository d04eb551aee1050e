// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: bytes as config.json, all the way to the plan. Whatever the validator lets through
 * compiles to a plan that ctr-init accepts, or is refused with a reason that names a field. And once more
 * as ctr validate does it: on through everything that is wrong, to the plan of what is left.
 *
 * CTR_PLAN_SEEDS=DIR in the environment: each plan is written to DIR, as a seed for fuzz_plan.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/cgroup.h"
#include "container/compile.h"
#include "util/kernel.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/problems.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void write_seed(const void *plan, size_t size)
{
	static unsigned number;
	const char *dir = getenv("CTR_PLAN_SEEDS");
	char path[4096];
	cleanup_fd int fd = -EBADF;

	if (!dir)
		return;
	(void)snprintf(path, sizeof(path), "%s/plan-%02u", dir, number++);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	require(fd >= 0 && io_write_all(fd, plan, size) == 0);
}

/* Every operation as a sentence, and the encoded plan through init's own check. */
static void use(const struct plan *p, bool seed)
{
	struct err e = ERR_INIT;
	void *data = NULL;
	char line[1024];
	size_t size;

	for (size_t i = 0; i < p->op_count; i++)
		plan_sentence(p, i, line, sizeof(line));
	if (plan_encode(p, 3, &data, &size, &e) < 0)
		return; /* too large */
	require(plan_check(data, size) == 0);
	if (seed)
		write_seed(data, size);
	free(data);
}

/* By the config, or by what was asked for beside it: the notify socket. */
static void refused(const struct err *e)
{
	require(e->text[0]);
	if (e->kind == ERR_USAGE)
		return;
	require(e->kind == ERR_CONFIG || e->kind == ERR_UNSUPPORTED);
	require(strncmp(e->origin, "config.json", strlen("config.json")) == 0);
}

static void compile(const struct oci_spec *spec, const struct caller *caller, struct problems *all)
{
	const struct seccomp_filter filter = { 0 };
	const struct container_record record = {
		.id = "fuzz",
		.bundle = "/bundle",
		.rootfs = "/bundle/rootfs",
		.created = "2026-01-02T03:04:05.000000006Z",
		.annotations = spec->annotations,
	};
	const struct compile_input in = {
		.spec = spec,
		.record = &record,
		.filter = &filter,
		.caller = caller,
		.cgroup_mount = "/sys/fs/cgroup",
		.cgroup_path = "/ctr/fuzz",
		.lsms = SECURITY_LSM_ALL,
		.listener = -EBADF,
		.notify = -EBADF,
	};
	struct cgroup_plan cgroup;
	struct plan *p = NULL;
	struct arena a = { 0 };
	struct err e = { .problems = all };

	if (cgroup_emit(spec, "fuzz", &a, &cgroup, &e) < 0)
		refused(&e);
	arena_free(&a);
	e = (struct err){ .problems = all };
	if (container_compile(&in, &p, &e) < 0)
		refused(&e);
	else
		use(p, !all);
	plan_free(p);
}

static void list_problems(const uint8_t *data, size_t size)
{
	cleanup_(problems_free) struct problems all = PROBLEMS_INIT;
	const struct caller root = caller_root();
	struct err e = { .problems = &all };
	struct oci_spec *spec = NULL;

	if (oci_spec_decode((const char *)data, size, &spec, &e) < 0)
		return;
	problems_next_stage(&all);
	if (!spec->process.cwd)
		spec->process.cwd = "/";
	require(oci_spec_validate(spec, &e) == 0);
	problems_next_stage(&all);
	require(container_check_process_set(spec, &e) == 0);
	compile(spec, &root, &all);
	for (size_t i = 0; i < all.count; i++)
		refused(&all.items[i].err);
	oci_spec_free(spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct caller callers[] = { caller_root(), caller_user(1000, 1000) };
	struct oci_spec *spec = NULL;

	list_problems(data, size);
	if (oci_spec_decode((const char *)data, size, &spec, NULL) < 0)
		return 0;
	if (oci_spec_validate(spec, NULL) == 0 && container_check_process_set(spec, NULL) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(callers); i++)
			compile(spec, &callers[i], NULL);
	oci_spec_free(spec);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See exec.h. Everything is decided and opened here, on the host, before anything is joined; joining
 * is the first operation of the plan that ctr-init gets.
 */
#include "container/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "container/compile.h"
#include "container/dialog.h"
#include "container/exec_process.h"
#include "container/limits.h"
#include "container/scheduling.h"
#include "container/userns.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

static int check_status(enum container_status status, bool ignore_paused, struct err *e)
{
	if (status == STATUS_STOPPED)
		err_set(e, ERR_STATE, 0, "cannot exec in a stopped container");
	else if (status == STATUS_CREATING)
		err_set(e, ERR_STATE, 0, "cannot exec in a container that is still being created");
	else if (status == STATUS_PAUSED && !ignore_paused)
		err_set(e, ERR_STATE, 0, "cannot exec in a paused container (use --ignore-paused)");
	else
		return 0;
	return -EINVAL;
}

struct ns_file {
	const char *name;
	uint64_t flag;
};

static const struct ns_file ns_files[] = {
	{ "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS },	  { "pid", CLONE_NEWPID },
	{ "net", CLONE_NEWNET },   { "ipc", CLONE_NEWIPC },	  { "uts", CLONE_NEWUTS },
	{ "time", CLONE_NEWTIME }, { "cgroup", CLONE_NEWCGROUP },
};

/* The namespaces of @pid that are not ours: joining our own user namespace is an error. */
static int find_namespaces(pid_t pid, uint64_t *ret_flags, struct err *e)
{
	struct stat theirs, ours;
	char path[64];

	*ret_flags = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ns_files); i++) {
		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_files[i].name);
		if (stat(path, &ours) < 0)
			continue; /* this kernel has no such namespaces */
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, ns_files[i].name);
		if (stat(path, &theirs) < 0)
			return errno == ENOENT ? err_set(e, ERR_STATE, 0, "container not running")
					       : err_set(e, ERR_SYSTEM, errno,
							 "look at the namespaces of the container");
		if (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev)
			*ret_flags |= ns_files[i].flag;
	}
	return 0;
}

/*
 * Where init is, as a path below the container's cgroup; NULL when it is in that itself. An init system
 * moves into a cgroup below, to divide the controllers of its own among such: from then on no process can
 * be there (cgroup-v2.rst, "No Internal Process Constraint"), and one of ours there would prevent it.
 */
static const char *init_cgroup(struct container *c)
{
	size_t own = strlen(c->record.cgroup_path);
	char path[PATH_MAX];

	if (process_cgroup(c->record.init.pid, path, sizeof(path)) < 0 ||
	    strncmp(path, c->record.cgroup_path, own) != 0 || path[own] != '/')
		return NULL;
	return arena_strdup(&c->arena, path + own);
}

static bool denies_setgroups(pid_t pid)
{
	char path[64], word[16];

	(void)snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	return io_read_line(AT_FDCWD, path, word, sizeof(word)) >= 0 && strcmp(word, "deny") == 0;
}

/* The cgroup to be born in: init's, or the one that --cgroup names below the container's own. */
static int open_cgroup(struct container *c, const char *below, struct err *e)
{
	cleanup_(cgroup_close) struct cgroup own = CGROUP_EMPTY;
	const char *path = below;
	int r = container_open_cgroup(c, &own, e);

	if (r < 0)
		return r;
	if (below && strchr(below, ':')) {
		err_set(e, ERR_USAGE, 0,
			"--cgroup '%s': in cgroup v2 all controllers have one path", below);
		err_hint(e, "leave out what stands before the colon");
		return -EINVAL;
	}
	if (own.fd < 0 && below)
		return err_set(e, ERR_USAGE, 0, "--cgroup '%s': the container has no cgroup",
			       below);
	if (own.fd >= 0 && !below)
		path = init_cgroup(c);
	if (!path) {
		c->cgroup = own;
		own.fd = -EBADF;
		return 0;
	}
	/* should init end meanwhile, this fails or the joining of its namespaces does */
	r = cgroup_open(own.fd, c->record.cgroup_driver, path, 0, &c->cgroup, e);
	return r < 0 && below ? err_wrap(e, "--cgroup '%s'", below) : r;
}

static int compile(struct container *c, const struct exec_request *rq,
		   const struct oci_process *process, struct err *e)
{
	struct compile_input in = {
		.spec = c->spec,
		.caller = &c->caller,
		.record = &c->record,
		.filter = &c->filter,
		.keep_fds = rq->keep_fds,
		.no_keyring = c->record.no_keyring,
		.merge_memory = c->record.merge_memory,
		.listener = -EBADF,
		.notify = -EBADF,
		.document = rq->process_file,
		.lsms = security_lsms_probe(process, NULL),
	};
	cleanup_fd int pidfd = -EBADF;
	struct compile_join join = { 0 };
	int r = process_open(&c->record.init, &pidfd);

	if (r < 0)
		return err_set(e, ERR_STATE, 0, "container not running");
	r = find_namespaces(c->record.init.pid, &join.flags, e);
	if (r == 0 && join.flags & CLONE_NEWUSER)
		r = userns_find_maps(c->spec, c->record.init.pid, e);
	/* what was read is about this very process: it still lives */
	if (r == 0 && kernel_pidfd_signal(pidfd, 0) < 0)
		r = err_set(e, ERR_STATE, 0, "container not running");
	join.keep_groups = denies_setgroups(c->record.init.pid);
	if (r == 0)
		r = security_filter_load(&c->spec->linux_.seccomp, c->store, &c->filter, e);
	join.pidfd = pidfd;
	return r < 0 ? r : container_compile_exec(&in, &join, process, &c->plan, e);
}

/* c->cgroup is where it goes, which may be below the scope. */
static int move_by_manager(void *data, pid_t pid, struct err *e)
{
	struct container *c = data;
	cleanup_(cgroup_close) struct cgroup scope = CGROUP_EMPTY;
	bool itself = strcmp(c->cgroup.path, c->record.cgroup_path) == 0;
	const char *slash = c->cgroup.path[0] == '/' ? "" : "/";
	const char *below = itself ? "" : arena_printf(&c->arena, "%s%s", slash, c->cgroup.path);
	int r = container_open_cgroup(c, &scope, e);

	if (!below)
		return err_set(e, ERR_SYSTEM, ENOMEM, "join the cgroup");
	return r < 0 ? r : cgroup_attach(&scope, below, pid, e);
}

/*
 * The child is born in the cgroup. Between that of a session and that of the user's manager there is none
 * that the user may write to, which clone3 wants (cgroup-v2.rst, "Delegation Containment"): then it waits
 * until the manager has moved it.
 */
static int spawn(struct container *c, const struct exec_request *rq, struct err *e)
{
	struct spawn_place place = { .cgroup_fd = c->cgroup.fd };
	int r = container_spawn(c->plan, &c->caller, &place, rq->keep_fds, &c->init, e);

	if (r == -EACCES && c->record.cgroup_driver == CGROUP_DRIVER_SYSTEMD_USER) {
		place = (struct spawn_place){ -EBADF, move_by_manager, c };
		r = container_spawn(c->plan, &c->caller, &place, rq->keep_fds, &c->init, e);
	}
	if (r == -EBUSY)
		err_hint(e, "the cgroup's controllers are divided among cgroups below it: name one "
			    "of these with --cgroup");
	return r;
}

static int launch(struct container *c, const struct exec_request *rq,
		  const struct oci_process *process, struct err *e)
{
	struct limits_nofile nofile;
	int r = limits_raise_nofile(c->plan, &nofile, e);

	/* the child starts where we are: execCPUAffinity.initial is from before it joins the cgroup */
	if (r == 0 && process->exec_cpu_initial)
		r = limits_set_cpus(0, process->exec_cpu_initial, e);
	(void)cgroup_oom_kills_read(&c->cgroup, &c->oom_kills_before, NULL); /* else: none */
	if (r == 0)
		r = spawn(c, rq, e);
	if (r < 0)
		return r;
	r = dialog_until(c, PLAN_SYNC_READY, e);
	if (r == 0)
		r = limits_set(c->plan, process, c->init.pid, &nofile, 0, &c->caller, e);
	if (r == 0 && (process->exec_cpu_final || !process->exec_cpu_initial))
		r = limits_set_cpus(c->init.pid, process->exec_cpu_final, e);
	if (r == 0)
		r = scheduling_set(c->plan, process, &c->caller, c->init.pid, e);
	if (r == 0 && c->record.resctrl.group)
		r = resctrl_root_open(&c->resctrl_root, e);
	if (r == 0 && c->record.resctrl.group)
		r = resctrl_join(c->resctrl_root, &c->record.resctrl, c->init.pid, e);
	if (r < 0)
		spawned_kill(&c->init);
	return r;
}

int container_exec(struct container *c, enum container_status status, const struct exec_request *rq,
		   struct err *e)
{
	cleanup_(oci_spec_freep) struct oci_spec *document = NULL;
	struct oci_process process;
	int r = check_status(status, rq->ignore_paused, e);

	c->interrupt = rq->interrupt;
	c->caller = *rq->caller;
	if (r == 0)
		r = container_reload(c, e);
	if (r == 0)
		r = exec_process_make(c, rq, &document, &process, e);
	if (r == 0)
		r = open_cgroup(c, rq->cgroup, e);
	if (r == 0)
		r = compile(c, rq, &process, e);
	if (r == 0 && rq->strict)
		r = plan_refuse_warnings(c->plan, e);
	return r < 0 ? r : launch(c, rq, &process, e);
}

int container_exec_start(struct container *c, struct err *e)
{
	int r = dialog_go(c, e);

	if (r == 0)
		r = dialog_executed(c, e);
	if (r < 0)
		spawned_kill(&c->init);
	return r;
}

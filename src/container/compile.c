// SPDX-License-Identifier: GPL-2.0-or-later
/* See compile.h. The order here is the order in which a container comes to be. */
#include "container/compile.h"

#include <errno.h>
#include <string.h>

#include "container/hooks.h"
#include "namespaces/namespaces.h"
#include "net/net.h"
#include "oci/sysctl.h"
#include "rootfs/rootfs.h"
#include "util/kernel.h"

static void emit_kernel_settings(const struct oci_spec *spec, struct plan *p)
{
	const struct opt_i64 *oom = &spec->process.oom_score_adj;
	uint64_t proc;

	if (!spec->linux_.sysctl.count && !oom->set)
		return;
	PLAN_ADD(p, NULL, section, .title = plan_str(p, "Kernel settings"));
	proc = plan_reg(p, "private proc");
	PLAN_ADD(p, NULL, proc_open, .proc = proc);
	for (size_t i = 0; i < spec->linux_.sysctl.count; i++) {
		const struct oci_pair *s = &spec->linux_.sysctl.items[i];
		char path[OCI_SYSCTL_MAX];

		if (oci_sysctl_path(s->key, path) < 0)
			continue; /* oci_spec_validate has refused it */
		PLAN_ADD(p, plan_origin(p, "/linux/sysctl/%s", s->key), sysctl, .proc = proc,
			 .path = plan_str(p, plan_origin(p, "sys/%s", path)),
			 .value = plan_str(p, s->value));
	}
	if (oom->set)
		PLAN_ADD(p, "/process/oomScoreAdj", oom_score, .proc = proc,
			 .value = plan_str(p, plan_origin(p, "%lld", (long long)oom->value)));
}

static void emit_console(const struct oci_spec *spec, const struct rootfs_layout *l, struct plan *p)
{
	const struct oci_process *process = &spec->process;

	if (!process->terminal)
		return;
	p->want_console = true;
	PLAN_ADD(p, "/process/terminal", console, .root = l->root,
		 .width = process->console_size.width, .height = process->console_size.height);
	PLAN_ADD(p, "/process/terminal", console_mount, .root = l->root);
}

static bool has_home(const oci_strings *env)
{
	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], "HOME=", 5) == 0 && env->items[i][5])
			return true;
	return false;
}

/* Of several entries with one name the last one wins (checklist 1.3). Quadratic only in duplicates. */
static uint64_t unique_env(const oci_strings *env, struct plan *p)
{
	size_t start = p->pool_size;

	for (size_t i = 0; i < env->count; i++) {
		size_t name = strcspn(env->items[i], "=");
		bool again = false;

		for (size_t k = i + 1; k < env->count && !again; k++)
			again = strncmp(env->items[k], env->items[i], name + 1) == 0;
		if (!again)
			(void)plan_blob(p, env->items[i], strlen(env->items[i]) + 1);
	}
	return PLAN_BLOB(start, p->pool_size - start);
}

static void emit_program(const struct oci_process *process, struct plan *p)
{
	PLAN_ADD(p, "/process/args/0", program, .args = plan_list(p, &process->args),
		 .env = unique_env(&process->env, p), .uid = process->user.uid,
		 .flags = has_home(&process->env) ? 0 : PLAN_PROGRAM_HOME);
}

static int emit_process(const struct compile_input *in, struct plan *p, struct err *e)
{
	const struct oci_process *process = &in->spec->process;
	bool userns = oci_spec_new_namespace(in->spec, OCI_NS_USER);
	struct security_caps caps;
	int r;

	security_caps_resolve(process, userns ? UINT64_MAX : in->capabilities, p, &caps);
	PLAN_ADD(p, "/process/cwd", workdir, .path = plan_str(p, process->cwd));
	security_emit_ids(process, &caps, false, p);
	security_emit_caps(process, &caps, in->filter->data, p);
	PLAN_ADD(p, NULL, section, .title = plan_str(p, "The program"));
	emit_program(process, p);
	PLAN_ADD(p, NULL, sync, .what = PLAN_SYNC_READY);
	if (in->wait_start) {
		struct plan_source listener = { .kind = PLAN_SOURCE_FD,
						.label = "start socket",
						.fd = -EBADF };

		PLAN_ADD(p, NULL, wait_start, .listener = plan_source(p, &listener));
	}
	r = hooks_emit(in->spec, OCI_HOOK_START_CONTAINER, in->record, STATUS_CREATED, p, e);
	if (r < 0)
		return r;
	security_emit_filter(process, &caps, in->filter, p);
	PLAN_ADD(p, "/process/args/0", exec, .keep_fds = in->keep_fds);
	return 0;
}

static int emit_all(const struct compile_input *in, struct plan *p, struct err *e)
{
	const struct oci_spec *spec = in->spec;
	bool hooks = hooks_before_pivot(spec);
	struct rootfs_layout layout = {
		.cgroup_mount = in->cgroup_mount,
		.cgroup_path = in->record->cgroup_path,
		/*
		 * In a user namespace the kernel allows a new proc or sysfs only next to one that is
		 * fully visible (mount_too_revealing): the host's tree has to stay until they stand.
		 */
		.late_pivot = hooks || oci_spec_namespace(spec, OCI_NS_USER),
	};
	int r = namespaces_emit(spec, p, e);

	if (r < 0)
		return r;
	PLAN_ADD(p, NULL, keyring, .name = plan_str(p, plan_origin(p, "_ses.%s", in->record->id)));
	namespaces_emit_names(spec, p);
	net_emit(spec, p);
	r = rootfs_emit_mounts(spec, &layout, p, e);
	if (r < 0)
		return r;
	emit_console(spec, &layout, p);
	if (hooks)
		PLAN_ADD(p, "/hooks", sync, .what = PLAN_SYNC_RUNTIME);
	r = hooks_emit(spec, OCI_HOOK_CREATE_CONTAINER, in->record, STATUS_CREATED, p, e);
	if (r == 0)
		r = rootfs_emit_finish(spec, &layout, p, e);
	if (r < 0)
		return r;
	emit_kernel_settings(spec, p);
	return emit_process(in, p, e);
}

int container_compile(const struct compile_input *in, struct plan **ret, struct err *e)
{
	struct plan *p = plan_new();
	int r;

	if (!p)
		return err_set(e, ERR_SYSTEM, ENOMEM, "make the plan");
	r = emit_all(in, p, e);
	if (r == 0 && p->failed)
		r = err_set(e, ERR_SYSTEM, ENOMEM, "make the plan");
	if (r < 0) {
		plan_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See compile.h. The order here is the order in which a container comes to be. */
#include "container/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "container/hooks.h"
#include "container/sdnotify.h"
#include "namespaces/namespaces.h"
#include "net/net.h"
#include "oci/sysctl.h"
#include "rootfs/rootfs.h"
#include "util/kernel.h"

static void emit_kernel_settings(const struct oci_spec *spec, struct plan *p)
{
	uint64_t proc;

	if (!spec->linux_.sysctl.count)
		return;
	PLAN_ADD(p, NULL, section, .title = plan_str(p, "Kernel settings"));
	proc = plan_proc(p);
	for (size_t i = 0; i < spec->linux_.sysctl.count; i++) {
		const struct oci_pair *s = &spec->linux_.sysctl.items[i];
		char path[OCI_SYSCTL_MAX];

		if (oci_sysctl_path(s->key, path) < 0)
			continue; /* oci_spec_validate has refused it */
		PLAN_ADD(p, plan_origin(p, "/linux/sysctl/%s", s->key), sysctl, .proc = proc,
			 .path = plan_str(p, plan_origin(p, "sys/%s", path)),
			 .value = plan_str(p, s->value));
	}
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

/* A copy of the caller's descriptor, which the plan owns. */
static void emit_notify(const struct compile_input *in, const struct rootfs_layout *l,
			struct plan *p)
{
	struct plan_source tree = {
		.kind = PLAN_SOURCE_FD,
		.label = "notify socket",
		.fd = fcntl(in->notify, F_DUPFD_CLOEXEC, 3),
	};

	if (tree.fd < 0)
		tree.fd = -EBADF;
	PLAN_ADD(p, NULL, mount_tree, .root = l->root, .path = plan_str(p, SDNOTIFY_MOUNT),
		 .tree = plan_source(p, &tree));
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
		.no_pivot = in->no_pivot,
		.mount_label = spec->linux_.mount_label,
		.late_pivot = hooks || oci_spec_namespace(spec, OCI_NS_USER),
	};
	int r = namespaces_emit(spec, p, e);

	if (r == 0)
		r = security_check_labels(&spec->process, layout.mount_label, in->lsms, p, e);
	if (r < 0)
		return r;
	security_emit_key_label(&spec->process, in->lsms, !in->no_keyring, p);
	if (!in->no_keyring)
		PLAN_ADD(p, NULL, keyring,
			 .name = plan_str(p, plan_origin(p, "_ses.%s", in->record->id)));
	namespaces_emit_names(spec, p);
	net_emit(spec, p);
	r = rootfs_emit_mounts(spec, &layout, p, e);
	if (r < 0)
		return r;
	if (in->notify >= 0)
		emit_notify(in, &layout, p);
	emit_console(spec, &layout, p);
	if (strcmp(spec->process.cwd, "/") != 0)
		PLAN_ADD(p, "/process/cwd", workdir_make, .root = layout.root,
			 .path = plan_str(p, spec->process.cwd));
	if (hooks)
		PLAN_ADD(p, "/hooks", sync, .what = PLAN_SYNC_RUNTIME);
	r = hooks_emit(spec, OCI_HOOK_CREATE_CONTAINER, in->record, STATUS_CREATED, p, e);
	if (r == 0)
		r = rootfs_emit_finish(spec, &layout, p, e);
	if (r < 0)
		return r;
	emit_kernel_settings(spec, p);
	return compile_process(in, &spec->process, true, p, e);
}

int container_compile(const struct compile_input *in, struct plan **ret, struct err *e)
{
	struct plan *p = plan_new();
	int r;

	if (!p)
		return err_set(e, ERR_SYSTEM, ENOMEM, "make the plan");
	r = emit_all(in, p, e);
	if (r == 0)
		r = plan_finish(p, e);
	if (r < 0) {
		plan_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See compile.h. The order here is the order in which a container comes to be. */
#include "container/compile.h"

#include <errno.h>
#include <string.h>
#include <sched.h>
#include <sys/mount.h>

#include "container/hooks.h"
#include "container/sdnotify.h"
#include "namespaces/idmap.h"
#include "namespaces/namespaces.h"
#include "net/net.h"
#include "oci/annotations.h"
#include "oci/sysctl.h"
#include "rootfs/rootfs.h"
#include "util/cleanup.h"
#include "util/kernel.h"

static void emit_setting(const struct oci_pair *s, bool all, uint64_t proc, struct plan *p)
{
	char path[OCI_SYSCTL_MAX];

	if (oci_sysctl_path(s->key, path) < 0)
		return; /* oci_spec_validate has refused it */
	if (all || oci_sysctl_namespace(path) == OCI_NS_NETWORK)
		PLAN_ADD(p, plan_origin(p, "/linux/sysctl/%s", s->key), sysctl, .proc = proc,
			 .path = plan_str(p, plan_origin(p, "sys/%s", path)),
			 .value = plan_str(p, s->value));
}

/* @all: not only those of the network namespace. */
static void emit_kernel_settings(const struct oci_spec *spec, bool all, struct plan *p)
{
	uint64_t proc;

	if (!spec->linux_.sysctl.count)
		return;
	PLAN_ADD(p, NULL, section, .title = plan_str(p, "Kernel settings"));
	proc = plan_proc(p);
	for (size_t i = 0; i < spec->linux_.sysctl.count; i++)
		emit_setting(&spec->linux_.sysctl.items[i], all, proc, p);
}

static void emit_console(const struct oci_spec *spec, const struct rootfs_layout *l, bool joined,
			 struct plan *p)
{
	const struct oci_process *process = &spec->process;

	if (!process->terminal)
		return;
	p->want_console = true;
	PLAN_ADD(p, "/process/terminal", console, .root = l->root,
		 .width = process->console_size.width, .height = process->console_size.height);
	if (!joined)
		PLAN_ADD(p, "/process/terminal", console_mount, .root = l->root);
}

/*
 * A copy of the caller's descriptor, which the plan owns: a detached mount, or the directory itself where
 * only init may copy mounts.
 */
static void emit_notify(const struct compile_input *in, const struct rootfs_layout *l,
			struct plan *p)
{
	struct plan_source tree = {
		.kind = PLAN_SOURCE_FD,
		.label = "notify socket",
		.fd = plan_copy_fd(p, in->notify),
		.set = SDNOTIFY_ATTR,
		.prop = MS_PRIVATE,
	};
	uint64_t reg = plan_source(p, &tree);

	if (p->late_copies)
		rootfs_emit_copy(reg, &tree, in->notify_path, p);
	PLAN_ADD(p, NULL, mount_tree, .root = l->root, .path = plan_str(p, SDNOTIFY_MOUNT),
		 .tree = reg);
}

/* Only the owner of a network namespace may mount a sysfs that shows it. */
static bool no_own_sysfs(const struct oci_spec *spec, const struct caller *caller)
{
	if (oci_spec_new_namespace(spec, OCI_NS_NETWORK))
		return false;
	return oci_spec_new_namespace(spec, OCI_NS_USER) ||
	       (!caller->initial_userns && !oci_spec_namespace(spec, OCI_NS_NETWORK));
}

static bool keeps_groups(const struct oci_spec *spec, const struct caller *caller)
{
	return oci_spec_new_namespace(spec, OCI_NS_USER)
		       ? !idmap_allows_setgroups(&spec->linux_.gid_mappings, caller)
		       : !caller->setgroups;
}

/* The tree of files, as far as hooks before pivot_root see it. */
static int emit_tree(const struct compile_input *in, struct rootfs_layout *l, bool joined,
		     struct plan *p, struct err *e)
{
	const struct oci_spec *spec = in->spec;
	int r = joined ? rootfs_emit_joined(spec, l, p, e) : rootfs_emit_mounts(spec, l, p, e);

	if (r < 0)
		return r;
	if (in->notify >= 0 && joined) {
		err_set(e, ERR_USAGE, 0,
			"NOTIFY_SOCKET cannot be passed into a mount namespace that is joined");
		err_hint(e, "unset it in the environment of ctr");
		return err_keep(e, -EINVAL);
	}
	if (in->notify >= 0)
		emit_notify(in, l, p);
	emit_console(spec, l, joined, p);
	if (strcmp(spec->process.cwd, "/") != 0)
		PLAN_ADD(p, "/process/cwd", workdir_make, .root = l->root,
			 .path = plan_str(p, spec->process.cwd));
	return 0;
}

static void warn_annotations(const struct oci_spec *spec, struct plan *p)
{
	for (size_t i = 0; i < spec->annotations.count; i++) {
		const char *key = spec->annotations.items[i].key;
		const struct oci_annotation_info *info = oci_annotation_find(key);

		if (info && info->kind == OCI_ANNOTATION_IS_IGNORED)
			plan_warn(p, "/annotations", "'%s' is ignored: %s", key, info->why);
	}
}

static int emit_all(const struct compile_input *in, struct plan *p, struct err *e)
{
	const struct oci_spec *spec = in->spec;
	bool joined = oci_spec_namespace(spec, OCI_NS_MOUNT) &&
		      !oci_spec_new_namespace(spec, OCI_NS_MOUNT);
	bool hooks = hooks_before_pivot(spec);
	struct rootfs_layout layout = {
		.cgroup_mount = in->cgroup_mount,
		.cgroup_path = in->cgroup_path,
		/*
		 * In a user namespace the kernel allows a new proc or sysfs only next to one that is
		 * fully visible (mount_too_revealing): the host's tree has to stay until they stand.
		 */
		.no_pivot = in->no_pivot,
		.late_pivot = hooks || oci_spec_namespace(spec, OCI_NS_USER) ||
			      !caller_is_privileged(in->caller),
		.bundle = in->record->bundle,
		.bind_devices = oci_spec_namespace(spec, OCI_NS_USER) || !in->caller->makes_devices,
		.host_sysfs = no_own_sysfs(spec, in->caller),
		.mount_label = spec->linux_.mount_label,
		.overlay = in->overlay,
	};
	int r;

	p->late_copies = !in->caller->copies_mounts;
	compile_oom_score(in, &spec->process, p);
	r = namespaces_emit(spec, in->caller, p, e);
	if (r == 0)
		r = security_check_labels(&spec->process, layout.mount_label, in->lsms, p, e);
	if (r < 0)
		return r;
	p->keep_groups = keeps_groups(spec, in->caller);
	warn_annotations(spec, p);
	security_emit_key_label(&spec->process, in->lsms, !in->no_keyring, p);
	if (!in->no_keyring)
		PLAN_ADD(p, NULL, keyring,
			 .name = plan_str(p, plan_origin(p, "_ses.%s", in->record->id)));
	namespaces_emit_names(spec, p);
	net_emit(spec, &in->record->network, in->ip6, p);
	r = emit_tree(in, &layout, joined, p, e);
	if (r < 0)
		return r;
	if (hooks)
		PLAN_ADD(p, "/hooks", sync, .what = PLAN_SYNC_RUNTIME);
	r = hooks_emit(spec, OCI_HOOK_CREATE_CONTAINER, in->record, STATUS_CREATED, p, e);
	if (r == 0 && !joined)
		r = rootfs_emit_finish(spec, &layout, p, e);
	if (r < 0)
		return r;
	emit_kernel_settings(spec, true, p);
	return compile_process(in, &spec->process, true, p, e);
}

int container_compile_network(const struct oci_spec *spec, const struct net_setup *network, int ns,
			      bool ip6, struct plan **ret, struct err *e)
{
	cleanup_(plan_freep) struct plan *p = plan_new();
	struct plan_source joined = { .kind = PLAN_SOURCE_FD,
				      .label = "of the restored container" };
	int r;

	if (!p)
		return err_set(e, ERR_SYSTEM, ENOMEM, "make the plan");
	joined.fd = plan_copy_fd(p, ns);
	PLAN_ADD(p, NULL, setns, .ns = plan_source(p, &joined), .type = CLONE_NEWNET);
	net_emit(spec, network, ip6, p);
	emit_kernel_settings(spec, false, p);
	PLAN_ADD(p, NULL, sync, .what = PLAN_SYNC_READY);
	r = plan_finish(p, e);
	if (r == 0)
		*ret = take_ptr(p);
	return r;
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

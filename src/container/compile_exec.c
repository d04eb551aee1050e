// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plan of `ctr exec`. The joining is done by ctr-init, never by ctr: nothing of the host program
 * is in reach of the container (security.md A10).
 */
#include "container/compile.h"

#include <errno.h>
#include <sched.h>

#include "namespaces/namespaces.h"
#include "oci/annotations.h"

static void emit_join(const struct compile_input *in, const struct compile_join *join,
		      struct plan *p)
{
	struct plan_source init = {
		.kind = PLAN_SOURCE_FD,
		.label = "the container's init",
		.fd = plan_copy_fd(p, join->pidfd),
	};

	PLAN_ADD(p, NULL, section, .title = plan_str(p, "Join the container"));
	if (join->flags & CLONE_NEWUSER &&
	    !oci_annotation_flag(in->spec, OCI_ANNOTATION_KEEP_GROUPS))
		PLAN_ADD(p, NULL, groups_none, );
	if (join->flags)
		PLAN_ADD(p, NULL, setns, .ns = plan_source(p, &init), .type = join->flags);
	if (join->flags & CLONE_NEWUSER)
		PLAN_ADD(p, NULL, become, .uid = namespaces_base_id(&in->spec->linux_.uid_mappings),
			 .gid = namespaces_base_id(&in->spec->linux_.gid_mappings));
	/* a pid namespace takes effect for children only */
	if (join->flags & CLONE_NEWPID)
		PLAN_ADD(p, NULL, fork, );
}

static int emit_all(const struct compile_input *in, const struct compile_join *join,
		    const struct oci_process *process, struct plan *p, struct err *e)
{
	uint64_t root;
	int r = security_check_labels(process, NULL, in->lsms, p, e);

	if (r < 0)
		return r;
	p->keep_groups = join->keep_groups;
	compile_oom_score(in, process, p);
	emit_join(in, join, p);
	security_emit_key_label(process, in->lsms, !in->no_keyring, p);
	if (!in->no_keyring)
		PLAN_ADD(p, NULL, keyring,
			 .name = plan_str(p, plan_origin(p, "_ses.%s", in->record->id)));
	if (process->terminal) {
		root = plan_reg(p, "the container's root");
		p->want_console = true;
		PLAN_ADD(p, NULL, root_open, .root = root);
		PLAN_ADD(p, "/process/terminal", console, .root = root,
			 .width = process->console_size.width,
			 .height = process->console_size.height);
	}
	return compile_process(in, process, false, p, e);
}

int container_compile_exec(const struct compile_input *in, const struct compile_join *join,
			   const struct oci_process *process, struct plan **ret, struct err *e)
{
	struct plan *p = plan_new();
	int r;

	if (!p)
		return err_set(e, ERR_SYSTEM, ENOMEM, "make the plan");
	p->other_process = true;
	p->process_file = in->document;
	r = emit_all(in, join, process, p, e);
	if (r == 0)
		r = plan_finish(p, e);
	if (r < 0) {
		plan_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

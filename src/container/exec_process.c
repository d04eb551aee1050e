// SPDX-License-Identifier: GPL-2.0-or-later
/* See exec_process.h. Numbers are parsed strictly: a sloppy one has been a root exploit (A7). */
#include "container/exec_process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "container/compile.h"
#include "oci/json.h"
#include "oci/names.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/num.h"

static int read_document(struct container *c, const struct exec_request *rq, struct oci_spec **ret,
			 struct oci_process *process, struct err *e)
{
	cleanup_fd int fd = open(rq->process_file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	cleanup_free char *text = NULL;
	size_t len;
	int r = fd < 0 ? -errno : io_read_file(fd, JSON_TEXT_MAX, &text, &len);

	if (r < 0)
		return err_set(e, ERR_USAGE, -r, "read the process file '%s'", rq->process_file);
	r = oci_process_decode(rq->process_file, text, len, ret, e);
	if (r == 0)
		r = oci_process_validate(*ret, e);
	if (r < 0)
		return r;
	*process = (*ret)->process;
	/* a document without capabilities means those of the container (checklist 3.3) */
	if (!process->capabilities.set)
		process->capabilities = c->spec->process.capabilities;
	if (!process->oom_score_adj.set)
		process->oom_score_adj = c->spec->process.oom_score_adj;
	/* one that says nothing of labels must not get out of the container's */
	if (!process->apparmor_profile || !*process->apparmor_profile)
		process->apparmor_profile = c->spec->process.apparmor_profile;
	if (!process->selinux_label || !*process->selinux_label)
		process->selinux_label = c->spec->process.selinux_label;
	return 0;
}

static int set_user(const char *text, struct oci_user *user, struct err *e)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	uint32_t uid, gid = user->gid;

	if (num_parse_id(text, len, &uid) < 0 ||
	    (colon && num_parse_id(colon + 1, strlen(colon + 1), &gid) < 0)) {
		err_set(e, ERR_USAGE, 0, "invalid user '%s'", text);
		err_hint(e, "use numbers: UID or UID:GID");
		return -EINVAL;
	}
	user->uid = uid;
	user->gid = gid;
	return 0;
}

static int join_strings(struct arena *a, oci_strings *list, const oci_strings *more)
{
	const char **items;

	if (!more->count)
		return 0;
	items = arena_array(a, list->count + more->count, sizeof(*items));
	if (!items)
		return -ENOMEM;
	if (list->count)
		memcpy(items, list->items, list->count * sizeof(*items));
	memcpy(items + list->count, more->items, more->count * sizeof(*items));
	list->items = items;
	list->count += more->count;
	return 0;
}

static int set_env(struct container *c, const struct exec_request *rq, struct oci_process *p,
		   struct err *e)
{
	for (size_t i = 0; i < rq->env.count; i++) {
		const char *eq = strchr(rq->env.items[i], '=');

		if (!eq || eq == rq->env.items[i])
			return err_set(e, ERR_USAGE, 0, "--env '%s' is not KEY=VALUE",
				       rq->env.items[i]);
	}
	if (join_strings(&c->arena, &p->env, &rq->env) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the environment");
	return 0;
}

static int set_args(struct container *c, const struct exec_request *rq, struct oci_process *p,
		    struct err *e)
{
	oci_strings none = { 0 }, args = { 0 };

	while (rq->args[args.count])
		args.count++;
	args.items = (const char **)(uintptr_t)rq->args;
	p->args = none;
	if (join_strings(&c->arena, &p->args, &args) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the arguments");
	return 0;
}

/* As runc has it: bounding, effective and permitted; ambient only where inheritable allows it. */
static int add_capabilities(const struct exec_request *rq, struct oci_capabilities *c,
			    struct err *e)
{
	for (size_t i = 0; i < rq->capabilities.count; i++) {
		uint64_t cap, bit;

		if (!oci_names_find(&oci_capability_names, rq->capabilities.items[i], &cap)) {
			err_set(e, ERR_USAGE, 0, "unknown capability '%s'",
				rq->capabilities.items[i]);
			err_hint(e, "capabilities are written like CAP_NET_ADMIN");
			return -EINVAL;
		}
		bit = 1ULL << cap;
		c->bounding |= bit;
		c->effective |= bit;
		c->permitted |= bit;
		if (c->inheritable & bit)
			c->ambient |= bit;
	}
	return 0;
}

static int from_options(struct container *c, const struct exec_request *rq, struct oci_process *p,
			struct err *e)
{
	int r = 0;

	*p = c->spec->process;
	p->terminal = rq->terminal;
	p->console_size.width = p->console_size.height = 0;
	p->no_new_privileges |= rq->no_new_privileges;
	if (rq->apparmor)
		p->apparmor_profile = rq->apparmor;
	if (rq->process_label)
		p->selinux_label = rq->process_label;
	if (rq->cwd)
		p->cwd = rq->cwd;
	if (p->cwd[0] != '/')
		return err_set(e, ERR_USAGE, 0, "--cwd '%s' is not an absolute path", p->cwd);
	if (rq->user)
		r = set_user(rq->user, &p->user, e);
	if (r == 0 && rq->additional_gids.count) {
		p->user.additional_gids.items = rq->additional_gids.items;
		p->user.additional_gids.count = rq->additional_gids.count;
	}
	if (r == 0)
		r = add_capabilities(rq, &p->capabilities, e);
	if (r == 0)
		r = set_env(c, rq, p, e);
	return r < 0 ? r : set_args(c, rq, p, e);
}

int exec_process_make(struct container *c, const struct exec_request *rq,
		      struct oci_spec **ret_document, struct oci_process *ret, struct err *e)
{
	return rq->process_file ? read_document(c, rq, ret_document, ret, e)
				: from_options(c, rq, ret, e);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See hooks.h. */
#include "container/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oci/annotations.h"
#include "oci/names.h"
#include "util/child.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/trace.h"

enum {
	MAX_ROUNDS = 100,
	CHILDREN_TEXT = 4096
};

static const char *kind_name(enum oci_hook_kind kind)
{
	return oci_names_of(&oci_hook_names, kind);
}

/* argv or envp with a NULL at the end; argv[0] is the path when no args are given. */
static char **vector(const oci_strings *list, const char *fallback)
{
	char **v = calloc(list->count + 2, sizeof(*v));

	for (size_t i = 0; v && i < list->count; i++)
		v[i] = (char *)(uintptr_t)list->items[i]; /* execve does not write to them */
	if (v && !list->count && fallback)
		v[0] = (char *)(uintptr_t)fallback;
	return v;
}

static int timeout_of(const struct oci_hook *h)
{
	if (!h->timeout.set)
		return HOOK_DEFAULT_TIMEOUT;
	return h->timeout.value < HOOK_MAX_TIMEOUT ? (int)h->timeout.value : HOOK_MAX_TIMEOUT;
}

int64_t hooks_deadline_ms(const struct oci_spec *spec, enum oci_hook_kind kind)
{
	int64_t ms = 0;

	for (size_t i = 0; i < spec->hooks[kind].count; i++)
		ms += timeout_of(&spec->hooks[kind].items[i]) * (int64_t)1000;
	return ms;
}

static int explain_failure(const struct oci_hook *h, int r, const struct child_result *result,
			   struct err *e)
{
	const char *said = result->tail[0] ? ": " : "";

	if (r < 0)
		return err_set(e, ERR_CONFIG, -r, "run hook '%s'", h->path);
	if (result->interrupted)
		return err_set(e, ERR_SYSTEM, EINTR, "hook '%s': interrupted", h->path);
	if (result->timed_out)
		err_set(e, ERR_CONFIG, 0, "hook '%s' did not end within %d s%s%s", h->path,
			timeout_of(h), said, result->tail);
	else
		err_set(e, ERR_CONFIG, 0, "hook '%s' failed with exit status %d%s%s", h->path,
			result->exit_code, said, result->tail);
	return -ECANCELED;
}

/* The pids of our children, separated by blanks. Empty when that cannot be read. */
static void list_children(char *text, size_t size)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	if (io_read_line(AT_FDCWD, path, text, size) < 0)
		text[0] = '\0';
}

static bool is_listed(const char *text, pid_t pid)
{
	char *end;

	for (const char *p = text;; p = end) {
		long one = strtol(p, &end, 10);

		if (end == p)
			return false;
		if (one == pid)
			return true;
	}
}

/*
 * What a hook left behind at its deadline, whatever process group or session it is in: as subreaper we
 * inherit all of it. @before are the children that we had already: the container's init, and those of
 * whoever has become ctr by execve.
 */
static void kill_descendants(const char *before)
{
	char text[CHILDREN_TEXT];

	for (int round = 0; round < MAX_ROUNDS; round++) {
		bool any = false;
		char *end;

		list_children(text, sizeof(text));
		for (char *p = text;; p = end) {
			pid_t pid = (pid_t)strtol(p, &end, 10);

			if (end == p)
				break;
			if (pid <= 0 || is_listed(before, pid))
				continue;
			any = true;
			(void)kill(pid, SIGKILL); /* a child of ours that was not waited for */
			(void)waitpid(pid, NULL, 0);
		}
		if (!any)
			return;
	}
}

struct output {
	enum oci_annotation which;
	int fd; /* of the hook */
};

static const struct output outputs[] = {
	{ OCI_ANNOTATION_HOOKS_STDOUT, STDOUT_FILENO },
	{ OCI_ANNOTATION_HOOKS_STDERR, STDERR_FILENO },
};

int hooks_open_output(const char *path, int *ret_fd)
{
	cleanup_fd int fd =
		open(path,
		     O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		     0600);

	/* only the open must not wait: a hook expects to write like everybody else */
	if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* The files of both streams, for a hook that we run; -EBADF where there is none. */
static int open_outputs(const struct oci_spec *spec, int *ret_out, int *ret_err, struct err *e)
{
	int *const fds[] = { NULL, ret_out, ret_err };

	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
		const char *path = oci_annotation_value(spec, outputs[i].which);
		int r = path ? hooks_open_output(path, fds[outputs[i].fd]) : 0;

		if (r == 0)
			continue;
		err_set(e, ERR_CONFIG, -r, "open '%s' for what hooks write", path);
		err_origin(e, "config.json /annotations/%s",
			   oci_annotations[outputs[i].which].name);
		return r;
	}
	return 0;
}

static int run_one(const struct container *c, const struct oci_hook *h, const char *state,
		   const int *fds, int interrupt, struct err *e)
{
	cleanup_free char **argv = vector(&h->args, h->path), **envp = vector(&h->env, NULL);
	struct child_job job = {
		.exe = -1,
		.path = h->path,
		.argv = argv,
		.envp = envp,
		.input = { { (void *)(uintptr_t)state, strlen(state) } },
		.input_count = 1,
		.out = fds[STDOUT_FILENO],
		.err = fds[STDERR_FILENO],
		.cwd = c->bundle,
		.timeout_ms = timeout_of(h) * 1000,
		.interrupt = interrupt,
	};
	struct child_result result = { 0 };
	char before[CHILDREN_TEXT];
	int r;

	if (!argv || !envp)
		return err_set(e, ERR_SYSTEM, ENOMEM, "run hook '%s'", h->path);
	list_children(before, sizeof(before));
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	r = child_run(&job, &result);
	if (result.timed_out || result.interrupted)
		kill_descendants(before);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0);
	if (r < 0 || result.timed_out || result.interrupted || result.exit_code)
		return explain_failure(h, r, &result, e);
	return 0;
}

int hooks_run(const struct container *c, enum oci_hook_kind kind, enum container_status status,
	      pid_t pid, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "run hooks of the host");
	const oci_hooks *hooks = &c->spec->hooks[kind];
	const bool all = kind == OCI_HOOK_POSTSTOP;
	cleanup_free char *state = NULL;
	cleanup_fd int out = -EBADF, errors = -EBADF;
	struct err later;
	int first = 0;

	if (!hooks->count)
		return 0;
	first = container_hook_state(&c->record, status, pid, &state, NULL, e);
	if (first == 0)
		first = open_outputs(c->spec, &out, &errors, e);
	for (size_t i = 0; first == 0 || (all && state && i < hooks->count); i++) {
		int ret;

		if (i >= hooks->count)
			break;
		ret = run_one(c, &hooks->items[i], state, (const int[]){ -EBADF, out, errors },
			      all ? -EBADF : c->interrupt, first ? &later : e);
		if (ret < 0 && first == 0) {
			first = ret;
			err_origin(e, "config.json /hooks/%s/%zu", kind_name(kind), i);
		}
	}
	return first;
}

static int emit_one(const struct oci_spec *spec, enum oci_hook_kind kind, size_t index,
		    const char *head, const char *tail, struct plan *p, struct err *e)
{
	const struct oci_hook *h = &spec->hooks[kind].items[index];
	const char *origin = plan_origin(p, "/hooks/%s/%zu", kind_name(kind), index);
	const oci_strings path = { .items = (const char *[]){ h->path }, .count = 1 };
	/* startContainer hooks have always had the container's environment (checklist 1.4) */
	const oci_strings *env =
		h->has_env || kind != OCI_HOOK_START_CONTAINER ? &h->env : &spec->process.env;
	struct plan_source exe = {
		.kind = PLAN_SOURCE_EXE,
		.path = h->path,
		.label = plan_origin(p, "hook %s", h->path),
		.origin = origin,
		.fd = -EBADF,
	};
	uint64_t reg = kind == OCI_HOOK_CREATE_CONTAINER ? plan_source(p, &exe) : PLAN_REG_NONE;

	(void)e;
	PLAN_ADD(p, origin, hook, .path = plan_str(p, h->path), .exe = reg,
		 .args = plan_list(p, h->args.count ? &h->args : &path), .env = plan_list(p, env),
		 .timeout = (uint64_t)timeout_of(h), .state_head = plan_str(p, head),
		 .state_tail = plan_str(p, tail));
	return 0;
}

/* And for hooks that init runs. */
static void emit_outputs(const struct oci_spec *spec, struct plan *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
		const char *path = oci_annotation_value(spec, outputs[i].which);
		const char *origin =
			plan_origin(p, "/annotations/%s", oci_annotations[outputs[i].which].name);
		struct plan_source file = {
			.kind = PLAN_SOURCE_LOG,
			.label = path,
			.path = path,
			.origin = origin,
			.fd = -EBADF,
		};

		if (path)
			PLAN_ADD(p, origin, hook_output, .fd = (uint64_t)outputs[i].fd,
				 .file = plan_source(p, &file));
	}
}

int hooks_emit(const struct oci_spec *spec, enum oci_hook_kind kind,
	       const struct container_record *r, enum container_status status, struct plan *p,
	       struct err *e)
{
	cleanup_free char *head = NULL;
	const char *tail = NULL;
	int ret;

	if (!spec->hooks[kind].count)
		return 0;
	ret = container_hook_state(r, status, -1, &head, &tail, e);
	if (ret < 0)
		return ret;
	PLAN_ADD(p, NULL, section,
		 .title = plan_str(p, plan_origin(p, "Hooks: %s", kind_name(kind))));
	emit_outputs(spec, p);
	for (size_t i = 0; ret == 0 && i < spec->hooks[kind].count; i++)
		ret = emit_one(spec, kind, i, head, tail, p, e);
	return ret;
}

bool hooks_before_pivot(const struct oci_spec *spec)
{
	return spec->hooks[OCI_HOOK_PRESTART].count || spec->hooks[OCI_HOOK_CREATE_RUNTIME].count ||
	       spec->hooks[OCI_HOOK_CREATE_CONTAINER].count;
}

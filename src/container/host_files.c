// SPDX-License-Identifier: GPL-2.0-or-later
/* What has to be there before a container can be: sources, programs, hooks, sockets; see host.h. */
#include "container/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/sources.h"
#include "oci/annotations.h"
#include "oci/names.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/path.h"

int host_sources(struct host_check *h)
{
	return container_probe_sources(h->spec, h->plan, h->bundle, h->e);
}

/* Neither mounted over nor made anew before the program runs? */
static bool is_covered(struct host_check *h, const char *path)
{
	for (size_t i = 0; i < h->spec->mounts.count; i++) {
		const char *dest =
			path_clean(&h->plan->arena, h->spec->mounts.items[i].destination);

		if (dest && path_below(path, dest))
			return true;
	}
	return false;
}

/* ---- mount points ---- */

/* Is @dest of entry @index on the root filesystem itself, and there already? *@ret_dir: a directory. */
static bool on_rootfs(struct host_check *h, const char *dest, bool *ret_dir)
{
	cleanup_fd int fd = -EBADF;
	struct stat st;

	for (size_t i = 0; i < h->spec->mounts.count; i++) {
		const char *other =
			path_clean(&h->plan->arena, h->spec->mounts.items[i].destination);

		if (!other || (path_below(dest, other) && strcmp(dest, other) != 0))
			return false;
	}
	fd = kernel_openat2(h->rootfs, dest, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	*ret_dir = S_ISDIR(st.st_mode);
	return true;
}

/* A directory goes over a directory, and everything else over what is none. */
static int mount_point(struct host_check *h, size_t op)
{
	const struct plan_source *s;
	struct plan_arg_mount_tree a;
	struct stat st;
	bool dir;

	memcpy(&a, h->plan->ops[op].slot, sizeof(a));
	s = &h->plan->regs[a.tree];
	if (s->kind != PLAN_SOURCE_TREE || s->made_later || !s->path || s->nofollow ||
	    fstatat(h->bundle, s->path, &st, 0) < 0 ||
	    !on_rootfs(h, h->plan->pool + a.path, &dir) || dir == S_ISDIR(st.st_mode))
		return 0;
	return host_op_fails(h, op, PLAN_STAGE_ATTACH, ENOTDIR, "");
}

int host_mount_points(struct host_check *h)
{
	int r = 0;

	for (size_t i = 0; r == 0 && h->rootfs >= 0 && i < h->plan->op_count; i++)
		if (h->plan->ops[i].code == PLAN_CODE_mount_tree)
			r = mount_point(h, i);
	return r;
}

/* ---- the program ---- */

/* A bind mount, or a hook that runs before, may bring what the rootfs does not have. */
static bool may_be_brought(const struct host_check *h)
{
	const oci_hooks *hooks = h->spec->hooks;

	for (size_t i = 0; i < h->plan->op_count; i++)
		if (h->plan->ops[i].code == PLAN_CODE_mount_tree)
			return true;
	return hooks[OCI_HOOK_PRESTART].count || hooks[OCI_HOOK_CREATE_RUNTIME].count ||
	       hooks[OCI_HOOK_CREATE_CONTAINER].count;
}

enum {
	SOMEWHERE = 1 /* below a mount: nobody knows what is there */
};

/* Can the file at @path of the container be executed? 0, SOMEWHERE, or -errno as init would find. */
static int try_path(struct host_check *h, const char *path)
{
	char *clean = path_clean(&h->plan->arena, path);
	cleanup_fd int fd = -EBADF;
	struct stat st;

	if (!clean)
		return -ENOMEM;
	if (is_covered(h, clean))
		return SOMEWHERE;
	fd = kernel_openat2(h->rootfs, clean, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return st.st_mode & 0111 ? 0 : -EACCES;
}

static int try_in(struct host_check *h, const char *dir, size_t len, const char *name)
{
	const char *cwd = h->spec->process.cwd;
	char path[PATH_MAX];
	int n;

	if (len && dir[0] == '/')
		n = snprintf(path, sizeof(path), "%.*s/%s", (int)len, dir, name);
	else
		n = snprintf(path, sizeof(path), "%s/%.*s/%s", cwd ? cwd : "/", (int)len, dir,
			     name);
	return n < 0 || (size_t)n >= sizeof(path) ? -ENAMETOOLONG : try_path(h, path);
}

/* The same order and the same choice of reasons as init's search_path(). */
static int search_path(struct host_check *h, const char *path, const char *name)
{
	int found = -ENOENT;

	for (const char *p = *path ? path : NULL; p;
	     p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL) {
		int r = try_in(h, p, strcspn(p, ":"), name);

		if (r >= 0)
			return r;
		if (r == -EACCES)
			found = r;
	}
	return found;
}

/* The last one counts (checklist 1.3). */
static const char *path_variable(const oci_strings *env)
{
	const char *path = "";

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], "PATH=", 5) == 0)
			path = env->items[i] + 5;
	return path;
}

static int program_missing(struct host_check *h, int errnum, const char *name)
{
	for (size_t i = 0; i < h->plan->op_count; i++) {
		if (h->plan->ops[i].code != PLAN_CODE_program)
			continue;
		if (may_be_brought(h))
			return host_doubts(h, "/process/args/0",
					   "a mount or a hook may bring it, or it is missing",
					   "'%s' is not in the root filesystem", name);
		return host_op_fails(h, i, PLAN_STAGE_LOOKUP, errnum, name);
	}
	return 0;
}

int host_program(struct host_check *h)
{
	const struct oci_process *p = &h->spec->process;
	const char *name = p->args.count ? p->args.items[0] : "";
	int r;

	if (!p->set || !*name || h->rootfs < 0)
		return 0;
	if (name[0] == '/')
		r = try_path(h, name);
	else if (strchr(name, '/'))
		r = try_in(h, "", 0, name);
	else
		r = search_path(h, path_variable(&p->env), name);
	return r < 0 ? program_missing(h, -r, name) : 0;
}

/* ---- hooks ---- */

/* In the host's view but for startContainer, which is looked up in the container. */
static int try_hook(struct host_check *h, enum oci_hook_kind kind, const char *path)
{
	struct stat st;

	if (kind == OCI_HOOK_START_CONTAINER)
		return h->rootfs >= 0 && !may_be_brought(h) ? try_path(h, path) : 0;
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) || !(st.st_mode & 0111) ? -EACCES : 0;
}

static int hooks_of(struct host_check *h, enum oci_hook_kind kind)
{
	const oci_hooks *list = &h->spec->hooks[kind];
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->count; i++) {
		const char *path = list->items[i].path;
		int missing = path[0] == '/' ? try_hook(h, kind, path) : 0;
		char at[80];

		(void)snprintf(at, sizeof(at), "/hooks/%s/%zu/path",
			       oci_names_of(&oci_hook_names, kind), i);
		if (missing < 0)
			r = host_lacks(h, at, -missing, NULL, "hook '%s'", path);
	}
	return r;
}

int host_hooks(struct host_check *h)
{
	int r = 0;

	for (int kind = 0; r == 0 && kind < OCI_HOOK_COUNT; kind++)
		r = hooks_of(h, (enum oci_hook_kind)kind);
	return r;
}

/* Could hooks_open_output() open or make this file? Nothing is opened: a fifo would notice. 0 or -errno. */
static int try_output(struct host_check *h, const char *path)
{
	const char *slash = strrchr(path, '/'); /* it is absolute */
	const char *dir = arena_printf(&h->plan->arena, "%.*s", (int)(slash - path + 1), path);
	struct stat st;

	if (!dir)
		return -ENOMEM;
	if (lstat(path, &st) == 0) {
		if (S_ISLNK(st.st_mode))
			return -ELOOP;
		if (S_ISDIR(st.st_mode))
			return -EISDIR;
		if (S_ISSOCK(st.st_mode))
			return -ENXIO;
		return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0 ? -errno : 0;
	}
	if (errno != ENOENT)
		return -errno;
	return faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static bool has_hooks(const struct oci_spec *spec)
{
	size_t count = 0;

	for (int kind = 0; kind < OCI_HOOK_COUNT; kind++)
		count += spec->hooks[kind].count;
	return count;
}

int host_hook_outputs(struct host_check *h)
{
	static const enum oci_annotation outputs[] = { OCI_ANNOTATION_HOOKS_STDOUT,
						       OCI_ANNOTATION_HOOKS_STDERR };
	int r = 0;

	for (size_t i = 0; r == 0 && has_hooks(h->spec) && i < ARRAY_SIZE(outputs); i++) {
		const char *path = oci_annotation_value(h->spec, outputs[i]);
		int refused = path && path[0] == '/' ? try_output(h, path) : 0;
		char at[80];

		(void)snprintf(at, sizeof(at), "/annotations/%s", oci_annotations[outputs[i]].name);
		if (refused < 0)
			r = host_lacks(h, at, -refused, NULL, "open '%s' for what hooks write",
				       path);
	}
	return r;
}

/* ---- sockets ---- */

int host_listener(struct host_check *h)
{
	const char *at, *path = oci_seccomp_listener(h->spec, &at);
	struct stat st;
	int errnum = 0;

	if (!h->spec->linux_.seccomp.set || !path)
		return 0;
	if (stat(path, &st) < 0)
		errnum = errno;
	else if (!S_ISSOCK(st.st_mode))
		errnum = ENOTSOCK;
	if (!errnum)
		return 0;
	return host_lacks(h, at, errnum, "the agent must listen there before the container starts",
			  "send the seccomp notify descriptor to '%s'", path);
}

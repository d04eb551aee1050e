// SPDX-License-Identifier: GPL-2.0-or-later
/* Where an ordinary user may make a cgroup: next to the one that it is in. Makes nothing. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"
#include "util/io.h"

/* The text behind "0::" in /proc/self/cgroup, which cgroup v1 hierarchies may surround; or NULL. */
static char *own_path(char *text)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "0::/", 4) == 0 && !strstr(line, "/.."))
			return line + 3;
	return NULL;
}

/* May we make cgroups there, and put processes into them that come from our own? */
static bool may_use(int root_fd, const char *path)
{
	cleanup_fd int fd = cgroup_dir_open(root_fd, path[1] ? path + 1 : ".");

	return fd >= 0 && faccessat(fd, ".", W_OK, AT_EACCESS) == 0 &&
	       faccessat(fd, "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

static int move_below(struct cgroup_plan *plan, const char *parent, struct arena *a, struct err *e)
{
	const char *name = plan->path + sizeof(CGROUP_DEFAULT_PARENT);

	/* one directory for a container that has only an id: its name says whose it is */
	plan->path = arena_printf(a, "%s/%s%s", parent[1] ? parent : "",
				  plan->explicit_path ? "" : "ctr-", name);
	return plan->path ? 0 : err_set(e, ERR_SYSTEM, ENOMEM, "prepare the cgroup");
}

const char *cgroup_own_path(struct arena *a)
{
	char text[4096], *own;

	if (io_read_line(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) < 0)
		return NULL;
	own = own_path(text);
	return own ? arena_strdup(a, own) : NULL;
}

int cgroup_plan_delegate(int root_fd, struct cgroup_plan *plan, struct arena *a, struct err *e)
{
	const char *own = plan->default_parent ? cgroup_own_path(a) : NULL;
	char parent[4096], *slash;

	if (!own)
		return 0;
	(void)snprintf(parent, sizeof(parent), "%s", own);
	slash = strrchr(parent, '/');
	slash[slash == parent] = '\0';
	if (may_use(root_fd, parent))
		return move_below(plan, parent, a, e);
	return may_use(root_fd, own) ? move_below(plan, own, a, e) : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Staying with a container that runs, and what is done when it ends: see launch.h. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "cli/launch.h"
#include "container/exit.h"
#include "container/foreground.h"
#include "util/cleanup.h"

/* It has ended: remove it, unless somebody else did meanwhile. */
int launch_clean_up(struct cli *cli, const char *id, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	struct err warning = ERR_INIT;
	enum container_status status;
	int r = cli_container(cli, id, true, &c, &status, e);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = container_destroy(c, status, DESTROY_FORCE | DESTROY_KEEP_LAYERS, &warning, e);
	if (warning.kind)
		cli_report_warning(&warning);
	return r;
}

/* 137 alone does not tell who it was that killed it. */
static void tell_of_oom(const struct container *c, int status)
{
	struct err warning = ERR_INIT;
	uint64_t kills = 0;
	char memory[128];

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL ||
	    cgroup_oom_kills_read(&c->cgroup, &kills, NULL) < 0 || !kills)
		return;
	cgroup_memory_describe(&c->cgroup, memory, sizeof(memory));
	(void)err_set(&warning, ERR_PAYLOAD, 0, "container '%s' was killed for lack of memory (%s)",
		      c->record.id, memory);
	cli_report_warning(&warning);
}

int launch_attend(struct cli *cli, struct container *c, int signals, bool keep, struct err *e)
{
	int status, r;

	r = foreground_attend(c, signals, &status, e);
	if (r < 0)
		return r;
	tell_of_oom(c, status);
	cli->exit_code = container_exit_code(status);
	return keep ? container_keep_exit(c, status, e) : launch_clean_up(cli, c->record.id, e);
}

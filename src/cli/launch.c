// SPDX-License-Identifier: GPL-2.0-or-later
/* See launch.h. */
#include "cli/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container/sdnotify.h"
#include "container/terminal.h"
#include "container/unixsock.h"
#include "oci/annotations.h"
#include "util/cleanup.h"
#include "util/whole.h"

enum {
	MAX_PRESERVED = 65536
};

/* Of descriptors 3 to 3+n-1 the first that is not open, or 0. */
static unsigned first_closed(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (i >= MAX_PRESERVED || fcntl((int)(3 + i), F_GETFD) < 0)
			return 3 + i;
	return 0;
}

int launch_check_fds(unsigned n, struct err *e)
{
	unsigned closed = first_closed(n);

	if (!closed)
		return 0;
	err_set(e, ERR_USAGE, 0, "--preserve-fds %u: descriptor %u is not open", n, closed);
	return -EINVAL;
}

/* Those of LISTEN_FDS come first: whoever gave a number that is too large should hear of his own. */
static int check_all_fds(unsigned listen, unsigned preserve, struct err *e)
{
	unsigned closed = first_closed(listen);

	if (closed) {
		err_set(e, ERR_USAGE, 0, "LISTEN_FDS=%u: descriptor %u is not open", listen,
			closed);
		return -EINVAL;
	}
	closed = first_closed(listen + preserve);
	if (!closed)
		return 0;
	err_set(e, ERR_USAGE, 0, "--preserve-fds %u: descriptor %u is not open", preserve, closed);
	if (listen)
		err_hint(e, "they come behind the %u of LISTEN_FDS", listen);
	return -EINVAL;
}

/*
 * Activated sockets come first, from descriptor 3 on; the payload is told as if it had been activated
 * itself. It is pid 1 in its own pid namespace, hence the pid.
 */
static int pass_activation(struct container_request *rq, struct err *e)
{
	const char *fds = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	char *end, *env = NULL;
	unsigned long n;
	int len;

	if (!fds || !*fds)
		return 0;
	n = strtoul(fds, &end, 10);
	if (*end || fds[0] < '0' || fds[0] > '9' || n > MAX_PRESERVED)
		return err_set(e, ERR_USAGE, 0, "LISTEN_FDS '%s' is not a number of descriptors",
			       fds);
	if (!n)
		return 0;
	len = names ? asprintf(&env, "LISTEN_FDS=%lu%cLISTEN_PID=1%cLISTEN_FDNAMES=%s", n, 0, 0,
			       names)
		    : asprintf(&env, "LISTEN_FDS=%lu%cLISTEN_PID=1", n, 0);
	if (len < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "pass the activated sockets");
	rq->extra_env = env;
	rq->extra_env_len = (size_t)len + 1;
	rq->keep_fds += (unsigned)n;
	return 0;
}

void launch_request_free(struct container_request *rq)
{
	free(rq->extra_env);
	arena_free(&rq->arena);
}

int launch_request(struct cli *cli, const struct launch_options *o, struct container_request *rq,
		   struct err *e)
{
	int r;

	if (o->preserve_fds > MAX_PRESERVED)
		return err_set(e, ERR_USAGE, 0,
			       "--preserve-fds %u: one of these descriptors is not open",
			       o->preserve_fds);
	rq->caller = &cli->caller;
	rq->keep_fds = o->preserve_fds;
	rq->no_pivot = o->no_pivot;
	rq->no_keyring = o->no_new_keyring;
	rq->config = o->config;
	rq->strict = o->strict;
	rq->merge_memory = o->ksm;
	rq->driver = cli_cgroup_driver(cli, &cli->caller);
	rq->notify = getenv("NOTIFY_SOCKET") != NULL;
	r = launch_overlay(cli, &o->overlay, false, &rq->overlay, e);
	if (r == 0)
		r = launch_network(cli, &o->network, false, rq, e);
	if (r == 0)
		r = pass_activation(rq, e);
	if (r == 0 && (rq->network || cgroup_needs_process(rq->driver)))
		r = whole_needed(e);
	if (r < 0)
		return r;
	return check_all_fds(rq->keep_fds - o->preserve_fds, o->preserve_fds, e);
}

int launch_check_terminal(bool terminal, bool detach, const char *socket, struct err *e)
{
	if (detach && terminal && !socket) {
		err_set(e, ERR_USAGE, 0,
			"cannot allocate tty if ctr will detach without setting console socket");
		err_hint(e, "do without the terminal, or give --console-socket");
		return -EINVAL;
	}
	if (socket && !(terminal && detach))
		return err_set(e, ERR_USAGE, 0,
			       "cannot use console socket if ctr will not detach or allocate tty");
	return 0;
}

static int send_pidfd(const char *path, const char *word, int pidfd, struct err *e)
{
	int r = unixsock_send_fd(path, word, strlen(word), pidfd);

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "send the pidfd to '%s'", path) : 0;
}

int launch_hand_over(const struct launch_handover *h, struct container *c, struct err *e)
{
	int r = launch_check_terminal(h->terminal, h->detach, h->console_socket, e);

	if (r == 0 && h->console_socket) {
		r = terminal_send(h->console_socket, c->console, e);
		close_fd(&c->console);
	}
	if (r == 0 && h->pidfd_socket)
		r = send_pidfd(h->pidfd_socket, h->pidfd_word, c->init.pidfd, e);
	if (r == 0 && h->pid_file)
		r = container_write_pid_file(h->pid_file, c->init.pid, e);
	return r;
}

/* Who is named by the config gets it besides, and before there is a pid file, which says that all went well. */
static int tell_receiver(const struct container *c, struct err *e)
{
	const char *path = oci_annotation_value(c->spec, OCI_ANNOTATION_PIDFD_RECEIVER);
	int r = path ? send_pidfd(path, "standard", c->init.pidfd, e) : 0;

	if (r < 0)
		err_origin(e, "config.json /annotations/%s",
			   oci_annotations[OCI_ANNOTATION_PIDFD_RECEIVER].name);
	return r;
}

int launch_announce(const struct launch_options *o, struct container *c, bool detach, struct err *e)
{
	const struct launch_handover h = {
		.console_socket = o->console_socket,
		.pidfd_socket = o->pidfd_socket,
		.pidfd_word = "standard",
		.pid_file = o->pid_file,
		.terminal = c->spec->process.terminal,
		.detach = detach,
	};
	int r = tell_receiver(c, e);

	return r < 0 ? r : launch_hand_over(&h, c, e);
}

void launch_withdraw(const struct launch_options *o)
{
	if (o->pid_file)
		container_remove_pid_file(o->pid_file);
}

void launch_warnings(const struct cli *cli, const struct container *c)
{
	char text[800];

	for (const struct plan_warning *w = c->plan->warnings; w; w = w->next) {
		plan_warning_text(c->plan, w, text, sizeof(text));
		cli_warn(cli, "%s", text);
	}
}

int launch_bind_notify(struct container *c, struct err *e)
{
	return c->notify_tree >= 0 ? sdnotify_bind(c->dir, &c->notify, e) : 0;
}

int launch_wait_ready(const struct container *c, struct err *e)
{
	if (c->notify < 0)
		return 0;
	return sdnotify_wait(c->notify, c->init.pidfd, c->interrupt, c->init.pid, e);
}

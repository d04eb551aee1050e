// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr restore: from the images of ctr checkpoint back to a container that runs. */
#include <errno.h>
#include <fcntl.h>

#include "checkpoint/again.h"
#include "checkpoint/restore.h"
#include "cli/checkpoint.h"
#include "cli/checkpoint_archive.h"
#include "cli/launch.h"
#include "cli/snapshot_memory.h"
#include "container/foreground.h"
#include "util/cleanup.h"

struct restore_options {
	struct launch_options launch;
	struct checkpoint_words words;
	struct import_words import;
	const char *lsm_profile, *lsm_mount_context, *snapshot;
	bool detach, keep, tcp_close;
};

/* clang-format off */
static const struct cli_option options[] = {
	LAUNCH_OPTIONS(struct restore_options, launch),
	CHECKPOINT_OPTIONS(offsetof(struct restore_options, words)),
	IMPORT_OPTIONS(offsetof(struct restore_options, import)),
	{ "detach", 'd', CLI_FLAG, NULL, offsetof(struct restore_options, detach),
	  "return as soon as the program runs", NULL },
	{ "keep", 0, CLI_FLAG, NULL, offsetof(struct restore_options, keep),
	  "do not remove the container when it ends", NULL },
	{ "snapshot", 0, CLI_STRING, "NAME", offsetof(struct restore_options, snapshot),
	  "go back to this snapshot, which was made with --with-memory: files and processes", NULL },
	{ "tcp-close", 0, CLI_FLAG, NULL, offsetof(struct restore_options, tcp_close),
	  "close TCP connections instead of keeping them", NULL },
	{ "lsm-profile", 0, CLI_STRING, "TYPE:NAME", offsetof(struct restore_options, lsm_profile),
	  "run under this AppArmor or SELinux label instead of the one in the images", NULL },
	{ "lsm-mount-context", 0, CLI_STRING, "CONTEXT", offsetof(struct restore_options, lsm_mount_context),
	  "give mounts this SELinux context instead of the one in the images", NULL },
	{ 0 },
};
/* clang-format on */

/* One restore while it lasts. */
struct session {
	struct cli *cli;
	const struct restore_options *o;
	struct restore_request rq;
	struct importing_checkpoint import; /* when it was asked for */
	int signals;
	bool announced, restored;
};

static void session_close(struct session *s)
{
	launch_request_free(&s->rq.container);
	close_fd(&s->rq.images);
	close_fd(&s->rq.work);
	close_fd(&s->signals);
	importing_close(&s->import, s->restored);
}

/* All of it stands, and has been looked at: whoever waits for it hears of it, and then it runs. */
static int announce(void *data, struct container *c, struct err *e)
{
	struct session *s = data;

	s->announced = true;
	return launch_announce(&s->o->launch, c, s->o->detach, e);
}

static int open_dirs(struct session *s, struct err *e)
{
	const struct import_words *import = &s->o->import;
	int r;

	if (import->file)
		r = importing_open(s->cli, import, s->rq.container.id, s->rq.container.bundle,
				   &s->import, &s->rq, e);
	else if (s->o->snapshot)
		r = memory_go_back(s->cli, s->rq.container.id, s->o->snapshot, &s->rq.images, e);
	else
		r = checkpoint_open_images(&s->o->words, false, &s->rq.images, e);
	if (r < 0 && import->file)
		s->cli->failure_code = checkpoint_exit_code(r);
	return r < 0 ? r : checkpoint_open_work(&s->o->words, s->rq.images, true, &s->rq.work, e);
}

static int check_options(const struct restore_options *o, struct err *e)
{
	if (o->tcp_close && o->words.tcp_established)
		return err_set(e, ERR_USAGE, 0,
			       "options --tcp-close and --tcp-established exclude each other");
	if (o->snapshot && (o->import.file || o->words.image_path))
		return err_set(e, ERR_USAGE, 0,
			       "options --snapshot, --import and --image-path exclude each other");
	if (o->import.file && o->words.image_path)
		return err_set(e, ERR_USAGE, 0,
			       "options --import and --image-path exclude each other");
	if (!o->import.file && (o->import.verify_key || o->import.token ||
				o->import.allow_unsigned || o->import.allow_changes))
		return err_set(e, ERR_USAGE, 0,
			       "options --verify-key, --allow-unsigned, --token and "
			       "--allow-changed-config need --import");
	return 0;
}

static bool says_overlay(const struct overlay_options *o)
{
	return o->overlay || o->no_overlay || o->ephemeral || o->layers.count || o->size;
}

static int take_overlay(struct session *s, const struct container_record *was, struct err *e)
{
	struct container_request *rq = &s->rq.container;
	int r;

	if (says_overlay(&s->o->launch.overlay) || !was->overlay.used)
		return 0;
	if (!again_overlay(&was->overlay, &rq->arena, &rq->overlay))
		return err_set(e, ERR_SYSTEM, ENOMEM, "read how it was launched");
	if (rq->overlay.ephemeral)
		return 0;
	r = cli_data_root(s->cli, true, e);
	rq->overlay.data = s->cli->data;
	return r;
}

static int take_network(struct session *s, const struct container_record *was, bool own,
			struct err *e)
{
	struct container_request *rq = &s->rq.container;
	bool asked = rq->network && rq->network->items.count;
	const struct net_setup *again;

	if (!was->network.items.count || (!asked && !own))
		return 0;
	again = asked ? again_addresses(rq->network, &was->network, &rq->arena)
		      : again_network(&was->network, &rq->arena);
	if (!again)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read how it was launched");
	rq->network = again;
	return 0;
}

/* What run was told, and restore was not, is as it was; addresses are in any case, where they are free. */
static int launch_again(struct session *s, struct err *e)
{
	struct err ignored = ERR_INIT;
	struct container_record was;
	bool own = false;
	int r = again_read(s->rq.images, &s->rq.container.arena, &was, &own, &ignored);

	if (r < 0)
		return 0;		 /* other tools write no such file */
	own = own && !s->o->import.file; /* what lies there was unpacked, whoever wrote it */
	r = own ? take_overlay(s, &was, e) : 0;
	return r < 0 ? r : take_network(s, &was, own, e);
}

static int prepare(struct session *s, struct err *e)
{
	const struct restore_options *o = s->o;
	int r = checkpoint_check_caller(s->cli, "restore", e);

	if (r == 0)
		r = check_options(o, e);
	if (r == 0)
		r = launch_request(s->cli, &o->launch, &s->rq.container, e);
	if (r == 0)
		r = foreground_signals(&s->signals, e);
	checkpoint_flags_of(&o->words, &s->rq.flags);
	if (r == 0)
		r = open_dirs(s, e);
	if (r == 0)
		r = launch_again(s, e);
	if (r == 0)
		r = cli_store(s->cli, true, e);
	if (r < 0)
		return r;
	s->rq.container.store = s->cli->store;
	s->rq.container.interrupt = s->signals;
	s->rq.criu = s->cli->options.criu;
	/* whoever was at the other end has gone on since */
	s->rq.flags.tcp_close = o->tcp_close || (o->snapshot && !o->words.tcp_established);
	if (o->snapshot)
		s->rq.flags.ext_unix_sk = s->rq.flags.file_locks = true;
	s->rq.flags.lsm_profile = o->lsm_profile;
	s->rq.flags.lsm_mount_context = o->lsm_mount_context;
	s->rq.ready = announce;
	s->rq.data = s;
	return 0;
}

static int restore(struct session *s, struct container **ret, struct err *e)
{
	int r = prepare(s, e);

	if (r < 0)
		return r;
	r = checkpoint_restore(&s->rq, ret, e);
	if (r < 0) {
		s->cli->failure_code = checkpoint_exit_code(r);
		if (s->announced)
			launch_withdraw(&s->o->launch);
		return r;
	}
	s->restored = true;
	launch_warnings(s->cli, *ret);
	return 0;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct restore_options *o = opts;
	cleanup_(container_freep) struct container *c = NULL;
	cleanup_(session_close) struct session s = {
		.cli = cli,
		.o = o,
		.rq = { .container = { .id = args[0],
				       .bundle = o->launch.bundle ? o->launch.bundle : "." },
			.images = -EBADF,
			.work = -EBADF },
		.signals = -EBADF,
	};
	int r = restore(&s, &c, e);

	if (r < 0)
		return err_wrap(e, "restore %s", args[0]);
	/* with the directory goes the lock: others may pause, exec or delete while it runs */
	close_fd(&c->dir);
	return o->detach ? 0 : launch_attend(cli, c, s.signals, o->keep, e);
}

const struct cli_command cli_restore = {
	.name = "restore",
	.args = "CONTAINER",
	.summary = "Let a container run on that was saved with checkpoint",
	.options = options,
	.run = run,
	.options_size = sizeof(struct restore_options),
	.min_args = 1,
	.max_args = 1,
};

_Static_assert(sizeof(struct restore_options) <= CLI_OPTIONS_MAX, "options fit");

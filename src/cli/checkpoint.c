// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr checkpoint: a container's processes and memory as files. */
#include "cli/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/blockers.h"
#include "cli/checkpoint_archive.h"
#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/num.h"

static const char *const formats[] = { "text", "json", NULL };
static const char *const progress_words[] = { "json", "none", NULL };

struct checkpoint_options {
	struct checkpoint_words words;
	struct export_words export;
	const char *parent_path, *page_server, *status_fd, *iterate, *format, *progress;
	bool pre_dump, leave_running, tcp_skip_in_flight, link_remap, dry_run, no_preflight;
};

/* clang-format off */
static const struct cli_option options[] = {
	CHECKPOINT_OPTIONS(offsetof(struct checkpoint_options, words)),
	EXPORT_OPTIONS(offsetof(struct checkpoint_options, export)),
	{ "dry-run", 0, CLI_FLAG, NULL, offsetof(struct checkpoint_options, dry_run),
	  "only look, and list what could not be saved", NULL },
	{ "no-preflight", 0, CLI_FLAG, NULL, offsetof(struct checkpoint_options, no_preflight),
	  "let criu find out what cannot be saved", NULL },
	{ "leave-running", 0, CLI_FLAG, NULL, offsetof(struct checkpoint_options, leave_running),
	  "the container goes on; without it, it is removed", NULL },
	{ "pre-dump", 0, CLI_FLAG, NULL, offsetof(struct checkpoint_options, pre_dump),
	  "memory only, while the container runs on", NULL },
	{ "parent-path", 0, CLI_STRING, "DIR", offsetof(struct checkpoint_options, parent_path),
	  "images of a pre-dump that these build on, relative to the images", NULL },
	{ "iterate", 0, CLI_STRING, "N", offsetof(struct checkpoint_options, iterate),
	  "N pre-dumps before the dump, or auto: until they stop to shrink", NULL },
	{ "tcp-skip-in-flight", 0, CLI_FLAG, NULL, offsetof(struct checkpoint_options, tcp_skip_in_flight),
	  "leave out TCP connections that are not accepted yet", NULL },
	{ "link-remap", 0, CLI_FLAG, NULL, offsetof(struct checkpoint_options, link_remap),
	  "files that were unlinked, but have another name, get a name for as long as it takes", NULL },
	{ "page-server", 0, CLI_STRING, "ADDRESS:PORT", offsetof(struct checkpoint_options, page_server),
	  "send memory to this page server; with --lazy-pages, offer it there", NULL },
	{ "status-fd", 0, CLI_STRING, "FD", offsetof(struct checkpoint_options, status_fd),
	  "write a NUL there when lazy pages can be fetched", NULL },
	{ "format", 0, CLI_STRING, "FORMAT", offsetof(struct checkpoint_options, format),
	  "print what was written, or what is in the way, as text or json", formats },
	{ "progress", 0, CLI_STRING, "WORD", offsetof(struct checkpoint_options, progress),
	  "json: lines on standard error; none: not on a terminal either", progress_words },
	{ 0 },
};
/* clang-format on */

/* One checkpoint while it is made. */
struct session {
	struct cli *cli;
	const struct checkpoint_options *o;
	const char *id;
	struct container *c;
	enum container_status status;
	int images, work;
	struct checkpoint_rounds rounds;
	struct exporting export; /* when it was asked for */
};

static void session_close(struct session *s)
{
	container_free(s->c);
	close_fd(&s->images);
	close_fd(&s->work);
	if (s->export.words)
		exporting_close(&s->export);
}

/* ---- what cannot be asked for ---- */

static int exclude(const char *a, const char *b, struct err *e)
{
	return err_set(e, ERR_USAGE, 0, "options %s and %s exclude each other", a, b);
}

static int check_options(const struct checkpoint_options *o, struct err *e)
{
	unsigned count;

	if (o->iterate && o->pre_dump)
		return exclude("--iterate", "--pre-dump", e);
	if (o->dry_run && o->pre_dump)
		return exclude("--dry-run", "--pre-dump", e);
	if (o->dry_run && o->no_preflight)
		return exclude("--dry-run", "--no-preflight", e);
	if (o->iterate && o->parent_path)
		return exclude("--iterate", "--parent-path", e);
	if (o->export.file && o->pre_dump)
		return exclude("--export", "--pre-dump", e);
	if (o->export.file && o->words.lazy_pages)
		return exclude("--export", "--lazy-pages", e);
	if (o->export.file && o->page_server)
		return exclude("--export", "--page-server", e);
	if (!o->export.file && (o->export.sign_key || o->export.token || o->export.compression))
		return err_set(e, ERR_USAGE, 0,
			       "options --sign-key, --token and --compression need --export");
	if (o->words.lazy_pages && o->pre_dump)
		return exclude("--lazy-pages", "--pre-dump", e);
	if (o->words.lazy_pages && !o->page_server) {
		err_set(e, ERR_USAGE, 0, "option --lazy-pages needs --page-server");
		err_hint(e, "say at which ADDRESS:PORT the memory is to be fetched");
		return -EINVAL;
	}
	if (o->status_fd && !o->words.lazy_pages)
		return err_set(e, ERR_USAGE, 0, "option --status-fd needs --lazy-pages");
	if (o->parent_path && o->parent_path[0] == '/') {
		err_set(e, ERR_USAGE, 0, "option --parent-path: '%s' is absolute", o->parent_path);
		err_hint(e, "it is relative to the directory of images, such as ../pre-checkpoint");
		return -EINVAL;
	}
	return o->iterate ? checkpoint_parse_iterate(o->iterate, &count, e) : 0;
}

static int check_parent(const struct session *s, struct err *e)
{
	struct stat st;
	const char *path = s->o->parent_path;

	if (!path)
		return 0;
	if (fstatat(s->images, path, &st, 0) == 0 && S_ISDIR(st.st_mode))
		return 0;
	err_set(e, ERR_USAGE, ENOENT, "option --parent-path: there is no directory '%s'", path);
	err_hint(e, "it is relative to the directory of images");
	return -EINVAL;
}

static int status_fd(const struct checkpoint_options *o, int *ret, struct err *e)
{
	int64_t fd;

	*ret = -EBADF;
	if (!o->status_fd)
		return 0;
	if (num_parse_i64(o->status_fd, &fd) < 0 || fd < 0 || fd > INT32_MAX ||
	    fcntl((int)fd, F_GETFD) < 0)
		return err_set(e, ERR_USAGE, 0, "option --status-fd: '%s' is no open descriptor",
			       o->status_fd);
	*ret = (int)fd;
	return 0;
}

static bool goes_on(const struct checkpoint_options *o)
{
	return o->leave_running || o->pre_dump;
}

static int check_container(const struct session *s, struct err *e)
{
	const struct container_overlay *v = &s->c->record.overlay;

	if (s->status != STATUS_RUNNING && s->status != STATUS_PAUSED) {
		err_set(e, ERR_STATE, 0, "container cannot be checkpointed in %s state",
			container_status_name(s->status));
		return -EINVAL;
	}
	if (v->used && !v->data && !goes_on(s->o)) {
		err_set(e, ERR_STATE, 0,
			"what container '%s' has written is in memory, and would be gone", s->id);
		err_hint(e, "use --leave-running, or run it with --overlay instead of --ephemeral");
		return -EINVAL;
	}
	return 0;
}

/* ---- what was done ---- */

static void write_round(struct json_out *out, const struct checkpoint_round *r, bool pre_dump)
{
	json_out_object(out);
	json_out_member_string(out, "kind", pre_dump ? "pre-dump" : "dump");
	json_out_member_uint(out, "bytes", r->result.bytes_written);
	json_out_member_uint(out, "pagesScanned", r->result.pages_scanned);
	json_out_member_uint(out, "pagesInParent", r->result.pages_skipped_parent);
	json_out_member_uint(out, "pagesWritten", r->result.pages_written);
	json_out_member_uint(out, "freezingMicroseconds", r->result.freezing_us);
	json_out_member_uint(out, "frozenMicroseconds", r->result.frozen_us);
	json_out_member_uint(out, "microseconds", r->usec);
	json_out_end_object(out);
}

static int print_json(const struct session *s, uint64_t bytes, uint64_t usec, struct err *e)
{
	struct json_out out;

	if (json_out_init(&out, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write the result");
	json_out_object(&out);
	json_out_member_string(&out, "container", s->id);
	json_out_member_bool(&out, "running", goes_on(s->o));
	json_out_member_array(&out, "rounds");
	for (size_t i = 0; i < s->rounds.count; i++)
		write_round(&out, &s->rounds.items[i], s->o->pre_dump || i + 1 < s->rounds.count);
	json_out_end_array(&out);
	json_out_member_uint(&out, "bytes", bytes);
	json_out_member_uint(&out, "microseconds", usec);
	json_out_end_object(&out);
	return cli_print_json(&out, e);
}

static int print_result(const struct session *s, struct err *e)
{
	const struct checkpoint_round *last = &s->rounds.items[s->rounds.count - 1];
	uint64_t bytes = 0, usec = 0;
	char size[16];

	if (!s->o->format)
		return 0;
	for (size_t i = 0; i < s->rounds.count; i++) {
		bytes += s->rounds.items[i].result.bytes_written;
		usec += s->rounds.items[i].usec;
	}
	if (strcmp(s->o->format, "json") == 0)
		return print_json(s, bytes, usec, e);
	(void)printf("%s: %s of memory in %zu round%s, %.3f s; stood still for %.3f s\n", s->id,
		     cli_size_text(bytes, size, sizeof(size)), s->rounds.count,
		     s->rounds.count == 1 ? "" : "s", (double)usec / 1e6,
		     (double)last->result.frozen_us / 1e6);
	return 0;
}

/* ---- what is in the way ---- */

static void set_flags(const struct checkpoint_options *o, struct checkpoint_flags *ret)
{
	checkpoint_flags_of(&o->words, ret);
	ret->tcp_skip_in_flight = o->tcp_skip_in_flight;
	ret->link_remap = o->link_remap;
}

static int dry_run(struct session *s, struct err *e)
{
	struct checkpoint_flags flags = { 0 };

	set_flags(s->o, &flags);
	return cli_dry_run(s->cli, s->c, &flags, s->o->format && strcmp(s->o->format, "json") == 0,
			   e);
}

/* A pre-dump is about memory alone: what else there is may have gone by the time of the dump. */
static int check_blockers(struct session *s, struct err *e)
{
	struct checkpoint_flags flags = { 0 };

	if (s->o->no_preflight || s->o->pre_dump)
		return 0;
	set_flags(s->o, &flags);
	flags.tcp_skip_in_flight = true; /* the dump waits until they are accepted */
	return cli_check_blockers(s->cli, s->c, &flags, e);
}

/* ---- the verb ---- */

static int dump(struct session *s, struct err *e)
{
	const struct checkpoint_options *o = s->o;
	struct checkpoint_request rq = {
		.criu = s->cli->options.criu,
		.images = s->images,
		.work = s->work,
		.parent = o->parent_path,
		.pre_dump = o->pre_dump,
		.leave_running = o->leave_running,
		.page_server = o->page_server,
		.drain_ms = o->pre_dump ? 0 : CHECKPOINT_DRAIN_MS,
	};
	int r = status_fd(o, &rq.status_fd, e);

	if (r < 0)
		return r;
	set_flags(o, &rq.flags);
	if (o->export.file) {
		rq.complete = exporting_complete;
		rq.data = &s->export;
	}
	r = checkpoint_run_rounds(s->c, &rq, o->iterate, o->progress, &s->rounds, e);
	if (r < 0)
		s->cli->failure_code = checkpoint_exit_code(r);
	if (r < 0 && o->export.file)
		exporting_withdraw(&s->export);
	return r;
}

/*
 * With --export alone, images are only a step on the way, below the data root; so are the logs, unless they are
 * wanted. Images in a place of the user's stay there.
 */
static int open_dirs(struct session *s, struct err *e)
{
	const struct checkpoint_options *o = s->o;
	int r = o->export.file ? exporting_open(s->cli, &o->export, &s->export, e) : 0;

	if (r < 0)
		return r;
	if (o->export.file && !o->words.image_path)
		s->images = openat(s->export.store.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else
		r = checkpoint_open_images(&o->words, true, &s->images, e);
	if (r == 0 && s->images < 0)
		r = err_set(e, ERR_SYSTEM, errno, "open the directory for images");
	if (r == 0)
		r = checkpoint_open_work(&o->words, s->images, true, &s->work, e);
	s->export.images = s->images;
	return r;
}

/* Its processes are in the images now. What it wrote stays in its layers, where restore looks for it. */
static int remove_container(struct session *s, struct err *e)
{
	struct err warning = ERR_INIT;
	int r = container_destroy(s->c, s->status, DESTROY_FORCE | DESTROY_KEEP_LAYERS, &warning,
				  e);

	if (warning.kind)
		cli_report_warning(&warning);
	return r < 0 ? err_wrap(e, "the images are complete, but the container was not removed")
		     : 0;
}

/* Everything up to where something is made. */
static int prepare(struct session *s, struct err *e)
{
	int r = checkpoint_check_caller(s->cli, "checkpoint", e);

	if (r == 0)
		r = check_options(s->o, e);
	if (r == 0)
		r = cli_container(s->cli, s->id, true, &s->c, &s->status, e);
	if (r == 0)
		r = check_container(s, e);
	return r < 0 || s->o->dry_run ? r : check_blockers(s, e);
}

static int checkpoint(struct session *s, struct err *e)
{
	int r = prepare(s, e);

	if (r == 0 && s->o->dry_run)
		return dry_run(s, e);
	if (r == 0)
		r = open_dirs(s, e);
	if (r == 0)
		r = check_parent(s, e);
	if (r == 0)
		r = dump(s, e);
	if (r == 0 && !goes_on(s->o))
		r = remove_container(s, e);
	return r < 0 ? r : print_result(s, e);
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	cleanup_(session_close) struct session s = {
		.cli = cli, .o = opts, .id = args[0], .images = -EBADF, .work = -EBADF
	};
	int r = checkpoint(&s, e);

	return r < 0 ? err_wrap(e, "checkpoint %s", args[0]) : 0;
}

const struct cli_command cli_checkpoint = {
	.name = "checkpoint",
	.args = "CONTAINER",
	.summary = "Save a container's processes and memory to files",
	.options = options,
	.run = run,
	.options_size = sizeof(struct checkpoint_options),
	.min_args = 1,
	.max_args = 1,
	.also = &cli_checkpoint_inspect,
};

_Static_assert(sizeof(struct checkpoint_options) <= CLI_OPTIONS_MAX, "options fit");

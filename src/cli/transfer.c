// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "container/overlay_owner.h"
#include "oci/json_out.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/there.h"

enum {
	STEP_MS = 200,
	CONFIG_MAX = 16 << 20,
};

/* ---- names ---- */

int transfer_name_parse(const char *text, struct transfer_name *ret, struct err *e)
{
	const char *at = strchr(text, '@');
	size_t len = at ? (size_t)(at - text) : strlen(text);

	if (len > CONTAINER_ID_MAX)
		return err_set(e, ERR_USAGE, 0, "invalid container id '%.150s'", text);
	memcpy(ret->container, text, len);
	ret->container[len] = '\0';
	ret->snapshot = at ? at + 1 : NULL;
	if (at && !id_is_valid(at + 1))
		return err_set(e, ERR_USAGE, 0, "invalid name of a snapshot '%s'", at + 1);
	return container_id_check(ret->container, e);
}

int transfer_open(struct cli *cli, const char *id, struct layers **ret, struct err *e)
{
	int r = cli_data_root(cli, false, e);

	if (r == -ENOENT)
		err_set(e, ERR_STATE, 0, "container '%s' has no layers", id);
	if (r == 0)
		r = overlay_owner_enter(cli->data, id, &cli->caller, e);
	return r < 0 ? r : layers_open(cli->data, id, ret, e);
}

int transfer_read_spec(const char *bundle, struct oci_spec **ret, struct err *e)
{
	cleanup_free char *path = NULL, *text = NULL;
	cleanup_fd int fd = -EBADF;
	size_t len;
	int r;

	if (asprintf(&path, "%s/config.json", bundle) < 0) {
		path = NULL;
		return err_set(e, ERR_SYSTEM, ENOMEM, "read config.json");
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	r = fd < 0 ? -errno : io_read_file(fd, CONFIG_MAX, &text, &len);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read '%s'", path);
	return oci_spec_decode(text, len, ret, e);
}

/* ---- progress ---- */

const char *const transfer_progress_words[] = { "json", "none", NULL };

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void transfer_progress_begin(struct transfer_progress *p, const struct cli *cli, const char *what,
			     const char *how)
{
	*p = (struct transfer_progress){
		.cli = cli,
		.what = what,
		.json = how && strcmp(how, "json") == 0,
		.terminal = !how && isatty(STDERR_FILENO),
		.last = now_ms(),
	};
}

/* A line of JSON, with what is known. */
static void print_event(const struct transfer_progress *p, const char *event, const char *key,
			const char *value, const char *why)
{
	cleanup_(json_out_free) struct json_out o = { 0 };
	cleanup_free char *text = NULL;
	size_t len;

	if (json_out_init(&o, false) < 0)
		return;
	json_out_object(&o);
	json_out_member_string(&o, "progress", event);
	json_out_member_uint(&o, "bytes", p->bytes);
	if (value)
		json_out_member_string(&o, key, value);
	if (why)
		json_out_member_string(&o, "reason", why);
	json_out_end_object(&o);
	if (json_out_finish(&o, &text, &len) == 0)
		(void)fprintf(stderr, "%s\n", text);
}

void transfer_progress(void *data, uint64_t bytes)
{
	struct transfer_progress *p = data;
	int64_t now;

	p->bytes = bytes;
	if (!p->terminal && !p->json)
		return;
	now = now_ms();
	if (now - p->last < STEP_MS)
		return;
	p->last = now;
	if (p->json)
		print_event(p, p->what, NULL, NULL, NULL);
	else
		(void)fprintf(stderr, "\r%s: %.1f MiB\033[K", p->what, (double)bytes / (1 << 20));
}

void transfer_left_out(void *data, const char *path, const char *why)
{
	struct transfer_progress *p = data;
	char line[512];

	p->left_out++;
	if (p->json) {
		print_event(p, "left-out", "path", path, why);
		return;
	}
	(void)snprintf(line, sizeof(line), "'%.300s' is left out: %.150s", path, why);
	err_printable(line);
	(void)fprintf(stderr, "%sctr: %s\n", p->terminal ? "\r\033[K" : "", line);
}

void transfer_progress_end(struct transfer_progress *p, const char *digest)
{
	if (p->terminal)
		(void)fprintf(stderr, "\r\033[K");
	if (p->json)
		print_event(p, "done", "digest", digest, NULL);
}

/* ---- output ---- */

static int make_temporary(struct transfer_output *o)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	(void)snprintf(o->temporary, sizeof(o->temporary), ".ctr-%016" PRIx64, random);
	if (!o->directory)
		o->fd = openat(o->parent, o->temporary,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	else if (mkdirat(o->parent, o->temporary, 0700) == 0) /* as private as a file */
		o->fd = openat(o->parent, o->temporary,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (o->fd >= 0)
		return 0;
	o->temporary[0] = '\0';
	return -errno;
}

static int open_parent(const char *path, int *ret)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *dir = slash == path ? strdup("/")
				 : slash       ? strndup(path, (size_t)(slash - path))
					       : strdup(".");

	if (!dir)
		return -ENOMEM;
	*ret = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? -errno : 0;
}

static int use_stdout(struct transfer_output *o, struct err *e)
{
	if (isatty(STDOUT_FILENO)) {
		err_set(e, ERR_USAGE, 0, "an archive is not written to a terminal");
		err_hint(e, "name a file with --output, or redirect the output");
		return -EINVAL;
	}
	o->fd = STDOUT_FILENO;
	o->is_stdout = true;
	o->path = "standard output";
	return 0;
}

int transfer_output_open(const char *path, bool directory, struct transfer_output *ret,
			 struct err *e)
{
	cleanup_(transfer_output_close) struct transfer_output o = TRANSFER_OUTPUT_EMPTY;
	int r;

	o.directory = directory;
	if (!path || strcmp(path, "-") == 0) {
		if (directory)
			return err_set(e, ERR_USAGE, 0, "--output must name a directory");
		r = use_stdout(&o, e);
	} else {
		o.path = path;
		o.name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
		r = !*o.name ? -EISDIR : open_parent(path, &o.parent);
		if (r == 0 && directory)
			r = is_there(o.parent, o.name);
		if (r > 0)
			r = -EEXIST;
		if (r == 0)
			r = make_temporary(&o);
		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "write '%s'", path);
	}
	if (r < 0)
		return r;
	*ret = o;
	o = (struct transfer_output)TRANSFER_OUTPUT_EMPTY;
	return 0;
}

int transfer_scratch_open(const struct transfer_output *beside, struct transfer_output *ret,
			  struct err *e)
{
	cleanup_(transfer_output_close) struct transfer_output o = TRANSFER_OUTPUT_EMPTY;
	const char *tmp = getenv("TMPDIR");
	int r;

	if (!tmp || tmp[0] != '/')
		tmp = "/tmp";
	o.directory = true;
	o.parent = beside->is_stdout ? open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
				     : fcntl(beside->parent, F_DUPFD_CLOEXEC, 0);
	r = o.parent < 0 ? -errno : make_temporary(&o);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "make a temporary directory%s%s",
			       beside->is_stdout ? " in " : "", beside->is_stdout ? tmp : "");
	*ret = o;
	o = (struct transfer_output)TRANSFER_OUTPUT_EMPTY;
	return 0;
}

int transfer_output_finish(struct transfer_output *o, struct err *e)
{
	unsigned flags = o->directory ? KERNEL_RENAME_NOREPLACE : 0;
	int r;

	if (o->is_stdout)
		return 0;
	r = fsync(o->fd) < 0 ? -errno
			     : kernel_renameat2(o->parent, o->temporary, o->parent, o->name, flags);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "write '%s'", o->path);
	o->finished = true;
	return fsync(o->parent) < 0 ? err_set(e, ERR_SYSTEM, errno, "write '%s'", o->path) : 0;
}

void transfer_output_close(struct transfer_output *o)
{
	if (!o->finished && o->temporary[0])
		(void)tree_remove(o->parent, o->temporary); /* a failure leaves it to be seen */
	if (!o->is_stdout)
		close_fd(&o->fd);
	close_fd(&o->parent);
}

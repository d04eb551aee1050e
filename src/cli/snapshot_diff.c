// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr snapshot diff: what differs between two snapshots, or a snapshot and the container as it is. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/transfer.h"
#include "oci/json_out.h"
#include "rootfs/tree_diff.h"
#include "rootfs/treewalk.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/textdiff.h"

struct diff_options {
	bool stat, patch;
	const char *format;
};

static const char *const formats[] = { "text", "json", NULL };

static const struct cli_option options[] = {
	{ "stat", 0, CLI_FLAG, NULL, offsetof(struct diff_options, stat),
	  "only how many paths and bytes", NULL },
	{ "patch", 'p', CLI_FLAG, NULL, offsetof(struct diff_options, patch),
	  "show the lines that differ in text files", NULL },
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct diff_options, format),
	  "text or json", formats },
	{ 0 },
};

enum {
	PATCH_MAX = 1 << 20, /* larger files are only named */
};

struct diffing {
	const struct diff_options *o;
	struct json_out json;
	bool terminal;
	uint64_t added, changed, deleted;
	int64_t bytes; /* how much larger the new side is */
};

/* ---- text ---- */

/* As git prints names: what is not plain is quoted, so that a line is one path. */
static void print_path(const char *prefix, const char *path)
{
	bool plain = true;

	for (const char *p = path; *p; p++)
		plain = plain && !iscntrl((unsigned char)*p) && *p != '"' && *p != '\\';
	if (plain) {
		(void)printf("%s%s", prefix, path);
		return;
	}
	(void)printf("\"%s", prefix);
	for (const char *p = path; *p; p++) {
		if (iscntrl((unsigned char)*p))
			(void)printf("\\%03o", (unsigned char)*p);
		else if (*p == '"' || *p == '\\')
			(void)printf("\\%c", *p);
		else
			(void)putchar(*p);
	}
	(void)putchar('"');
}

static const char *slash_of(const struct tree_change *c)
{
	const struct tree_side *s = c->new.exists ? &c->new : &c->old;

	return S_ISDIR(s->st.st_mode) ? "/" : "";
}

static void print_change(const struct tree_change *c)
{
	const char *separator = "  (";

	(void)printf("%c ", (char)c->kind);
	print_path("/", c->path);
	(void)fputs(slash_of(c), stdout);
	for (int i = 0; tree_aspect_names[i]; i++) {
		if (!(c->aspects & (1u << i)))
			continue;
		(void)printf("%s%s", separator, tree_aspect_names[i]);
		separator = ", ";
	}
	(void)puts(c->aspects ? ")" : "");
}

/* ---- patches ---- */

/* 1: it is in *ret_text. 0: too large, not a regular file, or not there any more. */
static int read_side(const struct tree_side *s, char **ret_text, struct textdiff_text *ret)
{
	cleanup_fd int fd = -EBADF;
	int r;

	*ret = (struct textdiff_text){ "", 0 };
	if (!s->exists)
		return 1;
	if (!S_ISREG(s->st.st_mode) || s->st.st_size > PATCH_MAX)
		return 0;
	fd = treewalk_open_plain(s->dir, s->name, O_RDONLY | O_NONBLOCK);
	if (fd == -ENOENT || fd == -ELOOP) /* of a container that runs: it was there a moment ago */
		return 0;
	r = fd < 0 ? fd : io_read_file(fd, PATCH_MAX, ret_text, &ret->size);
	if (r == 0)
		ret->data = *ret_text;
	return r == -EFBIG ? 0 : r < 0 ? r : 1;
}

static void print_line(void *data, char mark, const char *text, size_t size)
{
	const struct diffing *d = data;

	if (mark != '@')
		(void)putchar(mark);
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		/* files of a container do not get to control the terminal */
		(void)putchar(d->terminal && iscntrl(c) && c != '\t' ? '?' : c);
	}
	(void)putchar('\n');
}

static void print_file_line(const char *mark, const char *prefix, const struct tree_side *s,
			    const char *path)
{
	(void)printf("%s ", mark);
	if (s->exists)
		print_path(prefix, path);
	else
		(void)fputs("/dev/null", stdout);
	(void)putchar('\n');
}

static int print_patch(struct diffing *d, const struct tree_change *c, struct err *e)
{
	cleanup_free char *old = NULL, *new = NULL;
	struct textdiff_text a, b;
	int r, s;

	if (c->kind == TREE_CHANGED && !(c->aspects & TREE_CONTENT))
		return 0;
	r = read_side(&c->old, &old, &a);
	s = read_side(&c->new, &new, &b);
	if (r < 0 || s < 0)
		return err_set(e, ERR_SYSTEM, r < 0 ? -r : -s, "read '%s'", c->path);
	if (!r || !s || !textdiff_is_text(&a) || !textdiff_is_text(&b)) {
		const struct tree_side *either = c->new.exists ? &c->new : &c->old;

		if (S_ISREG(either->st.st_mode))
			(void)puts(r && s ? "  binary, not shown" : "  too large, not shown");
		return 0;
	}
	if (!a.size && !b.size)
		return 0;
	print_file_line("---", "a/", &c->old, c->path);
	print_file_line("+++", "b/", &c->new, c->path);
	r = textdiff_unified(&a, &b, print_line, d);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "compare '%s'", c->path) : 0;
}

/* ---- JSON ---- */

static void put_side(struct json_out *o, const char *key, const struct tree_side *s)
{
	static const struct {
		mode_t mode;
		const char *word;
	} types[] = {
		{ S_IFREG, "file" },	{ S_IFDIR, "directory" }, { S_IFLNK, "symlink" },
		{ S_IFCHR, "char" },	{ S_IFBLK, "block" },	  { S_IFIFO, "fifo" },
		{ S_IFSOCK, "socket" },
	};
	char text[16];

	if (!s->exists)
		return;
	json_out_member_object(o, key);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((s->st.st_mode & S_IFMT) == types[i].mode)
			json_out_member_string(o, "type", types[i].word);
	(void)snprintf(text, sizeof(text), "%04o", (unsigned)s->st.st_mode & 07777);
	json_out_member_string(o, "mode", text);
	json_out_member_uint(o, "uid", s->st.st_uid);
	json_out_member_uint(o, "gid", s->st.st_gid);
	if (S_ISREG(s->st.st_mode))
		json_out_member_int(o, "size", s->st.st_size);
	json_out_member_int(o, "mtime", s->st.st_mtim.tv_sec);
	json_out_end_object(o);
}

static void put_change(struct json_out *o, const struct tree_change *c)
{
	static const char *const words[] = {
		[TREE_ADDED] = "added", [TREE_CHANGED] = "changed", [TREE_DELETED] = "deleted"
	};
	cleanup_free char *path = NULL;

	if (asprintf(&path, "/%s", c->path) < 0) {
		path = NULL;
		o->error = -ENOMEM;
		return;
	}
	json_out_object(o);
	json_out_member_string(o, "path", path);
	json_out_member_string(o, "change", words[c->kind]);
	if (c->kind == TREE_CHANGED) {
		json_out_member_array(o, "what");
		for (int i = 0; tree_aspect_names[i]; i++)
			if (c->aspects & (1u << i))
				json_out_string(o, tree_aspect_names[i]);
		json_out_end_array(o);
	}
	put_side(o, "old", &c->old);
	put_side(o, "new", &c->new);
	json_out_end_object(o);
}

/* ---- both ---- */

static int64_t size_of(const struct tree_side *s)
{
	return s->exists && S_ISREG(s->st.st_mode) ? s->st.st_size : 0;
}

static int on_change(void *data, const struct tree_change *c, struct err *e)
{
	struct diffing *d = data;

	d->added += c->kind == TREE_ADDED;
	d->changed += c->kind == TREE_CHANGED;
	d->deleted += c->kind == TREE_DELETED;
	d->bytes += size_of(&c->new) - size_of(&c->old);
	if (d->o->stat)
		return 0;
	if (d->json.gen) {
		put_change(&d->json, c);
		return d->json.error;
	}
	print_change(c);
	return d->o->patch ? print_patch(d, c, e) : 0;
}

static int finish(struct diffing *d, struct err *e)
{
	if (!d->json.gen) {
		if (d->o->stat)
			(void)printf("%" PRIu64 " added, %" PRIu64 " changed, %" PRIu64
				     " deleted, %+" PRId64 " bytes\n",
				     d->added, d->changed, d->deleted, d->bytes);
		return 0;
	}
	if (!d->o->stat)
		json_out_end_array(&d->json);
	json_out_member_uint(&d->json, "added", d->added);
	json_out_member_uint(&d->json, "changed", d->changed);
	json_out_member_uint(&d->json, "deleted", d->deleted);
	json_out_member_int(&d->json, "bytes", d->bytes);
	json_out_end_object(&d->json);
	return cli_print_json(&d->json, e);
}

/* A snapshot as @ret; @name NULL: the container, with what it has written. *ret_dirs: to be freed. */
static int open_side(const struct layers *l, const char *name, struct overlay_stack *s,
		     int **ret_dirs, struct tree_stack *ret, struct err *e)
{
	int r = name ? layers_snapshot_stack(l, name, s, e) : layers_stack(l, s, e);
	size_t n = 0;

	if (r < 0)
		return r;
	*ret_dirs = calloc(s->count + 1, sizeof(int));
	if (!*ret_dirs)
		return err_set(e, ERR_SYSTEM, ENOMEM, "open the layers");
	if (s->upper >= 0)
		(*ret_dirs)[n++] = s->upper;
	for (size_t i = 0; i < s->count; i++)
		(*ret_dirs)[n++] = s->lowers[i];
	*ret = (struct tree_stack){ *ret_dirs, n };
	return 0;
}

/* A descriptor for each layer and each directory on the way down. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* else a deep tree may say EMFILE */
	}
}

static int compare(struct diffing *d, const struct layers *l, char **args, struct err *e)
{
	cleanup_(overlay_stack_close) struct overlay_stack a = OVERLAY_STACK_EMPTY;
	cleanup_(overlay_stack_close) struct overlay_stack b = OVERLAY_STACK_EMPTY;
	cleanup_free int *old_dirs = NULL, *new_dirs = NULL;
	struct tree_stack old, new;
	int r = open_side(l, args[1], &a, &old_dirs, &old, e);

	if (r == 0)
		r = open_side(l, args[2], &b, &new_dirs, &new, e);
	return r < 0 ? r : tree_diff(&old, &new, on_change, d, e);
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct diff_options *o = opts;
	cleanup_(transfer_closep) struct layers *l = NULL;
	struct diffing d = { .o = o, .terminal = isatty(STDOUT_FILENO) };
	bool json = o->format && strcmp(o->format, "json") == 0;
	int r = container_id_check(args[0], e);

	if (r == 0 && o->patch && (json || o->stat))
		r = err_set(e, ERR_USAGE, 0, "--patch is for text, and not for --stat");
	if (r == 0)
		r = transfer_open(cli, args[0], &l, e);
	if (r == 0 && json && json_out_init(&d.json, true) < 0)
		r = err_set(e, ERR_SYSTEM, ENOMEM, "print the differences");
	if (r < 0)
		return r;
	if (json) {
		json_out_object(&d.json);
		if (!o->stat)
			json_out_member_array(&d.json, "changes");
	}
	allow_descriptors();
	r = compare(&d, l, args, e);
	if (r == 0)
		r = finish(&d, e);
	json_out_free(&d.json);
	return r;
}

const struct cli_command cli_snapshot_diff = {
	.name = "snapshot diff",
	.args = "CONTAINER SNAPSHOT [SNAPSHOT]",
	.summary = "Show what differs between two snapshots, or a snapshot and now",
	.options = options,
	.run = run,
	.options_size = sizeof(struct diff_options),
	.min_args = 2,
	.max_args = 3,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr checkpoint inspect: what is in images, or in an archive of them; and whether a bundle allows it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint/images.h"
#include "cli/checkpoint_archive.h"
#include "oci/json_out.h"
#include "oci/names.h"
#include "util/cleanup.h"

struct inspect_options {
	const char *format, *verify_key, *bundle;
	bool config;
};

static const char *const formats[] = { "text", "json", NULL };

static const struct cli_option options[] = {
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct inspect_options, format),
	  "text or json", formats },
	{ "config", 0, CLI_FLAG, NULL, offsetof(struct inspect_options, config),
	  "print the config.json of an archive, and nothing else", NULL },
	{ "verify-key", 0, CLI_STRING, "FILE", offsetof(struct inspect_options, verify_key),
	  "an archive must be signed with this key", NULL },
	{ "bundle", 'b', CLI_STRING, "DIR", offsetof(struct inspect_options, bundle),
	  "would they be allowed as a container of this bundle?", NULL },
	{ 0 },
};

struct inspection {
	struct cli *cli;
	const struct inspect_options *o;
	struct archive *archive; /* NULL: a directory */
	struct archive_store store;
	int images;
	bool verified;
	struct images_summary *summary;
};

static void end_inspection(struct inspection *x)
{
	archive_close(x->archive);
	archive_store_close(&x->store);
	close_fd(&x->images);
	free(x->summary);
}

/* ---- text ---- */

static void line(const char *name, const char *value)
{
	if (value && *value)
		(void)printf("%-14s%s\n", name, value);
}

static const char *signature_text(const struct inspection *x, char *buf, size_t size)
{
	const struct archive_manifest *m = archive_manifest(x->archive);

	if (!m->signature)
		return "none";
	(void)snprintf(buf, size, "%s%s%s, %s", seal_names[m->signature],
		       m->signature_key && *m->signature_key ? " of " : "",
		       m->signature_key ? m->signature_key : "",
		       x->verified ? "verified" : "not verified: see --verify-key");
	return buf;
}

static void print_layers(const struct archive_manifest *m)
{
	uint64_t size = 0;
	char text[32];

	for (size_t i = 0; i < m->file_count; i++)
		if (strncmp(m->files[i].name, "rootfs/", 7) == 0)
			size += m->files[i].size;
	if (m->layer_count)
		(void)printf("%-14s%zu layer%s, %s\n", "files", m->layer_count,
			     m->layer_count == 1 ? "" : "s",
			     cli_size_text(size, text, sizeof(text)));
	else
		line("files", "none: they stay in the bundle's root filesystem");
}

static void print_archive(const struct inspection *x)
{
	const struct archive_manifest *m = archive_manifest(x->archive);
	char text[256];

	line("container", m->container);
	line("created", m->created);
	line("ctr", m->ctr);
	line("criu", m->criu);
	line("kernel", m->kernel);
	line("architecture", m->architecture);
	line("cpu", m->cpu);
	line("network", m->network);
	line("token", m->token);
	line("digest", m->digest);
	line("config", m->files[0].digest);
	line("signature", signature_text(x, text, sizeof(text)));
	print_layers(m);
}

/* Children below their parent; what is not reached that way is of no tree, and comes last. */
static void print_tree(const struct images_summary *s, uint32_t parent, int depth, bool *shown)
{
	uint32_t n = s->task_count < IMAGES_TASKS_SHOWN ? s->task_count : IMAGES_TASKS_SHOWN;
	char size[32];

	for (uint32_t i = 0; i < n; i++) {
		const struct images_task *t = &s->tasks[i];

		if (shown[i] || t->ppid != parent)
			continue;
		shown[i] = true;
		(void)printf(
			"%*s%u %s  (user %u, %u thread%s, %s)\n", 2 + 2 * (depth < 30 ? depth : 30),
			"", t->pid, *t->command ? t->command : "?", t->uid, t->threads,
			t->threads == 1 ? "" : "s", cli_size_text(t->memory, size, sizeof(size)));
		if (depth < IMAGES_TASKS_SHOWN)
			print_tree(s, t->pid, depth + 1, shown);
	}
}

static void print_namespaces(const struct images_summary *s)
{
	(void)printf("%-14s", "namespaces");
	for (int i = 0; i < OCI_NS_COUNT; i++)
		if (s->namespaces >> i & 1)
			(void)printf("%s ", oci_names_of(&oci_namespace_names, (uint64_t)i));
	(void)printf("\n");
}

static void print_summary(const struct images_summary *s)
{
	bool shown[IMAGES_TASKS_SHOWN] = { false };
	uint32_t mounts =
		s->mount_count < IMAGES_MOUNTS_SHOWN ? s->mount_count : IMAGES_MOUNTS_SHOWN;
	char memory[32], parent[32];

	(void)printf("%-14s%s%s%s%s\n", "memory", cli_size_text(s->memory, memory, sizeof(memory)),
		     s->has_parent ? ", and " : "",
		     s->has_parent ? cli_size_text(s->parent_memory, parent, sizeof(parent)) : "",
		     s->has_parent ? " in the images that these are based on" : "");
	if (s->pre_dump) {
		line("kind", "pre-dump: memory only");
		return;
	}
	print_namespaces(s);
	(void)printf("%-14s%u; TCP: %u connected, %u listening\n", "open files", s->open_files,
		     s->tcp_connections, s->listeners);
	(void)printf("processes     %u\n", s->task_count);
	print_tree(s, 0, 0, shown);
	(void)printf("mounts        %u\n", s->mount_count);
	for (uint32_t i = 0; i < mounts; i++)
		(void)printf("  %s  (%s%s%s)\n", s->mounts[i].destination, s->mounts[i].type,
			     s->mounts[i].readonly ? ", read-only" : "",
			     s->mounts[i].external ? ", from outside" : "");
}

/* ---- JSON ---- */

static void put_archive(struct json_out *o, const struct inspection *x)
{
	const struct archive_manifest *m = archive_manifest(x->archive);

	json_out_member_string(o, "container", m->container);
	json_out_member_string(o, "created", m->created);
	json_out_member_string(o, "ctr", m->ctr);
	json_out_member_string(o, "criu", m->criu);
	json_out_member_string(o, "kernel", m->kernel);
	json_out_member_string(o, "cpu", m->cpu);
	json_out_member_string(o, "network", m->network);
	json_out_member_string(o, "token", m->token);
	json_out_member_string(o, "digest", m->digest);
	json_out_member_string(o, "configDigest", m->files[0].digest);
	json_out_member_object(o, "signature");
	json_out_member_string(o, "algorithm", m->signature ? seal_names[m->signature] : NULL);
	json_out_member_string(o, "key", m->signature_key);
	json_out_member_bool(o, "verified", x->verified);
	json_out_end_object(o);
	json_out_member_uint(o, "layers", m->layer_count);
	json_out_member_array(o, "files");
	for (size_t i = 0; i < m->file_count; i++) {
		json_out_object(o);
		json_out_member_string(o, "name", m->files[i].name);
		json_out_member_uint(o, "size", m->files[i].size);
		json_out_member_string(o, "digest", m->files[i].digest);
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

static void put_tasks(struct json_out *o, const struct images_summary *s)
{
	json_out_member_array(o, "processes");
	for (uint32_t i = 0; i < s->task_count && i < IMAGES_TASKS_SHOWN; i++) {
		const struct images_task *t = &s->tasks[i];

		json_out_object(o);
		json_out_member_uint(o, "pid", t->pid);
		json_out_member_uint(o, "ppid", t->ppid);
		json_out_member_string(o, "command", t->command);
		json_out_member_uint(o, "uid", t->uid);
		json_out_member_uint(o, "gid", t->gid);
		json_out_member_uint(o, "threads", t->threads);
		json_out_member_uint(o, "memory", t->memory);
		json_out_member_uint(o, "seccomp", t->seccomp);
		json_out_member_array(o, "capabilities");
		for (int c = 0; c < 64; c++)
			if (t->capabilities >> c & 1)
				json_out_string(o,
						oci_names_of(&oci_capability_names, (uint64_t)c));
		json_out_end_array(o);
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

static void put_mounts(struct json_out *o, const struct images_summary *s)
{
	json_out_member_array(o, "mounts");
	for (uint32_t i = 0; i < s->mount_count && i < IMAGES_MOUNTS_SHOWN; i++) {
		json_out_object(o);
		json_out_member_string(o, "destination", s->mounts[i].destination);
		json_out_member_string(o, "type", s->mounts[i].type);
		json_out_member_bool(o, "external", s->mounts[i].external);
		json_out_member_bool(o, "readonly", s->mounts[i].readonly);
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

static void put_summary(struct json_out *o, const struct images_summary *s)
{
	json_out_member_string(o, "architecture", s->architecture);
	json_out_member_bool(o, "preDump", s->pre_dump);
	json_out_member_uint(o, "memory", s->memory);
	json_out_member_uint(o, "parentMemory", s->parent_memory);
	json_out_member_uint(o, "size", s->size);
	json_out_member_uint(o, "processCount", s->task_count);
	json_out_member_uint(o, "mountCount", s->mount_count);
	json_out_member_uint(o, "openFiles", s->open_files);
	json_out_member_uint(o, "tcpConnections", s->tcp_connections);
	json_out_member_uint(o, "tcpListeners", s->listeners);
	json_out_member_array(o, "namespaces");
	for (int i = 0; i < OCI_NS_COUNT; i++)
		if (s->namespaces >> i & 1)
			json_out_string(o, oci_names_of(&oci_namespace_names, (uint64_t)i));
	json_out_end_array(o);
	put_tasks(o, s);
	put_mounts(o, s);
}

static int print_json(const struct inspection *x, struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write what is in it");
	json_out_object(&o);
	if (x->archive)
		put_archive(&o, x);
	put_summary(&o, x->summary);
	json_out_end_object(&o);
	return cli_print_json(&o, e);
}

/* ---- looking ---- */

static void free_filter(struct seccomp_filter *f)
{
	security_filter_free(f);
}

/* The first gate of a restore, without one. */
static int check_bundle(const struct inspection *x, struct err *e)
{
	cleanup_(oci_spec_freep) struct oci_spec *spec = NULL;
	cleanup_(free_filter) struct seccomp_filter filter = { 0 };
	struct images_rules rules = { .root = -EBADF, .authentic = x->verified, .filter = &filter };
	int r = transfer_read_spec(x->o->bundle, &spec, e);

	if (r == 0)
		r = oci_spec_validate(spec, e);
	if (r == 0 && spec->linux_.seccomp.set)
		r = security_filter_compile(&spec->linux_.seccomp, &filter, e);
	if (r < 0)
		return r;
	rules.spec = spec;
	r = images_check(x->images, &rules, e);
	if (r < 0)
		(void)err_wrap(e, "not allowed with '%s'",
			       x->o->bundle); /* the code is that of the check */
	return r;
}

static int open_directory(struct inspection *x, const char *path, struct err *e)
{
	if (x->o->config || x->o->verify_key)
		return err_set(e, ERR_USAGE, 0,
			       "options --config and --verify-key are for archives");
	x->images = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return x->images < 0 ? err_set(e, ERR_SYSTEM, errno, "open '%s'", path) : 0;
}

static int print_config(struct inspection *x, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	int r = archive_config(x->archive, &text, &size, e);

	if (r == 0 && fwrite(text, 1, size, stdout) != size)
		r = err_set(e, ERR_SYSTEM, errno, "write config.json");
	return r;
}

static int unpack(struct inspection *x, struct err *e)
{
	int r = cli_data_root(x->cli, true, e);

	if (r == 0)
		r = archive_store_open(x->cli->data, &x->store, e);
	if (r == 0)
		r = archive_unpack(x->archive, x->store.dir, NULL, NULL, e);
	if (r < 0)
		return r;
	x->images = openat(x->store.dir, "images", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return x->images < 0 ? err_set(e, ERR_SYSTEM, errno, "open the images") : 0;
}

static int open_archive(struct inspection *x, const char *path, struct err *e)
{
	cleanup_fd int fd = -EBADF;
	const char *why;
	int r = importing_open_file(path, &fd, e);

	if (r == 0)
		r = archive_open(fd, &x->archive, e);
	if (r == 0 && x->o->verify_key)
		r = importing_vouch(x->cli, x->archive, x->o->verify_key, true, &x->verified, &why,
				    e);
	if (r < 0)
		return r;
	return x->o->config ? print_config(x, e) : unpack(x, e);
}

static int inspect(struct inspection *x, const char *path, struct err *e)
{
	struct stat st;
	bool directory = strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	int r = directory ? open_directory(x, path, e) : open_archive(x, path, e);

	if (r < 0 || x->o->config)
		return r;
	x->summary = calloc(1, sizeof(*x->summary));
	if (!x->summary)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the images");
	r = images_look(x->images, x->summary, e);
	if (r == 0 && x->o->bundle)
		r = check_bundle(x, e);
	if (r < 0)
		return r;
	if (x->o->format && strcmp(x->o->format, "json") == 0)
		return print_json(x, e);
	if (x->archive)
		print_archive(x);
	print_summary(x->summary);
	return 0;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	cleanup_(end_inspection) struct inspection x = {
		.cli = cli, .o = opts, .store = ARCHIVE_STORE_EMPTY, .images = -EBADF
	};
	int r = inspect(&x, args[0], e);

	if (r == -EBADMSG)
		cli->failure_code = CHECKPOINT_EXIT_BAD_IMAGES;
	return r < 0 ? err_wrap(e, "inspect '%s'", args[0]) : 0;
}

const struct cli_command cli_checkpoint_inspect = {
	.name = "checkpoint inspect",
	.args = "FILE|DIR",
	.summary = "Show what is in an archive, or in a directory of images",
	.options = options,
	.run = run,
	.options_size = sizeof(struct inspect_options),
	.min_args = 1,
	.max_args = 1,
};

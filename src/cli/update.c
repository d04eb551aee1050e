// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr update: change the limits of a living container. Options become a resources document. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "container/update.h"
#include "oci/json.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/num.h"

struct update_options {
	const char *resources;
	const char *memory, *memory_reservation, *memory_swap, *kernel_memory, *kernel_memory_tcp;
	const char *cpu_shares, *cpu_share, *cpu_period, *cpu_quota, *cpu_burst, *cpu_idle;
	const char *cpu_rt_period, *cpu_rt_runtime, *cpuset_cpus, *cpuset_mems;
	const char *pids_limit, *blkio_weight, *l3_cache_schema, *mem_bw_schema;
	struct cli_list unified;
};

#define AT(member) offsetof(struct update_options, member)

static const struct cli_option options[] = {
	{ "resources", 'r', CLI_STRING, "FILE", AT(resources),
	  "read linux.resources from a file, or - for the standard input", NULL },
	{ "memory", 0, CLI_STRING, "BYTES", AT(memory), "limit of memory; -1: none", NULL },
	{ "memory-reservation", 0, CLI_STRING, "BYTES", AT(memory_reservation),
	  "memory that is protected from reclaim", NULL },
	{ "memory-swap", 0, CLI_STRING, "BYTES", AT(memory_swap),
	  "limit of memory and swap together; -1: none", NULL },
	{ "kernel-memory", 0, CLI_STRING, "BYTES", AT(kernel_memory),
	  "has no meaning any more: a warning", NULL },
	{ "kernel-memory-tcp", 0, CLI_STRING, "BYTES", AT(kernel_memory_tcp),
	  "has no meaning any more: a warning", NULL },
	{ "cpu-shares", 0, CLI_STRING, "N", AT(cpu_shares), "weight, 2 to 262144", NULL },
	{ "cpu-share", 0, CLI_STRING, "N", AT(cpu_share), "the same as --cpu-shares", NULL },
	{ "cpu-period", 0, CLI_STRING, "USEC", AT(cpu_period), "period of the quota", NULL },
	{ "cpu-quota", 0, CLI_STRING, "USEC", AT(cpu_quota), "CPU time per period; -1: all", NULL },
	{ "cpu-burst", 0, CLI_STRING, "USEC", AT(cpu_burst), "unused quota that may be saved up",
	  NULL },
	{ "cpu-idle", 0, CLI_STRING, "0|1", AT(cpu_idle), "1: run only when nobody else wants to",
	  NULL },
	{ "cpu-rt-period", 0, CLI_STRING, "USEC", AT(cpu_rt_period),
	  "of cgroup v1: refused unless 0", NULL },
	{ "cpu-rt-runtime", 0, CLI_STRING, "USEC", AT(cpu_rt_runtime),
	  "of cgroup v1: refused unless 0", NULL },
	{ "cpuset-cpus", 0, CLI_STRING, "LIST", AT(cpuset_cpus), "CPUs to use: 0-3,7", NULL },
	{ "cpuset-mems", 0, CLI_STRING, "LIST", AT(cpuset_mems), "memory nodes to use", NULL },
	{ "pids-limit", 0, CLI_STRING, "N", AT(pids_limit), "number of tasks; -1: unlimited",
	  NULL },
	{ "blkio-weight", 0, CLI_STRING, "N", AT(blkio_weight), "weight of I/O, 10 to 1000", NULL },
	{ "unified", 0, CLI_LIST, "FILE=VALUE", AT(unified),
	  "any file of the cgroup's controllers (repeatable)", NULL },
	{ "l3-cache-schema", 0, CLI_STRING, "SCHEMA", AT(l3_cache_schema),
	  "intelRdt: share of the L3 cache", NULL },
	{ "mem-bw-schema", 0, CLI_STRING, "SCHEMA", AT(mem_bw_schema),
	  "intelRdt: share of the memory bandwidth", NULL },
	{ 0 },
};

enum field_kind {
	FIELD_NUMBER,
	FIELD_SIZE,
	FIELD_WORDS,
};

/* Where an option goes in the document, sorted by object. */
static const struct field {
	const char *object, *member;
	const char *option;
	size_t offset;
	enum field_kind kind;
	bool zero; /* 0 is a value */
} fields[] = {
	{ "memory", "limit", "memory", AT(memory), FIELD_SIZE, false },
	{ "memory", "reservation", "memory-reservation", AT(memory_reservation), FIELD_SIZE,
	  false },
	{ "memory", "swap", "memory-swap", AT(memory_swap), FIELD_SIZE, false },
	{ "cpu", "shares", "cpu-shares", AT(cpu_shares), FIELD_NUMBER, false },
	{ "cpu", "period", "cpu-period", AT(cpu_period), FIELD_NUMBER, false },
	{ "cpu", "quota", "cpu-quota", AT(cpu_quota), FIELD_NUMBER, false },
	{ "cpu", "burst", "cpu-burst", AT(cpu_burst), FIELD_NUMBER, true },
	{ "cpu", "idle", "cpu-idle", AT(cpu_idle), FIELD_NUMBER, true },
	{ "cpu", "realtimePeriod", "cpu-rt-period", AT(cpu_rt_period), FIELD_NUMBER, true },
	{ "cpu", "realtimeRuntime", "cpu-rt-runtime", AT(cpu_rt_runtime), FIELD_NUMBER, true },
	{ "cpu", "cpus", "cpuset-cpus", AT(cpuset_cpus), FIELD_WORDS, false },
	{ "cpu", "mems", "cpuset-mems", AT(cpuset_mems), FIELD_WORDS, false },
	{ "pids", "limit", "pids-limit", AT(pids_limit), FIELD_NUMBER, false },
	{ "blockIO", "weight", "blkio-weight", AT(blkio_weight), FIELD_NUMBER, false },
};

static const char *value_of(const struct update_options *o, const struct field *f)
{
	return *(const char *const *)(const void *)((const char *)o + f->offset);
}

static int put_value(struct json_out *out, const struct field *f, const char *text, struct err *e)
{
	int64_t n = 0;
	int r;

	if (f->kind == FIELD_WORDS) {
		if (!*text)
			return err_set(e, ERR_USAGE, 0, "option --%s: the list is empty",
				       f->option);
		json_out_member_string(out, f->member, text);
		return 0;
	}
	r = f->kind == FIELD_SIZE ? num_parse_size(text, &n) : num_parse_i64(text, &n);
	if (r < 0) {
		err_set(e, ERR_USAGE, 0, "option --%s: '%s' is not a %s", f->option, text,
			f->kind == FIELD_SIZE ? "size" : "number");
		if (f->kind == FIELD_SIZE)
			err_hint(e, "write bytes, or a number with k, m or g; -1 is unlimited");
		return -EINVAL;
	}
	/* in a document it means "not set": whoever writes it here means something else */
	if (n == 0 && !f->zero) {
		err_set(e, ERR_USAGE, 0, "option --%s: 0 would change nothing", f->option);
		err_hint(e, "-1 is unlimited");
		return -EINVAL;
	}
	json_out_member_int(out, f->member, n);
	return 0;
}

static int put_fields(struct json_out *out, const struct update_options *o, struct err *e)
{
	const char *open = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fields); i++) {
		const char *text = value_of(o, &fields[i]);

		if (!text)
			continue;
		if (!open || strcmp(open, fields[i].object) != 0) {
			if (open)
				json_out_end_object(out);
			open = fields[i].object;
			json_out_member_object(out, open);
		}
		r = put_value(out, &fields[i], text, e);
	}
	if (open)
		json_out_end_object(out);
	return r;
}

static int put_unified(struct json_out *out, const struct cli_list *list, struct err *e)
{
	if (!list->count)
		return 0;
	json_out_member_object(out, "unified");
	for (size_t i = 0; i < list->count; i++) {
		size_t key = strcspn(list->items[i], "=");
		char name[64];

		if (!list->items[i][key] || key >= sizeof(name))
			return err_set(e, ERR_USAGE, 0, "--unified '%.100s' is not FILE=VALUE",
				       list->items[i]);
		memcpy(name, list->items[i], key);
		name[key] = '\0';
		json_out_member_string(out, name, list->items[i] + key + 1);
	}
	json_out_end_object(out);
	return 0;
}

/* All options but --resources as a document. */
static int make_document(const struct update_options *o, char **ret_text, size_t *ret_len,
			 struct err *e)
{
	struct json_out out;
	int r;

	if (json_out_init(&out, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "prepare the update");
	json_out_object(&out);
	r = put_fields(&out, o, e);
	if (r == 0)
		r = put_unified(&out, &o->unified, e);
	json_out_end_object(&out);
	if (r == 0 && (r = json_out_finish(&out, ret_text, ret_len)) < 0)
		err_set(e, ERR_SYSTEM, -r, "prepare the update");
	json_out_free(&out);
	return r;
}

static const char *document_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "the standard input" : path;
}

static int read_document(const char *path, char **ret_text, size_t *ret_len, struct err *e)
{
	bool in = strcmp(path, "-") == 0;
	cleanup_fd int fd = in ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			       : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r = fd < 0 ? -errno : io_read_stream(fd, JSON_TEXT_MAX, ret_text, ret_len);

	return r < 0 ? err_set(e, ERR_USAGE, -r, "read the resources from '%s'",
			       document_name(path))
		     : 0;
}

static void warn_differs(void *data, const struct cgroup_file *f, const char *found)
{
	(void)data;
	(void)fprintf(stderr, "ctr: warning: wrote '%s' to '%s', but it holds '%.200s'\n", f->value,
		      f->name, found);
}

static int apply(struct cli *cli, const char *id, const struct container_update *u, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	int r = cli_container(cli, id, true, &c, &status, e);

	return r < 0 ? r : container_update(c, status, u, e);
}

static bool asks_other(const struct update_options *o)
{
	return o->l3_cache_schema || o->mem_bw_schema || o->kernel_memory || o->kernel_memory_tcp;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	struct update_options o = *(const struct update_options *)opts;
	cleanup_free char *file = NULL, *text = NULL;
	struct container_update_document documents[2];
	struct container_update u = { .documents = documents,
				      .l3_cache_schema = o.l3_cache_schema,
				      .mem_bw_schema = o.mem_bw_schema,
				      .differs = warn_differs };
	size_t file_len = 0, len = 0;
	int r = 0;

	if (o.kernel_memory || o.kernel_memory_tcp)
		(void)fprintf(stderr, "ctr: warning: kernel memory has no limit of its own in "
				      "cgroup v2: --kernel-memory is ignored\n");
	if (!o.cpu_shares)
		o.cpu_shares = o.cpu_share;
	if (o.resources)
		r = read_document(o.resources, &file, &file_len, e);
	if (r == 0)
		r = make_document(&o, &text, &len, e);
	if (r == 0 && !file && text && strcmp(text, "{}") == 0 && !asks_other(&o)) {
		r = err_set(e, ERR_USAGE, 0, "nothing to change");
		err_hint(e, "give --resources FILE or one of the options in --help");
	}
	if (r < 0)
		return err_wrap(e, "update %s", args[0]);
	if (file)
		documents[u.count++] =
			(struct container_update_document){ document_name(o.resources), file,
							    file_len };
	if (text && strcmp(text, "{}") != 0)
		documents[u.count++] = (struct container_update_document){ "options", text, len };
	r = apply(cli, args[0], &u, e);
	return r < 0 ? err_wrap(e, "update %s", args[0]) : 0;
}

const struct cli_command cli_update = {
	.name = "update",
	.args = "CONTAINER",
	.summary = "Change the limits of a container while it runs",
	.options = options,
	.run = run,
	.options_size = sizeof(struct update_options),
	.min_args = 1,
	.max_args = 1,
};

_Static_assert(sizeof(struct update_options) <= CLI_OPTIONS_MAX, "options fit");

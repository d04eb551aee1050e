// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr spec: write a default config.json. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "oci/default_spec.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/num.h"

enum {
	UUID_SIZE = 16,
	MAP_COUNT = 65536 /* ids of a system, up to "nobody" */
};

enum {
	TTY_GROUP = 5 /* of terminals, by Linux tradition */
};

struct spec_options {
	const char *bundle, *config, *userns;
	bool rootless, system;
};

static const struct cli_option options[] = {
	{ "bundle", 'b', CLI_STRING, "DIR", offsetof(struct spec_options, bundle),
	  "write it there instead of here", NULL },
	{ "config", 'f', CLI_STRING, "FILE", offsetof(struct spec_options, config),
	  "write this file instead of config.json", NULL },
	{ "rootless", 0, CLI_FLAG, NULL, offsetof(struct spec_options, rootless),
	  "for a container without root's privileges", NULL },
	{ "system", 0, CLI_FLAG, NULL, offsetof(struct spec_options, system),
	  "for an init system such as systemd", NULL },
	{ "userns", 0, CLI_STRING, "FIRST[:COUNT]", offsetof(struct spec_options, userns),
	  "a user namespace: ids from 0 on are those from FIRST on outside", NULL },
	{ 0 },
};

/* An existing config is somebody's work: never overwritten. */
static int write_config(const char *bundle, const char *name, const char *text, size_t len,
			struct err *e)
{
	cleanup_fd int dir = open(bundle, O_DIRECTORY | O_RDONLY | O_CLOEXEC), fd = -EBADF;
	char path[4096];
	int r;

	(void)snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : bundle,
		       name[0] == '/' ? "" : "/", name); /* for messages */
	if (dir < 0)
		return err_set(e, ERR_USAGE, errno, "open the bundle '%s'", bundle);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0) {
		int saved = errno;

		err_set(e, ERR_USAGE, saved, "write '%s'", path);
		if (saved == EEXIST)
			err_hint(e, "move it away first");
		return -saved;
	}
	r = io_write_all(fd, text, len);
	if (r < 0) {
		(void)unlinkat(dir, name, 0);
		return err_set(e, ERR_SYSTEM, -r, "write '%s'", path);
	}
	return 0;
}

/* Is there such a group in our user namespace? Each line of the map: first one inside, outside, count. */
static bool is_mapped(unsigned long gid)
{
	FILE *f = fopen("/proc/self/gid_map", "re");
	unsigned long first, count;
	bool found = !f;

	while (f && !found && fscanf(f, "%lu %*u %lu", &first, &count) == 2)
		found = gid >= first && gid - first < count;
	if (f)
		(void)fclose(f); /* read only: nothing to lose */
	return found;
}

/* A random one (RFC 9562, version 4), so that the system is the same at each start, and no other is. */
static int make_uuid(char *text, size_t size, struct err *e)
{
	unsigned char b[UUID_SIZE];
	int n = 0;

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return err_set(e, ERR_SYSTEM, errno, "make a machine id");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (unsigned i = 0; i < sizeof(b); i++)
		n += snprintf(text + n, size - (size_t)n, "%s%02x",
			      i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
	return 0;
}

/* "100000" or "100000:65536"; both must fit into what the kernel takes for ids. */
static int parse_userns(const char *text, struct oci_default_options *d, struct err *e)
{
	size_t len = strcspn(text, ":");
	int r = num_parse_id(text, len, &d->map_first);

	d->map_count = MAP_COUNT;
	if (r == 0 && text[len])
		r = num_parse_id(text + len + 1, strlen(text + len + 1), &d->map_count);
	if (r == 0 && d->map_count && d->map_count <= UINT32_MAX - d->map_first)
		return 0;
	err_set(e, ERR_USAGE, 0, "--userns '%s': not a range of ids", text);
	err_hint(e, "the first id outside and how many, for example 100000:65536");
	return -EINVAL;
}

static int check_options(const struct spec_options *o, struct err *e)
{
	if (!o->rootless || !(o->system || o->userns))
		return 0;
	err_set(e, ERR_USAGE, 0, "--rootless cannot be combined with %s",
		o->system ? "--system" : "--userns");
	err_hint(e, "it maps one id only; --userns FIRST:COUNT maps a range");
	return -EINVAL;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct spec_options *o = opts;
	char uuid[UUID_SIZE * 2 + 5];
	struct oci_default_options d = { .rootless = o->rootless,
					 .system = o->system,
					 .no_tty_group = !o->userns && !is_mapped(TTY_GROUP),
					 .uid = cli->caller.uid,
					 .gid = cli->caller.gid };
	cleanup_free char *text = NULL;
	size_t len;
	int r = check_options(o, e);

	(void)args;
	if (r == 0 && o->userns)
		r = parse_userns(o->userns, &d, e);
	if (r == 0 && o->system) {
		r = make_uuid(uuid, sizeof(uuid), e);
		d.uuid = uuid;
	}
	if (r == 0)
		r = oci_default_spec(&d, &text, &len, e);

	return r < 0 ? r
		     : write_config(o->bundle ? o->bundle : ".",
				    o->config ? o->config : "config.json", text, len, e);
}

const struct cli_command cli_spec = {
	.name = "spec",
	.args = "",
	.summary = "Write a default config.json",
	.options = options,
	.run = run,
	.options_size = sizeof(struct spec_options),
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr spec: write a default config.json. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "oci/default_spec.h"
#include "util/cleanup.h"
#include "util/io.h"

struct spec_options {
	const char *bundle, *config;
	bool rootless;
};

static const struct cli_option options[] = {
	{ "bundle", 'b', CLI_STRING, "DIR", offsetof(struct spec_options, bundle),
	  "write it there instead of here", NULL },
	{ "config", 'f', CLI_STRING, "FILE", offsetof(struct spec_options, config),
	  "write this file instead of config.json", NULL },
	{ "rootless", 0, CLI_FLAG, NULL, offsetof(struct spec_options, rootless),
	  "for a container without root's privileges", NULL },
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

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct spec_options *o = opts;
	struct oci_default_options d = { .rootless = o->rootless,
					 .uid = geteuid(),
					 .gid = getegid() };
	cleanup_free char *text = NULL;
	size_t len;
	int r = oci_default_spec(&d, &text, &len, e);

	(void)cli;
	(void)args;
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

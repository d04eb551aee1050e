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

enum {
	TTY_GROUP = 5 /* of terminals, by Linux tradition */
};

struct spec_options {
	const char *bundle;
	bool rootless;
};

static const struct cli_option options[] = {
	{ "bundle", 'b', CLI_STRING, "DIR", offsetof(struct spec_options, bundle),
	  "write it there instead of here", NULL },
	{ "rootless", 0, CLI_FLAG, NULL, offsetof(struct spec_options, rootless),
	  "for a container without root's privileges", NULL },
	{ 0 },
};

/* An existing config is somebody's work: never overwritten. */
static int write_config(const char *bundle, const char *text, size_t len, struct err *e)
{
	cleanup_fd int dir = open(bundle, O_DIRECTORY | O_RDONLY | O_CLOEXEC), fd = -EBADF;
	int r;

	if (dir < 0)
		return err_set(e, ERR_USAGE, errno, "open the bundle '%s'", bundle);
	fd = openat(dir, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0) {
		int saved = errno;

		err_set(e, ERR_USAGE, saved, "write '%s/config.json'", bundle);
		if (saved == EEXIST)
			err_hint(e, "move it away first");
		return -saved;
	}
	r = io_write_all(fd, text, len);
	if (r < 0) {
		(void)unlinkat(dir, "config.json", 0);
		return err_set(e, ERR_SYSTEM, -r, "write '%s/config.json'", bundle);
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

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct spec_options *o = opts;
	struct oci_default_options d = { .rootless = o->rootless,
					 .no_tty_group = !is_mapped(TTY_GROUP),
					 .uid = cli->caller.uid,
					 .gid = cli->caller.gid };
	cleanup_free char *text = NULL;
	size_t len;
	int r = oci_default_spec(&d, &text, &len, e);

	(void)args;
	return r < 0 ? r : write_config(o->bundle ? o->bundle : ".", text, len, e);
}

const struct cli_command cli_spec = {
	.name = "spec",
	.args = "",
	.summary = "Write a default config.json",
	.options = options,
	.run = run,
	.options_size = sizeof(struct spec_options),
};

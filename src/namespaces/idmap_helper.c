// SPDX-License-Identifier: GPL-2.0-or-later
/* See idmap_helper.h. */
#include "namespaces/idmap_helper.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/child.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	DEADLINE_MS = 20000, /* they may ask a directory service for the user's ranges */
	NUMBER_SIZE = 12
};

/* Everything that differs between the two. The last place is NixOS'. */
static const struct idmap_helper_info helpers[] = {
	[IDMAP_NEWUIDMAP] = { "newuidmap",
			      "/etc/subuid",
			      { "/usr/bin/newuidmap", "/bin/newuidmap", "/usr/local/bin/newuidmap",
				"/run/wrappers/bin/newuidmap" } },
	[IDMAP_NEWGIDMAP] = { "newgidmap",
			      "/etc/subgid",
			      { "/usr/bin/newgidmap", "/bin/newgidmap", "/usr/local/bin/newgidmap",
				"/run/wrappers/bin/newgidmap" } },
};

const struct idmap_helper_info *idmap_helper_info(enum idmap_helper which)
{
	return &helpers[which];
}

const char *idmap_helper_find(enum idmap_helper which)
{
	for (size_t i = 0; i < ARRAY_SIZE(helpers[which].places); i++)
		if (access(helpers[which].places[i], X_OK) == 0)
			return helpers[which].places[i];
	return NULL;
}

/* "newuidmap", pid, then three numbers per line; the numbers are in *ret_text, one after the other. */
static char **arguments(const char *name, pid_t pid, const oci_id_maps *maps, char **ret_text)
{
	size_t count = 2 + 3 * maps->count;
	char **argv = calloc(count + 1, sizeof(*argv));
	char *text = calloc(count, NUMBER_SIZE);

	if (!argv || !text) {
		free(argv);
		free(text);
		return NULL;
	}
	argv[0] = (char *)(uintptr_t)name;
	for (size_t i = 1; i < count; i++) {
		const struct oci_id_map *m = i > 1 ? &maps->items[(i - 2) / 3] : NULL;
		uint32_t n = (uint32_t)pid;

		if (m)
			n = (i - 2) % 3 == 0   ? m->container_id
			    : (i - 2) % 3 == 1 ? m->host_id
					       : m->size;
		argv[i] = text + i * NUMBER_SIZE;
		(void)snprintf(argv[i], NUMBER_SIZE, "%" PRIu32, n);
	}
	*ret_text = text;
	return argv;
}

static int missing(enum idmap_helper which, struct err *e)
{
	err_set(e, ERR_SYSTEM, 0, "this id map needs %s, which is not installed",
		helpers[which].name);
	err_hint(e, IDMAP_HELPER_HINT);
	return -ENOENT;
}

static int refused(enum idmap_helper which, const struct child_result *result, struct err *e)
{
	err_set(e, ERR_SYSTEM, 0, "%s refused the id map: %s", helpers[which].name,
		result->timed_out ? "it did not end in time" : result->tail);
	err_hint(e,
		 "the ids must be yours: give your user a range with a line such as "
		 "'%u:100000:65536' in %s",
		 (unsigned)getuid(), helpers[which].table);
	return -EPERM;
}

int idmap_helper_run(enum idmap_helper which, pid_t pid, const oci_id_maps *maps, struct err *e)
{
	const char *path = idmap_helper_find(which);
	cleanup_free char *text = NULL;
	cleanup_free char **argv = NULL;
	char *const envp[] = { NULL };
	struct child_job job = { .exe = -1, .path = path, .cwd = -1, .timeout_ms = DEADLINE_MS };
	struct child_result result;
	int r;

	if (!path)
		return missing(which, e);
	argv = arguments(helpers[which].name, pid, maps, &text);
	if (!argv)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write id maps");
	job.argv = argv;
	job.envp = envp;
	r = child_run(&job, &result);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "run %s", path);
	return result.exit_code || result.timed_out ? refused(which, &result, e) : 0;
}

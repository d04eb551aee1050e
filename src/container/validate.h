/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that is wrong with a bundle, at once: the rules of `ctr run`, and what this host and this
 * user would refuse, without doing any of it. No effect on the system: nothing is written, no cgroup,
 * mount or process is made, no module loaded.
 */
#ifndef CTR_CONTAINER_VALIDATE_H
#define CTR_CONTAINER_VALIDATE_H

#include <stdbool.h>

#include "cgroups/cgroup.h"
#include "util/problems.h"

struct validate_request {
	const char *bundle; /* directory */
	const char *config; /* another file than the bundle's config.json, or NULL */
	const struct caller *caller;
	bool config_only; /* the document alone: neither this host nor this version of ctr */
	enum cgroup_driver driver;
};

/*
 * Problems come in the order of the document, those of the whole document first. A document that is no
 * JSON at all is a problem, too. On failure (no such bundle, no memory) a negative errno and @e.
 * *@ret is owned by the caller: problems_free. Needs no privileges.
 */
int container_validate(const struct validate_request *rq, struct problems *ret, struct err *e);

#endif

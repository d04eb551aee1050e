/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of `ctr explain`. */
#ifndef CTR_CLI_EXPLAIN_H
#define CTR_CLI_EXPLAIN_H

#include "cli/cli.h"

/* Called with a sentence and the JSON pointer of the field that asked for it. */
typedef void explain_step_fn(const char *text, const char *origin, void *data);

/* What ctr does from outside to the process or its namespaces, and no operation of the plan says. */
void explain_settings(const struct oci_spec *spec, const struct caller *caller,
		      explain_step_fn *step, void *data);

/* Likewise for what --network asks for; its origin is that option. */
void explain_network(const struct net_setup *s, explain_step_fn *step, void *data);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The config.json that `ctr spec` writes: a shell in a tight, ordinary container, or an init system such
 * as systemd (see doc/system-containers.md and systemd's CONTAINER_INTERFACE).
 */
#ifndef CTR_OCI_DEFAULT_SPEC_H
#define CTR_OCI_DEFAULT_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

struct oci_default_options {
	bool rootless; /* for a user without privileges: user namespace, host network, no cgroup limits */
	bool no_tty_group;	       /* group 5 does not exist where it will run */
	uint32_t uid, gid;	       /* rootless: who becomes root inside */
	bool system;		       /* an init system; not together with rootless */
	const char *uuid;	       /* its machine id, as uuid(7) writes it; NULL: none */
	uint32_t map_first, map_count; /* a user namespace for ids 0..count-1; count 0: none */
};

/* Indented JSON with a newline at the end, owned by the caller (free). 0 or -ENOMEM. */
int oci_default_spec(const struct oci_default_options *options, char **ret_text, size_t *ret_len,
		     struct err *e);

#endif

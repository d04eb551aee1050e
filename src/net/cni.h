/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks that plugins make: --network cni:CONFLIST. The Container Network Interface, specification 1.0.0 and
 * the versions 0.3.0 to 0.4.0 of it; sections 2 (execution protocol) and 3 (execution of configurations).
 *
 * What is kept of an attachment (net_attachment.result) is {"path": where the plugins are, "conflist": the file's
 * text, "result": that of the last plugin}: deleting needs all of it, and may find another environment and file.
 */
#ifndef CTR_NET_CNI_H
#define CTR_NET_CNI_H

#include "net/setup.h"

/* What plugins are told about the container besides their configuration. */
struct cni_container {
	const char *netns; /* path that plugins can open, or NULL: it is gone */
	const struct net_port *ports;
	size_t port_count; /* runtimeConfig.portMappings, for plugins with that capability */
};

/*
 * Read and check the list @a->target, and begin @a->result with it, in @arena. Nothing is executed.
 * ERR_CONFIG, -EINVAL, with the file as origin; -ENOENT for a plugin that is in none of the directories
 * (CNI_PATH, else /opt/cni/bin, /usr/lib/cni and /usr/libexec/cni).
 */
int cni_load(struct net_attachment *a, struct arena *arena, struct err *e);

/*
 * ADD, plugin by plugin; the result goes into @a: result, ip4, ip6. On failure whoever undoes calls cni_del.
 * The plugins run as we do, in our namespaces, with an environment of CNI_* and PATH only; each has 60 s.
 */
int cni_add(struct net_attachment *a, const struct cni_container *c, struct arena *arena,
	    struct err *e);

/* CHECK, unless the list says disableCheck or is older than 0.4.0. An error is the plugin's own. */
int cni_check(const struct net_attachment *a, const struct cni_container *c, struct err *e);

/*
 * DEL, from the last plugin to the first: all of them, whatever some answer; the error is the first
 * one's. May be repeated, and without an ADD before.
 */
int cni_del(const struct net_attachment *a, const struct cni_container *c, struct err *e);

#endif

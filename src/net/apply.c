// SPDX-License-Identifier: GPL-2.0-or-later
/* What --network means for linux.namespaces: config.json is laid out anew, never the host. Pure. */
#include "net/setup.h"

#include <errno.h>
#include <string.h>

#include "net/kinds.h"

static int conflict(const struct net_attachment *a, size_t at, const char *why, struct err *e)
{
	err_set(e, ERR_USAGE, 0, "--network %s: %s", net_kind_name(a->kind), why);
	err_origin(e, "config.json /linux/namespaces/%zu/path", at);
	err_hint(e,
		 "a namespace that somebody else manages is left as it is: do without --network");
	return -EINVAL;
}

/* Its place in the list, or the end of it. */
static size_t find(const struct oci_linux *l)
{
	size_t i = 0;

	while (i < l->namespaces.count && l->namespaces.items[i].type != OCI_NS_NETWORK)
		i++;
	return i;
}

static int add(struct oci_spec *spec, const char *path, struct err *e)
{
	struct oci_linux *l = &spec->linux_;
	struct oci_namespace *bigger =
		arena_array(&spec->arena, l->namespaces.count + 1, sizeof(*bigger));

	if (!bigger)
		return err_set(e, ERR_SYSTEM, ENOMEM, "apply --network");
	if (l->namespaces.count)
		memcpy(bigger, l->namespaces.items, l->namespaces.count * sizeof(*bigger));
	bigger[l->namespaces.count] = (struct oci_namespace){ OCI_NS_NETWORK, path, true };
	l->namespaces.items = bigger;
	l->namespaces.count++;
	return 0;
}

static int take_away(struct oci_spec *spec, size_t at, const struct net_attachment *a,
		     struct err *e)
{
	struct oci_linux *l = &spec->linux_;

	if (l->net_devices.count) {
		err_set(e, ERR_USAGE, 0,
			"--network %s: network devices need a network namespace to move to",
			net_kind_name(a->kind));
		err_origin(e, "config.json /linux/netDevices");
		return -EINVAL;
	}
	if (at == l->namespaces.count)
		return 0;
	l->namespaces.count--;
	memmove(&l->namespaces.items[at], &l->namespaces.items[at + 1],
		(l->namespaces.count - at) * sizeof(*l->namespaces.items));
	return 0;
}

int net_setup_apply(const struct net_setup *s, const char *path, struct oci_spec *spec,
		    struct err *e)
{
	struct oci_linux *l = &spec->linux_;
	const struct net_attachment *a = s->items.items;
	size_t at = find(l);
	bool there = at < l->namespaces.count;

	if (!s->items.count)
		return 0;
	if (there && l->namespaces.items[at].path &&
	    (!path || strcmp(path, l->namespaces.items[at].path) != 0))
		return conflict(a, at, "config.json joins a network namespace by its path", e);
	if (a->kind == NET_HOST)
		return take_away(spec, at, a, e);
	if (!there)
		return add(spec, path, e);
	if (!l->namespaces.items[at].path) {
		l->namespaces.items[at].path = path;
		l->namespaces.items[at].from_option = true;
	}
	return 0;
}

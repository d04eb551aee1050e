// SPDX-License-Identifier: GPL-2.0-or-later
/* See cut.h. */
#include "net/cut.h"

#include <errno.h>

#include "net/link.h"
#include "util/cleanup.h"

static int set_links(const struct net_setup *s, bool up, struct err *e)
{
	cleanup_fd int sock = -EBADF;

	for (size_t i = 0; i < s->items.count; i++) {
		const struct net_attachment *a = &s->items.items[i];
		char name[IFNAMSIZ];
		struct link l;
		int r;

		if (a->kind != NET_BRIDGE)
			continue;
		if (sock < 0)
			sock = link_socket();
		r = sock < 0 ? sock : link_find(sock, net_host_name(a->uuid, name), &l);
		if (r == -ENODEV)
			continue;
		if (r == 0 && l.up != up)
			r = up ? link_set_up(sock, l.index) : link_set_down(sock, l.index);
		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "set the link of '%s' %s", a->name,
				       up ? "up" : "down");
	}
	return 0;
}

int net_cut(const struct net_setup *s, struct err *e)
{
	return set_links(s, false, e);
}

int net_mend(const struct net_setup *s, struct err *e)
{
	return set_links(s, true, e);
}

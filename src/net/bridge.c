// SPDX-License-Identifier: GPL-2.0-or-later
/* See bridge.h. Files of /proc/sys/net are those of the caller's network namespace, whoever mounted it. */
#include "net/bridge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "net/ip.h"
#include "net/link.h"
#include "net/own.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

#define IP6_CONF  "/proc/sys/net/ipv6/conf"
#define FORWARD4  "/proc/sys/net/ipv4/ip_forward"
#define FORWARD6  IP6_CONF "/all/forwarding"
#define PATH_SIZE (sizeof(IP6_CONF) + IFNAMSIZ + sizeof("/disable_ipv6"))

static bool holds(int dir, const char *path, const char *value)
{
	char text[32];

	return io_read_line(dir, path, text, sizeof(text)) >= 0 && strcmp(text, value) == 0;
}

static int put(int dir, const char *path, const char *value)
{
	cleanup_fd int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : io_write_all(fd, value, strlen(value));
}

bool bridge_have_ip6(void)
{
	return holds(AT_FDCWD, IP6_CONF "/default/disable_ipv6", "0");
}

static int setting_failed(const char *path, const char *value, int r, struct err *e)
{
	err_set(e, ERR_SYSTEM, -r, "write '%s' to %s", value, path);
	if (r == -EPERM || r == -EACCES || r == -EROFS)
		err_hint(e,
			 "have the host's administrator do that once, or use a network that needs "
			 "none: ctr network create --internal");
	return r;
}

/* Interfaces that take router advertisements go on with it when the host becomes a router. */
static int keep_ra(const char *except)
{
	cleanup_fd int conf = open(IP6_CONF, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	int copy = conf < 0 ? -1 : fcntl(conf, F_DUPFD_CLOEXEC, 3);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	int r = 0;

	if (!d)
		return -errno;
	while (r == 0 && (entry = readdir(d))) {
		char path[PATH_SIZE];

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, except) == 0 ||
		    snprintf(path, sizeof(path), "%s/accept_ra", entry->d_name) >=
			    (int)sizeof(path) ||
		    !holds(conf, path, "1"))
			continue;
		r = put(conf, path, "2");
		if (r == -ENOENT) /* the interface has just gone */
			r = 0;
	}
	(void)closedir(d);
	return r;
}

static int forward(const char *path, const char *bridge, bool six, struct err *e)
{
	int r;

	if (holds(AT_FDCWD, path, "1"))
		return 0;
	r = six ? keep_ra(bridge) : 0;
	if (r < 0)
		return setting_failed(IP6_CONF "/*/accept_ra", "2", r, e);
	r = put(AT_FDCWD, path, "1");
	return r < 0 ? setting_failed(path, "1", r, e) : 0;
}

static int forward_all(const struct net_def *def, bool six, struct err *e)
{
	int r = 0;

	if (def->internal)
		return 0;
	if (net_addr_set(&def->subnet4))
		r = forward(FORWARD4, def->bridge, false, e);
	return r == 0 && six ? forward(FORWARD6, def->bridge, true, e) : r;
}

/* Nobody sends router advertisements to a bridge of ours that its host should believe. */
static int refuse_ra(const char *bridge, struct err *e)
{
	char path[PATH_SIZE];
	int r;

	(void)snprintf(path, sizeof(path), IP6_CONF "/%s/accept_ra", bridge);
	r = put(AT_FDCWD, path, "0");
	return r < 0 ? setting_failed(path, "0", r, e) : 0;
}

static int fill(int sock, const struct net_def *def, bool six, int index, struct err *e)
{
	int r = six ? refuse_ra(def->bridge, e) : 0;

	if (r < 0)
		return r;
	if (net_addr_set(&def->gw4))
		r = ip_address_add(sock, index, &def->gw4);
	if (r == 0 && six)
		r = ip_address_add(sock, index, &def->gw6);
	if (r == 0)
		r = own_claim_bridge(sock, index, def->uuid);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "set up the bridge '%s'", def->bridge) : 0;
}

static int failed(const struct net_def *def, int r, struct err *e)
{
	err_set(e, ERR_SYSTEM, -r, "network '%s': make the bridge '%s'", def->name, def->bridge);
	if (r == -EEXIST) {
		err_set(e, ERR_STATE, EEXIST,
			"network '%s': the host has an interface '%s' that is not ctr's", def->name,
			def->bridge);
		err_hint(e, "it is left alone: rename it, or use a network with another --bridge");
	} else if (r == -EPERM) {
		err_hint(e, "interfaces are made with CAP_NET_ADMIN: run as root");
	}
	return r;
}

int bridge_ensure(int sock, const struct net_def *def, bool ip6, int *ret_index, struct err *e)
{
	bool six = ip6 && net_addr_set(&def->subnet6), claimed = false;
	struct own_link link;
	int r = own_find(sock, def->bridge, "bridge", def->uuid, &link, &claimed);

	if (r == -ENODEV) {
		r = own_make_bridge(sock, def->bridge, def->uuid, def->mtu);
		if (r == 0)
			r = own_find(sock, def->bridge, "bridge", def->uuid, &link, &claimed);
	}
	if (r < 0)
		return failed(def, r, e);
	if (!claimed || !link.up)
		r = fill(sock, def, six, link.index, e);
	if (r == 0)
		r = forward_all(def, six, e);
	if (r == 0)
		*ret_index = link.index;
	return r;
}

void bridge_remove(int sock, const struct net_def *def)
{
	struct own_link link;

	if (own_find(sock, def->bridge, "bridge", def->uuid, &link, NULL) == 0)
		(void)own_delete(sock, link.index); /* see the header */
}

/* All but this one: the caller of ctr waits for the end of its output, not for us. */
static void close_others(int keep)
{
	if (keep > 0)
		(void)kernel_close_range(0, (unsigned)keep - 1, 0);
	(void)kernel_close_range((unsigned)keep + 1, ~0U, 0);
}

static void clean(int sock, int index, const struct net_def *def)
{
	if (index)
		(void)own_delete(sock, index); /* gone meanwhile */
	if (def)
		bridge_remove(sock, def);
}

static _Noreturn void clean_alone(int lock, int index, const struct net_def *def)
{
	close_others(lock);
	(void)setsid(); /* signals of our terminal are not for it */
	clean(link_socket(), index, def);
	_exit(0);
}

void bridge_clean_later(int sock, int lock, int index, const struct net_def *def)
{
	pid_t pid = index || def ? fork() : 1;

	if (pid == 0)
		clean_alone(lock, index, def);
	if (pid < 0)
		clean(sock, index, def);
	/* else: it becomes a child of the host's init, since we are about to end */
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* See helper.h. Options as of passt 2023_03_09 and slirp4netns 1.2.0, and newer. */
#include "net/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/ports.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	FIXED_ARGS = 32 /* besides two for each port, generously */
};

static const char *const directories[] = { "/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin" };

/* In the order of preference. */
static const struct {
	enum net_kind kind;
	const char *package;
} helpers[] = {
	{ NET_PASTA, "passt" },
	{ NET_SLIRP, "slirp4netns" },
};

bool net_kind_has_helper(enum net_kind kind)
{
	return kind == NET_PASTA || kind == NET_SLIRP;
}

struct net_attachment *net_setup_helper(const struct net_setup *s)
{
	for (size_t i = 0; i < s->items.count; i++)
		if (net_kind_has_helper(s->items.items[i].kind))
			return &s->items.items[i];
	return NULL;
}

/* ---- where it is ---- */

static int open_in(const char *dir, const char *name)
{
	cleanup_fd int at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
	struct stat st;

	fd = at < 0 ? at : openat(at, name, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	/* root of the host is somebody else in a user namespace: what counts is that it is not ours */
	if ((st.st_uid == geteuid() && geteuid() != 0) || (st.st_mode & 022))
		return -EPERM;
	return take_fd(&fd);
}

static int find(enum net_kind kind)
{
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(directories); i++)
		r = open_in(directories[i], net_kind_name(kind));
	return r;
}

int net_helper_open(enum net_kind kind, struct err *e)
{
	const char *name = net_kind_name(kind);
	int r = find(kind);

	if (r >= 0)
		return r;
	if (r != -ENOENT)
		err_set(e, ERR_SYSTEM, -r, "--network %s: open the program", name);
	else
		err_set(e, ERR_SYSTEM, 0, "--network %s: the program %s is not installed", name,
			name);
	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(helpers); i++)
		if (helpers[i].kind == kind)
			err_hint(e, "install the package %s", helpers[i].package);
	if (r == -EPERM)
		err_hint(e, "others than root can change it");
	return r;
}

enum net_kind net_helper_default(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++) {
		cleanup_fd int fd = find(helpers[i].kind);

		if (fd >= 0)
			return helpers[i].kind;
	}
	return helpers[0].kind;
}

/* ---- what it is told ---- */

struct args {
	char **items;
	size_t count;
	struct arena *arena;
	bool failed;
};

static void add(struct args *to, const char *word)
{
	char *copy = word ? arena_strdup(to->arena, word) : NULL;

	to->failed = to->failed || !copy;
	to->items[to->count++] = copy;
}

static void add_all(struct args *to, const char *const *words)
{
	for (; *words; words++)
		add(to, *words);
}

/* "192.0.2.1/8000-8009:80-89"; an address of a family alone is its "any" address. */
static void add_port(struct args *to, const struct net_port *p)
{
	unsigned more = p->count - 1u;
	char addr[NET_ADDR_TEXT];
	bool has = net_addr_set(&p->address);
	const char *host = has ? net_addr_text(&p->address, false, addr) : "",
		   *slash = has ? "/" : "";

	add(to, p->protocol == IPPROTO_UDP ? "-u" : "-t");
	if (more)
		add(to, arena_printf(to->arena, "%s%s%u-%u:%u-%u", host, slash, p->host_port,
				     p->host_port + more, p->port, p->port + more));
	else
		add(to, arena_printf(to->arena, "%s%s%u:%u", host, slash, p->host_port, p->port));
}

static bool publishes(const struct net_setup *s, uint8_t protocol)
{
	for (size_t i = 0; i < s->ports.count; i++)
		if (s->ports.items[i].protocol == protocol)
			return true;
	return false;
}

/*
 * Its defaults connect whatever listens on either side, and the container's gateway with the loopback of the host:
 * all of that is turned off.
 */
static void pasta(struct args *to, const struct net_setup *s, const struct net_attachment *at,
		  pid_t pid, bool same_userns)
{
	static const char *const first[] = {
		"--foreground", "--quiet", "--config-net", "--no-map-gw",     "-T", "none",
		"-U",		"none",	   "--pid",	   "/proc/self/fd/1", NULL
	};

	add_all(to, first);
	if (!publishes(s, IPPROTO_TCP))
		add_all(to, (const char *const[]){ "-t", "none", NULL });
	if (!publishes(s, IPPROTO_UDP))
		add_all(to, (const char *const[]){ "-u", "none", NULL });
	for (size_t i = 0; i < s->ports.count; i++)
		add_port(to, &s->ports.items[i]);
	if (at->mtu) {
		add(to, "--mtu");
		add(to, arena_printf(to->arena, "%u", at->mtu));
	}
	add(to, "--ns-ifname");
	add(to, at->name);
	if (same_userns) {
		add(to, "--netns-only");
	} else {
		add(to, "--userns");
		add(to, arena_printf(to->arena, "/proc/%d/ns/user", (int)pid));
	}
	/* by the descriptor: that of a process could not be opened without CAP_SYS_PTRACE */
	add_all(to, (const char *const[]){ "--no-netns-quit", "--netns", "/proc/self/fd/0", NULL });
}

/* It looks for the user namespace itself. Its sandbox works with a pid only, not with paths. */
static void slirp(struct args *to, const struct net_attachment *at, pid_t pid)
{
	static const char *const first[] = { "--configure", "--enable-sandbox", "--enable-seccomp",
					     "--disable-host-loopback", NULL };

	add_all(to, first);
	add(to, arena_printf(to->arena, "--ready-fd=%d", NET_HELPER_FD));
	if (at->mtu)
		add(to, arena_printf(to->arena, "--mtu=%u", at->mtu));
	add(to, arena_printf(to->arena, "%d", (int)pid));
	add(to, at->name);
}

char **net_helper_argv(const struct net_setup *s, const struct net_attachment *at, pid_t pid,
		       bool same_userns, struct arena *a)
{
	struct args to = { .arena = a };

	to.items = arena_array(a, FIXED_ARGS + 2 * s->ports.count, sizeof(*to.items));
	if (!to.items)
		return NULL;
	add(&to, net_kind_name(at->kind));
	if (at->kind == NET_PASTA)
		pasta(&to, s, at, pid, same_userns);
	else
		slirp(&to, at, pid);
	return to.failed ? NULL : to.items;
}

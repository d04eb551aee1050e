// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See nft_rules.h. The rules are text for libnftables, which is loaded when there is no table yet: linking
 * it would make every command slower, and afterwards nothing needs it.
 */
#include "net/nft_rules.h"

#include "config.h"

#include <errno.h>

#include "net/nft_wire.h"

/* Changes with the rules: an older table then gets the new ones. It has no rules and nobody jumps there. */
#define RULES_VERSION "rules-2"

#ifdef HAVE_LIBNFTABLES

#include <fcntl.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/library.h"

#define LIBRARY "libnftables.so.1"

#define FUNCTIONS(X)                                                                               \
	X(nft_ctx_new)                                                                             \
	X(nft_run_cmd_from_buffer)

enum {
	SAID_MAX = 2048
};

/*
 * Sets without intervals, so that a change costs the same however full they are. Interfaces are named, not
 * numbered: a bridge that was made anew has another number.
 *
 * published  where a new connection to an address of this host is led to
 * outside    not from an internal network: what is published is on others. Not for the host's loopback: a packet
 *            for it that comes by a wire is refused only once it is routed, and by then it would have
 *            another destination, so that neighbours of the host reached what is published on 127.0.0.1 alone
 * host       not for ::1: no answer finds the way back to it, and who tries it first ("localhost") should
 *            hear at once that nobody is there
 * leave      the container must be able to answer: the other side gets the host's address
 *            - connections of the host itself, as it may have made them from its loopback address
 *            - connections that a container made, by a published port, to itself or a neighbour: the
 *              neighbour would answer directly, and the answer would come from an address nobody asked.
 *              With br_netfilter these, too, come from no interface
 *            - whatever leaves the host
 * guard      route_localnet lets the host's loopback connections out to a bridge. Nobody on that bridge may
 *            use it the other way round (before connection tracking: answers have other addresses here)
 * forward    between two networks, and from outside, only what is published; an internal network has only
 *            itself; isolated containers reach each other neither through the bridge (its ports are
 *            isolated, which also is why packets "from the bridge to the bridge" are those that the host
 *            forwards, or br_netfilter shows us) nor through the host
 */
static const char rules[] =
	"add table inet " NFT_TABLE "\n"
	"add set inet " NFT_TABLE " " NFT_BRIDGES " { type ifname; }\n"
	"add set inet " NFT_TABLE " " NFT_SAME " { type ifname . ifname; }\n"
	"add set inet " NFT_TABLE " " NFT_MASQ4 " { type ifname; }\n"
	"add set inet " NFT_TABLE " " NFT_MASQ6 " { type ifname; }\n"
	"add set inet " NFT_TABLE " " NFT_INTERNAL " { type ifname; }\n"
	"add set inet " NFT_TABLE " " NFT_ISOLATED4 " { type ipv4_addr; }\n"
	"add set inet " NFT_TABLE " " NFT_ISOLATED6 " { type ipv6_addr; }\n"
	"add map inet " NFT_TABLE " " NFT_ADDR4
	" { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service; }\n"
	"add map inet " NFT_TABLE " " NFT_ANY4
	" { type inet_proto . inet_service : ipv4_addr . inet_service; }\n"
	"add map inet " NFT_TABLE " " NFT_ADDR6
	" { type inet_proto . ipv6_addr . inet_service : ipv6_addr . inet_service; }\n"
	"add map inet " NFT_TABLE " " NFT_ANY6
	" { type inet_proto . inet_service : ipv6_addr . inet_service; }\n"
	"add chain inet " NFT_TABLE " published\n"
	"add chain inet " NFT_TABLE " outside { type nat hook prerouting priority -100; }\n"
	"add chain inet " NFT_TABLE " host { type nat hook output priority -100; }\n"
	"add chain inet " NFT_TABLE " leave { type nat hook postrouting priority 100; }\n"
	"add chain inet " NFT_TABLE " guard { type filter hook prerouting priority -300; }\n"
	"add chain inet " NFT_TABLE " forward { type filter hook forward priority 0; }\n"
	"add chain inet " NFT_TABLE " " RULES_VERSION "\n"
	"flush table inet " NFT_TABLE "\n"
	"table inet " NFT_TABLE " {\n"
	"chain published {\n"
	" meta l4proto { tcp, udp } dnat ip to meta l4proto . ip daddr . th dport map @" NFT_ADDR4
	"\n"
	" meta l4proto { tcp, udp } dnat ip to meta l4proto . th dport map @" NFT_ANY4 "\n"
	" meta l4proto { tcp, udp } dnat ip6 to meta l4proto . ip6 daddr . th dport map @" NFT_ADDR6
	"\n"
	" meta l4proto { tcp, udp } dnat ip6 to meta l4proto . th dport map @" NFT_ANY6 "\n"
	"}\n"
	"chain outside {\n"
	" iifname @" NFT_INTERNAL " return\n"
	" ip daddr 127.0.0.0/8 return\n"
	" fib daddr type local jump published\n"
	"}\n"
	"chain host {\n"
	" ip6 daddr ::1 return\n"
	" fib daddr type local jump published\n"
	"}\n"
	"chain leave {\n"
	" iif 0 oifname @" NFT_BRIDGES " ct status dnat masquerade\n"
	" iifname @" NFT_BRIDGES " oifname @" NFT_BRIDGES " ct status dnat masquerade\n"
	" iifname @" NFT_MASQ4 " oifname != @" NFT_BRIDGES " meta nfproto ipv4 masquerade\n"
	" iifname @" NFT_MASQ6 " oifname != @" NFT_BRIDGES " meta nfproto ipv6 masquerade\n"
	"}\n"
	"chain guard {\n"
	" iifname @" NFT_BRIDGES " ip daddr 127.0.0.0/8 drop\n"
	" iifname @" NFT_BRIDGES " ip saddr 127.0.0.0/8 drop\n"
	"}\n"
	"chain forward {\n"
	" ct status dnat accept\n"
	" iifname . oifname @" NFT_SAME " ip saddr @" NFT_ISOLATED4 " ip daddr @" NFT_ISOLATED4
	" drop\n"
	" iifname . oifname @" NFT_SAME " ip6 saddr @" NFT_ISOLATED6 " ip6 daddr @" NFT_ISOLATED6
	" drop\n"
	" iifname . oifname @" NFT_SAME " accept\n"
	" iifname @" NFT_INTERNAL " drop\n"
	" oifname @" NFT_INTERNAL " drop\n"
	" ct state established,related accept\n"
	" iifname @" NFT_BRIDGES " oifname @" NFT_BRIDGES " drop\n"
	" oifname @" NFT_MASQ4 " meta nfproto ipv4 drop\n"
	" oifname @" NFT_MASQ6 " meta nfproto ipv6 drop\n"
	"}\n"
	"}\n";

struct library {
	LIBRARY_TABLE(FUNCTIONS)
};

#define SYMBOL(f) { #f, offsetof(struct library, f) },
static const struct library_symbol symbols[] = { FUNCTIONS(SYMBOL) };
#undef SYMBOL

static int load(struct library *l, struct err *e)
{
	if (library_load(LIBRARY, symbols, ARRAY_SIZE(symbols), l) == 0)
		return 0;
	err_set(e, ERR_UNSUPPORTED, 0, "networks and published ports need " LIBRARY);
	err_hint(e, "install it (Debian: libnftables1)");
	return -EOPNOTSUPP;
}

/* The first line of what it says has the reason, the others show the text. */
static int refused(const char *said, struct err *e)
{
	const char *colon = strstr(said, "Error: ");
	const char *reason = colon ? colon + strlen("Error: ") : said;

	err_set(e, ERR_SYSTEM, 0, "make the firewall table 'inet " NFT_TABLE "': %.*s",
		(int)strcspn(reason, "\n"), *reason ? reason : "no reason given");
	err_hint(e, "this needs CAP_NET_ADMIN, and nf_tables with nat and fib in the kernel");
	return -EIO;
}

static bool run_rules(const struct library *l)
{
	struct nft_ctx *ctx = l->nft_ctx_new(NFT_CTX_DEFAULT);

	return ctx && l->nft_run_cmd_from_buffer(ctx, rules) == 0;
}

/* What it says, and what stdio still has of ours should it call exit(3), goes to @out. */
static _Noreturn void be_child(const struct library *l, int out)
{
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(1);
	_exit(run_rules(l) ? 0 : 1);
}

static void read_all(int fd, char *buf, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while (have < size - 1 &&
	       ((n = read(fd, buf + have, size - 1 - have)) > 0 || (n < 0 && errno == EINTR)))
		have += n > 0 ? (size_t)n : 0;
	buf[have] = '\0';
}

/* The library ends its process when it gets no netlink socket, or not enough memory: that must not be ours. */
static int make(struct err *e)
{
	cleanup_fd int in = -EBADF, out = -EBADF;
	char said[SAID_MAX];
	struct library l;
	int fds[2], status, r = load(&l, e);
	pid_t pid;

	if (r < 0)
		return r;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(e, ERR_SYSTEM, errno, "make the firewall table");
	in = fds[0];
	out = fds[1];
	pid = fork();
	if (pid == 0)
		be_child(&l, out);
	if (pid < 0)
		return err_set(e, ERR_SYSTEM, errno, "make the firewall table");
	close_fd(&out);
	read_all(in, said, sizeof(said));
	close_fd(&in); /* should it have more to say, it ends */
	while ((r = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	if (r < 0)
		return err_set(e, ERR_SYSTEM, errno, "make the firewall table");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : refused(said, e);
}

#else

static int make(struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, 0,
		"this ctr was built without libnftables: it has no networks and published ports");
	err_hint(e, "configure it --with-nftables=yes (Debian: libnftables-dev)");
	return -EOPNOTSUPP;
}

#endif

int nft_rules_ensure(int sock, struct err *e)
{
	int r = nft_chain_exists(sock, RULES_VERSION);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r,
			       "look for the firewall table 'inet " NFT_TABLE "'");
	return r ? 0 : make(e);
}

/*
 * floor-network: what the kernel alone takes for a container's link to a bridge.
 *
 * floor-network [--rounds N] [--keep N]: in a network namespace of its own a bridge; then N times a process in a
 * new namespace, a veth with its peer there, in the bridge and with an alias; addresses of IPv4 and IPv6,
 * up, a default route of each. Prints the milliseconds of each round without the namespace, one on a line.
 * --keep: that many namespaces stay until the end, so that growth can be seen.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include "floor.h"

enum {
	UP = 1, /* IFF_UP: <net/if.h> and <linux/if.h> do not mix everywhere */
	SIZE = 1024,
};

void floor_die(const char *step, const char *object)
{
	(void)fprintf(stderr, "floor-network: %s %s: %s\n", step, object, strerror(errno));
	_exit(1);
}

union message {
	struct nlmsghdr h;
	char buf[SIZE];
};

static void begin(union message *m, int type, int flags)
{
	memset(m, 0, sizeof(*m));
	m->h.nlmsg_len = NLMSG_LENGTH(0);
	m->h.nlmsg_type = (uint16_t)type;
	m->h.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
}

static void *extra(union message *m, size_t size)
{
	void *p = m->buf + m->h.nlmsg_len;

	m->h.nlmsg_len += (uint32_t)NLMSG_ALIGN(size);
	return p;
}

static struct rtattr *attr(union message *m, int type, const void *data, size_t size)
{
	struct rtattr *a = extra(m, RTA_LENGTH(size));

	a->rta_type = (uint16_t)type;
	a->rta_len = (uint16_t)RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(a), data, size);
	return a;
}

static void end(union message *m, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)(m->buf + m->h.nlmsg_len - (char *)nest);
}

static void talk(int sock, union message *m, const char *what)
{
	union message reply;
	const struct nlmsgerr *e = NLMSG_DATA(&reply.h);

	if (send(sock, m, m->h.nlmsg_len, 0) < 0 || recv(sock, &reply, sizeof(reply), 0) < 0)
		floor_die("netlink", what);
	if (reply.h.nlmsg_type == NLMSG_ERROR && e->error) {
		errno = -e->error;
		floor_die("netlink", what);
	}
}

static struct ifinfomsg *link_message(union message *m, int flags, int index, unsigned up)
{
	struct ifinfomsg *i;

	begin(m, RTM_NEWLINK, flags);
	i = extra(m, sizeof(*i));
	i->ifi_index = index;
	i->ifi_flags = i->ifi_change = up;
	return i;
}

static void make_bridge(int sock)
{
	union message m;
	struct rtattr *info;

	(void)link_message(&m, NLM_F_CREATE | NLM_F_EXCL, 100000, UP);
	(void)attr(&m, IFLA_IFNAME, "floor0", sizeof("floor0"));
	info = attr(&m, IFLA_LINKINFO, NULL, 0);
	(void)attr(&m, IFLA_INFO_KIND, "bridge", sizeof("bridge"));
	end(&m, info);
	talk(sock, &m, "bridge");
}

/* The host's side has the index 1000 + @n, its peer 2 in its own namespace. */
static void make_veth(int sock, int ns, int n)
{
	uint32_t master = 100000, fd = (uint32_t)ns;
	struct rtattr *info, *data, *peer;
	struct ifinfomsg *i;
	char name[24]; /* shorter than IFNAMSIZ for any number of rounds that ends */
	union message m;

	(void)link_message(&m, NLM_F_CREATE | NLM_F_EXCL, 1000 + n, UP);
	(void)snprintf(name, sizeof(name), "floor%dx", n);
	(void)attr(&m, IFLA_IFNAME, name, strlen(name) + 1);
	(void)attr(&m, IFLA_MASTER, &master, sizeof(master));
	info = attr(&m, IFLA_LINKINFO, NULL, 0);
	(void)attr(&m, IFLA_INFO_KIND, "veth", sizeof("veth"));
	data = attr(&m, IFLA_INFO_DATA, NULL, 0);
	peer = attr(&m, VETH_INFO_PEER, NULL, 0);
	i = extra(&m, sizeof(*i));
	i->ifi_index = 2;
	(void)attr(&m, IFLA_IFNAME, "eth0", sizeof("eth0"));
	(void)attr(&m, IFLA_NET_NS_FD, &fd, sizeof(fd));
	end(&m, peer);
	end(&m, data);
	end(&m, info);
	talk(sock, &m, "veth");
	(void)link_message(&m, 0, 1000 + n, 0);
	(void)attr(&m, IFLA_IFALIAS, "ctr:00112233445566778899aabbccddeeff", 36);
	talk(sock, &m, "alias");
}

static void add_address(int sock, int family, const void *address, size_t size, int prefix)
{
	uint32_t flags = family == AF_INET6 ? IFA_F_NODAD : 0;
	struct ifaddrmsg *a;
	union message m;

	begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	a = extra(&m, sizeof(*a));
	a->ifa_family = (uint8_t)family;
	a->ifa_prefixlen = (uint8_t)prefix;
	a->ifa_index = 2;
	(void)attr(&m, IFA_LOCAL, address, size);
	(void)attr(&m, IFA_ADDRESS, address, size);
	(void)attr(&m, IFA_FLAGS, &flags, sizeof(flags));
	talk(sock, &m, "address");
}

static void add_route(int sock, int family, const void *gateway, size_t size)
{
	uint32_t index = 2;
	struct rtmsg *r;
	union message m;

	begin(&m, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	r = extra(&m, sizeof(*r));
	r->rtm_family = (uint8_t)family;
	r->rtm_table = RT_TABLE_MAIN;
	r->rtm_protocol = RTPROT_STATIC;
	r->rtm_type = RTN_UNICAST;
	(void)attr(&m, RTA_GATEWAY, gateway, size);
	(void)attr(&m, RTA_OIF, &index, sizeof(index));
	talk(sock, &m, "route");
}

static void configure(int inside, int n)
{
	uint8_t four[4] = { 10, 1, (uint8_t)(n >> 8), (uint8_t)(n + 2) }, gw4[4] = { 10, 1, 0, 1 };
	uint8_t six[16] = { 0xfd, [14] = (uint8_t)(n >> 8), [15] = (uint8_t)(n + 2) };
	uint8_t gw6[16] = { 0xfd, [15] = 1 };
	union message m;

	add_address(inside, AF_INET, four, sizeof(four), 16);
	add_address(inside, AF_INET6, six, sizeof(six), 64);
	(void)link_message(&m, 0, 2, UP);
	talk(inside, &m, "up");
	add_route(inside, AF_INET, gw4, sizeof(gw4));
	add_route(inside, AF_INET6, gw6, sizeof(gw6));
}

static int netlink_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		floor_die("socket", "netlink");
	return fd;
}

/* A process in a new network namespace, and a socket of that: of descriptors and memory the child has ours. */
static pid_t start_child(int *ret_ns, int *ret_inside, int own)
{
	int ready[2];
	char path[64], byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		floor_die("pipe", "");
	pid = fork();
	if (pid < 0)
		floor_die("fork", "");
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0)
			floor_die("unshare", "");
		(void)close(ready[0]);
		(void)!write(ready[1], "x", 1);
		(void)pause();
		_exit(0);
	}
	(void)close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		floor_die("read", "the child's word");
	(void)close(ready[0]);
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	*ret_ns = open(path, O_RDONLY | O_CLOEXEC);
	if (*ret_ns < 0 || setns(*ret_ns, CLONE_NEWNET) < 0)
		floor_die("setns", path);
	*ret_inside = netlink_socket();
	if (setns(own, CLONE_NEWNET) < 0)
		floor_die("setns", "back");
	return pid;
}

static double now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void end_child(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	int rounds = 60, keep = 0, sock, own;
	pid_t *kept;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--rounds") == 0)
			rounds = (int)strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--keep") == 0)
			keep = (int)strtol(argv[i + 1], NULL, 10);
	}
	if (unshare(CLONE_NEWNET) < 0)
		floor_die("unshare", "");
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	sock = netlink_socket();
	kept = calloc((size_t)rounds, sizeof(*kept));
	if (!kept)
		floor_die("calloc", "");
	make_bridge(sock);
	for (int n = 0; n < rounds; n++) {
		int ns, inside;
		pid_t pid = start_child(&ns, &inside, own);
		double start = now_ms();

		make_veth(sock, ns, n);
		configure(inside, n);
		(void)printf("%.3f\n", now_ms() - start);
		(void)close(ns);
		(void)close(inside);
		if (n < keep)
			kept[n] = pid;
		else
			end_child(pid);
	}
	for (int n = 0; n < rounds; n++)
		if (kept[n])
			end_child(kept[n]);
	free(kept);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports of the host that are published: read from text, and looked at before they are taken. */
#include "net/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "util/cleanup.h"

enum {
	PORT_TEXT = 128,
	PORT_LAST = 65535
};

static int bad(const char *text, const char *why, struct err *e)
{
	err_set(e, ERR_USAGE, 0, "--publish '%s': %s", text, why);
	err_hint(e, "[IP:]HOST-PORT:PORT[/tcp|udp], each port N or N-M: 8080:80, "
		    "127.0.0.1:5353:53/udp, [fd00::1]:80:80");
	return -EINVAL;
}

static int parse_number(const char *text, const char **end, unsigned *ret)
{
	unsigned n = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9' && n <= PORT_LAST; p++)
		n = n * 10 + (unsigned)(*p - '0');
	if (p == text || !n || n > PORT_LAST)
		return -EINVAL;
	*end = p;
	*ret = n;
	return 0;
}

/* "80" or "80-89" */
static int parse_range(const char *text, uint16_t *ret_first, uint16_t *ret_count)
{
	unsigned first, last;

	if (parse_number(text, &text, &first) < 0)
		return -EINVAL;
	last = first;
	if (*text == '-' && parse_number(text + 1, &text, &last) < 0)
		return -EINVAL;
	if (*text || last < first || last - first >= UINT16_MAX)
		return -EINVAL;
	*ret_first = (uint16_t)first;
	*ret_count = (uint16_t)(last - first + 1);
	return 0;
}

static int parse_protocol(const char *text, uint8_t *ret)
{
	if (text && strcmp(text, "udp") == 0)
		*ret = IPPROTO_UDP;
	else if (!text || strcmp(text, "tcp") == 0)
		*ret = IPPROTO_TCP;
	else
		return -EINVAL;
	return 0;
}

/* "127.0.0.1" or "[::1]" */
static int parse_address(char *text, struct net_addr *ret)
{
	size_t len = strlen(text);

	if (!len || strchr(text, '/'))
		return -EINVAL;
	if (text[0] != '[')
		return net_addr_parse(text, AF_INET, ret);
	if (text[len - 1] != ']')
		return -EINVAL;
	text[len - 1] = '\0';
	return net_addr_parse(text + 1, AF_INET6, ret);
}

int net_port_parse(const char *text, struct net_port *ret, struct err *e)
{
	char buf[PORT_TEXT], *slash, *inside, *outside;
	struct net_port p = { 0 };
	uint16_t count;

	if ((size_t)snprintf(buf, sizeof(buf), "%s", text) >= sizeof(buf))
		return bad(text, "too long", e);
	slash = strrchr(buf, '/');
	if (slash)
		*slash++ = '\0';
	if (parse_protocol(slash, &p.protocol) < 0)
		return bad(text, "the protocol is tcp or udp", e);
	inside = strrchr(buf, ':');
	if (!inside)
		return bad(text, "which port of the host?", e);
	*inside++ = '\0';
	outside = strrchr(buf, ':');
	if (outside)
		*outside++ = '\0';
	if (outside && parse_address(buf, &p.address) < 0)
		return bad(text, "no address of the host (IPv6 in brackets)", e);
	if (p.address.family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK((struct in6_addr *)p.address.bytes))
		return bad(text, "IPv6 has no way from ::1 to another interface", e);
	if (parse_range(outside ? outside : buf, &p.host_port, &p.count) < 0 ||
	    parse_range(inside, &p.port, &count) < 0)
		return bad(text, "ports are numbers from 1 to 65535", e);
	if (p.count != count)
		return bad(text, "the ranges differ in length", e);
	*ret = p;
	return 0;
}

bool net_port_any(const struct net_port *p)
{
	static const uint8_t unspecified[16];

	return !net_addr_set(&p->address) ||
	       memcmp(p->address.bytes, unspecified, net_addr_size(&p->address)) == 0;
}

static bool addresses_overlap(const struct net_port *a, const struct net_port *b)
{
	if (!net_addr_set(&a->address) || !net_addr_set(&b->address))
		return true;
	if (a->address.family != b->address.family)
		return false;
	return net_port_any(a) || net_port_any(b) || net_addr_equal(&a->address, &b->address);
}

static bool overlap(const struct net_port *a, const struct net_port *b)
{
	if (a->protocol != b->protocol || !addresses_overlap(a, b))
		return false;
	return a->host_port < b->host_port + b->count && b->host_port < a->host_port + a->count;
}

int net_ports_check(const struct net_port *ports, size_t count, struct err *e)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++) {
		total += ports[i].count;
		for (size_t n = 0; n < i; n++)
			if (overlap(&ports[i], &ports[n])) {
				err_set(e, ERR_USAGE, 0, "--publish: port %u/%s twice",
					ports[i].host_port > ports[n].host_port
						? ports[i].host_port
						: ports[n].host_port,
					net_port_protocol(&ports[i]));
				return -EINVAL;
			}
	}
	if (total <= NET_PORTS_MAX)
		return 0;
	err_set(e, ERR_USAGE, 0, "--publish: %zu ports are too many (at most %d)", total,
		NET_PORTS_MAX);
	return -EINVAL;
}

/* ---- sockets of the host ---- */

static int try_bind(const struct net_addr *a, uint8_t protocol, unsigned port)
{
	bool tcp = protocol == IPPROTO_TCP;
	cleanup_fd int fd = socket(a->family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	const int one = 1;
	int r;

	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : -errno;
	/* connections that are over (TIME_WAIT) do not keep the port, listeners do */
	if (tcp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return -errno;
	if (a->family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
		return -errno;
	memcpy(&in4.sin_addr, a->bytes, sizeof(in4.sin_addr));
	memcpy(&in6.sin6_addr, a->bytes, sizeof(in6.sin6_addr));
	r = a->family == AF_INET ? bind(fd, (void *)&in4, sizeof(in4))
				 : bind(fd, (void *)&in6, sizeof(in6));
	return r < 0 ? -errno : 0;
}

static int check_one(const struct net_port *p, const struct net_addr *a, unsigned port,
		     struct err *e)
{
	char text[NET_ADDR_TEXT];
	int r = try_bind(a, p->protocol, port);

	/* ports that only root may have are nothing that we listen on */
	if (r == 0 || r == -EACCES)
		return 0;
	err_set(e, ERR_STATE, -r, "publish port %u/%s of %s", port, net_port_protocol(p),
		net_port_any(p) ? "the host" : net_addr_text(a, false, text));
	if (r == -EADDRINUSE)
		err_hint(e, "a program of the host has it: publish another port of the host");
	if (r == -EADDRNOTAVAIL)
		err_hint(e, "this is no address of the host");
	return r;
}

static int check_family(const struct net_port *p, uint8_t family, struct err *e)
{
	struct net_addr a = p->address;
	int r = 0;

	if (!net_addr_set(&a))
		a = (struct net_addr){ .family = family };
	for (unsigned n = 0; r == 0 && n < p->count; n++)
		r = check_one(p, &a, p->host_port + n, e);
	return r;
}

int net_ports_check_host(const struct net_port *ports, size_t count, bool ip4, bool ip6,
			 struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		uint8_t family = ports[i].address.family;

		if (ip4 && family != AF_INET6)
			r = check_family(&ports[i], AF_INET, e);
		if (r == 0 && ip6 && family != AF_INET)
			r = check_family(&ports[i], AF_INET6, e);
		if (r == 0 && ((family == AF_INET && !ip4) || (family == AF_INET6 && !ip6))) {
			err_set(e, ERR_USAGE, 0,
				"publish port %u/%s: the container has no %s address",
				ports[i].host_port, net_port_protocol(&ports[i]),
				family == AF_INET ? "IPv4" : "IPv6");
			return -EINVAL;
		}
	}
	return r;
}

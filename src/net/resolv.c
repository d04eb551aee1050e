// SPDX-License-Identifier: GPL-2.0-or-later
/* See resolv.h. */
#include "net/resolv.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/io.h"

#define HOST	 "/etc/resolv.conf"
#define RESOLVED "/run/systemd/resolve/resolv.conf"
#define SPACE	 " \t\r"

/* The value of a line "KEY VALUE", or NULL. */
static const char *value_of(const char *line, size_t len, const char *key, size_t *ret_len)
{
	size_t n = strlen(key);

	if (len <= n || strncmp(line, key, n) != 0 || !strchr(SPACE, line[n]))
		return NULL;
	line += n;
	len -= n;
	for (; len && strchr(SPACE, *line); line++)
		len--;
	while (len && strchr(SPACE, line[len - 1]))
		len--;
	*ret_len = len;
	return len ? line : NULL;
}

static bool is_loopback(const struct net_addr *a)
{
	static const struct net_addr local = { .family = AF_INET, .prefix = 8, .bytes = { 127 } };

	return a->family == AF_INET ? net_addr_within(a, &local)
				    : IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)a->bytes) != 0;
}

/* A server that a container can ask. One with a zone ("fe80::1%eth0") it cannot. */
static bool usable_server(const char *value, size_t len)
{
	char text[NET_ADDR_TEXT];
	struct net_addr a;

	if (len >= sizeof(text))
		return false;
	memcpy(text, value, len);
	text[len] = '\0';
	return net_addr_parse(text, 0, &a) == 0 && !is_loopback(&a);
}

static const char *next_line(const char *at, size_t *ret_len)
{
	if (!*at)
		return NULL;
	*ret_len = strcspn(at, "\n");
	return at;
}

bool resolv_usable(const char *text)
{
	size_t len, value_len;
	const char *value;

	for (const char *at = text; next_line(at, &len); at += len + (at[len] == '\n')) {
		value = value_of(at, len, "nameserver", &value_len);
		if (value && usable_server(value, value_len))
			return true;
	}
	return false;
}

static void copy_line(FILE *f, const struct net_setup *s, const char *line, size_t len)
{
	size_t n;
	const char *server = value_of(line, len, "nameserver", &n);
	bool search = value_of(line, len, "search", &n) || value_of(line, len, "domain", &n);

	if (server) {
		server = value_of(line, len, "nameserver", &n);
		if (s->dns.count || !usable_server(server, n))
			return;
	} else if ((search && s->dns_search.count) ||
		   (!search && !value_of(line, len, "options", &n))) {
		return;
	}
	(void)fprintf(f, "%.*s\n", (int)len, line);
}

int resolv_text(const struct net_setup *s, const char *host, char **ret)
{
	char *text = NULL, addr[NET_ADDR_TEXT];
	size_t size, len;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < s->dns_search.count; i++)
		(void)fprintf(f, "%s%s%s", i ? " " : "search ", s->dns_search.items[i],
			      i + 1 == s->dns_search.count ? "\n" : "");
	for (size_t i = 0; i < s->dns.count; i++)
		(void)fprintf(f, "nameserver %s\n", net_addr_text(&s->dns.items[i], false, addr));
	for (const char *at = host; next_line(at, &len); at += len + (at[len] == '\n'))
		copy_line(f, s, at, len);
	if (fclose(f) != 0) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

/* NULL when it cannot be read. */
static char *read_file(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	size_t size;

	return fd >= 0 && io_read_file(fd, RESOLV_MAX, &text, &size) == 0 ? text : NULL;
}

int resolv_read_host(char **ret)
{
	cleanup_free char *text = read_file(HOST), *other = NULL;

	if (!text || !resolv_usable(text))
		other = read_file(RESOLVED);
	if (other && resolv_usable(other))
		*ret = take_ptr(other);
	else
		*ret = text ? take_ptr(text) : calloc(1, 1);
	return *ret ? 0 : -ENOMEM;
}

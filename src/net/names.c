// SPDX-License-Identifier: GPL-2.0-or-later
/* See names.h. A line of the list: uuid, IPv4, IPv6, hostname, container, state root; the first has the boot id. */
#include "net/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/io.h"

#define LIST	  "names"
#define FILE_NAME "hosts"
#define FORMAT	  "ctr-names 1"

enum {
	LIST_MAX = 64 << 20,
	FIELDS = 6
};

struct names_list {
	char *text;	  /* the fields of items and boot point into it */
	const char *boot; /* that it is of */
	struct names_entry *items;
	size_t count;
};

static void list_free(struct names_list *l)
{
	free(l->text);
	free(l->items);
}

/* ---- text ---- */

/*
 * sethostname(2) takes any bytes, and config.json may have them: here only what ends neither a word nor a line, nor
 * begins a comment.
 */
static bool is_word(const char *text)
{
	size_t n = 0;

	while ((unsigned char)text[n] > ' ' && text[n] != 127 && text[n] != '#')
		n++;
	return n && !text[n];
}

static void print_one(FILE *f, const struct net_addr *a, const struct names_entry *e, bool self)
{
	char text[NET_ADDR_TEXT];
	bool host = self && e->hostname && is_word(e->hostname) && strcmp(e->hostname, e->id) != 0;

	if (net_addr_set(a))
		(void)fprintf(f, "%s\t%s%s%s\n", net_addr_text(a, false, text),
			      host ? e->hostname : "", host ? " " : "", e->id);
}

int names_hosts_text(const struct names_entry *self, const struct names_entry *others, size_t count,
		     char **ret)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	(void)fprintf(f, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
	print_one(f, &self->ip4, self, true);
	print_one(f, &self->ip6, self, true);
	for (size_t i = 0; i < count; i++) {
		if (memcmp(others[i].uuid, self->uuid, NET_UUID_SIZE) == 0)
			continue;
		print_one(f, &others[i].ip4, &others[i], false);
		print_one(f, &others[i].ip6, &others[i], false);
	}
	if (fclose(f) != 0) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

int names_rewrite(int fd, const char *text)
{
	size_t len = strlen(text), size;
	cleanup_free char *padded = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* empty lines over what is left of the old text, then cut them off */
	size = (size_t)st.st_size > len ? (size_t)st.st_size : len;
	padded = malloc(size + 1);
	if (!padded)
		return -ENOMEM;
	memcpy(padded, text, len);
	memset(padded + len, '\n', size - len);
	for (size_t at = 0; at < size;) {
		ssize_t n = pwrite(fd, padded + at, size - at, (off_t)at);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n < 0 ? 0 : (size_t)n;
	}
	return size > len && ftruncate(fd, (off_t)len) < 0 ? -errno : 0;
}

/* ---- the list ---- */

static int parse_address(const char *text, struct net_addr *ret)
{
	if (strcmp(text, "-") != 0)
		return net_addr_parse(text, 0, ret);
	*ret = (struct net_addr){ 0 };
	return 0;
}

static int parse_line(char *line, struct names_entry *e)
{
	char *fields[FIELDS];

	for (size_t i = 0; i < FIELDS; i++) {
		/* the last may contain spaces: it is a path */
		fields[i] = i + 1 < FIELDS ? strsep(&line, " ") : line;
		if (!fields[i] || !*fields[i])
			return -EBADMSG;
	}
	e->hostname = strcmp(fields[3], "-") == 0 ? "" : fields[3];
	e->id = fields[4];
	e->root = fields[5];
	if (net_alias_parse(fields[0], e->uuid) < 0 || parse_address(fields[1], &e->ip4) < 0 ||
	    parse_address(fields[2], &e->ip6) < 0)
		return -EBADMSG;
	return 0;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* A list that is missing or torn is empty; one of another boot than @boot (NULL: any) too. */
static int list_read(int dir, const char *boot, struct names_list *ret)
{
	cleanup_fd int fd = openat(dir, LIST, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	cleanup_(list_free) struct names_list l = { 0 };
	char *rest, *line;
	size_t size;
	int r = fd < 0 ? -errno : io_read_file(fd, LIST_MAX, &l.text, &size);

	if (r == -ENOENT)
		r = (l.text = calloc(1, 1)) ? 0 : -ENOMEM;
	if (r < 0)
		return r;
	/* and room for one more */
	l.items = calloc(count_lines(l.text) + 1, sizeof(*l.items));
	if (!l.items)
		return -ENOMEM;
	rest = l.text;
	line = strsep(&rest, "\n");
	if (line && strncmp(line, FORMAT " ", sizeof(FORMAT)) == 0)
		l.boot = line + sizeof(FORMAT);
	if (l.boot && (!boot || strcmp(l.boot, boot) == 0))
		while ((line = strsep(&rest, "\n")) && *line)
			if (parse_line(line, &l.items[l.count]) == 0)
				l.count++;
	*ret = l;
	l = (struct names_list){ 0 };
	return 0;
}

static const char *or_dash(const char *text)
{
	return text && is_word(text) ? text : "-";
}

static int list_write(int dir, const struct names_list *l)
{
	cleanup_free char *text = NULL;
	char alias[NET_ALIAS_SIZE], ip4[NET_ADDR_TEXT], ip6[NET_ADDR_TEXT];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	(void)fprintf(f, FORMAT " %s\n", l->boot);
	for (size_t i = 0; i < l->count; i++) {
		const struct names_entry *e = &l->items[i];

		(void)fprintf(f, "%s %s %s %s %s %s\n", net_alias(e->uuid, alias),
			      net_addr_set(&e->ip4) ? net_addr_text(&e->ip4, false, ip4) : "-",
			      net_addr_set(&e->ip6) ? net_addr_text(&e->ip6, false, ip6) : "-",
			      or_dash(e->hostname), e->id, e->root);
	}
	if (fclose(f) != 0)
		return -ENOMEM;
	return io_replace_file(dir, LIST, 0600, text, size);
}

/* ---- files ---- */

/* Its file, or -ENOENT when the container is gone. */
static int open_hosts(const struct names_entry *e)
{
	cleanup_fd int root = open(e->root, O_PATH | O_DIRECTORY | O_CLOEXEC), dir = -EBADF;
	int fd;

	if (root < 0)
		return -errno;
	dir = openat(root, e->id, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return -errno;
	fd = openat(dir, FILE_NAME, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int write_one(const struct names_list *l, const struct names_entry *self)
{
	cleanup_fd int fd = open_hosts(self);
	cleanup_free char *text = NULL;
	int r;

	if (fd < 0)
		return fd;
	r = names_hosts_text(self, l->items, l->count, &text);
	return r < 0 ? r : names_rewrite(fd, text);
}

/* First who is still there, then the list, then what follows from it. */
static int update(int dir, struct names_list *l, struct err *e)
{
	size_t kept = 0;
	int r;

	for (size_t i = 0; i < l->count; i++) {
		cleanup_fd int fd = open_hosts(&l->items[i]);

		if (fd != -ENOENT)
			l->items[kept++] = l->items[i];
	}
	l->count = kept;
	r = list_write(dir, l);
	for (size_t i = 0; r == 0 && i < l->count; i++) {
		r = write_one(l, &l->items[i]);
		if (r == -ENOENT) /* it is being deleted at this moment */
			r = 0;
	}
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write the hosts files of the network") : 0;
}

static void drop(struct names_list *l, const uint8_t uuid[NET_UUID_SIZE])
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++)
		if (memcmp(l->items[i].uuid, uuid, NET_UUID_SIZE) != 0)
			l->items[kept++] = l->items[i];
	l->count = kept;
}

int names_add(int dir, const char *boot, const struct names_entry *self, struct err *e)
{
	cleanup_(list_free) struct names_list l = { 0 };
	int r = list_read(dir, boot, &l);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read the names of the network");
	drop(&l, self->uuid);
	l.items[l.count++] = *self; /* list_read left room */
	l.boot = boot;
	return update(dir, &l, e);
}

int names_remove(int dir, const uint8_t uuid[NET_UUID_SIZE], struct err *e)
{
	cleanup_(list_free) struct names_list l = { 0 };
	int r = list_read(dir, NULL, &l);
	size_t before;

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read the names of the network");
	before = l.count;
	drop(&l, uuid);
	return l.count == before ? 0 : update(dir, &l, e);
}

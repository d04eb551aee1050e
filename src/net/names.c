// SPDX-License-Identifier: GPL-2.0-or-later
/* See names.h. A line of a container: address, tab, id; and with a hostname tab, "# ", hostname. */
#include "net/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/kernel.h"
#include "util/cleanup.h"
#include "util/io.h"

#define MARK  "# ctr hosts 1 "
#define SELF  "127.0.1.1" /* as Debian does for a host without a permanent address */
#define LOCAL "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
#define SPACE " \t\n"

enum {
	FILE_MAX = 64 << 20,
	MODE = 0644,
	SLOT_MIN = 64,
	SLOT_MAX = 256,
	HEAD = 3 * SLOT_MIN,
	GROWTH = 8 * SLOT_MAX, /* more than one change adds */
};

static const uid_t nobody = (uid_t)-2;

/* The file, and what is in it, kept the same. */
struct names_file {
	int fd;
	char *text; /* ends in NUL */
	size_t size;
};

static void file_close(struct names_file *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	free(f->text);
}

/* ---- a file of one container ---- */

/* It would be wrong for everybody. */
static bool is_local(const char *name)
{
	return strcasecmp(name, "localhost") == 0 || strcasecmp(name, "ip6-localhost") == 0 ||
	       strcasecmp(name, "ip6-loopback") == 0;
}

/* All read it: nothing that could be more than a name. */
static bool is_hostname(const char *name)
{
	return name && *name &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-._")] &&
	       !is_local(name);
}

int names_hosts_text(const struct names_entry *self, char **ret)
{
	const struct net_addr *const addresses[] = { &self->ip4, &self->ip6 };
	const char *host = self->hostname ? self->hostname : "";
	bool both = is_hostname(host) && strcmp(host, self->id) != 0;
	char *text = NULL, address[NET_ADDR_TEXT];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	(void)fprintf(f, LOCAL);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		if (net_addr_set(addresses[i]))
			(void)fprintf(f, "%s\t%s%s%s\n",
				      net_addr_text(addresses[i], false, address), both ? host : "",
				      both ? " " : "", self->id);
	if (fclose(f) != 0) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

static int write_at(int fd, const char *text, size_t len, size_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, text, len, (off_t)at);

		if (n < 0 && errno != EINTR)
			return -errno;
		n = n < 0 ? 0 : n;
		text += n;
		at += (size_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int names_rewrite(int fd, const char *text)
{
	size_t len = strlen(text), size;
	cleanup_free char *padded = NULL;
	struct stat st;
	int r;

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
	r = write_at(fd, padded, size, 0);
	return r == 0 && size > len && ftruncate(fd, (off_t)len) < 0 ? -errno : r;
}

/* ---- opening ---- */

static void put_slot(char *at, size_t size, const char *line)
{
	memset(at, ' ', size - 1);
	memcpy(at, line, strlen(line));
	at[size - 1] = '\n';
}

static void make_head(const char *boot, char head[HEAD + 1])
{
	char line[SLOT_MIN];

	(void)snprintf(line, sizeof(line), MARK "%s", boot);
	put_slot(head, SLOT_MIN, line);
	put_slot(head + SLOT_MIN, SLOT_MIN, "127.0.0.1\tlocalhost");
	put_slot(head + (size_t)2 * SLOT_MIN, SLOT_MIN,
		 "::1\tlocalhost ip6-localhost ip6-loopback");
	head[HEAD] = '\0';
}

/* The size of the slot at @at; 0 when this is none. */
static size_t slot_size(const struct names_file *f, size_t at)
{
	const char *end = memchr(f->text + at, '\n', f->size - at);
	size_t size = end ? (size_t)(end + 1 - (f->text + at)) : 0;

	return (size == SLOT_MIN || size == (size_t)2 * SLOT_MIN || size == SLOT_MAX) &&
			       at % size == 0
		       ? size
		       : 0;
}

/* Of this boot (NULL: any), and slots throughout; what a killed writer left behind the last is cut off. */
static int check(struct names_file *f, const char *boot)
{
	char head[HEAD + 1];
	size_t at = 0, size;

	make_head(boot ? boot : "", head);
	if (f->size < HEAD || memcmp(f->text, head, boot ? SLOT_MIN : strlen(MARK)) != 0)
		return -EBADMSG;
	while (at < f->size && (size = slot_size(f, at)))
		at += size;
	if (at < HEAD || memchr(f->text + at, '\n', f->size - at))
		return -EBADMSG;
	if (at < f->size && ftruncate(f->fd, (off_t)at) < 0)
		return -errno;
	f->size = at;
	f->text[at] = '\0';
	return 0;
}

static int file_open(int dir, const char *boot, struct names_file *ret)
{
	cleanup_(file_close) struct names_file f = { .fd = -EBADF };
	struct stat st;
	char *more;
	int r;

	f.fd = openat(dir, NAMES_FILE, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	r = f.fd < 0 || fstat(f.fd, &st) < 0 ? -errno
					     : io_read_file(f.fd, FILE_MAX, &f.text, &f.size);
	if (r < 0)
		return r;
	more = realloc(f.text, f.size + GROWTH);
	if (!more)
		return -ENOMEM;
	f.text = more;
	if (st.st_uid != nobody && fchown(f.fd, nobody, (gid_t)-1) < 0 && errno != EPERM &&
	    errno != EINVAL) /* not ours to give away: then it stays */
		return -errno;
	r = check(&f, boot);
	if (r < 0)
		return r;
	*ret = f;
	f = (struct names_file){ .fd = -EBADF };
	return 0;
}

/* The file of this boot. Nobody has another one bound. */
static int file_make(int dir, const char *boot, struct names_file *ret)
{
	char head[HEAD + 1];
	int r = file_open(dir, boot, ret);

	if (r != -ENOENT && r != -EBADMSG)
		return r;
	make_head(boot, head);
	r = io_replace_file(dir, NAMES_FILE, MODE, head, HEAD);
	return r < 0 ? r : file_open(dir, boot, ret);
}

/* ---- slots ---- */

static bool is_live(const struct names_file *f, size_t at)
{
	return f->text[at] != '#';
}

/* Is @word at @text, whole, as @compare (strncmp, strncasecmp) compares? */
static bool is_word(const char *text, const char *word,
		    int (*compare)(const char *, const char *, size_t))
{
	size_t len = strlen(word);

	return compare(text, word, len) == 0 && strchr(SPACE, text[len]);
}

static const char *name_of(const char *line)
{
	size_t len = strcspn(line, SPACE);

	return line[len] == '\t' ? line + len + 1 : line + len;
}

static const char *comment_of(const char *line)
{
	size_t len = strcspn(line, "#\n");

	return line[len] == '#' && line[len + 1] == ' ' ? line + len + 2 : line + len;
}

/* The first that is live, from @at on: true, and where and how large it is. */
static bool next_live(const struct names_file *f, size_t *at, size_t *size)
{
	for (*at += *size; *at < f->size; *at += *size) {
		*size = slot_size(f, *at); /* check() has seen them all */
		if (is_live(f, *at))
			return true;
	}
	return false;
}

#define FOR_EACH_LIVE(f, at) for (size_t at = HEAD, size_ = 0; next_live(f, &(at), &size_);)

static int set_first(struct names_file *f, size_t at, char c)
{
	f->text[at] = c;
	return write_at(f->fd, &c, 1, at);
}

static size_t find_free(const struct names_file *f, size_t wanted)
{
	size_t at = HEAD, size;

	for (; at < f->size; at += size) {
		size = slot_size(f, at);
		if (!is_live(f, at) && size >= wanted)
			break;
	}
	return at;
}

/* A free slot at the end, with @line behind its '#'; and smaller ones before it, up to where it may begin. */
static int append(struct names_file *f, size_t size, const char *line, size_t *ret)
{
	size_t old = f->size, at = (old + size - 1) / size * size;
	int r;

	for (; f->size < at; f->size += SLOT_MIN)
		put_slot(f->text + f->size, SLOT_MIN, "#");
	put_slot(f->text + at, size, line);
	f->text[at] = '#';
	f->size = at + size;
	f->text[f->size] = '\0';
	r = write_at(f->fd, f->text + old, f->size - old, old);
	*ret = at;
	return r;
}

static int reuse(struct names_file *f, size_t at, const char *line)
{
	size_t size = slot_size(f, at);

	put_slot(f->text + at, size, line);
	f->text[at] = '#';
	return write_at(f->fd, f->text + at + 1, size - 2, at + 1);
}

static int add_line(struct names_file *f, const char *line)
{
	size_t size = SLOT_MIN, at;
	int r;

	while (size < strlen(line) + 1)
		size *= 2;
	if (size > SLOT_MAX)
		return -ENAMETOOLONG;
	at = find_free(f, size);
	r = at < f->size ? reuse(f, at, line) : append(f, size, line, &at);
	return r < 0 ? r : set_first(f, at, line[0]);
}

/* ---- names ---- */

/* Is it an id, or a hostname that has its line? */
static bool has_id(const struct names_file *f, const char *name)
{
	FOR_EACH_LIVE(f, at)
	if (is_word(name_of(f->text + at), name, strncasecmp))
		return true;
	return false;
}

static bool has_comment(const struct names_file *f, const char *hostname)
{
	FOR_EACH_LIVE(f, at)
	if (is_word(comment_of(f->text + at), hostname, strncasecmp))
		return true;
	return false;
}

static int drop_hostname(struct names_file *f, const char *name)
{
	int r = 0;

	FOR_EACH_LIVE(f, at)
	if (r == 0 && is_word(f->text + at, SELF, strncmp) &&
	    is_word(name_of(f->text + at), name, strncasecmp))
		r = set_first(f, at, '#');
	return r;
}

/* And its hostname, if nobody else has it. */
static int drop_line(struct names_file *f, size_t at)
{
	const char *comment = comment_of(f->text + at);
	char hostname[SLOT_MAX];
	int r;

	(void)snprintf(hostname, sizeof(hostname), "%.*s", (int)strcspn(comment, SPACE), comment);
	r = set_first(f, at, '#');
	return r == 0 && hostname[0] && !has_comment(f, hostname) ? drop_hostname(f, hostname) : r;
}

static int drop_address(struct names_file *f, const struct net_addr *a)
{
	char text[NET_ADDR_TEXT];
	int r = 0;

	if (!net_addr_set(a))
		return 0;
	(void)net_addr_text(a, false, text);
	FOR_EACH_LIVE(f, at)
	if (r == 0 && is_word(f->text + at, text, strncmp))
		r = drop_line(f, at);
	return r;
}

/* Free slots at the end are not needed. */
static int trim(struct names_file *f)
{
	size_t end = HEAD;

	FOR_EACH_LIVE(f, at)
	end = at + slot_size(f, at);
	if (end == f->size)
		return 0;
	f->size = end;
	return ftruncate(f->fd, (off_t)end) < 0 ? -errno : 0;
}

static int add_address(struct names_file *f, const struct net_addr *a, const char *id,
		       const char *hostname)
{
	char text[NET_ADDR_TEXT], line[SLOT_MAX];
	int n;

	if (!net_addr_set(a))
		return 0;
	n = snprintf(line, sizeof(line), "%s\t%s%s%s", net_addr_text(a, false, text), id,
		     hostname ? "\t# " : "", hostname ? hostname : "");
	return n < (int)sizeof(line) ? add_line(f, line) : -ENAMETOOLONG;
}

static int add_entry(struct names_file *f, const struct names_entry *self)
{
	const char *host = self->hostname;
	char line[SLOT_MAX];
	int r;

	if (!is_hostname(host) || strcasecmp(host, self->id) == 0)
		host = NULL;
	r = drop_address(f, &self->ip4);
	if (r == 0)
		r = drop_address(f, &self->ip6);
	if (r < 0 || is_local(self->id))
		return r;
	r = drop_hostname(f, self->id);
	if (r == 0)
		r = add_address(f, &self->ip4, self->id, host);
	if (r == 0)
		r = add_address(f, &self->ip6, self->id, host);
	if (r < 0 || !host || has_id(f, host))
		return r;
	(void)snprintf(line, sizeof(line), SELF "\t%s", host); /* __NEW_UTS_LEN is far less */
	return add_line(f, line);
}

static int failed(int r, struct err *e)
{
	return err_set(e, ERR_SYSTEM, -r, "write the hosts file of the network");
}

int names_add(int dir, const char *boot, const struct names_entry *self, struct err *e)
{
	cleanup_(file_close) struct names_file f = { .fd = -EBADF };
	int r = file_make(dir, boot, &f);

	if (r == 0)
		r = add_entry(&f, self);
	return r < 0 ? failed(r, e) : 0;
}

int names_remove(int dir, const struct net_addr *a, struct err *e)
{
	cleanup_(file_close) struct names_file f = { .fd = -EBADF };
	int r = net_addr_set(a) ? file_open(dir, NULL, &f) : -ENOENT;

	if (r == -ENOENT || r == -EBADMSG)
		return 0;
	if (r == 0)
		r = drop_address(&f, a);
	if (r == 0)
		r = trim(&f);
	return r < 0 ? failed(r, e) : 0;
}

int names_sweep(int dir, bool (*lives)(const char *address, void *data), void *data, struct err *e)
{
	cleanup_(file_close) struct names_file f = { .fd = -EBADF };
	int r = file_open(dir, NULL, &f);

	if (r == -ENOENT || r == -EBADMSG)
		return 0;
	if (r < 0)
		return failed(r, e);
	FOR_EACH_LIVE(&f, at)
	{
		char word[SLOT_MAX];
		const char *line = f.text + at, *name = name_of(line);
		bool self = is_word(line, SELF, strncmp);

		if (self)
			line = name;
		(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(line, SPACE), line);
		if (r == 0 && !(self ? has_comment(&f, word) : lives(word, data)))
			r = drop_line(&f, at);
	}
	if (r == 0)
		r = trim(&f);
	return r < 0 ? failed(r, e) : 0;
}

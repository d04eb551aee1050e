// SPDX-License-Identifier: GPL-2.0-or-later
/* See procfs.h. */
#include "checkpoint/procfs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OCTAL_DIGITS = 3,
	OCTAL = 8,
	DECIMAL = 10,
};

/* What follows "KEY:" at the start of a line, blanks skipped; NULL. */
static const char *field(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, " \t");
	}
	return NULL;
}

static uint64_t number(const char *text, const char *key, int base)
{
	const char *value = field(text, key);

	return value ? strtoull(value, NULL, base) : 0;
}

/* The last of the numbers in a line such as "NSsid:\t120\t1"; *ret_count: how many there are. */
static pid_t last_number(const char *text, const char *key, unsigned *ret_count)
{
	const char *p = field(text, key);
	pid_t last = 0;
	unsigned n = 0;

	while (p && *p >= '0' && *p <= '9') {
		char *end;

		last = (pid_t)strtol(p, &end, DECIMAL);
		p = end + strspn(end, " \t");
		n++;
	}
	*ret_count = n;
	return last;
}

static bool line_has_word(const char *line, const char *word)
{
	size_t len = line ? strcspn(line, "\n") : 0;
	const char *at = line ? memmem(line, len, word, strlen(word)) : NULL;

	return at != NULL;
}

void proc_parse_status(const char *text, struct proc_status *ret)
{
	const char *state = field(text, "State");
	unsigned count;

	*ret = (struct proc_status){
		.state = '?',
		.tracer = (pid_t)number(text, "TracerPid", DECIMAL),
		.parent = (pid_t)number(text, "PPid", DECIMAL),
		.seccomp = (int)number(text, "Seccomp", DECIMAL),
		.threads = (unsigned)number(text, "Threads", DECIMAL),
		.shadow_stack = line_has_word(field(text, "x86_Thread_features"), "shstk"),
	};
	if (state && *state)
		ret->state = *state;
	(void)last_number(text, "NSpid", &ret->pid_levels);
	ret->session = last_number(text, "NSsid", &count);
	ret->group = last_number(text, "NSpgid", &count);
}

/* "lock:\t1: POSIX  ADVISORY  WRITE 120 08:01:77 0 EOF" */
static void parse_lock(const char *line, struct proc_fdinfo *ret)
{
	char kind[16] = "", mode[16] = "", type[16] = "";

	ret->locked = true;
	if (sscanf(line, "%*[^:]: %15s %15s %15s", kind, mode, type) == 3)
		(void)snprintf(ret->lock, sizeof(ret->lock), "%s %s %s", kind, mode, type);
}

/* "it_value: (0, 49406829)": is it any time at all? */
static bool is_time(const char *text, const char *key)
{
	const char *value = field(text, key);
	uint64_t sec = 0, nsec = 0;

	return value && sscanf(value, "(%" SCNu64 ", %" SCNu64 ")", &sec, &nsec) == 2 &&
	       (sec > 0 || nsec > 0);
}

void proc_parse_fdinfo(const char *text, struct proc_fdinfo *ret)
{
	const char *mount = field(text, "mnt_id"), *lock = field(text, "lock");

	*ret = (struct proc_fdinfo){
		.flags = number(text, "flags", OCTAL),
		.mount = -1,
		.ticks = number(text, "ticks", DECIMAL),
		.armed = is_time(text, "it_value"),
		.repeats = is_time(text, "it_interval"),
		.semaphore = number(text, "eventfd-semaphore", DECIMAL) != 0,
	};
	if (mount)
		ret->mount = (int)strtol(mount, NULL, DECIMAL);
	if (lock)
		parse_lock(lock, ret);
}

static void copy_name(const char *from, size_t len, struct proc_link *ret)
{
	(void)snprintf(ret->name, sizeof(ret->name), "%.*s", (int)len, from);
}

/* "socket:[123]", "mnt:[4026531840]" */
static bool parse_numbered(const char *link, struct proc_link *ret)
{
	const char *colon = strchr(link, ':');
	char *end;

	if (!colon || colon[1] != '[' || colon[2] < '0' || colon[2] > '9')
		return false;
	ret->inode = strtoull(colon + 2, &end, DECIMAL);
	if (strcmp(end, "]") != 0)
		return false;
	copy_name(link, (size_t)(colon - link), ret);
	if (strcmp(ret->name, "socket") == 0)
		ret->kind = PROC_LINK_SOCKET;
	else if (strcmp(ret->name, "pipe") == 0)
		ret->kind = PROC_LINK_PIPE;
	else if (strcmp(ret->name, "pidfd") == 0) /* Linux 6.9 and later */
		ret->kind = PROC_LINK_ANON;
	else
		ret->kind = PROC_LINK_NS;
	return true;
}

/* "anon_inode:[eventfd]", "anon_inode:inotify" */
static bool parse_anon(const char *link, struct proc_link *ret)
{
	static const char prefix[] = "anon_inode:";
	const char *name = link + sizeof(prefix) - 1;

	if (strncmp(link, prefix, sizeof(prefix) - 1) != 0)
		return false;
	name += *name == '[';
	ret->kind = PROC_LINK_ANON;
	copy_name(name, strcspn(name, "]"), ret);
	return true;
}

void proc_parse_link(const char *link, struct proc_link *ret)
{
	static const char deleted[] = " (deleted)", memfd[] = "/memfd:";
	size_t len = strlen(link), suffix = sizeof(deleted) - 1;

	*ret = (struct proc_link){ .kind = PROC_LINK_OTHER, .length = len };
	if (*link != '/') {
		if (!parse_anon(link, ret))
			(void)parse_numbered(link, ret);
		return;
	}
	ret->deleted = len > suffix && strcmp(link + len - suffix, deleted) == 0;
	if (ret->deleted)
		ret->length -= suffix;
	ret->kind = ret->deleted && strncmp(link, memfd, sizeof(memfd) - 1) == 0 ? PROC_LINK_MEMFD
										 : PROC_LINK_PATH;
}

static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*text = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

bool proc_next_map(char **text, struct proc_map *ret)
{
	char *line;

	while ((line = next_line(text))) {
		struct proc_map m = { 0 };
		int at = 0;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %x:%x %" SCNu64 "%n", &m.start,
			   &m.end, m.permissions, &m.major, &m.minor, &m.inode, &at) != 6)
			continue;
		m.path = line + at + strspn(line + at, " ");
		*ret = m;
		return true;
	}
	return false;
}

/* "\040" and its like, in place. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && strspn(s + 1, "01234567") >= OCTAL_DIGITS) {
			char digits[] = { s[1], s[2], s[3], '\0' };

			*to++ = (char)strtol(digits, NULL, OCTAL);
			s += 1 + OCTAL_DIGITS;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static char *word(char **line)
{
	char *w = *line ? strsep(line, " ") : NULL;

	if (w)
		unescape(w);
	return w;
}

/* "36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw" */
static bool parse_mount(char *line, struct proc_mount *ret)
{
	char *w;
	int at = 0;

	if (sscanf(line, "%d %d %u:%u %n", &ret->id, &ret->parent, &ret->major, &ret->minor, &at) !=
		    4 ||
	    at == 0)
		return false;
	line += at;
	ret->root = word(&line);
	ret->point = word(&line);
	while ((w = word(&line)) && strcmp(w, "-") != 0)
		;
	ret->type = word(&line);
	ret->source = word(&line);
	return ret->root && ret->point && ret->type && ret->source;
}

bool proc_next_mount(char **text, struct proc_mount *ret)
{
	char *line;

	while ((line = next_line(text)))
		if (parse_mount(line, ret))
			return true;
	return false;
}

bool proc_next_netlink(char **text, struct proc_netlink *ret)
{
	char *line;

	while ((line = next_line(text))) {
		struct proc_netlink n = { 0 };

		if (sscanf(line, "%*s %u %*s %*s %" SCNu64 " %*s %*s %*s %*s %" SCNu64, &n.protocol,
			   &n.unread, &n.inode) == 3) {
			*ret = n;
			return true;
		}
	}
	return false;
}

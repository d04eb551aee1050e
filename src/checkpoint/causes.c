// SPDX-License-Identifier: GPL-2.0-or-later
/* See causes.h. */
#include "checkpoint/causes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/io.h"
#include "util/strbuf.h"

enum {
	LOG_MAX = 256 << 20, /* with every page server and mount: far above what criu writes */
	LINE = 1024,
	STARS = 3,
	QUOTED = 160,
};

struct span {
	const char *at;
	size_t len;
};

/* A message of the log, and what was being done when it came. */
struct context {
	char line[LINE]; /* without time and place */
	long pid, fd;	 /* negative: unknown */
	struct span stars[STARS];
};

/* ---- patterns ---- */

/*
 * Does @message fit from @at on? Each star takes as little as it can; the last one, at the end, takes all. There
 * is no going back: that would cost more than any pattern of the table needs.
 */
static bool fits_at(const char *message, const char *at, struct span stars[STARS])
{
	size_t star = 0;

	while (*message) {
		size_t len = strcspn(message, "*");
		const char *found;

		if (len > 0 && strncmp(at, message, len) != 0)
			return false;
		at += len;
		message += len;
		if (*message != '*')
			continue;
		message++;
		len = strcspn(message, "*");
		found = len > 0 ? memmem(at, strlen(at), message, len) : at + strlen(at);
		if (!found)
			return false;
		if (star < STARS)
			stars[star++] = (struct span){ at, (size_t)(found - at) };
		at = found;
	}
	return true;
}

static bool fits(const char *message, const char *line, struct span stars[STARS])
{
	char first[64];
	const char *at = line;
	size_t len = strcspn(message, "*");

	(void)snprintf(first, sizeof(first), "%.*s", (int)len, message);
	for (; (at = strstr(at, first)); at++) {
		memset(stars, 0, STARS * sizeof(*stars));
		if (fits_at(message, at, stars))
			return true;
	}
	return false;
}

static const struct cause_pattern *find_pattern(struct context *c)
{
	for (const struct cause_pattern *p = cause_patterns; p->message; p++)
		if (fits(p->message, c->line, c->stars))
			return p;
	return NULL;
}

/* ---- lines ---- */

/* "(00.117377)    12: Error (criu/files-reg.c:1710): TEXT": the text; NULL when it is no error. */
static const char *error_text(const char *line)
{
	static const char word[] = "Error (";
	const char *at = strstr(line, word), *end;

	if (!at)
		return NULL;
	end = strstr(at, "): ");
	return end ? end + strlen("): ") : at + strlen(word);
}

/* Each task is announced before it is dumped, and each descriptor. */
static void note_place(const char *line, struct context *c)
{
	const char *task = strstr(line, "Dumping task (pid: ");
	const char *fd = strstr(line, " fdinfo ");

	if (task) {
		c->pid = strtol(task + strlen("Dumping task (pid: "), NULL, 10);
		c->fd = -1;
	} else if (fd && strstr(fd, ": pos:")) {
		c->fd = strtol(fd + strlen(" fdinfo "), NULL, 10);
	} else if (strstr(line, "Dumping opened files") || strstr(line, "-----")) {
		c->fd = -1;
	}
}

/* Copied up to what belongs to the line: at most LINE - 1 bytes, no NUL in it. */
static const char *take_line(const char *at, const char *end, char line[LINE])
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));
	size_t len = (size_t)((newline ? newline : end) - at), kept = len;

	if (kept >= LINE)
		kept = LINE - 1;
	memcpy(line, at, kept);
	line[kept] = '\0';
	return newline ? newline + 1 : end;
}

/* ---- sentences ---- */

static void add_stars(struct strbuf *s, const char *text, const struct context *c)
{
	for (; *text; text++) {
		int n = text[0] == '$' ? text[1] - '0' : -1;

		if (n < 0 || n > STARS) {
			strbuf_addf(s, "%c", *text);
			continue;
		}
		if (n == 0)
			strbuf_addf(s, "%.*s", QUOTED, c->line);
		else if (c->stars[n - 1].at)
			strbuf_addf(s, "%.*s", (int)c->stars[n - 1].len, c->stars[n - 1].at);
		text++;
	}
}

/* "it has ..." becomes "process 77 has ... (descriptor 3)". */
static void tell(const struct cause_pattern *p, const struct context *c, struct cause *ret)
{
	struct strbuf s = STRBUF_OVER(ret->text, sizeof(ret->text));
	bool it = strncmp(p->text, "it ", 3) == 0;

	if (it && c->pid > 0)
		strbuf_addf(&s, "process %ld ", c->pid);
	else if (it)
		strbuf_adds(&s, "a process ");
	add_stars(&s, p->text + (it ? 3 : 0), c);
	if (c->pid > 0 && c->fd >= 0 && it)
		strbuf_addf(&s, " (descriptor %ld)", c->fd);
	else if (c->pid > 0 && c->fd >= 0)
		strbuf_addf(&s, " (process %ld, descriptor %ld)", c->pid, c->fd);
	err_printable(ret->text);
	ret->hint = p->hint;
	ret->known = true;
}

static void quote(const char *line, struct cause *ret)
{
	(void)snprintf(ret->text, sizeof(ret->text), "criu says \"%.*s\"", QUOTED, line);
	err_printable(ret->text);
	ret->hint = NULL;
	ret->known = false;
}

bool causes_find(const char *log, size_t size, struct cause *ret)
{
	const char *at = log, *end = log + size;
	struct context c = { .pid = -1, .fd = -1 };
	char line[LINE], unknown[LINE] = "", last[LINE] = "";

	while (at < end) {
		const struct cause_pattern *p;
		const char *text;

		at = take_line(at, end, line);
		text = error_text(line);
		if (!text) {
			note_place(line, &c);
			continue;
		}
		(void)snprintf(c.line, sizeof(c.line), "%s", text);
		(void)snprintf(last, sizeof(last), "%s", text);
		p = find_pattern(&c);
		if (p && p->text) {
			tell(p, &c, ret);
			return true;
		}
		if (!p && !*unknown)
			(void)snprintf(unknown, sizeof(unknown), "%s", text);
	}
	if (*unknown || *last)
		quote(*unknown ? unknown : last, ret);
	return *unknown || *last;
}

/* Where the log is, for who wants to know more than a sentence. */
static void point_to_log(int work, const char *name, struct err *e)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", work);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return;
	path[n] = '\0';
	err_origin(e, "%s/%s", path, name);
}

void causes_explain(int work, const char *name, struct err *e)
{
	cleanup_fd int fd = openat(work, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
	cleanup_free char *log = NULL;
	struct cause cause;
	size_t size;

	if (fd >= 0 && io_read_file(fd, LOG_MAX, &log, &size) == 0 &&
	    causes_find(log, size, &cause)) {
		(void)err_record(e, ERR_SYSTEM, 0, "%s", cause.text);
		if (cause.hint)
			err_hint(e, "%s", cause.hint);
	}
	point_to_log(work, name, e);
}
